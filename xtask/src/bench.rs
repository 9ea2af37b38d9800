//! Builds and runs the benchmarks, and writes their table into the documentation where that is asked for.

use std::process::Command;

use crate::run::{self, Outcome, cargo, output, root, say};

/// The table stands between these lines.
const BEGIN: &str = "<!-- table: cargo xtask bench --write -->";
const END: &str = "<!-- end of the table -->";

/// Runs the benchmarks that are named, or all.
pub(crate) fn run(args: &[String]) -> Outcome {
    let is_write = args.iter().any(|arg| arg == "--write");
    let args: Vec<&String> = args.iter().filter(|arg| *arg != "--write").collect();
    if is_write && !args.is_empty() {
        return Err("the whole table is written or none of it: --write goes alone".into());
    }
    run::run(cargo().args(["build", "--release", "--package", "server", "--package", "bench"]))?;
    let bench = root().join("target").join("release").join("bench");
    // As many files as the system allows: the idle connections are ten thousand.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $(ulimit -H -n) && exec \"$0\" \"$@\""]).arg(bench).args(args);
    if !is_write {
        return run::run(&mut command);
    }
    let table = output(&mut command)?;
    say(&table);
    let file = root().join("docs").join("benchmarks.md");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("docs/benchmarks.md has no place for the table")?;
    let text = format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", table.trim());
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}
