//! What happens by itself: planned pushes whose time has come are pushed.
//!
//! A run counts as run in the transaction that pushes it, so it is pushed once, whichever nodes look, and is looked for
//! again if one dies before the commit.

use std::sync::Arc;
use std::time::Duration;

use contract::{AppId, Result};
use push::mpaas::run;
use store::plans;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::listen::ended;
use crate::node::Node;

/// How often is looked: how late a planned push may be.
const LOOK: Duration = Duration::from_secs(1);
/// How long runs can be listed.
const KEEP_MS: i64 = 90 * 86_400_000;
/// Turns of one app before the others have theirs.
const TURNS: usize = 25;

/// Pushes what is due until a stop is asked for.
pub async fn follow(node: Arc<Node>, mut stopped: watch::Receiver<bool>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = ended(&mut stopped) => return,
        }
        if let Err(error) = run_due(&node).await {
            tracing::warn!(%error, "planned pushes could not be looked through");
        }
    }
}

/// Pushes what is due now, app by app.
async fn run_due(node: &Arc<Node>) -> Result<()> {
    let now = node.clock.now();
    let mut after = AppId(i64::MIN);
    loop {
        let page = node.store.read(AppId::PLATFORM, move |snapshot| plans::apps_due(snapshot, now, after)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for app in page {
            // One app whose plans cannot be read must not stop the others.
            if let Err(error) = run_app(node, app).await {
                tracing::error!(%app, %error, "a planned push could not be pushed");
            }
        }
    }
}

async fn run_app(node: &Arc<Node>, id: AppId) -> Result<()> {
    let Some(app) = node.apps.get(id) else { return Ok(()) };
    let is_told = !app.settings.mpaas.callback_url.is_empty();
    for _ in 0..TURNS {
        let now = node.clock.now();
        if !node.store.write(id, move |tx| run::run_due(tx, now, is_told)).await? {
            break;
        }
    }
    // An app that plans no more keeps what it has: the bound on plans is the bound on that.
    let before = node.clock.now().plus(-KEEP_MS);
    node.store.write(id, move |tx| plans::purge(tx, before)).await.map(drop)
}
