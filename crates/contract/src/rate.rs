//! How often what may be called: every documented rate, by command and plan.
//!
//! Numbers from the pages of the contract (tencent-im-rest reference, §1.6 and each command's own page). They hold for
//! apps with a plan of the cloud; an app on the self-hosted default is limited only where its operator says so.

use crate::plan::Plan;

/// Calls per second of a command that no page says more of.
pub const PER_COMMAND: u32 = 200;
/// Calls per second of all commands of an app. The contract names the refusal but no number; this is above the sum of
/// what its published clients do.
pub const PER_APP: u32 = 5_000;

/// So many within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// Within how many milliseconds.
    pub per_ms: u32,
}

impl Rate {
    /// So many within a second.
    pub const fn per_second(count: u32) -> Self {
        Self { count, per_ms: 1_000 }
    }
}

/// Calls per second by plan: trial, standard, flagship, enterprise.
type ByPlan = [u32; 4];

const fn all(count: u32) -> ByPlan {
    [count; 4]
}

/// Commands of the REST surface whose rate is another than [`PER_COMMAND`], sorted by name. `timpush/revoke` is not among
/// them: its throttle has a code of its own, so the command counts by itself.
pub const COMMANDS: &[(&str, ByPlan)] = &[
    ("all_member_push/im_add_tag", all(100)),
    ("all_member_push/im_get_attr", all(100)),
    ("all_member_push/im_get_attr_name", all(100)),
    ("all_member_push/im_get_tag", all(100)),
    ("all_member_push/im_remove_all_tags", all(100)),
    ("all_member_push/im_remove_attr", all(100)),
    ("all_member_push/im_remove_tag", all(100)),
    ("all_member_push/im_set_attr", all(100)),
    ("all_member_push/im_set_attr_name", all(100)),
    ("group_open_http_svc/get_appid_group_list", all(1)),
    ("group_open_http_svc/send_broadcast_msg", all(1)),
    ("im_open_login_svc/account_check", all(100)),
    ("im_open_login_svc/account_delete", all(100)),
    ("im_open_login_svc/multiaccount_import", all(100)),
    ("open_msg_svc/get_history", all(10)),
    ("timpush/add_tag", all(100)),
    ("timpush/batch", [10, 30, 40, 40]),
    ("timpush/clear_all_tags", all(100)),
    ("timpush/get_attr", all(100)),
    ("timpush/get_attr_name", all(100)),
    ("timpush/get_tag", all(100)),
    ("timpush/remove_attr", all(100)),
    ("timpush/remove_tag", all(100)),
    ("timpush/set_attr", all(100)),
    ("timpush/set_attr_name", all(100)),
];

/// Calls of an action of the push OpenAPIs that no page says more of.
pub const PER_ACTION: Rate = Rate::per_second(100);

/// Actions of the push OpenAPIs whose quota is another than [`PER_ACTION`], for each cloud account, sorted
/// (aliyun-openapi reference, §11.2).
pub const ACTIONS: &[(&str, Rate)] = &[
    ("BindPhone", Rate::per_second(50)),
    ("CompleteContinuouslyPush", Rate { count: 10_000, per_ms: 60_000 }),
    ("ContinuouslyPush", Rate::per_second(500)),
    ("ListSummaryApps", Rate::per_second(10)),
    ("MassPush", Rate::per_second(500)),
    ("Push", Rate { count: 1_000_000, per_ms: 60_000 }),
    ("PushMessageToAndroid", Rate { count: 60_000, per_ms: 60_000 }),
    ("PushMessageToiOS", Rate { count: 60_000, per_ms: 60_000 }),
    ("PushNoticeToAndroid", Rate { count: 60_000, per_ms: 60_000 }),
    ("PushNoticeToiOS", Rate { count: 60_000, per_ms: 60_000 }),
    ("QueryPushRecords", Rate::per_second(10)),
    ("QueryPushStatByMsg", Rate::per_second(50)),
    ("QueryUniqueDeviceStat", Rate::per_second(6)),
];

/// Commands of devices that have a rate per account, by the names of the frames, sorted.
pub const FRAMES: &[(&str, Rate)] = &[("SEND", Rate::per_second(5)), ("STATUS", Rate { count: 20, per_ms: 5_000 })];

/// Commands that send one message to each account that they name, which a plan may bound by the day.
pub const SENDS: [&str; 2] = ["openim/batchsendmsg", "openim/sendmsg"];

/// Calls per second of a REST command on a plan; none means unlimited.
pub fn of_command(command: &str, plan: Plan) -> Option<u32> {
    let column = column(plan)?;
    let known = COMMANDS.binary_search_by_key(&command, |(name, _)| name).ok();
    Some(known.map_or(PER_COMMAND, |row| COMMANDS[row].1[column]))
}

/// The quota of an action of the push OpenAPIs, for a cloud account for which the contract's quotas hold.
pub fn of_action(action: &str) -> Rate {
    ACTIONS.binary_search_by_key(&action, |(name, _)| name).map_or(PER_ACTION, |row| ACTIONS[row].1)
}

/// The rate of a frame, for each account of an app on a plan; none means unlimited.
pub fn of_frame(frame: &str, plan: Plan) -> Option<Rate> {
    column(plan)?;
    FRAMES.binary_search_by_key(&frame, |(name, _)| name).ok().map(|row| FRAMES[row].1)
}

/// Calls per second of all commands of an app on a plan; none means unlimited.
pub fn of_app(plan: Plan) -> Option<u32> {
    column(plan).map(|_| PER_APP)
}

const fn column(plan: Plan) -> Option<usize> {
    match plan {
        Plan::Unlimited => None,
        Plan::Trial => Some(0),
        Plan::Standard => Some(1),
        Plan::Flagship => Some(2),
        Plan::Enterprise => Some(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_hold_no_name_twice_and_no_rate_of_nothing() {
        assert!(COMMANDS.is_sorted_by(|one, next| one.0 < next.0));
        assert!(FRAMES.is_sorted_by(|one, next| one.0 < next.0));
        assert!(ACTIONS.is_sorted_by(|one, next| one.0 < next.0));
        assert!(COMMANDS.iter().all(|(_, rates)| rates.iter().all(|rate| *rate > 0)));
        assert!(FRAMES.iter().all(|(_, rate)| rate.count > 0 && rate.per_ms > 0));
    }

    #[test]
    fn a_rate_is_found_by_command_and_plan() {
        let check = |command, plan, expected| assert_eq!(of_command(command, plan), expected, "{command} {plan:?}");
        check("openim/sendmsg", Plan::Unlimited, None);
        check("openim/sendmsg", Plan::Trial, Some(200));
        check("im_open_login_svc/account_check", Plan::Enterprise, Some(100));
        check("open_msg_svc/get_history", Plan::Standard, Some(10));
        for (plan, rate) in [(Plan::Trial, 10), (Plan::Standard, 30), (Plan::Flagship, 40), (Plan::Enterprise, 40)] {
            check("timpush/batch", plan, Some(rate));
        }
        assert_eq!(of_frame("STATUS", Plan::Trial), Some(Rate { count: 20, per_ms: 5_000 }));
        assert_eq!((of_frame("STATUS", Plan::Unlimited), of_frame("HISTORY", Plan::Trial)), (None, None));
        assert_eq!((of_app(Plan::Unlimited), of_app(Plan::Standard)), (None, Some(PER_APP)));
    }
}
