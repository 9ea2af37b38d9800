//! What the planner is told about the tables: fixed statistics, written where `ANALYZE` would put measured ones.
//!
//! Without any, the planner takes an app's rows to be ten, and so prefers a walk through all of them in a pleasant order
//! to a search by account. Measured ones would depend on the day on which they were taken, and a plan that was good in
//! the tests could be another one in a year. So every index is described in the same way: an app has a million rows of
//! each table, and each further column narrows them by the same factor, down to one where the index is unique.

use contract::Result;
use rusqlite::Connection;

use super::translate;

/// Rows of a table, and those of one app among them.
const ROWS: f64 = 10_000_000.0;
const ROWS_OF_APP: f64 = 1_000_000.0;
/// Rows that agree in all columns of an index that is not unique.
const ALIKE: f64 = 10.0;

/// An index as the statistics name it: its table, its name, and how many rows agree in its first columns.
type Described = (String, String, String);

/// Brings the statistics up to date with the indexes; writes nothing where they are.
pub(super) fn describe(conn: &Connection) -> Result<()> {
    renew(conn).map_err(translate)
}

fn renew(conn: &Connection) -> rusqlite::Result<()> {
    let wanted = wanted(conn)?;
    if wanted == present(conn)? {
        return Ok(());
    }
    let tx = conn.unchecked_transaction()?;
    // The table of statistics comes into being with the first one; this is of a table that stays small.
    tx.execute_batch("ANALYZE secrets; DELETE FROM sqlite_stat1")?;
    for described in wanted {
        tx.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, ?2, ?3)", described)?;
    }
    tx.commit()?;
    conn.execute_batch("ANALYZE sqlite_schema")
}

/// The statistics as they should be, in the order of tables and indexes.
fn wanted(conn: &Connection) -> rusqlite::Result<Vec<Described>> {
    let mut indexes = conn.prepare(
        "SELECT t.name, CASE WHEN t.wr AND i.origin = 'pk' THEN t.name ELSE i.name END, i.\"unique\",
                (SELECT group_concat(c.name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) AS c)
         FROM pragma_table_list AS t JOIN pragma_index_list(t.name) AS i
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, 2",
    )?;
    let rows = indexes.query_map([], |row| {
        let (is_unique, columns): (bool, String) = (row.get(2)?, row.get(3)?);
        let columns: Vec<&str> = columns.split(',').collect();
        Ok((row.get(0)?, row.get(1)?, statistics(&columns, is_unique)))
    })?;
    rows.collect()
}

/// The statistics as they are; none before the first time.
fn present(conn: &Connection) -> rusqlite::Result<Vec<Described>> {
    let is_there: bool =
        conn.query_row("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'", [], |row| row.get(0))?;
    if !is_there {
        return Ok(Vec::new());
    }
    let mut rows = conn.prepare("SELECT tbl, idx, stat FROM sqlite_stat1 WHERE idx IS NOT NULL ORDER BY 1, 2")?;
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// How many rows there are, and how many agree in the first column, in the first two, and so on.
fn statistics(columns: &[&str], is_unique: bool) -> String {
    let (all, end) = (ROWS, if is_unique { 1.0 } else { ALIKE });
    let is_of_apps = columns.first() == Some(&"app");
    let begin: f64 = if is_of_apps { ROWS_OF_APP } else { all };
    let steps = columns.len() - usize::from(is_of_apps);
    let mut text = format!("{all:.0}");
    for place in 0..columns.len() {
        let step = place + usize::from(!is_of_apps);
        let share = if steps == 0 { 0.0 } else { step as f64 / steps as f64 };
        text.push_str(&format!(" {:.0}", (begin * (end / begin).powf(share)).max(1.0)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_behind_the_app_narrows_by_the_same_factor() {
        assert_eq!(statistics(&["app", "account", "conversation"], true), "10000000 1000000 1000 1");
        assert_eq!(statistics(&["app", "account"], false), "10000000 1000000 10");
        assert_eq!(statistics(&["app"], false), "10000000 1000000");
        assert_eq!(statistics(&["id"], true), "10000000 1");
    }

    #[test]
    fn statistics_are_written_once_and_renewed_with_the_indexes() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE secrets (id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
             CREATE TABLE friends (app BIGINT NOT NULL, account TEXT NOT NULL, friend TEXT NOT NULL,
                                   PRIMARY KEY (app, account, friend)) WITHOUT ROWID",
        )
        .unwrap();
        describe(&conn).unwrap();
        let before = conn.total_changes();
        describe(&conn).unwrap();
        assert_eq!(conn.total_changes(), before, "nothing is written where nothing changed");
        conn.execute_batch("CREATE INDEX friends_by_friend ON friends (app, friend, account)").unwrap();
        describe(&conn).unwrap();
        let friends = |index: &str, text: &str| ("friends".to_owned(), index.to_owned(), text.to_owned());
        let expected =
            [friends("friends", "10000000 1000000 1000 1"), friends("friends_by_friend", "10000000 1000000 3162 10")];
        assert_eq!(present(&conn).unwrap()[..2], expected);
    }
}
