//! The process is killed in the middle of a push to all devices. Nobody is left out, and who gets it twice was in the
//! slices that were under way.

use std::collections::BTreeMap;

use contract::notification::Notification;
use contract::{DeviceId, UserId};
use push::broadcast::SLICE_DEVICES;
use push::task::{self, Audience, Spec};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::Value;
use server::dev::BUNDLE;
use store::Tx;
use store::bindings::{self, Registration};
use store::devices::{self, Token};
use store::testing::TestEngine;

use super::process::Site;
use super::{say, until};
use crate::harness::APP;
use crate::phones::{Access, phone};

const PHONES: usize = 3_000;
const KILLS: usize = 2;
const RATE: usize = 500;
/// Slices of one app that are under way at a time.
const AT_A_TIME: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_to_all_devices_survives_kills_on_sqlite_and_leaves_nobody_out() {
    kill(TestEngine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_to_all_devices_survives_kills_on_postgres_and_leaves_nobody_out() {
    kill(TestEngine::Postgres).await;
}

async fn kill(engine: TestEngine) {
    let Some(site) = Site::make(engine).await else { return };
    let sandbox = Sandbox::start(SandboxSettings::default()).await.expect("the sandbox starts");
    let tokens = prepare(&site, &sandbox).await;
    for number in 1..=KILLS {
        let process = site.start().await;
        // Somewhere in the middle: later each time, as long as some are left.
        until(|| reached(&sandbox, &tokens).len() >= number * PHONES / 6).await;
        process.kill().await;
        let count = reached(&sandbox, &tokens).len();
        assert!(count < PHONES, "the kill came too late: {count} had it");
    }
    let process = site.start().await;
    until(|| reached(&sandbox, &tokens).len() == PHONES).await;
    let counts = reached(&sandbox, &tokens);
    let repeated = counts.values().filter(|count| **count > 1).count();
    assert!(repeated <= KILLS * AT_A_TIME * SLICE_DEVICES, "{repeated} phones got it again");
    assert!(counts.values().all(|count| *count <= KILLS + 1), "nobody gets it more often than it was in flight");
    process.ask_to_stop().await;
    assert!(process.wait().await.success(), "a stop without load is a good end");
    say(&format!("{engine:?}: {KILLS} kills, {PHONES} phones, {repeated} got it again"));
    sandbox.shutdown().await;
}

/// How often each phone that has it got it.
fn reached(sandbox: &Sandbox, tokens: &[String]) -> BTreeMap<String, usize> {
    let count = |token: &String| {
        let path = format!("/apns/devices/{token}/inbox");
        let inbox = sandbox.control("GET", &path, &Value::Null).expect("the phone is there");
        let count = inbox["notifications"].as_array().map_or(0, Vec::len);
        (count > 0).then(|| (token.clone(), count))
    };
    tokens.iter().filter_map(count).collect()
}

/// Registers the phones and takes the push on, before the process has started.
async fn prepare(site: &Site, sandbox: &Sandbox) -> Vec<String> {
    // Slow enough to be in the middle of it for a while.
    let access = Access::to(sandbox, BUNDLE).with("rate", RATE.to_string());
    let tokens: Vec<String> = (0..PHONES).map(|_| phone(sandbox, BUNDLE)).collect();
    site.visit(async |node| {
        let changed = node.apps.change(APP, |all, secrets| access.give(all, secrets));
        changed.await.expect("the app is changed").expect("the app is there");
        let (now, tokens, id) = (node.clock.now(), tokens.clone(), task::fresh_id());
        let added = node.store.write(APP, move |tx: &mut Tx<'_>| {
            for (number, token) in tokens.iter().enumerate() {
                let device = DeviceId::trusted(&format!("phone-{number:05}"));
                bindings::register(tx, now, &device, 1, &Registration { os: 1, ..Registration::default() })?;
                let (channel, token) = ("apns".to_owned(), token.clone());
                let token = Token { device, channel, token, credential: 1, bound_at: now };
                devices::set_token(tx, &UserId::trusted("nobody"), &token)?;
            }
            let notification = Notification { title: "t".into(), body: "b".into(), ..Notification::default() };
            task::submit(tx, now, id, &Spec::new("test", "notice", Audience::All, notification)).map(drop)
        });
        added.await.expect("the push is taken on");
    })
    .await;
    tokens
}
