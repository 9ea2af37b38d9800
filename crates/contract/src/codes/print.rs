//! Prints the catalogue: as a page for people, as a table for scripts, as JSON for programs.

use std::fmt::Write;

use serde_json::json;

use super::{Family, Raised, rows};

/// The reference page `docs/reference/codes.md`.
pub fn markdown() -> String {
    let mut page = String::with_capacity(160 * 1024);
    let total = rows().count();
    let extra = rows().filter(|row| !row.is_published).count();
    let pending = rows().filter(|row| row.raised == Raised::Pending).count();
    page.push_str("# Codes\n\n");
    page.push_str(
        "Derived from `crates/contract/src/codes`; change it there and run `UPDATE=1 cargo test -p contract`.\n\n",
    );
    writeln!(
        page,
        "{total} rows: {} of the published tables and {extra} more (marked \\*) that are documented elsewhere. \
         {pending} belong to parts that are not built yet (*pending*). A number means something only together with \
         its family. *Raised by* names the fault or failure in `crates/contract/src/fault.rs`; *delivery status* is \
         what a channel or the engine writes on a delivery; *client library* never leaves the client.",
        total - extra
    )
    .expect("a string takes every write");
    for family in Family::ALL {
        write!(page, "\n## {} / {}\n\n", family.surface().as_str(), family.as_str()).expect("as above");
        page.push_str("| code | name | text | what happened, who must act, what to do | raised by |\n");
        page.push_str("| --- | --- | --- | --- | --- |\n");
        for row in family.rows() {
            let mark = if row.is_published { "" } else { " \\*" };
            let http = row.http.map(|http| format!(" ({http})")).unwrap_or_default();
            let explain = row.explain.replace('|', "\\|");
            writeln!(page, "| `{}`{http}{mark} | {} | {} | {explain} | {} |", row.code, row.name, row.text, row.raised)
                .expect("as above");
        }
    }
    page
}

/// One line per row, tab-separated; the first three columns are the key of the published tables.
pub fn tsv() -> String {
    let mut table = String::with_capacity(160 * 1024);
    table.push_str("surface\tfamily\tcode\tname\thttp\traised\tpublished\ttext\texplain\n");
    for row in rows() {
        let (surface, family, code) = row.key();
        let http = row.http.map(|http| http.to_string()).unwrap_or_default();
        writeln!(
            table,
            "{surface}\t{family}\t{code}\t{}\t{http}\t{}\t{}\t{}\t{}",
            row.name, row.raised, row.is_published, row.text, row.explain
        )
        .expect("a string takes every write");
    }
    table
}

/// One array of objects, one row per line.
pub fn json() -> String {
    let lines: Vec<String> = rows()
        .map(|row| {
            let (surface, family, code) = row.key();
            json!({
                "surface": surface, "family": family, "code": code, "name": row.name, "http": row.http,
                "raised": row.raised.to_string(), "published": row.is_published, "text": row.text,
                "explain": row.explain,
            })
            .to_string()
        })
        .collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}
