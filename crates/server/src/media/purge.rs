//! The end of what has outlived its time in one app: rows of groups that are over, groups that nobody uses, messages that
//! the plan no longer keeps.
//!
//! Each step is a transaction of a few hundred rows, and after it comes a rest as long as it took: half of the writer is
//! for others, whatever the machine.

use std::time::Instant;

use chat::group::{Scope, create};
use contract::group::GroupId;
use contract::{AppId, ConversationId, Millis, Result, limit};
use store::apps::App;
use store::groups::{ended, idle};
use store::{Snapshot, Tx, exports, retention};

use super::upkeep::{DAY_MS, GRACE_MS, LEASE_MS};
use crate::node::Node;

/// Rows of one step: some milliseconds of the writer.
const ROWS: u64 = 500;
/// Rows that one round removes of one app, so that every app gets its turn.
const BUDGET: u64 = 200_000;
/// What the end of a group counts: its rows come later, its announcement and its webhook come at once.
const GROUP_COST: u64 = 100;

/// What a round may still do in an app.
struct Work<'a> {
    node: &'a Node,
    app: &'a App,
    budget: u64,
}

/// Purges an app. Answers whether all is done; otherwise the next round goes on.
pub(super) async fn all(node: &Node, app: &App) -> Result<bool> {
    let mut work = Work { node, app, budget: BUDGET };
    Ok(work.recycle().await? && work.ended().await? && work.messages().await?)
}

impl Work<'_> {
    /// Does one step, if there is anything left to spend and this node still cares for the app. None: it is over for now.
    async fn step(&mut self, run: impl Fn(&mut Tx<'_>) -> Result<u64> + Send + 'static) -> Result<Option<u64>> {
        if self.budget == 0 {
            return Ok(None);
        }
        let started = Instant::now();
        let (by, until) = (self.node.id, self.node.clock.now().plus(LEASE_MS));
        let kept = move |tx: &mut Tx<'_>| {
            // Whoever lost the care stops; two purges at once would do no harm, only work.
            if exports::keep(tx, by, until)? { run(tx).map(Some) } else { Ok(None) }
        };
        let done = self.node.store.write(self.app.id, kept).await?;
        self.budget -= done.unwrap_or_default().min(self.budget);
        tokio::time::sleep(started.elapsed()).await;
        Ok(done)
    }

    /// Removes rows by a function that is told how many and answers how many it found, until it finds fewer. Answers
    /// false if it is over for now.
    async fn rows(
        &mut self,
        counter: &'static str,
        run: impl Fn(&mut Tx<'_>, u64) -> Result<u64> + Copy + Send + 'static,
    ) -> Result<bool> {
        loop {
            let rows = ROWS.min(self.budget);
            let Some(gone) = self.step(move |tx| run(tx, rows)).await? else { return Ok(false) };
            metrics::counter!(counter).increment(gone);
            if gone < rows {
                return Ok(true);
            }
        }
    }

    /// Removes what groups left behind that ended some time ago.
    async fn ended(&mut self) -> Result<bool> {
        let until = self.node.clock.now().plus(-GRACE_MS);
        loop {
            let some = move |snapshot: &mut Snapshot<'_>| ended::waiting(snapshot, until, limit::STORE_PAGE);
            let conversations = self.node.store.read(self.app.id, some).await?;
            if conversations.is_empty() {
                return Ok(true);
            }
            for conversation in conversations {
                let purge = move |tx: &mut Tx<'_>, rows| ended::purge(tx, conversation, rows);
                if !self.rows("noroshi_ended_groups_purged_rows_total", purge).await? {
                    return Ok(false);
                }
            }
        }
    }

    /// Takes away groups that nobody uses, where the app says so.
    async fn recycle(&mut self) -> Result<bool> {
        let now = self.node.clock.now();
        for (kind, seconds) in self.app.settings.groups.recycling.kinds() {
            let (since, mut after) = (now.plus(-seconds * 1_000), 0);
            loop {
                let read =
                    move |snapshot: &mut Snapshot<'_>| idle::page(snapshot, kind, after, since, limit::STORE_PAGE);
                let page = self.node.store.read(self.app.id, read).await?;
                let Some((_, last, _)) = page.last() else { break };
                after = *last;
                for (group, ..) in page.into_iter().filter(|(.., is_idle)| *is_idle) {
                    if !self.end(group, now, since).await? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    async fn end(&mut self, group: GroupId, now: Millis, since: Millis) -> Result<bool> {
        let app = self.app.clone();
        let end = move |tx: &mut Tx<'_>| {
            let is_gone = create::recycle(tx, &Scope::of(&app, now), &group, since)?;
            Ok(if is_gone { GROUP_COST } else { 1 })
        };
        Ok(self.step(end).await?.is_some())
    }

    /// Forgets messages that the plan no longer keeps.
    async fn messages(&mut self) -> Result<bool> {
        let Some(days) = self.app.history_days() else { return Ok(true) };
        let before_s = self.node.clock.now().plus(-days * DAY_MS).secs();
        let (id, mut after): (AppId, _) = (self.app.id, ConversationId([0; 16]));
        loop {
            let walk = move |snapshot: &mut Snapshot<'_>| retention::walk(snapshot, after, before_s, limit::STORE_PAGE);
            let page = self.node.store.read(id, walk).await?;
            let Some(last) = page.last() else { return Ok(true) };
            after = last.conversation;
            for walked in page.into_iter().filter(|walked| walked.is_old) {
                if !self.conversation(walked.conversation, walked.is_group, before_s).await? {
                    return Ok(false);
                }
            }
        }
    }

    async fn conversation(&mut self, conversation: ConversationId, is_group: bool, before_s: i64) -> Result<bool> {
        const COUNTER: &str = "noroshi_history_purged_total";
        if !is_group {
            return self.rows(COUNTER, move |tx, rows| retention::purge(tx, conversation, before_s, rows)).await;
        }
        let messages = move |tx: &mut Tx<'_>, rows| retention::purge_group(tx, conversation, before_s, rows);
        let notes = move |tx: &mut Tx<'_>, rows| retention::purge_notes(tx, conversation, rows);
        Ok(self.rows(COUNTER, messages).await? && self.rows("noroshi_history_purged_notes_total", notes).await?)
    }
}
