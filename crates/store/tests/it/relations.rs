//! What a send asks about the two accounts, on both engines: nothing for most, and what stands between them where it
//! matters.

use std::sync::Mutex;

use contract::error::refuse;
use contract::{DeviceId, Fault, Result};
use store::append::{Draft, Facts};
use store::relations::blocks::{self, Block};
use store::relations::friends::{self, Friend};
use store::relations::{self, Tie};
use store::testing::{TestEngine, TestStore, permissive};
use store::{Hooks, Store};

use crate::support::{APP, NOW, account, draft, send_all, user};

/// What the decision saw, in order. One test at a time looks at it.
static SEEN: Mutex<Vec<Tie>> = Mutex::new(Vec::new());

fn decide(draft: &Draft, facts: &Facts) -> Result<()> {
    SEEN.lock().unwrap().push(facts.tie);
    if facts.tie.is_blocked && draft.obeys_relations() { refuse(Fault::BlockedByReceiver) } else { Ok(()) }
}

async fn befriend(store: &Store, one: &'static str, other: &'static str) {
    let write = store.write(APP, move |tx| {
        let row = Friend {
            account: user(one),
            friend: user(other),
            version: 1,
            is_ended: false,
            remark: String::new(),
            source: String::new(),
            wording: String::new(),
            added_at: 1,
            remark_at: 0,
            labels: 0,
            custom: String::new(),
        };
        friends::save(tx, [&row])
    });
    write.await.unwrap();
}

async fn block(store: &Store, one: &'static str, other: &'static str) {
    let write = store.write(APP, move |tx| {
        let before = relations::root(tx, &user(one))?.expect("the account is there");
        let mut root = before.clone();
        root.blocks += 1;
        root.blocklist = root.take_version();
        let entry = Block { peer: user(other), version: root.version, blocked_at: 1 };
        blocks::add(tx, &root.account, [&entry])?;
        relations::save(tx, &[&(before, root)])
    });
    write.await.unwrap();
}

fn by_device(sender: &str, receiver: &str, number: u32, friends_only: bool) -> Draft {
    let origin = Some(DeviceId::trusted("phone"));
    Draft { origin, friends_only, ..draft(sender, receiver, number, NOW) }
}

#[tokio::test]
async fn a_send_knows_what_stands_between_two_accounts_only_where_it_matters() {
    for engine in [TestEngine::Sqlite, TestEngine::Postgres] {
        let hooks = Hooks { decide, ..permissive() };
        let Some(store) = TestStore::open(engine, hooks).await else { continue };
        for name in ["alice", "bob", "carol"] {
            account(&store, name, 0).await;
        }
        befriend(&store, "alice", "bob").await;
        block(&store, "carol", "bob").await;
        let drafts = vec![
            by_device("alice", "bob", 1, false),
            by_device("alice", "bob", 2, true),
            by_device("bob", "alice", 3, true),
            by_device("bob", "carol", 4, false),
            by_device("alice", "carol", 5, false),
            draft("bob", "carol", 6, NOW),
            Draft { is_admin: true, ..by_device("bob", "carol", 7, true) },
        ];
        for (number, draft) in drafts.into_iter().enumerate() {
            SEEN.lock().unwrap().clear();
            let outcome = send_all(&store, vec![draft]).await.remove(0);
            let seen = SEEN.lock().unwrap().pop().unwrap();
            let tie = |is_blocked, is_senders_friend, is_receivers_friend| Tie {
                is_blocked,
                is_senders_friend,
                is_receivers_friend,
            };
            let expected = match number {
                // Not asked, so nothing stands between them.
                0 | 5 | 6 => Tie::default(),
                1 => tie(false, true, false),
                2 => tie(false, false, true),
                3 => tie(true, false, false),
                _ => tie(false, false, false),
            };
            assert_eq!(seen, expected, "{engine:?} {number}");
            assert_eq!(outcome.is_err(), number == 3, "{engine:?} {number}");
        }
    }
}

store::both! {
    async fn the_oldest_ended_rows_are_forgotten_first(store: TestStore) {
        let row = |number: i64, is_ended: bool| Friend {
            account: user("alice"),
            friend: user(&format!("u{number}")),
            version: number,
            is_ended,
            remark: String::new(),
            source: String::new(),
            wording: String::new(),
            added_at: 1,
            remark_at: 0,
            labels: 0,
            custom: String::new(),
        };
        let rows: Vec<Friend> = (1..=10).map(|number| row(number, number % 2 == 0)).collect();
        store.write(APP, move |tx| friends::save(tx, &rows)).await.unwrap();
        let last = store.write(APP, |tx| friends::forget_ended(tx, &user("alice"), 3)).await;
        assert_eq!(last, Ok(6));
        let left = store.read(APP, |snapshot| friends::since(snapshot, &user("alice"), 0, 100)).await.unwrap();
        assert_eq!(left.iter().map(|row| row.version).collect::<Vec<_>>(), [1, 3, 5, 7, 8, 9, 10]);
        let page = store.read(APP, |snapshot| friends::page(snapshot, &user("alice"), 5, 2)).await.unwrap();
        assert_eq!(page.iter().map(|row| row.version).collect::<Vec<_>>(), [7, 9]);
        // A row that changes moves to its new place, over the one of the same pair.
        let moved = Friend { version: 11, remark: "x".into(), ..row(1, false) };
        store.write(APP, move |tx| friends::save(tx, [&moved])).await.unwrap();
        let all = store.read(APP, |snapshot| friends::page(snapshot, &user("alice"), 0, 100)).await.unwrap();
        assert_eq!(all.iter().map(|row| row.version).collect::<Vec<_>>(), [3, 5, 7, 9, 11]);
        let whose = store.read(APP, |snapshot| friends::whose(snapshot, &user("u1"), 10)).await;
        assert_eq!(whose, Ok(vec![user("alice")]));
    }
}
