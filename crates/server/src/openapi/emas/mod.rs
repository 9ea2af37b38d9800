//! EMAS Mobile Push: the actions of version 2016-08-01, a file each.
//!
//! `push`: pushes. `query`: what became of them.
//! `device`, `alias`, `tag`, `phone`: the identity graph (`push::binding`, `push::tag`). `app`: what an account has.

pub mod alias;
pub mod app;
pub mod device;
pub mod phone;
pub mod push;
pub mod query;
pub mod tag;

use std::borrow::Cow;

use contract::limit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use store::bindings::Os;

use super::action::Command;
use super::fields::{Flaw, Text};

/// Every action of the product, sorted by name.
pub static ACTIONS: &[Command] = &[
    Command::write::<alias::bind_alias::BindAlias>(),
    Command::write::<phone::bind_phone::BindPhone>(),
    Command::write::<tag::bind_tag::BindTag>(),
    Command::write::<push::cancel_push::CancelPush>(),
    Command::perform::<app::check_certificate::CheckCertificate>(),
    Command::read::<device::check_device::CheckDevice>(),
    Command::read::<device::check_devices::CheckDevices>(),
    Command::write::<push::complete_continuously_push::CompleteContinuouslyPush>(),
    Command::write::<push::continuously_push::ContinuouslyPush>(),
    Command::read::<query::list_push_records::ListPushRecords>(),
    Command::perform::<app::list_summary_apps::ListSummaryApps>(),
    Command::read::<tag::list_tags::ListTags>(),
    Command::write::<push::mass_push::MassPush>(),
    Command::write::<push::mass_push_v2::MassPushV2>(),
    Command::write::<push::push::Push>(),
    Command::write::<push::push_message_to_android::PushMessageToAndroid>(),
    Command::write::<push::push_message_to_ios::PushMessageToiOS>(),
    Command::write::<push::push_notice_to_android::PushNoticeToAndroid>(),
    Command::write::<push::push_notice_to_ios::PushNoticeToiOS>(),
    Command::write::<push::push_v2::PushV2>(),
    Command::read::<alias::query_aliases::QueryAliases>(),
    Command::read::<device::query_device_info::QueryDeviceInfo>(),
    Command::read::<query::query_device_stat::QueryDeviceStat>(),
    Command::read::<device::query_devices_by_account::QueryDevicesByAccount>(),
    Command::read::<device::query_devices_by_alias::QueryDevicesByAlias>(),
    Command::read::<query::query_push_list::QueryPushList>(),
    Command::read::<query::query_push_records::QueryPushRecords>(),
    Command::read::<query::query_push_stat_by_app::QueryPushStatByApp>(),
    Command::read::<query::query_push_stat_by_msg::QueryPushStatByMsg>(),
    Command::read::<tag::query_tags::QueryTags>(),
    Command::read::<query::query_unique_device_stat::QueryUniqueDeviceStat>(),
    Command::perform::<tag::remove_tag::RemoveTag>(),
    Command::write::<alias::unbind_alias::UnbindAlias>(),
    Command::write::<phone::unbind_phone::UnbindPhone>(),
    Command::write::<tag::unbind_tag::UnbindTag>(),
];

/// The name of a device: text without anything that could not be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device(pub String);

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Text::<{ limit::OPENAPI_QUERY_BYTES }>::deserialize(from)?.0;
        if contract::DeviceId::parse(&text).is_err() {
            return Err(D::Error::custom(Flaw::Malformed));
        }
        Ok(Self(text))
    }
}

impl JsonSchema for Device {
    fn schema_name() -> Cow<'static, str> {
        "DeviceId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": limit::DEVICE_ID_BYTES })
    }
}

/// An account: 1–64 bytes.
pub type Account = Text<{ limit::PUSH_ACCOUNT_BYTES }>;
/// An alias: 1–128 bytes.
pub type Alias = Text<{ limit::ALIAS_BYTES }>;

/// A list of devices, wrapped as the contract wraps lists.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeviceIds {
    /// The devices, in the order of their ids.
    device_id: Vec<String>,
}

impl DeviceIds {
    /// Wraps devices.
    pub fn new(ids: Vec<contract::DeviceId>) -> Self {
        Self { device_id: ids.iter().map(ToString::to_string).collect() }
    }
}

/// A system as the contract spells it. What is none of the three is reached by a push to all only.
pub const fn spell_os(os: Os) -> &'static str {
    match os {
        Os::Ios => "iOS",
        Os::Android => "ANDROID",
        Os::Harmony => "HARMONY",
        Os::Other => "OTHER",
    }
}
