//! What webhooks tell of the messages of a batch.

use contract::webhook::{Happening, Webhook, part_of};
use contract::{AppId, Place, Result};

use super::Waiting;
use super::grouped::sent_to;
use super::plan::Row;
use crate::Hooks;
use crate::webhooks::Kept;

/// What the webhooks of the apps tell of: only for those that have them on.
pub(super) fn told(hooks: &Hooks, waiting: &[(AppId, Waiting)], rows: &[Row]) -> Result<Vec<(usize, Kept)>> {
    let mut told = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let (app, w) = &waiting[row.draft];
        let Some(origin) = w.draft.told else { continue };
        let (wanted, receiver) = ((hooks.wanted)(*app), &w.draft.receiver);
        let mut tell = |happening: Happening| -> Result<()> {
            let place = Place { seq: row.stored.seq, time: row.stored.key.time };
            let order = (part_of(w.conversation), row.stored.at);
            told.push((index, Kept::new(order, origin, happening, Some((w.conversation, place)))?));
            Ok(())
        };
        if let Some(group) = &w.draft.group {
            sent_to(wanted, w, group, row).into_iter().try_for_each(tell)?;
            continue;
        }
        if wanted.has(Webhook::AfterSendMsg) {
            tell(Happening::Sent { receiver: receiver.clone() })?;
        }
        if wanted.has(Webhook::BotMessage) && receiver.is_robot() && !w.draft.sender.is_robot() {
            tell(Happening::SentToRobot { receiver: receiver.clone() })?;
        }
    }
    Ok(told)
}
