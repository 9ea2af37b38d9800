//! The process is killed again and again while many send. What was acknowledged is there, once and in order; every
//! notification that was due has reached its phone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use contract::{DeviceId, UserId};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::Value;
use server::dev::BUNDLE;
use store::Tx;
use store::testing::{Dice, TestEngine};

use super::process::Site;
use super::say;
use super::traffic::{PHONES_FROM, SENDERS, Traffic, add_accounts, check_history, check_numbers, receiver_of, text_of};
use crate::harness::APP;
use crate::phones::{Access, leave, phone};

const KILLS: usize = 50;
/// A dead node's claims hold for half a minute; then another takes its deliveries up.
const PUSH_WAIT: Duration = Duration::from_mins(1);
/// More than the fastest machine sends in fifty lives.
const KEPT_NOTIFICATIONS: usize = 200_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_on_sqlite_that_is_killed_fifty_times_loses_and_doubles_nothing() {
    kill(TestEngine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_on_postgres_that_is_killed_fifty_times_loses_and_doubles_nothing() {
    kill(TestEngine::Postgres).await;
}

async fn kill(engine: TestEngine) {
    let Some(site) = Site::make(engine).await else { return };
    let began = Instant::now();
    let mut dice = Dice::new("kills");
    let settings = SandboxSettings { kept_notifications: KEPT_NOTIFICATIONS, ..SandboxSettings::default() };
    let sandbox = Sandbox::start(settings).await.expect("the sandbox starts");
    let phones = prepare(&site, &sandbox).await;
    let traffic = Traffic::start();
    for _ in 0..KILLS {
        let process = site.start().await;
        traffic.set_address(Some(process.address));
        tokio::time::sleep(Duration::from_millis(dice.between(100, 600))).await;
        process.kill().await;
        traffic.set_address(None);
    }
    let (acknowledged, unanswered) = (traffic.acknowledged(), traffic.unanswered());
    let process = site.start().await;
    traffic.set_address(Some(process.address));
    let refusals = traffic.refusals();
    let told = traffic.finish().await;
    assert!(refusals.is_empty(), "a healthy store refuses nothing: {refusals:?}");
    check_history(process.address, &told).await;
    let pushed = wait_for_phones(&sandbox, &phones, &told).await;
    process.ask_to_stop().await;
    assert!(process.wait().await.success(), "a stop without load is a good end");
    site.visit(async |node| check_numbers(&node, &told).await).await;
    let due: usize = told[PHONES_FROM..].iter().map(Vec::len).sum();
    say(&format!(
        "{engine:?}: {KILLS} kills, {acknowledged} sends acknowledged between them, {unanswered} unanswered and \
         repeated, {due} notifications due, {pushed} seen by phones, {:?}",
        began.elapsed()
    ));
    assert!(acknowledged > KILLS * 4 && unanswered > KILLS as u32, "the kills did not meet any sends");
    sandbox.shutdown().await;
}

/// Adds the accounts and gives some of them a phone that is away.
async fn prepare(site: &Site, sandbox: &Sandbox) -> BTreeMap<usize, String> {
    let access = Access::to(sandbox, BUNDLE);
    let phones: BTreeMap<usize, String> =
        (PHONES_FROM..SENDERS).map(|sender| (sender, phone(sandbox, BUNDLE))).collect();
    site.visit(async |node| {
        let changed = node.apps.change(APP, |all, secrets| access.give(all, secrets));
        changed.await.expect("the app is changed").expect("the app is there");
        add_accounts(&node).await;
        let (now, phones) = (node.clock.now(), phones.clone());
        let added = node.store.write(APP, move |tx: &mut Tx<'_>| {
            for (sender, token) in &phones {
                let account = UserId::trusted(&receiver_of(*sender));
                let device = DeviceId::trusted(&format!("phone-{sender}"));
                leave(tx, now, &account, &device, token)?;
            }
            Ok(())
        });
        added.await.expect("the phones are added");
    })
    .await;
    phones
}

/// Waits until each phone has shown every message to its account; answers how many notifications there were.
async fn wait_for_phones(sandbox: &Sandbox, phones: &BTreeMap<usize, String>, told: &[Vec<String>]) -> usize {
    let deadline = Instant::now() + PUSH_WAIT;
    loop {
        let (mut missing, mut count) = (Vec::new(), 0);
        for (sender, token) in phones {
            let path = format!("/apns/devices/{token}/inbox");
            let inbox = sandbox.control("GET", &path, &Value::Null).expect("the phone is there");
            let shown: Vec<&str> = inbox["notifications"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|notification| notification["payload"]["aps"]["alert"]["body"].as_str())
                .collect();
            count += shown.len();
            let shown: BTreeSet<&str> = shown.into_iter().collect();
            let due = (1..=told[*sender].len() as u32).map(|number| text_of(*sender, number));
            missing.extend(due.filter(|text| !shown.contains(text.as_str())));
        }
        if missing.is_empty() {
            return count;
        }
        assert!(Instant::now() < deadline, "{} notifications never came: {missing:?}", missing.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
