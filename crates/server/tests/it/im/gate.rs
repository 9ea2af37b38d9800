//! What every call passes before its command sees it, in the documented order.

use contract::codes::{Account, Common, Message};
use serde_json::json;
use store::apps::{AccessKey, Status};

use crate::harness::{ADMIN, APP, Im, query};

const CHECK: &str = "im_open_login_svc/account_check";
const SEND: &str = "openim/sendmsg";

both! {
    async fn an_app_in_memory_leaves_no_room_for_what_it_does_not_have(im: Im) {
        let app = im.app(|_, secrets| secrets.access_keys.push(AccessKey { id: "LTAI9".into(), secret: "s".into() })).await;
        let (settings, secrets) = (&app.settings, &app.secrets);
        assert_eq!((secrets.signing_keys.capacity(), secrets.access_keys.capacity(), settings.admins.capacity()), (1, 1, 1));
    }

    async fn of_several_faults_the_earlier_check_answers(im: Im) {
        im.app(|settings, _| {
            settings.status = Status::Disabled;
            settings.commands_off = vec![CHECK.into()];
            settings.plan_until = Some(0);
            settings.addresses = vec!["10.0.0.0/8".into()];
            settings.accounts_off = vec!["bob".into()];
            settings.rates.insert(CHECK.into(), 1);
        }).await;
        let bad_sig = "eJyr";
        let post = async |path: &str| im.send("POST", path, "not json").await;
        im.send("PUT", "/v4/openim/nothing?x=%", "").await.fails(Common::UrlMalformed);
        post("/v4/openim/nothing?x=%").await.fails(Common::UrlMalformed);
        post("/v4/openim/nothing").await.fails(Common::CommandUnknown);
        post(&format!("/v4/{CHECK}?usersig={bad_sig}")).await.fails(Common::AppMissing);
        post(&format!("/v4/{CHECK}?sdkappid=&usersig={bad_sig}")).await.fails(Common::AppMissing);
        post(&format!("/v4/{CHECK}?sdkappid=app")).await.fails(Common::AppInvalid);
        post(&format!("/v4/{CHECK}?sdkappid=1400000009")).await.fails(Account::AppUnknown);
        let path = format!("/v4/{CHECK}?sdkappid={APP}");
        post(&path).await.fails(Common::AppDisabled);
        im.app(|settings, _| settings.status = Status::Active).await;
        post(&path).await.fails(Common::CommandDisabled);
        im.app(|settings, _| settings.commands_off.clear()).await;
        post(&path).await.fails(Common::PlanExpired);
        im.app(|settings, _| settings.plan_until = None).await;
        post(&path).await.fails(Common::AddressForbidden);
        im.app(|settings, _| settings.addresses.push("127.0.0.1".into())).await;
        post(&path).await.fails(Common::CallerInvalid);
        post(&format!("{path}&identifier=&usersig=")).await.fails(Common::CallerInvalid);
        post(&format!("{path}&identifier=bob")).await.fails(Common::UserSigMissing);
        post(&format!("{path}&identifier=bob&usersig=")).await.fails(Account::UserSigEmpty);
        post(&format!("{path}&identifier=bob&usersig={bad_sig}")).await.fails(Account::UserSigUndecodable);
        im.ask(CHECK, &query("bob", &im.sig("bob")), "").await.fails(Account::AccountBlocked);
        im.app(|settings, _| settings.accounts_off.clear()).await;
        im.ask(CHECK, &query("bob", &im.sig("bob")), "").await.fails(Common::NotAdmin);
        im.raw(CHECK, "not json").await.fails(Account::FieldInvalid);
        im.raw(CHECK, "not json").await.fails(Common::CallThrottled);
    }

    async fn only_a_post_or_get_of_a_known_command_is_served(im: Im) {
        let query = query(ADMIN, &im.sig(ADMIN));
        let body = json!({ "CheckItem": [{ "UserID": "a" }] }).to_string();
        im.send("GET", &format!("/v4/{CHECK}?{query}"), body).await.ok();
        for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
            im.send(method, &format!("/v4/{CHECK}?{query}"), "{}").await.fails(Common::UrlMalformed);
        }
        for path in [
            "/v4/openim/SendMsg", "/v4/openim/sendmsg/", "/v4/openim", "/v4//openim/sendmsg", "/v4/openim/%73endmsg",
            "/v4/openim/sendmsg/more", "/v4/", "/v4", "/v3/openim/sendmsg", "/V4/openim/sendmsg", "/v4/%ff",
        ] {
            im.send("POST", &format!("{path}?{query}"), "{}").await.fails(Common::CommandUnknown);
        }
    }

    async fn a_query_that_is_no_percent_encoded_text_is_refused(im: Im) {
        let query = query(ADMIN, &im.sig(ADMIN));
        for more in ["x=%", "x=%4", "x=%zz", "x=%ff", "x=%+1", "x=%-1", "identifier=%c3%28"] {
            im.ask(CHECK, &format!("{more}&{query}"), "{}").await.fails(Common::UrlMalformed);
        }
        im.ask(CHECK, &format!("{query}&x={}", "x".repeat(8 * 1024)), "{}").await.fails(Common::UrlMalformed);
    }

    async fn a_query_is_read_leniently_where_it_does_not_matter(im: Im) {
        let body = json!({ "CheckItem": [{ "UserID": "a" }] }).to_string();
        let sig = im.sig(ADMIN).replace('*', "%2A").replace('-', "%2d");
        for query in [
            format!("usersig={sig}&identifier={ADMIN}&sdkappid={APP}"),
            format!("contenttype=xml&random=-5&usersig={sig}&identifier=administrato%72&sdkappid={APP}&random="),
            format!("&&usersig={sig}&identifier={ADMIN}&sdkappid={APP}&sdkappid=7&&x"),
        ] {
            im.ask(CHECK, &query, body.clone()).await.ok();
        }
    }

    async fn parameter_names_and_commands_are_case_sensitive(im: Im) {
        im.ask(CHECK, &format!("SdkAppId={APP}"), "{}").await.fails(Common::AppMissing);
        let query = query(ADMIN, &im.sig(ADMIN));
        im.ask(CHECK, &query.replace("usersig", "UserSig"), "{}").await.fails(Common::UserSigMissing);
        im.ask(CHECK, &query.replace("identifier", "Identifier"), "{}").await.fails(Common::CallerInvalid);
    }

    async fn an_app_id_is_a_positive_number(im: Im) {
        for id in ["0", "-1", "1e3", "0x10", "99999999999999999999", "1.5", "%201400000001", "%2B1400000001"] {
            im.ask(CHECK, &format!("sdkappid={id}"), "{}").await.fails(Common::AppInvalid);
        }
        im.ask(CHECK, "sdkappid=9223372036854775807", "{}").await.fails(Account::AppUnknown);
    }

    async fn an_identifier_is_1_to_32_printable_bytes(im: Im) {
        for identifier in ["a".repeat(33), "a%09".into(), "%e7%83%bd".into(), "%00".into()] {
            im.ask(CHECK, &query(&identifier, "x"), "{}").await.fails(Common::CallerInvalid);
        }
        im.ask(CHECK, &query(&"a".repeat(32), "x"), "{}").await.fails(Account::UserSigUndecodable);
    }

    async fn an_app_that_is_not_served_is_refused_by_the_reason(im: Im) {
        for (status, code) in [
            (Status::Disabled, Common::AppDisabled),
            (Status::Stopped, Common::AppDisabled),
            (Status::Blocked, Common::AppDisabled),
            (Status::Arrears, Common::PlanExpired),
        ] {
            im.app(move |settings, _| settings.status = status).await;
            im.call(CHECK, json!({})).await.fails(code);
        }
    }

    async fn a_plan_holds_from_its_first_moment_to_its_last(im: Im) {
        let from = im.clock.now().plus(1_000);
        im.app(move |settings, _| {
            settings.plan_from = from.0;
            settings.plan_until = Some(from.0 + 1_000);
        }).await;
        let body = json!({ "CheckItem": [{ "UserID": "a" }] });
        im.clock.advance(999);
        im.call(CHECK, body.clone()).await.fails(Common::PlanExpired);
        im.clock.advance(1);
        im.call(CHECK, body.clone()).await.ok();
        im.clock.advance(999);
        im.call(CHECK, body.clone()).await.ok();
        im.clock.advance(1);
        im.call(CHECK, body).await.fails(Common::PlanExpired);
    }

    async fn a_command_is_switched_off_for_itself_alone(im: Im) {
        im.app(|settings, _| settings.commands_off.push(SEND.into())).await;
        im.call(SEND, json!({})).await.fails(Common::CommandDisabled);
        im.call("openim/batchsendmsg", json!({})).await.fails(Message::MsgRandomInvalid);
    }

    async fn only_listed_addresses_call(im: Im) {
        let body = json!({ "CheckItem": [{ "UserID": "a" }] });
        im.app(|settings, _| settings.addresses = vec!["10.0.0.0/8".into(), "::/0".into(), "127.0.0.2".into()]).await;
        im.call(CHECK, body.clone()).await.fails(Common::AddressForbidden);
        im.app(|settings, _| settings.addresses.push("127.0.0.0/8".into())).await;
        im.call(CHECK, body).await.ok();
    }

    async fn every_administrator_of_the_list_may_call_and_nobody_else(im: Im) {
        im.app(|settings, _| settings.admins = vec!["root".into()]).await;
        im.import(&[]).await;
        let body = json!({ "CheckItem": [{ "UserID": "a" }] });
        im.call_as("root", &im.sig("root"), CHECK, body.clone()).await.ok();
        im.call_as(ADMIN, &im.sig(ADMIN), CHECK, body.clone()).await.fails(Common::NotAdmin);
        im.call_as("Root", &im.sig("Root"), CHECK, body).await.fails(Common::NotAdmin);
    }

    async fn a_body_that_is_no_json_object_is_refused_in_the_familys_words(im: Im) {
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        for body in ["", " ", "[]", "null", "1", "\"x\"", "{", "{}x", "{'a':1}", "{\"a\":1,}", "{/**/}", "\u{feff}{}", &deep] {
            im.raw(CHECK, body.to_owned()).await.fails(Account::FieldInvalid);
            im.raw(SEND, body.to_owned()).await.fails(Message::FieldInvalid);
        }
        im.raw(SEND, &b"{\"To_Account\":\"\xff\"}"[..]).await.fails(Message::FieldInvalid);
        im.raw(SEND, "{\"To_Account\":\"\\ud800\"}").await.fails(Message::FieldInvalid);
        im.raw(SEND, "{\"MsgRandom\":1e999}").await.fails(Message::FieldInvalid);
    }

    async fn a_body_over_the_bound_is_refused_and_one_at_the_bound_is_read(im: Im) {
        let body = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        let max = contract::limit::BODY_BYTES;
        im.raw(SEND, body(max)).await.fails(Message::ReceiverInvalid);
        im.raw(SEND, body(max + 1)).await.fails(Message::BodyTooLarge);
        im.raw(SEND, body(max * 3)).await.fails(Message::BodyTooLarge);
        im.raw(CHECK, body(max + 1)).await.fails(Common::BodyMalformed);
        // Nobody but an administrator makes the server look at a body.
        im.ask(SEND, "", body(max * 3)).await.fails(Common::AppMissing);
        im.raw(SEND, body(100)).await.fails(Message::ReceiverInvalid);
    }

    async fn a_command_has_its_rate_and_the_app_has_one_for_all(im: Im) {
        im.app(|settings, _| {
            settings.rates.insert(CHECK.into(), 2);
            settings.rate_total = Some(4);
        }).await;
        let check = async || im.call(CHECK, json!({})).await;
        check().await.fails(Account::FieldInvalid);
        check().await.fails(Account::FieldInvalid);
        // The command's limit comes first, and a call that it refuses does not cost the app one.
        check().await.fails(Common::CallThrottled);
        im.call(SEND, json!({})).await.fails(Message::ReceiverInvalid);
        im.call(SEND, json!({})).await.fails(Message::ReceiverInvalid);
        im.call(SEND, json!({})).await.fails(Common::AppThrottled);
        check().await.fails(Common::CallThrottled);
        im.app(|settings, _| {
            settings.rates.clear();
            settings.rate_total = None;
        }).await;
        check().await.fails(Account::FieldInvalid);
    }

    async fn a_plan_of_the_cloud_brings_its_rates(im: Im) {
        im.app(|settings, _| settings.plan = "trial".into()).await;
        let mut refused = 0;
        for _ in 0..260 {
            refused += i64::from(im.call(CHECK, json!({})).await.is(Common::CallThrottled));
        }
        assert!((1..=160).contains(&refused), "{refused} of 260 calls at 100 a second");
    }
}

/// Both engines behave alike here, so the slower start is saved.
#[tokio::test]
async fn a_node_without_places_sheds_calls_before_it_looks_at_the_app() {
    let im = Im::start_with(store::testing::TestEngine::Sqlite, |config| config.bounds.calls = 0).await;
    let im = im.expect("SQLite is always tested");
    im.send("POST", "/v4/openim/nothing", "").await.fails(Common::CommandUnknown);
    im.ask(CHECK, "", "").await.fails(Common::NodeBusy);
    im.call(CHECK, json!({})).await.fails(Common::NodeBusy);
}

#[tokio::test]
async fn a_caller_without_places_is_told_so_and_others_are_not() {
    let im = Im::start_with(store::testing::TestEngine::Sqlite, |config| config.bounds.calls_per_caller = 1).await;
    let im = im.expect("SQLite is always tested");
    im.app(|settings, _| settings.admins.push("root".into())).await;
    // A body that does not come keeps its call under way.
    let held = crate::raw::Raw::open(&im).await;
    let head =
        format!("POST /v4/{CHECK}?{} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n", query(ADMIN, &im.sig(ADMIN)));
    let mut held = held.write(head.as_bytes()).await;
    crate::raw::until(async || im.call(CHECK, json!({})).await.is(Common::CallerThrottled)).await;
    im.call(CHECK, json!({})).await.fails(Common::CallerThrottled);
    im.call_as("root", &im.sig("root"), CHECK, json!({})).await.fails(Account::FieldInvalid);
    held = held.write(b"{}").await;
    let answer = held.read_answer().await;
    assert!(answer.contains(Account::FieldInvalid.row().text), "{answer}");
    im.call(CHECK, json!({})).await.fails(Account::FieldInvalid);
}
