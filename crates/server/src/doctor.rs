//! Looks for what would keep a node from serving well, before it serves or beside it, and changes nothing.
//!
//! * `files`: secrets, the data folder, certificates. `machine`: clock, open files, addresses. The store's own word
//!   comes from [`store::inspect`].

mod files;
mod machine;

use std::fmt;
use std::path::Path;

use contract::{Error, Failure};
use store::Inspection;

use crate::clock::Clock;
use crate::config::{Config, without_password};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// The node serves, but not for ever or not as well as it could.
    Warning,
    /// The node does not serve, or what it holds is not safe.
    Problem,
}

/// One check with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub subject: &'static str,
    /// What was found.
    pub found: String,
    /// What to do; empty if nothing is to be done.
    pub advice: String,
}

impl Finding {
    fn ok(subject: &'static str, found: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject, found: found.into(), advice: String::new() }
    }

    fn warning(subject: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Warning, subject, found: found.into(), advice: advice.into() }
    }

    fn problem(subject: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Problem, subject, found: found.into(), advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "problem",
        };
        write!(f, "{level:<8} {:<13} {}", self.subject, self.found)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, ": {}", self.advice) }
    }
}

/// Examines the installation of a configuration file.
pub async fn examine(file: &Path, clock: &Clock) -> Vec<Finding> {
    let config = match Config::read(file) {
        Ok(config) => config,
        Err(error) => return vec![Finding::problem("configuration", why(&error), "nothing else can be looked at")],
    };
    let mut findings = Vec::new();
    let problems = config.problems();
    if problems.is_empty() {
        findings.push(Finding::ok("configuration", format!("{} can be read", file.display())));
    }
    findings.extend(problems.into_iter().map(|what| Finding::problem("configuration", what, "correct it")));
    findings.extend(files::configuration(file, &config));
    findings.extend(files::secrets(&config));
    findings.extend(files::data(&config.data));
    findings.extend(store_of(&config, clock).await);
    findings.extend(files::certificate(&config, clock.now()));
    findings.push(machine::clock(clock.now()));
    findings.push(machine::open_files(config.bounds.connections));
    findings.extend(machine::addresses(&config).await);
    findings
}

/// Why something failed, in one line.
fn why(error: &Error) -> String {
    let text = match error {
        Error::Failure(Failure::Unavailable(what)) => what.clone(),
        other => other.to_string(),
    };
    text.replace('\n', " ")
}

/// How far the store's clock may be from ours. Times of messages and of leases are compared across nodes.
const CLOCK_APART_MS: i64 = 2_000;

async fn store_of(config: &Config, clock: &Clock) -> Vec<Finding> {
    let place = without_password(&config.store.url);
    let seen = match store::inspect(&config.store()).await {
        Ok(seen) => seen,
        Err(error) => {
            let advice = "see that the database runs, that it is reached from here and lets us in";
            return vec![Finding::problem("store", format!("{place}: {}", why(&error)), advice)];
        }
    };
    let mut findings = vec![schema(&seen)];
    for (name, value) in &seen.durability {
        // `local`, `remote_write` and `remote_apply` wait for our own disk as well.
        if value == "off" {
            let found = format!("{name} is off: what was acknowledged may be lost when the database's machine fails");
            findings.push(Finding::problem("store", found, format!("set {name} = on")));
        } else {
            findings.push(Finding::ok("store", format!("{name} is {value}")));
        }
    }
    if let Some(theirs) = seen.clock {
        let apart = theirs.0 - clock.now().0;
        let found = format!("the database's clock and ours are {apart} ms apart");
        findings.push(if apart.abs() > CLOCK_APART_MS {
            Finding::problem("clock", found, "let NTP keep both machines' time")
        } else {
            Finding::ok("clock", found)
        });
    }
    findings
}

fn schema(seen: &Inspection) -> Finding {
    let (engine, has, newest) = (&seen.engine, seen.schema, seen.schema_newest);
    match has {
        0 => Finding::ok("store", format!("{engine}, empty: the first start makes schema {newest}")),
        _ if has == newest => Finding::ok("store", format!("{engine}, schema {has}")),
        _ if has < newest => Finding::warning(
            "store",
            format!("{engine}, schema {has}, which the next start makes {newest}"),
            "make a backup before the start: an older program does not open the store afterwards",
        ),
        _ => Finding::problem(
            "store",
            format!("{engine}, schema {has}: this program knows {newest}"),
            "start the newer program that made it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_that_begins_with_its_level() {
        let finding = Finding::problem("secrets", "master.key is read by others", "chmod 600 master.key");
        assert_eq!(finding.to_string(), "problem  secrets       master.key is read by others: chmod 600 master.key");
        assert_eq!(Finding::ok("clock", "plausible").to_string(), "ok       clock         plausible");
    }

    #[test]
    fn a_schema_is_judged_by_what_this_program_knows() {
        let check = |schema: i64, expected: Level| {
            let seen =
                Inspection { engine: "SQLite".into(), schema, schema_newest: 4, durability: Vec::new(), clock: None };
            assert_eq!(super::schema(&seen).level, expected, "{schema}");
        };
        check(0, Level::Ok);
        check(3, Level::Warning);
        check(4, Level::Ok);
        check(5, Level::Problem);
    }
}
