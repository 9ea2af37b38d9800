//! Statements for whose answers nobody waits: kept until the next one, or the commit, takes them along.

use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Statement};

use crate::value::{Held, Value};

/// Rows that one statement adds: far more than one job has, and a bound on what waits.
const ROWS: usize = 256;

/// A statement that waits.
pub(super) struct Posted {
    statement: Statement,
    matter: Matter,
}

enum Matter {
    /// Its parameters.
    One(Vec<Held>),
    /// Rows that it gets as columns, and by which it is known.
    Rows((usize, usize), Vec<Vec<Held>>),
}

impl Posted {
    /// A statement with its parameters.
    pub(super) fn one(statement: Statement, values: &[Value<'_>]) -> Self {
        Self { statement, matter: Matter::One(values.iter().map(Held::from).collect()) }
    }

    /// A statement of rows, with the first of them.
    pub(super) fn rows(statement: Statement, key: (usize, usize), row: &[Value<'_>]) -> Self {
        Self { statement, matter: Matter::Rows(key, vec![row.iter().map(Held::from).collect()]) }
    }

    /// Takes a row of a statement, if it is of that statement and has room.
    pub(super) fn joins(&mut self, of: (usize, usize), row: &[Value<'_>]) -> bool {
        match &mut self.matter {
            Matter::Rows(key, rows) if *key == of && rows.len() < ROWS => {
                rows.push(row.iter().map(Held::from).collect());
                true
            }
            _ => false,
        }
    }

    /// How many rows it has; 1 without any.
    pub(super) fn len(&self) -> usize {
        match &self.matter {
            Matter::One(_) => 1,
            Matter::Rows(_, rows) => rows.len(),
        }
    }

    /// Forgets rows behind the first ones.
    pub(super) fn truncate(&mut self, len: usize) {
        if let Matter::Rows(_, rows) = &mut self.matter {
            rows.truncate(len);
        }
    }

    /// Sends it.
    pub(super) async fn run(&self, client: &Client) -> Result<u64, Error> {
        match &self.matter {
            Matter::One(values) => client.execute_raw(&self.statement, values.iter().map(Held::value)).await,
            Matter::Rows(_, rows) => {
                let columns = (0..self.statement.params().len()).map(|index| Column { rows, index });
                client.execute_raw(&self.statement, columns).await
            }
        }
    }
}

/// A column of rows, as an array.
#[derive(Debug)]
struct Column<'a> {
    rows: &'a [Vec<Held>],
    index: usize,
}

impl ToSql for Column<'_> {
    fn to_sql(&self, ty: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let values: Vec<Value<'_>> = self.rows.iter().map(|row| row[self.index].value()).collect();
        values.to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
