//! Webhooks of groups: what is asked before something happens, and the bodies of what is told after it.

use contract::codes;
use contract::group::{GroupId, GroupKind};
use contract::message::check_body;
use contract::webhook::{GroupHappening, GroupLetter, GroupQuestion, GuestStep, InGroup, Origin, Webhook};
use contract::{Fault, Millis, Result, UserId};
use gateway::group::{Asked, Post};
use serde_json::{Map, Value, json};
use store::apps::{App, OnFailure};
use tracing::debug;

use super::Webhooks;
use super::before::{Silence, is_custom, policy};
use super::body::body;

impl Webhooks {
    /// Asks about a group, if the app has it on; answers which of the accounts named may not be added.
    pub async fn before_group(&self, app: &App, origin: Origin, question: &GroupQuestion) -> Result<Vec<UserId>> {
        let webhook = question.webhook();
        let Ok(said) = self.ask(app, webhook, origin, &asked(question, self.clock.now())).await else {
            return match policy(app, webhook) {
                OnFailure::Pass => Ok(Vec::new()),
                OnFailure::Refuse => Err(Fault::OperationRefused.into()),
            };
        };
        match said.code {
            0 => {
                let refused = said.fields.get("RefusedMembers_Account").and_then(Value::as_array);
                let names = refused.into_iter().flatten().filter_map(Value::as_str);
                Ok(names.filter_map(|name| UserId::parse(name).ok()).collect())
            }
            code if is_custom(codes::Group::WebhookCustom.row(), code) => {
                Err(Fault::WebhookCustom { code: code as i32, info: said.info }.into())
            }
            _ => Err(Fault::OperationRefused.into()),
        }
    }

    /// Asks `Group.CallbackBeforeSendMsg`, if the app has it on.
    pub async fn before_post(&self, app: &App, origin: Origin, kind: GroupKind, post: Post) -> Result<Asked> {
        let webhook = Webhook::BeforeGroupSendMsg;
        let is_online_only = post.wishes.is_online_only;
        let mut fields = json!({
            "Type": kind.as_str(),
            "From_Account": post.sender.as_str(),
            "Operator_Account": post.operator.as_str(),
            "Random": post.random,
            "OnlineOnlyFlag": i64::from(is_online_only),
            "MsgBody": post.elements,
            "CloudCustomData": post.cloud,
            "EventTime": self.clock.now().0,
        });
        place(&mut fields, post.group.as_str());
        let question = body(webhook.command(), fields);
        let said = match self.ask(app, webhook, origin, &question).await {
            Ok(said) => said,
            Err(silence) => {
                return match (policy(app, webhook), silence) {
                    (OnFailure::Pass, _) => Ok(Asked::Pass(Box::new(post))),
                    (OnFailure::Refuse, Silence::Busy) => Err(Fault::WebhookBusy.into()),
                    (OnFailure::Refuse, Silence::Failed) => Err(Fault::WebhookFailed.into()),
                };
            }
        };
        match said.code {
            0 => match rewritten(&post, &said.fields) {
                Ok(rewritten) => Ok(Asked::Pass(Box::new(rewritten))),
                Err(fault) => {
                    debug!(app = %app.id, ?fault, "a webhook rewrote a message into what is none");
                    self.endpoint(app).note_garbage(app.id);
                    match policy(app, webhook) {
                        OnFailure::Pass => Ok(Asked::Pass(Box::new(post))),
                        OnFailure::Refuse => Err(Fault::WebhookFailed.into()),
                    }
                }
            },
            2 => Ok(Asked::Drop),
            code if is_custom(codes::Group::WebhookCustom.row(), code) => {
                Err(Fault::WebhookCustom { code: code as i32, info: said.info }.into())
            }
            _ => Err(Fault::OperationRefused.into()),
        }
    }
}

/// Puts what the answer gives in the place of what the sender gave.
fn rewritten(post: &Post, given: &Map<String, Value>) -> Result<Post, Fault> {
    let mut post = post.clone();
    if let Some(elements) = given.get("MsgBody").filter(|value| !value.is_null()) {
        check_body(elements)?;
        post.elements = elements.clone();
    }
    if let Some(cloud) = given.get("CloudCustomData").filter(|value| !value.is_null()) {
        let text = cloud.as_str().filter(|text| !text.contains('\0'));
        text.ok_or(Fault::FieldInvalid { field: "CloudCustomData" })?.clone_into(&mut post.cloud);
    }
    Ok(post)
}

/// Says where something is. What happens to a message of a topic happens in the community.
fn place(fields: &mut Value, group: &str) {
    let community = GroupId::trusted(group).community();
    if community.is_some() {
        fields["TopicId"] = group.into();
    }
    fields["GroupId"] = community.as_ref().map_or(group, GroupId::as_str).into();
}

fn members(accounts: &[UserId]) -> Value {
    accounts.iter().map(|account| json!({ "Member_Account": account.as_str() })).collect()
}

fn asked(question: &GroupQuestion, now: Millis) -> Value {
    let of = |group: &GroupId, kind: GroupKind| json!({ "GroupId": group.as_str(), "Type": kind.as_str() });
    let mut fields = match question {
        GroupQuestion::Create { operator, owner, kind, name, members: seats, owned } => json!({
            "Operator_Account": operator.as_str(),
            "Owner_Account": owner,
            "Type": kind.as_str(),
            "Name": name,
            "CreateGroupNum": owned,
            "MemberList": members(seats),
        }),
        GroupQuestion::Apply { group, kind, account } => {
            let mut fields = of(group, *kind);
            fields["Requestor_Account"] = account.as_str().into();
            fields
        }
        GroupQuestion::Invite { group, kind, operator, accounts } => {
            let mut fields = of(group, *kind);
            fields["Operator_Account"] = operator.as_str().into();
            fields["DestinationMembers"] = members(accounts);
            fields
        }
        GroupQuestion::CreateTopic { operator, name } => json!({
            "Operator_Account": operator.as_str(),
            "Type": GroupKind::Community.as_str(),
            "Name": name,
        }),
    };
    fields["EventTime"] = now.0.into();
    body(question.webhook().command(), fields)
}

/// The fields of an after webhook of a group.
pub(super) fn told(of: &InGroup, at: Millis) -> Value {
    let mut fields = of_group(of).or_else(|| of_messages(of)).or_else(|| of_data(of)).unwrap_or_else(|| json!({}));
    place(&mut fields, &of.group);
    // Of a group that never was there is none.
    if of.what != GroupHappening::Full && !of.kind.is_empty() {
        fields["Type"] = of.kind.as_str().into();
    }
    fields["EventTime"] = at.0.into();
    fields
}

/// What is told of a group and its members.
fn of_group(of: &InGroup) -> Option<Value> {
    let operator = of.operator.as_str();
    Some(match &of.what {
        GroupHappening::Created { owner, name, members: seats, fields } => {
            let mut body = json!({ "Operator_Account": operator, "Owner_Account": owner, "Name": name,
                "MemberList": members(seats) });
            if !fields.is_empty() {
                let pair = |(key, value): &(String, String)| json!({ "Key": key, "Value": value });
                body["UserDefinedDataList"] = fields.iter().map(pair).collect();
            }
            body
        }
        GroupHappening::Joined { members: who, invited } => json!({
            "JoinType": if *invited { "Invited" } else { "Apply" },
            "Operator_Account": operator,
            "NewMemberList": members(who),
        }),
        GroupHappening::Left { members: who, kicked } => json!({
            "ExitType": if *kicked { "Kicked" } else { "Quit" },
            "Operator_Account": operator,
            "ExitMemberList": members(who),
        }),
        GroupHappening::Ended { owner, name, members: who } => {
            let mut body = json!({ "Owner_Account": owner, "Name": name });
            if of.kind != GroupKind::Community.as_str() {
                body["MemberList"] = members(who);
            }
            body
        }
        GroupHappening::Edited { fields } => {
            let mut body = json!({ "Operator_Account": operator });
            for (key, value) in fields {
                body[key] = value.as_str().into();
            }
            body
        }
        GroupHappening::MemberEdited { account, role, card } => {
            let mut body = json!({ "Operator_Account": operator, "Modified_Account": account.as_str() });
            if let Some(role) = role {
                body["Role"] = role.as_str().into();
            }
            if let Some(card) = card {
                body["NameCard"] = card.as_str().into();
            }
            body
        }
        GroupHappening::Transferred { old, new } => json!({
            "Operator_Account": operator,
            "OldOwner_Account": old,
            "NewOwner_Account": new.as_str(),
        }),
        GroupHappening::Guests { accounts, step } => json!({
            "EventType": if step.is_in() { "Online" } else { "Offline" },
            "EventCause": match step {
                GuestStep::Came => "Join",
                GuestStep::Went => "Quit",
                GuestStep::Lost => "HeartbeatInterrupt",
                GuestStep::Returned => "HeartbeatRecover",
            },
            "MemberList": members(accounts),
        }),
        _ => return None,
    })
}

/// What a message says, and whom it mentions.
fn written(operator: &str, letter: &GroupLetter) -> Value {
    let mut body = json!({
        "From_Account": letter.from.as_ref().map_or(operator, UserId::as_str),
        "Operator_Account": operator,
        "Random": letter.random,
        "OnlineOnlyFlag": i64::from(letter.online),
        "MsgBody": serde_json::from_str::<Value>(&letter.body).unwrap_or_else(|_| json!([])),
        "CloudCustomData": letter.cloud,
    });
    let all = letter.at_all.then(|| json!({ "GroupAtAllFlag": 1 }));
    let some = letter.at.iter().map(|name| json!({ "GroupAtAllFlag": 0, "GroupAt_Account": name }));
    let mentions: Vec<Value> = all.into_iter().chain(some).collect();
    if !mentions.is_empty() {
        body["GroupAtInfo"] = mentions.into();
    }
    body
}

/// What a message says, and where it is.
fn sent(operator: &str, letter: &GroupLetter) -> Value {
    let mut body = written(operator, letter);
    body["MsgSeq"] = letter.seq.into();
    body["MsgTime"] = letter.time.into();
    body
}

/// What is told of messages.
fn of_messages(of: &InGroup) -> Option<Value> {
    let operator = of.operator.as_str();
    Some(match &of.what {
        GroupHappening::Sent(letter) => sent(operator, letter),
        GroupHappening::SentToRobots { letter, robots } => {
            let mut body = sent(operator, letter);
            body["AtRobots_Account"] = robots.iter().map(String::as_str).collect();
            body
        }
        GroupHappening::Unsent { letter, code, info } => {
            let mut body = written(operator, letter);
            body["ErrorCode"] = (*code).into();
            body["ErrorInfo"] = info.as_str().into();
            body
        }
        GroupHappening::Recalled { seqs } => json!({
            "Operator_Account": operator,
            "MsgSeqList": seqs.iter().map(|seq| json!({ "MsgSeq": seq })).collect::<Value>(),
        }),
        GroupHappening::Receipts { messages } => {
            let one = |(seq, read, unread): &(i64, i64, i64)| {
                let reader = (*read > 0).then(|| json!({ "Member_Account": operator }));
                json!({ "MsgSeq": seq, "ReadNum": read, "UnreadNum": unread,
                    "ReadReceiptMembers": reader.into_iter().collect::<Value>() })
            };
            json!({ "GroupMsgReceiptList": messages.iter().map(one).collect::<Value>() })
        }
        GroupHappening::Extended { seq, change, pairs, latest } => {
            let one = |(key, value, seq): &(String, String, i64)| json!({ "Key": key, "Value": value, "Seq": seq });
            json!({ "MsgSeq": seq, "OperateType": change, "ExtensionList": pairs.iter().map(one).collect::<Value>(),
                "Seq": latest })
        }
        _ => return None,
    })
}

/// What is told of a group's attributes and topics.
fn of_data(of: &InGroup) -> Option<Value> {
    let operator = of.operator.as_str();
    Some(match &of.what {
        GroupHappening::Attributes { option, pairs } => {
            let one = |(key, value): &(String, String)| json!({ "key": key, "value": value });
            json!({ "Operator_Account": operator, "OptionType": option,
                "GroupAttr": pairs.iter().map(one).collect::<Value>() })
        }
        GroupHappening::TopicCreated { topic, name, owner } => json!({
            "TopicId": topic,
            "Operator_Account": operator,
            "Owner_Account": owner,
            "Name": name,
        }),
        GroupHappening::TopicsEnded { topics } => {
            json!({ "TopicIdList": topics.iter().map(|topic| json!({ "TopicId": topic })).collect::<Value>() })
        }
        GroupHappening::TopicEdited { topic, fields } => {
            let mut body = json!({ "TopicId": topic, "Operator_Account": operator });
            for (key, value) in fields {
                body[key] = value.as_str().into();
            }
            body
        }
        _ => return None,
    })
}
