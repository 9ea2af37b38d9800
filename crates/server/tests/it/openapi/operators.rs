//! What operators are told of a push, of a device, and of one device of many.

use axum::http::Method;
use bytes::Bytes;
use serde_json::json;
use server::admin::{Ask, answer};

use super::pushes::{World, notice};
use super::register;
use crate::harness::{APP, Im};
use crate::raw::until;

both! {
    async fn operators_see_what_became_of_a_push_and_why(im: Im) {
        let world = World::new(im).await;
        world.phone("phone").await;
        register(&world.im, "droid").await;
        let id = world.sent("Push", &notice("DEVICE", "phone")).await;
        world.reaches(&id, 1).await;
        let kept = [
            ("Target", "DEVICE"), ("TargetValue", "droid"), ("Title", "t"), ("Body", "b"), ("StoreOffline", "true"),
        ];
        let waiting = world.sent("PushMessageToAndroid", &kept).await;
        let ask = async |path: String| {
            let ask = Ask { method: Method::GET, path, query: String::new(), body: Bytes::new(), actor: "test".into() };
            answer(world.im.node(), &ask).await.map(|answer| answer.body)
        };
        let shown = ask(format!("apps/{APP}/push/{id}")).await.expect("the push is known");
        assert_eq!((&shown["state"], &shown["counts"]["sent"]), (&json!("started"), &json!(1)), "{shown}");
        let status = &shown["deliveries"][0]["status"];
        assert_eq!((&status["name"], &status["number"]), (&json!("Acked"), &json!(2)));
        assert!(status["explanation"].as_str().is_some_and(|text| !text.is_empty()));
        until(async || {
            let device = ask(format!("apps/{APP}/push/droid")).await.expect("the device is known");
            device["open"][0]["waits_for"] == "connection" && device["open"][0]["task"] == waiting
        }).await;
        let crowd = world.sent("Push", &notice("ALL", "ALL")).await;
        world.reaches(&crowd, 1).await;
        let of_one = async |device: &str| {
            let path = format!("apps/{APP}/push/{crowd}");
            let query = format!("device={device}");
            let ask = Ask { method: Method::GET, path, query, body: Bytes::new(), actor: "test".into() };
            answer(world.im.node(), &ask).await.map(|answer| answer.body).expect("the push is known")
        };
        let one = of_one("phone").await;
        assert_eq!((&one["broadcast"][0]["status"]["name"], &one["deliveries"]), (&json!("Acked"), &json!([])), "{one}");
        assert!(one["broadcast"][0]["lane"].as_str().is_some_and(|lane| lane.starts_with("apns")), "{one}");
        assert_eq!(of_one("droid").await["broadcast"], json!([]), "it is of another system");
        let named = of_one("nobody").await;
        assert_eq!((&named["broadcast"], &named["deliveries"]), (&json!([]), &json!([])));
        assert!(ask(format!("apps/{APP}/push/nobody")).await.is_err());
        assert!(ask("apps/7/push/1".to_owned()).await.is_err());
        let none = ask(format!("apps/{APP}/push/alice/bob/1")).await.expect("a message without deliveries");
        assert_eq!(none["deliveries"], json!([]));
    }
}
