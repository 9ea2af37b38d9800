//! The calls on the list of conversations: pins, marks, deletion, groups.

use contract::frame::wire::{
    ConversationClearRequest, ConversationDeleteRequest, ConversationGroupRequest, ConversationMarkRequest,
    ConversationPinRequest,
};
use contract::limit;

use crate::client::{Client, account, unexpected};
use crate::core::{Answer, Ask, ListChange};
use crate::error::{Error, Result};
use crate::message::RefusedConversation;

impl Client {
    /// Pins a conversation above the others, or takes the pin away. An account pins up to 50.
    pub async fn pin_conversation(&self, peer: &str, is_pinned: bool) -> Result<()> {
        account(peer)?;
        let body = ConversationPinRequest { peer: peer.into(), pin: is_pinned };
        self.change_list(ListChange::Pin(body)).await.map(|_| ())
    }

    /// Sets and clears marks of up to 100 conversations: bits 0 to 31 are the contract's (0 star, 1 unread, 2 folded,
    /// 3 hidden), the others are free. Answers those that were left out.
    pub async fn mark_conversations(&self, peers: &[&str], set: u64, clear: u64) -> Result<Vec<RefusedConversation>> {
        let peers = batch(peers)?;
        let body = ConversationMarkRequest { peers, set, clear, ..ConversationMarkRequest::default() };
        self.change_list(ListChange::Mark(body)).await
    }

    /// Sets the custom mark of up to 100 conversations; an empty one clears it. Answers those that were left out.
    pub async fn set_conversation_mark(&self, peers: &[&str], custom: &str) -> Result<Vec<RefusedConversation>> {
        if custom.len() > limit::CUSTOM_MARK_BYTES {
            return Err(Error::InvalidArgument("custom: up to 256 bytes"));
        }
        let (peers, custom) = (batch(peers)?, custom.to_owned());
        let body = ConversationMarkRequest { peers, has_custom: true, custom, ..ConversationMarkRequest::default() };
        self.change_list(ListChange::Mark(body)).await
    }

    /// Takes up to 100 conversations out of the list until their next messages; `clears` also takes their history away
    /// from this account. Answers those that were left out.
    pub async fn delete_conversations(&self, peers: &[&str], clears: bool) -> Result<Vec<RefusedConversation>> {
        let body = ConversationDeleteRequest { peers: batch(peers)?, clear: clears };
        self.change_list(ListChange::Delete(body)).await
    }

    /// Takes the history of a conversation away from this account; the conversation stays in the list.
    pub async fn clear_history(&self, peer: &str) -> Result<()> {
        account(peer)?;
        self.change_list(ListChange::Clear(ConversationClearRequest { peer: peer.into() })).await.map(|_| ())
    }

    /// The names of the conversation groups, as the cache knows them.
    pub async fn conversation_groups(&self) -> Result<Vec<String>> {
        self.cache()?.groups().await
    }

    /// Makes a conversation group and puts up to 100 conversations in. Answers those that were left out.
    pub async fn create_conversation_group(&self, name: &str, peers: &[&str]) -> Result<Vec<RefusedConversation>> {
        let body = ConversationGroupRequest { name: group(name)?, add: some(peers)?, ..Default::default() };
        self.change_list(ListChange::CreateGroup(body)).await
    }

    /// Gives a conversation group another name.
    pub async fn rename_conversation_group(&self, name: &str, new_name: &str) -> Result<()> {
        let (name, new_name) = (group(name)?, group(new_name)?);
        let body = ConversationGroupRequest { name, new_name, ..Default::default() };
        self.change_list(ListChange::UpdateGroup(body)).await.map(|_| ())
    }

    /// Puts up to 100 conversations into a group. Answers those that were left out.
    pub async fn add_to_conversation_group(&self, name: &str, peers: &[&str]) -> Result<Vec<RefusedConversation>> {
        let body = ConversationGroupRequest { name: group(name)?, add: batch(peers)?, ..Default::default() };
        self.change_list(ListChange::UpdateGroup(body)).await
    }

    /// Takes up to 100 conversations out of a group. Answers those that were left out.
    pub async fn remove_from_conversation_group(&self, name: &str, peers: &[&str]) -> Result<Vec<RefusedConversation>> {
        let body = ConversationGroupRequest { name: group(name)?, remove: batch(peers)?, ..Default::default() };
        self.change_list(ListChange::UpdateGroup(body)).await
    }

    /// Deletes a conversation group; its conversations stay.
    pub async fn delete_conversation_group(&self, name: &str) -> Result<()> {
        let body = ConversationGroupRequest { name: group(name)?, ..Default::default() };
        self.change_list(ListChange::DeleteGroup(body)).await.map(|_| ())
    }

    async fn change_list(&self, change: ListChange) -> Result<Vec<RefusedConversation>> {
        match self.ask(Ask::ListChange(change)).await? {
            Answer::Changed(refused) => Ok(refused),
            other => Err(unexpected(&other)),
        }
    }
}

fn batch(peers: &[&str]) -> Result<Vec<String>> {
    if peers.is_empty() { Err(Error::InvalidArgument("peers: 1 to 100")) } else { some(peers) }
}

fn some(peers: &[&str]) -> Result<Vec<String>> {
    if peers.len() > limit::MARK_BATCH {
        return Err(Error::InvalidArgument("peers: up to 100"));
    }
    peers.iter().map(|peer| account(peer).map(|()| (*peer).to_owned())).collect()
}

fn group(name: &str) -> Result<String> {
    if name.is_empty() || name.len() > limit::CONVERSATION_GROUP_NAME_BYTES {
        return Err(Error::InvalidArgument("group: 1 to 32 bytes"));
    }
    Ok(name.to_owned())
}
