//! The IM REST surface: `POST /v4/<service>/<command>`.
//!
//! [`answer`] is the gateway of the surface. Its checks stand in the documented order (tencent-im-rest reference,
//! §1.4), so that of several faults the same one is answered as by the service whose contract this is. Whatever
//! happens, the answer is HTTP 200 with the envelope.

pub mod account;
pub mod action;
pub mod attribute;
pub mod broadcast;
pub mod conversation;
pub mod counter;
pub mod fields;
pub mod follow;
pub mod group;
pub mod live_room;
pub mod message;
pub mod moderation;
pub mod mute;
pub mod openapi;
pub mod operations;
pub mod permission_group;
pub mod profile;
pub(crate) mod query;
pub mod reference;
pub mod relation;
pub mod robot;
pub mod shape;
pub mod topic;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use contract::codes::{self, Family, Row};
use contract::webhook::{Happening, Webhook};
use contract::{AppId, Error, Failure, Fault, Result, UserId, limit};
use serde_json::Value;
use store::apps::Status;
use tracing::{debug, error, warn};

use self::action::{Call, Command};
use self::query::Query;
use crate::node::Node;
use crate::rates;

/// Every command that is served, sorted by name.
pub static COMMANDS: &[Command] = &[
    Command::perform::<operations::get_ip_list::GetIpList>(),
    Command::write::<broadcast::add_tag::ImAddTag>(),
    Command::read::<broadcast::get_attr::ImGetAttr>(),
    Command::read::<broadcast::get_attr_name::ImGetAttrName>(),
    Command::read::<broadcast::get_tag::ImGetTag>(),
    Command::perform::<broadcast::im_push::ImPush>(),
    Command::write::<broadcast::clear_tags::ImRemoveAllTags>(),
    Command::write::<broadcast::remove_attr::ImRemoveAttr>(),
    Command::write::<broadcast::remove_tag::ImRemoveTag>(),
    Command::write::<broadcast::set_attr::ImSetAttr>(),
    Command::write::<broadcast::set_attr_name::ImSetAttrName>(),
    Command::write::<follow::follow_add::FollowAdd>(),
    Command::read::<follow::follow_check::FollowCheck>(),
    Command::write::<follow::follow_delete::FollowDelete>(),
    Command::read::<follow::follow_get::FollowGet>(),
    Command::read::<follow::follow_get_info::FollowGetInfo>(),
    Command::read::<attribute::get_group_attr::GetGroupAttr>(),
    Command::perform::<live_room::add_robots::AddRobots>(),
    Command::perform::<live_room::check_members::CheckMembers>(),
    Command::perform::<live_room::del_robots::DelRobots>(),
    Command::perform::<live_room::get_admin_list::GetAdminList>(),
    Command::perform::<live_room::get_members::GetMembers>(),
    Command::write::<live_room::modify_admin::ModifyAdmin>(),
    Command::perform::<live_room::modify_user_info::ModifyUserInfo>(),
    Command::perform::<group::add_group_member::AddGroupMember>(),
    Command::write::<permission_group::add_permission_group_member::AddPermissionGroupMember>(),
    Command::write::<permission_group::add_topic_permission_group::AddTopicPermissionGroup>(),
    Command::perform::<live_room::ban_group_member::BanGroupMember>(),
    Command::write::<group::change_group_owner::ChangeGroupOwner>(),
    Command::write::<attribute::clear_group_attr::ClearGroupAttr>(),
    Command::write::<group::clear_group_msg::ClearGroupMsg>(),
    Command::perform::<group::create_group::CreateGroup>(),
    Command::perform::<permission_group::create_permission_group::CreatePermissionGroup>(),
    Command::write::<attribute::delete_group_attr::DeleteGroupAttr>(),
    Command::write::<counter::delete_group_counter::DeleteGroupCounter>(),
    Command::write::<group::delete_group_member::DeleteGroupMember>(),
    Command::write::<group::delete_group_msg_by_sender::DeleteGroupMsgBySender>(),
    Command::write::<permission_group::delete_permission_group_member::DeletePermissionGroupMember>(),
    Command::write::<permission_group::delete_topic_permission_group::DeleteTopicPermissionGroup>(),
    Command::write::<group::destroy_group::DestroyGroup>(),
    Command::write::<permission_group::destroy_permission_group::DestroyPermissionGroup>(),
    Command::write::<group::forbid_send_msg::ForbidSendMsg>(),
    Command::read::<group::get_appid_group_list::GetAppidGroupList>(),
    Command::read::<attribute::get_group_attr::GetGroupAttrToo>(),
    Command::read::<live_room::get_group_ban_member::GetGroupBanMember>(),
    Command::read::<counter::get_group_counter::GetGroupCounter>(),
    Command::read::<group::get_group_info::GetGroupInfo>(),
    Command::read::<group::get_group_member_info::GetGroupMemberInfo>(),
    Command::read::<group::get_group_msg_receipt::GetGroupMsgReceipt>(),
    Command::read::<group::get_group_msg_receipt_detail::GetGroupMsgReceiptDetail>(),
    Command::read::<group::get_group_muted_account::GetGroupMutedAccount>(),
    Command::read::<group::get_group_shutted_uin::GetGroupShuttedUin>(),
    Command::read::<group::get_joined_group_list::GetJoinedGroupList>(),
    Command::perform::<live_room::get_online_member_num::GetOnlineMemberNum>(),
    Command::read::<permission_group::get_permission_group::GetPermissionGroup>(),
    Command::read::<permission_group::get_permission_group_member_list::GetPermissionGroupMemberList>(),
    Command::read::<group::get_role_in_group::GetRoleInGroup>(),
    Command::perform::<group::get_specified_group_member_info::GetSpecifiedGroupMemberInfo>(),
    Command::read::<permission_group::get_topic_permission_group::GetTopicPermissionGroup>(),
    Command::read::<group::group_msg_get_simple::GroupMsgGetSimple>(),
    Command::write::<group::group_msg_recall::GroupMsgRecall>(),
    Command::write::<group::group_msg_receipt::GroupMsgReceipt>(),
    Command::perform::<group::import_group::ImportGroup>(),
    Command::write::<group::import_group_member::ImportGroupMember>(),
    Command::write::<group::import_group_msg::ImportGroupMsg>(),
    Command::perform::<topic::import_topic::ImportTopic>(),
    Command::write::<attribute::modify_group_attr::ModifyGroupAttr>(),
    Command::perform::<group::modify_group_base_info::ModifyGroupBaseInfo>(),
    Command::perform::<group::modify_group_member_info::ModifyGroupMemberInfo>(),
    Command::write::<permission_group::modify_permission_group::ModifyPermissionGroup>(),
    Command::perform::<live_room::send_broadcast_msg::SendBroadcastMsg>(),
    Command::perform::<group::send_group_msg::SendGroupMsg>(),
    Command::write::<group::send_group_system_notification::SendGroupSystemNotification>(),
    Command::write::<attribute::set_group_attr::SetGroupAttr>(),
    Command::write::<permission_group::set_topic_permission_group::SetTopicPermissionGroup>(),
    Command::write::<group::set_unread_msg_num::SetUnreadMsgNum>(),
    Command::write::<live_room::unban_group_member::UnbanGroupMember>(),
    Command::write::<counter::update_group_counter::UpdateGroupCounter>(),
    Command::perform::<moderation::allow_banned_object::AllowBannedObject>(),
    Command::perform::<moderation::forbid_illegal_object::ForbidIllegalObject>(),
    Command::perform::<moderation::get_cos_sig::GetCosSig>(),
    Command::read::<account::account_check::AccountCheck>(),
    Command::perform::<account::account_delete::AccountDelete>(),
    Command::perform::<account::account_import::AccountImport>(),
    Command::write::<account::kick::Kick>(),
    Command::perform::<account::multiaccount_import::MultiaccountImport>(),
    Command::perform::<topic::create_topic::CreateTopic>(),
    Command::write::<topic::destroy_topic::DestroyTopic>(),
    Command::read::<topic::get_topic::GetTopic>(),
    Command::perform::<topic::modify_topic::ModifyTopic>(),
    Command::read::<operations::get_history::GetHistory>(),
    Command::perform::<operations::getappinfo::Getappinfo>(),
    Command::read::<mute::getnospeaking::Getnospeaking>(),
    Command::write::<mute::setnospeaking::Setnospeaking>(),
    Command::read::<message::admin_getroammsg::AdminGetroammsg>(),
    Command::write::<message::admin_msgwithdraw::AdminMsgwithdraw>(),
    Command::write::<message::admin_set_msg_read::AdminSetMsgRead>(),
    Command::perform::<message::batchsendmsg::Batchsendmsg>(),
    Command::perform::<message::delete_c2c_msg_ramble::DeleteC2cMsgRamble>(),
    Command::read::<message::get_c2c_unread_msg_num::GetC2cUnreadMsgNum>(),
    Command::perform::<message::importmsg::Importmsg>(),
    Command::perform::<message::modify_c2c_msg::ModifyC2cMsg>(),
    Command::perform::<group::modify_group_msg::ModifyGroupMsg>(),
    Command::read::<account::query_online_status::QueryOnlineStatus>(),
    Command::read::<account::query_online_status::Querystate>(),
    Command::perform::<message::sendmsg::Sendmsg>(),
    Command::read::<message::get_key_values::GetKeyValues>(),
    Command::read::<group::group_get_key_values::GroupGetKeyValues>(),
    Command::write::<group::group_set_key_values::GroupSetKeyValues>(),
    Command::write::<message::set_key_values::SetKeyValues>(),
    Command::write::<robot::create_robot::CreateRobot>(),
    Command::write::<robot::delete_robot::DeleteRobot>(),
    Command::read::<robot::get_all_robots::GetAllRobots>(),
    Command::perform::<robot::send_stream_msg::SendStreamMsg>(),
    Command::read::<profile::portrait_get::PortraitGet>(),
    Command::perform::<profile::portrait_set::PortraitSet>(),
    Command::write::<conversation::create_contact_group::CreateContactGroup>(),
    Command::write::<conversation::del_contact_group::DelContactGroup>(),
    Command::write::<conversation::delete::Delete>(),
    Command::read::<conversation::get_contact_group::GetContactGroup>(),
    Command::perform::<conversation::get_list::GetList>(),
    Command::write::<conversation::mark_contact::MarkContact>(),
    Command::read::<conversation::search_contact_group::SearchContactGroup>(),
    Command::write::<conversation::update_contact_group::UpdateContactGroup>(),
    Command::write::<relation::black_list_add::BlackListAdd>(),
    Command::read::<relation::black_list_check::BlackListCheck>(),
    Command::write::<relation::black_list_delete::BlackListDelete>(),
    Command::read::<relation::black_list_get::BlackListGet>(),
    Command::write::<relation::friend_add::FriendAdd>(),
    Command::read::<relation::friend_check::FriendCheck>(),
    Command::write::<relation::friend_delete::FriendDelete>(),
    Command::write::<relation::friend_delete_all::FriendDeleteAll>(),
    Command::read::<relation::friend_get::FriendGet>(),
    Command::read::<relation::friend_get_list::FriendGetList>(),
    Command::write::<relation::friend_import::FriendImport>(),
    Command::write::<relation::friend_update::FriendUpdate>(),
    Command::write::<relation::group_add::GroupAdd>(),
    Command::write::<relation::group_delete::GroupDelete>(),
    Command::read::<relation::group_get::GroupGet>(),
    Command::perform::<message::send_c2c_stream_msg::SendC2cStreamMsg>(),
    Command::perform::<group::send_group_stream_msg::SendGroupStreamMsg>(),
    Command::write::<broadcast::add_tag::AddTag>(),
    Command::perform::<broadcast::batch::Batch>(),
    Command::write::<broadcast::clear_tags::ClearAllTags>(),
    Command::read::<broadcast::get_attr::GetAttr>(),
    Command::read::<broadcast::get_attr_name::GetAttrName>(),
    Command::read::<broadcast::get_tag::GetTag>(),
    Command::perform::<broadcast::push::Push>(),
    Command::write::<broadcast::remove_attr::RemoveAttr>(),
    Command::write::<broadcast::remove_tag::RemoveTag>(),
    Command::perform::<broadcast::revoke::Revoke>(),
    Command::write::<broadcast::set_attr::SetAttr>(),
    Command::write::<broadcast::set_attr_name::SetAttrName>(),
];

/// The command of that name.
pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.binary_search_by_key(&name, |command| command.name).ok().map(|place| &COMMANDS[place])
}

/// A request as the listener hands it over; the body is not read yet.
pub struct Request<'a, B> {
    /// Whence it came.
    pub from: IpAddr,
    /// Whether the method is POST, or GET: the contract says POST alone, but a published client reads by GET with a body.
    pub is_call: bool,
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
    let command = find(request.path);
    // The data service has a number of its own for paths that it does not know.
    let is_data = request.path.starts_with("open_msg_svc/");
    // And so does the group service.
    let is_group = GROUP_SERVICES.iter().any(|service| request.path.starts_with(service));
    let stranger = match (is_data, is_group) {
        (true, _) => Family::Data,
        (_, true) => Family::Group,
        _ => Family::Common,
    };
    let family = command.map_or(stranger, |command| command.family);
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
    if !request.is_call || request.query.len() > limit::QUERY_BYTES {
        return Err(Fault::UrlMalformed.into());
    }
    let query = Query::parse(request.query).ok_or(Fault::UrlMalformed)?;
    let command = command.ok_or(Fault::CommandUnknown)?;
    let _place = node.im_places.try_acquire().map_err(|_| Fault::NodeBusy)?;
    let call = admit(node, command, &query, request.from).await?;
    let _turn = node.rates.enter(call.app.id, &call.caller, node.bounds.calls_per_caller)?;
    node.rates.check_caller(&call.app, &call.caller)?;
    if let Err(fault) = node.rates.check_call(&call.app, command.name) {
        alarm(&call, command.name, &fault).await?;
        return Err(throttled(command, fault).into());
    }
    let body = request.body.await?;
    let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
        return Err(Fault::BodyMalformed.into());
    };
    rates::spend(&node.store, &call.app, command.name, &body, call.now).await?;
    (command.run)(call, body).await
}

/// Leaves a limit that a command ran into for the webhook that tells of it. The call over it is the first that is too many
/// within its second.
async fn alarm(call: &Call, command: &'static str, fault: &Fault) -> Result<()> {
    let is_wanted = *fault == Fault::CallThrottled && call.app.settings.webhook.has(Webhook::OverLimit);
    let Some(limit) = is_wanted.then(|| call.node.rates.alarm(&call.app, command)).flatten() else { return Ok(()) };
    let (now, origin) = (call.now, call.origin());
    let over = Happening::OverLimit { command: command.into(), calls: limit.saturating_add(1), limit };
    let tell = move |tx: &mut store::Tx<'_>| {
        tx.act_for(origin);
        tx.after_hook(now, &over)
    };
    call.node.store.write(call.app.id, tell).await
}

/// Services whose unknown commands have a code of the group service.
const GROUP_SERVICES: [&str; 4] = [
    "group_open_http_svc/",
    "group_open_attr_http_svc/",
    "group_open_avchatroom_http_svc/",
    "million_group_open_http_svc/",
];

/// What the group service itself throttles has a code of its own there.
fn throttled(command: &Command, fault: Fault) -> Fault {
    match fault {
        Fault::CallThrottled if command.name == "group_open_http_svc/get_appid_group_list" => Fault::GroupThrottled,
        fault => fault,
    }
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
    if !app.settings.users_may_call && !app.is_admin(&caller) {
        return Err(Fault::NotAdmin.into());
    }
    Ok(Call { node: Arc::clone(node), app, caller, now, from, net_type: query.net_type.clone() })
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
pub fn number(row: &Row) -> i32 {
    row.number().expect("every code of this surface is a number")
}

/// The number that is answered: that of the row, or the one that an app's own webhook chose from the row's range.
fn number_as_answered(row: &Row, error: &Error) -> i32 {
    match error {
        Error::Fault(Fault::WebhookCustom { code, .. }) => *code,
        _ => number(row),
    }
}

/// The number and the text of what became of an item of a list: 0 and nothing if it is good.
pub fn verdict(family: Family, outcome: &Result<(), Fault>) -> (i32, &'static str) {
    match outcome {
        Ok(()) => (0, ""),
        Err(fault) => {
            let row = codes::render(family, fault);
            (number(row), row.text)
        }
    }
}

/// The number by which a family spells a fault, for lists of items.
pub fn number_of(family: Family, fault: &Fault) -> i32 {
    number(codes::render(family, fault))
}

/// The body of a refusal. The short text comes first and never changes; what the fault knows more of follows it.
fn refusal(row: &Row, error: &Error) -> Bytes {
    let info = match error {
        Error::Fault(
            Fault::FieldMissing { field } | Fault::FieldInvalid { field } | Fault::TransferInvalid { field },
        ) => format!("{}: {field}", row.text),
        Error::Fault(Fault::MsgElementInvalid { what }) => format!("{}: {what}", row.text),
        Error::Fault(Fault::WebhookCustom { info, .. }) => info.clone(),
        _ => row.text.to_owned(),
    };
    let code = number_as_answered(row, error);
    serde_json::json!({ "ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info }).to_string().into()
}

/// The commands and the webhooks that are served, in the columns of the published list.
pub fn commands_tsv() -> String {
    let mut text = String::from("surface\tfamily\tcommand\tversion\n");
    for command in COMMANDS {
        text.push_str(&format!("im-rest\t{}\t{}\tv4\n", command.chapter, command.name));
    }
    for webhook in Webhook::ALL.iter().filter(|webhook| webhook.is_published()) {
        text.push_str(&format!("im-webhook\t{}\t{}\t\n", webhook.chapter(), webhook.command()));
    }
    text
}

/// Makes what is made once, at start, and says what an operator should know of the surface.
pub fn note_start(node: &Node) {
    std::sync::LazyLock::force(&openapi::DOCUMENT);
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
