//! Changes of an app's settings: what is named changes, the rest stays.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::frame::Command;
use contract::plan::Plan;
use contract::profile::is_keyword;
use contract::{AppId, UserId, limit};
use serde::{Deserialize, Deserializer};
use store::apps::{AllowType, AppSettings, ProfileField, Sealing, Status};

use super::ask::{Answer, Ask};
use super::refusal::{Refusal, invalid};
use super::{apps, audit};
use crate::address;
use crate::im;
use crate::node::Node;

/// Administrators of an app, as the contract bounds them.
const ADMINS_MAX: usize = 10;
/// Entries of each other list; every call looks through them.
const LIST_MAX: usize = 1_000;
/// Bytes of a name.
const NAME_BYTES: usize = 200;
/// A message may be at most this large, whatever an operator wants: it must fit in a frame with its envelope.
const MESSAGE_BYTES_MAX: usize = 128 * 1024;

/// What may be changed.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things in JSON")]
struct Changes {
    name: Option<String>,
    status: Option<Status>,
    plan: Option<String>,
    plan_from: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    plan_until: Option<Option<i64>>,
    admins: Option<Vec<String>>,
    addresses: Option<Vec<String>>,
    commands_off: Option<Vec<String>>,
    accounts_off: Option<Vec<String>>,
    rates: Option<BTreeMap<String, u32>>,
    #[serde(deserialize_with = "nullable")]
    rate_total: Option<Option<u32>>,
    #[serde(deserialize_with = "nullable")]
    rate_caller: Option<Option<u32>>,
    users_may_call: Option<bool>,
    may_delete_accounts: Option<bool>,
    has_status: Option<bool>,
    profile_fields: Option<BTreeMap<String, ProfileField>>,
    has_follow: Option<bool>,
    #[serde(deserialize_with = "nullable")]
    following_max: Option<Option<u64>>,
    #[serde(deserialize_with = "nullable")]
    followers_max: Option<Option<u64>>,
    #[serde(deserialize_with = "nullable")]
    mutual_max: Option<Option<u64>>,
    company: Option<String>,
    has_broadcast: Option<bool>,
    recall_window_s: Option<i64>,
    message_bytes: Option<usize>,
    friends_only: Option<bool>,
    blocked_looks_sent: Option<bool>,
    allow_type: Option<AllowType>,
    friend_fields: Option<Vec<String>>,
    file_bytes: Option<u64>,
    picture_bytes: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    file_days: Option<Option<i64>>,
    #[serde(deserialize_with = "nullable")]
    history_days: Option<Option<i64>>,
    has_history_files: Option<bool>,
    zone_hours: Option<i64>,
    sealing: Option<Sealing>,
    cloud_account: Option<String>,
    mpaas_app_id: Option<String>,
    workspace_id: Option<String>,
}

/// Tells `null`, which takes a bound away, from a value that is not named.
#[expect(clippy::option_option, reason = "absent, null and a value are three things in JSON")]
fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// `PATCH apps/ID`.
pub(super) async fn change(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let changes: Changes = ask.parse()?;
    let named: serde_json::Map<String, serde_json::Value> = ask.parse()?;
    if named.is_empty() {
        return Err(invalid("nothing to change is named"));
    }
    // Settings hold no secrets, so the entry may say what they became; a long list is cut.
    let detail: String = serde_json::Value::Object(named).to_string().chars().take(1_000).collect();
    let entry = audit::entry(node.clock.now(), ask, "app.change", id.to_string(), detail);
    let app = node
        .apps
        .change_noted(id, Some(entry), |own, _| {
            changes.apply(own);
            check(own)
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(apps::view(&app)))
}

impl Changes {
    fn apply(&self, own: &mut AppSettings) {
        set(&mut own.name, self.name.as_ref());
        set(&mut own.status, self.status.as_ref());
        set(&mut own.plan, self.plan.as_ref());
        set(&mut own.plan_from, self.plan_from.as_ref());
        set(&mut own.plan_until, self.plan_until.as_ref());
        set(&mut own.admins, self.admins.as_ref());
        set(&mut own.addresses, self.addresses.as_ref());
        set(&mut own.commands_off, self.commands_off.as_ref());
        set(&mut own.accounts_off, self.accounts_off.as_ref());
        set(&mut own.rates, self.rates.as_ref());
        set(&mut own.rate_total, self.rate_total.as_ref());
        set(&mut own.rate_caller, self.rate_caller.as_ref());
        set(&mut own.users_may_call, self.users_may_call.as_ref());
        set(&mut own.may_delete_accounts, self.may_delete_accounts.as_ref());
        set(&mut own.has_status, self.has_status.as_ref());
        set(&mut own.profile_fields, self.profile_fields.as_ref());
        set(&mut own.has_follow, self.has_follow.as_ref());
        set(&mut own.following_max, self.following_max.as_ref());
        set(&mut own.followers_max, self.followers_max.as_ref());
        set(&mut own.mutual_max, self.mutual_max.as_ref());
        set(&mut own.company, self.company.as_ref());
        set(&mut own.has_broadcast, self.has_broadcast.as_ref());
        set(&mut own.recall_window_s, self.recall_window_s.as_ref());
        set(&mut own.message_bytes, self.message_bytes.as_ref());
        set(&mut own.friends_only, self.friends_only.as_ref());
        set(&mut own.blocked_looks_sent, self.blocked_looks_sent.as_ref());
        set(&mut own.allow_type, self.allow_type.as_ref());
        set(&mut own.friend_fields, self.friend_fields.as_ref());
        set(&mut own.file_bytes, self.file_bytes.as_ref());
        set(&mut own.picture_bytes, self.picture_bytes.as_ref());
        set(&mut own.file_days, self.file_days.as_ref());
        set(&mut own.history_days, self.history_days.as_ref());
        set(&mut own.has_history_files, self.has_history_files.as_ref());
        set(&mut own.zone_hours, self.zone_hours.as_ref());
        set(&mut own.sealing, self.sealing.as_ref());
        set(&mut own.cloud_account, self.cloud_account.as_ref());
        set(&mut own.mpaas_app_id, self.mpaas_app_id.as_ref());
        set(&mut own.workspace_id, self.workspace_id.as_ref());
    }
}

fn set<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        place.clone_from(value);
    }
}

/// Refuses settings that could not hold: a misspelt network must not open an app to everybody.
pub(super) fn check(own: &AppSettings) -> Result<(), Refusal> {
    for (what, name) in [("name", &own.name), ("company", &own.company)] {
        if name.len() > NAME_BYTES || name.chars().any(char::is_control) {
            return Err(invalid(format!("{what} has at most {NAME_BYTES} bytes and no control characters")));
        }
    }
    check_profile_fields(&own.profile_fields)?;
    if Plan::parse(&own.plan).is_none() {
        let names = Plan::ALL.map(Plan::as_str).join(", ");
        return Err(invalid(format!("no plan is called so: {names}")));
    }
    if own.plan_until.is_some_and(|until| until <= own.plan_from) {
        return Err(invalid("plan_until comes after plan_from"));
    }
    if own.admins.is_empty() || own.admins.len() > ADMINS_MAX {
        return Err(invalid(format!("an app has 1 to {ADMINS_MAX} admins")));
    }
    for (what, users) in [("admins", &own.admins), ("accounts_off", &own.accounts_off)] {
        check_list(what, users, |user| UserId::parse(user).is_ok())?;
    }
    check_list("addresses", &own.addresses, |network| address::parse(network).is_some())?;
    // Frames of devices have names of their own, such as SEND.
    let is_command = |name: &str| im::find(name).is_some() || Command::from_str_name(name).is_some();
    check_list("commands_off", &own.commands_off, is_command)?;
    check_list("rates", own.rates.keys(), is_command)?;
    let all = [own.rate_total, own.rate_caller];
    if own.rates.values().any(|rate| *rate == 0) || all.contains(&Some(0)) {
        return Err(invalid("a rate is at least 1 per second; commands_off and status switch off"));
    }
    if own.recall_window_s < 0 {
        return Err(invalid("recall_window_s is not negative"));
    }
    if !(1..=MESSAGE_BYTES_MAX).contains(&own.message_bytes) {
        return Err(invalid(format!("message_bytes lies between 1 and {MESSAGE_BYTES_MAX}")));
    }
    let is_field = |name: &str| {
        (1..=limit::FRIEND_FIELD_LETTERS).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    check_list("friend_fields", &own.friend_fields, is_field)?;
    if own.friend_fields.len() > limit::FRIEND_FIELDS {
        return Err(invalid(format!("an app has at most {} friend_fields", limit::FRIEND_FIELDS)));
    }
    check_files(own)?;
    for (what, text) in [("mpaas_app_id", &own.mpaas_app_id), ("workspace_id", &own.workspace_id)] {
        if text.len() > 64 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid(format!("{what} has at most 64 visible ASCII characters")));
        }
    }
    Ok(())
}

/// Custom fields are as the contract bounds them, and each is of use to somebody.
fn check_profile_fields(fields: &BTreeMap<String, ProfileField>) -> Result<(), Refusal> {
    let max = limit::PROFILE_CUSTOM_FIELDS;
    if fields.len() > max {
        return Err(invalid(format!("an app has at most {max} custom profile fields")));
    }
    for (keyword, field) in fields {
        if !is_keyword(keyword) {
            return Err(invalid(format!("profile_fields: {keyword:?} is no keyword of 1 to 8 letters")));
        }
        if !(field.app_reads || field.admin_reads) || !(field.app_writes || field.admin_writes) {
            return Err(invalid(format!("profile_fields: {keyword} needs somebody who reads and somebody who writes")));
        }
    }
    Ok(())
}

/// A file is bounded, because the object store's folder is.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024 * 1024;
const DAYS_MAX: i64 = 36_500;

fn check_files(own: &AppSettings) -> Result<(), Refusal> {
    for (what, bytes) in [("file_bytes", own.file_bytes), ("picture_bytes", own.picture_bytes)] {
        if !(1..=FILE_BYTES_MAX).contains(&bytes) {
            return Err(invalid(format!("{what} lies between 1 and {FILE_BYTES_MAX}")));
        }
    }
    for (what, days) in [("file_days", own.file_days), ("history_days", own.history_days)] {
        if days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
            return Err(invalid(format!("{what} lies between 1 and {DAYS_MAX}; null means for ever")));
        }
    }
    if !(-12..=14).contains(&own.zone_hours) {
        return Err(invalid("zone_hours lies between -12 and 14"));
    }
    Ok(())
}

fn check_list<'a>(
    what: &str,
    list: impl IntoIterator<Item = &'a String>,
    fits: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    for (number, item) in list.into_iter().enumerate() {
        if number == LIST_MAX {
            return Err(invalid(format!("{what} has at most {LIST_MAX} entries")));
        }
        if !fits(item) {
            return Err(invalid(format!("{what}: {item:?} cannot be")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_could_not_hold_are_refused() {
        let check_with = |what: &str, edit: &dyn Fn(&mut AppSettings), expected: bool| {
            let mut own = AppSettings::default();
            edit(&mut own);
            assert_eq!(check(&own).is_ok(), expected, "{what}");
        };
        check_with("defaults", &|_| {}, true);
        check_with("a network", &|own| own.addresses = vec!["10.0.0.0/8".into()], true);
        check_with("no network", &|own| own.addresses = vec!["10.0.0.0/40".into()], false);
        check_with("no plan", &|own| own.plan = "platinum".into(), false);
        check_with("ends before it begins", &|own| (own.plan_from, own.plan_until) = (5, Some(5)), false);
        check_with("no admin", &|own| own.admins.clear(), false);
        check_with("eleven admins", &|own| own.admins = vec!["a".into(); 11], false);
        check_with("a command", &|own| own.commands_off = vec!["openim/sendmsg".into()], true);
        check_with("no command", &|own| own.commands_off = vec!["openim/sendmessage".into()], false);
        check_with("a frame", &|own| own.rates = [("SEND".into(), 9)].into(), true);
        check_with("no frame", &|own| own.rates = [("send".into(), 9)].into(), false);
        check_with("rate 0 of a caller", &|own| own.rate_caller = Some(0), false);
        check_with("a friend's field", &|own| own.friend_fields = vec!["Level".into()], true);
        check_with("no friend's field", &|own| own.friend_fields = vec!["Level9".into()], false);
        check_with("21 fields", &|own| own.friend_fields = vec!["a".into(); 21], false);
        check_with("rate 0", &|own| own.rate_total = Some(0), false);
        let field = ProfileField::default();
        let with = |keyword: &str, field| BTreeMap::from([(keyword.to_owned(), field)]);
        check_with("a field", &|own| own.profile_fields = with("Hobby", field), true);
        check_with("no keyword", &|own| own.profile_fields = with("hobby1", field), false);
        let unread = ProfileField { app_reads: false, admin_reads: false, ..field };
        check_with("nobody reads", &|own| own.profile_fields = with("Hobby", unread), false);
        let many = |own: &mut AppSettings| {
            own.profile_fields = (b'a'..=b'u').map(|letter| (char::from(letter).to_string(), field)).collect();
        };
        check_with("21 fields", &many, false);
    }
}
