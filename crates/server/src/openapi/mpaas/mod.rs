//! mPaaS Message Push: the actions of version 2020-10-28 and of two older ones.
//!
//! * `push`: one message, a batch, all devices. `revoke`: taking them back. `scheduler`: what runs later.
//! * `device`: who uses which device. `template`: texts with placeholders. `analysis`: what became of pushes.
//! * `clock`: planned pushes run. `results`: apps' own servers are told what became of messages.
//! * `answer`: the bodies of this contract, good and bad. `parameters`: what several actions share.

pub mod analysis;
pub mod answer;
pub mod clock;
pub mod device;
pub mod parameters;
pub mod push;
pub mod results;
pub mod revoke;
pub mod scheduler;
pub mod template;

use super::action::Command;

/// Versions that have nearly every action.
const NEWER: &[&str] = &["2020-10-28", "2020-07-10"];
/// The version that alone has some.
const NEWEST: &[&str] = &["2020-10-28"];

/// Every action of the product, sorted by name.
pub static ACTIONS: &[Command] = &[
    Command::write::<scheduler::cancel_mps_scheduler::CancelMpsScheduler>(),
    Command::write::<scheduler::cancel_push_scheduler::CancelPushScheduler>(),
    Command::perform::<template::create_template::CreateTemplate>(),
    Command::write::<template::delete_template::DeleteTemplate>(),
    Command::read::<template::get_template::GetTemplate>(),
    Command::read::<analysis::list_analysis_core_index::ListAnalysisCoreIndex>(),
    Command::read::<template::list_template_page::ListTemplatePage>(),
    Command::write::<device::push_bind::PushBind>(),
    Command::perform::<push::push_broadcast::PushBroadcast>(),
    Command::perform::<push::push_multiple::PushMultiple>(),
    Command::read::<device::push_query_device_state::PushQueryDeviceState>(),
    Command::write::<device::push_report::PushReport>(),
    Command::perform::<push::push_simple::PushSimple>(),
    Command::perform::<push::push_template::PushTemplate>(),
    Command::write::<device::push_un_bind::PushUnBind>(),
    Command::read::<scheduler::query_mps_scheduler_list::QueryMpsSchedulerList>(),
    Command::read::<analysis::query_push_analysis_core_index::QueryPushAnalysisCoreIndex>(),
    Command::read::<analysis::query_push_analysis_task_detail::QueryPushAnalysisTaskDetail>(),
    Command::read::<analysis::query_push_analysis_task_list::QueryPushAnalysisTaskList>(),
    Command::read::<scheduler::query_push_scheduler_list::QueryPushSchedulerList>(),
    Command::write::<revoke::revoke_push_message::RevokePushMessage>(),
    Command::write::<revoke::revoke_push_task::RevokePushTask>(),
];
