//! What apps do not want to be said: their lists as filters in memory, and the texts that operators are told of.
//!
//! A filter is built from the store when the node starts and whenever the version of an app's lists changed, on a thread
//! that serves nobody, and replaces the old one at once. An app without lists costs nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chat::message::change::Named;
use chat::moderation::{Checked, Filter, Noted, Passed};
use contract::group::GroupId;
use contract::webhook::{Happening, Judgement};
use contract::{AppId, Failure, Fault, Millis, MsgKey, Result, UserId, limit, profile};
use parking_lot::RwLock;
use serde_json::Value;
use store::append::Draft;
use store::words::{self, Decision, Mark, Review};
use store::{Store, Tx};
use tokio::sync::watch;
use tracing::error;

use crate::admin::next_id;
use crate::listen::ended;
use crate::node::Node;

/// Where a text stands, as the moderation callback of the contract names places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// A one-to-one message.
    C2C,
    /// A nick or a signature.
    UserInfo,
    /// A remark or the words of a friend request.
    RelationChain,
    /// A group message.
    Group,
    /// A group's name, introduction or notice.
    GroupInfo,
    /// A member's name in a group.
    GroupMemberInfo,
}

impl Scene {
    /// As the contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::C2C => "C2C",
            Self::UserInfo => "UserInfo",
            Self::RelationChain => "RelationChain",
            Self::Group => "Group",
            Self::GroupInfo => "GroupInfo",
            Self::GroupMemberInfo => "GroupMemberInfo",
        }
    }
}

/// A text that an operator should look at.
#[derive(Debug, Clone)]
pub struct Suspect {
    scene: Scene,
    account: UserId,
    peer: String,
    msg_key: String,
    words: Vec<String>,
    excerpt: String,
}

impl Suspect {
    /// A text of an account.
    pub fn text(scene: Scene, account: &UserId, words: &[String], text: &str) -> Self {
        Self {
            scene,
            account: account.clone(),
            peer: String::new(),
            msg_key: String::new(),
            words: words.to_vec(),
            excerpt: cut(text),
        }
    }

    /// A one-to-one message that is there.
    pub fn named(named: &Named, body: &str, words: &[String]) -> Self {
        let peer = named.receiver.to_string();
        Self { peer, ..Self::text(Scene::C2C, &named.sender, words, body) }.with_key(named.key)
    }

    /// A one-to-one message.
    pub fn message(draft: &Draft, words: &[String]) -> Self {
        Self { peer: draft.receiver.to_string(), ..Self::text(Scene::C2C, &draft.sender, words, &draft.body) }
    }

    /// A message of a group.
    pub fn in_group(group: &GroupId, sender: &UserId, body: &str, words: &[String]) -> Self {
        Self { peer: group.to_string(), ..Self::text(Scene::Group, sender, words, body) }
    }

    /// With the key by which the message is found.
    pub fn with_key(self, key: MsgKey) -> Self {
        Self { msg_key: key.to_string(), ..self }
    }
}

/// Bytes of a text that an operator sees, and of the words that were found.
const EXCERPT_BYTES: usize = 2_000;

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(EXCERPT_BYTES)].to_owned()
}

/// The filters of all apps.
pub struct Moderation {
    store: Store,
    filters: RwLock<HashMap<AppId, Arc<Filter>>>,
    /// One filter is built at a time: each needs memory while it is.
    building: tokio::sync::Mutex<()>,
    /// How long the last one took, in microseconds.
    build_us: AtomicU64,
}

impl Moderation {
    /// Builds the filters of all apps that have lists.
    pub async fn load(store: Store) -> Result<Self> {
        let moderation = Self {
            store,
            filters: RwLock::default(),
            building: tokio::sync::Mutex::default(),
            build_us: AtomicU64::new(0),
        };
        moderation.refresh().await?;
        Ok(moderation)
    }

    /// An app's filter, if it has anything in its lists.
    pub fn filter(&self, app: AppId) -> Option<Arc<Filter>> {
        self.filters.read().get(&app).filter(|filter| !filter.is_empty()).cloned()
    }

    /// Looks for words in a text. Outside any transaction.
    pub fn check_text(&self, app: AppId, scene: Scene, text: &str) -> Result<Passed, Fault> {
        let Some(filter) = self.filter(app) else { return Ok(Passed::default()) };
        let outcome = filter.check_text(text);
        let found = match &outcome {
            Err(_) => "block",
            Ok(Passed { replaced: Some(_), .. }) => "replace",
            Ok(Passed { review, .. }) if !review.is_empty() => "review",
            Ok(_) => "none",
        };
        count(scene, found);
        outcome
    }

    /// Looks for words and blocked files in a message, and replaces in it what is to be replaced. Outside any
    /// transaction.
    pub fn check_body(&self, app: AppId, body: &mut Value) -> Result<Checked, Fault> {
        let Some(filter) = self.filter(app) else { return Ok(Checked::default()) };
        let outcome = filter.check_body(body);
        let found = match &outcome {
            Err(Fault::ImageForbidden) => "file",
            Err(_) => "block",
            Ok(Checked { is_changed: true, .. }) => "replace",
            Ok(Checked { review, .. }) if !review.is_empty() => "review",
            Ok(_) => "none",
        };
        count(Scene::C2C, found);
        outcome
    }

    /// Looks for words in what an account wants to say of itself. Outside any transaction.
    pub fn check_profile(&self, app: AppId, changes: &mut [(String, profile::Value)]) -> Result<Vec<Noted>, Fault> {
        chat::moderation::check_profile(changes, |text| self.check_text(app, Scene::UserInfo, text))
    }

    /// Notes what an operator should look at of what an account says of itself.
    pub async fn note_profile(&self, app: AppId, now: Millis, account: &UserId, noted: Vec<Noted>) -> Result<()> {
        for Noted { text, words } in noted {
            self.note(app, now, Suspect::text(Scene::UserInfo, account, &words, &text)).await?;
        }
        Ok(())
    }

    /// Notes what an operator should look at of a message that was changed, if there is anything.
    pub async fn note_change(
        &self,
        app: AppId,
        now: Millis,
        named: &Named,
        body: &str,
        words: &[String],
    ) -> Result<()> {
        if words.is_empty() { Ok(()) } else { self.note(app, now, Suspect::named(named, body, words)).await }
    }

    /// Notes a text that an operator should look at.
    pub async fn note(&self, app: AppId, now: Millis, suspect: Suspect) -> Result<()> {
        let review = Review {
            id: next_id(now),
            at: now,
            scene: suspect.scene.as_str().into(),
            account: suspect.account,
            peer: suspect.peer,
            msg_key: suspect.msg_key,
            words: cut(&suspect.words.join("\n")),
            excerpt: suspect.excerpt,
            decision: Decision::Open,
            decided_at: Millis(0),
        };
        let judgement = Happening::Moderated(Box::new(Judgement {
            scene: review.scene.clone(),
            account: review.account.clone(),
            contact: review.peer.clone(),
            text: review.excerpt.clone(),
            msg_key: review.msg_key.clone(),
            words: review.words.lines().map(str::to_owned).collect(),
            is_blocked: false,
        }));
        let add = move |tx: &mut Tx<'_>| {
            words::add_review(tx, &review)?;
            tx.after_hook(now, &judgement)
        };
        self.store.write(app, add).await
    }

    /// Builds again the filters whose lists changed, here or on another node.
    pub async fn refresh(&self) -> Result<()> {
        let mut after = AppId(i64::MIN);
        loop {
            let page = self.store.read(AppId::PLATFORM, move |snapshot| words::versions(snapshot, after)).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            for (app, version) in page {
                if self.version(app) != version {
                    self.reload(app).await?;
                }
            }
        }
    }

    /// The version of the lists that an app's filter was built from.
    pub fn version(&self, app: AppId) -> i64 {
        self.filters.read().get(&app).map_or(0, |filter| filter.version)
    }

    /// Builds an app's filter again.
    pub async fn reload(&self, app: AppId) -> Result<()> {
        let _turn = self.building.lock().await;
        let started = Instant::now();
        // The version comes first: what changes while the lists are read is seen by the next comparison.
        let lists = self.store.read(app, words::lists).await?;
        if self.version(app) == lists.version {
            return Ok(());
        }
        let (all, blocked) = (self.words(app).await?, self.blocked(app).await?);
        let build = move || Filter::new(app, lists.version, all, blocked);
        let filter = tokio::task::spawn_blocking(build).await.map_err(Failure::internal)??;
        self.filters.write().insert(app, Arc::new(filter));
        self.build_us.store(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn words(&self, app: AppId) -> Result<Vec<(String, words::Action)>> {
        let mut all: Vec<(String, words::Action)> = Vec::new();
        loop {
            let after = all.last().map_or_else(String::new, |(word, _)| word.clone());
            let page = self.store.read(app, move |snapshot| words::page(snapshot, &after, limit::STORE_PAGE)).await?;
            let is_last = page.len() < limit::STORE_PAGE;
            all.extend(page);
            if is_last || all.len() > limit::WORDS {
                return Ok(all);
            }
        }
    }

    async fn blocked(&self, app: AppId) -> Result<HashSet<Mark>> {
        let mut all = HashSet::new();
        let mut after = Mark { kind: String::new(), mark: String::new() };
        loop {
            let page =
                self.store.read(app, move |snapshot| words::blocked(snapshot, &after, limit::STORE_PAGE)).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.clone();
            let is_last = page.len() < limit::STORE_PAGE || all.len() > limit::BLOCKED_FILES;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Tells the metrics how much there is.
    pub fn measure(&self) {
        let bytes: usize = self.filters.read().values().map(|filter| filter.bytes()).sum();
        metrics::gauge!("noroshi_moderation_bytes").set(bytes as f64);
        let seconds = self.build_us.load(Ordering::Relaxed) as f64 / 1e6;
        metrics::gauge!("noroshi_moderation_build_seconds").set(seconds);
        // What never happened is shown as 0.
        metrics::counter!("noroshi_moderation_checks_total", "scene" => "C2C", "found" => "none").increment(0);
    }
}

fn count(scene: Scene, found: &'static str) {
    metrics::counter!("noroshi_moderation_checks_total", "scene" => scene.as_str(), "found" => found).increment(1);
}

/// How often a node looks whether lists changed elsewhere.
const REFRESH: Duration = Duration::from_secs(2);

/// Follows changes that other nodes made.
pub async fn follow(node: Arc<Node>, mut stopped: watch::Receiver<bool>) {
    let mut refresh = tokio::time::interval(REFRESH);
    loop {
        tokio::select! {
            _ = refresh.tick(), if !node.store.is_exclusive() => {}
            () = ended(&mut stopped) => return,
        }
        if let Err(error) = node.moderation.refresh().await {
            error!(%error, "lists of words that changed elsewhere could not be read");
        }
    }
}
