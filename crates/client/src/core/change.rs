//! What is asked about messages that were sent: edits, extensions, deletions, streams.

use contract::frame::wire::{
    self, DeleteRequest, ExtendAnswer, ExtendRequest, ExtensionsAnswer, ExtensionsRequest, ModifyAnswer, ModifyRequest,
    SendAnswer, SendRequest, StreamRequest,
};
use contract::frame::{Command, Frame};
use contract::message::ExtensionChange;
use contract::stream::{Chunk, Stream};

use crate::core::asks::Context;
use crate::core::calls::malformed;
use crate::core::known::Write;
use crate::core::{Answer, Core};
use crate::error::Result;
use crate::message::{Extended, Extension, MessageId, SendOptions, Sent};

/// What the application asks for.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Modify { id: MessageId, version: u32, body: Option<String>, cloud: Option<String> },
    Extend { id: MessageId, change: ExtensionChange, pairs: Vec<Extension> },
    Extensions { id: MessageId, start: u64 },
    Delete { peer: String, ids: Vec<MessageId> },
    OpenStream { to: String, compatible: String, chunks: Vec<Chunk> },
    ContinueStream { id: MessageId, chunks: Vec<Chunk> },
}

/// What its answer has to be understood with.
pub(super) enum Changing {
    Modify,
    Extend,
    Extensions,
    Delete { peer: String, ids: Vec<MessageId> },
    OpenStream(SendRequest),
    ContinueStream { id: MessageId, chunks: Vec<Chunk> },
}

impl Changing {
    /// Whether a second request after a lost answer does what one would have done.
    pub(super) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Modify | Self::Extend)
    }
}

impl Core {
    pub(super) fn request_change(&mut self, change: Change) -> (Frame, Context) {
        let (frame, changing) = match change {
            Change::Modify { id, version, body, cloud } => {
                let request = ModifyRequest { message: Some(id.into()), version, body, cloud };
                (Frame::request(Command::Modify, &request), Changing::Modify)
            }
            Change::Extend { id, change, pairs } => {
                let extensions = pairs.into_iter().map(Into::into).collect();
                let request = ExtendRequest { message: Some(id.into()), change: change as i32, extensions };
                (Frame::request(Command::ExtensionSet, &request), Changing::Extend)
            }
            Change::Extensions { id, start } => {
                let request = ExtensionsRequest { message: Some(id.into()), start_seq: start };
                (Frame::request(Command::ExtensionGet, &request), Changing::Extensions)
            }
            Change::Delete { peer, ids } => {
                let messages = ids.iter().cloned().map(Into::into).collect();
                let request = DeleteRequest { peer: peer.clone(), messages };
                (Frame::request(Command::Delete, &request), Changing::Delete { peer, ids })
            }
            Change::OpenStream { to, compatible, chunks } => {
                let body = Stream::open(compatible.clone(), &chunks).map_or_else(String::new, |stream| stream.body());
                let draft = self.draft(to.clone(), body, SendOptions::default());
                let request = StreamRequest {
                    to,
                    msg_seq: draft.msg_seq,
                    msg_random: draft.msg_random,
                    compatible_text: compatible,
                    chunks: chunks.into_iter().map(wired).collect(),
                    message: None,
                };
                (Frame::request(Command::Stream, &request), Changing::OpenStream(draft))
            }
            Change::ContinueStream { id, chunks } => {
                let request = StreamRequest {
                    message: Some(id.clone().into()),
                    chunks: chunks.iter().cloned().map(wired).collect(),
                    ..StreamRequest::default()
                };
                (Frame::request(Command::Stream, &request), Changing::ContinueStream { id, chunks })
            }
        };
        (frame, Context::Change(Box::new(changing)))
    }

    pub(super) fn on_change(&mut self, changing: Changing, frame: &Frame) -> Result<Answer> {
        match changing {
            Changing::Modify => {
                let answer = frame.read::<ModifyAnswer>().map_err(|_| malformed("modify"))?;
                Ok(Answer::Version(answer.version))
            }
            Changing::Extend => {
                let answer = frame.read::<ExtendAnswer>().map_err(|_| malformed("a change of extensions"))?;
                let item = |item: wire::extend_answer::Item| Extended {
                    code: item.code,
                    pair: item.extension.unwrap_or_default().into(),
                };
                Ok(Answer::Extended(answer.items.into_iter().map(item).collect()))
            }
            Changing::Extensions => {
                let answer = frame.read::<ExtensionsAnswer>().map_err(|_| malformed("extensions"))?;
                let pairs = answer.extensions.into_iter().map(Extension::from).collect();
                Ok(Answer::Extensions(pairs, answer.finished))
            }
            Changing::Delete { peer, ids } => {
                self.write(Write::Deleted { peer: peer.clone(), ids });
                self.changed(vec![peer]);
                Ok(Answer::Nothing)
            }
            Changing::OpenStream(draft) => self.on_sent(draft, frame),
            Changing::ContinueStream { id, chunks } => {
                let answer = frame.read::<SendAnswer>().map_err(|_| malformed("stream"))?;
                self.write(Write::Streamed { peer: id.to.clone(), id: id.clone(), version: None, chunks });
                Ok(Answer::Sent(Sent { key: id.key, seq: answer.seq }))
            }
        }
    }
}

fn wired(chunk: Chunk) -> wire::Chunk {
    wire::Chunk { index: chunk.index, markdown: chunk.markdown, last: chunk.is_last }
}
