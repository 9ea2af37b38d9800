//! Nonces are used up in batches where no transaction of the call's own does it, and swept when they are over.
//!
//! The queue is bounded: a caller who finds it full is told to come back. A batch is what waits when the writer is free,
//! so that a lone call waits for nobody.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use contract::{AppId, Error, Failure, Fault, Millis, Result};
use parking_lot::Mutex;
use store::nonces::{self, Nonce};
use store::{Store, Tx};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::listen::ended;

/// Nonces that may wait.
const QUEUE: usize = 8_192;
/// Nonces of one transaction; larger ones make the sends behind them wait.
const BATCH: usize = 256;
/// Apps whose nonces are swept at a time; those that are left over are swept after their next call.
const TOUCHED: usize = 10_000;
/// How often.
const SWEEP: Duration = Duration::from_mins(1);
/// No nonce for so long after the stop means that no call is under way any more.
const QUIET: Duration = Duration::from_secs(1);
/// Pages of one app's sweep.
const PAGES: usize = 20;

struct Waiting {
    app: AppId,
    now: Millis,
    nonce: Nonce,
    to: oneshot::Sender<Result<()>>,
}

/// Uses nonces up.
pub struct Nonces {
    queue: mpsc::Sender<Waiting>,
    waiting: Mutex<Option<mpsc::Receiver<Waiting>>>,
    touched: Mutex<HashSet<AppId>>,
}

impl Default for Nonces {
    fn default() -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self { queue, waiting: Mutex::new(Some(waiting)), touched: Mutex::default() }
    }
}

impl Nonces {
    /// Uses a nonce up, or says that it was.
    pub async fn spend(&self, app: AppId, now: Millis, nonce: Nonce) -> Result<()> {
        let (to, done) = oneshot::channel();
        self.queue
            .try_send(Waiting { app, now, nonce, to })
            .map_err(|_| Failure::Overloaded("too many nonces wait".into()))?;
        done.await.map_err(|_| Error::Failure(Failure::Unavailable("the node stops".into())))?
    }

    /// Notes that nonces of an app were written elsewhere, to be swept.
    pub fn touch(&self, app: AppId) {
        let mut touched = self.touched.lock();
        if touched.len() < TOUCHED {
            touched.insert(app);
        }
    }

    /// Serves until the node stops, and then as long as calls that are under way still bring some.
    pub async fn run(self: Arc<Self>, store: Store, clock: Clock, mut stopped: watch::Receiver<bool>) {
        let Some(mut waiting) = self.waiting.lock().take() else { return };
        let mut sweep = tokio::time::interval(SWEEP);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                _ = waiting.recv_many(&mut batch, BATCH) => self.write(&store, std::mem::take(&mut batch)).await,
                _ = sweep.tick() => self.sweep(&store, clock.now()).await,
                () = ended(&mut stopped) => break,
            }
        }
        while let Ok(1..) = tokio::time::timeout(QUIET, waiting.recv_many(&mut batch, BATCH)).await {
            self.write(&store, std::mem::take(&mut batch)).await;
        }
        // Whoever comes now is told that the node is going; what came in between is written.
        waiting.close();
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            self.write(&store, std::mem::take(&mut batch)).await;
        }
    }

    async fn write(&self, store: &Store, batch: Vec<Waiting>) {
        let mut by_app: BTreeMap<AppId, Vec<Waiting>> = BTreeMap::new();
        for one in batch {
            by_app.entry(one.app).or_default().push(one);
        }
        for (app, waiting) in by_app {
            self.touch(app);
            let all: Vec<(Millis, Nonce)> = waiting.iter().map(|one| (one.now, one.nonce.clone())).collect();
            let job = move |tx: &mut Tx<'_>| {
                all.iter().map(|(now, nonce)| nonces::spend(tx, *now, nonce)).collect::<Result<Vec<bool>>>()
            };
            let outcome = store.write(app, job).await;
            for (place, one) in waiting.into_iter().enumerate() {
                let answer = match &outcome {
                    Ok(spent) if spent[place] => Ok(()),
                    Ok(_) => Err(Fault::NonceUsed.into()),
                    Err(error) => Err(error.clone()),
                };
                // A caller that went away does not hear; its nonce is used up all the same.
                drop(one.to.send(answer));
            }
        }
    }

    async fn sweep(&self, store: &Store, now: Millis) {
        let apps = std::mem::take(&mut *self.touched.lock());
        for app in apps {
            for _ in 0..PAGES {
                match store.write(app, move |tx| nonces::sweep(tx, now)).await {
                    Ok(swept) if swept < contract::limit::STORE_PAGE as u64 => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%app, %error, "nonces that are over could not be swept");
                        break;
                    }
                }
            }
        }
    }
}
