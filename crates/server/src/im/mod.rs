//! The IM REST surface: `POST /v4/<service>/<command>`.
//!
//! [`answer`] is the gateway of the surface. Its checks stand in the documented order (tencent-im-rest reference,
//! §1.4), so that of several faults the same one is answered as by the service whose contract this is. Whatever
//! happens, the answer is HTTP 200 with the envelope.

pub mod account;
pub mod action;
pub mod fields;
pub mod message;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use contract::codes::{self, Family, Row};
use contract::webhook::Webhook;
use contract::{AppId, Error, Failure, Fault, Result, UserId, limit};
use serde_json::Value;
use store::apps::Status;
use tracing::{debug, error, warn};

use self::action::{Call, Command};
use crate::node::Node;

/// Every command that is served, sorted by name.
pub static COMMANDS: &[Command] = &[
    Command::read::<account::account_check::AccountCheck>(),
    Command::perform::<account::account_delete::AccountDelete>(),
    Command::write::<account::account_import::AccountImport>(),
    Command::write::<account::kick::Kick>(),
    Command::perform::<account::multiaccount_import::MultiaccountImport>(),
    Command::read::<message::admin_getroammsg::AdminGetroammsg>(),
    Command::write::<message::admin_msgwithdraw::AdminMsgwithdraw>(),
    Command::write::<message::admin_set_msg_read::AdminSetMsgRead>(),
    Command::perform::<message::batchsendmsg::Batchsendmsg>(),
    Command::read::<message::get_c2c_unread_msg_num::GetC2cUnreadMsgNum>(),
    Command::perform::<message::importmsg::Importmsg>(),
    Command::read::<account::query_online_status::QueryOnlineStatus>(),
    Command::read::<account::query_online_status::Querystate>(),
    Command::perform::<message::sendmsg::Sendmsg>(),
];

/// A request as the listener hands it over; the body is not read yet.
pub struct Request<'a, B> {
    /// Whence it came.
    pub from: IpAddr,
    /// Whether the method is POST.
    pub is_post: bool,
    /// What follows `/v4/`.
    pub path: &'a str,
    /// The raw query.
    pub query: &'a str,
    /// Reads the body, at most [`limit::BODY_BYTES`].
    pub body: B,
}

/// Answers one request.
pub async fn answer<B>(node: &Arc<Node>, request: Request<'_, B>) -> Bytes
where
    B: Future<Output = Result<Bytes>> + Send,
{
    let command = COMMANDS.iter().find(|command| command.name == request.path);
    let family = command.map_or(Family::Common, |command| command.family);
    let started = std::time::Instant::now();
    let from = request.from;
    let outcome = run(node, command, request).await;
    let (body, code) = match outcome {
        Ok(body) => (body, 0),
        Err(error) => {
            let row = spell(family, &error);
            if let Error::Failure(failure) = &error {
                error!(command = command.map(|command| command.name), %failure, "a call failed");
            }
            (refusal(row, &error), number_as_answered(row, &error))
        }
    };
    let name = command.map_or("unknown", |command| command.name);
    let seconds = started.elapsed().as_secs_f64();
    debug!(%from, command = name, code, seconds, "answered");
    metrics::histogram!("noroshi_im_call_seconds", "command" => name).record(seconds);
    metrics::counter!("noroshi_im_calls_total", "command" => name, "code" => code.to_string()).increment(1);
    body
}

async fn run<B>(node: &Arc<Node>, command: Option<&'static Command>, request: Request<'_, B>) -> Result<Bytes>
where
    B: Future<Output = Result<Bytes>> + Send,
{
    if !request.is_post || request.query.len() > limit::QUERY_BYTES {
        return Err(Fault::UrlMalformed.into());
    }
    let query = Query::parse(request.query).ok_or(Fault::UrlMalformed)?;
    let command = command.ok_or(Fault::CommandUnknown)?;
    let _place = node.im_places.try_acquire().map_err(|_| Fault::NodeBusy)?;
    let call = admit(node, command, &query, request.from).await?;
    let _turn = node.rates.enter(call.app.id, &call.caller, node.bounds.calls_per_caller)?;
    node.rates.check_call(&call.app, command.name)?;
    let body = request.body.await?;
    let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
        return Err(Fault::BodyMalformed.into());
    };
    (command.run)(call, body).await
}

/// Lets a caller in, or says why not.
async fn admit(node: &Arc<Node>, command: &Command, query: &Query, from: IpAddr) -> Result<Call> {
    let now = node.clock.now();
    let id = query.app.as_deref().filter(|id| !id.is_empty()).ok_or(Fault::AppMissing)?;
    let id = id.bytes().all(|b| b.is_ascii_digit()).then(|| id.parse().ok()).flatten();
    let id = id.filter(|id| *id > 0).map(AppId).ok_or(Fault::AppInvalid)?;
    let app = node.apps.get(id).ok_or(Fault::AppUnknown)?;
    if !matches!(app.settings.status, Status::Active | Status::Arrears) {
        return Err(Fault::AppDisabled.into());
    }
    if app.settings.commands_off.iter().any(|off| off == command.name) {
        return Err(Fault::CommandDisabled.into());
    }
    if app.settings.status == Status::Arrears || !app.is_paid(now) {
        return Err(Fault::PlanExpired.into());
    }
    if !crate::address::is_allowed(&app.settings.addresses, from) {
        return Err(Fault::AddressForbidden.into());
    }
    let caller = query.identifier.as_deref().and_then(|text| UserId::parse(text).ok()).ok_or(Fault::CallerInvalid)?;
    let sig = query.user_sig.as_deref().ok_or(Fault::UserSigMissing)?;
    node.sigs.verify(&node.store, &node.rates, &app, &caller, sig, now).await.map_err(lookup)?;
    if app.settings.accounts_off.iter().any(|off| off == caller.as_str()) {
        return Err(Fault::AccountBlocked.into());
    }
    if !app.is_admin(&caller) {
        return Err(Fault::NotAdmin.into());
    }
    Ok(Call { node: Arc::clone(node), app, caller, now, from })
}

/// What verifies a UserSig is pure but for the look at its account, so a timeout there has a code of its own.
fn lookup(error: Error) -> Error {
    match error {
        Error::Failure(Failure::Timeout(what)) => {
            warn!(what, "an account could not be looked up in time");
            Fault::AccountLookupTimeout.into()
        }
        error => error,
    }
}

/// The row that spells an error; whatever is our own trouble becomes the family's internal error.
pub fn spell(family: Family, error: &Error) -> &'static Row {
    match error {
        Error::Fault(fault) => codes::render(family, fault),
        Error::Failure(failure) => codes::failure(family, failure),
    }
}

/// The number of a row of this surface.
fn number(row: &Row) -> i32 {
    row.number().expect("every code of this surface is a number")
}

/// The number that is answered: that of the row, or the one that an app's own webhook chose from the row's range.
fn number_as_answered(row: &Row, error: &Error) -> i32 {
    match error {
        Error::Fault(Fault::WebhookCustom { code, .. }) => *code,
        _ => number(row),
    }
}

/// The number by which a family spells a fault, for lists of items.
pub fn number_of(family: Family, fault: &Fault) -> i32 {
    number(codes::render(family, fault))
}

/// The body of a refusal. The short text comes first and never changes; what the fault knows more of follows it.
fn refusal(row: &Row, error: &Error) -> Bytes {
    let info = match error {
        Error::Fault(Fault::FieldMissing { field } | Fault::FieldInvalid { field }) => format!("{}: {field}", row.text),
        Error::Fault(Fault::MsgElementInvalid { what }) => format!("{}: {what}", row.text),
        Error::Fault(Fault::WebhookCustom { info, .. }) => info.clone(),
        _ => row.text.to_owned(),
    };
    let code = number_as_answered(row, error);
    serde_json::json!({ "ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info }).to_string().into()
}

/// The parameters of the URL.
#[derive(Default)]
struct Query {
    app: Option<String>,
    identifier: Option<String>,
    user_sig: Option<String>,
}

impl Query {
    /// Reads the query; none if it is not percent-encoded UTF-8. `random` and `contenttype` are of no consequence, as
    /// at the service whose contract this is.
    fn parse(query: &str) -> Option<Self> {
        let mut parsed = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "sdkappid" => &mut parsed.app,
                "identifier" => &mut parsed.identifier,
                "usersig" => &mut parsed.user_sig,
                _ => {
                    percent_decode(value)?;
                    continue;
                }
            };
            if place.is_none() {
                *place = Some(percent_decode(value)?);
            }
        }
        Some(parsed)
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                // Digit by digit: the parser of numbers would take a sign.
                let digit = |byte: u8| char::from(byte).to_digit(16);
                bytes.push((digit(digits[0])? * 16 + digit(digits[1])?) as u8);
                rest = tail;
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The commands and the webhooks that are served, in the columns of the published list.
pub fn commands_tsv() -> String {
    let mut text = String::from("surface\tfamily\tcommand\tversion\n");
    for command in COMMANDS {
        text.push_str(&format!("im-rest\t{}\t{}\tv4\n", command.chapter, command.name));
    }
    for webhook in Webhook::ALL {
        text.push_str(&format!("im-webhook\t{}\t{}\t\n", webhook.chapter(), webhook.command()));
    }
    text
}

/// Says once, at start, what an operator should know of the surface.
pub fn note_start(node: &Node) {
    if node.apps.all().is_empty() {
        warn!("no app exists yet: `noroshi app create` adds one");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_by_name_within_a_service_and_holds_no_name_twice() {
        let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }

    #[test]
    fn a_query_is_decoded_whatever_the_order_and_the_first_of_two_holds() {
        let query = Query::parse("usersig=a%2Ab*c-_&sdkappid=1&identifier=a+b&sdkappid=2&x").expect("fits");
        assert_eq!(query.user_sig.as_deref(), Some("a*b*c-_"));
        assert_eq!(query.app.as_deref(), Some("1"));
        assert_eq!(query.identifier.as_deref(), Some("a b"));
        for bad in ["x=%", "x=%zz", "x=%+1", "identifier=%ff"] {
            assert!(Query::parse(bad).is_none(), "{bad}");
        }
    }
}
