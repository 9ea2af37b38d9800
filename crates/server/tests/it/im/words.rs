//! Words that an app does not want to be said: where they are looked for, what they do, how they are kept.

use axum::http::Method;
use bytes::Bytes;
use client::{Client, Settings};
use contract::codes::{Account, Common, Message, Profile};
use serde_json::{Value, json};
use server::admin::{Ask, Refusal, answer};
use store::testing::TestEngine;

use crate::harness::{APP, Im, elements, message, with};
use crate::raw::until;

const SET: &str = "profile/portrait_set";
const NICK: &str = "Tag_Profile_IM_Nick";
const SIGNATURE: &str = "Tag_Profile_IM_SelfSignature";

/// Asks as an operator.
async fn ask(im: &Im, method: Method, path: &str, body: Value) -> Result<Value, Refusal> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let ask = Ask {
        method,
        path: format!("apps/{APP}/{path}"),
        query: query.into(),
        body: if body.is_null() { Bytes::new() } else { body.to_string().into() },
        actor: "test".into(),
    };
    answer(im.node(), &ask).await.map(|answer| answer.body)
}

async fn add(im: &Im, words: &[(&str, &str)]) -> Value {
    let words: Vec<_> = words.iter().map(|(word, action)| json!({ "word": word, "action": action })).collect();
    ask(im, Method::POST, "words", json!({ "words": words })).await.expect("the words are added")
}

async fn reviews(im: &Im, state: &str) -> Vec<Value> {
    let listed = ask(im, Method::GET, &format!("reviews?state={state}"), Value::Null).await.expect("a list");
    listed["reviews"].as_array().expect("a list").clone()
}

/// Nick and self-signature of alice.
async fn shown(im: &Im) -> [Value; 2] {
    let ask = json!({ "To_Account": ["alice"], "TagList": [NICK, SIGNATURE] });
    let answer = im.call("profile/portrait_get", ask).await.ok();
    let items = answer["UserProfileItem"][0]["ProfileItem"].as_array().expect("a list").clone();
    [NICK, SIGNATURE]
        .map(|tag| items.iter().find(|item| item["Tag"] == tag).map_or(Value::Null, |item| item["Value"].clone()))
}

both! {
    async fn a_blocked_word_is_refused_wherever_people_read_it(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 1, "the badword passes before it is listed").await;
        add(&im, &[("badword", "block"), ("禁句", "block")]).await;
        let send = async |random: u32, body: Value| {
            im.call("openim/sendmsg", with(message("alice", "bob", random, ""), json!({ "MsgBody": body }))).await
        };
        send(2, elements("a BadWord here")).await.fails(Common::TextForbidden);
        send(3, elements("これは禁句です")).await.fails(Common::TextForbidden);
        send(4, json!([elements("fine")[0], { "MsgType": "TIMCustomElem", "MsgContent": { "Data": "", "Desc": "badword" } }])).await.fails(Common::TextForbidden);
        // What programs say to each other is left alone.
        send(5, json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Data": "badword", "Desc": "" } }])).await.ok();
        let batch = json!({ "To_Account": ["bob"], "MsgRandom": 6, "MsgBody": elements("badword") });
        im.call("openim/batchsendmsg", batch).await.fails(Common::TextForbidden);
        let online = with(message("alice", "bob", 7, "badword"), json!({ "MsgLifeTime": 0 }));
        im.call("openim/sendmsg", online).await.fails(Common::TextForbidden);
        // History of another system is what it is.
        let old = with(message("alice", "bob", 8, "badword"), json!({ "SyncFromOldSystem": 2, "MsgTimeStamp": 1_600_000_000 }));
        im.call("openim/importmsg", old).await.ok();
        assert_eq!(im.unread("bob", "alice").await, 2);
        im.call("im_open_login_svc/account_import", json!({ "UserID": "carol", "Nick": "BADWORD" })).await.fails(Common::TextForbidden);
        let check = json!({ "CheckItem": [{ "UserID": "carol" }] });
        let checked = im.call("im_open_login_svc/account_check", check).await.ok();
        assert_eq!(checked["ResultItem"][0]["AccountStatus"], "NotImported");
        let many = json!({ "AccountList": [{ "UserID": "dora", "Nick": "badword" }, { "UserID": "emil", "Nick": "Emil" }] });
        let imported = im.call("im_open_login_svc/multiaccount_import", many).await.ok();
        assert_eq!(imported["FailAccounts"], json!(["dora"]));
    }

    async fn who_may_not_send_hears_that_first(im: Im) {
        im.import(&["alice", "bob"]).await;
        add(&im, &[("badword", "block")]).await;
        let send = async |sender: &str, receiver: &str| im.call("openim/sendmsg", message(sender, receiver, 1, "badword")).await;
        send("alice", "nobody").await.fails(Message::ReceiverUnknown);
        send("nobody", "bob").await.fails(Message::SenderUnknown);
        send("alice", "bob").await.fails(Common::TextForbidden);
        let long = format!("badword{}", "x".repeat(12 * 1024));
        im.call("openim/sendmsg", message("alice", "bob", 1, &long)).await.fails(Common::MessageTooLong);
        let nick = json!({ "UserID": "@TGS#x", "Nick": "badword" });
        im.call("im_open_login_svc/account_import", nick).await.fails(Account::FieldInvalid);
        let nick = json!({ "UserID": "x", "Nick": format!("badword{}", "x".repeat(500)) });
        im.call("im_open_login_svc/account_import", nick).await.fails(Profile::ProfileTooLong);
    }

    async fn a_replaced_word_reaches_nobody(im: Im) {
        im.import(&["alice", "bob"]).await;
        add(&im, &[("darn", "replace")]).await;
        im.text("alice", "bob", 1, "DARN it, ｄａｒｎ!").await;
        assert_eq!(im.texts("bob", "alice").await, ["**** it, ****!"]);
        im.call("im_open_login_svc/account_import", json!({ "UserID": "carol", "Nick": "Darn Carol" })).await.ok();
        let read = im.node().store.read(APP, |snapshot| store::accounts::get(snapshot, &contract::UserId::trusted("carol")));
        assert_eq!(read.await.expect("read").expect("carol").nick, "**** Carol");
        let gone = ask(&im, Method::DELETE, "words", json!({ "words": ["darn"] })).await.expect("removed");
        assert_eq!(gone["words"], 0);
        im.text("alice", "bob", 2, "darn").await;
        assert_eq!(im.texts("bob", "alice").await, ["**** it, ****!", "darn"]);
    }

    async fn an_operator_decides_about_what_passed(im: Im) {
        im.import(&["alice", "bob"]).await;
        add(&im, &[("gold", "review")]).await;
        let (first, second) = (im.text("alice", "bob", 1, "cheap GOLD").await, im.text("bob", "alice", 2, "gold?").await);
        im.text("alice", "bob", 3, "silver").await;
        im.call("im_open_login_svc/account_import", json!({ "UserID": "carol", "Nick": "Gold Carol" })).await.ok();
        let open = reviews(&im, "open").await;
        let seen: Vec<_> = open.iter().map(|one| (one["scene"].as_str(), one["account"].as_str(), one["msg_key"].as_str())).collect();
        assert_eq!(seen, [
            (Some("UserInfo"), Some("carol"), Some("")),
            (Some("C2C"), Some("bob"), Some(second.as_str())),
            (Some("C2C"), Some("alice"), Some(first.as_str())),
        ]);
        assert_eq!(open[2]["words"], json!(["gold"]));
        assert!(open[2]["text"].as_str().is_some_and(|text| text.contains("cheap GOLD")), "{open:?}");
        let decide = async |one: &Value, decision: &str| {
            let path = format!("reviews/{}", one["id"].as_str().expect("an id"));
            ask(&im, Method::POST, &path, json!({ "decision": decision })).await
        };
        decide(&open[0], "block").await.expect("decided");
        decide(&open[1], "pass").await.expect("decided");
        decide(&open[2], "block").await.expect("decided");
        assert_eq!(decide(&open[2], "pass").await, Err(Refusal::ReviewUnknown));
        assert!(matches!(decide(&open[2], "perhaps").await, Err(Refusal::ValueInvalid(_))));
        assert_eq!(im.texts("bob", "alice").await, ["gold?", "silver"]);
        let read = im.node().store.read(APP, |snapshot| store::accounts::get(snapshot, &contract::UserId::trusted("carol")));
        assert_eq!(read.await.expect("read").expect("carol").nick, "");
        assert_eq!((reviews(&im, "open").await.len(), reviews(&im, "passed").await.len(), reviews(&im, "blocked").await.len()), (0, 1, 2));
    }

    async fn an_operator_looks_at_messages_of_groups_as_well_and_takes_one_away(im: Im) {
        im.import(&["ann", "bo"]).await;
        super::group::make(&im, "g", "Public", "ann", &["bo"]).await;
        im.app(|settings, _| settings.groups.has_recall = false).await;
        add(&im, &[("gold", "review")]).await;
        let (first, second) = (super::group::say(&im, "g", "bo", 1, "cheap gold").await, super::group::say(&im, "g", "bo", 2, "more gold").await);
        let online = with(super::group::letter("g", "bo", 3, "passing gold"), json!({ "OnlineOnlyFlag": 1 }));
        im.call("group_open_http_svc/send_group_msg", online).await.ok();
        let open = reviews(&im, "open").await;
        let seen: Vec<_> = open.iter().map(|one| (one["scene"].as_str(), one["account"].as_str(), one["msg_key"].as_str())).collect();
        let key = |seq: i64, random: u32| format!("{seq}_{random}_{}", crate::harness::START.secs());
        let (one, two) = (key(first, 1), key(second, 2));
        assert_eq!(seen, [(Some("Group"), Some("bo"), Some("")), (Some("Group"), Some("bo"), Some(&*two)), (Some("Group"), Some("bo"), Some(&*one))]);
        for one in &open {
            let path = format!("reviews/{}", one["id"].as_str().expect("an id"));
            let decision = if one["msg_key"] == two.as_str() { "pass" } else { "block" };
            ask(&im, Method::POST, &path, json!({ "decision": decision })).await.expect("decided");
        }
        let left = super::group::history(&im, "g").await;
        assert_eq!(left, [(second, "more gold".to_owned()), (first, "recalled".to_owned())]);
    }

    async fn devices_are_held_to_the_same_words(im: Im) {
        im.import(&["alice", "bob"]).await;
        add(&im, &[("badword", "block"), ("darn", "replace"), ("gold", "review")]).await;
        let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, "phone");
        let alice = Client::new(settings).expect("a client");
        alice.login("alice", &im.sig("alice")).await.expect("logs in");
        let code = |outcome: client::Result<_>| match outcome {
            Err(client::Error::Refused { code, .. }) => Some(code),
            _ => None,
        };
        assert_eq!(code(alice.send_text("bob", "badword").await), Common::TextForbidden.row().number());
        assert_eq!(code(alice.send_text("nobody", "badword").await), Message::ReceiverUnknown.row().number());
        alice.send_text("bob", "darn gold").await.expect("it passes");
        assert_eq!(im.texts("bob", "alice").await, ["**** gold"]);
        assert_eq!(reviews(&im, "open").await.len(), 1);
        alice.shutdown().await;
    }

    async fn what_an_account_says_of_itself_is_looked_through(im: Im) {
        im.import(&["alice"]).await;
        add(&im, &[("badword", "block"), ("darn", "replace"), ("gold", "review")]).await;
        let set = |user: &str, nick: &str, signature: &str| {
            let item = |tag: &str, text: &str| json!({ "Tag": tag, "Value": text });
            json!({ "From_Account": user, "ProfileItem": [item(NICK, nick), item(SIGNATURE, signature)] })
        };
        im.call(SET, set("alice", "Ann", "a BadWord")).await.fails(Common::TextForbidden);
        im.call(SET, set("alice", "badword", "fine")).await.fails(Common::TextForbidden);
        assert_eq!(shown(&im).await, [Value::Null, Value::Null], "nothing of it is written");
        im.call(SET, set("nobody", "badword", "")).await.fails(Profile::AccountUnknown);
        im.call(SET, set("alice", "badword", &"x".repeat(501))).await.fails(Profile::ProfileTooLong);
        im.call(SET, set("alice", "darn Ann", "some gold")).await.ok();
        assert_eq!(shown(&im).await, [json!("**** Ann"), json!("some gold")]);
        // What others are not shown as words of hers is left alone.
        let image = json!([{ "Tag": "Tag_Profile_IM_Image", "Value": "https://x/badword.png" }]);
        im.call(SET, json!({ "From_Account": "alice", "ProfileItem": image })).await.ok();
        let open = reviews(&im, "open").await;
        assert_eq!((open.len(), &open[0]["scene"], &open[0]["text"]), (1, &json!("UserInfo"), &json!("some gold")));
        let path = format!("reviews/{}", open[0]["id"].as_str().expect("an id"));
        ask(&im, Method::POST, &path, json!({ "decision": "block" })).await.expect("decided");
        assert_eq!(shown(&im).await, [json!("**** Ann"), Value::Null], "only what holds the word is emptied");
        let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, "phone");
        let alice = Client::new(settings).expect("a client");
        alice.login("alice", &im.sig("alice")).await.expect("logs in");
        let text = |text: &str| client::ProfileValue::Text(text.into());
        let refused = alice.set_profile(&[(NICK, text("badword"))]).await;
        let code = Common::TextForbidden.row().number();
        assert!(matches!(refused, Err(client::Error::Refused { code: got, .. }) if Some(got) == code), "{refused:?}");
        alice.set_profile(&[(NICK, text("darn")), (SIGNATURE, text("gold"))]).await.expect("it passes");
        assert_eq!(shown(&im).await, [json!("****"), json!("gold")]);
        assert_eq!(reviews(&im, "open").await.len(), 1);
        alice.shutdown().await;
    }

    async fn an_edit_is_held_to_the_words_of_a_send(im: Im) {
        im.import(&["alice", "bob"]).await;
        let key = im.text("alice", "bob", 1, "old").await;
        add(&im, &[("badword", "block"), ("darn", "replace"), ("gold", "review")]).await;
        let edit = |key: &str, text: &str| {
            json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key, "MsgBody": elements(text) })
        };
        let command = "openim/modify_c2c_msg";
        im.call(command, edit(&key, "badword")).await.fails(Common::TextForbidden);
        im.call(command, edit("1_2_3", "badword")).await.fails(Message::MessageUnknown);
        assert_eq!(im.texts("bob", "alice").await, ["old"]);
        im.call(command, edit(&key, "darn gold")).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["**** gold"]);
        let open = reviews(&im, "open").await;
        assert_eq!((open.len(), &open[0]["msg_key"], &open[0]["peer"]), (1, &json!(key), &json!("bob")));
        let path = format!("reviews/{}", open[0]["id"].as_str().expect("an id"));
        ask(&im, Method::POST, &path, json!({ "decision": "block" })).await.expect("decided");
        im.call(command, edit(&key, "x")).await.fails(Message::MessageRecalled);
    }

    async fn a_word_that_comes_in_two_pieces_of_a_stream_is_found(im: Im) {
        im.import(&["alice", "bob"]).await;
        add(&im, &[("badword", "block"), ("darn", "replace"), ("gold", "review")]).await;
        let command = "stream_msg/send_c2c_stream_msg";
        let part = |index: u32, text: &str, more: Value| {
            let chunk = json!({ "EventType": "data", "Index": index, "Markdown": text, "IsLast": u8::from(index == 5) });
            let content = with(json!({ "CompatibleText": "c", "Chunks": [chunk] }), more);
            let element = json!({ "MsgType": "TIMStreamElem", "MsgContent": content });
            json!({ "From_Account": "alice", "To_Account": "bob", "MsgRandom": 1, "MsgBody": [element] })
        };
        im.call(command, part(1, "badword", json!({}))).await.fails(Common::TextForbidden);
        im.call(command, part(1, "x", json!({ "CompatibleText": "badword" }))).await.fails(Common::TextForbidden);
        let id = im.call(command, part(1, "a darn bad", json!({}))).await.ok()["StreamMsgID"].clone();
        let next = async |index: u32, text: &str| im.call(command, part(index, text, json!({ "StreamMsgID": id }))).await;
        next(2, "word").await.fails(Common::TextForbidden);
        next(2, " go").await.ok();
        next(3, "ld, da").await.ok();
        im.clock.advance(1_000);
        next(4, "rn gold").await.ok();
        next(5, "!").await.ok();
        let page = im.history("bob", "alice").await;
        let chunk = &page["MsgList"][0]["MsgBody"][0]["MsgContent"]["Chunks"][0];
        assert_eq!((&chunk["Markdown"], &chunk["IsLast"]), (&json!("a **** bad gold, **** gold!"), &json!(1)));
        assert_eq!(reviews(&im, "open").await.len(), 1, "a word is told of when it comes");
    }

    async fn lists_are_checked_and_bounded(im: Im) {
        let post = async |words: Value| ask(&im, Method::POST, "words", json!({ "words": words })).await;
        let entry = |word: &str, action: &str| json!([{ "word": word, "action": action }]);
        for (word, action) in [("", "block"), ("  ", "block"), ("\u{200b}", "block"), ("a\nb", "block"), ("x", "burn")] {
            assert!(matches!(post(entry(word, action)).await, Err(Refusal::ValueInvalid(_))), "{word:?} {action}");
        }
        assert!(matches!(post(entry(&"x".repeat(129), "block")).await, Err(Refusal::ValueInvalid(_))));
        assert!(matches!(post(json!([])).await, Err(Refusal::ValueInvalid(_))));
        let many: Vec<_> = (0..2_001).map(|n| json!({ "word": n.to_string(), "action": "block" })).collect();
        assert!(matches!(post(json!(many)).await, Err(Refusal::ValueInvalid(_))));
        let added = add(&im, &[("one", "block"), ("two", "review"), (" three ", "replace"), ("one", "review")]).await;
        assert_eq!(added["words"], 3);
        let page = ask(&im, Method::GET, "words?limit=2", Value::Null).await.expect("a page");
        let next = page["next"].as_str().expect("more");
        let rest = ask(&im, Method::GET, &format!("words?limit=2&after={next}"), Value::Null).await.expect("a page");
        let mut all: Vec<_> = page["words"].as_array().into_iter().chain(rest["words"].as_array()).flatten().cloned().collect();
        all.sort_by_key(|entry| entry["word"].to_string());
        assert_eq!(json!(all), json!([{ "word": "one", "action": "review" }, { "word": "three", "action": "replace" }, { "word": "two", "action": "review" }]));
        let blocked = ask(&im, Method::POST, "blocked", json!({ "urls": ["https://x.test/a?b"], "md5": ["AA".repeat(16)] })).await;
        assert_eq!(blocked.expect("blocked")["blocked"], 2);
        let listed = ask(&im, Method::GET, "blocked", Value::Null).await.expect("a list");
        assert_eq!(listed["blocked"], json!([{ "kind": "md5", "mark": "aa".repeat(16) }, { "kind": "url", "mark": "https://x.test/a" }]));
        for bad in [json!({}), json!({ "md5": ["x"] }), json!({ "urls": ["x"] })] {
            assert!(ask(&im, Method::POST, "blocked", bad).await.is_err());
        }
        let entries = im.node().store.read(contract::AppId::PLATFORM, |snapshot| store::platform::entries(snapshot, i64::MAX, 10));
        assert!(entries.await.expect("the log").iter().any(|entry| entry.action == "words.add"));
    }
}

#[tokio::test]
async fn another_node_obeys_within_seconds_and_a_third_from_its_start() {
    let Some(im) = Im::start(TestEngine::Postgres).await else { return };
    im.import(&["alice", "bob"]).await;
    let other = im.second().await;
    other.text("alice", "bob", 1, "badword").await;
    add(&im, &[("badword", "block")]).await;
    im.call("openim/sendmsg", message("alice", "bob", 2, "badword")).await.fails(Common::TextForbidden);
    let random = std::sync::atomic::AtomicU32::new(10);
    until(async || {
        let random = random.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        other.call("openim/sendmsg", message("alice", "bob", random, "badword")).await.is(Common::TextForbidden)
    })
    .await;
    let third = im.second().await;
    third.call("openim/sendmsg", message("alice", "bob", 3, "badword")).await.fails(Common::TextForbidden);
}
