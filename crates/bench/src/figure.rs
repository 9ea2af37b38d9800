//! What a measurement comes to: one row of the table, with the machine, the load and the day.

use std::time::Duration;

use server::clock::Clock;

/// Latencies and a rate of one phase.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rate {
    /// Things done.
    pub(crate) count: u64,
    /// Things done a second.
    pub(crate) per_second: f64,
    /// Half of them took at most this, in milliseconds.
    pub(crate) p50_ms: f64,
    /// All but a hundredth took at most this, in milliseconds.
    pub(crate) p99_ms: f64,
    /// Processor time of the server for each, in microseconds; 0 where nobody looked.
    pub(crate) cpu_us: f64,
}

impl Rate {
    /// Sums up what was done in a while; `took` are microseconds.
    pub(crate) fn of(done: u64, elapsed: Duration, took: &mut [u32]) -> Self {
        took.sort_unstable();
        let at = |share: f64| {
            let index = (took.len() as f64 * share) as usize;
            took.get(index.min(took.len().saturating_sub(1))).map_or(0.0, |us| f64::from(*us) / 1_000.0)
        };
        Self {
            count: done,
            per_second: done as f64 / elapsed.as_secs_f64(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            cpu_us: 0.0,
        }
    }

    /// Notes how long the server was busy with all of them.
    pub(crate) fn with_busy(mut self, busy_s: f64) -> Self {
        self.cpu_us = busy_s * 1e6 / self.count.max(1) as f64;
        self
    }

    /// The middle one of several rounds, by its rate.
    pub(crate) fn median(mut rounds: Vec<Self>) -> Self {
        rounds.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
        let middle = rounds.len() / 2;
        if rounds.is_empty() { Self::default() } else { rounds.swap_remove(middle) }
    }
}

/// One row of the table.
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// What came out, with its unit.
    pub(crate) figure: String,
    /// What was hoped for.
    pub(crate) goal: String,
    /// What the machine does without us, in the same run.
    pub(crate) raw: String,
    /// The figure by the raw limit; none where there is no such thing.
    pub(crate) ratio: Option<f64>,
    /// Latencies, or a dash.
    pub(crate) latency: String,
    /// What else was seen.
    pub(crate) note: String,
}

impl Figure {
    /// A figure of a rate beside the rate of its raw limit.
    pub(crate) fn of_rates(name: &str, unit: &str, goal: &str, ours: &Rate, raw: (&str, &Rate)) -> Self {
        let (raw_name, raw) = raw;
        let cpu = match (ours.cpu_us > 0.0, raw.cpu_us > 0.0) {
            (true, true) => format!("server CPU {:.1} µs each, of the raw limit {:.1}", ours.cpu_us, raw.cpu_us),
            (true, false) => format!("server CPU {:.1} µs each", ours.cpu_us),
            _ => String::new(),
        };
        Self {
            name: name.into(),
            figure: format!("{} {unit}", grouped(ours.per_second)),
            goal: goal.into(),
            raw: format!("{} ({raw_name})", grouped(raw.per_second)),
            ratio: Some(ours.per_second / raw.per_second),
            latency: format!("{:.1} / {:.1} ms", ours.p50_ms, ours.p99_ms),
            note: cpu,
        }
    }

    /// Adds to what else was seen.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(note);
        self
    }

    /// The row.
    pub(crate) fn row(&self) -> String {
        let ratio = self.ratio.map_or_else(|| "–".into(), |ratio| format!("{ratio:.2}"));
        let (name, figure, goal, raw) = (&self.name, &self.figure, &self.goal, &self.raw);
        let (latency, note, machine) = (&self.latency, &self.note, machine());
        format!("| {name} | {figure} | {goal} | {raw} | {ratio} | {latency} | {note} | {machine} |")
    }
}

/// The head of the table.
pub(crate) const HEAD: &str = "| benchmark | figure | goal | raw limit in the same run | ratio | p50 / p99 | also seen | \
                        machine, load, date |\n|---|---|---|---|---|---|---|---|";

/// Groups the digits of a rounded number.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let kilobytes = memory.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("?");
    format!("{cores} cores, {:.0} GB, load {load}, {}", kilobytes / 1_048_576.0, date(Clock::default().now().0))
}

/// The day of a moment, by the calendar in use (H. Hinnant's "days to civil").
fn date(ms: i64) -> String {
    let days = ms.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_read_as_people_write_them() {
        assert_eq!(grouped(1_234_567.4), "1,234,567");
        assert_eq!(grouped(999.0), "999");
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400_000), "2000-02-29");
        assert_eq!(date(1_795_132_800_000), "2026-11-20");
    }

    #[test]
    fn a_rate_knows_its_middle_and_its_tail() {
        let mut took: Vec<u32> = (1..=1_000).map(|n| n * 1_000).collect();
        let rate = Rate::of(1_000, Duration::from_secs(2), &mut took);
        assert_eq!((rate.per_second, rate.p50_ms, rate.p99_ms), (500.0, 501.0, 991.0));
        let rounds = [3.0, 1.0, 2.0].map(|per_second| Rate { per_second, ..Rate::default() });
        assert_eq!(Rate::median(rounds.to_vec()).per_second.to_string(), "2");
    }
}
