//! What a message to a group is made of.

use chat::group::send::Wishes;
use contract::group::{GroupId, Priority, TARGETS};
use contract::message::{Flags, check_body};
use contract::stream::Part;
use contract::{Fault, Result, UserId};
use gateway::group::Post;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::groups::messages::Extra;

use crate::im::action::Call;
use crate::im::fields::User;
use crate::im::shape;

/// What a message to a group consists of and how it is treated; fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Letter {
    /// Tells repetitions: the same message of the same sender within five minutes is stored once.
    random: u32,
    /// A list of elements.
    #[schemars(with = "shape::Elements")]
    msg_body: Value,
    /// `High`, `Normal` (the default), `Low`, `Lowest`: who goes first when more is sent than the group takes.
    msg_priority: Option<String>,
    /// How an offline notification looks.
    #[schemars(with = "Option<shape::PushInfo>")]
    offline_push_info: Option<Value>,
    /// 1 reaches connected members only; nothing is stored.
    online_only_flag: Option<i64>,
    /// `NoUnread`, `NoLastMsg`, `WithMuteNotifications`; not with `OnlineOnlyFlag`.
    send_msg_control: Option<Vec<String>>,
    /// Who is mentioned, up to 30.
    group_at_info: Option<Vec<Mention>>,
    /// Opaque text; travels with the message.
    cloud_custom_data: Option<String>,
    /// 1: extensions may be attached later.
    support_message_extension: Option<i64>,
    /// The only members whom it is for, up to 50.
    #[serde(rename = "To_Account")]
    targets: Option<Vec<User>>,
    /// 1: the sender wants receipts. Some clients spell it `IsNeedReadReceipt`.
    need_read_receipt: Option<i64>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
struct Mention {
    /// 1: all.
    #[serde(rename = "GroupAtAllFlag")]
    all: i64,
    /// With 0: who.
    #[serde(rename = "GroupAt_Account")]
    account: Option<User>,
}

impl Letter {
    /// Checks everything and makes what is posted.
    pub fn post(self, call: &Call, id: GroupId, sender: UserId) -> Result<Post> {
        check_body(&self.msg_body).map_err(in_body)?;
        self.compose(call, id, sender)
    }

    /// Reads the part of a stream that it brings.
    pub(super) fn part(&self) -> Result<Part, Fault> {
        Part::parse(&self.msg_body).map_err(in_body)
    }

    /// As [`Self::post`], of a stream, whose elements are these.
    pub(super) fn post_stream(mut self, call: &Call, id: GroupId, sender: UserId, elements: Value) -> Result<Post> {
        self.msg_body = elements;
        Ok(Post { is_stream: true, asks_before: false, ..self.compose(call, id, sender)? })
    }

    /// Checks everything but the elements.
    fn compose(self, call: &Call, id: GroupId, sender: UserId) -> Result<Post> {
        let invalid = |field| Fault::FieldInvalid { field };
        let priority = self.msg_priority.as_deref().map_or(Some(Priority::Normal), Priority::parse);
        let priority = priority.ok_or(invalid("MsgPriority"))?;
        let push = match self.offline_push_info {
            Some(Value::Object(info)) => {
                push::chat::check_push_info(&info).map_err(|_| invalid("OfflinePushInfo"))?;
                Some(Value::Object(info))
            }
            None | Some(Value::Null) => None,
            Some(_) => return Err(invalid("OfflinePushInfo").into()),
        };
        let is_online_only = self.online_only_flag.unwrap_or(0) >= 1;
        let control = self.send_msg_control.unwrap_or_default();
        if is_online_only && !control.is_empty() {
            return Err(invalid("SendMsgControl").into());
        }
        let cloud = self.cloud_custom_data.unwrap_or_default();
        if cloud.contains('\0') {
            return Err(invalid("CloudCustomData").into());
        }
        let extra = extra(self.group_at_info.unwrap_or_default(), self.targets.unwrap_or_default())?;
        let has = |word: &str| control.iter().any(|given| given == word);
        let is_extensible = super::is_on(self.support_message_extension, "SupportMessageExtension")?;
        let wants_receipt = super::is_on(self.need_read_receipt, "NeedReadReceipt")?;
        let wishes = Wishes {
            mentions_all: extra.all,
            mentions: extra.at.len() + usize::from(extra.all),
            targets: extra.to.len(),
            is_online_only,
            wants_receipt,
            is_extensible,
            is_uncounted: has("NoUnread"),
        };
        let flags = priority
            .flags()
            .with_if(!has("NoLastMsg"), Flags::MOVES_LIST)
            .with_if(wants_receipt, Flags::RECEIPT_WANTED)
            .with_if(is_extensible, Flags::EXTENSIBLE)
            .with_if(!extra.to.is_empty(), Flags::TARGETED);
        Ok(Post {
            group: id,
            is_admin: call.app.is_admin(&sender),
            operator: call.caller.clone(),
            sender,
            random: self.random,
            elements: self.msg_body,
            cloud,
            priority,
            flags,
            extra,
            wishes,
            push,
            origin: None,
            told: Some(call.origin()),
            asks_before: true,
            is_stream: false,
        })
    }
}

/// What the group service says of elements that are none.
fn in_body(fault: Fault) -> Fault {
    match fault {
        Fault::MsgElementInvalid { what } => Fault::MsgElementInvalid { what },
        _ => Fault::FieldInvalid { field: "MsgBody" },
    }
}

/// Whom a message mentions and whom it is for. One that is for some mentions nobody.
fn extra(mentions: Vec<Mention>, targets: Vec<User>) -> Result<Extra, Fault> {
    if targets.len() > TARGETS {
        return Err(Fault::FieldInvalid { field: "To_Account" });
    }
    if !targets.is_empty() && !mentions.is_empty() {
        return Err(Fault::FieldInvalid { field: "GroupAtInfo" });
    }
    let mut extra = Extra { to: targets.into_iter().map(|user| user.0.to_string()).collect(), ..Extra::default() };
    for mention in mentions {
        match (mention.all, mention.account) {
            (1, _) => extra.all = true,
            (0, Some(user)) => extra.at.push(user.0.to_string()),
            _ => return Err(Fault::FieldInvalid { field: "GroupAtInfo" }),
        }
    }
    Ok(extra)
}
