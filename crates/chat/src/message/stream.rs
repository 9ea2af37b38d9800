//! Stream messages: sent like any other with their first chunks, then continued chunk by chunk.
//!
//! Each continuation rewrites the message's body, so history and devices that were away see how far the text has come
//! and nothing is left to be put together when the stream ends or its sender dies.

use std::sync::Arc;

use contract::error::refuse;
use contract::event::Event;
use contract::message::{Flags, Message};
use contract::stream::{Chunk, Stream};
use contract::{ConversationId, Fault, Millis, Result, Seq, limit};
use store::apps::App;
use store::{Snapshot, Tx, streams};

use super::change::{Actor, Named, find, store_edit};
use crate::moderation::Passed;

/// Counts a stream that is about to begin, where the app's plan bounds them, and forgets those that fell silent.
pub fn begin(tx: &mut Tx<'_>, now: Millis, app: &App) -> Result<()> {
    streams::forget(tx, now.plus(-limit::STREAM_SILENCE_MS))?;
    if let Some(max) = app.plan().allowance().streams_per_day
        && streams::count_day(tx, now)? > max
    {
        return refuse(Fault::FeatureNotInPlan);
    }
    Ok(())
}

/// What a stream is continued with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Chunks that know their numbers, so that those that come twice are told.
    Numbered(Vec<Chunk>),
    /// The next text, and whether it is the last.
    Next(String, bool),
}

/// What a stream has come to.
#[derive(Debug, Clone)]
pub struct Extended {
    /// The message as it is now.
    pub message: Arc<Message>,
    /// The words that an operator is told of, that were not in it before.
    pub review: Vec<String>,
}

/// Continues a stream. Chunks that it has already are passed over, so that a call may be repeated.
///
/// `check` looks for words. A word may come in two pieces, so it sees the end of what was there as well; that is known
/// only here, and it is short.
pub fn extend(
    tx: &mut Tx<'_>,
    now: Millis,
    actor: &Actor,
    named: &Named,
    piece: &Piece,
    check: impl Fn(&str) -> Result<Passed, Fault>,
) -> Result<Extended> {
    let Some((view, mut message)) = find(tx, actor, named)? else { return refuse(Fault::MessageUnknown) };
    if message.flags.has(Flags::RECALLED) {
        return refuse(Fault::MessageRecalled);
    }
    if *actor.user() != message.sender && matches!(actor, Actor::Member(_)) {
        return refuse(Fault::NotSender);
    }
    let place = Growing { conversation: view.conversation(), seq: message.seq, at: message.at };
    let Some(grown) = grow(tx, now, &place, (&message.body, &message.cloud), piece, check)? else {
        return Ok(Extended { message: Arc::new(message), review: Vec::new() });
    };
    let Grown { body, new, is_replaced, is_last, review } = grown;
    message.body = Arc::from(body);
    store_edit(tx, now, &view, &mut message)?;
    let message = Arc::new(message);
    if !is_replaced {
        tx.after(Event::MessageStreamed { message: Arc::clone(&message), chunks: new });
    }
    if is_replaced || is_last {
        // Whoever missed a chunk has the whole text at the end, and nobody sees one with a word that was replaced.
        tx.after(Event::MessageModified { message: Arc::clone(&message) });
    }
    Ok(Extended { message, review })
}

/// A stream message, wherever it is.
pub(crate) struct Growing {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    /// When it was sent.
    pub(crate) at: Millis,
}

/// What a stream is after another piece.
pub(crate) struct Grown {
    pub(crate) body: String,
    /// What is new in it.
    pub(crate) new: Vec<Chunk>,
    /// A word was replaced, so that the new chunks are not what it says.
    pub(crate) is_replaced: bool,
    /// It has ended.
    pub(crate) is_last: bool,
    /// The words that an operator is told of, that were not in it before.
    pub(crate) review: Vec<String>,
}

/// Adds a piece to a stream whose body and custom data are these; none if it has the piece already.
pub(crate) fn grow(
    tx: &mut Tx<'_>,
    now: Millis,
    message: &Growing,
    (body, cloud): (&str, &str),
    piece: &Piece,
    check: impl Fn(&str) -> Result<Passed, Fault>,
) -> Result<Option<Grown>> {
    let Some(mut stream) = Stream::parse(body) else { return refuse(Fault::StreamEnded) };
    let held = stream.whole.markdown.len();
    let new = match piece {
        Piece::Numbered(chunks) => stream.append(chunks)?,
        Piece::Next(markdown, is_last) => {
            let index = stream.whole.index.saturating_add(1);
            stream.append(&[Chunk { index, markdown: markdown.clone(), is_last: *is_last }])?
        }
    };
    if new.is_empty() {
        return Ok(None);
    }
    if is_silent(tx, now, message)? {
        return refuse(Fault::StreamEnded);
    }
    let calls = streams::note(tx, message.conversation, message.seq, now)?;
    if calls > limit::STREAM_CALLS_PER_SECOND {
        return refuse(Fault::CallThrottled);
    }
    if stream.body().len() + cloud.len() > limit::STREAM_BYTES {
        return refuse(Fault::MessageTooLong { max: limit::STREAM_BYTES });
    }
    let (is_replaced, review) = censor(&mut stream.whole.markdown, held, check)?;
    let is_last = stream.whole.is_last;
    if is_last {
        streams::end(tx, message.conversation, message.seq)?;
    }
    Ok(Some(Grown { body: stream.body(), new, is_replaced, is_last, review }))
}

/// Bytes before a new chunk in which a word may have begun. Words are far shorter; what stands between their letters
/// and is of no consequence needs room too.
const OVERLAP_BYTES: usize = 1_024;

/// Looks for words in a text that has grown beyond `held` bytes, and replaces what is to be replaced. Answers whether
/// anything was, and the words to be told of that were not there before.
fn censor(
    text: &mut String,
    held: usize,
    check: impl Fn(&str) -> Result<Passed, Fault>,
) -> Result<(bool, Vec<String>), Fault> {
    let start = text.floor_char_boundary(held.saturating_sub(OVERLAP_BYTES));
    let Passed { replaced, mut review } = check(&text[start..])?;
    if !review.is_empty() {
        let before = check(&text[start..held])?.review;
        review.retain(|word| !before.contains(word));
    }
    if let Some(replaced) = &replaced {
        text.replace_range(start.., replaced);
    }
    Ok((replaced.is_some(), review))
}

/// Whether a message with a body is a stream that may still grow.
pub(crate) fn is_open(snapshot: &mut Snapshot<'_>, now: Millis, message: &Growing, body: &str) -> Result<bool> {
    // Most messages are not, and their bodies are not parsed.
    let is_growing = body.contains("TIMStreamElem") && Stream::parse(body).is_some_and(|stream| !stream.whole.is_last);
    Ok(is_growing && !is_silent(snapshot, now, message)?)
}

fn is_silent(snapshot: &mut Snapshot<'_>, now: Millis, message: &Growing) -> Result<bool> {
    let last_at = streams::last_at(snapshot, message.conversation, message.seq)?.unwrap_or(message.at);
    Ok(now.0 - last_at.0 > limit::STREAM_SILENCE_MS)
}
