//! Jobs: all or nothing, in order, bounded, fair, alive after a panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contract::error::refuse;
use contract::event::Event;
use contract::{AppId, ConversationId, Error, Failure, Fault, Millis, Result, limit};
use futures_util::future::join_all;
use store::nonces::{self, Nonce};
use store::testing::{TestEngine, TestStore, listening};
use store::{Store, Tx, sql, tasks};

use crate::support::{APP, OTHER, is_internal, put, secrets};

/// A task that nobody starts.
fn record() -> tasks::Record {
    tasks::Record {
        id: 0,
        counted: 0,
        origin: String::new(),
        kind: String::new(),
        name: String::new(),
        key: String::new(),
        title: String::new(),
        body: String::new(),
        target: "open".into(),
        spec: String::new(),
        created_at: Millis(1),
        push_at: Millis(1),
        expires_at: Millis(2),
        state: tasks::State::Open,
        due_at: None,
        broadcast: None,
        targets: 0,
        is_kept: false,
    }
}

store::both! {
    async fn what_is_written_can_be_read_with_every_kind_of_value(store: TestStore) {
        let id = ConversationId([9; 16]);
        let row: (i64, ConversationId, String, Option<i64>, bool) = store
            .write(APP, move |tx| {
                tx.run(
                    sql!("INSERT INTO conversations (app, id, kind, low, high, seq) VALUES ($1, $2, $3, $4, $5, $6)"),
                    (tx.app(), id, false, "ä\u{1F525}", String::from("high"), i64::MAX),
                )?;
                tx.one(
                    sql!("SELECT seq, id, low, NULLIF(kind, 0), kind FROM conversations WHERE app = $1 AND id = $2"),
                    (tx.app(), id),
                )
            })
            .await
            .unwrap();
        assert_eq!(row, (i64::MAX, id, "ä\u{1F525}".into(), None, false));
    }

    async fn parameters_go_by_their_number_and_not_by_their_first_appearance(store: TestStore) {
        let row: (i64, i64, i64) = store
            .read(APP, |snapshot| {
                let numbers = (10_i64, 20_i64);
                snapshot.one(
                    sql!("SELECT CAST($2 AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS BIGINT)"),
                    (numbers.0, numbers.1),
                )
            })
            .await
            .unwrap();
        assert_eq!(row, (20, 10, 20));
    }

    async fn a_job_that_is_refused_leaves_nothing_behind(store: TestStore) {
        let refused: Result<()> = store
            .write(APP, |tx| {
                put(tx, "half", b"x")?;
                refuse(Fault::AccountUnknown)
            })
            .await;
        assert_eq!(refused, Err(Error::Fault(Fault::AccountUnknown)));
        assert_eq!(secrets(&store).await, Vec::<String>::new());
    }

    async fn a_job_that_swallows_a_failed_statement_fails_all_the_same(store: TestStore) {
        let swallowed = store
            .write(APP, |tx| {
                put(tx, "twice", b"x")?;
                let again = put(tx, "twice", b"y");
                assert!(is_internal(&again));
                Ok(())
            })
            .await;
        assert!(is_internal(&swallowed), "{swallowed:?}");
        assert_eq!(secrets(&store).await, Vec::<String>::new());
    }

    async fn what_is_posted_is_there_for_the_next_statement_and_for_others_after_the_commit(store: TestStore) {
        let add = sql!("INSERT INTO secrets (name, value) VALUES ($1, $2)");
        let seen = store
            .write(APP, move |tx| {
                for number in 0..70 {
                    tx.post(add, (format!("{number:02}"), &b"x"[..]))?;
                }
                let (seen,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM secrets"), ())?;
                tx.post(sql!("DELETE FROM secrets WHERE name > $1"), ("04",))?;
                tx.post_all(add, [("a", &b"y"[..]), ("b", &b"z"[..])])?;
                Ok(seen)
            })
            .await;
        assert_eq!(seen, Ok(70));
        assert_eq!(secrets(&store).await, ["00", "01", "02", "03", "04", "a", "b"]);
    }

    async fn a_posted_statement_that_fails_undoes_its_job_and_no_other(store: TestStore) {
        let add = sql!("INSERT INTO secrets (name, value) VALUES ($1, $2)");
        assert_eq!(store.write(APP, |tx| put(tx, "kept", b"x")).await, Ok(1));
        for is_followed in [false, true] {
            let failed: Result<()> = store
                .write(APP, move |tx| {
                    tx.post(add, ("new", &b"x"[..]))?;
                    tx.post(add, ("kept", &b"again"[..]))?;
                    tx.post(add, ("newer", &b"x"[..]))?;
                    if is_followed {
                        let _: Result<(i64,)> = tx.one(sql!("SELECT COUNT(*) FROM secrets"), ());
                    }
                    Ok(())
                })
                .await;
            assert!(is_internal(&failed), "{failed:?}");
            assert_eq!(secrets(&store).await, ["kept"]);
        }
        // What was posted by a job that is refused never was, and the connection is as good as before.
        let refused: Result<()> = store
            .write(APP, move |tx| {
                tx.post(add, ("half", &b"x"[..]))?;
                refuse(Fault::AccountUnknown)
            })
            .await;
        assert_eq!(refused, Err(Error::Fault(Fault::AccountUnknown)));
        assert_eq!(store.write(APP, |tx| put(tx, "later", b"x")).await, Ok(1));
        assert_eq!(secrets(&store).await, ["kept", "later"]);
    }

    async fn jobs_that_share_a_transaction_keep_exactly_the_good_ones(store: TestStore) {
        let spend = |tx: &mut Tx<'_>, text: String| {
            let nonce = Nonce { key: "key".into(), text, until: Millis(2_000) };
            if nonces::spend(tx, Millis(1_000), &nonce)? { Ok(()) } else { refuse(Fault::NonceUsed) }
        };
        // One that is over, and one that is not.
        store
            .write(APP, |tx| {
                for (text, until) in [("over", Millis(900)), ("used", Millis(2_000))] {
                    nonces::spend(tx, Millis(500), &Nonce { key: "key".into(), text: text.into(), until })?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let store = &store;
        let jobs = (0..300_i64).map(|n| async move {
            let app = if n % 2 == 0 { APP } else { OTHER };
            let done = store
                .write_shared(app, move |tx| {
                    // The job before the last of each ten has the nonce of the last.
                    let text = match n {
                        100 => "over".to_owned(),
                        200 => "used".to_owned(),
                        n => (if n % 10 == 6 { n + 2 } else { n }).to_string(),
                    };
                    spend(tx, text)?;
                    tasks::add(tx, &tasks::Record { id: n + 1, spec: "a".repeat(n as usize), ..record() })?;
                    match n % 10 {
                        3 => refuse(Fault::AccountUnknown),
                        4 => panic!("on purpose"),
                        5 => Ok(tasks::get(tx, n + 1)?.map_or(-1, |own| own.id)),
                        _ => Ok(n + 1),
                    }
                })
                .await;
            (n, app, done)
        });
        let mut twins = 0;
        for (n, app, done) in join_all(jobs).await {
            let kept = store.read(app, move |snapshot| tasks::get(snapshot, n + 1)).await.unwrap();
            assert_eq!(kept.as_ref().map(|kept| kept.spec.len() as i64), done.is_ok().then_some(n), "{n}");
            match n % 10 {
                _ if n == 200 => assert_eq!(done, Err(Fault::NonceUsed.into())),
                3 => assert_eq!(done, Err(Fault::AccountUnknown.into())),
                4 => assert!(is_internal(&done), "{n}: {done:?}"),
                6 | 8 if done.is_err() => {
                    assert_eq!(done, Err(Fault::NonceUsed.into()), "{n}");
                    twins += 1;
                }
                _ => assert_eq!(done, Ok(n + 1)),
            }
        }
        assert_eq!(twins, 30, "of two with one nonce one is good");
        let (left,): (i64,) =
            store.read(APP, |snapshot| snapshot.one(sql!("SELECT COUNT(*) FROM nonces"), ())).await.unwrap();
        assert_eq!(left, 300 - 30 - 60 - 1 + 1, "whoever was refused left nothing");
    }

    async fn a_panic_fails_its_job_alone(store: TestStore) {
        let panicking = store.write(APP, |tx| -> Result<()> {
            put(tx, "gone", b"x")?;
            panic!("on purpose")
        });
        let good = store.write(APP, |tx| put(tx, "kept", b"x"));
        let reading = store.read(APP, |_| -> Result<()> { panic!("on purpose") });
        let (panicked, kept, read) = futures_util::future::join3(panicking, good, reading).await;
        assert!(is_internal(&panicked) && is_internal(&read));
        assert_eq!(kept, Ok(1));
        assert_eq!(secrets(&store).await, ["kept"]);
    }

    async fn concurrent_writes_of_which_some_fail_keep_exactly_the_good_ones(store: TestStore) {
        let store = &store;
        let jobs = (0..300).map(|n: i64| async move {
            store
                .write(APP, move |tx| {
                    put(tx, &format!("{n:03}"), b"x")?;
                    if n % 3 == 0 { refuse(Fault::AccountUnknown) } else { Ok(()) }
                })
                .await
        });
        let outcomes: Vec<Result<()>> = join_all(jobs).await;
        let good: Vec<String> = (0..300).filter(|n| n % 3 != 0).map(|n| format!("{n:03}")).collect();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), good.len());
        assert_eq!(secrets(store).await, good);
    }

    async fn many_rows_go_in_at_once_and_in_order(store: TestStore) {
        let changed = store
            .write(APP, |tx| {
                let names: Vec<String> = (0..1_000).map(|n| format!("{n:04}")).collect();
                let added = tx.many(
                    sql!("INSERT INTO secrets (name, value) VALUES ($1, $2)"),
                    names.iter().map(|name| (name, name.as_bytes())),
                )?;
                let last = tx.many(
                    sql!("UPDATE secrets SET value = $2 WHERE name = $1"),
                    names.iter().map(|name| ("0000", name.as_bytes())),
                )?;
                Ok((added, last))
            })
            .await;
        assert_eq!(changed, Ok((1_000, 1_000)));
        let last: (Vec<u8>,) = store
            .read(APP, |snapshot| snapshot.one(sql!("SELECT value FROM secrets WHERE name = $1"), ("0000",)))
            .await
            .unwrap();
        assert_eq!(last.0, b"0999");
    }

    async fn a_list_without_a_bound_is_a_failure(store: TestStore) {
        let rows = limit::STORE_PAGE * 10;
        store
            .write(APP, move |tx| {
                tx.many(
                    sql!("INSERT INTO secrets (name, value) VALUES ($1, $2)"),
                    (0..rows).map(|n| (n.to_string(), &b""[..])),
                )
            })
            .await
            .unwrap();
        assert_eq!(secrets(&store).await.len(), rows);
        store.write(APP, |tx| put(tx, "one more", b"")).await.unwrap();
        let all: Result<Vec<(String,)>> =
            store.read(APP, |snapshot| snapshot.all(sql!("SELECT name FROM secrets"), ())).await;
        assert!(is_internal(&all));
    }

    async fn a_missing_row_is_none_or_a_failure(store: TestStore) {
        let missing = sql!("SELECT name FROM secrets WHERE name = $1");
        let opt: Result<Option<(String,)>> = store.read(APP, move |snapshot| snapshot.opt(missing, ("x",))).await;
        assert_eq!(opt, Ok(None));
        let one: Result<(String,)> = store.read(APP, move |snapshot| snapshot.one(missing, ("x",))).await;
        assert!(is_internal(&one));
    }

    async fn a_closed_store_does_what_is_queued_and_then_refuses(store: TestStore) {
        let jobs = (0..50).map(|n: i64| {
            let store: Store = store.clone();
            async move { store.write(APP, move |tx| put(tx, &n.to_string(), b"x")).await }
        });
        let mut queued: Vec<_> = jobs.map(Box::pin).collect();
        // Polled once, so that each is in the queue.
        for job in &mut queued {
            assert!(futures_util::FutureExt::now_or_never(job.as_mut()).is_none_or(|done| done.is_ok()));
        }
        store.close().await;
        let refused = store.write(APP, |tx| put(tx, "late", b"x")).await;
        assert!(matches!(refused, Err(Error::Failure(Failure::Unavailable(_)))));
        let refused = store.read(APP, |_| Ok(())).await;
        assert!(matches!(refused, Err(Error::Failure(Failure::Unavailable(_)))));
    }

    async fn one_app_that_floods_does_not_delay_another(store: TestStore) {
        let done = Arc::new(AtomicUsize::new(0));
        let mut flood = tokio::task::JoinSet::new();
        for n in 0..10_000 {
            let (store, done) = (Store::clone(&store), Arc::clone(&done));
            flood.spawn(async move {
                let outcome = store.write(APP, move |tx| put(tx, &format!("f{n}"), b"x")).await;
                // A refusal is answered at once and says nothing about turns.
                done.fetch_add(usize::from(outcome.is_ok()), Ordering::Relaxed);
                outcome
            });
        }
        crate::support::until("the flood is queued", async || store.depths().writes >= 1_000).await;
        let before = done.load(Ordering::Relaxed);
        store.write(OTHER, |tx| put(tx, "other", b"x")).await.unwrap();
        let between = done.load(Ordering::Relaxed) - before;
        let mut refused = 0;
        while let Some(outcome) = flood.join_next().await {
            match outcome.unwrap() {
                Ok(changed) => assert_eq!(changed, 1),
                Err(Error::Failure(Failure::Overloaded(_))) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(between <= 4 * limit::APPEND_BATCH, "{between} jobs of the flood went first");
        let stored = secrets_count(&store).await;
        assert_eq!(stored as usize, 10_000 - refused + 1);
    }
}

async fn secrets_count(store: &Store) -> i64 {
    let count: (i64,) =
        store.read(APP, |snapshot| snapshot.one(sql!("SELECT COUNT(*) FROM secrets"), ())).await.unwrap();
    count.0
}

/// Runs a check with ears on both engines.
async fn with_ears<F: Future<Output = ()>>(check: impl Fn(TestStore, store::testing::Heard) -> F) {
    for engine in [TestEngine::Sqlite, TestEngine::Postgres] {
        let (hooks, heard) = listening();
        if let Some(store) = TestStore::open(engine, hooks).await {
            check(store, heard).await;
        }
    }
}

#[tokio::test]
async fn events_go_out_after_the_commit_and_before_the_answer() {
    with_ears(|store, heard| async move {
        store
            .write(APP, |tx| {
                put(tx, "a", b"x")?;
                tx.after(Event::DeliveryQueued);
                Ok(())
            })
            .await
            .unwrap();
        let refused: Result<()> = store
            .write(APP, |tx| {
                tx.after(Event::AppChanged);
                refuse(Fault::AccountUnknown)
            })
            .await;
        assert!(refused.is_err());
        let heard: Vec<(AppId, String)> =
            heard.lock().iter().map(|(app, event)| (*app, format!("{event:?}"))).collect();
        assert_eq!(heard, [(APP, "DeliveryQueued".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_read_cannot_write_on_sqlite() {
    let store = TestStore::open(TestEngine::Sqlite, store::testing::permissive()).await.unwrap();
    let written: Result<Option<(String,)>> = store
        .read(APP, |snapshot| {
            snapshot.opt(sql!("INSERT INTO secrets (name, value) VALUES ($1, $1) RETURNING name"), ("x",))
        })
        .await;
    assert!(is_internal(&written));
    assert!(store.is_exclusive());
}

#[tokio::test]
async fn a_second_process_may_not_open_the_file() {
    let store = TestStore::open(TestEngine::Sqlite, store::testing::permissive()).await.unwrap();
    let second = Store::open(store.settings(), store::testing::permissive()).await;
    assert!(matches!(second, Err(Error::Failure(Failure::Unavailable(what))) if what.contains("another process")));
}
