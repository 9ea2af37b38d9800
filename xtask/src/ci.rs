//! What CI runs, in the order in which a mistake is cheapest to find.

use crate::postgres::Postgres;
use crate::run::{self, Outcome, cargo, say};
use crate::{conformance, ledger};

/// Everything.
pub(crate) fn run() -> Outcome {
    run::run(cargo().args(["fmt", "--all", "--check"]))?;
    run::run(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]))?;
    test(&[])?;
    ledger::check()?;
    conformance::run()?;
    say("everything held");
    Ok(())
}

/// The tests of the workspace, on both engines.
pub(crate) fn test(args: &[String]) -> Outcome {
    // The documents are followed as a reader follows them.
    if !run::has("curl") {
        run::install(&["curl"])?;
    }
    let postgres = Postgres::start()?;
    ledger::begin()?;
    run::run(
        cargo()
            .args(["test", "--workspace"])
            .args(args)
            .env("NOROSHI_TEST_POSTGRES", postgres.url())
            .env("NOROSHI_TEST_LEDGER", ledger::folder()),
    )
}
