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
        let (group, mut draft) = self.draft(app, now, &post).await?;
        if group.kind == GroupKind::Live && !is_guest(group.conversation) {
            return Err(stranger(&self.store, app.id, group.id).await);
        }
        let max = if post.is_stream { limit::STREAM_BYTES } else { app.settings.message_bytes };
        if draft.body.len() + draft.cloud.len() > max {
            return Err(Fault::MessageTooLong { max }.into());
        }
        ensure_wishes(&Scope::of(app, now), &group, post.wishes)?;
        let is_asked = post.asks_before && app.settings.webhook.has(Webhook::BeforeGroupSendMsg);
        if let (true, Some(origin)) = (is_asked, post.told.or(Some(Origin::default()))) {
            match self.front.before_post(Arc::clone(app), origin, group.kind, post).await? {
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
        if !self.flow.lock().take(app.id, group.conversation, post.priority, now, per_second) {
            return Ok(Posted { seq: Seq(0), at: now, is_dropped: true });
        }
        let random = post.random;
        let suspect = (!checked.review.is_empty()).then(|| (draft.body.clone(), draft.sender.clone()));
        let Capability { has_history, .. } = group.kind.capability();
        let posted = if post.wishes.is_online_only || !has_history {
            self.pass_in_group(app.id, &group, draft).await?
        } else {
            draft.push = push::chat::notice(&post.sender, &post.elements, post.push.as_ref());
            let sent = self.store.send(app.id, draft).await?;
            Posted { seq: sent.seq, at: sent.at, is_dropped: false }
        };
        if let Some((body, sender)) = suspect {
            let key = name_of(posted.seq, posted.at, random);
            let key = has_history.then_some(key).filter(|_| posted.seq > Seq(0));
            self.front.note_in_group(app.id, &group.id, (&sender, key, &body), &checked.review).await?;
        }
        Ok(posted)
    }

    /// Makes a draft and decides about it by the facts of the moment.
    async fn draft(&self, app: &Arc<App>, now: Millis, post: &Post) -> Result<(Group, Draft)> {
        let (asked, settings) = (post.clone(), Arc::clone(app));
        let read = move |snapshot: &mut Snapshot<'_>| {
            let group = target(snapshot, &asked.group)?;
            let robots = mentioned_robots(snapshot, &settings, &group, &asked)?;
            let is_told = asked.wishes.wants_receipt && settings.settings.webhook.has(Webhook::AfterReadReceipt);
            let readers = is_told.then(|| readers(snapshot, &group, &asked.sender)).transpose()?;
            let has_count = counts(&Scope::of(&settings, now), &group)
                && !asked.wishes.is_uncounted
                && asked.wishes.targets == 0
                && !asked.wishes.is_online_only;
            let draft = Draft {
                sender: asked.sender.clone(),
                receiver: asked.sender.clone(),
                group: Some(Box::new(IntoGroup {
                    id: group.id.clone(),
                    conversation: group.conversation,
                    extra: asked.extra.clone(),
                    operator: asked.operator.clone(),
                    robots,
                    readers,
                })),
                msg_seq: None,
                msg_random: asked.random,
                at: now,
                kind: DraftKind::Live,
                body: asked.elements.to_string(),
                cloud: asked.cloud.clone(),
                flags: asked.flags.with_if(has_count, Flags::COUNTS).0,
                expires_at: Millis(0),
                push: None,
                origin: asked.origin.clone(),
                is_admin: asked.is_admin,
                friends_only: false,
                told: asked.told,
            };
            let facts = gather(snapshot, &draft, &group)?;
            decide(&draft, &facts)?;
            ensure_permission(snapshot, &settings, &group, &draft)?;
            Ok((group, draft))
        };
        self.store.read(app.id, read).await
    }

    /// Passes a message to connected members; nothing of it is stored but what webhooks tell of it.
    async fn pass_in_group(&self, app: AppId, group: &Group, draft: Draft) -> Result<Posted> {
        let flags = Flags(draft.flags).with(Flags::ONLINE_ONLY);
        let extra = draft.group.as_ref().map(|group| group.extra.clone()).unwrap_or_default();
        // A live room numbers what passes, so that its guests see when they missed something.
        let seq = match group.kind {
            GroupKind::Live => self.live.next_place((app, group.conversation), draft.at),
            _ => Seq(0),
        };
        self.tell_passed_in_group(app, group, &draft, seq).await?;
        let place = (seq, draft.at, draft.msg_random);
        let message = messages::message(&draft.sender, place, (&draft.body, &draft.cloud), flags, &extra);
        let event = Event::Group(GroupEvent::Message {
            group: group.id.clone(),
            conversation: group.conversation,
            kind: group.kind,
            members: group.members,
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

/// Members who are to give receipts for a message: all but its sender.
fn readers(snapshot: &mut Snapshot<'_>, group: &Group, sender: &UserId) -> Result<i64> {
    let is_in = members::get(snapshot, group.home(), sender)?.is_some();
    Ok(group.members - i64::from(is_in))
}
