//! The task that sees to it that every app with something to tell has a pump, and owns the pumps.

use std::sync::Arc;
use std::time::Duration;

use contract::{AppId, Result};
use store::webhooks;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::pump::Pump;
use super::{Bell, Webhooks};
use crate::listen::ended;

/// How far the thread that tells stands back: it gets a tenth of a core for which others compete.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// How often all apps are looked through: for what a dead node has left.
const SWEEP: Duration = Duration::from_secs(5);

impl Webhooks {
    /// Tells what is queued until a stop is asked for; what is under way then ends first.
    ///
    /// It does so on a thread of its own, which stands back behind those that answer calls: what is told may wait, and on
    /// few cores it would come between a message and its answer.
    pub async fn run(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        let (end, ended) = oneshot::channel();
        let (hooks, stop) = (Arc::clone(&self), stopped.clone());
        let tell = move || -> std::io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            stand_back();
            runtime.block_on(hooks.drain(stop));
            // Nobody listens if the node did not wait for the end.
            end.send(()).ok();
            Ok(())
        };
        let started = std::thread::Builder::new().name("webhooks".into()).spawn(move || {
            if let Err(error) = tell() {
                tracing::error!(%error, "there is no runtime for webhooks of its own");
            }
        });
        if let Err(error) = &started {
            tracing::error!(%error, "there is no thread for webhooks of its own");
        }
        if ended.await.is_err() && !*stopped.borrow() {
            self.drain(stopped).await;
        }
    }

    async fn drain(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let mut pumps = JoinSet::new();
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.bell.notified() => {}
                _ = sweep.tick() => {
                    if let Err(error) = self.look_through().await {
                        tracing::warn!(%error, "the queues of webhooks could not be looked through");
                    }
                }
                Some(ended) = pumps.join_next(), if !pumps.is_empty() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a webhook's pump failed");
                    }
                }
                () = ended(&mut stopped) => break,
            }
            self.start_pumps(&mut pumps, &stopped);
        }
        while pumps.join_next().await.is_some() {}
    }

    fn start_pumps(self: &Arc<Self>, pumps: &mut JoinSet<()>, stopped: &watch::Receiver<bool>) {
        let mut bells = self.bells.lock();
        for app in std::mem::take(&mut bells.rung) {
            if bells.pumps.contains_key(&app) {
                continue;
            }
            let bell = Arc::new(Bell::default());
            bells.pumps.insert(app, Arc::clone(&bell));
            let (hooks, stopped) = (Arc::clone(self), stopped.clone());
            let place = Place { hooks: Arc::clone(&hooks), app, bell: Arc::clone(&bell) };
            pumps.spawn(async move {
                Pump::new(hooks, app, bell).run(stopped).await;
                drop(place);
            });
        }
    }

    async fn look_through(&self) -> Result<()> {
        let mut after = AppId(i64::MIN);
        loop {
            let page = self.store.read(AppId::PLATFORM, move |snapshot| webhooks::apps(snapshot, after)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = *last;
            let mut bells = self.bells.lock();
            for app in page {
                if !bells.pumps.contains_key(&app) {
                    bells.rung.insert(app);
                }
            }
        }
    }
}

/// Lets the threads of higher priority go first, where that can be said of one thread.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "webhooks have the priority of everything else");
    }
}

/// An app's place among those that are being told, given back however its pump ended.
struct Place {
    hooks: Arc<Webhooks>,
    app: AppId,
    bell: Arc<Bell>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hooks.give_back(self.app, &self.bell);
    }
}
