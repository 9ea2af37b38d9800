//! A disk that is full, read-only or failing: the error says so, nothing acknowledged is lost, and work goes on without
//! a restart when the disk is well again.

use std::sync::Arc;

use contract::{Error, Failure, Result};
use store::append::{Draft, Sent};
use store::testing::{Dice, Disk, TestDatabase, TestEngine, TestStore, Weather, permissive};
use store::{Settings, Store, sql};
use tempfile::TempDir;

use crate::support::{APP, NOW, draft, is_full, is_unavailable, number, put, send_all, until};

/// Messages of a few pages each.
fn drafts(round: u32) -> Vec<Draft> {
    let large = |n: u32| {
        let mut draft = draft("alice", &format!("r{}", n % 20), round * 1_000 + n, NOW);
        draft.body = format!("[\"{}\"]", "x".repeat(6_000));
        draft
    };
    (0..100).map(large).collect()
}

/// Expects that all were answered, by success or by one kind of failure; answers how many by success.
fn count(outcomes: Vec<Result<Sent>>, is_expected: fn(&Result<Sent>) -> bool) -> i64 {
    let mut stored = 0;
    for outcome in outcomes {
        match outcome {
            Ok(sent) => stored += i64::from(!sent.duplicate),
            outcome => assert!(is_expected(&outcome), "{outcome:?}"),
        }
    }
    stored
}

async fn messages(store: &Store) -> i64 {
    number(store, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await
}

/// Lets bad weather come and go over one store.
async fn weather_comes_and_goes(weather: Weather, is_expected: fn(&Result<Sent>) -> bool) {
    let folder = TempDir::with_prefix("noroshi-full-").unwrap();
    let disk = Disk::attach(folder.path());
    let settings = Settings::Sqlite { path: folder.path().join("noroshi.db"), cache_mb: 2, readers: 1 };
    let store = Store::open(&settings, permissive()).await.unwrap();
    let mut stored = count(send_all(&store, drafts(0)).await, |_| false);
    assert_eq!(stored, 100);
    for round in 1..=4 {
        disk.set(weather);
        let before = stored;
        stored += count(send_all(&store, drafts(round)).await, is_expected);
        assert!(stored - before < 100, "{weather:?} is not felt");
        let job = store.write(APP, |tx| put(tx, "large", &vec![0; 1 << 20])).await;
        assert!(job.is_err(), "{weather:?} is not felt by a job");
        // What is read is what was acknowledged, neither more nor less.
        assert_eq!(messages(&store).await, stored);
        disk.set(Weather::Fair);
        stored += count(send_all(&store, drafts(round)).await, |_| false);
        assert_eq!(stored, i64::from(round + 1) * 100, "every draft is stored once, now or before");
        store
            .write(APP, move |tx| {
                tx.run(sql!("DELETE FROM secrets"), ())?;
                put(tx, "large", &vec![round as u8; 1 << 20])
            })
            .await
            .unwrap();
    }
    // The power goes while the store is open: what was acknowledged between bad flushes was really flushed.
    disk.cut(0);
    store.close().await;
    disk.power_on(&mut Dice::new("after bad weather"));
    let store = Store::open(&settings, permissive()).await.unwrap();
    assert_eq!(messages(&store).await, stored);
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_is_no_room_and_passes() {
    weather_comes_and_goes(Weather::Full, is_full).await;
}

#[tokio::test]
async fn a_disk_that_became_read_only_is_no_room_and_passes() {
    weather_comes_and_goes(Weather::ReadOnly, is_full).await;
}

#[tokio::test]
async fn a_disk_that_cannot_flush_is_unavailable_and_passes() {
    weather_comes_and_goes(Weather::BadFlush, is_unavailable).await;
}

#[tokio::test]
async fn a_store_on_a_read_only_disk_says_so_when_it_opens() {
    let folder = TempDir::with_prefix("noroshi-full-").unwrap();
    let disk = Disk::attach(folder.path());
    let settings = Settings::sqlite(folder.path().join("noroshi.db"));
    disk.set(Weather::ReadOnly);
    let opened = Store::open(&settings, permissive()).await;
    assert!(is_full(&opened), "{opened:?}");
    disk.set(Weather::Fair);
    let store = Store::open(&settings, permissive()).await.unwrap();
    assert_eq!(messages(&store).await, 0);
    store.close().await;
}

#[tokio::test]
async fn a_database_that_became_read_only_is_no_room_and_passes_without_a_cut() {
    let Some(place) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let Settings::Postgres { url, threads, statement_ms, away_ms } = place.settings().clone() else { return };
    let database = TestDatabase::make(&url);
    let settings = Settings::Postgres { url: database.url.clone(), threads, statement_ms, away_ms };
    let store = Arc::new(Store::open(&settings, permissive()).await.unwrap());
    let stored = count(send_all(&store, drafts(0)).await, |_| false);
    assert_eq!(stored, 100);
    database.set_read_only(true);
    database.cut();
    // Connections end a moment after they are told to.
    until("sends are refused", async || send_all(&store, drafts(1)).await.iter().all(is_full)).await;
    let stored = messages(&store).await;
    let refused = send_all(&store, drafts(1)).await;
    assert!(refused.iter().all(is_full), "{refused:?}");
    until("jobs are refused", async || is_full(&store.write(APP, |tx| put(tx, "name", b"x")).await)).await;
    assert_eq!(messages(&store).await, stored);
    // The connections of the read-only time are still there, and they stay read-only as long as they live.
    database.set_read_only(false);
    until("sends go on", async || {
        let outcomes = send_all(&store, drafts(1)).await;
        assert!(outcomes.iter().all(|outcome| outcome.is_ok() || is_full(outcome)), "{outcomes:?}");
        outcomes.iter().all(Result::is_ok)
    })
    .await;
    until("jobs go on", async || store.write(APP, |tx| put(tx, "name", b"x")).await.is_ok()).await;
    assert_eq!(messages(&store).await, 200);
    store.close().await;
}

#[tokio::test]
async fn a_database_that_takes_no_connections_says_why() {
    let Some(place) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let Settings::Postgres { url, threads, statement_ms, .. } = place.settings().clone() else { return };
    let database = TestDatabase::make(&url);
    database.set_open(false);
    let settings = Settings::Postgres { url: database.url.clone(), threads, statement_ms, away_ms: 100 };
    let Err(Error::Failure(Failure::Unavailable(what))) = Store::open(&settings, permissive()).await else {
        panic!("a database that takes no connections is away")
    };
    assert!(what.contains("55000") && what.contains("accepting connections"), "{what}");
}

/// The words of the failures, as an operator's log shows them, name the trouble.
#[test]
fn no_room_is_said_in_words() {
    let text = Error::from(Failure::Full("sqlite 13: database or disk is full".into())).to_string();
    assert!(text.contains("no room") && text.contains("full"), "{text}");
}
