//! Receipts of vendors, from the body of a call to the delivery.

use contract::Millis;
use contract::codes::{Huawei, OfflinePush, PushCommon};
use push::callback;
use serde_json::json;
use store::devices;

use crate::bench::{APP, Bench, CREDENTIAL, VENDOR, is, user};
use crate::endpoint::{Endpoint, Say};
use crate::vendors::{channel, is_auth, session};

async fn take(bench: &Bench, body: &str) -> u64 {
    let now = Millis(bench.now().0 + 1);
    let receipts = callback::read("huawei", None, body.as_bytes(), None, now).unwrap().unwrap();
    // The bench binds its tokens to a channel of its own name.
    bench.store.write(APP, move |tx| callback::take(tx, now, VENDOR, &receipts)).await.unwrap()
}

fn told(token: &str, status: i64) -> String {
    json!({"statuses": [{"token": token, "status": status, "requestId": "r1"}]}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_vendor_tells_afterwards_moves_the_delivery_and_drops_the_token() {
    let (bench, _) = Bench::new().await;
    let answer = json!({"code": "80000000", "msg": "Success", "requestId": "r1"}).to_string();
    let endpoint = Endpoint::start(&["h2"], move |seen| {
        if is_auth(seen) { session("huawei", 1) } else { Say::Answer(200, Vec::new(), answer.clone()) }
    })
    .await;
    bench.vendors.set(APP, CREDENTIAL, Ok(channel("huawei", &endpoint)));
    bench.bind(APP, "bob", "phone", Some("t1")).await;
    let task = bench.push(APP, &["bob"]).await;
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::Acked) && delivery.said.request == "r1", "{delivery:?}");

    assert_eq!(take(&bench, &told("t1", 0)).await, 0, "it arrived: nothing changes");
    assert_eq!(take(&bench, &told("t2", 2)).await, 0, "another device");
    assert_eq!(take(&bench, &told("t1", 102)).await, 1);
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::Acked), "{delivery:?}");
    // The daily number has a class of its own where the channel has the vendor's name.
    assert_eq!(Some(delivery.class), OfflinePush::VendorRefused.row().number());

    assert_eq!(take(&bench, &told("t1", 2)).await, 1);
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, Huawei::AppUninstalled), "{delivery:?}");
    assert_eq!(delivery.said.text, "receipt 2");
    let read = |snapshot: &mut store::Snapshot<'_>| devices::tokens_of(snapshot, &user("bob"));
    assert!(bench.store.read(APP, read).await.unwrap().is_empty(), "the token is dropped");
    assert_eq!(take(&bench, &told("t1", 2)).await, 0, "told again, it changes nothing more");
}

#[test]
fn only_vendors_that_tell_are_listened_to() {
    assert!(callback::read("apns", None, b"", None, Millis(0)).is_none());
    assert!(callback::read("fcm", None, b"", None, Millis(0)).is_none());
    for channel in ["harmony", "honor", "huawei", "oppo", "vivo", "xiaomi"] {
        let read = callback::read(channel, None, b"nonsense", None, Millis(0)).unwrap();
        assert_eq!(read, Err(callback::Unreadable::Malformed), "{channel}");
    }
}
