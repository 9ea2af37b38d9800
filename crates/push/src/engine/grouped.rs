//! The offline push of a message to a group: one outbox row, worked off page by page of members.
//!
//! Members are looked at on a snapshot. Only what comes of it is written: the deliveries of those who are to be called,
//! with the place where the next page begins, in one transaction that holds only if the row is as it was read. A crash
//! repeats a look and no delivery, two nodes at one row tell nobody twice, and a page of members who are online, have no
//! device or want no push costs no turn at the writer. How far such pages have led is remembered by the engine.

use contract::group::{GroupMessage, ReceiveOption};
use contract::message::Flags;
use contract::{AppId, ConversationId, Failure, Millis, Result, UserId, limit};
use serde::{Deserialize, Serialize};
use store::deliveries::{self, Route, Task, Way};
use store::groups::{self, members, messages};
use store::outbox::{self, Item};
use store::statistics::{self, What};
use store::{GROUP_PUSH, Snapshot, Tx, accounts};

use super::Shared;
use super::intake::{count_badges, ways_of};
use crate::chat::Notice;
use crate::notice;

/// Members of one look.
const PAGE: usize = 500;

/// Looks of one run, in all rows together: other work of the app waits behind it.
const PAGES: usize = 32;

/// Rows of one run.
const ROWS: usize = 32;

/// Deliveries of one transaction, and those of the member with whom it is full.
const WAYS: usize = 500;

/// What is kept of a message until all its members are served.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Work {
    #[serde(flatten)]
    notice: Notice,
    /// The last member that was served.
    #[serde(default)]
    after: String,
    /// Deliveries that were made.
    #[serde(default)]
    made: i64,
}

/// How far a row was looked through without anybody to tell.
#[derive(Debug)]
pub(super) struct Walked {
    /// What the store knows: where this look began.
    from: String,
    after: String,
}

/// A member who is called, by all ways.
#[derive(Debug, Clone)]
struct Called {
    account: UserId,
    ways: Vec<Way>,
}

/// What one look found.
#[derive(Debug, Default)]
struct Page {
    called: Vec<Called>,
    /// The last member that was looked at; none at the end of the group.
    after: Option<String>,
}

/// A row and what this run does about it.
#[derive(Debug, Clone)]
struct Step {
    item: Item,
    /// What the store says; the cursor in it is where the transaction finds it.
    work: Work,
    after: String,
    called: Vec<Called>,
    /// Where the next transaction begins; none if nothing is left.
    next: Option<String>,
}

/// Serves pages of members of some messages; answers whether there may be more.
pub(super) async fn run(shared: &Shared, app: AppId, now: Millis) -> Result<bool> {
    let rows = shared.store.read(app, move |snapshot| outbox::peek(snapshot, GROUP_PUSH, now, ROWS)).await?;
    let mut has_more = rows.len() == ROWS;
    let pages = PAGES / rows.len().max(1);
    let (mut steps, mut ways) = (Vec::new(), 0);
    for item in rows {
        if ways >= WAYS {
            has_more = true;
            break;
        }
        let step = step(shared, app, now, item, (pages, WAYS - ways)).await?;
        ways += step.called.iter().map(|called| called.ways.len()).sum::<usize>();
        steps.push(step);
    }
    let (idle, busy): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|step| step.called.is_empty() && step.next.is_some());
    has_more |= !idle.is_empty();
    remember(shared, app, idle);
    if busy.is_empty() {
        return Ok(has_more);
    }
    let held = shared.store.write(app, move |tx| settle(tx, now, &busy)).await?;
    Ok(has_more || held)
}

/// Looks at a row's next members, until some are found or enough were looked at.
async fn step(shared: &Shared, app: AppId, now: Millis, item: Item, (pages, ways): (usize, usize)) -> Result<Step> {
    let work: Work = match serde_json::from_str(&item.payload) {
        Ok(work) => work,
        Err(error) => {
            tracing::error!(%app, id = item.id, %error, "a notice cannot be read and is dropped");
            return Ok(Step { item, work: Work::default(), after: String::new(), called: Vec::new(), next: None });
        }
    };
    let walked = shared.walks.lock().remove(&(app, item.id)).filter(|walked| walked.from == work.after);
    let after = walked.map_or_else(|| work.after.clone(), |walked| walked.after);
    let mut step = Step { item, work, after: after.clone(), called: Vec::new(), next: Some(after) };
    let mut found = 0;
    for _ in 0..pages {
        let (item, work, after) = (step.item.clone(), step.work.clone(), step.after.clone());
        let page = shared.store.read(app, move |snapshot| look(snapshot, now, &item, &work, &after)).await?;
        step.next.clone_from(&page.after);
        for called in page.called {
            if found >= ways {
                // The rest of the page is looked at again: it begins behind the last one who is told.
                step.next = step.called.last().map(|last| last.account.to_string());
                return Ok(step);
            }
            found += called.ways.len();
            step.called.push(called);
        }
        match &step.next {
            Some(next) => step.after.clone_from(next),
            None => break,
        }
    }
    Ok(step)
}

/// Who is to be called among the next members.
fn look(snapshot: &mut Snapshot<'_>, now: Millis, item: &Item, work: &Work, after: &str) -> Result<Page> {
    let expires_at = item.due_at.plus(limit::LIFE_TIME_S * 1_000);
    let Some((message, home)) = news(snapshot, item)?.filter(|_| expires_at > now) else { return Ok(Page::default()) };
    let notification = notice::notification(&work.notice, "");
    let (page, after) = candidates(snapshot, now, home, &message, after)?;
    let mut called = Vec::new();
    for (account, receive) in page {
        if account == message.sender || !is_wanted(receive, &account, &message) {
            continue;
        }
        let ways = ways_of(snapshot, now, &account, &notification)?;
        if !ways.is_empty() {
            called.push(Called { account, ways });
        }
    }
    Ok(Page { called, after })
}

/// A member who may have to be called, and how it receives.
type Candidate = (UserId, ReceiveOption);

/// Members who may have to be called, in the order of their names: those whom a message is for if it is for some, else
/// the next page of all that a push reaches. Answers also behind whom the next page begins; none if this is the last.
fn candidates(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    home: ConversationId,
    message: &GroupMessage,
    after: &str,
) -> Result<(Vec<Candidate>, Option<String>)> {
    if !message.targets.is_empty() {
        let mut some: Vec<Candidate> = members::among(snapshot, home, &message.targets)?
            .into_iter()
            .filter(|member| member.account.as_str() > after)
            .map(|member| (member.account, member.receive))
            .collect();
        some.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        some.dedup_by(|one, other| one.0 == other.0);
        return Ok((some, None));
    }
    let calls_muted = message.mentions_all || !message.mentions.is_empty();
    let page = members::away(snapshot, now, home, after, calls_muted, PAGE)?;
    let next = page.last.filter(|_| page.seen == PAGE).map(|last| last.to_string());
    Ok((page.members, next))
}

/// The message of a row, and on which conversation its readers hang; none if it is nobody's news any more: recalled, or
/// gone with its group.
fn news(snapshot: &mut Snapshot<'_>, item: &Item) -> Result<Option<(GroupMessage, ConversationId)>> {
    let Some(conversation) = item.conversation else { return Ok(None) };
    let Some(group) = groups::of_conversation(snapshot, conversation)? else { return Ok(None) };
    let message = messages::at(snapshot, conversation, item.seq)?;
    let message = message.filter(|message| !message.flags.has(Flags::RECALLED));
    Ok(message.map(|message| (message, group.home(conversation))))
}

fn is_wanted(receive: ReceiveOption, account: &UserId, message: &GroupMessage) -> bool {
    match receive {
        ReceiveOption::AcceptAndNotify => true,
        // Who is mentioned is called although the group is muted.
        ReceiveOption::AcceptNotNotify => message.mentions_all || message.mentions.contains(account),
        ReceiveOption::Discard => false,
    }
}

/// Keeps in mind how far was looked, and nothing of rows that are done or somebody else's.
fn remember(shared: &Shared, app: AppId, idle: Vec<Step>) {
    let mut walks = shared.walks.lock();
    walks.retain(|(other, _), _| *other != app);
    for step in idle {
        walks.insert((app, step.item.id), Walked { from: step.work.after, after: step.after });
    }
}

/// Writes what some steps have found; answers whether anything is left of what is still ours.
fn settle(tx: &mut Tx<'_>, now: Millis, steps: &[Step]) -> Result<bool> {
    let (mut has_more, mut called_all) = (false, 0);
    for step in steps {
        let has_news = !step.called.is_empty() && news(tx, &step.item)?.is_some();
        let called: &[Called] = if has_news { &step.called } else { &[] };
        let made = called.iter().map(|called| called.ways.len() as i64).sum::<i64>();
        let held = match &step.next {
            Some(after) => {
                let work = Work { after: after.clone(), made: step.work.made + made, ..step.work.clone() };
                let payload = serde_json::to_string(&work).map_err(Failure::internal)?;
                outbox::advance(tx, &step.item, &payload)?
            }
            None => outbox::finish(tx, &step.item)?,
        };
        // Another node was faster, and goes on with it.
        if held {
            call(tx, now, step, called)?;
            has_more |= step.next.is_some();
            called_all += made;
        }
    }
    if called_all > 0 {
        // Last, because every transaction that counts waits for this row.
        statistics::add(tx, statistics::day(now), What::GroupNotifications, called_all)?;
    }
    Ok(has_more)
}

/// Makes the deliveries of those who are called.
fn call(tx: &mut Tx<'_>, now: Millis, step: &Step, called: &[Called]) -> Result<()> {
    if called.is_empty() {
        return Ok(());
    }
    let Step { item, work, .. } = step;
    let sender = accounts::get(tx, &UserId::trusted(&work.notice.sender))?;
    let notification = notice::notification(&work.notice, &sender.map(|sender| sender.nick).unwrap_or_default());
    if work.made == 0 {
        let task = Task {
            id: item.id,
            notification: serde_json::to_string(&notification).map_err(Failure::internal)?,
            created_at: now,
            expires_at: item.due_at.plus(limit::LIFE_TIME_S * 1_000),
            is_kept: true,
            message: item.conversation.map(|conversation| (conversation, item.seq)),
            route: Route::default(),
        };
        deliveries::add_task(tx, &task)?;
    }
    let mut made = work.made;
    for Called { account, ways } in called {
        let ways = count_badges(tx, ways, &notification)?;
        deliveries::add_ways(tx, item.id, made, account.as_str(), &ways, now)?;
        made += ways.len() as i64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use contract::Seq;
    use contract::group::Role;
    use store::groups::Fields;
    use store::groups::members::Member;
    use store::groups::messages::Extra;

    use super::*;

    const APP: AppId = AppId(1_400_000_001);
    const NOW: Millis = Millis(1_700_000_000_000);
    const HOME: ConversationId = ConversationId([7; 16]);

    fn member(name: &str) -> Member {
        Member {
            account: UserId::trusted(name),
            role: Role::Member,
            joined_at: NOW,
            receive: ReceiveOption::AcceptAndNotify,
            name_card: String::new(),
            fields: Fields::new(),
            cleared: Seq(0),
            read: Seq(0),
            import_number: 0,
            hidden: Seq(0),
            muted_until: Millis(0),
        }
    }

    fn said(to: &[&str]) -> GroupMessage {
        let extra = Extra { to: to.iter().map(ToString::to_string).collect(), ..Extra::default() };
        messages::message(&UserId::trusted("sender"), (Seq(1), NOW, 1), ("[]", ""), Flags::default(), &extra)
    }

    store::both! {
        async fn a_message_to_some_is_looked_at_for_them_alone_whatever_the_size(store: TestStore) {
            let all: Vec<Member> = (0..PAGE * 2).map(|number| member(&format!("m{number:05}"))).collect();
            let rest = [member("yan"), member("zoe")];
            let put = move |tx: &mut Tx<'_>| {
                members::put(tx, HOME, &all)?;
                members::put(tx, HOME, &rest)
            };
            store.write(APP, put).await.unwrap();
            let look = async |to: &'static [&'static str], after: &'static str| {
                let read = move |snapshot: &mut Snapshot<'_>| candidates(snapshot, NOW, HOME, &said(to), after);
                let (found, next) = store.read(APP, read).await.unwrap();
                (found.into_iter().map(|(account, _)| account.to_string()).collect::<Vec<_>>(), next)
            };
            let none = Vec::<String>::new();
            assert_eq!(look(&["zoe", "nobody", "yan", "zoe"], "").await, (vec!["yan".into(), "zoe".into()], None));
            assert_eq!(look(&["zoe", "yan"], "yan").await, (vec!["zoe".into()], None), "it goes on where it stopped");
            assert_eq!(look(&["zoe", "yan"], "zoe").await, (none.clone(), None));
            assert_eq!(look(&[], "").await, (none, Some("m00499".into())), "one to all goes by pages");
        }
    }
}
