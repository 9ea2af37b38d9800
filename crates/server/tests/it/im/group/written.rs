//! What a message to a group writes, row by row: as much whatever the size of the group, and whoever is connected.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use client::{Client, Settings};
use contract::{DeviceId, Platform, UserId};
use serde_json::{Value, json};
use store::devices::{self, Login, Token};
use store::{Snapshot, Sql, Tx, accounts, sql};

use super::{ask, make, say};
use crate::harness::{APP, Im};

const MEMBERS: usize = 400;
const CONNECTED: usize = 24;
const SENDS: u32 = 10;
const WAIT: Duration = Duration::from_secs(20);
/// What nodes write of themselves, whatever anybody sends.
const OWN: [&str; 1] = ["nodes"];

fn name(number: usize) -> String {
    format!("u{number}")
}

/// A statement that is made here.
fn made(text: String) -> Sql {
    let text: &'static str = Box::leak(text.into_boxed_str());
    Sql { sqlite: text, postgres: text }
}

/// Lets every table note each row that is written into it, changed or removed.
async fn watch(im: &Im) {
    let tables: Vec<(String,)> = im
        .node()
        .store
        .read(APP, |snapshot: &mut Snapshot<'_>| {
            snapshot.all(
                sql! {
                    sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
                    postgres: "SELECT table_name::text FROM information_schema.tables
                               WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
                },
                (),
            )
        })
        .await
        .expect("the tables");
    assert!(tables.len() > 40, "the tables are there: {tables:?}");
    im.sql(sql!("CREATE TABLE written (name TEXT NOT NULL)")).await;
    im.sql(sql! {
        sqlite: "DELETE FROM written",
        postgres: "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
                   'BEGIN INSERT INTO written (name) VALUES (TG_TABLE_NAME); RETURN NULL; END'"
    })
    .await;
    for (table,) in tables.iter().filter(|(table,)| !OWN.contains(&table.as_str())) {
        for event in ["INSERT", "UPDATE", "DELETE"] {
            let trigger = format!("CREATE TRIGGER {table}_{event} AFTER {event} ON {table}");
            let lite = made(format!("{trigger} BEGIN INSERT INTO written (name) VALUES ('{table}'); END"));
            let other = made(format!("{trigger} FOR EACH ROW EXECUTE FUNCTION noted()"));
            im.sql(Sql { sqlite: lite.sqlite, postgres: other.postgres }).await;
        }
    }
}

/// How many rows were written into each table by some messages to a group, and what became of them until nothing of
/// them was left to be done.
async fn written(im: &Im, group: &str, random: u32) -> BTreeMap<String, i64> {
    im.sql(sql!("DELETE FROM written")).await;
    for number in 0..SENDS {
        say(im, group, "u0", random + number, "text").await;
    }
    let deadline = Instant::now() + WAIT;
    loop {
        let read = |snapshot: &mut Snapshot<'_>| {
            let (left,): (i64,) = snapshot.one(sql!("SELECT COUNT(*) FROM outbox WHERE app = $1"), (APP,))?;
            let rows: Vec<(String, i64)> =
                snapshot.all(sql!("SELECT name, COUNT(*) FROM written GROUP BY name ORDER BY name"), ())?;
            Ok((left, rows))
        };
        let (left, rows) = im.node().store.read(APP, read).await.expect("counts");
        if left == 0 {
            return rows.into_iter().collect();
        }
        assert!(Instant::now() < deadline, "{left} rows of work are never done");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An account outside of both groups with a phone that is away: from then on messages leave work for the engine.
async fn add_phone(im: &Im) {
    let now = im.clock.now();
    let add = move |tx: &mut Tx<'_>| {
        let (account, device) = (UserId::trusted("far"), DeviceId::trusted("far"));
        accounts::import(tx, now, &account)?;
        let platform = Platform::IPhone as i64;
        let login = Login { device: device.clone(), account: account.clone(), platform, node: 7, session: 1 };
        devices::log_in(tx, now, &login)?;
        let (channel, token) = ("apns".to_owned(), "t".to_owned());
        devices::set_token(
            tx,
            &account,
            &Token { device: device.clone(), channel, token, credential: 1, bound_at: now },
        )?;
        devices::disconnect(tx, now, &device, 1).map(drop)
    };
    im.node().store.write(APP, add).await.expect("a phone");
}

both! {
    async fn a_message_writes_as_many_rows_into_a_large_group_as_into_a_small_one(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 10_000).await;
        let names: Vec<String> = (0..MEMBERS).map(name).collect();
        for some in names.chunks(100) {
            im.call("im_open_login_svc/multiaccount_import", json!({ "Accounts": some })).await.ok();
        }
        for (group, count) in [("large", MEMBERS), ("small", 10)] {
            make(&im, group, "Public", "u0", &[]).await;
            for some in names[1..count].chunks(300) {
                let list: Vec<Value> = some.iter().map(|name| json!({ "Member_Account": name })).collect();
                ask(&im, "add_group_member", json!({ "GroupId": group, "MemberList": list })).await.ok();
            }
        }
        let mut clients = Vec::new();
        for name in &names[..CONNECTED] {
            let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, format!("phone-{name}"));
            let client = Client::new(settings).expect("a client");
            client.login(name, &im.sig(name)).await.expect("logs in");
            clients.push(client);
        }
        watch(&im).await;
        let mut random = 0;
        for reaches in [false, true] {
            if reaches {
                add_phone(&im).await;
            }
            random += 1_000;
            let (small, large) = (written(&im, "small", random).await, written(&im, "large", random).await);
            assert_eq!(small, large, "where a push reaches somebody: {reaches}");
            let of = |table: &str| large.get(table).copied().unwrap_or_default();
            let sends = i64::from(SENDS);
            assert_eq!((of("messages"), of("conversations")), (sends, sends), "a row, and the head: {large:?}");
            let left = if reaches { 2 * sends } else { 0 };
            assert_eq!((of("outbox"), large.values().sum::<i64>()), (left, 2 * sends + left), "{large:?}");
        }
        for client in clients {
            client.shutdown().await;
        }
    }
}
