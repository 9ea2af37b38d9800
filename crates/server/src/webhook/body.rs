//! The bodies of webhooks, as the contract spells them: one function for each.

use contract::webhook::{
    Befriended, FriendQuestion, FriendStep, Happening, Judgement, Notified, Origin, Pair, PushEvent, PushReport,
    Pushed, StateChange, Untold, Via,
};
use contract::{AppId, Millis, MsgKey, UserId};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use store::append::Draft;
use store::webhooks::Told;

use super::key::Key;

/// A body with the fields that all have.
pub(super) fn body(command: &str, fields: Value) -> Value {
    let mut body = Map::new();
    body.insert("CallbackCommand".into(), command.into());
    if let Value::Object(fields) = fields {
        body.extend(fields);
    }
    Value::Object(body)
}

/// The elements of a message as JSON. What the store holds was checked when it came in.
fn elements(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!([]))
}

/// `C2C.CallbackBeforeSendMsg`. A sequence that the server is to choose is not known yet and is 0.
pub(super) fn before_send(command: &str, draft: &Draft, is_online_only: bool) -> Value {
    let seq = draft.msg_seq.unwrap_or_default();
    let key = MsgKey { time: draft.at.secs(), seq, random: draft.msg_random };
    let mut fields = message(&draft.sender, &draft.receiver, key, is_online_only);
    fields["MsgBody"] = elements(&draft.body);
    fields["CloudCustomData"] = draft.cloud.clone().into();
    fields["EventTime"] = draft.at.0.into();
    body(command, fields)
}

fn message(sender: &UserId, receiver: &UserId, key: MsgKey, is_online_only: bool) -> Value {
    json!({
        "From_Account": sender.as_str(),
        "To_Account": receiver.as_str(),
        "MsgSeq": key.seq,
        "MsgRandom": key.random,
        "MsgTime": key.time,
        "MsgKey": key.to_string(),
        "OnlineOnlyFlag": i32::from(is_online_only),
    })
}

/// `Push.Result`.
fn pushes(task: i64, (key, job_key): (&str, &str), results: &[Pushed], at: Millis) -> Value {
    json!({
        "MessageId": task.to_string(),
        "Key": key,
        "JobKey": job_key,
        "Events": results.iter().map(pushed).collect::<Value>(),
        "EventTime": at.0,
    })
}

/// What became of a push to one device, in the words of receipts.
fn pushed(one: &Pushed) -> Value {
    let event = match one.event {
        PushEvent::Sent => "sent",
        PushEvent::Failed => "sent_fail",
        PushEvent::Arrived => "arrive",
        PushEvent::Opened => "open",
        PushEvent::Removed => "remove",
    };
    json!({
        "DeviceId": one.device,
        "Channel": one.channel,
        "Event": event,
        "Status": one.status.as_ref().map(|(_, number)| number),
        "StatusFamily": one.status.as_ref().map(|(family, _)| family),
        "Reason": one.reason,
    })
}

/// Whose unread count a body tells.
pub(super) fn counted(happening: &Happening) -> Option<&UserId> {
    match happening {
        Happening::Sent { receiver }
        | Happening::SentToRobot { receiver }
        | Happening::Passed { receiver, .. }
        | Happening::Recalled { receiver, .. } => Some(receiver),
        Happening::Read { reader, .. } => Some(reader),
        Happening::State { .. }
        | Happening::Unsent { .. }
        | Happening::Signalled { .. }
        | Happening::OverLimit { .. }
        | Happening::GroupQuota { .. }
        | Happening::Moderated(_)
        | Happening::AtVendor(_)
        | Happening::Group(_)
        | Happening::Modified { .. }
        | Happening::ProfileSet { .. }
        | Happening::FriendsAdded { .. }
        | Happening::FriendsRemoved { .. }
        | Happening::Blocked { .. }
        | Happening::Unblocked { .. }
        | Happening::Followed { .. }
        | Happening::Unfollowed { .. }
        | Happening::Pushed { .. } => None,
    }
}

/// The body of an after webhook; none if what it would tell of is gone. `stored` is the message that it tells of, if it is
/// of a stored one; `unread` is the count of [`counted`].
pub(super) fn after(app: AppId, (key, event): (Key, &Untold), stored: Option<&Told>, unread: i64) -> Option<String> {
    let happening = event.happening.as_ref()?;
    let command = happening.webhook().command();
    let fields = match happening {
        Happening::Sent { receiver } | Happening::SentToRobot { receiver } => {
            return sent((event, stored?), command, receiver, unread);
        }
        Happening::Passed { sender, receiver, key, body, cloud, .. } => {
            let fields = message(sender, receiver, *key, true);
            written(fields, event, (body, cloud), (0, SENT, unread))
        }
        Happening::Pushed { task, key, job_key, results } => pushes(*task, (key, job_key), results, event.at),
        Happening::Unsent { sender, receiver, key, body, cloud, online_only, code, info } => {
            let fields = message(sender, receiver, *key, *online_only);
            written(fields, event, (body, cloud), (*code, info, UNREAD_UNKNOWN))
        }
        Happening::Signalled { sender, receiver, key, data } => signalled((sender, receiver), *key, data, event.at),
        Happening::OverLimit { command, calls, limit } => over_limit(command, *calls, *limit, event.at),
        Happening::Moderated(judgement) => judged(judgement, key, event),
        Happening::AtVendor(report) => at_vendor(app, report, event.at),
        Happening::Read { reader, peer, time } => json!({
            "Report_Account": reader.as_str(),
            "Peer_Account": peer.as_str(),
            "LastReadTime": time,
            "UnreadMsgNum": unread,
            "EventTime": event.at.0,
        }),
        Happening::Recalled { sender, receiver, key } => json!({
            "From_Account": sender.as_str(),
            "To_Account": receiver.as_str(),
            "MsgKey": key.to_string(),
            "UnreadMsgNum": unread,
            "EventTime": event.at.0,
        }),
        Happening::Modified { operator, sender, receiver, key, body, cloud } => {
            modified(operator, message(sender, receiver, *key, false), (body, cloud), event.at)
        }
        Happening::ProfileSet { operator, account, fields } => json!({
            "Operator_Account": operator.as_str(),
            "From_Account": account.as_str(),
            "ProfileItem": fields.iter().map(|(tag, value)| json!({ "Tag": tag, "Value": value })).collect::<Value>(),
            "EventTime": event.at.0,
        }),
        Happening::FriendsAdded { initiator, pairs, admin, way, .. } => {
            befriended(event.origin, initiator, pairs, admin.as_ref(), *way)
        }
        Happening::FriendsRemoved { pairs, .. } => {
            json!({ "PairList": pairs.iter().map(|(from, to)| pair(from, to)).collect::<Value>() })
        }
        Happening::Blocked { account, peers } | Happening::Unblocked { account, peers } => {
            json!({ "PairList": peers.iter().map(|peer| pair(account, peer)).collect::<Value>() })
        }
        Happening::Followed { account, targets } => json!({
            "From_Account": account.as_str(),
            "FollowList": targets.iter().map(|to| json!({ "To_Account": to.as_str() })).collect::<Value>(),
            "EventTime": event.at.0,
        }),
        Happening::Unfollowed { account, targets } => json!({
            "From_Account": account.as_str(),
            "To_Account": targets.iter().map(UserId::as_str).collect::<Value>(),
            "EventTime": event.at.0,
        }),
        Happening::Group(in_group) => super::group::told(in_group, event.at),
        Happening::GroupQuota { used, max } => json!({ "QuotaUsed": used, "Quota": max, "EventTime": event.at.0 }),
        Happening::State { account, change, kicked } => state(account, *change, kicked, event.at),
    };
    Some(body(command, fields).to_string())
}

fn pair(from: &UserId, to: &UserId) -> Value {
    json!({ "From_Account": from.as_str(), "To_Account": to.as_str() })
}

/// `Sns.CallbackFriendAdd`. The contract names the command that did it, which a back end and a device spell differently.
fn befriended(origin: Origin, initiator: &UserId, pairs: &[Pair], admin: Option<&UserId>, way: Befriended) -> Value {
    let command = match (way, origin.via) {
        (Befriended::Agreed, _) => "FriendResponse",
        (_, Via::Rest) => "friend_add",
        _ => "FriendAdd",
    };
    let with_initiator = |(from, to): &Pair| {
        let mut pair = pair(from, to);
        pair["Initiator_Account"] = initiator.as_str().into();
        pair
    };
    json!({
        "PairList": pairs.iter().map(with_initiator).collect::<Value>(),
        "ClientCmd": command,
        "Admin_Account": admin.map_or("", UserId::as_str),
        "ForceFlag": i32::from(way == Befriended::Forced),
    })
}

/// `Sns.CallbackPrevFriendAdd` and `Sns.CallbackPrevFriendResponse`.
pub(super) fn before_friends(question: &FriendQuestion, now: Millis) -> Value {
    let FriendQuestion { requester, account, peer, remark, step } = question;
    let mut fields = json!({
        "Requester_Account": requester.as_str(),
        "From_Account": account.as_str(),
        "EventTime": now.0,
    });
    let response = |action: &str| json!([{ "To_Account": peer.as_str(), "Remark": remark, "TagName": "", "ResponseAction": action }]);
    match step {
        FriendStep::Add { group, source, wording, is_both } => {
            fields["FriendItem"] = json!([{
                "To_Account": peer.as_str(), "Remark": remark, "GroupName": group, "AddSource": source,
                "AddWording": wording,
            }]);
            fields["AddType"] = if *is_both { "Add_Type_Both" } else { "Add_Type_Single" }.into();
            fields["ForceAddFlags"] = 0.into();
        }
        FriendStep::Agree { is_both: true } => fields["ResponseFriendItem"] = response("Response_Action_AgreeAndAdd"),
        FriendStep::Agree { is_both: false } => fields["ResponseFriendItem"] = response("Response_Action_Agree"),
        FriendStep::Reject => fields["ResponseFriendItem"] = response("Response_Action_Reject"),
    }
    body(question.webhook().command(), fields)
}

/// `ContentCallback.ResultNotify`. The lists know texts and files by what they hold, so there is neither a label nor a file.
fn judged(judgement: &Judgement, key: Key, event: &Untold) -> Value {
    let Judgement { scene, account, contact, text, msg_key, words, is_blocked } = judgement;
    json!({
        "Scene": scene,
        "From_Account": account.as_str(),
        "ContactItem": contact,
        "ContentType": "Text",
        "TextContent": text,
        "MsgID": msg_key,
        "CtxcbResult": i32::from(*is_blocked),
        "CtxcbRequestId": format!("{}-{}", key.batch, key.index),
        "CtxcbKeywords": words,
        "CtxcbSuggestion": if *is_blocked { "Block" } else { "Review" },
        "EventTime": event.at.0,
    })
}

/// What a message that is not stored says, and what became of it: the number and the words that its sender got, and the
/// receiver's unread count.
fn written(mut fields: Value, event: &Untold, says: (&str, &str), became: (i32, &str, i64)) -> Value {
    fields["MsgBody"] = elements(says.0);
    fields["CloudCustomData"] = says.1.into();
    fields["SendMsgResult"] = became.0.into();
    fields["ErrorInfo"] = became.1.into();
    fields["UnreadMsgNum"] = became.2.into();
    fields["EventTime"] = event.at.0.into();
    fields
}

/// `C2C.CallbackAfterModifyMsg`.
fn modified(operator: &UserId, mut fields: Value, says: (&str, &str), at: Millis) -> Value {
    fields["Operator_Account"] = operator.as_str().into();
    fields["MsgBody"] = elements(says.0);
    fields["CloudCustomData"] = says.1.into();
    fields["EventTime"] = at.0.into();
    fields
}

/// `Chatbot.OnC2CSignalMessage`.
fn signalled((from, to): (&UserId, &UserId), key: MsgKey, data: &str, at: Millis) -> Value {
    let mut fields = pair(from, to);
    fields["MsgSeq"] = key.seq.into();
    fields["MsgRandom"] = key.random.into();
    fields["MsgKey"] = key.to_string().into();
    fields["Data"] = data.into();
    fields["EventTime"] = at.0.into();
    fields
}

/// `Alert.RequestOverLimit`.
fn over_limit(command: &str, calls: u32, limit: u32, at: Millis) -> Value {
    let (service, command) = command.split_once('/').unwrap_or_default();
    json!({ "ServiceName": service, "Command": command, "Request": calls, "Limit": limit, "EventTime": at.0 })
}

/// `Push.OfflinePush` and `Push.AllMemberPush`: that a vendor took it or refused it.
fn at_vendor(app: AppId, report: &PushReport, at: Millis) -> Value {
    let PushReport { account, channel, code, info, of } = report;
    let mut fields = json!({
        "EventTime": at.secs(),
        "To_Account": account.as_str(),
        "PushPlatform": platform(channel),
        "PushStage": 1,
        "ErrCode": code,
        "ErrInfo": info,
    });
    let more = match of {
        Notified::Message { sender, key } => json!({
            "EventType": 1, "From_Account": sender.as_str(), "MsgKey": key.to_string(), "MsgSeq": key.seq,
            "MsgRandom": key.random, "MsgTime": key.time,
        }),
        Notified::Group { group, sender, seq, random, time } => json!({
            "EventType": 2, "From_Account": sender.as_str(), "GroupID": group, "MsgSeq": seq, "MsgRandom": random,
            "MsgTime": time,
        }),
        Notified::Broadcast { number, random, time } => {
            json!({ "TaskId": format!("{app}_{number}_{random}_{time}"), "TaskTime": time })
        }
    };
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    fields
}

/// The number of a channel's vendor.
fn platform(channel: &str) -> i32 {
    match channel.strip_suffix("-voip").unwrap_or(channel) {
        "apns" => 1,
        "xiaomi" => 2,
        "huawei" | "harmony" => 3,
        "fcm" => 4,
        "oppo" => 6,
        "vivo" => 7,
        "honor" => 8,
        _ => 0,
    }
}

/// The unread count that goes with a message that was refused.
const UNREAD_UNKNOWN: i64 = -1;

/// What the contract says of a message that was delivered.
const SENT: &str = "send msg succeed";

/// `C2C.CallbackAfterSendMsg` of a stored message: the hot one, so its elements are passed on as the text they are.
fn sent((event, told): (&Untold, &Told), command: &'static str, receiver: &UserId, unread: i64) -> Option<String> {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Body<'a> {
        callback_command: &'a str,
        #[serde(rename = "From_Account")]
        sender: &'a UserId,
        #[serde(rename = "To_Account")]
        receiver: &'a UserId,
        msg_seq: u32,
        msg_random: u32,
        msg_time: i64,
        msg_key: MsgKey,
        online_only_flag: i32,
        send_msg_result: i32,
        error_info: &'a str,
        unread_msg_num: i64,
        msg_body: &'a RawValue,
        cloud_custom_data: &'a str,
        event_time: i64,
    }
    let body = Body {
        callback_command: command,
        sender: &told.sender,
        receiver,
        msg_seq: told.key.seq,
        msg_random: told.key.random,
        msg_time: told.key.time,
        msg_key: told.key,
        online_only_flag: 0,
        send_msg_result: 0,
        error_info: SENT,
        unread_msg_num: unread,
        msg_body: serde_json::from_str(&told.body).ok()?,
        cloud_custom_data: &told.cloud,
        event_time: event.at.0,
    };
    serde_json::to_string(&body).ok()
}

/// `State.StateChange`.
fn state(account: &UserId, change: StateChange, kicked: &[Via], at: Millis) -> Value {
    let (action, reason) = match change {
        StateChange::Login => ("Login", "Register"),
        StateChange::Logout => ("Logout", "Unregister"),
        StateChange::LinkClose => ("Disconnect", "LinkClose"),
        StateChange::TimeOut => ("Disconnect", "TimeOut"),
    };
    let mut fields = json!({
        "EventTime": at.0,
        "Info": { "Action": action, "To_Account": account.as_str(), "Reason": reason },
    });
    if !kicked.is_empty() {
        fields["KickedDevice"] = kicked.iter().map(|via| json!({ "Platform": via.as_str() })).collect();
    }
    fields
}
