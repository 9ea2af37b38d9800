//! Plans: what changing an app's plan makes of its calls and its devices, and back.

use client::{Client, Error, Settings};
use contract::codes::{Account, Common, Message, Row};
use contract::ledger::{How, note};
use contract::{Fault, UserId};
use serde_json::{Value, json};

use crate::harness::{ADMIN, APP, Im, elements, message, with};
use crate::raw::until;

const IMPORT: &str = "im_open_login_svc/account_import";
const CHECK: &str = "im_open_login_svc/account_check";
const DELETE: &str = "im_open_login_svc/account_delete";
const SEND: &str = "openim/sendmsg";
const BATCH: &str = "openim/batchsendmsg";
const DAY_MS: i64 = 86_400_000;

fn user(name: &str) -> Value {
    json!({ "UserID": name })
}

async fn plan(im: &Im, name: &'static str) {
    im.app(move |settings, _| settings.plan = name.into()).await;
}

/// A device of an account, not logged in.
fn device(im: &Im, name: &str) -> Client {
    let gateway = format!("ws://{}/ws", im.address());
    Client::new(Settings::new(gateway, APP.0 as u64, name)).expect("the settings are good")
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(outcome: Result<T, Error>, code: impl Into<&'static Row>) {
    let row = code.into();
    match outcome {
        Err(Error::Refused { code, .. }) => assert_eq!(Some(code), row.number(), "{}", row.name),
        other => panic!("{other:?}, not {}", row.name),
    }
    note(row, How::Sdk);
}

both! {
    async fn trial_has_a_hundred_accounts_and_larger_plans_have_no_bound(im: Im) {
        let names: Vec<String> = (0..99).map(|number| format!("user{number}")).collect();
        // The administrator is an account without being imported, and so the hundredth.
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        plan(&im, "trial").await;
        im.call(IMPORT, user("one-more")).await.fails(Account::AccountQuota);
        im.call(IMPORT, user("user7")).await.ok();
        for name in ["standard", "flagship", "enterprise", "unlimited"] {
            plan(&im, name).await;
            im.call(IMPORT, user(name)).await.ok();
        }
    }

    async fn plans_of_the_cloud_do_not_delete_accounts_but_trial_does(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        let delete = async |name| im.call(DELETE, json!({ "DeleteItem": [user(name)] })).await;
        for name in ["standard", "flagship", "enterprise"] {
            plan(&im, name).await;
            delete("alice").await.fails(Account::DeleteForbidden);
        }
        im.app(|settings, _| settings.may_delete_accounts = true).await;
        delete("alice").await.ok();
        im.app(|settings, _| settings.may_delete_accounts = false).await;
        for (name, account) in [("trial", "bob"), ("unlimited", "carol")] {
            plan(&im, name).await;
            delete(account).await.ok();
        }
    }

    async fn a_plan_that_ended_ends_calls_until_it_is_renewed(im: Im) {
        let now = im.clock.now().0;
        im.app(move |settings, _| settings.plan_until = Some(now)).await;
        im.call(CHECK, json!({ "CheckItem": [user("a")] })).await.fails(Common::PlanExpired);
        im.app(move |settings, _| settings.plan_until = Some(now + DAY_MS)).await;
        im.call(CHECK, json!({ "CheckItem": [user("a")] })).await.ok();
    }

    async fn trial_has_a_hundred_active_accounts_a_day(im: Im) {
        plan(&im, "trial").await;
        let now = im.clock.now();
        let others = im.node().store.write(APP, move |tx| {
            for number in 0..100 {
                assert!(store::activity::add(tx, now, &UserId::trusted(&format!("user{number}")), 100)?);
            }
            Ok(())
        });
        others.await.expect("a hundred others were active today");
        let late = device(&im, "phone");
        is_refused(late.login("late", &im.sig("late")).await, Account::DailyActiveQuota);
        plan(&im, "standard").await;
        late.login("late", &im.sig("late")).await.expect("no bound");
        late.shutdown().await;
    }

    async fn devices_ask_for_the_status_of_others_from_flagship_on(im: Im) {
        im.import(&["alice", "bob"]).await;
        let phone = device(&im, "phone");
        phone.login("alice", &im.sig("alice")).await.expect("alice logs in");
        for (name, is_allowed) in
            [("trial", false), ("standard", false), ("flagship", true), ("enterprise", true), ("unlimited", true)]
        {
            plan(&im, name).await;
            let asked = phone.user_status(&["bob"]).await;
            if is_allowed {
                assert_eq!(asked.expect("an answer").len(), 1, "{name}");
            } else {
                is_refused(asked, Account::StatusDisabled);
            }
        }
        phone.shutdown().await;
    }

    async fn trial_sends_a_thousand_messages_a_day(im: Im) {
        let names: Vec<String> = (0..98).map(|number| format!("user{number}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        plan(&im, "trial").await;
        let batch = |random: u32, names: &[String]| json!({
            "To_Account": names, "MsgRandom": random, "MsgBody": elements("x"),
        });
        // Each receiver counts: 980, then 19 more, so that one is left.
        for random in 0..10 {
            im.call(BATCH, batch(random, &names)).await.ok();
        }
        im.call(BATCH, batch(10, &names[..19])).await.ok();
        im.call(BATCH, batch(11, &names[..2])).await.fails(Common::SendQuota);
        im.text("user1", "user2", 1, "the last of the day").await;
        im.call(SEND, message("user1", "user2", 2, "x")).await.fails(Common::SendQuota);
        // What does not send is not counted, and a larger plan has no bound.
        im.call(CHECK, json!({ "CheckItem": [user("user1")] })).await.ok();
        plan(&im, "standard").await;
        im.text("user1", "user2", 3, "x").await;
        plan(&im, "trial").await;
        im.call(SEND, message("user1", "user2", 4, "x")).await.fails(Common::SendQuota);
        im.clock.advance(DAY_MS - 1);
        im.text("user1", "user2", 5, "a new day").await;
    }

    async fn the_day_is_counted_by_all_nodes_together(im: Im) {
        im.import(&["alice", "bob"]).await;
        plan(&im, "trial").await;
        let (now, max) = (im.clock.now(), 1_000);
        let spend = |sends: u64| im.node().store.write(APP, move |tx| store::activity::spend_sends(tx, now, sends, max));
        assert!(spend(999).await.expect("counted"));
        assert!(!spend(2).await.expect("counted"), "more than is left");
        let im = im.restart().await;
        im.text("alice", "bob", 1, "x").await;
        im.call(SEND, message("alice", "bob", 2, "x")).await.fails(Common::SendQuota);
        assert_eq!(im.texts("alice", "bob").await, ["x"]);
    }

    async fn ordinary_accounts_call_only_where_the_app_lets_them_and_each_service_checks_then(im: Im) {
        im.import(&["alice", "bob"]).await;
        let sig = im.sig("alice");
        let check = json!({ "CheckItem": [user("alice")] });
        im.call_as("alice", &sig, CHECK, check.clone()).await.fails(Common::NotAdmin);
        im.app(|settings, _| settings.users_may_call = true).await;
        im.call_as("alice", &sig, CHECK, check.clone()).await.fails(Account::NotAdmin);
        im.call_as("alice", &sig, "im_open_login_svc/kick", user("bob")).await.fails(Account::NotAdmin);
        let own = with(message("alice", "bob", 1, "x"), json!({ "From_Account": null }));
        im.call_as("alice", &sig, SEND, own).await.fails(Message::NotAdmin);
        assert_eq!(im.texts("bob", "alice").await, <[&str; 0]>::default());
        im.call_as(ADMIN, &im.sig(ADMIN), CHECK, check).await.ok();
    }

    async fn a_caller_has_a_rate_of_its_own_where_the_operator_gives_one(im: Im) {
        im.app(|settings, _| {
            settings.rate_caller = Some(1);
            settings.admins.push("root".into());
        }).await;
        let check = json!({ "CheckItem": [user("a")] });
        im.call(CHECK, check.clone()).await.ok();
        // The limiter fills in real time, and this machine may be slow.
        until(async || im.call(SEND, json!({})).await.is(Common::CallerThrottled)).await;
        im.call_as("root", &im.sig("root"), CHECK, check).await.ok();
    }
}

#[test]
fn every_command_with_a_rate_of_its_own_is_one_that_was_published() {
    let published = include_str!("../../../../../fixtures/commands.tsv");
    for (command, _) in contract::rate::COMMANDS {
        assert!(published.contains(&format!("\t{command}\t")), "{command}");
    }
    for command in contract::rate::SENDS {
        assert!(server::im::find(command).is_some(), "{command}");
    }
    for (frame, _) in contract::rate::FRAMES {
        assert!(contract::frame::Command::from_str_name(frame).is_some(), "{frame}");
    }
    assert_eq!(
        contract::codes::render(contract::codes::Family::Group, &Fault::AdminRequired),
        Common::NotAdmin.row(),
        "a family without a number of its own says what the gateway says"
    );
}
