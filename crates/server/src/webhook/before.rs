//! Webhooks that are asked before something happens.
//!
//! Between the first decision and the transaction, outside any transaction. Whatever goes wrong on the way to a verdict
//! (no answer, garbage, a number that means nothing) is a failure, and the app has chosen what a failure means.

use contract::codes::{self, Code};
use contract::message::check_body;
use contract::webhook::{FriendQuestion, Origin, Webhook};
use contract::{Fault, Result};
use serde_json::{Map, Value};
use store::append::Draft;
use store::apps::{App, OnFailure};
use tracing::debug;

use super::endpoint::Call;
use super::{Webhooks, body};

/// What of the app's own words reaches the caller.
const INFO_BYTES: usize = 1_024;

/// What an endpoint answered.
pub(super) struct Said {
    pub(super) code: i64,
    pub(super) info: String,
    pub(super) fields: Map<String, Value>,
}

/// Why nothing was said.
pub(super) enum Silence {
    /// Too many calls wait already.
    Busy,
    /// It failed.
    Failed,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It is delivered, perhaps rewritten.
    Pass(Box<Draft>),
    /// It is not, and its sender does not learn it.
    Drop,
}

impl Webhooks {
    /// Asks `C2C.CallbackBeforeSendMsg`, if the app has it on. `push_info` is the offline push as the sender gave it.
    pub async fn before_send(
        &self,
        app: &App,
        origin: Origin,
        draft: Draft,
        push_info: Option<&Value>,
        is_online_only: bool,
    ) -> Result<Gate> {
        let webhook = Webhook::BeforeSendMsg;
        let asked = body::before_send(webhook.command(), &draft, is_online_only);
        let said = match self.ask(app, webhook, origin, &asked).await {
            Ok(said) => said,
            Err(silence) => {
                return match (policy(app, webhook), silence) {
                    (OnFailure::Pass, _) => Ok(Gate::Pass(Box::new(draft))),
                    (OnFailure::Refuse, Silence::Busy) => Err(Fault::WebhookBusy.into()),
                    (OnFailure::Refuse, Silence::Failed) => Err(Fault::WebhookFailed.into()),
                };
            }
        };
        match said.code {
            0 => match rewrite(app, &draft, push_info, &said.fields) {
                Ok(rewritten) => Ok(Gate::Pass(Box::new(rewritten.unwrap_or(draft)))),
                Err(fault) => {
                    debug!(app = %app.id, ?fault, "a webhook rewrote a message into what is none");
                    self.endpoint(app).note_garbage(app.id);
                    match policy(app, webhook) {
                        OnFailure::Pass => Ok(Gate::Pass(Box::new(draft))),
                        OnFailure::Refuse => Err(Fault::WebhookFailed.into()),
                    }
                }
            },
            2 => Ok(Gate::Drop),
            code if is_custom(codes::Message::WebhookCustom.row(), code) => {
                Err(Fault::WebhookCustom { code: code as i32, info: said.info }.into())
            }
            _ => Err(Fault::WebhookRefused.into()),
        }
    }

    /// Asks `Sns.CallbackPrevFriendAdd` or `Sns.CallbackPrevFriendResponse`, if the app has it on. The answer says yes or
    /// no for each account, here for the only one; the number around it counts for nothing.
    pub async fn before_friends(&self, app: &App, origin: Origin, question: &FriendQuestion) -> Result<()> {
        let webhook = question.webhook();
        let asked = body::before_friends(question, self.clock.now());
        let Ok(said) = self.ask(app, webhook, origin, &asked).await else {
            return match policy(app, webhook) {
                OnFailure::Pass => Ok(()),
                OnFailure::Refuse => Err(Fault::OperationRefused.into()),
            };
        };
        match verdict(&said.fields, question.peer.as_str()) {
            None | Some((0, _)) => Ok(()),
            Some((code, info)) if is_custom(codes::Relation::WebhookCustom.row(), code) => {
                Err(Fault::WebhookCustom { code: code as i32, info }.into())
            }
            Some(_) => Err(Fault::OperationRefused.into()),
        }
    }

    pub(super) async fn ask(
        &self,
        app: &App,
        webhook: Webhook,
        origin: Origin,
        asked: &Value,
    ) -> std::result::Result<Said, Silence> {
        let endpoint = self.endpoint(app);
        let Ok(_place) = endpoint.places.try_acquire() else {
            metrics::counter!("noroshi_webhook_calls_total", "command" => webhook.command(), "outcome" => "busy")
                .increment(1);
            return Err(Silence::Busy);
        };
        let call = Call { app, webhook, origin, body: asked.to_string().into(), now: self.clock.now() };
        let reply = endpoint.ask(call).await.map_err(|_| Silence::Failed)?;
        parse(&reply.body).ok_or_else(|| {
            endpoint.note_garbage(app.id);
            Silence::Failed
        })
    }
}

/// What an answer says of an account: a number, and the app's own words.
fn verdict(fields: &Map<String, Value>, account: &str) -> Option<(i64, String)> {
    let items = fields.get("ResultItem")?.as_array()?;
    let item = items.iter().find(|item| item["To_Account"] == account)?;
    Some((item["ResultCode"].as_i64()?, words(&item["ResultInfo"])))
}

/// The app's own words, cut to what reaches the caller.
fn words(given: &Value) -> String {
    let words = given.as_str().unwrap_or_default();
    words[..words.floor_char_boundary(INFO_BYTES)].to_owned()
}

/// Whether a number is one by which an app may refuse; its caller gets it as it is.
pub(super) fn is_custom(row: &codes::Row, code: i64) -> bool {
    match row.code {
        Code::Range(first, last) => (i64::from(first)..=i64::from(last)).contains(&code),
        Code::Number(_) | Code::Text(_) => false,
    }
}

pub(super) fn policy(app: &App, webhook: Webhook) -> OnFailure {
    app.settings.webhook.commands.get(webhook.command()).map(|own| own.on_failure).unwrap_or_default()
}

/// Reads an answer: an object with a number in `ErrorCode`.
fn parse(body: &[u8]) -> Option<Said> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return None };
    let code = fields.get("ErrorCode")?.as_i64()?;
    let info = fields.get("ErrorInfo").map(words).unwrap_or_default();
    Some(Said { code, info, fields })
}

/// Puts what the answer gives in the place of what the sender gave. None if it gives nothing.
fn rewrite(
    app: &App,
    draft: &Draft,
    push_info: Option<&Value>,
    given: &Map<String, Value>,
) -> Result<Option<Draft>, Fault> {
    let field = |name: &str| given.get(name).filter(|value| !value.is_null());
    let (elements, cloud, push) = (field("MsgBody"), field("CloudCustomData"), field("OfflinePushInfo"));
    if elements.is_none() && cloud.is_none() && push.is_none() {
        return Ok(None);
    }
    let mut draft = draft.clone();
    if let Some(elements) = elements {
        check_body(elements)?;
        draft.body = elements.to_string();
    }
    if let Some(cloud) = cloud {
        let text = cloud.as_str().filter(|text| !text.contains('\0'));
        text.ok_or(Fault::FieldInvalid { field: "CloudCustomData" })?.clone_into(&mut draft.cloud);
    }
    let max = app.settings.message_bytes;
    if draft.body.len() + draft.cloud.len() > max {
        return Err(Fault::MessageTooLong { max });
    }
    let push_info = match push {
        Some(Value::Object(info)) => {
            push::chat::check_push_info(info)?;
            push
        }
        Some(_) => return Err(Fault::PushInfoInvalid),
        None => push_info,
    };
    let elements: Value = serde_json::from_str(&draft.body).map_err(|_| Fault::MsgBodyInvalid)?;
    draft.push = push::chat::notice(&draft.sender, &elements, push_info);
    Ok(Some(draft))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_an_object_with_a_number() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(parse(text.as_bytes()).map(|said| said.code), expected, "{text}");
        };
        check(r#"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}"#, Some(0));
        check(r#"{"ErrorCode":7}"#, Some(7));
        for bad in ["", "OK", "[]", "{}", r#"{"ErrorCode":"0"}"#, r#"{"ErrorCode":1.5}"#, r#"{"ErrorCode":0"#] {
            check(bad, None);
        }
        let long = format!(r#"{{"ErrorCode":1,"ErrorInfo":"{}"}}"#, "ä".repeat(INFO_BYTES));
        assert_eq!(parse(long.as_bytes()).map(|said| said.info.len()), Some(INFO_BYTES));
    }
}
