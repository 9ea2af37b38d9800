//! Groups from elsewhere: their members and messages come with times of their own, and nobody is told.

use contract::error::refuse;
use contract::group::{Actor, GroupId, Operation, Role};
use contract::message::Flags;
use contract::{Fault, Millis, Result, Seq, UserId};
use store::Tx;
use store::groups;
use store::groups::members::{self, Member};
use store::groups::messages::{self, New};

use super::member::Added;
use super::send::counts;
use super::{Scope, ensure_accounts, hold, hold_accounts, hold_place, no_head, read, tip};

/// A member from elsewhere.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// Who.
    pub account: UserId,
    /// What it is.
    pub role: Role,
    /// Since when; now if nobody says.
    pub joined_at: Option<Millis>,
    /// How many messages it has not read.
    pub unread: i64,
}

/// Brings members. One whose time cannot be is not added; answers what became of each.
pub fn members(tx: &mut Tx<'_>, scope: &Scope<'_>, id: &GroupId, newcomers: &[Newcomer]) -> Result<Vec<Added>> {
    let mut group = hold(tx, id)?;
    if !Operation::Import.is_allowed(group.kind, Actor::App) {
        return refuse(Fault::GroupForbidden);
    }
    let has_admins = Operation::SetAdmin.is_allowed(group.kind, Actor::App);
    if newcomers.iter().any(|it| it.role == Role::Owner || (it.role == Role::Admin && !has_admins)) {
        return refuse(Fault::FieldInvalid { field: "Role" });
    }
    let accounts: Vec<UserId> = newcomers.iter().map(|it| it.account.clone()).collect();
    hold_accounts(tx, &accounts)?;
    groups::hold_head(tx, &mut group)?;
    let mut present: Vec<UserId> =
        members::among(tx, group.conversation, &accounts)?.into_iter().map(|member| member.account).collect();
    let mut results = Vec::with_capacity(newcomers.len());
    let mut joined = Vec::new();
    let mut has_room = group.members_max - group.members;
    for newcomer in newcomers {
        let at = newcomer.joined_at.unwrap_or(scope.now);
        let result = if present.contains(&newcomer.account) {
            Added::Present
        } else if at.secs() < group.created_at.secs() || at > scope.now || has_room <= 0 {
            Added::Failed
        } else {
            has_room -= 1;
            present.push(newcomer.account.clone());
            joined.push((newcomer, at));
            Added::Joined
        };
        results.push(result);
    }
    if joined.is_empty() && has_room <= 0 && results.contains(&Added::Failed) {
        return refuse(Fault::GroupFull);
    }
    // History from elsewhere is the history of those who come from there.
    let rows: Vec<Member> = joined
        .iter()
        .map(|(it, at)| Member { cleared: Seq(0), ..Member::new(it.account.clone(), it.role, &group, *at) })
        .collect();
    members::put(tx, group.conversation, &rows)?;
    group.members += rows.len() as i64;
    groups::save(tx, &group)?;
    for (newcomer, _) in joined.iter().filter(|(it, _)| it.unread > 0 && counts(scope, group.kind)) {
        read::put_unread(tx, &group, &newcomer.account, newcomer.unread)?;
    }
    let names: Vec<UserId> = rows.into_iter().map(|member| member.account).collect();
    if !names.is_empty() {
        tip::moved(tx, &group, &names, &[]);
    }
    Ok(results)
}

/// A message from elsewhere.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who sent it.
    pub sender: UserId,
    /// When.
    pub at: Millis,
    /// Chosen by the sender.
    pub random: u32,
    /// The JSON text of its elements, or why it cannot be taken.
    pub body: Result<String, Fault>,
}

/// Brings messages in ascending time. A message whose time cannot be, or that is too long, is left out; answers of each
/// its place and time, or why not. Afterwards nobody has anything unread.
pub fn messages(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    id: &GroupId,
    letters: &[Letter],
    moves_list: bool,
) -> Result<Vec<Result<(Seq, Millis), Fault>>> {
    let mut group = hold_place(tx, id)?;
    if !Operation::Import.is_allowed(group.kind, Actor::App) {
        return refuse(Fault::GroupForbidden);
    }
    ensure_accounts(tx, letters.iter().map(|letter| &letter.sender))?;
    // Nobody speaks meanwhile: what comes now must not be older than what is there.
    groups::hold_head(tx, &mut group)?;
    let flags =
        Flags::IMPORTED.with_if(counts(scope, group.kind), Flags::COUNTS).with_if(moves_list, Flags::MOVES_LIST);
    let mut newest = group.last_at.secs().max(group.created_at.secs());
    let mut outcomes = Vec::with_capacity(letters.len());
    for letter in letters {
        let body = match &letter.body {
            Ok(body) => body,
            Err(fault) => {
                outcomes.push(Err(fault.clone()));
                continue;
            }
        };
        if letter.at.secs() < newest || letter.at >= scope.now {
            outcomes.push(Err(Fault::FieldInvalid { field: "SendTime" }));
            continue;
        }
        newest = letter.at.secs();
        let (sender, random, at) = (&letter.sender, letter.random, letter.at);
        let new = New { sender, random, at, body, cloud: "", flags };
        let place = messages::append(tx, group.conversation, &new)?.ok_or_else(no_head)?;
        group.seq = place.0;
        outcomes.push(Ok(place));
    }
    group.import_number += 1;
    group.import_seq = group.seq;
    groups::save(tx, &group)?;
    Ok(outcomes)
}
