//! A message that was announced on a phone and is taken back: off the phone, and in what operators are shown.

use std::collections::BTreeMap;

use axum::http::Method;
use bytes::Bytes;
use contract::{DeviceId, Platform, UserId};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use server::admin::{Ask, answer};
use store::apps::Credential;
use store::devices::{self, Login, Token};

use crate::harness::{APP, Im, elements};
use crate::raw::until;

const CHANNEL: &str = "huawei";
const CREDENTIAL: i64 = 3;

/// A phone whose vendor can take notifications back, and what it has.
struct Phone {
    sandbox: Sandbox,
    token: String,
}

impl Phone {
    /// Gives an account a phone that is away, and its app a credential.
    async fn give(im: &Im, account: &str) -> Self {
        let sandbox = Sandbox::start(SandboxSettings::default()).await.expect("the sandbox starts");
        let now = sandbox.control("PUT", "/clock", &json!({ "offset_ms": 0 })).expect("a clock");
        let ahead = im.clock.now().0 - now["now_ms"].as_i64().expect("a moment");
        sandbox.control("PUT", "/clock", &json!({ "offset_ms": ahead })).expect("moved");
        let app = sandbox.control("POST", "/huawei/apps", &json!({})).expect("an app");
        let text = |name: &str| app[name].as_str().expect("a text").to_owned();
        let phone = sandbox.control("POST", "/huawei/devices", &json!({ "app": text("app_id") })).expect("a phone");
        let token = phone["token"].as_str().expect("a token").to_owned();
        let settings = BTreeMap::from([
            ("app_id".to_owned(), text("app_id")),
            ("base_url".to_owned(), sandbox.huawei_url()),
            ("auth_url".to_owned(), sandbox.huawei_url()),
            ("ca_pem".to_owned(), sandbox.ca_pem().to_owned()),
        ]);
        let secret = BTreeMap::from([("app_secret".to_owned(), text("secret"))]);
        im.app(move |all, secrets| {
            let credential = Credential { channel: CHANNEL.into(), settings: settings.clone() };
            all.credentials.insert(CREDENTIAL, credential);
            secrets.credentials.insert(CREDENTIAL, secret.clone());
        })
        .await;
        let (now, account, own) = (im.clock.now(), UserId::trusted(account), token.clone());
        let add = move |tx: &mut store::Tx<'_>| {
            let (device, platform) = (DeviceId::trusted("phone"), Platform::Android as i64);
            let login = Login { device: device.clone(), account: account.clone(), platform, node: 7, session: 1 };
            devices::log_in(tx, now, &login)?;
            let (channel, token) = (CHANNEL.to_owned(), own.clone());
            let token = Token { device: device.clone(), channel, token, credential: CREDENTIAL, bound_at: now };
            devices::set_token(tx, &account, &token)?;
            devices::disconnect(tx, now, &device, 1).map(drop)
        };
        im.node().store.write(APP, add).await.expect("the phone is added");
        Self { sandbox, token }
    }

    fn inbox(&self) -> Value {
        let path = format!("/huawei/devices/{}/inbox", self.token);
        self.sandbox.control("GET", &path, &Value::Null).expect("an inbox")["notifications"].clone()
    }
}

both! {
    async fn a_message_that_is_withdrawn_leaves_the_phone_and_operators_see_that(im: Im) {
        im.import(&["alice", "bob"]).await;
        let phone = Phone::give(&im, "bob").await;
        let send = json!({ "From_Account": "alice", "To_Account": "bob", "MsgSeq": 5, "MsgRandom": 7,
            "MsgBody": elements("Your order will be with you today.") });
        let key = im.call("openim/sendmsg", send).await.ok()["MsgKey"].clone();
        until(async || phone.inbox().as_array().is_some_and(|all| all.len() == 1)).await;
        let shown = async || {
            let path = format!("apps/{APP}/push/alice/bob/1");
            let ask = Ask { method: Method::GET, path, query: String::new(), body: Bytes::new(), actor: "test".into() };
            answer(im.node(), &ask).await.expect("the message is known").body
        };
        until(async || shown().await["deliveries"][0]["status"]["number"] == 2).await;
        assert_eq!(shown().await["deliveries"][0]["recall"], Value::Null);
        let recall = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key });
        im.call("openim/admin_msgwithdraw", recall).await.ok();
        until(async || phone.inbox()[0]["is_revoked"] == true).await;
        until(async || shown().await["deliveries"][0]["recall"]["status"]["number"] == 2).await;
        assert_eq!(shown().await["deliveries"][0]["status"]["number"], 2, "it had been sent");
        let counted = im.call("openconfigsvr/getappinfo", json!({ "RequestField": ["C2CAPNSMsgNum"] })).await;
        assert_eq!(counted.ok()["Result"][0]["C2CAPNSMsgNum"], "1", "what takes it back is no notification");
        phone.sandbox.shutdown().await;
    }

    async fn what_a_sender_wrote_in_a_group_leaves_the_phones_when_it_is_taken_back(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        let phone = Phone::give(&im, "bob").await;
        let list: Vec<Value> = ["bob", "carol"].iter().map(|member| json!({ "Member_Account": member })).collect();
        let group = json!({ "GroupId": "g", "Type": "Public", "Name": "n", "Owner_Account": "alice", "MemberList": list });
        im.call("group_open_http_svc/create_group", group).await.ok();
        for (random, from) in [(1, "alice"), (2, "carol")] {
            let letter = json!({ "GroupId": "g", "From_Account": from, "Random": random, "MsgBody": elements(from) });
            im.call("group_open_http_svc/send_group_msg", letter).await.ok();
        }
        until(async || phone.inbox().as_array().is_some_and(|all| all.len() == 2)).await;
        let by_sender = json!({ "GroupId": "g", "Sender_Account": "alice" });
        im.call("group_open_http_svc/delete_group_msg_by_sender", by_sender).await.ok();
        let revoked = || {
            let inbox = phone.inbox();
            inbox.as_array().expect("a list").iter().filter(|one| one["is_revoked"] == true).count()
        };
        until(async || revoked() == 1).await;
        let by_sender = json!({ "GroupId": "g", "Sender_Account": "carol" });
        im.call("group_open_http_svc/delete_group_msg_by_sender", by_sender).await.ok();
        until(async || revoked() == 2).await;
        phone.sandbox.shutdown().await;
    }

    async fn a_broadcast_that_an_operator_ends_leaves_the_phones_that_have_it(im: Im) {
        im.import(&["alice", "bob"]).await;
        let phone = Phone::give(&im, "bob").await;
        let push = json!({ "From_Account": "alice", "MsgRandom": 7, "MsgLifeTime": 600, "MsgBody": elements("Sale ends tonight."),
            "OfflinePushInfo": { "Title": "Shop", "Desc": "The sale of the season ends tonight." } });
        let answer = im.call("all_member_push/im_push", push).await.ok();
        let number = answer["TaskId"].as_str().and_then(|id| id.split('_').nth(1)).expect("a number").to_owned();
        until(async || phone.inbox().as_array().is_some_and(|all| all.len() == 1)).await;
        let desk = async |method: Method, path: &str| {
            let path = format!("apps/{APP}/broadcasts{path}");
            let ask = Ask { method, path, query: String::new(), body: Bytes::new(), actor: "test".into() };
            answer_of(&im, &ask).await
        };
        until(async || desk(Method::GET, "").await["broadcasts"][0]["state"] == "done").await;
        assert_ne!(phone.inbox()[0]["is_revoked"], true);
        assert_eq!(desk(Method::DELETE, &format!("/{number}")).await["number"].to_string(), number);
        until(async || phone.inbox()[0]["is_revoked"] == true).await;
        let shown = desk(Method::GET, "").await;
        let states: Vec<_> = shown["broadcasts"].as_array().expect("a list").iter().map(|one| one["state"].clone()).collect();
        assert_eq!((states.len(), &states[1]), (2, &json!("revoked")), "what takes it back is one of its own: {shown}");
        phone.sandbox.shutdown().await;
    }
}

async fn answer_of(im: &Im, ask: &Ask) -> Value {
    answer(im.node(), ask).await.expect("the desk answers").body
}
