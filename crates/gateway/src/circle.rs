//! Friends hear of an account's new profile.
//!
//! Who has the account among its friends is in the store, and whoever commits does not wait for that: what they are to
//! hear is queued here and told by one task. It is a hint like any other notice. A friend that it does not reach, here or
//! on another node, reads the profile the next time that it looks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::frame::wire::ProfileNotice;
use contract::frame::{Command, Frame};
use contract::{AppId, Result, UserId, limit};
use parking_lot::Mutex;
use store::relations::friends;
use tokio::sync::Notify;

use crate::hub::Hub;

/// What waits to be told.
#[derive(Default)]
pub(crate) struct Circle {
    waiting: Mutex<VecDeque<News>>,
    is_due: Notify,
    is_ending: AtomicBool,
}

struct News {
    app: AppId,
    account: UserId,
    notice: ProfileNotice,
}

/// Profiles whose friends are still to hear of them. Of more at once, as an import of many makes them, friends hear
/// nothing.
const WAITING_MAX: usize = 10_000;

/// Friends of one account that are told, at most: as many as an account may have on its own list.
const FRIENDS_MAX: usize = limit::FRIENDS as usize;

impl Circle {
    /// Queues what friends are to hear; never waits.
    pub(crate) fn tell(&self, app: AppId, account: &UserId, notice: ProfileNotice) {
        let mut waiting = self.waiting.lock();
        if waiting.len() < WAITING_MAX {
            waiting.push_back(News { app, account: account.clone(), notice });
            self.is_due.notify_one();
        }
    }

    /// Lets what waits be.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.is_due.notify_one();
    }

    fn next(&self) -> Option<News> {
        self.waiting.lock().pop_front().filter(|_| !self.is_ending.load(Ordering::Acquire))
    }
}

impl Hub {
    /// Tells friends, one account after the other: a profile that everybody follows delays others and takes no more of
    /// the store than one reader.
    pub(crate) async fn tell_friends(self: Arc<Self>) {
        while !self.circle.is_ending.load(Ordering::Acquire) {
            self.circle.is_due.notified().await;
            while let Some(News { app, account, notice }) = self.circle.next() {
                if let Err(error) = self.tell_circle(app, &account, &notice).await {
                    tracing::warn!(%app, %error, "friends did not hear of a profile");
                }
            }
        }
    }

    async fn tell_circle(&self, app: AppId, account: &UserId, notice: &ProfileNotice) -> Result<()> {
        let (mut told, mut after) = (0, None);
        while told < FRIENDS_MAX {
            let (friend, last) = (account.clone(), after.take());
            let count = (FRIENDS_MAX - told).min(limit::STORE_PAGE);
            let read =
                move |snapshot: &mut store::Snapshot<'_>| friends::whose_after(snapshot, &friend, last.as_ref(), count);
            let page = self.store.read(app, read).await?;
            let others: Vec<&UserId> = page.iter().filter(|other| *other != account).collect();
            self.notify(app, &others, || Frame::notice(Command::ProfileChanged, notice));
            told += page.len();
            if page.len() < count {
                break;
            }
            after = page.into_iter().last();
        }
        Ok(())
    }
}
