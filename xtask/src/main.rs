//! The scripts of the project: what CI runs, and what measures.

mod bench;
mod ci;
mod conformance;
mod ledger;
mod postgres;
mod run;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask ci           set up what the tests need, then check everything: format, lints, tests on both engines,
                         documentation, the ledger of codes, other people's clients
cargo xtask test [ARGS]  the tests on both engines; ARGS go to `cargo test`
cargo xtask bench [NAME] the figures of docs/benchmarks.md; --write puts all of them there
cargo xtask conformance  other people's clients against this build
cargo xtask ledger       write conformance/ledger.tsv from the last test run";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.first().map(String::as_str) {
        Some("ci") => ci::run(),
        Some("test") => ci::test(&args[1..]),
        Some("bench") => bench::run(&args[1..]),
        Some("conformance") => conformance::run(),
        Some("ledger") => ledger::write(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say(&error);
            ExitCode::FAILURE
        }
    }
}
