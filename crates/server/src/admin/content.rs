//! What an app does not want to be said or shown: words, blocked files, and texts that wait for an operator.

use std::sync::Arc;

use axum::http::Method;
use chat::group::stream::name_of;
use chat::message::Recaller;
use chat::moderation::{normal, url_mark};
use contract::group::GroupId;
use contract::{AppId, Error, Fault, MsgKey, Seq, UserId, limit};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Tx;
use store::apps::App;
use store::platform;
use store::words::{self, Action, Decision, Lists, Mark, Review};

use super::ask::{Answer, Ask, decode};
use super::audit;
use super::refusal::{Refusal, invalid};
use crate::moderation::Scene;
use crate::node::Node;

/// Answers what lies below `apps/ID/words`, `…/blocked` and `…/reviews`.
pub(super) async fn answer(node: &Arc<Node>, ask: &Ask, id: AppId, path: &[&str]) -> Result<Answer, Refusal> {
    if node.apps.get(id).is_none() {
        return Err(Refusal::AppUnknown);
    }
    match (path, &ask.method) {
        (["words"], &Method::GET) => list_words(node, ask, id).await,
        (["words"], &Method::POST) => add_words(node, ask, id).await,
        (["words"], &Method::DELETE) => remove_words(node, ask, id).await,
        (["blocked"], &Method::GET) => list_blocked(node, ask, id).await,
        (["blocked"], &Method::POST) => change_blocked(node, ask, id, true).await,
        (["blocked"], &Method::DELETE) => change_blocked(node, ask, id, false).await,
        (["reviews"], &Method::GET) => list_reviews(node, ask, id).await,
        (["reviews", review], &Method::POST) => decide(node, ask, id, review).await,
        (["words" | "blocked" | "reviews"] | ["reviews", _], _) => Err(Refusal::MethodUnknown),
        _ => Err(Refusal::PathUnknown),
    }
}

fn text_param(ask: &Ask, name: &str) -> Result<String, Refusal> {
    let text = ask.param(name).unwrap_or_default();
    decode(text).ok_or_else(|| invalid(format!("{name} is percent-encoded UTF-8")))
}

/// `GET apps/ID/words?after=WORD&limit=N`: a page in the order of the store.
async fn list_words(node: &Node, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let (after, count) = (text_param(ask, "after")?, ask.page()?);
    let read =
        move |snapshot: &mut store::Snapshot<'_>| Ok((words::lists(snapshot)?, words::page(snapshot, &after, count)?));
    let (lists, page) = node.store.read(id, read).await?;
    let next = if page.len() == count { page.last().map(|(word, _)| word.clone()) } else { None };
    let items: Vec<_> = page.iter().map(|(word, action)| json!({ "word": word, "action": action.as_str() })).collect();
    Ok(Answer::ok(json!({ "words": items, "next": next, "count": lists.words, "version": lists.version })))
}

/// Words to add. More batches may follow: then only the last one makes the node build its filter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    words: Vec<Entry>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    word: String,
    action: String,
}

/// `POST apps/ID/words`.
async fn add_words(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let added: Added = ask.parse()?;
    check_count(added.words.len(), limit::WORD_BATCH)?;
    let mut entries = Vec::with_capacity(added.words.len());
    for entry in &added.words {
        let action = Action::parse(&entry.action);
        let action = action.ok_or_else(|| invalid("action is block, replace or review"))?;
        entries.push((check_word(&entry.word)?, action));
    }
    let entry = audit::entry(node.clock.now(), ask, "words.add", id.to_string(), format!("{} words", entries.len()));
    note(node, entry).await?;
    let lists = node.store.write(id, move |tx| words::add(tx, &entries)).await.map_err(too_many)?;
    changed(node, id, lists, !added.more).await
}

/// Notes what an operator is about to do. The lists belong to an app and the log to nobody, so these are two
/// transactions, and the log comes first: it may name what then failed, never lack what was done.
async fn note(node: &Node, entry: platform::Entry) -> Result<(), Refusal> {
    Ok(node.store.write(AppId::PLATFORM, move |tx| platform::add_entry(tx, &entry)).await?)
}

/// A word as it is kept. One of nothing but spaces or unseen characters would be found everywhere or nowhere.
fn check_word(word: &str) -> Result<String, Refusal> {
    let word = word.trim();
    if word.len() > limit::WORD_BYTES || normal(word).is_empty() || word.chars().any(char::is_control) {
        return Err(invalid(format!("{word:?}: a word has 1 to {} bytes that are seen", limit::WORD_BYTES)));
    }
    Ok(word.to_owned())
}

fn check_count(count: usize, max: usize) -> Result<(), Refusal> {
    if (1..=max).contains(&count) { Ok(()) } else { Err(invalid(format!("one call brings 1 to {max} entries"))) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removed {
    words: Vec<String>,
}

/// `DELETE apps/ID/words`.
async fn remove_words(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let removed: Removed = ask.parse()?;
    check_count(removed.words.len(), limit::WORD_BATCH)?;
    let list: Vec<String> = removed.words.iter().map(|word| word.trim().to_owned()).collect();
    let entry = audit::entry(node.clock.now(), ask, "words.remove", id.to_string(), format!("{} words", list.len()));
    note(node, entry).await?;
    let lists = node.store.write(id, move |tx| words::remove(tx, &list)).await?;
    changed(node, id, lists, true).await
}

/// Lets this node know before the operator hears that it is done; other nodes follow by the version.
async fn changed(node: &Node, id: AppId, lists: Lists, is_last: bool) -> Result<Answer, Refusal> {
    if is_last {
        node.moderation.reload(id).await?;
    }
    Ok(Answer::ok(json!({ "words": lists.words, "blocked": lists.blocked, "version": lists.version })))
}

fn too_many(error: Error) -> Refusal {
    match error {
        Error::Fault(Fault::BatchSizeInvalid { .. }) => Refusal::TooMany("the list is full"),
        error => error.into(),
    }
}

/// `GET apps/ID/blocked?after=KIND:MARK&limit=N`.
async fn list_blocked(node: &Node, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let (after, count) = (text_param(ask, "after")?, ask.page()?);
    let (kind, mark) = after.split_once(':').unwrap_or_default();
    let after = Mark { kind: kind.to_owned(), mark: mark.to_owned() };
    let page = node.store.read(id, move |snapshot| words::blocked(snapshot, &after, count)).await?;
    let next = if page.len() == count { page.last().map(|last| format!("{}:{}", last.kind, last.mark)) } else { None };
    let items: Vec<_> = page.iter().map(|mark| json!({ "kind": mark.kind, "mark": mark.mark })).collect();
    Ok(Answer::ok(json!({ "blocked": items, "next": next })))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Files {
    urls: Vec<String>,
    md5: Vec<String>,
    sha256: Vec<String>,
}

impl Files {
    fn marks(&self, id: AppId) -> Result<Vec<Mark>, Refusal> {
        let mut marks = Vec::new();
        for url in &self.urls {
            if url.len() > limit::URL_BYTES || !url.contains("://") || url.chars().any(char::is_control) {
                return Err(invalid("urls: a URL with its scheme"));
            }
            marks.push(Mark { kind: "url".into(), mark: url_mark(id, url) });
        }
        for (kind, digits, list) in [("md5", 32, &self.md5), ("sha256", 64, &self.sha256)] {
            for digest in list {
                if digest.len() != digits || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(invalid(format!("{kind}: {digits} hex digits")));
                }
                marks.push(Mark { kind: kind.into(), mark: digest.to_ascii_lowercase() });
            }
        }
        check_count(marks.len(), limit::WORD_BATCH)?;
        Ok(marks)
    }
}

/// `POST` and `DELETE apps/ID/blocked`.
async fn change_blocked(node: &Arc<Node>, ask: &Ask, id: AppId, blocks: bool) -> Result<Answer, Refusal> {
    let files: Files = ask.parse()?;
    let (marks, now) = (files.marks(id)?, node.clock.now());
    let action = if blocks { "files.block" } else { "files.allow" };
    let entry = audit::entry(now, ask, action, id.to_string(), format!("{} files", marks.len()));
    note(node, entry).await?;
    let change = move |tx: &mut Tx<'_>| {
        if blocks { words::block(tx, now, &marks) } else { words::allow(tx, &marks) }
    };
    let lists = node.store.write(id, change).await.map_err(too_many)?;
    changed(node, id, lists, true).await
}

/// `GET apps/ID/reviews?state=open&before=ID&limit=N`: newest first. Ids are texts: they are larger than what
/// JavaScript counts.
async fn list_reviews(node: &Node, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let decision = match ask.param("state") {
        None | Some("open") => Decision::Open,
        Some("passed") => Decision::Passed,
        Some("blocked") => Decision::Blocked,
        Some(_) => return Err(invalid("state is open, passed or blocked")),
    };
    let (before, count) = (ask.number("before")?.unwrap_or(i64::MAX), ask.page()?);
    let page = node.store.read(id, move |snapshot| words::reviews(snapshot, decision, before, count)).await?;
    let next = if page.len() == count { page.last().map(|last| last.id.to_string()) } else { None };
    Ok(Answer::ok(json!({ "reviews": page.iter().map(view).collect::<Vec<_>>(), "next": next })))
}

fn view(review: &Review) -> Value {
    let state = match review.decision {
        Decision::Open => "open",
        Decision::Passed => "passed",
        Decision::Blocked => "blocked",
    };
    json!({
        "id": review.id.to_string(),
        "at": review.at.0,
        "scene": review.scene,
        "account": review.account.as_str(),
        "peer": review.peer,
        "msg_key": review.msg_key,
        "words": review.words.lines().collect::<Vec<_>>(),
        "text": review.excerpt,
        "state": state,
        "decided_at": (review.decided_at.0 > 0).then_some(review.decided_at.0),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    decision: String,
}

/// `POST apps/ID/reviews/REVIEW`: `pass` lets the text stay; `block` takes it away.
async fn decide(node: &Arc<Node>, ask: &Ask, id: AppId, review: &str) -> Result<Answer, Refusal> {
    let decided: Decided = ask.parse()?;
    let decision = match decided.decision.as_str() {
        "pass" => Decision::Passed,
        "block" => Decision::Blocked,
        _ => return Err(invalid("decision is pass or block")),
    };
    let number: i64 = review.parse().map_err(|_| Refusal::ReviewUnknown)?;
    let app = node.apps.get(id).ok_or(Refusal::AppUnknown)?;
    let now = node.clock.now();
    let entry = audit::entry(now, ask, "review.decide", format!("{id}/{review}"), decided.decision);
    note(node, entry).await?;
    let change = move |tx: &mut Tx<'_>| {
        let Some(review) = words::decide(tx, now, number, decision)? else { return Ok(None) };
        if decision == Decision::Blocked {
            take_away(tx, now, &app, &review)?;
        }
        Ok(Some(review))
    };
    let review = node.store.write(id, change).await?.ok_or(Refusal::ReviewUnknown)?;
    Ok(Answer::ok(view(&review)))
}

/// Recalls a message, or empties nick or self-signature. What is gone already need not be taken away.
fn take_away(tx: &mut Tx<'_>, now: contract::Millis, app: &App, review: &Review) -> contract::Result<()> {
    let key = review.msg_key.parse::<MsgKey>().ok();
    if review.scene == Scene::Group.as_str() {
        return key.map_or(Ok(()), |key| take_from_group(tx, now, app, review, key));
    }
    let (Some(key), Ok(peer)) = (key, UserId::parse(&review.peer)) else {
        let words: Vec<&str> = review.words.lines().collect();
        return chat::profile::take_away(tx, app, &review.account, &words);
    };
    let by = Recaller::Admin(review.account.clone());
    // Whether it is there is asked first: a refusal would undo the decision.
    let view = store::messages::View { viewer: review.account.clone(), peer: peer.clone(), cleared: Seq(0) };
    let Some(message) = store::messages::sent(tx, &view, &review.account, key)? else { return Ok(()) };
    if message.flags.has(contract::message::Flags::RECALLED) {
        return Ok(());
    }
    chat::message::recall(tx, now, &review.account, &peer, key, &by)
}

/// Recalls a message of a group, also where the app's own commands recall nothing.
fn take_from_group(
    tx: &mut Tx<'_>,
    now: contract::Millis,
    app: &App,
    review: &Review,
    key: MsgKey,
) -> contract::Result<()> {
    let Ok(id) = GroupId::parse(&review.peer) else { return Ok(()) };
    let seq = Seq(key.seq.into());
    let Some(group) = store::groups::get(tx, &id)?.filter(store::groups::Group::is_alive) else { return Ok(()) };
    let found = store::groups::messages::at(tx, group.conversation, seq)?;
    if found.is_none_or(|message| name_of(message.seq, message.at, message.random) != key) {
        return Ok(());
    }
    let settings = store::groups::GroupSettings { has_recall: true, ..app.settings.groups.clone() };
    let scope = chat::group::Scope { settings: &settings, ..chat::group::Scope::of(app, now) };
    let by = chat::group::By::App(review.account.clone());
    chat::group::message::recall(tx, &scope, &by, &id, &[seq], 0, "").map(drop)
}
