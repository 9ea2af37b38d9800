//! The committed ledger against the catalogue: what is said to be raised was really got by somebody.

use std::collections::HashSet;

use contract::codes::{self, Raised};

type Key = (String, String, String);

fn ledger() -> HashSet<Key> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/ledger.tsv");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut rows = HashSet::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [surface, family, code, how, test] = fields[..] else {
            panic!("a row of the ledger has five fields: {line}")
        };
        assert!(["request", "frame", "sdk", "delivery", "failpoint", "faultrule"].contains(&how), "{line}");
        assert!(!test.is_empty(), "{line}");
        assert!(rows.insert((surface.into(), family.into(), code.into())), "twice: {line}");
    }
    rows
}

fn key(row: &codes::Row) -> Key {
    let (surface, family, code) = row.key();
    (surface.into(), family.into(), code)
}

#[test]
fn every_code_that_is_raised_was_got_from_outside() {
    let ledger = ledger();
    let missing: Vec<_> = codes::rows()
        .filter(|row| matches!(row.raised, Raised::Cause(_) | Raised::Status))
        .filter(|row| !ledger.contains(&key(row)))
        .map(|row| format!("{} {}", row.key().2, row.name))
        .collect();
    assert!(missing.is_empty(), "said to be raised, but in no row of the ledger: {missing:?}");
}

#[test]
fn nothing_in_the_ledger_is_said_to_be_unbuilt() {
    let ledger = ledger();
    let known: HashSet<Key> = codes::rows().map(key).collect();
    let early: Vec<_> = codes::rows()
        .filter(|row| matches!(row.raised, Raised::Pending | Raised::Nobody) && ledger.contains(&key(row)))
        .map(|row| row.name)
        .collect();
    assert!(early.is_empty(), "got, so no longer pending: {early:?}");
    assert!(ledger.iter().all(|row| known.contains(row)), "every row of the ledger is in the catalogue");
}
