//! Sees what was written to a file that others have open: for tests that nothing was.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// Looks at a store on SQLite from a connection of its own.
#[derive(Debug)]
pub struct Witness {
    conn: Connection,
    /// Tables that the node writes to by itself.
    ignored: &'static [&'static str],
    version: i64,
    sums: BTreeMap<String, u64>,
}

impl Witness {
    /// Begins to look. Tables that change by themselves are named.
    pub fn open(file: &Path, ignored: &'static [&'static str]) -> Self {
        let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the file is there");
        conn.busy_timeout(std::time::Duration::from_secs(10)).expect("a connection can wait");
        let mut witness = Self { conn, ignored, version: -1, sums: BTreeMap::new() };
        witness.changed();
        witness
    }

    /// The tables whose rows are others than at the last look.
    pub fn changed(&mut self) -> Vec<String> {
        // It moves with every commit of another connection, and costs nothing to ask.
        let version = self.conn.query_row("PRAGMA data_version", [], |row| row.get(0)).expect("a version");
        if version == self.version {
            return Vec::new();
        }
        let sums = self.look().expect("every table can be read");
        let changed = sums.iter().filter(|(table, sum)| self.sums.get(*table) != Some(sum));
        let changed = changed.map(|(table, _)| table.clone()).collect();
        (self.version, self.sums) = (version, sums);
        changed
    }

    fn look(&self) -> rusqlite::Result<BTreeMap<String, u64>> {
        let mut names = self.conn.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        let looked_at = names.into_iter().filter(|name| !self.ignored.contains(&name.as_str()));
        looked_at.map(|name| self.sum(&name).map(|sum| (name, sum))).collect()
    }

    /// The sum of the hashes of all rows, so that their order does not matter.
    fn sum(&self, table: &str) -> rusqlite::Result<u64> {
        let mut statement = self.conn.prepare_cached(&format!("SELECT * FROM \"{table}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut sum = 0_u64;
        while let Some(row) = rows.next()? {
            let mut hash = DefaultHasher::new();
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => 0_u8.hash(&mut hash),
                    ValueRef::Integer(number) => number.hash(&mut hash),
                    ValueRef::Real(number) => number.to_bits().hash(&mut hash),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.hash(&mut hash),
                }
            }
            sum = sum.wrapping_add(hash.finish());
        }
        Ok(sum)
    }
}
