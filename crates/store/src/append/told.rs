//! What webhooks tell of the messages of a batch.

use contract::webhook::{Happening, Untold, Webhook, part_of};
use contract::{AppId, Place, Result};

use super::Waiting;
use super::grouped::sent_to;
use super::plan::Row;
use crate::Hooks;
use crate::webhooks::Written;

/// What the webhooks of the apps tell of, app by app, in batches of about so many bytes: only for those that have them on.
pub(super) fn told(
    hooks: &Hooks,
    waiting: &[(AppId, Waiting)],
    rows: &[Row],
    bytes: usize,
) -> Result<Vec<(AppId, Written)>> {
    let mut told = Vec::new();
    for row in rows {
        let (app, w) = &waiting[row.draft];
        let Some(origin) = w.draft.told else { continue };
        let (wanted, receiver) = ((hooks.wanted)(*app), &w.draft.receiver);
        let mut tell = |happening: Happening| -> Result<()> {
            let place = Place { seq: row.stored.seq, time: row.stored.key.time };
            let (part, happening) = (part_of(w.conversation), Some(happening));
            let (at, place) = (row.stored.at, Some((w.conversation, place)));
            // What happened in a group is told with the event itself.
            let message = w.draft.group.is_none().then(|| row.message(&w.draft));
            room_for(*app, &mut told, bytes).add(Untold { part, at, origin, happening, place, message })
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

/// The batch of an app to which another event is added.
fn room_for(app: AppId, told: &mut Vec<(AppId, Written)>, bytes: usize) -> &mut Written {
    let last = told.iter().rposition(|(of, _)| *of == app).filter(|last| told[*last].1.has_room(bytes));
    let index = last.unwrap_or_else(|| {
        told.push((app, Written::default()));
        told.len() - 1
    });
    &mut told[index].1
}
