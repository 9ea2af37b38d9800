//! Relations of the account: friends, friend groups, friend requests, the blocklist.
//!
//! Calls go to the server; nothing of this is cached on disk. [`FriendList`] is a list that an application keeps: it
//! remembers up to which version it is complete, and [`Relations::sync`] brings what changed since.

use std::collections::BTreeMap;

use contract::codes::Relation as Code;
use contract::frame::Frame;
use contract::frame::wire::{self, custom_value};
use contract::frame::{Body, Command};
use contract::limit;

use crate::client::{Client, account};
use crate::error::{Error, Result};

/// The value of a field of the app's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Custom {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// A friend, as this account has noted it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Friend {
    /// Who.
    pub account: String,
    /// What the account calls the friend; empty means nothing.
    pub remark: String,
    /// The friend groups that it is in.
    pub groups: Vec<String>,
    /// Where they met; empty means unknown.
    pub source: String,
    /// What the request said.
    pub wording: String,
    /// When they became friends, in seconds since the epoch.
    pub added_at: i64,
    /// The app's own fields by their tags.
    pub custom: BTreeMap<String, Custom>,
}

impl From<wire::Friend> for Friend {
    fn from(friend: wire::Friend) -> Self {
        let wire::Friend { account, remark, groups, source, wording, added_at, custom } = friend;
        let value = |value: wire::CustomValue| match value.value? {
            custom_value::Value::Text(text) => Some(Custom::Text(text)),
            custom_value::Value::Number(number) => Some(Custom::Number(number)),
        };
        let custom = custom.into_iter().filter_map(|(tag, kept)| Some((tag, value(kept)?))).collect();
        Self { account, remark, groups, source, wording, added_at, custom }
    }
}

/// What a new friend is asked for with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddFriend {
    /// What this account will call the friend; at most 96 bytes.
    pub remark: String,
    /// The friend group for the friend; at most 30 bytes. It is made if it is not there.
    pub group: String,
    /// `AddSource_Type_` and at most 8 letters, or empty.
    pub source: String,
    /// What the request says; at most 256 bytes.
    pub wording: String,
    /// Only this account's list gets the friend, who is not asked.
    pub single: bool,
}

/// What became of the wish for a friend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// They are friends.
    Friends,
    /// The other account is asked.
    Pending,
}

/// What to note of a friend; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateFriend {
    /// What this account calls the friend; empty means nothing.
    pub remark: Option<String>,
    /// All groups that the friend is in from now on.
    pub groups: Option<Vec<String>>,
    /// The app's own fields by their tags; an empty text takes a field away.
    pub custom: BTreeMap<String, Custom>,
}

/// What became of one account of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The account.
    pub account: String,
    /// 0, or the published code that says why not.
    pub code: i32,
    /// The short text of the code.
    pub text: String,
}

/// Who of two has whom in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutual {
    /// Neither.
    Neither,
    /// This account has the other one.
    Own,
    /// The other one has this account.
    Others,
    /// Each has the other.
    Each,
}

/// A friend request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendRequest {
    /// The other side.
    pub account: String,
    /// Seconds since the epoch.
    pub asked_at: i64,
    /// Where they met.
    pub source: String,
    /// What the request says.
    pub wording: String,
    /// This account has not looked at it yet.
    pub unread: bool,
}

/// Friend requests, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FriendRequests {
    /// The requests.
    pub requests: Vec<FriendRequest>,
    /// How many of them this account has not looked at.
    pub unread: u32,
    /// The version of the requests, which [`Relations::read_requests`] takes.
    pub version: i64,
}

/// An entry of the blocklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Who.
    pub account: String,
    /// Since when, in seconds since the epoch.
    pub blocked_at: i64,
}

/// A friend group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendGroup {
    /// Its name.
    pub name: String,
    /// How many friends are in it.
    pub count: u32,
}

/// The version of each part of the account's relations: what an application holds of the same version is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelationVersions {
    /// The list of friends.
    pub friends: i64,
    /// The names of friend groups.
    pub groups: i64,
    /// The blocklist.
    pub blocks: i64,
    /// Friend requests.
    pub requests: i64,
}

impl From<wire::RelationVersions> for RelationVersions {
    fn from(versions: wire::RelationVersions) -> Self {
        let wire::RelationVersions { friends, groups, blocks, requests } = versions;
        Self { friends, groups, blocks, requests }
    }
}

/// A list of friends that is kept and brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FriendList {
    version: i64,
    friends: BTreeMap<String, Friend>,
}

impl FriendList {
    /// The friends by their names.
    pub const fn friends(&self) -> &BTreeMap<String, Friend> {
        &self.friends
    }

    /// Up to which version it is complete.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Takes a page of changes. Answers whether it was the last.
    fn take(&mut self, page: wire::FriendPage) -> bool {
        if page.reset {
            self.friends.clear();
        }
        for account in page.removed {
            self.friends.remove(&account);
        }
        for friend in page.friends {
            self.friends.insert(friend.account.clone(), friend.into());
        }
        self.version = page.next;
        page.finished
    }
}

/// Calls on the relations of the account that is logged in.
#[derive(Clone)]
pub struct Relations(pub(crate) Client);

/// Pages of one walk: far more than the bounds of the lists allow.
const PAGES_MAX: usize = 1_000;

impl Relations {
    /// Brings a list of friends up to date. Answers whether anything had changed.
    pub async fn sync(&self, list: &mut FriendList) -> Result<bool> {
        let before = list.version;
        for _ in 0..PAGES_MAX {
            let ask = wire::RelationPage { after: list.version, ..Default::default() };
            let page = self.ask(Command::Friends, &ask).await?;
            if list.take(page) {
                return Ok(list.version != before);
            }
        }
        Err(Error::Protocol("the list of friends has no end".into()))
    }

    /// Where each part of the relations stands, for those who come back after a pause.
    pub async fn versions(&self) -> Result<RelationVersions> {
        let versions: wire::RelationVersions =
            self.ask(Command::RelationVersions, &wire::RelationPage::default()).await?;
        Ok(versions.into())
    }

    /// Adds a friend, or asks it. That it is asked is no error.
    pub async fn add_friend(&self, user: &str, add: AddFriend) -> Result<Added> {
        account(user)?;
        let AddFriend { remark, group, source, wording, single } = add;
        let ask = wire::FriendAddRequest {
            account: user.into(),
            remark,
            group,
            source,
            wording,
            single,
            ..Default::default()
        };
        match self.tell(Command::FriendAdd, &ask).await {
            Ok(()) => Ok(Added::Friends),
            Err(Error::Refused { code, .. }) if Some(code) == Code::RequestPending.row().number() => Ok(Added::Pending),
            Err(error) => Err(error),
        }
    }

    /// Removes 1–100 friends; with `both` this account goes out of their lists too.
    pub async fn delete_friends(&self, users: &[&str], both: bool) -> Result<Vec<Outcome>> {
        self.each(Command::FriendDelete, &items(users, 100, both)?).await
    }

    /// Notes things of a friend.
    pub async fn update_friend(&self, user: &str, update: UpdateFriend) -> Result<()> {
        account(user)?;
        let value = |value| match value {
            Custom::Text(text) => custom_value::Value::Text(text),
            Custom::Number(number) => custom_value::Value::Number(number),
        };
        let custom = update.custom.into_iter();
        let ask = wire::FriendUpdateRequest {
            account: user.into(),
            remark: update.remark,
            groups: update.groups.map(|names| wire::FriendGroupNames { names, ..Default::default() }),
            custom: custom.map(|(tag, kept)| (tag, wire::CustomValue { value: Some(value(kept)) })).collect(),
            ..Default::default()
        };
        self.tell(Command::FriendUpdate, &ask).await
    }

    /// What is noted of 1–20 friends, in the order asked; whoever is none has an outcome with a code.
    pub async fn friends(&self, users: &[&str]) -> Result<Vec<Result<Friend, Outcome>>> {
        let answer: wire::FriendAnswer = self.ask(Command::FriendGet, &items(users, 20, false)?).await?;
        let one = |item: wire::friend_answer::Item| match item.friend {
            Some(friend) => Ok(friend.into()),
            None => Err(Outcome { account: item.account, code: item.code, text: item.text }),
        };
        Ok(answer.items.into_iter().map(one).collect())
    }

    /// Tells for 1–1,000 accounts whether they are friends; with `both` also whether this account is one of theirs.
    pub async fn check_friends(&self, users: &[&str], both: bool) -> Result<Vec<Result<Mutual, Outcome>>> {
        let ask = items(users, limit::RELATION_BATCH, both)?;
        let answer: wire::RelationCheckAnswer = self.ask(Command::FriendCheck, &ask).await?;
        let one = |item: wire::relation_check_answer::Item| match (item.code, item.relation()) {
            (0, wire::Mutual::Neither) => Ok(Mutual::Neither),
            (0, wire::Mutual::Own) => Ok(Mutual::Own),
            (0, wire::Mutual::Others) => Ok(Mutual::Others),
            (0, wire::Mutual::Each) => Ok(Mutual::Each),
            (code, _) => Err(Outcome { account: item.account, code, text: item.text }),
        };
        Ok(answer.items.into_iter().map(one).collect())
    }

    /// The friend requests that wait for this account's answer.
    pub async fn received_requests(&self) -> Result<FriendRequests> {
        self.requests(false).await
    }

    /// The friend requests that this account sent and that wait.
    pub async fn sent_requests(&self) -> Result<FriendRequests> {
        self.requests(true).await
    }

    async fn requests(&self, sent: bool) -> Result<FriendRequests> {
        let mut all = FriendRequests::default();
        let mut after = 0;
        for _ in 0..PAGES_MAX {
            let ask = wire::RequestsRequest { sent, after, ..Default::default() };
            let page: wire::RequestPage = self.ask(Command::Requests, &ask).await?;
            let one = |it: wire::FriendRequest| {
                let wire::FriendRequest { account, asked_at, source, wording, unread } = it;
                FriendRequest { account, asked_at, source, wording, unread }
            };
            all.requests.extend(page.requests.into_iter().map(one));
            (all.unread, all.version, after) = (page.unread, page.version, page.next);
            if page.finished {
                return Ok(all);
            }
        }
        Err(Error::Protocol("the list of requests has no end".into()))
    }

    /// Notes that this account has looked at the requests that it received up to a version; 0 means all there are.
    pub async fn read_requests(&self, version: i64) -> Result<()> {
        let ask = wire::RelationPage { after: version, ..Default::default() };
        self.tell(Command::RequestsRead, &ask).await
    }

    /// Agrees to a request. With `single` the asker gets this account as a friend, but not the other way round.
    pub async fn accept_request(&self, user: &str, remark: &str, single: bool) -> Result<()> {
        account(user)?;
        let ask = wire::RequestAccept { account: user.into(), remark: remark.into(), single, ..Default::default() };
        self.tell(Command::RequestAccept, &ask).await
    }

    /// Refuses a request; the asker may ask again.
    pub async fn refuse_request(&self, user: &str) -> Result<()> {
        self.tell(Command::RequestRefuse, &reference(user, false)?).await
    }

    /// Takes a request away without an answer: one from `user`, or with `sent` one to it.
    pub async fn delete_request(&self, user: &str, sent: bool) -> Result<()> {
        self.tell(Command::RequestDelete, &reference(user, sent)?).await
    }

    /// Puts 1–1,000 accounts on the blocklist; they are friends no more.
    pub async fn block(&self, users: &[&str]) -> Result<Vec<Outcome>> {
        self.each(Command::Block, &items(users, limit::RELATION_BATCH, false)?).await
    }

    /// Takes 1–1,000 accounts off the blocklist.
    pub async fn unblock(&self, users: &[&str]) -> Result<Vec<Outcome>> {
        self.each(Command::Unblock, &items(users, limit::RELATION_BATCH, false)?).await
    }

    /// The blocklist, in the order in which accounts came onto it.
    pub async fn blocklist(&self) -> Result<Vec<Blocked>> {
        let (mut all, mut after) = (Vec::new(), 0);
        for _ in 0..PAGES_MAX {
            let ask = wire::RelationPage { after, count: 500, ..Default::default() };
            let page: wire::BlockPage = self.ask(Command::Blocks, &ask).await?;
            let one = |it: wire::block_page::Entry| Blocked { account: it.account, blocked_at: it.blocked_at };
            all.extend(page.entries.into_iter().map(one));
            after = page.next;
            if page.finished {
                return Ok(all);
            }
        }
        Err(Error::Protocol("the blocklist has no end".into()))
    }

    /// Makes a friend group and puts friends into it.
    pub async fn create_group(&self, name: &str, users: &[&str]) -> Result<Vec<Outcome>> {
        self.each(Command::FriendGroupCreate, &change(name, users, &[])?).await
    }

    /// Removes friend groups; the friends in them stay friends.
    pub async fn delete_groups(&self, names: &[&str]) -> Result<()> {
        let names = names.iter().map(ToString::to_string).collect();
        self.tell(Command::FriendGroupDelete, &wire::FriendGroupNames { names, ..Default::default() }).await
    }

    /// Gives a friend group another name.
    pub async fn rename_group(&self, name: &str, new_name: &str) -> Result<()> {
        let ask = wire::FriendGroupRename { name: name.into(), new_name: new_name.into(), ..Default::default() };
        self.tell(Command::FriendGroupRename, &ask).await
    }

    /// Puts friends into a group and takes others out of it; answers what became of each, those to be put in first.
    pub async fn change_group(&self, name: &str, add: &[&str], remove: &[&str]) -> Result<Vec<Outcome>> {
        self.each(Command::FriendGroupChange, &change(name, add, remove)?).await
    }

    /// The friend groups.
    pub async fn groups(&self) -> Result<Vec<FriendGroup>> {
        let found: wire::FriendGroups = self.ask(Command::FriendGroups, &wire::FriendGroupNames::default()).await?;
        let one = |it: wire::friend_groups::Group| FriendGroup { name: it.name, count: it.count };
        Ok(found.groups.into_iter().map(one).collect())
    }

    async fn each(&self, command: Command, ask: &impl Body) -> Result<Vec<Outcome>> {
        let answer: wire::RelationAnswer = self.ask(command, ask).await?;
        let one = |it: wire::relation_answer::Item| Outcome { account: it.account, code: it.code, text: it.text };
        Ok(answer.items.into_iter().map(one).collect())
    }

    async fn tell(&self, command: Command, ask: &impl Body) -> Result<()> {
        self.0.plain(Frame::request(command, ask)).await.map(drop)
    }

    async fn ask<T: Body + Default>(&self, command: Command, ask: &impl Body) -> Result<T> {
        let answer = self.0.plain(Frame::request(command, ask)).await?;
        answer.read().map_err(|_| Error::Protocol(format!("the answer to {} cannot be read", command.as_str_name())))
    }
}

fn items(users: &[&str], max: usize, both: bool) -> Result<wire::RelationItems> {
    if users.is_empty() || users.len() > max {
        return Err(Error::InvalidArgument("users: none, or more than one call takes"));
    }
    users.iter().try_for_each(|user| account(user))?;
    Ok(wire::RelationItems { accounts: users.iter().map(ToString::to_string).collect(), both, ..Default::default() })
}

fn reference(user: &str, sent: bool) -> Result<wire::RequestRef> {
    account(user)?;
    Ok(wire::RequestRef { account: user.into(), sent, ..Default::default() })
}

fn change(name: &str, add: &[&str], remove: &[&str]) -> Result<wire::FriendGroupChange> {
    if name.is_empty() || name.len() > limit::FRIEND_GROUP_BYTES {
        return Err(Error::InvalidArgument("name: 1 to 30 bytes"));
    }
    if add.len() + remove.len() > limit::RELATION_BATCH {
        return Err(Error::InvalidArgument("users: more than one call takes"));
    }
    add.iter().chain(remove).try_for_each(|user| account(user))?;
    let names = |users: &[&str]| users.iter().map(ToString::to_string).collect();
    Ok(wire::FriendGroupChange { name: name.into(), add: names(add), remove: names(remove), ..Default::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(friends: &[&str], removed: &[&str], reset: bool, next: i64) -> wire::FriendPage {
        let friend = |name: &&str| wire::Friend { account: (*name).into(), ..Default::default() };
        wire::FriendPage {
            friends: friends.iter().map(friend).collect(),
            removed: removed.iter().map(ToString::to_string).collect(),
            reset,
            next,
            finished: true,
            total: 0,
        }
    }

    #[test]
    fn a_list_follows_the_changes_and_starts_again_when_it_is_told_to() {
        let mut list = FriendList::default();
        assert!(list.take(page(&["a", "b"], &[], false, 2)));
        list.take(page(&["c"], &["a", "never"], false, 4));
        assert_eq!(list.friends().keys().collect::<Vec<_>>(), ["b", "c"]);
        list.take(page(&["d"], &[], true, 9));
        assert_eq!(list.friends().keys().collect::<Vec<_>>(), ["d"]);
        assert_eq!(list.version(), 9);
    }
}
