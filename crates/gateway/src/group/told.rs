//! What is left for webhooks of messages to groups that no append writer sees: those that pass by, and those that were
//! refused.

use contract::codes::{self, Family};
use contract::group::{GroupId, GroupKind};
use contract::webhook::{GroupHappening, GroupLetter, Happening, InGroup, Judgement, Origin, Webhook, part_of};
use contract::{AppId, ConversationId, Fault, Millis, Result, Seq, UserId};
use store::Tx;
use store::append::Draft;
use store::apps::App;
use store::groups;

use super::known::Ground;
use super::post::Post;
use crate::Hub;

/// Bytes of a text that a webhook of the lists tells.
const EXCERPT_BYTES: usize = 2_000;

/// What webhooks tell of a message that was refused.
pub(super) struct Kept {
    group: GroupId,
    operator: UserId,
    sender: UserId,
    letter: GroupLetter,
    origin: Origin,
}

impl Kept {
    /// What [`Hub::tell_unposted`] tells of a message, if the app wants to hear of refused ones.
    pub(super) fn of(app: &App, post: &Post) -> Option<Box<Self>> {
        let hooks = &app.settings.webhook;
        let is_wanted = hooks.has(Webhook::GroupSendMsgException) || hooks.has(Webhook::Moderated);
        let origin = post.told.filter(|_| is_wanted)?;
        Some(Box::new(Self {
            group: post.group.clone(),
            operator: post.operator.clone(),
            sender: post.sender.clone(),
            letter: GroupLetter {
                from: (post.sender != post.operator).then(|| post.sender.clone()),
                seq: 0,
                time: 0,
                random: post.random,
                online: post.wishes.is_online_only,
                body: post.elements.to_string(),
                cloud: post.cloud.clone(),
                at: post.extra.at.clone(),
                at_all: post.extra.all,
            },
            origin,
        }))
    }
}

impl Hub {
    /// Leaves a message that passes by for the webhooks that tell of it, if the app has them on.
    pub(super) async fn tell_passed_in_group(
        &self,
        app: AppId,
        ground: Ground,
        id: &GroupId,
        draft: &Draft,
        seq: Seq,
    ) -> Result<()> {
        let webhooks = [Webhook::AfterGroupSendMsg, Webhook::BotGroupMessage];
        let Some(origin) = draft.told.filter(|_| self.wants(app, &webhooks)) else { return Ok(()) };
        let Some(into) = &draft.group else { return Ok(()) };
        let letter = GroupLetter {
            from: (draft.sender != into.operator).then(|| draft.sender.clone()),
            seq: seq.0,
            time: draft.at.secs(),
            random: draft.msg_random,
            // Of a live room the contract says 0, though nothing there is kept.
            online: ground.kind != GroupKind::Live,
            body: draft.body.clone(),
            cloud: draft.cloud.clone(),
            at: into.extra.at.clone(),
            at_all: into.extra.all,
        };
        let in_group = |what| {
            Happening::Group(InGroup {
                group: id.to_string(),
                kind: ground.kind.as_str().to_owned(),
                part: part_of(ground.conversation),
                operator: into.operator.clone(),
                what,
            })
        };
        let mut told = vec![in_group(GroupHappening::Sent(letter.clone()))];
        if !into.robots.is_empty() {
            let robots = into.robots.iter().map(ToString::to_string).collect();
            told.push(in_group(GroupHappening::SentToRobots { letter, robots }));
        }
        let at = draft.at;
        let tell = move |tx: &mut Tx<'_>| {
            tx.act_for(origin);
            told.iter().try_for_each(|happening| tx.after_hook(at, happening))
        };
        self.store.write(app, tell).await
    }

    /// Leaves a refused message for the webhooks that tell of it.
    pub(super) async fn tell_unposted(
        &self,
        app: AppId,
        at: Millis,
        kept: Option<Box<Kept>>,
        why: &Fault,
    ) -> Result<()> {
        let Some(kept) = kept else { return Ok(()) };
        let (code, info) = if let Fault::WebhookCustom { code, info } = why {
            (*code, info.clone())
        } else {
            let row = codes::render(Family::Group, why);
            (row.number().unwrap_or_default(), row.text.to_owned())
        };
        let is_forbidden = matches!(why, Fault::TextForbidden | Fault::ImageForbidden);
        let tell = move |tx: &mut Tx<'_>| {
            let Kept { group: id, operator, sender, letter, origin } = kept.as_ref();
            tx.act_for(*origin);
            // Of one that never was, the type is not known; those who wrote to it are told of together.
            let group = groups::get(tx, id)?;
            let conversation =
                group.as_ref().map_or_else(|| ConversationId::group(id.as_str(), 0), |it| it.conversation);
            let happening = Happening::Group(InGroup {
                group: id.to_string(),
                kind: group.map(|it| it.kind.as_str().to_owned()).unwrap_or_default(),
                part: part_of(conversation),
                operator: operator.clone(),
                what: GroupHappening::Unsent { letter: letter.clone(), code, info: info.clone() },
            });
            tx.after_hook(at, &happening)?;
            if !is_forbidden {
                return Ok(());
            }
            let judgement = Judgement {
                scene: "Group".into(),
                account: sender.clone(),
                contact: id.to_string(),
                text: letter.body[..letter.body.floor_char_boundary(EXCERPT_BYTES)].to_owned(),
                msg_key: String::new(),
                words: Vec::new(),
                is_blocked: true,
            };
            tx.after_hook(at, &Happening::Moderated(Box::new(judgement)))
        };
        self.store.write(app, tell).await
    }
}
