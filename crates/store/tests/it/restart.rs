//! What survives: a restart of ours, a lost connection, a server that is away.

use std::time::Instant;

use contract::{Error, Failure, Seq};
use store::testing::{TestEngine, TestStore, on_server, permissive};
use store::{Settings, Store};

use crate::support::{APP, NOW, draft, put, secrets, send};

#[tokio::test]
async fn a_repeated_send_is_found_after_a_restart() {
    for engine in [TestEngine::Sqlite, TestEngine::Postgres] {
        let Some(mut store) = TestStore::open(engine, permissive()).await else { continue };
        let first = send(&store, draft("alice", "bob", 1, NOW)).await;
        store.reopen(permissive()).await;
        let again = send(&store, draft("alice", "bob", 1, NOW.plus(1_000))).await;
        assert_eq!((again.seq, again.key, again.duplicate), (first.seq, first.key, true));
        // A new message makes the head ours; what was before it must be found all the same.
        let second = send(&store, draft("bob", "alice", 2, NOW.plus(2_000))).await;
        assert_eq!((second.seq, second.duplicate), (Seq(2), false));
        let again = send(&store, draft("alice", "bob", 1, NOW.plus(3_000))).await;
        assert_eq!((again.seq, again.duplicate), (Seq(1), true));
        let late = send(&store, draft("alice", "bob", 1, NOW.plus(120_001))).await;
        assert_eq!((late.seq, late.duplicate), (Seq(3), false));
    }
}

/// The store's url with its own name for the connections, so that only they are cut.
fn named(settings: &Settings, name: &str) -> (Settings, String) {
    let Settings::Postgres { url, threads, statement_ms, away_ms } = settings.clone() else {
        panic!("a store on PostgreSQL")
    };
    let named = format!("{url}&application_name={name}");
    (Settings::Postgres { url: named, threads, statement_ms, away_ms }, url)
}

#[tokio::test]
async fn a_cut_connection_is_made_anew_and_jobs_go_on() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let name = format!("cut_{}", std::process::id());
    let (settings, url) = named(store.settings(), &name);
    let node = Store::open(&settings, permissive()).await.unwrap();
    for round in 0..3 {
        node.write(APP, move |tx| put(tx, &format!("round {round}"), b"x")).await.unwrap();
        send(&node, draft("alice", "bob", round, NOW)).await;
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'");
        on_server(url.clone(), cut).unwrap();
    }
    let again = send(&node, draft("alice", "bob", 0, NOW)).await;
    assert_eq!((again.seq, again.duplicate), (Seq(1), true));
    assert_eq!(secrets(&node).await.len(), 3);
    node.close().await;
}

#[tokio::test]
async fn writes_that_deadlock_are_run_again_and_all_succeed() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    store
        .write(APP, |tx| {
            put(tx, "a", b"0")?;
            put(tx, "b", b"0")
        })
        .await
        .unwrap();
    let update = store::sql!("UPDATE secrets SET value = $2 WHERE name = $1");
    let store = &store;
    let jobs = (0..24).map(|n| async move {
        let (first, second) = if n % 2 == 0 { ("a", "b") } else { ("b", "a") };
        store
            .write(APP, move |tx| {
                tx.run(update, (first, &b"1"[..]))?;
                // Gives another worker the time to take the second row.
                tx.opt::<(i64,)>(store::sql!(postgres: "SELECT 1::bigint FROM pg_sleep(0.005)"), ())?;
                tx.run(update, (second, &b"2"[..]))
            })
            .await
    });
    let outcomes = futures_util::future::join_all(jobs).await;
    for outcome in outcomes {
        // Losing six times in a row is allowed and has its own name.
        assert!(matches!(outcome, Ok(1) | Err(Error::Failure(Failure::Conflict(_)))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_a_timeout() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let (Settings::Postgres { url, threads, away_ms, .. }, _) = named(store.settings(), "slow") else { return };
    let impatient = Settings::Postgres { url, threads, away_ms, statement_ms: 50 };
    let node = Store::open(&impatient, permissive()).await.unwrap();
    let slow = node
        .read(APP, |snapshot| snapshot.opt::<(i64,)>(store::sql!(postgres: "SELECT 1::bigint FROM pg_sleep(5)"), ()))
        .await;
    assert!(matches!(slow, Err(Error::Failure(Failure::Timeout(_)))), "{slow:?}");
    node.close().await;
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_within_a_bounded_time() {
    // Bound and never listening, so that nobody answers there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://nobody@127.0.0.1:{port}/none");
    let settings = Settings::Postgres { url, threads: 2, statement_ms: 1_000, away_ms: 300 };
    let began = Instant::now();
    let opened = Store::open(&settings, permissive()).await;
    assert!(matches!(opened, Err(Error::Failure(Failure::Unavailable(_)))), "{opened:?}");
    assert!(began.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn a_read_only_server_has_no_room() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let Settings::Postgres { url, threads, statement_ms, away_ms } = store.settings().clone() else { return };
    let url = format!("{url}%20-c%20default_transaction_read_only%3Don");
    let settings = Settings::Postgres { url, threads, statement_ms, away_ms };
    let opened = Store::open(&settings, permissive()).await;
    assert!(matches!(opened, Err(Error::Failure(Failure::Full(_)))), "{opened:?}");
}
