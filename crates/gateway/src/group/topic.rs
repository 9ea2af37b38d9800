//! Topics of communities as devices use them.

use chat::topic::{self, New, Seen, Wish};
use contract::codes::Family;
use contract::frame::wire::{
    GroupOutcomes, Topic, TopicHeads, TopicHeadsRequest, TopicRead, TopicRef, TopicRequest, Topics, TopicsRequest,
    group_outcomes,
};
use contract::group::MUTE_FOREVER_S;
use contract::webhook::GroupQuestion;
use contract::{Fault, Millis, Result, Seq, limit};

use super::ask::{ask_app, look_through};
use super::room::{by, group};
use crate::refusal;
use crate::request::Call;

/// What a device says of a topic, its texts looked through.
fn wish(call: &Call, request: &TopicRequest) -> Result<Wish, Fault> {
    let mut wish = Wish {
        name: request.name.clone(),
        face: request.face.clone(),
        introduction: request.introduction.clone(),
        notification: request.notification.clone(),
        custom: request.custom.clone(),
        is_muted: request.muted,
    };
    look_through(call, wish.texts())?;
    Ok(wish)
}

/// The number of a refusal, 0 if there is none.
pub(crate) fn code(outcome: &Result<(), Fault>) -> i32 {
    outcome.as_ref().map_or_else(|fault| refusal::spell(Family::Group, &fault.clone().into()).0, |()| 0)
}

/// What became of each item.
pub(crate) fn outcomes(ids: Vec<String>, outcomes: &[Result<(), Fault>]) -> GroupOutcomes {
    let item = |(id, outcome)| group_outcomes::Item { id, code: code(outcome), result: 0 };
    GroupOutcomes { items: ids.into_iter().zip(outcomes).map(item).collect() }
}

/// Makes a topic.
pub(crate) async fn create(call: &Call, request: TopicRequest) -> Result<TopicRef> {
    let (id, by, app, now) = (group(&request.group)?, by(call, None), call.app.clone(), call.now);
    let wish = wish(call, &request)?;
    let (chosen, number) = ((!request.topic.is_empty()).then_some(request.topic), rand::random());
    let question = GroupQuestion::CreateTopic {
        operator: call.session.account.clone(),
        name: wish.name.clone().unwrap_or_default(),
    };
    ask_app(call, question).await?;
    let write = move |tx: &mut store::Tx<'_>| {
        topic::create(tx, now, &app, &id, &by, &New { id: chosen.as_deref(), wish: &wish, number, is_import: false })
    };
    Ok(TopicRef { group: request.group, topic: call.write(write).await? })
}

/// Reads topics as the account sees them.
pub(crate) async fn get(call: &Call, request: TopicsRequest) -> Result<Topics> {
    check_batch(&request)?;
    let (id, by, app, now) = (group(&request.group)?, by(call, None), call.app.clone(), call.now);
    let (viewer, ids) = (call.session.account.clone(), request.topics);
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let ids = (!ids.is_empty()).then_some(&ids[..]);
        topic::get(snapshot, now, &app, &id, &by, &viewer, ids)
    };
    let found = call.hub.store.read(call.app.id, read).await?;
    Ok(Topics { topics: found.into_iter().map(|(id, seen)| shown(id, seen)).collect() })
}

fn shown(id: String, seen: Result<Seen, Fault>) -> Topic {
    let Seen { topic, progress, read, unread, muted_until, .. } = match seen {
        Ok(seen) => seen,
        Err(fault) => return Topic { topic: id, code: code(&Err(fault)), ..Topic::default() },
    };
    Topic {
        topic: id,
        code: 0,
        name: topic.card.name,
        face: topic.card.face,
        introduction: topic.card.introduction,
        notification: topic.card.notification,
        custom: topic.card.custom,
        muted: topic.is_muted,
        created_at: topic.created_at.secs(),
        seq: progress.seq.0 as u64,
        read_seq: read.0 as u64,
        unread: unread as u32,
        last_time: progress.last_at.secs(),
        muted_until: muted_until.secs().min(MUTE_FOREVER_S),
    }
}

/// Topics that moved behind what the device knows.
pub(crate) async fn heads(call: &Call, request: TopicHeadsRequest) -> Result<TopicHeads> {
    let (id, by, app, now) = (group(&request.group)?, by(call, None), call.app.clone(), call.now);
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let after = (Millis(request.after_at.max(0)), request.after_topic.as_str());
        topic::heads(snapshot, now, &app, &id, &by, after)
    };
    let found = call.hub.store.read(call.app.id, read).await?;
    let head = |(id, seen): (String, Option<Seen>)| match seen {
        Some(seen) => shown(id, Ok(seen)),
        None => shown(id, Err(Fault::GroupGone)),
    };
    Ok(TopicHeads {
        topics: found.heads.into_iter().map(head).collect(),
        next_at: found.next.0.0,
        next_topic: found.next.1,
        finished: found.is_complete,
    })
}

fn check_batch(request: &TopicsRequest) -> Result<(), Fault> {
    let max = limit::TOPIC_BATCH;
    if request.topics.len() > max { Err(Fault::FieldInvalid { field: "topics" }) } else { Ok(()) }
}

/// Changes a topic.
pub(crate) async fn modify(call: &Call, request: TopicRequest) -> Result<()> {
    let (id, by, app, now) = (group(&request.group)?, by(call, None), call.app.clone(), call.now);
    let wish = wish(call, &request)?;
    call.write(move |tx| topic::modify(tx, now, &app, &id, &by, &request.topic, &wish)).await
}

/// Deletes topics.
pub(crate) async fn delete(call: &Call, request: TopicsRequest) -> Result<GroupOutcomes> {
    check_batch(&request)?;
    let (id, by, app, now, ids) =
        (group(&request.group)?, by(call, None), call.app.clone(), call.now, request.topics.clone());
    let done = call.write(move |tx| topic::destroy(tx, now, &app, &id, &by, &ids)).await?;
    Ok(outcomes(request.topics, &done))
}

/// Notes how far a topic was read.
pub(crate) async fn read(call: &Call, request: TopicRead) -> Result<TopicRead> {
    let (id, by, app, text) = (group(&request.group)?, by(call, None), call.app.clone(), request.topic.clone());
    let seq = Seq(i64::try_from(request.seq).map_err(|_| Fault::FieldInvalid { field: "seq" })?);
    let now = call.now;
    let seq = call.write(move |tx| topic::read(tx, now, &app, &id, &by, &text, seq)).await?;
    Ok(TopicRead { seq: seq.0 as u64, ..request })
}
