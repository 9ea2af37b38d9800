//! What an application holds.

mod change;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use contract::frame::Frame;
use contract::{MsgKey, UserId, limit};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::cache::Cache;
use crate::core::{Answer, Ask, SocialAsk};
use crate::driver::{Call, Driver, Shared, What};
use crate::error::{Error, Result};
use crate::event::{Event, Status};
use crate::group::Groups;
use crate::message::{self, Conversation, FileLink, Message, MessageId, NewFile, Presence, SendOptions, Sent, Upload};
use crate::push::Pushes;
use crate::relation::Relations;
use crate::settings::Settings;
use crate::social::{FollowList, FollowPage, FollowTie, Profile, ProfileValue};
use crate::transport::Target;

/// Calls on their way to the driver.
const CALLS: usize = 64;
/// Receipts of one call.
const RECEIPTS_MAX: usize = 100;

/// A client of one gateway, with one account at a time. Clones are the same client.
///
/// Dropping the last clone aborts what runs; [`Client::shutdown`] ends it in order.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    calls: mpsc::Sender<Call>,
    shared: Shared,
    status: watch::Receiver<Status>,
    events: Mutex<Option<mpsc::Receiver<Event>>>,
    running: Mutex<Option<(oneshot::Sender<()>, JoinSet<()>)>>,
}

/// The events of a client, in order. While they are not taken, the client stops reading from the gateway.
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    /// The next event; none after the client has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

impl Client {
    /// Starts a client. It connects when an account logs in. Needs a tokio runtime.
    pub fn new(settings: Settings) -> Result<Self> {
        settings.check()?;
        let target = Target::new(&settings)?;
        let (calls, calls_rx) = mpsc::channel(CALLS);
        let (events_tx, events) = mpsc::channel(settings.events);
        let (status_tx, status) = watch::channel(Status::LoggedOut);
        let shared =
            Shared { cache: Arc::default(), is_listening: Arc::new(AtomicBool::new(false)), status: status_tx };
        let (stop_tx, stop) = oneshot::channel();
        let driver = Driver::new(settings, target, shared.clone(), calls_rx, events_tx);
        let mut tasks = JoinSet::new();
        tasks.spawn(driver.run(stop));
        let inner = Inner {
            calls,
            shared,
            status,
            events: Mutex::new(Some(events)),
            running: Mutex::new(Some((stop_tx, tasks))),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Takes the events: once, and before login, because what happens earlier is not kept. Without a taker events
    /// are dropped; dropping [`Events`] has the same effect.
    pub fn events(&self) -> Option<Events> {
        let events = self.inner.events.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        self.inner.shared.is_listening.store(true, Ordering::Relaxed);
        Some(Events(events))
    }

    /// Where the client stands.
    pub fn status(&self) -> Status {
        *self.inner.status.borrow()
    }

    /// Logs an account in. Afterwards the client stays connected by itself until logout, a kick or the end of the
    /// user sig. A repeated login of the same account is no error; its user sig is kept for later.
    ///
    /// Without a connection it tries until the time of a request is over. Even then history and conversations
    /// answer from the cache.
    pub async fn login(&self, user: &str, user_sig: &str) -> Result<()> {
        account(user)?;
        if user_sig.is_empty() || user_sig.len() > limit::USER_SIG_BYTES {
            return Err(Error::InvalidArgument("user_sig: empty or over its bound"));
        }
        self.call(What::Login { user: user.into(), user_sig: user_sig.into() }).await.map(|_| ())
    }

    /// Logs the account out: the device is no longer reached, not by push either. If the gateway could not be told,
    /// that is the error, and the client is logged out all the same.
    pub async fn logout(&self) -> Result<()> {
        self.call(What::Logout).await.map(|_| ())
    }

    /// Sends a message. While the connection is lost it waits, and is sent again after it, so that it is there once.
    ///
    /// `body` is the JSON text of `MsgBody`; see [`crate::text`] and [`crate::custom`].
    pub async fn send(&self, to: &str, body: impl Into<String>, options: SendOptions) -> Result<Sent> {
        account(to)?;
        let body = body.into();
        let is_list = serde_json::from_str::<Vec<serde_json::Value>>(&body).is_ok_and(|list| !list.is_empty());
        if !is_list {
            return Err(Error::InvalidArgument("body: a JSON list of elements"));
        }
        if body.len() + options.cloud.len() + options.push.len() > limit::FRAME_BYTES {
            return Err(Error::InvalidArgument("body: over the bound of a frame"));
        }
        match self.ask(Ask::Send { to: to.into(), body, options }).await? {
            Answer::Sent(sent) => Ok(sent),
            other => Err(unexpected(&other)),
        }
    }

    /// Sends a text.
    pub async fn send_text(&self, to: &str, text: &str) -> Result<Sent> {
        self.send(to, message::text(text), SendOptions::default()).await
    }

    /// Messages with a peer that are older than one, or the newest; oldest first. From the server, or from the
    /// cache while there is no connection.
    pub async fn history(&self, peer: &str, before: Option<MessageId>, count: u32) -> Result<Vec<Message>> {
        account(peer)?;
        if count == 0 || count as usize > limit::HISTORY_PAGE {
            return Err(Error::InvalidArgument("count: 1 to 100"));
        }
        match self.ask(Ask::History { peer: peer.into(), before: before.clone(), count }).await {
            Ok(Answer::Page(messages)) => Ok(messages),
            Ok(other) => Err(unexpected(&other)),
            Err(Error::Disconnected | Error::Timeout | Error::NotLoggedIn) => {
                self.cache()?.history(peer, before, count).await
            }
            Err(error) => Err(error),
        }
    }

    /// The conversations with their unread counts and last messages, the pinned ones first, then newest first, as the cache knows them.
    pub async fn conversations(&self) -> Result<Vec<Conversation>> {
        self.cache()?.conversations().await
    }

    /// Marks everything from a peer as read.
    pub async fn mark_read(&self, peer: &str) -> Result<()> {
        account(peer)?;
        self.ask(Ask::Read { peer: peer.into() }).await.map(|_| ())
    }

    /// Gives receipts for single messages of a peer.
    pub async fn send_receipts(&self, peer: &str, keys: &[MsgKey]) -> Result<()> {
        account(peer)?;
        if keys.is_empty() || keys.len() > RECEIPTS_MAX {
            return Err(Error::InvalidArgument("keys: 1 to 100"));
        }
        self.ask(Ask::Receipts { peer: peer.into(), keys: keys.to_vec() }).await.map(|_| ())
    }

    /// Recalls a message. A recall whose answer was lost is not repeated.
    pub async fn recall(&self, message: MessageId) -> Result<()> {
        account(&message.from)?;
        account(&message.to)?;
        self.ask(Ask::Recall(message)).await.map(|_| ())
    }

    /// The online status of accounts.
    pub async fn user_status(&self, accounts: &[&str]) -> Result<Vec<Presence>> {
        if accounts.is_empty() || accounts.len() > limit::RECEIVER_BATCH {
            return Err(Error::InvalidArgument("accounts: 1 to 500"));
        }
        accounts.iter().try_for_each(|user| account(user))?;
        match self.ask(Ask::Status(accounts.iter().map(ToString::to_string).collect())).await? {
            Answer::Presence(list) => Ok(list),
            other => Err(unexpected(&other)),
        }
    }

    /// Writes fields of this account's profile: all of them, or none if one cannot be written. An empty text takes a
    /// field away. The account's other devices are told.
    pub async fn set_profile(&self, fields: &[(&str, ProfileValue)]) -> Result<()> {
        if fields.is_empty() || fields.len() > limit::PROFILE_ITEMS {
            return Err(Error::InvalidArgument("fields: 1 to 64"));
        }
        let fields = fields.iter().map(|(tag, value)| ((*tag).to_owned(), value.clone())).collect();
        self.social(SocialAsk::SetProfile(fields)).await.map(|_| ())
    }

    /// Profiles of up to 100 accounts, in the order asked; no tags means all fields that a device may read.
    pub async fn profiles(&self, accounts: &[&str], tags: &[&str]) -> Result<Vec<Profile>> {
        let accounts = batch(accounts, limit::PROFILE_BATCH, "accounts: 1 to 100")?;
        let tags = tags.iter().map(ToString::to_string).collect();
        match self.social(SocialAsk::Profiles { accounts, tags }).await? {
            Answer::Profiles(list) => Ok(list),
            other => Err(unexpected(&other)),
        }
    }

    /// Follows up to 20 accounts. Answers each with 0, or with the published code that says why not.
    pub async fn follow(&self, accounts: &[&str]) -> Result<Vec<(String, i32)>> {
        let accounts = batch(accounts, limit::FOLLOW_BATCH, "accounts: 1 to 20")?;
        self.followed(SocialAsk::Follow(accounts)).await
    }

    /// No longer follows up to 20 accounts. Answers as [`Client::follow`].
    pub async fn unfollow(&self, accounts: &[&str]) -> Result<Vec<(String, i32)>> {
        let accounts = batch(accounts, limit::FOLLOW_BATCH, "accounts: 1 to 20")?;
        self.followed(SocialAsk::Unfollow(accounts)).await
    }

    async fn social(&self, ask: SocialAsk) -> Result<Answer> {
        self.ask(Ask::Social(ask)).await
    }

    async fn followed(&self, ask: SocialAsk) -> Result<Vec<(String, i32)>> {
        match self.social(ask).await? {
            Answer::Follow(outcomes) => Ok(outcomes),
            other => Err(unexpected(&other)),
        }
    }

    /// A page of whom this account follows, or who follows it, newest first. `cursor` is that of the page before, or
    /// empty.
    pub async fn follows(&self, list: FollowList, cursor: &str, count: u32) -> Result<FollowPage> {
        if count == 0 || count as usize > limit::FOLLOW_PAGE {
            return Err(Error::InvalidArgument("count: 1 to 1000"));
        }
        match self.social(SocialAsk::Follows { list, cursor: cursor.into(), count }).await? {
            Answer::Follows(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// How this account and up to 100 others follow each other.
    pub async fn follow_ties(&self, accounts: &[&str]) -> Result<Vec<FollowTie>> {
        let accounts = batch(accounts, limit::FOLLOW_CHECK_BATCH, "accounts: 1 to 100")?;
        self.ties(SocialAsk::FollowTies { accounts, counts: false }).await
    }

    /// As [`Client::follow_ties`], of up to 20 accounts and with the counts of each.
    pub async fn follow_counts(&self, accounts: &[&str]) -> Result<Vec<FollowTie>> {
        let accounts = batch(accounts, limit::FOLLOW_BATCH, "accounts: 1 to 20")?;
        self.ties(SocialAsk::FollowTies { accounts, counts: true }).await
    }

    async fn ties(&self, ask: SocialAsk) -> Result<Vec<FollowTie>> {
        match self.social(ask).await? {
            Answer::FollowTies(ties) => Ok(ties),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks where a file may be sent. The bytes travel over HTTP; messages carry the answer's `url` once they are there.
    pub async fn request_upload(&self, file: NewFile) -> Result<Upload> {
        if file.name.is_empty() || file.name.len() > limit::FILE_NAME_BYTES || file.size == 0 {
            return Err(Error::InvalidArgument("file: a name of at most 255 bytes, and not empty"));
        }
        match self.ask(Ask::Upload(file)).await? {
            Answer::Upload(upload) => Ok(upload),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks where files may be read, by the URLs that messages carry.
    pub async fn file_links(&self, urls: &[&str]) -> Result<Vec<FileLink>> {
        if urls.is_empty() || urls.len() > limit::LINK_BATCH {
            return Err(Error::InvalidArgument("urls: 1 to 100"));
        }
        match self.ask(Ask::Links(urls.iter().map(ToString::to_string).collect())).await? {
            Answer::Links(links) => Ok(links),
            other => Err(unexpected(&other)),
        }
    }

    /// Registers the token by which a vendor channel reaches this device; for the self-built channel `noroshi` the
    /// token is empty. `credential` says which credential of the app it belongs to; 0 means the only one.
    pub async fn set_push_token(&self, channel: &str, token: &str, credential: i64) -> Result<()> {
        self.change_token(channel, token, credential, false).await
    }

    /// Removes the token of a channel.
    pub async fn remove_push_token(&self, channel: &str, token: &str, credential: i64) -> Result<()> {
        self.change_token(channel, token, credential, true).await
    }

    async fn change_token(&self, channel: &str, token: &str, credential: i64, remove: bool) -> Result<()> {
        if channel.is_empty() || channel.len() > 32 {
            return Err(Error::InvalidArgument("channel: 1 to 32 bytes"));
        }
        if token.len() > limit::REGISTRATION_BYTES {
            return Err(Error::InvalidArgument("token: over its bound"));
        }
        let (channel, token) = (channel.into(), token.into());
        self.ask(Ask::Token { channel, token, credential, remove }).await.map(|_| ())
    }

    /// Confirms a notification of the self-built channel, where the settings leave that to the application.
    pub async fn confirm_push(&self, id: &[u8]) -> Result<()> {
        if id.is_empty() || id.len() > 256 {
            return Err(Error::InvalidArgument("id: 1 to 256 bytes"));
        }
        self.ask(Ask::ConfirmPush(id.to_vec())).await.map(|_| ())
    }

    /// The device as push sees it.
    pub fn pushes(&self) -> Pushes {
        Pushes(self.clone())
    }

    /// Friends, friend groups, friend requests and the blocklist of the account.
    pub fn relations(&self) -> Relations {
        Relations(self.clone())
    }

    /// Groups, their members and their messages.
    pub fn groups(&self) -> Groups {
        Groups(self.clone())
    }

    /// Asks for something of which the core knows no more than that it may be repeated.
    pub(crate) async fn plain(&self, frame: Frame) -> Result<Frame> {
        match self.ask(Ask::Plain(frame)).await? {
            Answer::Frame(frame) => Ok(*frame),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends the client and waits until nothing of it runs. Calls that wait are answered with
    /// [`Error::Disconnected`]. The account stays logged in on the server: the device is still reached by push.
    pub async fn shutdown(&self) {
        let running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((stop, mut tasks)) = running else { return };
        drop(stop);
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the client's task broke");
            }
        }
    }

    pub(crate) fn cache(&self) -> Result<Cache> {
        let cache = self.inner.shared.cache.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cache.ok_or(Error::NotLoggedIn)
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Result<Answer> {
        self.call(What::Ask(ask)).await
    }

    async fn call(&self, what: What) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        self.inner.calls.send(Call { what, reply }).await.map_err(|_| Error::Disconnected)?;
        answer.await.unwrap_or(Err(Error::Disconnected))
    }
}

/// Checks a list of accounts.
fn batch(accounts: &[&str], max: usize, bound: &'static str) -> Result<Vec<String>> {
    if accounts.is_empty() || accounts.len() > max {
        return Err(Error::InvalidArgument(bound));
    }
    accounts.iter().try_for_each(|user| account(user))?;
    Ok(accounts.iter().map(ToString::to_string).collect())
}

pub(crate) fn account(user: &str) -> Result<()> {
    UserId::parse(user).map(|_| ()).map_err(|_| Error::InvalidArgument("user: 1-32 printable ASCII bytes"))
}

pub(crate) fn unexpected(answer: &Answer) -> Error {
    Error::Protocol(format!("an answer of another kind: {answer:?}"))
}
