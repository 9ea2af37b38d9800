//! What an application does with messages that were sent.

use contract::limit;
use contract::message::ExtensionChange;
use contract::stream::{Chunk, check_order};

use super::{Client, account, unexpected};
use crate::core::{Answer, Ask, Change};
use crate::error::{Error, Result};
use crate::message::{Extended, Extension, Message, MessageId, Sent};

impl Client {
    /// Changes body or custom data of a message, sent by this account or by the peer; what is none stays. Both sides
    /// get [`crate::Event::Modified`], this client too. If the message has a newer version than the one that is given,
    /// that is refused. Answers the new version. A change whose answer was lost is not repeated.
    pub async fn modify(&self, message: &Message, body: Option<String>, cloud: Option<String>) -> Result<u32> {
        if body.is_none() && cloud.is_none() {
            return Err(Error::InvalidArgument("body, cloud: at least one"));
        }
        let (id, version) = (message.id(), message.version);
        match self.change(Change::Modify { id, version, body, cloud }).await? {
            Answer::Version(version) => Ok(version),
            other => Err(unexpected(&other)),
        }
    }

    /// Attaches pairs to a message, or changes them. Each names the sequence that this client knows of it, 0 for a new
    /// one; a pair that somebody else changed since is answered as it is. A change whose answer was lost is not repeated.
    pub async fn set_extensions(&self, message: MessageId, pairs: Vec<Extension>) -> Result<Vec<Extended>> {
        self.extend(message, ExtensionChange::Set, pairs).await
    }

    /// Removes pairs from a message, by key and sequence as in [`Client::set_extensions`].
    pub async fn remove_extensions(&self, message: MessageId, pairs: Vec<Extension>) -> Result<Vec<Extended>> {
        self.extend(message, ExtensionChange::Remove, pairs).await
    }

    /// Removes all pairs from a message.
    pub async fn clear_extensions(&self, message: MessageId) -> Result<()> {
        self.change(Change::Extend { id: message, change: ExtensionChange::Clear, pairs: Vec::new() }).await.map(|_| ())
    }

    async fn extend(&self, id: MessageId, change: ExtensionChange, pairs: Vec<Extension>) -> Result<Vec<Extended>> {
        if pairs.is_empty() || pairs.len() > limit::EXTENSION_BATCH {
            return Err(Error::InvalidArgument("pairs: 1 to 20"));
        }
        match self.change(Change::Extend { id, change, pairs }).await? {
            Answer::Extended(list) => Ok(list),
            other => Err(unexpected(&other)),
        }
    }

    /// All pairs of a message, in the order of their last changes.
    pub async fn extensions(&self, message: MessageId) -> Result<Vec<Extension>> {
        let mut all: Vec<Extension> = Vec::new();
        // A message has at most two pages; pairs that change meanwhile move to the end.
        while all.len() <= limit::EXTENSIONS_PER_MESSAGE + limit::EXTENSION_PAGE {
            let start = all.last().map_or(0, |pair| pair.seq + 1);
            match self.change(Change::Extensions { id: message.clone(), start }).await? {
                Answer::Extensions(pairs, is_complete) => {
                    all.retain(|known| pairs.iter().all(|pair| pair.key != known.key));
                    let is_over = is_complete || pairs.is_empty();
                    all.extend(pairs);
                    if is_over {
                        break;
                    }
                }
                other => return Err(unexpected(&other)),
            }
        }
        Ok(all)
    }

    /// Deletes messages of one conversation from this account's view; the peer keeps them.
    pub async fn delete_messages(&self, peer: &str, messages: Vec<MessageId>) -> Result<()> {
        account(peer)?;
        if messages.is_empty() || messages.len() > limit::DELETE_BATCH_DEVICE {
            return Err(Error::InvalidArgument("messages: 1 to 50"));
        }
        self.change(Change::Delete { peer: peer.into(), ids: messages }).await.map(|_| ())
    }

    /// Sends a message that grows: its first chunks, and a text for clients that do not know streams.
    pub async fn open_stream(&self, to: &str, compatible: &str, chunks: Vec<Chunk>) -> Result<Sent> {
        account(to)?;
        check_chunks(&chunks)?;
        self.stream(Change::OpenStream { to: to.into(), compatible: compatible.into(), chunks }).await
    }

    /// Adds chunks to a stream of this account. Their numbers follow those before, so what is sent twice is there once.
    /// The stream ends with a chunk that says so, or when none comes for 15 seconds.
    pub async fn continue_stream(&self, message: MessageId, chunks: Vec<Chunk>) -> Result<Sent> {
        check_chunks(&chunks)?;
        self.stream(Change::ContinueStream { id: message, chunks }).await
    }

    async fn stream(&self, change: Change) -> Result<Sent> {
        match self.change(change).await? {
            Answer::Sent(sent) => Ok(sent),
            other => Err(unexpected(&other)),
        }
    }

    async fn change(&self, change: Change) -> Result<Answer> {
        self.ask(Ask::Change(Box::new(change))).await
    }
}

fn check_chunks(chunks: &[Chunk]) -> Result<()> {
    if chunks.is_empty() || chunks.len() > limit::STREAM_CHUNKS || check_order(chunks).is_err() {
        return Err(Error::InvalidArgument("chunks: 1 to 100 that follow each other, none behind the last"));
    }
    Ok(())
}
