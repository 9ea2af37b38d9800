//! Sends: dense numbers, order, refusals, repeated sends, memberships, outbox, events.

use contract::error::refuse;
use contract::event::Event;
use contract::message::Flags;
use contract::{ConversationId, Error, Fault, Millis, MsgKey, Result, Seq, limit};
use store::append::{Draft, DraftKind, Facts, Standing};
use store::testing::{TestEngine, TestStore, listening, permissive};
use store::{Hooks, sql};

use crate::support::{APP, NOW, OTHER, account, draft, import, number, send, send_all, user};

const WINDOW_MS: i64 = limit::DEDUP_WINDOW_S * 1_000;

store::both! {
    async fn concurrent_senders_get_dense_numbers(store: TestStore) {
        let drafts: Vec<Draft> = (0..600)
            .map(|n| {
                let (sender, receiver) = if n % 2 == 0 { ("alice", "bob") } else { ("bob", "alice") };
                Draft { msg_seq: None, ..draft(sender, receiver, 0, NOW) }
            })
            .collect();
        let sent = send_all(&store, drafts).await;
        let mut seqs: Vec<i64> = sent.iter().map(|sent| sent.as_ref().unwrap().seq.0).collect();
        assert!(sent.iter().all(|sent| sent.as_ref().is_ok_and(|sent| i64::from(sent.key.seq) == sent.seq.0)));
        seqs.sort_unstable();
        assert!(seqs.into_iter().eq(1..=600));
        assert_eq!(number(&store, APP, sql!("SELECT COUNT(DISTINCT seq) FROM messages WHERE app = $1")).await, 600);
        assert_eq!(number(&store, APP, sql!("SELECT MAX(seq) FROM conversations WHERE app = $1")).await, 600);
        assert_eq!(number(&store, APP, sql!("SELECT COUNT(*) FROM memberships WHERE app = $1")).await, 2);
    }

    async fn a_clock_that_goes_back_does_not_bring_messages_out_of_order(store: TestStore) {
        let first = send(&store, draft("alice", "bob", 1, NOW)).await;
        let second = send(&store, draft("bob", "alice", 2, NOW.plus(-5_000))).await;
        assert_eq!((first.at, second.at), (NOW, NOW));
        assert_eq!(second.key, MsgKey { time: NOW.secs(), seq: 2, random: 7 });
        assert_eq!((first.seq, second.seq), (Seq(1), Seq(2)));
    }

    async fn a_repeated_send_gets_the_first_answer_for_two_minutes(store: TestStore) {
        let first = send(&store, draft("alice", "bob", 1, NOW)).await;
        assert!(!first.duplicate);
        let again = send(&store, draft("alice", "bob", 1, NOW.plus(WINDOW_MS))).await;
        assert_eq!((again.key, again.seq, again.at, again.duplicate), (first.key, first.seq, first.at, true));
        let late = send(&store, draft("alice", "bob", 1, NOW.plus(WINDOW_MS + 1))).await;
        assert_eq!((late.seq, late.duplicate), (Seq(2), false));
        assert_eq!(number(&store, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await, 2);
    }

    async fn what_differs_in_anything_is_not_a_repeated_send(store: TestStore) {
        let first = draft("alice", "bob", 1, NOW);
        let others = [
            Draft { msg_seq: Some(2), ..first.clone() },
            Draft { msg_random: 8, ..first.clone() },
            Draft { body: "[\"else\"]".into(), ..first.clone() },
            Draft { receiver: user("carol"), ..first.clone() },
            Draft { sender: user("bob"), receiver: user("alice"), ..first.clone() },
            Draft { msg_seq: None, ..first.clone() },
        ];
        send(&store, first.clone()).await;
        for other in others {
            assert!(!send(&store, other.clone()).await.duplicate, "{other:?}");
        }
        assert!(!store.send(OTHER, first).await.unwrap().duplicate);
    }

    async fn a_send_repeated_within_one_batch_is_stored_once(store: TestStore) {
        let sent = send_all(&store, vec![draft("alice", "bob", 1, NOW); 40]).await;
        let new = sent.iter().filter(|sent| !sent.as_ref().unwrap().duplicate).count();
        assert_eq!(new, 1);
        assert!(sent.iter().all(|sent| sent.as_ref().unwrap().seq == Seq(1)));
    }

    async fn an_import_is_known_for_ever_by_its_key_alone(store: TestStore) {
        let old = NOW.plus(-86_400_000 * 365);
        let first = send(&store, import("alice", "bob", 1, old)).await;
        send(&store, draft("alice", "bob", 5, NOW)).await;
        let again = send(&store, Draft { body: "[\"else\"]".into(), ..import("bob", "alice", 1, old) }).await;
        assert_eq!((again.seq, again.duplicate), (first.seq, true));
        assert_eq!(first.key, MsgKey { time: old.secs(), seq: 1, random: 7 });
        let other = send(&store, import("alice", "bob", 1, old.plus(1_000))).await;
        assert_eq!((other.seq, other.duplicate), (Seq(3), false));
        let both = send_all(&store, vec![import("alice", "bob", 9, old), import("alice", "bob", 9, old)]).await;
        assert_eq!(both.iter().filter(|sent| sent.as_ref().unwrap().duplicate).count(), 1);
    }

    async fn an_import_does_not_move_the_clock_of_its_conversation(store: TestStore) {
        let old = NOW.plus(-1_000_000);
        send(&store, Draft { kind: DraftKind::Import { counts: true, came_at: NOW }, ..import("alice", "bob", 1, old) }).await;
        send(&store, draft("alice", "bob", 2, NOW)).await;
        send(&store, import("alice", "bob", 3, old)).await;
        let head: (i64, Millis, i64) = store
            .read(APP, |snapshot| {
                snapshot.one(
                    sql!("SELECT seq, last_at, last_seq FROM conversations WHERE app = $1 AND id = $2"),
                    (snapshot.app(), ConversationId::pair(&user("alice"), &user("bob"))),
                )
            })
            .await
            .unwrap();
        assert_eq!(head, (3, NOW, 2));
        let flags: Vec<(i64,)> = store
            .read(APP, |snapshot| {
                snapshot.all(sql!("SELECT flags FROM messages WHERE app = $1 ORDER BY seq"), (snapshot.app(),))
            })
            .await
            .unwrap();
        let flags: Vec<(bool, bool)> = flags
            .into_iter()
            .map(|(bits,)| (Flags(bits).has(Flags::IMPORTED), Flags(bits).has(Flags::COUNTS)))
            .collect();
        assert_eq!(flags, [(true, true), (false, true), (true, false)]);
    }

    async fn a_forgotten_membership_comes_back_with_the_next_message(store: TestStore) {
        send(&store, draft("alice", "bob", 1, NOW)).await;
        let members = sql!("SELECT COUNT(*) FROM memberships WHERE app = $1");
        store.write(APP, |tx| store::conversations::forget(tx, &user("bob"))).await.unwrap();
        assert_eq!(number(&store, APP, members).await, 1);
        send(&store, draft("alice", "bob", 2, NOW)).await;
        assert_eq!(number(&store, APP, members).await, 2);
        assert_eq!(number(&store, APP, sql!("SELECT MAX(parted) FROM conversations WHERE app = $1")).await, 0);
    }

    async fn a_message_to_oneself_has_one_member(store: TestStore) {
        send(&store, draft("alice", "alice", 1, NOW)).await;
        assert_eq!(number(&store, APP, sql!("SELECT COUNT(*) FROM memberships WHERE app = $1")).await, 1);
    }

    async fn an_offline_push_is_queued_only_for_whom_it_can_reach(store: TestStore) {
        account(&store, "near", 1).await;
        account(&store, "far", 0).await;
        for (seq, receiver) in [(1, "near"), (2, "far"), (3, "nobody")] {
            send(&store, Draft { push: Some("{\"a\":1}".into()), ..draft("alice", receiver, seq, NOW) }).await;
        }
        send(&store, draft("alice", "near", 4, NOW)).await;
        // A repeated send pushes nothing again.
        send(&store, Draft { push: Some("{\"a\":1}".into()), ..draft("alice", "near", 1, NOW) }).await;
        let rows: Vec<(String, String, Millis, String, i64)> = store
            .read(APP, |snapshot| {
                snapshot.all(
                    sql!("SELECT topic, part, due_at, payload, attempts FROM outbox WHERE app = $1"),
                    (snapshot.app(),),
                )
            })
            .await
            .unwrap();
        assert_eq!(rows, [("offline-push".into(), "near".into(), NOW, "{\"a\":1}".into(), 0)]);
    }

    async fn a_text_that_one_engine_cannot_keep_is_refused_by_both(store: TestStore) {
        let bad = Draft { cloud: "a\0b".into(), ..draft("alice", "bob", 1, NOW) };
        assert_eq!(store.send(APP, bad).await, Err(Error::Fault(Fault::MsgBodyInvalid)));
    }

    async fn sends_and_jobs_mix_without_losing_anything(store: TestStore) {
        let store = &store;
        let sends = (0..200).map(|n: u32| async move {
            if n.is_multiple_of(2) {
                store.send(APP, draft("alice", &format!("r{}", n % 14), n, NOW)).await.map(|_| ())
            } else {
                let put = store.write(APP, move |tx| {
                    crate::support::put(tx, &n.to_string(), b"x")?;
                    if n.is_multiple_of(5) { refuse(Fault::AccountUnknown) } else { Ok(()) }
                });
                put.await.or_else(|error| if n.is_multiple_of(5) { Ok(()) } else { Err(error) })
            }
        });
        let outcomes = futures_util::future::join_all(sends).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(number(store, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await, 100);
        assert_eq!(crate::support::secrets(store).await.len(), 80);
    }
}

/// Refuses as the rules of conversation do, and panics on one name.
fn strict(draft: &Draft, facts: &Facts) -> Result<()> {
    assert!(draft.sender != user("panic"), "on purpose");
    match (facts.sender, facts.receiver) {
        (Standing::Active, Standing::Active) => Ok(()),
        (Standing::Active, Standing::Deleted) => refuse(Fault::ReceiverDeleted),
        (Standing::Active, Standing::Unknown) => refuse(Fault::ReceiverUnknown),
        _ => refuse(Fault::SenderUnknown),
    }
}

#[tokio::test]
async fn a_refused_draft_writes_nothing_and_its_neighbours_are_stored() {
    for engine in [TestEngine::Sqlite, TestEngine::Postgres] {
        let (hooks, heard) = listening();
        let hooks = Hooks { decide: strict, ..hooks };
        let Some(store) = TestStore::open(engine, hooks).await else { continue };
        for id in ["alice", "bob", "panic", "gone"] {
            account(&store, id, 0).await;
        }
        store
            .write(APP, |tx| {
                tx.run(sql!("UPDATE accounts SET deleted_at = 5 WHERE app = $1 AND id = $2"), (tx.app(), "gone"))
            })
            .await
            .unwrap();
        let drafts = vec![
            draft("alice", "bob", 1, NOW),
            draft("alice", "nobody", 2, NOW),
            draft("alice", "gone", 3, NOW),
            draft("nobody", "bob", 4, NOW),
            draft("panic", "bob", 5, NOW),
            draft("bob", "alice", 6, NOW),
        ];
        let sent = send_all(&store, drafts).await;
        assert!(sent[0].is_ok() && sent[5].is_ok());
        assert_eq!(sent[1], Err(Error::Fault(Fault::ReceiverUnknown)));
        assert_eq!(sent[2], Err(Error::Fault(Fault::ReceiverDeleted)));
        assert_eq!(sent[3], Err(Error::Fault(Fault::SenderUnknown)));
        assert!(crate::support::is_internal(&sent[4]));
        for sql in [
            sql!("SELECT COUNT(*) - 1 FROM messages WHERE app = $1"),
            sql!("SELECT COUNT(*) FROM conversations WHERE app = $1"),
            sql!("SELECT COUNT(*) - 1 FROM memberships WHERE app = $1"),
        ] {
            assert_eq!(number(&store, APP, sql).await, 1, "{engine:?} {}", sql.sqlite);
        }
        let heard: Vec<Seq> = heard
            .lock()
            .iter()
            .map(|(app, event)| match event {
                Event::MessageAppended { message, echo: true, .. } if *app == APP => message.seq,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(heard, [Seq(1), Seq(2)]);
    }
}

#[tokio::test]
async fn two_nodes_on_one_database_keep_numbers_dense_and_find_each_others_repetitions() {
    let Some(one) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let other = store::Store::open(one.settings(), permissive()).await.unwrap();
    let drafts: Vec<Draft> =
        (0..400).map(|n| draft("alice", &format!("r{}", n % 7), n, NOW.plus(i64::from(n)))).collect();
    let (a, b) = futures_util::future::join(send_all(&one, drafts.clone()), send_all(&other, drafts)).await;
    for (a, b) in a.into_iter().zip(b) {
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.key, a.seq), (b.key, b.seq));
        assert!(a.duplicate != b.duplicate, "exactly one of two is the first");
    }
    let dense = sql!(
        "SELECT COUNT(*) FROM conversations c WHERE app = $1
         AND seq = (SELECT COUNT(DISTINCT m.seq) FROM messages m WHERE m.app = c.app AND m.conversation = c.id)"
    );
    assert_eq!(number(&one, APP, dense).await, 7);
    other.close().await;
}

#[tokio::test]
async fn a_send_that_the_file_refuses_fails_alone_though_its_batch_had_no_savepoint() {
    let store = TestStore::open(TestEngine::Sqlite, permissive()).await.expect("SQLite is always tested");
    let store::Settings::Sqlite { path, .. } = store.settings() else { panic!("SQLite has a file") };
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.body = '[\"alice 13\"]'
                  BEGIN SELECT RAISE(ABORT, 'poison'); END";
    rusqlite::Connection::open(path).unwrap().execute_batch(poison).unwrap();
    let sent = send_all(&store, (0..100).map(|n| draft("alice", "bob", n, NOW)).collect()).await;
    let failed: Vec<usize> = (0..sent.len()).filter(|index| sent[*index].is_err()).collect();
    assert_eq!(failed, [13]);
    assert!(crate::support::is_internal(&sent[13]));
    let mut seqs: Vec<i64> = sent.iter().flatten().map(|sent| sent.seq.0).collect();
    seqs.sort_unstable();
    assert!(seqs.into_iter().eq(1..=99));
    assert_eq!(number(&store, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await, 99);
}
