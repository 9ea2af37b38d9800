//! What webhooks tell of the messages of a batch.

use contract::AppId;
use contract::Result;
use contract::webhook::{Happening, Webhook};

use super::Waiting;
use super::grouped::sent_to;
use super::plan::Row;
use crate::{Hooks, webhooks};

/// What the webhooks of the apps tell of: only for those that have them on.
pub(super) fn told(hooks: &Hooks, waiting: &[(AppId, Waiting)], rows: &[Row]) -> Result<Vec<(usize, webhooks::Kept)>> {
    let mut told = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let (app, w) = &waiting[row.draft];
        let Some(origin) = w.draft.told else { continue };
        let (wanted, receiver) = ((hooks.wanted)(*app), &w.draft.receiver);
        if let Some(group) = &w.draft.group {
            for happening in sent_to(wanted, w, group, row) {
                told.push((index, webhooks::Kept::new(origin, &happening)?));
            }
            continue;
        }
        if wanted.has(Webhook::AfterSendMsg) {
            let happening = Happening::Sent { receiver: receiver.clone() };
            told.push((index, webhooks::Kept::new(origin, &happening)?));
        }
        if wanted.has(Webhook::BotMessage) && receiver.is_robot() && !w.draft.sender.is_robot() {
            let happening = Happening::SentToRobot { receiver: receiver.clone() };
            told.push((index, webhooks::Kept::new(origin, &happening)?));
        }
    }
    Ok(told)
}
