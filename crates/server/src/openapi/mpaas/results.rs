//! Tells apps' own servers what became of their messages: signed, and again until it was heard.
//!
//! What is told are rows under a lease, so a node may die at any line: a result may then be told twice, never not at all.
//! An app has a turn of its own, so that a dead server slows nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::codes::{Family, Row};
use contract::{AppId, Result, limit};
use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use push::mpaas::callback::{self, Told};
use push::mpaas::run::{self, Memo};
use store::apps::App;
use store::deliveries::{Status, parse_lane};
use store::results::{self, Waiting};
use store::tasks;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::listen::ended;
use crate::node::Node;
use crate::outbound::{Papers, Target};

/// How often is looked for results.
const LOOK: Duration = Duration::from_secs(1);
/// Results of one turn, and calls of one app at a time.
const BATCH: usize = 64;
const PARALLEL: usize = 8;
/// Apps that are told at a time.
const APPS: usize = 32;
/// A turn's calls end well before.
const LEASE_MS: i64 = 60_000;
/// The first pause after a failure; it doubles.
const PAUSE_MS: i64 = 5_000;
const PAUSE_MAX_MS: i64 = 3_600_000;
/// A result that could not be told so long is given up.
const KEEP_MS: i64 = 86_400_000;
/// The answer is of no consequence.
const ANSWER_BYTES: usize = 16 * 1024;

/// Tells until a stop is asked for; calls under way end first.
pub async fn follow(node: Arc<Node>, networks: Arc<[String]>, mut stopped: watch::Receiver<bool>) {
    // What never happened is shown as 0.
    metrics::counter!("noroshi_results_total", "outcome" => "ok").increment(0);
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let teller = Arc::new(Teller { node, networks, targets: Mutex::default() });
    let (mut turns, mut busy) = (JoinSet::new(), HashSet::new());
    loop {
        tokio::select! {
            _ = look.tick() => {
                if let Err(error) = teller.start(&mut turns, &mut busy).await {
                    tracing::warn!(%error, "results to tell could not be looked for");
                }
            }
            Some(done) = turns.join_next(), if !turns.is_empty() => match done {
                Ok(app) => { busy.remove(&app); }
                Err(error) => {
                    tracing::error!(%error, "the turn of an app failed");
                    // Which one it was is not told; none is kept out for that.
                    busy.clear();
                }
            },
            () = ended(&mut stopped) => break,
        }
    }
    while turns.join_next().await.is_some() {}
}

struct Teller {
    node: Arc<Node>,
    /// Networks that calls may reach although they are not public.
    networks: Arc<[String]>,
    targets: Mutex<HashMap<AppId, Known>>,
}

/// Where an app's results go, as its settings were.
struct Known {
    url: String,
    ca_pem: String,
    target: Arc<Result<Target, String>>,
}

impl Teller {
    /// Starts turns of apps that have something to tell.
    async fn start(self: &Arc<Self>, turns: &mut JoinSet<AppId>, busy: &mut HashSet<AppId>) -> Result<()> {
        let now = self.node.clock.now();
        let mut after = AppId(i64::MIN);
        loop {
            let read = self.node.store.read(AppId::PLATFORM, move |snapshot| results::apps_due(snapshot, now, after));
            let page = read.await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = *last;
            for app in page {
                if turns.len() >= APPS {
                    return Ok(());
                }
                if busy.insert(app) {
                    let own = Arc::clone(self);
                    turns.spawn(async move {
                        if let Err(error) = own.turn(app).await {
                            tracing::warn!(%app, %error, "results could not be told");
                        }
                        app
                    });
                }
            }
        }
    }

    /// One turn of an app: takes results, tells them, notes how that went.
    async fn turn(&self, id: AppId) -> Result<()> {
        let now = self.node.clock.now();
        let lease = push::mpaas::fresh_id();
        let take = move |tx: &mut store::Tx<'_>| {
            let taken = results::take(tx, now, lease, now.plus(LEASE_MS), BATCH)?;
            taken.into_iter().map(|one| Ok((message(tx, &one)?, one))).collect::<Result<Vec<_>>>()
        };
        let taken = self.node.store.write(id, take).await?;
        let Some(app) = self.node.apps.get(id).filter(|app| !app.settings.mpaas.callback_url.is_empty()) else {
            // It is switched off, and nobody waits.
            let ids: Vec<i64> = taken.iter().map(|(_, one)| one.id).collect();
            return self.node.store.write(id, move |tx| results::remove(tx, lease, &ids)).await;
        };
        let target = self.target(&app);
        let calls = taken.into_iter().map(|(message, one)| {
            let (app, target) = (Arc::clone(&app), Arc::clone(&target));
            async move {
                let heard = tell(&app, &target, message.as_ref(), &one).await;
                (one, heard)
            }
        });
        let heard: Vec<(Waiting, bool)> = stream::iter(calls).buffered(PARALLEL).collect().await;
        let (mut gone, mut later) = (Vec::new(), Vec::new());
        for (one, heard) in heard {
            if heard {
                gone.push(one.id);
            } else if one.at.0 + KEEP_MS <= now.0 {
                metrics::counter!("noroshi_results_dropped_total").increment(1);
                tracing::warn!(app = %id, task = one.task, "a result is too old to be told");
                gone.push(one.id);
            } else {
                let pause = PAUSE_MS.saturating_mul(1 << one.tries.min(20)).min(PAUSE_MAX_MS);
                later.push((one.id, now.plus(pause)));
            }
        }
        let note = move |tx: &mut store::Tx<'_>| {
            results::remove(tx, lease, &gone)?;
            results::put_off(tx, lease, &later)
        };
        self.node.store.write(id, note).await
    }

    fn target(&self, app: &App) -> Arc<Result<Target, String>> {
        let own = &app.settings.mpaas;
        let mut targets = self.targets.lock();
        if let Some(known) = targets.get(&app.id)
            && known.url == own.callback_url
            && known.ca_pem == own.callback_ca_pem
        {
            return Arc::clone(&known.target);
        }
        let papers = Papers { ca_pem: &own.callback_ca_pem, ..Papers::default() };
        let target = Arc::new(Target::new(&own.callback_url, papers, Arc::clone(&self.networks)));
        let (url, ca_pem) = (own.callback_url.clone(), own.callback_ca_pem.clone());
        targets.insert(app.id, Known { url, ca_pem, target: Arc::clone(&target) });
        target
    }
}

/// What is remembered of the message that a result is of.
struct Message {
    key: String,
    memo: Memo,
    /// The batch that it is part of.
    whole: Option<i64>,
}

/// Reads the message of a result; none if it is forgotten by now.
fn message(tx: &mut store::Tx<'_>, one: &Waiting) -> Result<Option<Message>> {
    let Some(record) = tasks::get(tx, one.task)?.filter(|record| record.origin == run::ORIGIN) else {
        return Ok(None);
    };
    let memo = Memo::of(&record)?;
    Ok(Some(Message { whole: (record.counted != record.id).then_some(record.counted), key: record.key, memo }))
}

/// Tells one result; answers whether it was heard.
async fn tell(app: &App, target: &Result<Target, String>, message: Option<&Message>, one: &Waiting) -> bool {
    let Some(message) = message else { return true };
    let outcome = match target {
        Ok(target) => call(app, target, message, one).await,
        Err(what) => Err(what.clone()),
    };
    let word = if outcome.is_ok() { "ok" } else { "failed" };
    metrics::counter!("noroshi_results_total", "outcome" => word).increment(1);
    if let Err(what) = &outcome {
        // The URL may hold what its owner wants nobody to read: it is in no line.
        tracing::debug!(app = %app.id, what, "a result was not heard");
    }
    outcome.is_ok()
}

async fn call(app: &App, target: &Target, message: &Message, one: &Waiting) -> Result<(), String> {
    let body = serde_json::to_vec(&told(app, message, one)).map_err(|error| error.to_string())?;
    let key = &app.secrets.callback_key;
    let query = if key.is_empty() {
        String::new()
    } else {
        let sign = callback::sign(key, &body).map_err(|what| format!("the key signs nothing: {what:?}"))?;
        format!("sign={sign}")
    };
    let wait = Duration::from_millis(limit::WEBHOOK_TIMEOUT_MS);
    let posting = async { target.post(target.line(&query)?, Bytes::from(body), wait, ANSWER_BYTES).await };
    match posting.await {
        Ok(reply) if (200..300).contains(&reply.status) => Ok(()),
        Ok(reply) => Err(format!("HTTP {}", reply.status)),
        Err(trouble) => Err(trouble.as_str().to_owned()),
    }
}

fn told(app: &App, message: &Message, one: &Waiting) -> Told {
    let channel = parse_lane(&one.lane).map_or("", |(channel, _)| channel);
    Told {
        app_id: app.settings.mpaas_app_id.clone(),
        workspace_id: app.settings.workspace_id.clone(),
        msg_key: message.key.clone(),
        message_id: one.task.to_string(),
        task_id: message.whole.map(|id| id.to_string()).unwrap_or_default(),
        target_type: message.memo.delivery,
        target: message.memo.target.clone(),
        device_id: one.device.clone(),
        channel: channel.to_owned(),
        status: one.status.number,
        status_desc: row(&one.status).map(|row| row.name.to_owned()).unwrap_or_default(),
        timestamp: one.at.0,
    }
}

/// The row of the published tables that a status is.
fn row(status: &Status) -> Option<&'static Row> {
    let family = Family::ALL
        .iter()
        .find(|family| family.surface() == contract::codes::Surface::Push && family.as_str() == status.family)?;
    family.rows().iter().find(|row| row.number() == Some(status.number))
}
