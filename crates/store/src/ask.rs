//! Questions that are asked together: SQLite answers one after the other, PostgreSQL hears all of them at once, so that
//! a page that needs several costs one round trip. The answers are of one moment on both: no row that moves from one to
//! the other is in both of them, or in none.

use std::marker::PhantomData;

use contract::{Failure, Result};

use crate::tx::{ROWS, Snapshot, Sql};
use crate::value::{self, FromRow, Params, Value};

/// A question: a statement with its parameters, and what a row of the answer becomes.
pub(crate) struct Ask<R, P> {
    sql: Sql,
    params: P,
    row: PhantomData<fn() -> R>,
}

/// Makes a question.
pub(crate) fn ask<R: FromRow, P: Params>(sql: Sql, params: P) -> Ask<R, P> {
    Ask { sql, params, row: PhantomData }
}

impl<R: FromRow, P: Params> Ask<R, P> {
    /// Asks it alone, for all rows.
    pub(crate) fn all(self, snapshot: &mut Snapshot<'_>) -> Result<Vec<R>> {
        snapshot.all(self.sql, self.params)
    }
}

/// Several questions.
pub(crate) trait Asks {
    /// The rows of each.
    type Answers;

    /// Asks them at once.
    fn all(self, snapshot: &mut Snapshot<'_>) -> Result<Self::Answers>;
}

macro_rules! asks {
    ($($row:ident $params:ident $index:tt),+) => {
        impl<$($row: FromRow, $params: Params),+> Asks for ($(Ask<$row, $params>,)+) {
            type Answers = ($(Vec<$row>,)+);

            fn all(self, snapshot: &mut Snapshot<'_>) -> Result<Self::Answers> {
                let answers = {
                    let values = ($(self.$index.params.values(),)+);
                    let asked: &[(Sql, &[Value<'_>])] = &[$((self.$index.sql, values.$index.as_ref())),+];
                    snapshot.query_all(asked)?
                };
                let Some(answers) = answers else { return Ok(($(self.$index.all(snapshot)?,)+)) };
                let mut answers = answers.into_iter();
                Ok(($(parse::<$row>(self.$index.sql, answers.next().unwrap_or_default())?,)+))
            }
        }
    };
}

asks!(A P 0, B Q 1);
asks!(A P 0, B Q 1, C R 2);
asks!(A P 0, B Q 1, C R 2, D S 3);
asks!(A P 0, B Q 1, C R 2, D S 3, E T 4);

/// As many questions of one kind as there are.
impl<R: FromRow, P: Params> Asks for Vec<Ask<R, P>> {
    type Answers = Vec<Vec<R>>;

    fn all(self, snapshot: &mut Snapshot<'_>) -> Result<Self::Answers> {
        let answers = {
            let values: Vec<_> = self.iter().map(|ask| (ask.sql, ask.params.values())).collect();
            let asked: Vec<(Sql, &[Value<'_>])> = values.iter().map(|(sql, values)| (*sql, values.as_ref())).collect();
            snapshot.query_all(&asked)?
        };
        let Some(answers) = answers else { return self.into_iter().map(|ask| ask.all(snapshot)).collect() };
        self.iter().zip(answers).map(|(ask, rows)| parse(ask.sql, rows)).collect()
    }
}

fn parse<R: FromRow>(sql: Sql, rows: Vec<tokio_postgres::Row>) -> Result<Vec<R>> {
    if rows.len() > ROWS {
        return Err(Failure::Internal(format!("more than {ROWS} rows from: {}", sql.sqlite)).into());
    }
    rows.iter().map(|row| R::from_row(value::Row::Postgres(row))).collect()
}
