//! The process is killed while it calls the members of a group who are away: at once after it has taken the messages on,
//! and twice in the middle. Nobody is left out, and what comes again was under the lease of the one that was killed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chat::group::{By, Scope, create};
use contract::group::{GroupId, GroupKind, ReceiveOption, Role};
use contract::{DeviceId, UserId};
use push::engine::Settings;
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use server::dev::BUNDLE;
use store::groups::members::{self, Member};
use store::testing::TestEngine;
use store::{Tx, accounts, groups, sql};

use super::process::Site;
use super::traffic::Caller;
use super::{say, until};
use crate::harness::{ADMIN, APP, elements};
use crate::phones::{Access, leave, phone};

const GROUP: &str = "hall";
/// Members with a phone that is away; more than two pages of the engine.
const PHONES: usize = 1_200;
/// The last of them want no pushes, so that only a mention calls them.
const MUTED: usize = 200;
const TO_ALL: &str = "said to all";
const MENTION: &str = "said to all, by name";
/// Notifications that are due.
const DUE: usize = PHONES - MUTED + PHONES;
const RATE: usize = 500;
/// How much has come when the process is killed; it takes on nothing new, so the first time is the beginning.
const KILLS: [usize; 3] = [0, DUE / 6, DUE / 2];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_to_a_group_survives_kills_on_sqlite_and_leaves_nobody_out() {
    kill(TestEngine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_to_a_group_survives_kills_on_postgres_and_leaves_nobody_out() {
    kill(TestEngine::Postgres).await;
}

async fn kill(engine: TestEngine) {
    let Some(site) = Site::make(engine).await else { return };
    let sandbox = Sandbox::start(SandboxSettings::default()).await.expect("the sandbox starts");
    let tokens = prepare(&site, &sandbox).await;
    let (mut leased, mut killed_at) = (0, Instant::now());
    for (round, due) in KILLS.into_iter().enumerate() {
        let process = site.start().await;
        if round == 0 {
            let mut caller = Caller::new();
            let plain = json!({ "GroupId": GROUP, "Random": 1, "MsgBody": elements(TO_ALL) });
            let mention = json!({ "GroupId": GROUP, "Random": 2, "MsgBody": elements(MENTION),
                "GroupAtInfo": [{ "GroupAtAllFlag": 1 }] });
            for body in [plain, mention] {
                let answer = caller.call(process.address, "group_open_http_svc/send_group_msg", &body).await;
                assert_eq!(answer.expect("an answer")["ErrorCode"], 0);
            }
        }
        until(|| shown(&sandbox, &tokens).values().sum::<usize>() >= due).await;
        process.kill().await;
        killed_at = Instant::now();
        let there = shown(&sandbox, &tokens).len();
        assert!(there < DUE, "the kill came too late: {there} had come");
        leased += under_lease(&site).await;
    }
    let process = site.start().await;
    until(|| shown(&sandbox, &tokens).len() == DUE).await;
    // What the dead had under lease comes again when that has run out, and not before.
    let engine_settings = Settings::default();
    let lease = Duration::from_millis(engine_settings.lease_ms as u64) + 2 * engine_settings.sweep;
    until(|| killed_at.elapsed() > lease).await;
    process.ask_to_stop().await;
    assert!(process.wait().await.success(), "a stop without load is a good end");
    let all = shown(&sandbox, &tokens);
    let quiet = tokens[PHONES - MUTED..].iter().map(|token| (token.clone(), TO_ALL.to_owned()));
    assert!(quiet.into_iter().all(|one| !all.contains_key(&one)), "who wants no push is called by a mention alone");
    let repeated = all.values().sum::<usize>() - all.len();
    assert!(repeated <= leased, "{repeated} came again, and {leased} were under a lease when it was killed");
    assert_eq!(under_lease(&site).await, 0, "all is done");
    say(&format!(
        "{engine:?}: {} kills, {DUE} notifications, {leased} under way then, {repeated} came again",
        KILLS.len()
    ));
    sandbox.shutdown().await;
}

/// How often each phone has shown each text.
fn shown(sandbox: &Sandbox, tokens: &[String]) -> BTreeMap<(String, String), usize> {
    let mut shown = BTreeMap::new();
    for token in tokens {
        let inbox = sandbox.control("GET", &format!("/apns/devices/{token}/inbox"), &Value::Null);
        let inbox = inbox.expect("the phone is there");
        for notification in inbox["notifications"].as_array().into_iter().flatten() {
            let text = notification["payload"]["aps"]["alert"]["body"].as_str().expect("a text").to_owned();
            *shown.entry((token.clone(), text)).or_default() += 1;
        }
    }
    shown
}

/// Deliveries that somebody has claimed and not ended.
async fn under_lease(site: &Site) -> usize {
    let count = site
        .visit(async |node| {
            let read = node.store.read(APP, |snapshot| {
                let count = sql!("SELECT COUNT(*) FROM deliveries WHERE app = $1 AND ended_at = 0 AND lease_by <> 0");
                snapshot.one::<(i64,)>(count, (APP,))
            });
            read.await.expect("a count").0
        })
        .await;
    count as usize
}

/// Makes the group and gives its members phones that are away, before the process has started.
async fn prepare(site: &Site, sandbox: &Sandbox) -> Vec<String> {
    // Slow enough to be in the middle of it for a while.
    let access = Access::to(sandbox, BUNDLE).with("rate", RATE.to_string());
    let tokens: Vec<String> = (0..PHONES).map(|_| phone(sandbox, BUNDLE)).collect();
    site.visit(async |node| {
        let changed = node.apps.change(APP, |all, secrets| access.give(all, secrets));
        let app = changed.await.expect("the app is changed").expect("the app is there");
        let (now, tokens) = (node.clock.now(), tokens.clone());
        let added = node.store.write(APP, move |tx: &mut Tx<'_>| {
            let mut new = create::New::plain(GroupKind::Public);
            new.id = Some(GroupId::trusted(GROUP));
            let by = By::App(UserId::trusted(ADMIN));
            let mut group = create::create(tx, &Scope::of(&app, now), &by, &new, true)?;
            let mut all = Vec::with_capacity(PHONES);
            for (number, token) in tokens.iter().enumerate() {
                let account = UserId::trusted(&format!("u{number:05}"));
                let device = DeviceId::trusted(&format!("phone-{number:05}"));
                accounts::import(tx, now, &account)?;
                leave(tx, now, &account, &device, token)?;
                let is_muted = number >= PHONES - MUTED;
                let receive = if is_muted { ReceiveOption::AcceptNotNotify } else { ReceiveOption::AcceptAndNotify };
                all.push(Member { receive, ..Member::new(account, Role::Member, &group, now) });
            }
            members::put(tx, group.conversation, &all)?;
            group.members += all.len() as i64;
            groups::save(tx, &group)
        });
        added.await.expect("the group is made");
    })
    .await;
    tokens
}
