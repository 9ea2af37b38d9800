//! Lists of conversations that move while they are read.
//!
//! Whoever lists sorts in what moved since somebody put the list into order; when that becomes much, it is put into order
//! again, by a write. One reader does that, after it has read and before it answers; all others meanwhile answer what
//! they have read. (When each of them waited for the write, every hundredth call at a thousand a second was late by the
//! time that a disk takes.) Only a list that nobody looked at for long is put into order before it is read.

use std::collections::HashSet;

use chat::conversation::list::settle;
use contract::{AppId, Failure, Result, UserId};
use parking_lot::Mutex;
use store::{Snapshot, Store};
use tracing::warn;

/// Looks at a list that others keep changing; each look but the first comes after all that had moved was put in order.
const LOOKS: usize = 8;

/// What a look brings.
pub struct Look<T> {
    /// The answer.
    pub answer: T,
    /// So much has moved that the list should be put into order.
    pub is_loose: bool,
}

/// The lists that are put into order at the moment.
#[derive(Default)]
pub struct Order(Mutex<HashSet<(AppId, UserId)>>);

impl Order {
    /// Reads a list by `look`, which answers none where too much has moved for it.
    pub async fn read<T, F>(&self, store: &Store, app: AppId, account: &UserId, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Snapshot<'_>) -> Result<Option<Look<T>>> + Clone + Send + 'static,
    {
        for _ in 0..LOOKS {
            match store.read(app, look.clone()).await? {
                Some(Look { answer, is_loose }) => {
                    if is_loose && let Some(_turn) = self.begin(app, account) {
                        // There is an answer, whatever becomes of the order.
                        if let Err(error) = put(store, app, account).await {
                            warn!(%app, %error, "a list of conversations could not be put into order");
                        }
                    }
                    return Ok(answer);
                }
                None => put(store, app, account).await?,
            }
        }
        Err(Failure::Overloaded("a list of conversations moves faster than it can be read".into()).into())
    }

    /// Takes on a list, unless somebody is at it.
    fn begin(&self, app: AppId, account: &UserId) -> Option<Turn<'_>> {
        let list = (app, account.clone());
        // Not before it is sure that nobody is: a turn that ends lets the next one begin.
        if self.0.lock().insert(list.clone()) { Some(Turn { order: self, list }) } else { None }
    }
}

/// A list that is put into order as long as this lives.
struct Turn<'a> {
    order: &'a Order,
    list: (AppId, UserId),
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.order.0.lock().remove(&self.list);
    }
}

async fn put(store: &Store, app: AppId, account: &UserId) -> Result<()> {
    loop {
        let account = account.clone();
        if !store.write(app, move |tx| settle(tx, &account)).await? {
            return Ok(());
        }
    }
}
