//! Results told to the app's own server: signed, once each where it hears, again where it does not.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use contract::codes::PushCommon;
use parking_lot::Mutex;
use push::mpaas::callback;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::caller;
use super::pushes::{apple, is, phone, sees, simple};
use crate::harness::Im;

const SECRET: &str = "a-secret-of-the-app";

/// The URL that was called, and the body.
type Heard = (String, Vec<u8>);

/// The app's own server.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Heard>>>,
    /// How often it does not hear first.
    deaf: Arc<Mutex<usize>>,
    _tasks: JoinSet<()>,
}

type Shared = (Arc<Mutex<Vec<(String, Vec<u8>)>>>, Arc<Mutex<usize>>);

async fn hear(State((seen, deaf)): State<Shared>, RawQuery(query): RawQuery, body: Bytes) -> StatusCode {
    let mut deaf = deaf.lock();
    if *deaf > 0 {
        *deaf -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    seen.lock().push((query.unwrap_or_default(), body.to_vec()));
    StatusCode::NO_CONTENT
}

impl Server {
    async fn start(deaf: usize) -> Self {
        let shared: Shared = (Arc::default(), Arc::new(Mutex::new(deaf)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/results", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(hear).with_state(shared.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(axum::serve(listener, router).await) });
        Self { url, seen: shared.0, deaf: shared.1, _tasks: tasks }
    }

    async fn wait(&self, count: usize) -> Vec<(String, Value, Vec<u8>)> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.seen.lock().len() < count {
            assert!(Instant::now() < deadline, "{} of {count}", self.seen.lock().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let read = |(query, body): &(String, Vec<u8>)| {
            (query.clone(), serde_json::from_slice(body).expect("JSON"), body.clone())
        };
        self.seen.lock().iter().map(read).collect()
    }
}

async fn called_back(im: &Im, server: &Server, key: &str) {
    im.app(|settings, secrets| {
        settings.mpaas.callback_url.clone_from(&server.url);
        key.clone_into(&mut secrets.callback_key);
    })
    .await;
}

both! {
    async fn what_became_of_a_message_is_told_and_signed(im: Im) {
        let caller = caller(&im).await;
        let (sandbox, server) = (apple(&im).await, Server::start(0).await);
        called_back(&im, &server, SECRET).await;
        let token = phone(&sandbox);
        caller.call("PushBind", &[("DeliveryToken", &token), ("UserId", "u1"), ("OsType", "2")]).await.pushed();
        let task = simple(&caller, "3", r#"{"u1":"k1"}"#, &[]).await;
        let told = server.wait(1).await;
        let (query, body, raw) = &told[0];
        assert_eq!(query, &format!("sign={}", callback::sign(SECRET, raw).expect("it signs")));
        assert_eq!(body, &json!({
            "appId": super::APP_ID, "workspaceId": super::WORKSPACE, "msgKey": "k1", "messageId": task.to_string(),
            "taskId": "", "targetType": 3, "target": "u1", "deviceId": token, "channel": "apns", "status": 2,
            "statusDesc": "Acked", "timestamp": body["timestamp"],
        }));
        sandbox.shutdown().await;
    }

    async fn an_app_with_both_callbacks_hears_of_a_push_once_by_the_surface_that_sent_it(im: Im) {
        let caller = caller(&im).await;
        let (sandbox, server) = (apple(&im).await, Server::start(0).await);
        called_back(&im, &server, "").await;
        let receiver = crate::webhook::receiver::Receiver::start().await;
        im.app(receiver.hook(&["Push.Result"], store::apps::OnFailure::Pass)).await;
        let token = phone(&sandbox);
        caller.call("PushBind", &[("DeliveryToken", &token), ("UserId", "u1"), ("OsType", "2")]).await.pushed();
        let own = simple(&caller, "3", r#"{"u1":"k1"}"#, &[]).await;
        let template = [("TemplateName", "t"), ("Title", "Hi"), ("Content", "there"), ("ShowStyle", "0"), ("PushStyle", "0")];
        caller.call("CreateTemplate", &template).await.kept();
        let many = [
            ("TaskName", "many"), ("DeliveryType", "3"), ("ExpiredSeconds", "300"), ("TemplateName", "t"),
            ("TargetMsg.1.Target", "u1"), ("TargetMsg.1.MsgKey", "k2"),
        ];
        caller.call("PushMultiple", &many).await.pushed();
        let told = server.wait(2).await;
        let mut keys: Vec<&str> = told.iter().filter_map(|(_, body, _)| body["msgKey"].as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["k1", "k2"]);
        let emas = super::super::Signer::own();
        let app = crate::harness::APP.to_string();
        let push = [
            ("AppKey", app.as_str()), ("Target", "DEVICE"), ("TargetValue", &token), ("DeviceType", "iOS"),
            ("PushType", "NOTICE"), ("iOSApnsEnv", "PRODUCT"), ("Title", "t"), ("Body", "b"),
        ];
        let other = emas.call_plain(&im, "Push", &push).await.ok()["MessageId"].clone();
        let heard = receiver.wait(1).await;
        assert_eq!(heard[0].body["MessageId"], other, "the first that the webhook tells of is the push of its own surface");
        // What its user does with it is nothing that the other callback tells: the webhook does.
        let now = im.clock.now();
        let opened = im.node().store.write(crate::harness::APP, move |tx| {
            let device = contract::DeviceId::trusted(&token);
            push::report::note(tx, now, own, &device, store::push_counts::Report::Opened, None)
        });
        assert!(opened.await.expect("written"));
        let heard = receiver.wait(2).await;
        assert_eq!((&heard[1].body["MessageId"], &heard[1].body["Events"][0]["Event"]), (&json!(own.to_string()), &json!("open")));
        assert_eq!((server.wait(2).await.len(), heard.len()), (2, 2));
        sandbox.shutdown().await;
    }

    async fn a_server_that_does_not_hear_is_told_again_and_nothing_is_lost(im: Im) {
        let caller = caller(&im).await;
        let server = Server::start(2).await;
        called_back(&im, &server, "").await;
        let task = simple(&caller, "3", r#"{"nobody":"k1"}"#, &[]).await;
        sees(&im, task, |delivery| is(delivery, PushCommon::NoBindInfo)).await;
        im.clock.advance(301_000);
        im.node().engine.announced(crate::harness::APP, &[contract::event::Event::DeliveryQueued]);
        let deadline = Instant::now() + Duration::from_secs(20);
        while *server.deaf.lock() > 0 {
            assert!(Instant::now() < deadline, "it was not called");
            im.clock.advance(5_000);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        im.clock.advance(60_000);
        let told = server.wait(1).await;
        let (query, body, _) = &told[0];
        assert_eq!(query, "", "an app without a key is told unsigned");
        assert_eq!((&body["msgKey"], &body["status"], &body["statusDesc"]), (&json!("k1"), &json!(1), &json!("NoBindInfo")));
        assert_eq!((&body["deviceId"], &body["channel"]), (&json!(""), &json!("")));
    }

    async fn an_app_without_an_address_is_told_nothing(im: Im) {
        let caller = caller(&im).await;
        let task = simple(&caller, "3", r#"{"nobody":"k1"}"#, &[]).await;
        sees(&im, task, |delivery| is(delivery, PushCommon::NoBindInfo)).await;
        im.clock.advance(301_000);
        im.node().engine.announced(crate::harness::APP, &[contract::event::Event::DeliveryQueued]);
        sees(&im, task, |delivery| delivery.ended_at.0 > 0).await;
        let take = |tx: &mut store::Tx<'_>| {
            let now = contract::Millis(i64::MAX / 2);
            store::results::take(tx, now, 1, now, 10)
        };
        assert!(im.node().store.write(crate::harness::APP, take).await.expect("read").is_empty());
    }
}
