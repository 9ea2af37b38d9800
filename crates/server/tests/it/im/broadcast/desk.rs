//! What an operator sees of broadcasts, and ends.

use axum::http::Method;
use bytes::Bytes;
use client::Storage;
use serde_json::{Value, json};
use server::admin::{Ask, Refusal, answer};

use super::{device, ends, is_silent_until, number};
use crate::harness::{APP, Im, elements};

async fn ask(im: &Im, method: Method, path: &str, query: &str) -> Result<Value, Refusal> {
    let (path, query) = (format!("apps/{APP}/broadcasts{path}"), query.to_owned());
    let ask = Ask { method, path, query, body: Bytes::new(), actor: "test".into() };
    answer(im.node(), &ask).await.map(|answer| answer.body)
}

both! {
    async fn progress_is_listed_in_pages_and_a_kept_broadcast_can_be_ended(im: Im) {
        im.import(&["news", "alice"]).await;
        for random in 1..=3 {
            let body = json!({ "From_Account": "news", "MsgRandom": random, "MsgBody": elements("x"), "MsgLifeTime": 600,
                "Condition": { "TagsNot": ["x"] } });
            let answer = im.call("all_member_push/im_push", body).await.ok();
            ends(&im, number(&answer)).await;
        }
        let page = ask(&im, Method::GET, "", "limit=2").await.expect("a page");
        let shown = page["broadcasts"].as_array().expect("a list");
        assert_eq!(shown.iter().map(|one| one["number"].as_i64()).collect::<Vec<_>>(), [Some(3), Some(2)]);
        assert_eq!(shown[0]["state"], "done");
        let reached = (&shown[0]["accounts_matched"], &shown[0]["is_kept"]);
        assert_eq!(reached, (&json!(3), &json!(true)), "the administrator is one of them");
        assert_eq!(shown[0]["audience"]["accounts"]["condition"], json!({ "tags_not": ["x"] }));
        assert!(shown[0].get("matter").is_none(), "what it says is not shown");
        let rest = ask(&im, Method::GET, "", &format!("before={}", page["next_before"])).await.expect("a page");
        assert_eq!(rest["broadcasts"][0]["number"], 1);
        assert_eq!(rest["next_before"], Value::Null);
        for number in 1..=3 {
            let ended = ask(&im, Method::DELETE, &format!("/{number}"), "").await.expect("it is ended");
            assert_eq!(ended["number"], number);
        }
        assert!(matches!(ask(&im, Method::DELETE, "/1", "").await, Err(Refusal::ValueInvalid(_))));
        let (_alice, mut events) = device(&im, "alice", "phone", Storage::Memory).await;
        assert!(is_silent_until(&im, &mut events, "news", "alice").await, "a device that comes later gets none");
        let list = ask(&im, Method::GET, "", "before=4").await.expect("a page");
        let states: Vec<_> = list["broadcasts"].as_array().expect("a list").iter().map(|one| one["state"].clone()).collect();
        assert_eq!(states, ["revoked"; 3]);
    }
}
