//! Every refusal of a login, and of a request by the access layer, from the situation that it names.

use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::codes::{Access, Account, Common, Message, Row};
use contract::frame::wire::{LoginRequest, StatusRequest};
use contract::frame::{Command, Frame};
use contract::{AppId, user_sig};
use gateway::Front;
use store::apps::{AppSettings, Sealing, Status};

use crate::world::{APP, Empty, KEY, World, is_refusal, text};

/// A login as the app was changed is refused with this row.
async fn check_app(change: impl FnOnce(&mut AppSettings), row: impl Into<&'static Row>) {
    let world = World::new().await;
    world.desk.change(change);
    let mut device = world.connect().await;
    device.account = "alice".into();
    is_refusal(&device.call(Command::Login, &world.login("alice", "phone")).await, row);
}

#[tokio::test]
async fn an_app_that_is_not_served_refuses_logins_each_for_its_reason() {
    check_app(|app| app.status = Status::Blocked, Access::AppDisabled).await;
    check_app(|app| app.status = Status::Stopped, Access::AppStopped).await;
    check_app(|app| app.status = Status::Disabled, Access::AppStopped).await;
    check_app(|app| app.status = Status::Arrears, Access::PlanExpired).await;
    check_app(|app| app.plan_until = Some(1), Access::PlanExpired).await;
    check_app(|app| app.plan_from = i64::MAX, Access::PlanExpired).await;
    check_app(|app| app.commands_off = vec!["LOGIN".into()], Access::CommandDisabled).await;
    check_app(|app| app.sealing = Sealing::Required, Access::CommandDisabled).await;
    check_app(|app| app.accounts_off = vec!["alice".into()], Account::AccountBlocked).await;
}

#[tokio::test]
async fn an_account_that_is_switched_off_goes_at_its_next_request_and_does_not_come_back() {
    let world = World::new().await;
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "other").await;
    world.desk.change(|app| app.accounts_off = vec!["alice".into()]);
    is_refusal(&alice.call(Command::Heartbeat, &Empty).await, Account::AccountBlocked);
    alice.ends().await;
    alice.ends().await;
    let mut again = world.connect().await;
    again.account = "alice".into();
    is_refusal(&again.call(Command::Login, &world.login("alice", "phone")).await, Account::AccountBlocked);
    assert_eq!(bob.call(Command::Heartbeat, &Empty).await.code, 0);
    // Allowed again, it logs in as before.
    world.desk.change(|app| app.accounts_off.clear());
    world.device("alice", "phone").await;
}

#[tokio::test]
async fn an_unknown_app_and_a_bad_user_sig_have_the_numbers_of_accounts() {
    let world = World::new().await;
    let good = world.login("alice", "phone");
    let check = async |app: u64, account: &str, request: LoginRequest, row: &'static Row| {
        let mut device = world.connect().await;
        (device.app, device.account) = (app, account.into());
        is_refusal(&device.call(Command::Login, &request).await, row);
    };
    let with = |user_sig: String| LoginRequest { user_sig, ..good.clone() };
    let own = APP.0 as u64;
    let now = world.desk.now();
    check(1, "alice", good.clone(), Account::AppUnknown.row()).await;
    check(u64::MAX, "alice", good.clone(), Account::AppUnknown.row()).await;
    check(own, "", good.clone(), Account::FieldInvalid.row()).await;
    check(own, "alice", LoginRequest { device: String::new(), ..good.clone() }, Account::FieldInvalid.row()).await;
    check(own, "alice", LoginRequest { platform: 99, ..good.clone() }, Account::FieldInvalid.row()).await;
    check(own, "alice", with(String::new()), Account::UserSigEmpty.row()).await;
    check(own, "alice", with("eJ".into()), Account::UserSigUndecodable.row()).await;
    check(own, "bob", good.clone(), Account::UserSigOtherAccount.row()).await;
    check(own, "alice", with(user_sig::sign(APP, "other", "alice", now, 60)), Account::UserSigForged.row()).await;
    check(own, "alice", with(user_sig::sign(AppId(1), KEY, "alice", now, 60)), Account::UserSigOtherApp.row()).await;
    check(own, "alice", with(user_sig::sign(APP, KEY, "alice", now, 0)), Account::UserSigExpired.row()).await;
    world.device("alice", "phone").await;
    world.kick("alice").await;
    check(own, "alice", good, Account::UserSigExpired.row()).await;
}

#[tokio::test]
async fn the_thirty_first_login_of_a_minute_is_too_many_for_its_account_alone() {
    let world = World::new().await;
    for _ in 0..30 {
        world.device("alice", "phone").await;
    }
    let mut device = world.connect().await;
    device.account = "alice".into();
    is_refusal(&device.call(Command::Login, &world.login("alice", "phone")).await, Account::LoginThrottled);
    world.device("bob", "other").await;
    world.desk.advance(60_000);
    world.device("alice", "phone").await;
}

#[tokio::test]
async fn plans_bound_accounts_and_those_active_in_a_day() {
    let world = World::new().await;
    world.desk.change(|app| app.plan = "trial".into());
    for number in 0..100 {
        world.device(&format!("user{number}"), "phone").await;
    }
    let mut late = world.connect().await;
    late.account = "late".into();
    is_refusal(&late.call(Command::Login, &world.login("late", "phone")).await, Account::AccountQuota);
    let (now, gone) = (world.desk.now(), contract::UserId::trusted("user0"));
    world.store.write(APP, move |tx| store::accounts::delete(tx, now, &gone)).await.unwrap();
    is_refusal(&late.call(Command::Login, &world.login("late", "phone")).await, Account::DailyActiveQuota);
    let mut known = world.device("user1", "phone").await;
    assert!(known.is_silent().await);
    world.desk.advance(86_400_000);
    world.device("late", "phone").await;
}

#[tokio::test]
async fn a_verification_that_does_not_end_times_out() {
    let world = World::with(|settings| settings.verify_wait = Duration::from_millis(20)).await;
    world.desk.is_stuck.store(true, Ordering::SeqCst);
    let mut device = world.connect().await;
    device.account = "alice".into();
    is_refusal(&device.call(Command::Login, &world.login("alice", "phone")).await, Access::VerifyTimeout);
    is_refusal(&device.call(Command::Send, &text("bob", 1)).await, Access::TicketIncomplete);
}

#[tokio::test]
async fn a_request_before_login_is_refused_by_what_it_lacks() {
    let world = World::new().await;
    let mut device = world.connect().await;
    is_refusal(&device.call(Command::SetToken, &Empty).await, Message::TokenBeforeLogin);
    is_refusal(&device.call(Command::Send, &text("bob", 1)).await, Access::TicketIncomplete);
    is_refusal(&device.ask(Frame { command: 999, ..Frame::default() }).await, Common::CommandUnknown);
    device.ends().await;
}

#[tokio::test]
async fn a_frame_must_belong_to_its_connection() {
    let world = World::new().await;
    let mut device = world.device("alice", "phone").await;
    let cookie = std::mem::take(&mut device.cookie);
    is_refusal(&device.call(Command::Heartbeat, &Empty).await, Access::CookieMismatch);
    device.cookie = cookie;
    device.account = "bob".into();
    is_refusal(&device.call(Command::Send, &text("bob", 1)).await, Access::TicketOtherAccount);
    device.account = "alice".into();
    device.app = 1;
    is_refusal(&device.call(Command::Heartbeat, &Empty).await, Access::TicketOtherAccount);
    is_refusal(&device.call(Command::Send, &text("bob", 1)).await, Message::AppMismatch);
    is_refusal(&device.call(Command::History, &Empty).await, Message::AppMismatch);
    (device.app, device.account) = (0, String::new());
    assert_eq!(device.call(Command::Heartbeat, &Empty).await.code, 0, "they need not be repeated");
}

#[tokio::test]
async fn a_second_login_and_notices_of_the_server_are_no_requests() {
    let world = World::new().await;
    let mut device = world.device("alice", "phone").await;
    is_refusal(&device.call(Command::Login, &world.login("alice", "phone")).await, Message::RequestIllegal);
    is_refusal(&device.call(Command::Message, &Empty).await, Message::RequestIllegal);
    for _ in 0..5 {
        is_refusal(&device.ask(Frame { command: 999, ..Frame::default() }).await, Common::CommandUnknown);
    }
    assert!(device.is_silent().await);
}

#[tokio::test]
async fn a_command_may_be_switched_off_and_the_app_too_while_devices_are_connected() {
    let world = World::new().await;
    let mut device = world.device("alice", "phone").await;
    world.desk.change(|app| app.commands_off = vec!["SEND".into()]);
    is_refusal(&device.call(Command::Send, &text("bob", 1)).await, Access::CommandDisabled);
    world.desk.change(|app| app.has_status = false);
    let ask = StatusRequest { accounts: vec!["bob".into()] };
    is_refusal(&device.call(Command::Status, &ask).await, Account::StatusDisabled);
    world.desk.change(|app| app.status = Status::Stopped);
    is_refusal(&device.call(Command::Heartbeat, &Empty).await, Access::AppStopped);
    device.ends().await;
}

#[tokio::test]
async fn an_account_sends_as_often_as_its_plan_or_its_operator_says() {
    let world = World::new().await;
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    for number in 0..50 {
        phone.write("alice", number).await;
    }
    world.desk.change(|app| app.plan = "standard".into());
    for number in 100..105 {
        phone.write("alice", number).await;
    }
    is_refusal(&desk.call(Command::Send, &text("alice", 200)).await, Access::AccountThrottled);
    assert_eq!(phone.call(Command::Heartbeat, &Empty).await.code, 0, "other commands are not counted");
    world.desk.advance(1_000);
    world.desk.change(|app| app.rates = [("SEND".into(), 1)].into());
    desk.write("alice", 201).await;
    is_refusal(&phone.call(Command::Send, &text("alice", 202)).await, Access::AccountThrottled);
}

#[tokio::test]
async fn an_account_asks_for_others_as_often_as_its_plan_says() {
    let world = World::new().await;
    let mut device = world.device("alice", "phone").await;
    let ask = StatusRequest { accounts: vec!["bob".into()] };
    world.desk.change(|app| app.plan = "standard".into());
    is_refusal(&device.call(Command::Status, &ask).await, Account::StatusDisabled);
    world.desk.advance(5_000);
    world.desk.change(|app| app.plan = "flagship".into());
    for _ in 0..20 {
        assert_eq!(device.call(Command::Status, &ask).await.code, 0);
    }
    is_refusal(&device.call(Command::Status, &ask).await, Access::AccountThrottled);
    world.desk.advance(250);
    assert_eq!(device.call(Command::Status, &ask).await.code, 0);
}

#[tokio::test]
async fn a_device_in_a_loop_is_slowed_down() {
    let world = World::with(|settings| settings.device_per_second = 3).await;
    let mut device = world.device("alice", "phone").await;
    for _ in 0..3 {
        assert_eq!(device.call(Command::Heartbeat, &Empty).await.code, 0);
    }
    is_refusal(&device.call(Command::Heartbeat, &Empty).await, Access::DeviceThrottled);
    world.desk.advance(1_000);
    assert_eq!(device.call(Command::Heartbeat, &Empty).await.code, 0);
}

#[tokio::test]
async fn a_node_with_too_much_under_way_sheds_requests() {
    let world = World::with(|settings| settings.requests_max = 0).await;
    let mut device = world.device("alice", "phone").await;
    is_refusal(&device.call(Command::Send, &text("bob", 1)).await, Access::NodeBusy);
}

#[tokio::test]
async fn a_node_with_too_many_connections_says_so_and_hangs_up() {
    let world = World::with(|settings| settings.connections_max = 1).await;
    let mut first = world.device("alice", "phone").await;
    let mut second = world.connect().await;
    is_refusal(&second.next().await.expect("a reason"), Access::ConnectionQuota);
    second.ends().await;
    assert!(first.is_silent().await);
}
