//! The record of codes that outsiders really got while tests ran.
//!
//! Tests of every crate note what they saw; `NOROSHI_TEST_LEDGER` names the folder in which each process appends to a file
//! of its own. A line is `surface family code how test`, parted by tabs and spelt as the published tables spell it.
//! Without the variable nothing is written. The files are merged into `conformance/ledger.tsv`.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::sync::{LazyLock, Mutex};

use crate::codes::Row;

/// In which way an outsider got a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// In the answer to an HTTP request.
    Request,
    /// In a frame of the gateway.
    Frame,
    /// As the result of a public call of the client SDK.
    Sdk,
    /// As the status of a delivery.
    Delivery,
    /// After a fail point was armed.
    FailPoint,
    /// After a fault rule of the sandbox was set.
    FaultRule,
}

impl How {
    /// As the ledger spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Frame => "frame",
            Self::Sdk => "sdk",
            Self::Delivery => "delivery",
            Self::FailPoint => "failpoint",
            Self::FaultRule => "faultrule",
        }
    }
}

/// Notes that the running test got a code. The test is named by its thread, as the test harness names it.
///
/// # Panics
///
/// If the folder is named but cannot be written: a ledger with holes would accuse codes that were got.
pub fn note(row: &Row, how: How) {
    static FILE: LazyLock<Option<Mutex<Book>>> = LazyLock::new(open);
    let Some(book) = &*FILE else { return };
    let thread = std::thread::current();
    let line = line(row, how, thread.name().unwrap_or("unnamed"));
    let mut book = book.lock().expect("nobody panics while writing a line");
    if book.noted.insert(line.clone()) {
        // One write a line: lines of several threads do not mix.
        book.file.write_all(line.as_bytes()).expect("the ledger's file takes a line");
    }
}

struct Book {
    file: File,
    noted: HashSet<String>,
}

fn open() -> Option<Mutex<Book>> {
    let folder = std::env::var_os("NOROSHI_TEST_LEDGER").filter(|folder| !folder.is_empty())?;
    std::fs::create_dir_all(&folder).expect("NOROSHI_TEST_LEDGER names a folder that can be made");
    let path = std::path::Path::new(&folder).join(format!("{}.tsv", std::process::id()));
    let file = File::options().create(true).append(true).open(path).expect("NOROSHI_TEST_LEDGER can be written to");
    Some(Mutex::new(Book { file, noted: HashSet::new() }))
}

fn line(row: &Row, how: How, test: &str) -> String {
    let (surface, family) = (row.surface.as_str(), row.family.as_str());
    format!("{surface}\t{family}\t{}\t{}\t{test}\n", row.code, how.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{Account, Message};

    #[test]
    fn a_line_is_spelt_as_the_published_tables_spell_it() {
        let check = |row: &Row, how, expected: &str| assert_eq!(line(row, how, "a_test"), expected);
        check(Account::AccountUnknown.row(), How::Request, "im-server\taccount\t70107\trequest\ta_test\n");
        check(Message::WebhookCustom.row(), How::Frame, "im-server\tmessage\t120001..130000\tframe\ta_test\n");
    }
}
