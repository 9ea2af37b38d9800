//! A node: everything that runs in one process, and how it stops.

use std::sync::Arc;

use contract::{AppId, Result};
use store::Store;
use store::append::{Draft, Sent};
use tokio::sync::Semaphore;

use crate::apps::Apps;
use crate::clock::Clock;
use crate::rates::Rates;
use crate::sigs::Sigs;

/// One process that serves.
pub struct Node {
    /// What is remembered.
    pub store: Store,
    /// The apps.
    pub apps: Apps,
    /// The time.
    pub clock: Clock,
    /// Who speaks.
    pub sigs: Arc<Sigs>,
    /// How often.
    pub rates: Rates,
    /// REST calls that may be under way at a time.
    pub im_places: Semaphore,
}

impl Node {
    /// Passes an online-only message to connected devices; nothing of it is stored.
    pub async fn pass(&self, app: AppId, draft: Draft) -> Result<Sent> {
        let _ = (app, draft);
        Err(contract::Failure::internal("no gateway yet").into())
    }
}
