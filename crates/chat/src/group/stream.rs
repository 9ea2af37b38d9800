//! Stream messages in groups: sent like any other with their first chunks, then continued chunk by chunk.
//!
//! What holds for streams anywhere is in [`crate::message::stream`].

use std::sync::Arc;

use contract::error::refuse;
use contract::event::Event;
use contract::group::{GroupEvent, GroupId, GroupMessage};
use contract::message::Flags;
use contract::{Fault, Millis, MsgKey, Result, Seq};
use store::apps::App;
use store::groups::messages;
use store::{Tx, conversations};

use super::{Scope, hold_place, place};
use crate::message::stream::{self, Growing, Grown, Piece};
use crate::moderation::Passed;

/// What names a message of a group where its place alone would not do: another life of the group has the same places.
pub fn name_of(seq: Seq, at: Millis, random: u32) -> MsgKey {
    MsgKey { time: at.secs(), seq: u32::try_from(seq.0).unwrap_or(u32::MAX), random }
}

/// Counts a stream that is about to begin in a group. What is not kept cannot be continued, so the group must have
/// a history.
pub fn begin(tx: &mut Tx<'_>, scope: &Scope<'_>, app: &App, id: &GroupId) -> Result<()> {
    if !place(tx, id)?.kind.capability().has_history {
        return refuse(Fault::GroupForbidden);
    }
    stream::begin(tx, scope.now, app)
}

/// What a stream has come to.
#[derive(Debug, Clone)]
pub struct Extended {
    /// The message as it is now.
    pub message: Arc<GroupMessage>,
    /// The words that an operator is told of, that were not in it before.
    pub review: Vec<String>,
}

/// Continues a stream. Chunks that it has already are passed over, so that a call may be repeated.
pub fn extend(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    id: &GroupId,
    name: MsgKey,
    piece: &Piece,
    check: impl Fn(&str) -> Result<Passed, Fault>,
) -> Result<Extended> {
    let group = hold_place(tx, id)?;
    let found = messages::at(tx, group.conversation, Seq(name.seq.into()))?;
    let Some(mut message) = found.filter(|it| name_of(it.seq, it.at, it.random) == name && !it.flags.has(Flags::TIP))
    else {
        return refuse(Fault::FieldInvalid { field: "StreamMsgID" });
    };
    if message.flags.has(Flags::RECALLED) {
        return refuse(Fault::StreamEnded);
    }
    let growing = Growing { conversation: group.conversation, seq: message.seq, at: message.at };
    let Some(grown) = stream::grow(tx, scope.now, &growing, (&message.body, &message.cloud), piece, check)? else {
        return Ok(Extended { message: Arc::new(message), review: Vec::new() });
    };
    let Grown { body, new, is_replaced, is_last, review } = grown;
    if !messages::edit(tx, group.conversation, &message, &body, &message.cloud, scope.now)? {
        return refuse(Fault::ModifyConflict);
    }
    conversations::touch(tx, group.conversation, scope.now)?;
    message.body = Arc::from(body);
    message.flags = Flags(message.flags.0 + Flags::CHANGE.0);
    let message = Arc::new(message);
    if !is_replaced {
        tx.after(Event::Group(GroupEvent::Streamed {
            group: group.id.clone(),
            conversation: group.conversation,
            message: Arc::clone(&message),
            chunks: new,
        }));
    }
    if is_replaced || is_last {
        // Whoever missed a chunk has the whole text at the end, and nobody sees one with a word that was replaced.
        tx.after(Event::Group(GroupEvent::Modified {
            group: group.id.clone(),
            conversation: group.conversation,
            message: Arc::clone(&message),
        }));
    }
    Ok(Extended { message, review })
}
