//! The ledger: which published codes were really answered, where, and by which test.
//!
//! While the tests run, whoever meets a code outside notes it in a file of its process. Here the notes become one
//! sorted table, committed as `conformance/ledger.tsv`: a code that is no longer answered shows as a lost row.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Outcome, root, say};

const HEADER: &str = "surface\tfamily\tcode\thow\ttest";

/// Where the notes of the last run lie.
pub(crate) fn folder() -> PathBuf {
    root().join("target").join("ledger")
}

fn committed() -> PathBuf {
    root().join("conformance").join("ledger.tsv")
}

/// Makes room for the notes of a new run.
pub(crate) fn begin() -> Outcome {
    drop(fs::remove_dir_all(folder()));
    fs::create_dir_all(folder()).map_err(|error| format!("{}: {error}", folder().display()))
}

/// Writes the committed ledger from the notes.
pub(crate) fn write() -> Outcome {
    let text = merged()?;
    fs::write(committed(), &text).map_err(|error| format!("{}: {error}", committed().display()))?;
    say(&format!("{} codes in the ledger", text.lines().count() - 1));
    Ok(())
}

/// Compares the notes with the committed ledger: every committed row must have been met again, and a code that was
/// met for the first time must be committed.
pub(crate) fn check() -> Outcome {
    let keys = |text: &str| -> Vec<String> {
        text.lines().skip(1).map(|line| line.splitn(4, '\t').take(3).collect::<Vec<_>>().join("\t")).collect()
    };
    let now = keys(&merged()?);
    let then = keys(&fs::read_to_string(committed()).map_err(|error| format!("conformance/ledger.tsv: {error}"))?);
    let lost: Vec<_> = then.iter().filter(|key| !now.contains(key)).collect();
    let new: Vec<_> = now.iter().filter(|key| !then.contains(key)).collect();
    say(&format!("ledger: {} codes were answered", now.len()));
    if lost.is_empty() && new.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the ledger changed; lost: {lost:?}; new: {new:?} (cargo xtask ledger writes it; read it before you commit)"
    ))
}

fn merged() -> Outcome<String> {
    let mut rows: BTreeMap<(String, String, String), (String, String)> = BTreeMap::new();
    for note in notes(&folder())? {
        for line in note.lines() {
            let [surface, family, code, how, test] = line.split('\t').collect::<Vec<_>>()[..] else {
                return Err(format!("a note of the ledger has not five fields: {line}"));
            };
            let key = (surface.to_owned(), family.to_owned(), code.to_owned());
            let value = (how.to_owned(), test.to_owned());
            // The first test by name stands for all.
            rows.entry(key).and_modify(|known| *known = known.clone().min(value.clone())).or_insert(value);
        }
    }
    let mut text = format!("{HEADER}\n");
    for ((surface, family, code), (how, test)) in rows {
        text.push_str(&format!("{surface}\t{family}\t{code}\t{how}\t{test}\n"));
    }
    Ok(text)
}

fn notes(folder: &Path) -> Outcome<Vec<String>> {
    let entries =
        fs::read_dir(folder).map_err(|error| format!("{}: {error}; run the tests first", folder.display()))?;
    entries
        .flatten()
        .map(|entry| fs::read_to_string(entry.path()).map_err(|error| format!("{}: {error}", entry.path().display())))
        .collect()
}
