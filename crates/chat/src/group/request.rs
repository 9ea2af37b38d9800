//! Who wants in and waits: answers to requests and invitations.

use contract::error::refuse;
use contract::group::{GroupId, NoticeKind, Operation};
use contract::{Fault, Result, UserId};
use store::Tx;
use store::groups::Group;
use store::groups::requests::{self, Outcome, Request, RequestKind};

use super::{By, Scope, ensure, ensure_room_of, hold, hold_accounts, member, role_of, tip};

/// Answers a request to join or an invitation. Answers the group and the request, granted or not.
pub fn answer(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    number: i64,
    is_granted: bool,
    wording: &str,
) -> Result<(Group, Request)> {
    let mut group = hold(tx, id)?;
    let found = requests::get(tx, group.conversation, number)?;
    let is_asked = |request: &Request| request.kind == RequestKind::Consent && request.account == *by.account();
    match &found {
        // Who was invited answers for itself; all others must be admins, also to learn that there is no such request.
        Some(request) if is_asked(request) => {}
        Some(request) if request.kind == RequestKind::Consent => return refuse(Fault::GroupForbidden),
        _ => drop(ensure(tx, &group, by, Operation::Approve)?),
    }
    let Some(request) = found else { return refuse(Fault::FieldInvalid { field: "request" }) };
    if request.outcome != Outcome::Waits {
        return refuse(Fault::JoinRequestHandled);
    }
    let is_in = role_of(tx, &group, &request.account)?.is_some();
    if is_granted && !is_in {
        hold_accounts(tx, [&request.account])?;
        member::ensure_fits(&group)?;
        ensure_room_of(tx, scope, [&request.account])?;
    }
    let outcome = if is_granted { Outcome::Granted } else { Outcome::Refused };
    requests::answer(tx, group.conversation, number, outcome, by.account(), scope.now)?;
    if is_granted && !is_in {
        let who: &[UserId] = std::slice::from_ref(&request.account);
        member::admit(tx, scope, by, &mut group, who, false, None)?;
    }
    let (kind, receiver) = match (request.kind, is_granted) {
        (RequestKind::Consent, true) => (NoticeKind::InviteAccepted, &request.inviter),
        (RequestKind::Consent, false) => (NoticeKind::InviteRefused, &request.inviter),
        (_, true) => (NoticeKind::JoinApproved, &request.account),
        (_, false) => (NoticeKind::JoinRefused, &request.account),
    };
    let mut notice = tip::notice(&group, by, scope.now, kind, wording);
    notice.request = number;
    tip::notify(tx, vec![receiver.clone()], notice);
    Ok((group, request))
}
