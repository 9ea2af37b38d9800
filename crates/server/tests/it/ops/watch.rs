//! What machines watch: the guide's table of metrics is what a node shows, and development mode says where all is.

use std::collections::BTreeMap;

use axum::http::Method;
use bytes::Bytes;
use server::admin::client;
use server::clock::Clock;
use server::dev::{Dev, Options};
use store::apps::{AppSettings, CommandSettings};

use crate::harness::message;
use crate::ops::office::ANY;

const GUIDE: &str = include_str!("../../../../../docs/guide/operations.md");

operated! {
    async fn the_guide_names_every_metric_with_its_type(office: Office) {
        office.im.import(&["alice", "bob"]).await;
        // A call of a webhook counts, also where nobody listens.
        let hook = |settings: &mut AppSettings| {
            settings.webhook.url = "http://127.0.0.1:1/".into();
            settings.webhook.commands.insert("C2C.CallbackBeforeSendMsg".into(), CommandSettings::default());
        };
        office.im.app(|settings, _| hook(settings)).await;
        office.im.call("openim/sendmsg", message("alice", "bob", 1, "x")).await;
        office.ok(Method::GET, "node", serde_json::Value::Null).await;
        let public = office.im.address().to_string();
        let unsigned = "/?Action=CheckDevice&Version=2016-08-01";
        client::call(&public, None, Method::POST, unsigned, Bytes::new()).await.expect("an answer");
        let (_, text) = client::call(&public, None, Method::GET, "/metrics", Bytes::new()).await.expect("an answer");
        let text = String::from_utf8(text.to_vec()).expect("UTF-8");
        let shown: BTreeMap<_, _> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect();
        let told: BTreeMap<_, _> = GUIDE
            .lines()
            .filter_map(|line| line.strip_prefix("| `noroshi_"))
            .map(|row| {
                let cells: Vec<_> = row.split('|').map(str::trim).collect();
                (format!("noroshi_{}", cells[0].trim_end_matches('`')), cells[1].to_owned())
            })
            .collect();
        assert_eq!(shown, told, "{text}");
    }
}

#[tokio::test]
async fn development_mode_tells_where_its_admin_api_is_and_how_to_enter() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let options =
        Options { data: folder.path().join("data"), store: "sqlite".into(), http: ANY, https: ANY, admin: ANY };
    let dev = Dev::start(&options, Clock::default()).await.expect("development mode starts");
    let all = dev.credentials();
    let authority = all["admin_api"].as_str().and_then(|url| url.strip_prefix("http://")).expect("a URL");
    let token = all["admin_token"].as_str().expect("a token");
    let path = format!("/admin/v1/apps/{}", all["sdk_app_id"]);
    for (token, expected) in [(Some(token), 200), (Some("x"), 401), (None, 401)] {
        let asked = client::call(authority, token, Method::GET, &path, Bytes::new());
        assert_eq!(asked.await.expect("an answer").0.as_u16(), expected);
    }
    dev.running.stop().await;
}
