//! Answers what happened in the app, day by day.

use std::collections::BTreeMap;

use contract::codes::Family;
use contract::{AppId, Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::apps::App;
use store::groups;
use store::statistics::{self, EVER, What};

use crate::im::action::{Action, Call, Perform};

/// Answers the statistics of the last 30 days, today first; days begin at midnight UTC. All values are texts. Other nodes
/// write down what they counted every few seconds, so the newest numbers may come that late; a node that dies takes the
/// counts of its last seconds with it.
///
/// Fields: `Date` (always), `AppName`, `AppId`, `Company`; `RegistUserNumOneDay` accounts that came into being and
/// `RegistUserNumTotal` accounts that lived at the end of the day; `LoginTimes` logins with a UserSig and `LoginUserNum`
/// accounts that did; `ActiveUserNum` accounts that came in or sent; `MaxOnlineNum` most accounts connected at a time;
/// `C2CUpMsgNum` one-to-one messages that were stored, `C2CDownMsgNum` those that were put into a receiver's
/// conversation (each one is), `C2CSendMsgUserNum` accounts that sent one, `C2CAPNSMsgNum` those whose notification was
/// queued for devices that were away (what takes one back counts nothing); `GroupUpMsgNum` messages to groups and topics that were stored, tips not among them (a live room
/// stores none), `GroupDownMsgNum` to how many members they went altogether, connected or not, without the sender,
/// `GroupSendMsgUserNum` accounts that sent one, `GroupSendMsgGroupNum` groups and topics into which one was sent,
/// `GroupAPNSMsgNum` notifications queued for devices that were away; `UpMsgNum`, `DownMsgNum`, `SendMsgUserNum` and
/// `APNSMsgNum` the same of all conversations. `GroupJoinGroupTimes` and `GroupQuitGroupTimes` count how often somebody
/// came into a group, at its creation too, and how often somebody left or was removed; the end of a group is no leaving.
/// `GroupNewGroupNum` groups that came into being, imports among them, `GroupDestroyGroupNum` those that ended, and
/// `GroupAllGroupNum` those that were there at the end of the day.
/// `ChainIncrease` and `ChainDecrease` count friends that came into lists and went out of them; of two who have each other
/// both lists count. `CallBackReq` counts calls of webhooks, repetitions among them, and `CallBackRsp` those that were
/// answered with HTTP 200.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Getappinfo {
    /// Which fields; absent or empty means all. Unknown names are passed over.
    request_field: Option<Vec<String>>,
}

/// The days.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// One object a day.
    result: Vec<Map<String, Value>>,
}

impl Action for Getappinfo {
    const NAME: &'static str = "openconfigsvr/getappinfo";
    const FAMILY: Family = Family::Operations;
    const CHAPTER: &'static str = "operations";
    type Answer = Answer;
}

/// Days that are answered.
const DAYS: i64 = 30;
/// Names that one call may ask for; there are not as many.
const FIELDS_MAX: usize = 100;

impl Perform for Getappinfo {
    async fn perform(self, call: Call) -> Result<Answer> {
        let wanted = self.request_field.unwrap_or_default();
        if wanted.len() > FIELDS_MAX {
            return Err(Fault::BatchSizeInvalid { max: FIELDS_MAX }.into());
        }
        call.node.tally.flush(&call.node.store, call.app.id).await?;
        let today = statistics::day(call.now);
        let from = today - DAYS + 1;
        let read = move |snapshot: &mut store::Snapshot<'_>| {
            Ok((statistics::since(snapshot, from)?, groups::alive(snapshot)?))
        };
        let (kept, mut groups) = call.node.store.read(call.app.id, read).await?;
        let kept: BTreeMap<(i64, What), i64> =
            kept.into_iter().map(|(day, what, amount)| ((day, what), amount)).collect();
        let of = |day, what| kept.get(&(day, what)).copied().unwrap_or(0);
        // What lives now, and what it was before each day that came after.
        let mut total = of(EVER, What::Accounts);
        let mut result = Vec::with_capacity(DAYS as usize);
        for day in (from..=today).rev() {
            let mut fields = day_of(&call.app, day, (total, groups), |what| of(day, what));
            fields.retain(|name, _| wanted.is_empty() || name == "Date" || wanted.contains(name));
            result.push(fields);
            total -= of(day, What::Added) - of(day, What::Removed);
            groups -= of(day, What::GroupsAdded) - of(day, What::GroupsRemoved);
        }
        Ok(Answer { result })
    }
}

/// The fields of one day.
fn day_of(app: &App, day: i64, (total, groups): (i64, i64), of: impl Fn(What) -> i64) -> Map<String, Value> {
    let (messages, notifications) = (of(What::PairMessages), of(What::Notifications));
    let (in_groups, of_groups) = (of(What::GroupMessages), of(What::GroupNotifications));
    let AppId(id) = app.id;
    let numbers = [
        ("AppId", id),
        ("ActiveUserNum", of(What::ActiveAccounts)),
        ("RegistUserNumOneDay", of(What::Added)),
        ("RegistUserNumTotal", total),
        ("LoginTimes", of(What::Logins)),
        ("LoginUserNum", of(What::LoginAccounts)),
        ("UpMsgNum", messages + in_groups),
        ("DownMsgNum", messages + of(What::GroupReceived)),
        ("SendMsgUserNum", of(What::Senders).max(of(What::PairSenders))),
        ("APNSMsgNum", notifications + of_groups),
        ("C2CUpMsgNum", messages),
        ("C2CDownMsgNum", messages),
        ("C2CSendMsgUserNum", of(What::PairSenders)),
        ("C2CAPNSMsgNum", notifications),
        ("GroupUpMsgNum", in_groups),
        ("GroupDownMsgNum", of(What::GroupReceived)),
        ("GroupSendMsgUserNum", of(What::GroupSenders)),
        ("GroupAPNSMsgNum", of_groups),
        ("GroupSendMsgGroupNum", of(What::GroupsSpoken)),
        ("GroupJoinGroupTimes", of(What::GroupJoins)),
        ("GroupQuitGroupTimes", of(What::GroupQuits)),
        ("GroupNewGroupNum", of(What::GroupsAdded)),
        ("GroupAllGroupNum", groups),
        ("GroupDestroyGroupNum", of(What::GroupsRemoved)),
        ("MaxOnlineNum", of(What::OnlineMax)),
        ("ChainIncrease", of(What::FriendsAdded)),
        ("ChainDecrease", of(What::FriendsRemoved)),
        ("CallBackReq", of(What::HookCalls)),
        ("CallBackRsp", of(What::HookAnswers)),
    ];
    let texts =
        [("AppName", app.settings.name.clone()), ("Company", app.settings.company.clone()), ("Date", date(day))];
    let numbers = numbers.into_iter().map(|(name, number)| (name, number.to_string()));
    texts.into_iter().chain(numbers).map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
}

/// `YYYYMMDD` of a day since the epoch, by the civil calendar.
fn date(day: i64) -> String {
    // Years begin in March here, so that the day that some lack is their last; 400 of them are always as long.
    const CYCLE_DAYS: i64 = 146_097;
    let from_march = day + 719_468;
    let (cycle, in_cycle) = (from_march.div_euclid(CYCLE_DAYS), from_march.rem_euclid(CYCLE_DAYS));
    let year = (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let in_month = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + cycle * 400 + i64::from(month <= 2);
    format!("{year:04}{month:02}{in_month:02}")
}

#[cfg(test)]
mod tests {
    use contract::Millis;

    use super::*;

    #[test]
    fn a_day_is_written_as_a_date() {
        let check = |secs: i64, expected: &str| {
            assert_eq!(date(statistics::day(Millis::from_secs(secs))), expected);
        };
        check(0, "19700101");
        check(951_782_400, "20000229");
        check(951_868_800, "20000301");
        check(1_700_000_000, "20231114");
        check(1_704_067_199, "20231231");
        check(1_704_067_200, "20240101");
        check(4_107_542_399, "21000228");
        check(4_107_542_400, "21000301");
    }
}
