//! Groups: their members, their messages, and what a device may do with both. `data`: what else they have, and live rooms.
//!
//! What the gateway says of groups is handed on as it travels; nothing of it is kept here. An application asks for what
//! came [`since`](Groups::since) the last place that it knows, also when it is told of a gap.

mod data;

use contract::frame::wire::{
    self, GroupAdded, GroupAnswerRequest, GroupForgetRequest, GroupHistoryRequest, GroupInfos, GroupJoinAnswer,
    GroupJoinRequest, GroupJoinedRequest, GroupMemberPage, GroupMemberRef, GroupMembersQuery, GroupMembersRequest,
    GroupModifyRequest, GroupPairs, GroupPairsRequest, GroupPlaces, GroupReaders, GroupReadersRequest, GroupRef,
    GroupRequests, GroupTallies, GroupsRequest,
};
use contract::frame::{Body, Command, Frame};

use crate::Client;
use crate::error::{Error, Result};

pub use contract::frame::wire::{
    AttributeChange, Attributes, AttributesNotice, CounterMode, CountersNotice, GroupOutcomes, LiveEntered, LiveGuests,
    LiveTraffic, PermissionGroupRequest, PermissionGroups, PermissionMembers, PermissionTopics, TopicHeads,
    TopicNotice, TopicRequest, Topics,
};
pub use contract::frame::wire::{
    GroupChangeNotice, GroupChangeRequest, GroupCreateRequest, GroupInfo, GroupMember, GroupMemberChange, GroupMessage,
    GroupMessageNotice, GroupPage, GroupReceiptNotice, GroupSendAnswer, GroupSendRequest, SystemNotice,
};

/// What happened in a group.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupEvent {
    /// A message, or a tip.
    Message(GroupMessageNotice),
    /// Something that the account alone is told, or what the app says.
    Notice(SystemNotice),
    /// Messages were recalled, changed or cleared, the account read elsewhere, or the group is another than before.
    Changed(GroupChangeNotice),
    /// Others read messages of this account.
    Receipts(GroupReceiptNotice),
    /// Something was left out: ask for what came since.
    Gap,
    /// Attributes of a group changed.
    Attributes(AttributesNotice),
    /// Counters of a group changed.
    Counters(CountersNotice),
    /// A topic of a community was made, changed or deleted.
    Topic(TopicNotice),
    /// What members of a community may do changed.
    Permissions(String),
    /// Who came into a live room and who left.
    Traffic(LiveTraffic),
    /// The account is in a live room no more, by its id.
    LiveOver(String),
}

/// Calls on groups, in the name of the account that is logged in.
#[derive(Clone)]
pub struct Groups(pub(crate) Client);

impl Groups {
    /// Creates a group of which the account is the owner; answers its id.
    pub async fn create(&self, group: &GroupCreateRequest) -> Result<String> {
        let made: GroupRef = self.ask(Command::GroupCreate, group).await?;
        Ok(made.group)
    }

    /// Joins a group. A number says that its admins have to approve: it names the request.
    pub async fn join(&self, group: &str, wording: &str) -> Result<Option<i64>> {
        let ask = GroupJoinRequest { group: group.into(), wording: wording.into() };
        let answer: GroupJoinAnswer = self.ask(Command::GroupJoin, &ask).await?;
        Ok((answer.request != 0).then_some(answer.request))
    }

    /// Leaves a group.
    pub async fn quit(&self, group: &str) -> Result<()> {
        self.tell(Command::GroupQuit, &reference(group)).await
    }

    /// Adds others, or invites them. Answers each with 0 not added, 1 in, 2 was in, 3 asked.
    pub async fn invite(&self, group: &str, accounts: &[&str]) -> Result<Vec<(String, i32)>> {
        let answer: GroupAdded = self.ask(Command::GroupInvite, &members(group, accounts, "")).await?;
        Ok(answer.results.into_iter().map(|it| (it.account, it.result)).collect())
    }

    /// Removes members.
    pub async fn kick(&self, group: &str, accounts: &[&str], reason: &str) -> Result<()> {
        self.tell(Command::GroupKick, &members(group, accounts, reason)).await
    }

    /// Changes a member: its role, its card, whether it may write.
    pub async fn change_member(&self, change: &GroupMemberChange) -> Result<()> {
        self.tell(Command::GroupMemberChange, change).await
    }

    /// Gives a group to another owner.
    pub async fn transfer(&self, group: &str, account: &str) -> Result<()> {
        let ask = GroupMemberRef { group: group.into(), account: account.into() };
        self.tell(Command::GroupTransfer, &ask).await
    }

    /// Disbands a group.
    pub async fn disband(&self, group: &str) -> Result<()> {
        self.tell(Command::GroupDisband, &reference(group)).await
    }

    /// Changes what a group says of itself.
    pub async fn change(&self, change: &GroupChangeRequest) -> Result<()> {
        self.tell(Command::GroupChange, change).await
    }

    /// What up to 50 groups say of themselves; one that is not there has a code.
    pub async fn info(&self, groups: &[&str]) -> Result<Vec<GroupInfo>> {
        let ask = GroupsRequest { groups: groups.iter().map(ToString::to_string).collect() };
        let found: GroupInfos = self.ask(Command::GroupInfo, &ask).await?;
        Ok(found.groups)
    }

    /// A page of the groups that the account is in, behind an id; and whether it is the last one.
    pub async fn joined(&self, after: &str) -> Result<(Vec<GroupInfo>, bool)> {
        let found: GroupInfos = self.ask(Command::GroupJoined, &GroupJoinedRequest { after: after.into() }).await?;
        Ok((found.groups, found.finished))
    }

    /// A page of members behind a name, and whether it is the last one.
    pub async fn members(&self, group: &str, after: &str, count: u32) -> Result<(Vec<GroupMember>, bool)> {
        let ask = GroupMembersQuery { group: group.into(), after: after.into(), count, roles: Vec::new() };
        let page: GroupMemberPage = self.ask(Command::GroupMembers, &ask).await?;
        Ok((page.members, page.finished))
    }

    /// What waits for the account's answer: as an admin of a group, or without one the invitations to itself.
    pub async fn requests(&self, group: Option<&str>) -> Result<Vec<wire::group_requests::Item>> {
        let found: GroupRequests = self.ask(Command::GroupRequests, &reference(group.unwrap_or_default())).await?;
        Ok(found.requests)
    }

    /// Answers a request to join, or an invitation.
    pub async fn answer(&self, group: &str, number: i64, granted: bool, wording: &str) -> Result<()> {
        let ask = GroupAnswerRequest { group: group.into(), number, granted, wording: wording.into() };
        self.tell(Command::GroupAnswer, &ask).await
    }

    /// Sends a message. It keeps its random number when it travels again, so it is there once.
    pub async fn send(&self, message: &GroupSendRequest) -> Result<GroupSendAnswer> {
        self.ask(Command::GroupSend, message).await
    }

    /// Sends a text.
    pub async fn send_text(&self, group: &str, text: &str) -> Result<GroupSendAnswer> {
        let (group, body, random) = (group.into(), crate::text(text), rand::random());
        self.send(&GroupSendRequest { group, body, random, ..Default::default() }).await
    }

    /// Recalls messages: all of them, or none if one may not be.
    pub async fn recall(&self, group: &str, seqs: &[u64], reason: &str) -> Result<()> {
        self.tell(Command::GroupRecall, &places(group, seqs, reason)).await
    }

    /// Changes a message; what is none stays.
    pub async fn modify(&self, group: &str, seq: u64, body: Option<&str>, cloud: Option<&str>) -> Result<()> {
        let (body, cloud) = (body.unwrap_or_default().into(), cloud.map(Into::into));
        self.tell(Command::GroupModify, &GroupModifyRequest { group: group.into(), seq, body, cloud }).await
    }

    /// Takes up to 30 messages out of the account's own view.
    pub async fn delete(&self, group: &str, seqs: &[u64]) -> Result<()> {
        self.tell(Command::GroupDelete, &places(group, seqs, "")).await
    }

    /// A page of history backwards from a place, 0 for the newest.
    pub async fn history(&self, group: &str, from: u64, count: u32) -> Result<GroupPage> {
        self.ask(Command::GroupHistory, &place(group, from, count)).await
    }

    /// What came behind a place, oldest first.
    pub async fn since(&self, group: &str, behind: u64, count: u32) -> Result<GroupPage> {
        self.ask(Command::GroupSince, &place(group, behind, count)).await
    }

    /// Moves the account's read mark to a place, 0 for the newest.
    pub async fn read(&self, group: &str, seq: u64) -> Result<()> {
        self.tell(Command::GroupRead, &place(group, seq, 0)).await
    }

    /// Gives receipts for messages that asked for them.
    pub async fn give_receipts(&self, group: &str, seqs: &[u64]) -> Result<()> {
        self.tell(Command::GroupReceiptGive, &places(group, seqs, "")).await
    }

    /// How many have read messages, and how many have not; a code for those of which nothing is known.
    pub async fn receipts(&self, group: &str, seqs: &[u64]) -> Result<Vec<wire::group_tallies::Tally>> {
        let found: GroupTallies = self.ask(Command::GroupReceiptCount, &places(group, seqs, "")).await?;
        Ok(found.tallies)
    }

    /// Who has read a message, or who has not, behind a name; and whether the page is the last one.
    pub async fn readers(&self, group: &str, seq: u64, has_read: bool, after: &str) -> Result<(Vec<String>, bool)> {
        let ask = GroupReadersRequest { group: group.into(), seq, has_read, after: after.into(), count: 0 };
        let found: GroupReaders = self.ask(Command::GroupReaders, &ask).await?;
        Ok((found.accounts, found.finished))
    }

    /// Changes pairs of a message. A pair that somebody else changed since answers a code and what it is now.
    pub async fn set_pairs(&self, change: &GroupPairsRequest) -> Result<GroupPairs> {
        self.ask(Command::GroupPairsSet, change).await
    }

    /// Reads pairs of a message from a place on.
    pub async fn pairs(&self, group: &str, seq: u64, start: u64) -> Result<GroupPairs> {
        self.ask(Command::GroupPairsGet, &GroupPairsRequest { group: group.into(), seq, start, ..Default::default() })
            .await
    }

    /// Takes a group out of the account's list until its next message; with `clear` its history too.
    pub async fn forget(&self, group: &str, clear: bool) -> Result<()> {
        self.tell(Command::GroupForget, &GroupForgetRequest { group: group.into(), clear }).await
    }

    async fn tell(&self, command: Command, ask: &impl Body) -> Result<()> {
        self.0.plain(Frame::request(command, ask)).await.map(drop)
    }

    async fn ask<T: Body + Default>(&self, command: Command, ask: &impl Body) -> Result<T> {
        let answer = self.0.plain(Frame::request(command, ask)).await?;
        answer.read().map_err(|_| Error::Protocol(format!("the answer to {} cannot be read", command.as_str_name())))
    }
}

fn reference(group: &str) -> GroupRef {
    GroupRef { group: group.into() }
}

fn members(group: &str, accounts: &[&str], reason: &str) -> GroupMembersRequest {
    let accounts = accounts.iter().map(ToString::to_string).collect();
    GroupMembersRequest { group: group.into(), accounts, reason: reason.into() }
}

fn places(group: &str, seqs: &[u64], reason: &str) -> GroupPlaces {
    GroupPlaces { group: group.into(), seqs: seqs.to_vec(), reason: reason.into() }
}

fn place(group: &str, seq: u64, count: u32) -> GroupHistoryRequest {
    GroupHistoryRequest { group: group.into(), seq, count }
}
