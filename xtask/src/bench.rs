//! Builds and runs the benchmarks, and writes their rows into the table of the documentation where that is asked for.

use std::process::Command;

use crate::run::{self, Outcome, cargo, output, root, say};

/// The table stands between these lines.
const BEGIN: &str = "<!-- table: cargo xtask bench --write -->";
const END: &str = "<!-- end of the table -->";

/// Runs the benchmarks that are named, or all.
pub(crate) fn run(args: &[String]) -> Outcome {
    let is_write = args.iter().any(|arg| arg == "--write");
    let args: Vec<&String> = args.iter().filter(|arg| *arg != "--write").collect();
    run::run(cargo().args(["build", "--release", "--package", "server", "--package", "bench"]))?;
    let bench = root().join("target").join("release").join("bench");
    // As many files as the system allows: the idle connections are ten thousand.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $(ulimit -H -n) && exec \"$0\" \"$@\""]).arg(bench).args(args);
    if !is_write {
        return run::run(&mut command);
    }
    let rows = output(&mut command)?;
    say(&rows);
    let file = root().join("docs").join("benchmarks.md");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let (before, (table, after)) = parts.ok_or("docs/benchmarks.md has no place for the table")?;
    let text = format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", renewed(table, &rows));
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}

/// The table with its rows replaced by the new ones of the same name, and those that are new behind them.
fn renewed(table: &str, rows: &str) -> String {
    let lines = |text: &str| text.trim().lines().map(str::to_owned).collect::<Vec<_>>();
    let (mut table, rows) = (lines(table), lines(rows));
    for row in rows {
        match table.iter_mut().find(|line| name(line) == name(&row)) {
            Some(line) => *line = row,
            None => table.push(row),
        }
    }
    table.join("\n")
}

/// The first cell of a row, by which it is known.
fn name(row: &str) -> &str {
    row.trim_start_matches('|').split('|').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_takes_the_place_of_the_one_of_its_name_and_a_new_one_comes_last() {
        let table = "| benchmark | figure |\n|---|---|\n| one | 1 |\n| two | 2 |";
        let rows = "| benchmark | figure |\n|---|---|\n| two | 3 |\n| three | 4 |";
        let wanted = "| benchmark | figure |\n|---|---|\n| one | 1 |\n| two | 3 |\n| three | 4 |";
        assert_eq!(renewed(table, rows), wanted);
    }
}
