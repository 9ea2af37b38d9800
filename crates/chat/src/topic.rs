//! Topics: rooms of their own within a community, with its members and their own messages.

use contract::error::refuse;
use contract::event::Event;
use contract::group::{
    FACE_BYTES, GroupEvent, GroupId, INTRODUCTION_BYTES, NAME_BYTES, NOTIFICATION_BYTES, Permission, ReceiveOption,
    TopicChange, TopicPermission,
};
use contract::webhook::GroupHappening;
use contract::{ConversationId, Error, Fault, Millis, Result, Seq, UserId, limit};
use store::apps::App;
use store::groups::members::{self, Member};
use store::groups::{self, Group, messages};
use store::topics::{self, Card, Progress, Topic};
use store::{Snapshot, Tx};

use crate::ground::{By, Standing, keep};
use crate::group::tip::hook_for;
use crate::permission::{Outcomes, allowed_in, community, lock_community, need};

/// What parts a topic from its community.
const PREFIX: &str = "@TOPIC#_";
/// What the part of a topic begins with where the server chooses it.
const CHOSEN: &str = "@TOPIC#_@TOPIC#";
/// A topic's whole id.
const ID_BYTES: usize = 96;

/// What a caller says of a topic; none leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Its name.
    pub name: Option<String>,
    /// The URL of its picture.
    pub face: Option<String>,
    /// What it is about.
    pub introduction: Option<String>,
    /// What everybody should read.
    pub notification: Option<String>,
    /// What the app keeps there.
    pub custom: Option<String>,
    /// Whether plain members may not speak.
    pub is_muted: Option<bool>,
}

impl Wish {
    /// The texts that somebody reads, for the app's lists.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        [&mut self.name, &mut self.introduction, &mut self.notification].into_iter().filter_map(Option::as_mut)
    }

    /// The card that it makes of another one.
    fn over(&self, card: Card) -> Card {
        let pick = |wish: &Option<String>, old| wish.clone().unwrap_or(old);
        Card {
            name: pick(&self.name, card.name),
            face: pick(&self.face, card.face),
            introduction: pick(&self.introduction, card.introduction),
            notification: pick(&self.notification, card.notification),
            custom: pick(&self.custom, card.custom),
        }
    }
}

/// A topic as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The topic.
    pub topic: Topic,
    /// How far its messages have come.
    pub progress: Progress,
    /// Up to where the looking account has read.
    pub read: Seq,
    /// What it has not read; nothing if it is not in the community.
    pub unread: i64,
    /// Until when it may not speak there; 0 if it may.
    pub muted_until: Millis,
    /// How it receives what is said there: as in the community.
    pub receive: ReceiveOption,
}

/// Refuses communities without topics.
fn check_topics(standing: &Standing) -> Result<(), Fault> {
    if standing.group.has_topics { Ok(()) } else { Err(Fault::CommunityDisabled) }
}

/// A new topic.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The id that the caller chooses.
    pub id: Option<&'a str>,
    /// What it says of itself.
    pub wish: &'a Wish,
    /// Makes an id where the caller chooses none.
    pub number: u64,
    /// It was elsewhere before: nobody is told.
    pub is_import: bool,
}

/// Makes a topic; an import brings its own time. Answers the id.
pub fn create(tx: &mut Tx<'_>, now: Millis, app: &App, group: &GroupId, by: &By, new: &New<'_>) -> Result<String> {
    let New { id, wish, number, .. } = *new;
    check(wish)?;
    let Some(name) = wish.name.as_ref().filter(|name| !name.is_empty()) else {
        return refuse(Fault::FieldMissing { field: "TopicName" });
    };
    let standing = lock_community(tx, app, group, by)?;
    check_topics(&standing)?;
    need(tx, &standing, by, Permission::TOPICS)?;
    let id = match id {
        Some(id) => custom(&standing.group, id)?,
        None => format!("{}{CHOSEN}{number:016x}", standing.group.id),
    };
    if let Some(max) = app.plan().groups().topics_max
        && topics::count(tx, standing.group.conversation)? >= max
    {
        return refuse(Fault::JoinedQuota { max });
    }
    let topic = Topic {
        conversation: ConversationId::group(&id, standing.group.life),
        community: standing.group.conversation,
        life: standing.group.life,
        creator: by.account().clone(),
        card: wish.over(Card { name: name.clone(), ..Card::default() }),
        created_at: now,
        is_muted: false,
        is_deleted: false,
        id,
    };
    if !topics::add(tx, &topic)? {
        let other = topics::get(tx, topic.conversation)?;
        let is_own = other.is_some_and(|other| other.creator == topic.creator);
        return refuse(if is_own { Fault::GroupIdOwned } else { Fault::GroupIdTaken });
    }
    if new.is_import {
        return Ok(topic.id);
    }
    tell(tx, &standing.group, &topic.id, TopicChange::Created);
    let owner = standing.group.owner.as_ref().map(ToString::to_string).unwrap_or_default();
    let told = GroupHappening::TopicCreated { topic: topic.id.clone(), name: topic.card.name.clone(), owner };
    hook_for(tx, &standing.group, by.account(), now, told)?;
    Ok(topic.id)
}

/// Changes a topic.
pub fn modify(tx: &mut Tx<'_>, now: Millis, app: &App, group: &GroupId, by: &By, id: &str, wish: &Wish) -> Result<()> {
    check(wish)?;
    let standing = lock_community(tx, app, group, by)?;
    check_topics(&standing)?;
    let topic = find(tx, &standing.group, id)?;
    if !allowed_in(tx, &standing, &topic, by.account())?.has(TopicPermission::MANAGE) {
        return refuse(Fault::GroupForbidden);
    }
    let is_muted = wish.is_muted.unwrap_or(topic.is_muted);
    let card = wish.over(topic.card.clone());
    let fields = changed(&topic.card, &card);
    topics::change(tx, topic.conversation, &card, is_muted)?;
    if !fields.is_empty() {
        let told = GroupHappening::TopicEdited { topic: id.to_owned(), fields };
        hook_for(tx, &standing.group, by.account(), now, told)?;
    }
    tell(tx, &standing.group, id, TopicChange::Altered);
    Ok(())
}

/// The fields of which the contract tells, where they became others.
fn changed(before: &Card, after: &Card) -> Vec<(String, String)> {
    let fields = [
        ("Name", &before.name, &after.name),
        ("Introduction", &before.introduction, &after.introduction),
        ("Notification", &before.notification, &after.notification),
        ("FaceUrl", &before.face, &after.face),
    ];
    let own = |(name, _, value): (&str, &String, &String)| (name.to_owned(), value.clone());
    fields.into_iter().filter(|(_, before, after)| before != after).map(own).collect()
}

/// Deletes topics.
pub fn destroy(tx: &mut Tx<'_>, now: Millis, app: &App, group: &GroupId, by: &By, ids: &[String]) -> Result<Outcomes> {
    let standing = lock_community(tx, app, group, by)?;
    check_topics(&standing)?;
    let mut outcomes = Outcomes::new();
    for id in ids {
        let outcome = match delete(tx, now, &standing, by, id) {
            Ok(()) => Ok(()),
            Err(Error::Fault(fault)) => Err(fault),
            Err(failure) => return Err(failure),
        };
        outcomes.push(outcome);
    }
    let gone = ids.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
    let topics: Vec<String> = gone.map(|(id, _)| id.clone()).collect();
    if !topics.is_empty() {
        hook_for(tx, &standing.group, by.account(), now, GroupHappening::TopicsEnded { topics })?;
    }
    Ok(outcomes)
}

fn delete(tx: &mut Tx<'_>, now: Millis, standing: &Standing, by: &By, id: &str) -> Result<()> {
    let topic = look(tx, &standing.group, id)?;
    if topic.is_deleted {
        return refuse(Fault::TopicDeleted);
    }
    if !allowed_in(tx, standing, &topic, by.account())?.has(TopicPermission::MANAGE) {
        return refuse(Fault::GroupForbidden);
    }
    topics::delete(tx, &topic, now)?;
    tell(tx, &standing.group, id, TopicChange::Deleted);
    Ok(())
}

/// Reads topics as an account of the community sees them: those that are named, or all.
pub fn get(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    app: &App,
    group: &GroupId,
    by: &By,
    viewer: &UserId,
    ids: Option<&[String]>,
) -> Result<Vec<(String, Result<Seen, Fault>)>> {
    let standing = community(snapshot, app, group, by)?;
    check_topics(&standing)?;
    let Some(ids) = ids else {
        let all = topics::of_community(snapshot, standing.group.conversation, "", limit::STORE_PAGE)?;
        let see = |topic: Topic| Ok((topic.id.clone(), Ok(see(snapshot, now, viewer, topic)?)));
        return all.into_iter().map(see).collect();
    };
    let mut seen = Vec::with_capacity(ids.len());
    for id in ids {
        let one = match find(snapshot, &standing.group, id) {
            Ok(topic) => Ok(see(snapshot, now, viewer, topic)?),
            Err(Error::Fault(fault)) => Err(fault),
            Err(failure) => return Err(failure),
        };
        seen.push((id.clone(), one));
    }
    Ok(seen)
}

fn see(snapshot: &mut Snapshot<'_>, now: Millis, viewer: &UserId, topic: Topic) -> Result<Seen> {
    let until = members::muted_until(snapshot, topic.conversation, viewer)?;
    let read = topics::read_seq(snapshot, topic.conversation, viewer)?;
    let member = members::get(snapshot, topic.community, viewer)?;
    Ok(Seen {
        progress: topics::progress(snapshot, topic.conversation)?,
        read,
        receive: member.as_ref().map_or(ReceiveOption::AcceptAndNotify, |member| member.receive),
        unread: member.map_or(Ok(0), |member| unread(snapshot, &topic, member, read))?,
        muted_until: if until > now { until } else { Millis(0) },
        topic,
    })
}

/// What a member of the community has not read in a topic.
fn unread(snapshot: &mut Snapshot<'_>, topic: &Topic, member: Member, read: Seq) -> Result<i64> {
    let Some(group) = groups::get(snapshot, &GroupId::trusted(&topic.id))? else { return Ok(0) };
    // Of what the membership notes, place and list are the community's own.
    let member = Member { read, import_number: group.import_number, hidden: Seq(0), ..member };
    messages::unread(snapshot, &group, &member)
}

/// Topics that moved, for a device that was away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// Each with how the account sees it; none of a deleted one.
    pub heads: Vec<(String, Option<Seen>)>,
    /// Behind what to ask next time.
    pub next: (Millis, String),
    /// Nothing more is known for now.
    pub is_complete: bool,
}

/// A message may be committed some time after the moment that it carries: whoever asks again is told so much twice.
const OVERLAP_MS: i64 = 10_000;

/// Topics that moved behind what is known: by a message, by the account's own mark, or because they were deleted.
pub fn heads(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    app: &App,
    group: &GroupId,
    by: &By,
    (after, behind): (Millis, &str),
) -> Result<Heads> {
    let standing = community(snapshot, app, group, by)?;
    check_topics(&standing)?;
    let from = if behind.is_empty() && after.0 > 0 { after.plus(-OVERLAP_MS).max(Millis(1)) } else { after };
    let viewer = by.account();
    let moved = topics::moved(snapshot, standing.group.conversation, viewer, (from, behind), limit::TOPIC_BATCH + 1)?;
    let is_complete = moved.len() <= limit::TOPIC_BATCH;
    let (mut heads, mut next) = (Vec::with_capacity(moved.len()), (after.max(Millis(1)), behind.to_owned()));
    for moved in moved.into_iter().take(limit::TOPIC_BATCH) {
        next = (next.0.max(moved.at), moved.id.clone());
        let seen = match find(snapshot, &standing.group, &moved.id) {
            Ok(topic) if !moved.is_deleted => Some(see(snapshot, now, viewer, topic)?),
            Ok(_) | Err(Error::Fault(_)) => None,
            Err(failure) => return Err(failure),
        };
        heads.push((moved.id, seen));
    }
    if is_complete {
        next.1.clear();
    }
    Ok(Heads { heads, next, is_complete })
}

/// Notes that an account has read a topic up to a place, 0 for all that there is. Its devices are told.
pub fn read(tx: &mut Tx<'_>, now: Millis, app: &App, group: &GroupId, by: &By, id: &str, seq: Seq) -> Result<Seq> {
    let standing = community(tx, app, group, by)?;
    check_topics(&standing)?;
    let topic = find(tx, &standing.group, id)?;
    keep(tx, topic.conversation)?;
    let newest = topics::progress(tx, topic.conversation)?.seq;
    let seq = if seq.0 <= 0 { newest } else { seq.min(newest) };
    if topics::mark_read(tx, topic.conversation, by.account(), seq, now)? {
        let (group, account) = (GroupId::trusted(&topic.id), by.account().clone());
        tx.after(Event::Group(GroupEvent::Read { group, account, seq, origin: None }));
    }
    Ok(seq)
}

/// Finds a topic that is there.
pub fn find(snapshot: &mut Snapshot<'_>, community: &Group, id: &str) -> Result<Topic> {
    let topic = look(snapshot, community, id)?;
    if topic.is_deleted { refuse(Fault::GroupGone) } else { Ok(topic) }
}

fn look(snapshot: &mut Snapshot<'_>, community: &Group, id: &str) -> Result<Topic> {
    let is_ours = id.strip_prefix(community.id.as_str()).is_some_and(|own| own.starts_with(PREFIX));
    if !is_ours || id.len() > ID_BYTES {
        return refuse(Fault::FieldInvalid { field: "TopicId" });
    }
    let found = topics::get(snapshot, ConversationId::group(id, community.life))?;
    found.filter(|topic| topic.community == community.conversation).ok_or_else(|| Fault::GroupGone.into())
}

fn tell(tx: &mut Tx<'_>, community: &Group, topic: &str, change: TopicChange) {
    tx.after(Event::Group(GroupEvent::Topic {
        group: community.id.clone(),
        conversation: community.conversation,
        topic: topic.to_owned(),
        change,
    }));
}

/// The id that a caller chooses for a topic of a community.
fn custom(community: &Group, id: &str) -> Result<String, Fault> {
    let own = id.strip_prefix(community.id.as_str()).and_then(|rest| rest.strip_prefix(PREFIX)).unwrap_or_default();
    let is_printable = own.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let is_taken = own.contains("@TGS#_") || own.contains(CHOSEN) || own.starts_with("@TOPIC#");
    if own.is_empty() || !is_printable || is_taken || id.len() > ID_BYTES {
        return Err(Fault::FieldInvalid { field: "TopicId" });
    }
    Ok(id.to_owned())
}

fn check(wish: &Wish) -> Result<(), Fault> {
    let bounds = [
        ("TopicName", &wish.name, NAME_BYTES),
        ("CustomString", &wish.custom, limit::TOPIC_CUSTOM_BYTES),
        ("FaceUrl", &wish.face, FACE_BYTES),
        ("Notification", &wish.notification, NOTIFICATION_BYTES),
        ("Introduction", &wish.introduction, INTRODUCTION_BYTES),
    ];
    for (field, text, max) in bounds {
        if text.as_ref().is_some_and(|text| text.len() > max) {
            return Err(Fault::FieldTooLong { field, max });
        }
    }
    if wish.name.as_ref().is_some_and(String::is_empty) {
        Err(Fault::FieldInvalid { field: "TopicName" })
    } else {
        Ok(())
    }
}
