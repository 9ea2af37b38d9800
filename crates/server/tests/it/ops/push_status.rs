//! `noroshi push status`: what became of a push, asked of a node that serves and of a store that none has open.

use contract::notification::Notification;
use contract::{AppId, DeviceId};
use push::task::{self, Audience, Spec};
use serde_json::{Value, json};
use server::clock::Clock;
use server::node::Running;
use store::Tx;
use store::bindings::{self, Os, Registration};
use store::deliveries::SELF_LANE;

use super::command::start;
use super::office::{Installation, stderr};
use crate::raw::until;

/// A name that a shell, a path and a query each have to be told of.
const DEVICE: &str = "phone 1/+&=%41";

/// Registers two phones that are away, and pushes once to all and once to the first; answers the numbers of both.
async fn pushes(running: &Running, app: AppId) -> (i64, i64) {
    let now = Clock::default().now();
    let write = move |tx: &mut Tx<'_>| {
        for name in [DEVICE, "other"] {
            let what = Registration { os: Os::Android as i64, ..Registration::default() };
            bindings::register(tx, now, &DeviceId::trusted(name), 2, &what)?;
        }
        Ok(())
    };
    running.node.store.write(app, write).await.expect("the phones are registered");
    let submit = async |audience: Audience| {
        let id = task::fresh_id();
        let notification = Notification { title: "t".into(), body: "b".into(), ..Notification::default() };
        let spec = Spec::new("test", "notice", audience, notification);
        let write = move |tx: &mut Tx<'_>| task::submit(tx, now, id, &spec);
        running.node.store.write(app, write).await.expect("it is taken on").id
    };
    (submit(Audience::All).await, submit(Audience::Devices(vec![DEVICE.into()])).await)
}

/// What both ways of asking have to answer.
fn check(installation: &Installation, app: &str, (crowd, one): (i64, i64)) {
    let (crowd, one) = (crowd.to_string(), one.to_string());
    let of = |push: &str, device: &str| installation.json(&["push", "status", app, push, "--device", device]);
    let found = of(&crowd, DEVICE);
    assert_eq!((&found["task"], &found["device"], &found["deliveries"]), (&json!(crowd), &json!(DEVICE), &json!([])));
    let walked = found["broadcast"].as_array().expect("a list");
    assert_eq!(
        (walked.len(), &walked[0]["task"], &walked[0]["lane"]),
        (1, &json!(crowd), &json!(SELF_LANE)),
        "{found}"
    );
    let status = &walked[0]["status"];
    assert_eq!((&status["number"], &status["name"]), (&json!(0), &json!("DeviceNotOnlineOrNoResponse")), "{found}");
    assert!(status["explanation"].as_str().is_some_and(|text| !text.is_empty()), "{found}");

    let found = of(&one, DEVICE);
    assert_eq!(found["broadcast"], json!([]), "{found}");
    assert_eq!(found["deliveries"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["deliveries"][0]["device"], json!(DEVICE));
    let found = of(&one, "other");
    assert_eq!((&found["deliveries"], &found["broadcast"]), (&json!([]), &json!([])), "it was not for this one");

    for wrong in [["push", "status", app, "7", "--device", DEVICE], ["push", "status", "7", &one, "--device", DEVICE]] {
        let output = installation.run(&wrong);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true), "{wrong:?}");
        assert!(!stderr(&output).is_empty(), "{wrong:?}");
    }
    let output = installation.run(&["push", "status", app, &one, "--device", ""]);
    assert_eq!(output.status.code(), Some(1), "nobody has no name");
    assert!(stderr(&output).contains("device is the name of a device"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_a_push_on_one_device_is_asked_by_its_name() {
    let installation = Installation::new();
    let app = installation.json(&["app", "create"])["sdk_app_id"].to_string();
    let running = start(&installation).await;
    let ids = pushes(&running, AppId(app.parse().expect("a number"))).await;
    let shown = |id: i64| installation.json(&["push", "status", &app, &id.to_string()]);
    let is_walked = |found: &Value| found["statuses"]["common:0"] == 2;
    until(async || is_walked(&shown(ids.0)) && shown(ids.1)["deliveries"][0]["status"].is_object()).await;
    check(&installation, &app, ids);
    running.stop().await;
    check(&installation, &app, ids);
}
