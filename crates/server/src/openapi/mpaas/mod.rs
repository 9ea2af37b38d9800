//! mPaaS Message Push: the actions of version 2020-10-28 and of two older ones.
//!
//! * `push`: one message, a batch, all devices. `revoke`: taking them back. `scheduler`: what runs later.
//! * `device`: who uses which device. `template`: texts with placeholders. `analysis`: what became of pushes.
//! * `answer`: the bodies of this contract, good and bad. `parameters`: what several actions share.

pub mod answer;
pub mod device;
pub mod parameters;
pub mod template;

use super::action::Command;

/// Versions that have nearly every action.
const NEWER: &[&str] = &["2020-10-28", "2020-07-10"];
/// The version that alone has some.
const NEWEST: &[&str] = &["2020-10-28"];

/// Every action of the product, sorted by name.
pub static ACTIONS: &[Command] = &[
    Command::perform::<template::create_template::CreateTemplate>(),
    Command::write::<template::delete_template::DeleteTemplate>(),
    Command::read::<template::get_template::GetTemplate>(),
    Command::read::<template::list_template_page::ListTemplatePage>(),
    Command::write::<device::push_bind::PushBind>(),
    Command::read::<device::push_query_device_state::PushQueryDeviceState>(),
    Command::write::<device::push_report::PushReport>(),
    Command::write::<device::push_un_bind::PushUnBind>(),
];
