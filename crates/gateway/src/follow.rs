//! Commands on follows: frames into the words of `chat`, and back.

use chat::follow::{self, Act, Outcomes};
use contract::codes::Family;
use contract::frame::wire::{
    FollowAnswer, FollowCheckAnswer, FollowCheckRequest, FollowListAnswer, FollowListRequest, FollowRequest,
    FollowType, follow_answer, follow_check_answer, follow_list_answer,
};
use contract::{Fault, Result, UserId, limit};
use store::follows::{List, Tie};

use crate::profile::fields;
use crate::refusal;
use crate::request::Call;

/// Follows accounts.
pub(crate) async fn add(call: &Call, request: FollowRequest) -> Result<FollowAnswer> {
    let (app, act, users) = (call.app.clone(), act(call), users(&request.accounts));
    let job = move |tx: &mut store::Tx<'_>| follow::add(tx, &app, &act, &users);
    Ok(answer(request.accounts, call.write(job).await?))
}

/// Ends follows.
pub(crate) async fn remove(call: &Call, request: FollowRequest) -> Result<FollowAnswer> {
    let (app, act, users) = (call.app.clone(), act(call), users(&request.accounts));
    let job = move |tx: &mut store::Tx<'_>| follow::remove(tx, &app, &act, &users);
    Ok(answer(request.accounts, call.write(job).await?))
}

/// Lists whom the account follows, or who follows it.
pub(crate) async fn list(call: &Call, request: FollowListRequest) -> Result<FollowListAnswer> {
    let kind = match request.r#type() {
        FollowType::Follower => List::Followers,
        FollowType::Following => List::Following,
        FollowType::Mutual => List::Mutual,
        FollowType::Strangers => return Err(Fault::FieldInvalid { field: "type" }.into()),
    };
    let count = match request.count as usize {
        0 => limit::FOLLOW_PAGE_DEFAULT,
        count if count <= limit::FOLLOW_PAGE => count,
        _ => return Err(Fault::FieldInvalid { field: "count" }.into()),
    };
    let (app, account) = (call.app.clone(), call.session.account.clone());
    let read =
        move |snapshot: &mut store::Snapshot<'_>| follow::list(snapshot, &app, &account, kind, &request.cursor, count);
    let page = call.hub.store.read(call.app.id, read).await?;
    let items = page.listed.into_iter().map(|listed| follow_list_answer::Item {
        account: listed.entry.account.to_string(),
        time: listed.entry.at.secs(),
        profile_sequence: listed.profile.sequences.standard + listed.profile.sequences.custom,
        fields: fields(listed.profile.standard.into_iter().collect()),
    });
    Ok(FollowListAnswer { items: items.collect(), cursor: page.next })
}

/// Answers how the account and others follow each other.
pub(crate) async fn check(call: &Call, request: FollowCheckRequest) -> Result<FollowCheckAnswer> {
    let (app, account, others) = (call.app.clone(), call.session.account.clone(), users(&request.accounts));
    let has_counts = request.counts;
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let counts = if has_counts { follow::counts(snapshot, &app, &account, &others)? } else { Vec::new() };
        Ok((follow::check(snapshot, &app, &account, &others)?, counts))
    };
    let (ties, counts) = call.hub.store.read(call.app.id, read).await?;
    let mut counts = counts.into_iter();
    let items = request.accounts.into_iter().zip(ties).map(|(account, tie)| {
        let counts = counts.next().and_then(Result::ok).unwrap_or_default();
        follow_check_answer::Item {
            account,
            code: code(tie.as_ref().err()),
            r#type: tie.map_or(FollowType::Strangers, type_of).into(),
            followers: counts.followers,
            following: counts.following,
            mutual: counts.mutual,
        }
    });
    Ok(FollowCheckAnswer { items: items.collect() })
}

const fn type_of(tie: Tie) -> FollowType {
    match (tie.is_followed, tie.is_following) {
        (false, false) => FollowType::Strangers,
        (true, false) => FollowType::Follower,
        (false, true) => FollowType::Following,
        (true, true) => FollowType::Mutual,
    }
}

fn act(call: &Call) -> Act {
    Act { account: call.session.account.clone(), now: call.now, origin: Some(call.session.device.clone()) }
}

fn users(names: &[String]) -> Vec<Option<UserId>> {
    names.iter().map(|name| UserId::parse(name).ok()).collect()
}

fn answer(names: Vec<String>, outcomes: Outcomes) -> FollowAnswer {
    let item = |(account, outcome): (String, Result<(), Fault>)| {
        let code = code(outcome.err().as_ref());
        follow_answer::Item { account, code }
    };
    FollowAnswer { items: names.into_iter().zip(outcomes).map(item).collect() }
}

fn code(fault: Option<&Fault>) -> i32 {
    fault.map_or(0, |fault| refusal::spell(Family::Relation, &fault.clone().into()).0)
}
