//! Deliveries under a lease: taken, given back, written down in one statement, lost sight of.

use contract::{DeviceId, Millis};
use store::deliveries::{self, Claim, Claimed, Look, Route, Said, Settled, Status, Task, Waits, Way};
use store::testing::TestStore;

use crate::support::{APP, NOW};

const LANE: &str = "apns:0";
const LOST: i32 = -5;

async fn add(store: &TestStore, task: i64, count: usize) {
    let add = move |tx: &mut store::Tx<'_>| {
        let own = Task {
            id: task,
            notification: format!("{{\"title\":\"{task}\"}}"),
            created_at: NOW.plus(task),
            expires_at: NOW.plus(100_000),
            is_kept: false,
            message: None,
            route: Route::default(),
        };
        deliveries::add_task(tx, &own)?;
        let way =
            |number: usize| Way { device: DeviceId::trusted(&format!("d{number}")), lane: LANE.into(), badge: None };
        let ways: Vec<Way> = (0..count).map(way).collect();
        deliveries::add_ways(tx, task, 0, "", &ways, NOW)
    };
    store.write(APP, add).await.unwrap();
}

async fn take(store: &TestStore, now: Millis, claim: Claim, count: usize) -> Vec<Claimed> {
    let look = Look { after: Millis(0), now, count };
    store.write(APP, move |tx| deliveries::claim(tx, look, LANE, &claim, LOST)).await.unwrap()
}

const fn claim(id: i64, until: Millis) -> Claim {
    Claim { node: 1, id, until }
}

fn settled(row: &Claimed, code: &str, is_ended: bool) -> Settled {
    Settled {
        task: row.task,
        number: row.number,
        status: Status { family: "common".into(), number: if is_ended { 2 } else { 0 } },
        class: if is_ended { 0 } else { 7 },
        said: Said {
            code: code.into(),
            text: "\"quoted\" 'text' \\ 烽".into(),
            request: format!("r{}", row.number),
            is_local: false,
        },
        is_sent: is_ended,
        due_at: NOW.plus(900),
        waits: if is_ended { Waits::Nothing } else { Waits::Connection },
        is_ended,
    }
}

store::both! {
    async fn a_large_batch_is_taken_and_written_down_at_once(store: TestStore) {
        add(&store, 1, 700).await;
        add(&store, 2, 500).await;
        let own = claim(9, NOW.plus(50));
        let rows = take(&store, NOW, own, 1_000).await;
        assert_eq!(rows.len(), 1_000, "a page, and no more");
        assert!(rows.is_sorted_by_key(|row| (row.task, row.number)));
        assert!(rows.iter().all(|row| *row.notification == format!("{{\"title\":\"{}\"}}", row.task)));
        let done: Vec<Settled> = rows.iter().map(|row| settled(row, "ok", row.number % 2 == 0)).collect();
        let (all, now) = (done.clone(), NOW.plus(10));
        let changed = store.write(APP, move |tx| deliveries::settle(tx, now, &own, &all)).await.unwrap();
        assert_eq!(changed, 1_000);
        let again = store.write(APP, move |tx| deliveries::settle(tx, now, &own, &done)).await.unwrap();
        assert_eq!(again, 0, "whoever has no lease any more changes nothing");
        let found = store.read(APP, |snapshot| deliveries::of_task(snapshot, 1, -1)).await.unwrap();
        let (even, odd) = (&found[2], &found[3]);
        assert_eq!((even.attempts, even.tried_at, even.ended_at), (1, NOW.plus(10), NOW.plus(10)));
        assert_eq!((odd.attempts, odd.tried_at, odd.ended_at), (0, Millis(0), Millis(0)));
        assert_eq!((even.class, odd.class, even.waits, odd.waits), (0, 7, Waits::Nothing, Waits::Connection));
        assert_eq!((even.said.code.as_str(), even.said.request.as_str()), ("ok", "r2"));
        assert_eq!(odd.said.text, "\"quoted\" 'text' \\ 烽");
        assert_eq!(take(&store, NOW.plus(899), claim(10, NOW.plus(950)), 1_000).await.len(), 200, "what was left");
        assert_eq!(take(&store, NOW.plus(900), claim(11, NOW.plus(950)), 1_000).await.len(), 500, "what is due again");
    }

    async fn what_is_given_back_is_due_again_for_whoever_had_it_alone(store: TestStore) {
        add(&store, 1, 3).await;
        let own = claim(9, NOW.plus(50));
        let rows = take(&store, NOW, own, 10).await;
        let keys: Vec<(i64, i64)> = rows.iter().take(2).map(|row| (row.task, row.number)).collect();
        let foreign = keys.clone();
        let give = move |tx: &mut store::Tx<'_>| deliveries::release(tx, &claim(8, NOW), &foreign, NOW);
        store.write(APP, give).await.unwrap();
        assert!(take(&store, NOW, claim(10, NOW.plus(50)), 10).await.is_empty(), "another claim gives nothing back");
        store.write(APP, move |tx| deliveries::release(tx, &own, &keys, NOW.plus(5))).await.unwrap();
        let back = take(&store, NOW.plus(5), claim(11, NOW.plus(60)), 10).await;
        assert_eq!(back.len(), 2);
        assert!(back.iter().all(|row| row.class == 0), "it was given back, not lost");
    }

    async fn what_a_lease_ran_out_on_says_that_somebody_lost_sight_of_it(store: TestStore) {
        add(&store, 1, 1).await;
        assert_eq!(take(&store, NOW, claim(9, NOW.plus(50)), 10).await[0].class, 0);
        let lost = take(&store, NOW.plus(50), claim(10, NOW.plus(90)), 10).await;
        assert_eq!(lost[0].class, LOST);
        let done = settled(&lost[0], "ok", true);
        let own = claim(10, NOW.plus(90));
        store.write(APP, move |tx| deliveries::settle(tx, NOW.plus(60), &own, std::slice::from_ref(&done))).await.unwrap();
        let found = store.read(APP, |snapshot| deliveries::get(snapshot, 1, 0)).await.unwrap().unwrap();
        assert_eq!((found.class, found.attempts), (0, 1), "until there is more to tell");
    }
}
