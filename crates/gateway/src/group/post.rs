//! The one way of a message into a group, whoever sends it: checked, asked about, looked through, counted, then stored by
//! the append writer or passed on.

use std::sync::Arc;

use chat::group::Scope;
use chat::group::send::{Wishes, counts, decide, ensure_permission, ensure_wishes, gather, target};
use chat::group::stream::name_of;
use contract::event::Event;
use contract::group::{Capability, GroupEvent, GroupId, GroupKind, Priority};
use contract::message::Flags;
use contract::webhook::{Origin, Webhook};
use contract::{AppId, ConversationId, DeviceId, Error, Fault, Millis, Result, Seq, UserId, limit};
use serde_json::Value;
use store::append::{Draft, DraftKind, IntoGroup};
use store::apps::App;
use store::groups::messages::{self, Extra};
use store::groups::{Group, members};
use store::{Snapshot, robots};

use super::known::Ground;
use super::room::stranger;
use super::told::Kept;
use crate::hub::Hub;

/// A message on its way into a group; its parts were checked.
#[derive(Debug, Clone)]
pub struct Post {
    /// The group.
    pub group: GroupId,
    /// Who writes.
    pub sender: UserId,
    /// Who acts: the sender, or the administrator who sends in its name.
    pub operator: UserId,
    /// The sender administers the app.
    pub is_admin: bool,
    /// Chosen by the sender.
    pub random: u32,
    /// The elements.
    pub elements: Value,
    /// The custom data.
    pub cloud: String,
    /// How urgent it is.
    pub priority: Priority,
    /// What is special about it; whether it counts as unread is the group's affair.
    pub flags: Flags,
    /// Whom it mentions, and whom it is for.
    pub extra: Extra,
    /// What it asks of the group.
    pub wishes: Wishes,
    /// The offline push as the sender gave it.
    pub push: Option<Value>,
    /// The device that sends, if one does.
    pub origin: Option<DeviceId>,
    /// Who acts, for the webhook that tells of the message; none where no webhook shall.
    pub told: Option<Origin>,
    /// Whether the webhook before it is asked.
    pub asks_before: bool,
    /// It is a stream, which may be longer than other messages.
    pub is_stream: bool,
}

/// What the app's webhook says of a message.
#[derive(Debug, Clone)]
pub enum Asked {
    /// It goes in, perhaps rewritten.
    Pass(Box<Post>),
    /// It does not, and its sender does not learn it.
    Drop,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// Its place; 0 for one that is not stored.
    pub seq: Seq,
    /// When.
    pub at: Millis,
    /// The group had had enough for this second, and nobody got it.
    pub is_dropped: bool,
}

impl Hub {
    /// Sends a message into a group, for an app.
    pub async fn post(&self, app: &Arc<App>, now: Millis, post: Post) -> Result<Posted> {
        self.post_from(app, now, post, |_| true).await
    }

    /// Sends a message into a group, and leaves a refusal for the webhook that tells of it. Who sends into a live room
    /// must be one of its guests, which this node alone knows.
    pub(crate) async fn post_from(
        &self,
        app: &Arc<App>,
        now: Millis,
        post: Post,
        is_guest: impl Fn(ConversationId) -> bool,
    ) -> Result<Posted> {
        let kept = Kept::of(app, &post);
        let outcome = self.let_in(app, now, post, is_guest).await;
        let fault = match &outcome {
            Err(Error::Fault(fault)) => fault.clone(),
            // Its sender hears of it as of a success; the app hears what became of it.
            Ok(posted) if posted.is_dropped => Fault::GroupSendThrottled,
            Ok(_) | Err(_) => return outcome,
        };
        self.tell_unposted(app.id, now, kept, &fault).await?;
        outcome
    }

    async fn let_in(
        &self,
        app: &Arc<App>,
        now: Millis,
        mut post: Post,
        is_guest: impl Fn(ConversationId) -> bool,
    ) -> Result<Posted> {
        let (ground, mut draft) = match self.remembered(app, now, &post) {
            Some(ground) => (ground, draft_into(ground, app, now, &post)),
            None => self.draft(app, now, &post).await?,
        };
        if ground.kind == GroupKind::Live && !is_guest(ground.conversation) {
            return Err(stranger(&self.store, app.id, post.group).await);
        }
        let max = if post.is_stream { limit::STREAM_BYTES } else { app.settings.message_bytes };
        if draft.body.len() + draft.cloud.len() > max {
            return Err(Fault::MessageTooLong { max }.into());
        }
        ensure_wishes(&Scope::of(app, now), ground.kind, ground.members, post.wishes)?;
        let is_asked = post.asks_before && app.settings.webhook.has(Webhook::BeforeGroupSendMsg);
        if let (true, Some(origin)) = (is_asked, post.told.or(Some(Origin::default()))) {
            match self.front.before_post(Arc::clone(app), origin, ground.kind, post).await? {
                Asked::Pass(passed) => post = *passed,
                // The app wants it to look as if it had been sent.
                Asked::Drop => return Ok(Posted { seq: Seq(0), at: now, is_dropped: false }),
            }
            (draft.body, draft.cloud) = (post.elements.to_string(), post.cloud.clone());
            if draft.body.len() + draft.cloud.len() > max {
                return Err(Fault::MessageTooLong { max }.into());
            }
        }
        let checked = self.front.check_body(app.id, &mut post.elements)?;
        if checked.is_changed {
            draft.body = post.elements.to_string();
        }
        let per_second = app.settings.groups.sends_per_second;
        if !self.flow.lock().take(app.id, ground.conversation, post.priority, now, per_second) {
            return Ok(Posted { seq: Seq(0), at: now, is_dropped: true });
        }
        let random = post.random;
        let suspect = (!checked.review.is_empty()).then(|| (draft.body.clone(), draft.sender.clone()));
        let Capability { has_history, .. } = ground.kind.capability();
        let posted = if post.wishes.is_online_only || !has_history {
            self.pass_in_group(app.id, ground, &post.group, draft).await?
        } else {
            draft.push = push::chat::notice(&post.sender, &post.elements, post.push.as_ref());
            self.append_in_group(app, now, &post, ground, draft).await?
        };
        if let Some((body, sender)) = suspect {
            let key = name_of(posted.seq, posted.at, random);
            let key = has_history.then_some(key).filter(|_| posted.seq > Seq(0));
            self.front.note_in_group(app.id, &post.group, (&sender, key, &body), &checked.review).await?;
        }
        Ok(posted)
    }

    /// Where a message goes that is like one which its sender wrote into the same group a moment ago, and of which nothing
    /// has to be known before it is queued.
    fn remembered(&self, app: &App, now: Millis, post: &Post) -> Option<Ground> {
        let is_asked = post.asks_before && app.settings.webhook.has(Webhook::BeforeGroupSendMsg);
        let ground =
            if is_plain(post) && !is_asked { self.known.get(app.id, &post.group, &post.sender, now) } else { None };
        // Permission groups are asked about each message of a device.
        ground.filter(|ground| ground.kind != GroupKind::Community || post.origin.is_none())
    }

    /// Makes a draft and decides about it by the facts of the moment.
    async fn draft(&self, app: &Arc<App>, now: Millis, post: &Post) -> Result<(Ground, Draft)> {
        let (asked, settings) = (post.clone(), Arc::clone(app));
        let read = move |snapshot: &mut Snapshot<'_>| {
            let group = target(snapshot, &asked.group)?;
            let ground = Ground { conversation: group.conversation, kind: group.kind, members: group.members };
            let mut draft = draft_into(ground, &settings, now, &asked);
            if let Some(into) = &mut draft.group {
                into.robots = mentioned_robots(snapshot, &settings, &group, &asked)?;
                let is_told = asked.wishes.wants_receipt && settings.settings.webhook.has(Webhook::AfterReadReceipt);
                into.readers = is_told.then(|| readers(snapshot, &group, &asked)).transpose()?;
            }
            let facts = gather(snapshot, &draft, &group)?;
            decide(&draft, &facts)?;
            ensure_permission(snapshot, &settings, &group, &draft)?;
            Ok((ground, draft))
        };
        self.store.read(app.id, read).await
    }

    /// Hands a message to the append writer, which decides about it by what is so then.
    async fn append_in_group(
        &self,
        app: &Arc<App>,
        now: Millis,
        post: &Post,
        ground: Ground,
        draft: Draft,
    ) -> Result<Posted> {
        let (body, push) = (draft.body.clone(), draft.push.clone());
        let sent = match self.store.send(app.id, draft).await {
            // What was remembered may be of a former life of the group.
            Err(Error::Fault(_)) if self.known.forget(app.id, &post.group, &post.sender) => {
                let (_, draft) = self.draft(app, now, post).await?;
                self.store.send(app.id, Draft { body, push, ..draft }).await?
            }
            sent => sent?,
        };
        if is_plain(post) {
            self.known.keep(app.id, &post.group, &post.sender, ground, now);
        }
        Ok(Posted { seq: sent.seq, at: sent.at, is_dropped: false })
    }

    /// Passes a message to connected members; nothing of it is stored but what webhooks tell of it.
    async fn pass_in_group(&self, app: AppId, ground: Ground, id: &GroupId, draft: Draft) -> Result<Posted> {
        let flags = Flags(draft.flags).with(Flags::ONLINE_ONLY);
        let extra = draft.group.as_ref().map(|group| group.extra.clone()).unwrap_or_default();
        // A live room numbers what passes, so that its guests see when they missed something.
        let seq = match ground.kind {
            GroupKind::Live => self.live.next_place((app, ground.conversation), draft.at),
            _ => Seq(0),
        };
        self.tell_passed_in_group(app, ground, id, &draft, seq).await?;
        let place = (seq, draft.at, draft.msg_random);
        let message = messages::message(&draft.sender, place, (&draft.body, &draft.cloud), flags, &extra);
        let event = Event::Group(GroupEvent::Message {
            group: id.clone(),
            conversation: ground.conversation,
            kind: ground.kind,
            members: ground.members,
            message: Arc::new(message),
            origin: draft.origin,
        });
        self.announce(app, &[event]);
        Ok(Posted { seq, at: draft.at, is_dropped: false })
    }

    /// Whether any device of an account is connected to this node.
    pub fn is_connected(&self, app: AppId, account: &UserId) -> bool {
        self.registry.of_account(app, account).iter().any(|session| session.is_in())
    }
}

/// Whether a message asks nothing but to be written down.
fn is_plain(post: &Post) -> bool {
    post.wishes == Wishes::default() && post.extra == Extra::default()
}

/// The draft of a message into a group, without what has to be looked up.
fn draft_into(ground: Ground, app: &App, now: Millis, post: &Post) -> Draft {
    let has_count = counts(&Scope::of(app, now), ground.kind)
        && !post.wishes.is_uncounted
        && post.wishes.targets == 0
        && !post.wishes.is_online_only;
    Draft {
        sender: post.sender.clone(),
        receiver: post.sender.clone(),
        group: Some(Box::new(IntoGroup {
            id: post.group.clone(),
            conversation: ground.conversation,
            extra: post.extra.clone(),
            operator: post.operator.clone(),
            robots: Vec::new(),
            readers: None,
        })),
        msg_seq: None,
        msg_random: post.random,
        at: now,
        kind: DraftKind::Live,
        body: post.elements.to_string(),
        cloud: post.cloud.clone(),
        flags: post.flags.with_if(has_count, Flags::COUNTS).0,
        expires_at: Millis(0),
        push: None,
        origin: post.origin.clone(),
        is_admin: post.is_admin,
        friends_only: false,
        told: post.told,
    }
}

/// The robots of a group that a message mentions, where the app wants to hear of that. What robots say themselves concerns
/// no robot, or two of them would talk for ever.
fn mentioned_robots(snapshot: &mut Snapshot<'_>, app: &App, group: &Group, post: &Post) -> Result<Vec<UserId>> {
    let named = post.extra.at.iter().map(|name| UserId::trusted(name)).filter(UserId::is_robot);
    if post.sender.is_robot() || !app.settings.webhook.has(Webhook::BotGroupMessage) {
        return Ok(Vec::new());
    }
    let mut robots: Vec<UserId> = Vec::new();
    for robot in named {
        // No list says who is in a live room.
        let is_in = !group.kind.capability().has_members || members::get(snapshot, group.home(), &robot)?.is_some();
        if is_in && !robots.contains(&robot) && robots::is_valid(snapshot, &robot)? == Some(true) {
            robots.push(robot);
        }
    }
    Ok(robots)
}

/// Members who are to give receipts for a message: all whom it is for but its sender.
fn readers(snapshot: &mut Snapshot<'_>, group: &Group, post: &Post) -> Result<i64> {
    if post.extra.to.is_empty() {
        let is_in = members::get(snapshot, group.home(), &post.sender)?.is_some();
        return Ok(group.members - i64::from(is_in));
    }
    let targets: Vec<UserId> = post.extra.to.iter().map(|name| UserId::trusted(name)).collect();
    let found = members::among(snapshot, group.home(), &targets)?;
    let names: std::collections::BTreeSet<&UserId> = found.iter().map(|member| &member.account).collect();
    Ok(names.into_iter().filter(|name| **name != post.sender).count() as i64)
}
