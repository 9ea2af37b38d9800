//! What a list of words costs: the check of a text of 1 KB against 100,000 entries, beside copying the text.

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Instant;

use chat::moderation::Filter;
use contract::AppId;
use store::words::Action;

use crate::dice::Dice;
use crate::figure::{Figure, grouped};
use crate::{Effort, Outcome};

/// Entries of the list.
const ENTRIES: usize = 100_000;
/// Bytes of a text.
const TEXT_BYTES: usize = 1_024;
/// Texts of each kind: more than fit into the fastest caches.
const TEXTS: usize = 512;
/// What was hoped for.
const GOAL_US: f64 = 20.0;

/// Which letters words and texts are made of.
#[derive(Clone, Copy)]
struct Script {
    name: &'static str,
    first: char,
    count: u64,
}

const SCRIPTS: [Script; 2] = [
    Script { name: "Latin", first: 'a', count: 26 },
    // The first 2,000 ideographs; three bytes each.
    Script { name: "Chinese", first: '\u{4e00}', count: 2_000 },
];

/// Measures.
pub(crate) fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    SCRIPTS.iter().map(|script| measure(effort, *script)).collect()
}

fn measure(effort: &Effort, script: Script) -> Outcome<Figure> {
    let mut dice = Dice::new(1);
    let mut set = HashSet::with_capacity(ENTRIES);
    while set.len() < ENTRIES {
        let length = if script.count > 100 { 2 + dice.below(4) } else { 5 + dice.below(8) };
        set.insert(word(&mut dice, script, length));
    }
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut dice, script)).collect();
    let began = Instant::now();
    let list = set.into_iter().map(|word| (word, Action::Review)).collect();
    let filter = Filter::new(AppId(1), 1, list, HashSet::new())?;
    let build_ms = began.elapsed().as_secs_f64() * 1_000.0;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        raw.push(phase(effort.seconds, &texts, |text| text.to_owned().len()));
        ours.push(phase(effort.seconds, &texts, |text| filter.check_text(text).map_or(0, |found| found.review.len())));
    }
    let (ours, raw) = (middle(ours), middle(raw));
    Ok(Figure {
        name: format!("text of 1 KB against {} words, {}", grouped(ENTRIES as f64), script.name),
        figure: format!("{ours:.2} µs"),
        goal: format!("< {GOAL_US:.0} µs"),
        raw: format!("{raw:.3} µs (copying the text)"),
        ratio: None,
        latency: "–".into(),
        note: format!("built in {build_ms:.0} ms, {} KB", grouped(filter.bytes() as f64 / 1_024.0)),
    })
}

fn word(dice: &mut Dice, script: Script, length: u64) -> String {
    (0..length).filter_map(|_| char::from_u32(script.first as u32 + dice.below(script.count) as u32)).collect()
}

/// Words with spaces between them, as people write Latin; without any in Chinese.
fn text(dice: &mut Dice, script: Script) -> String {
    let mut text = String::with_capacity(TEXT_BYTES + 40);
    while text.len() < TEXT_BYTES {
        let length = 1 + dice.below(9);
        text.push_str(&word(dice, script, length));
        if script.count < 100 {
            text.push(' ');
        }
    }
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    text
}

/// Microseconds for one text.
fn phase(seconds: u64, texts: &[String], check: impl Fn(&str) -> usize) -> f64 {
    let (began, mut done) = (Instant::now(), 0_u64);
    while began.elapsed().as_secs() < seconds {
        for text in texts {
            black_box(check(black_box(text)));
        }
        done += texts.len() as u64;
    }
    began.elapsed().as_secs_f64() * 1e6 / done as f64
}

fn middle(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}
