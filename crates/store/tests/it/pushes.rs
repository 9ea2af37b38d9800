//! Templates, pushes that run later, and results that are told.

use contract::{AppId, DeviceId, Millis};
use store::deliveries::{self, Claim, Look, Said, Settled, Status, Waits};
use store::plans::{self, Filter, Plan, Run};
use store::results;
use store::templates::{self, Template};
use store::testing::TestStore;

use crate::support::{APP, NOW, OTHER};

fn template(id: i64, name: &str) -> Template {
    Template {
        id,
        name: name.into(),
        title: "t".into(),
        content: "c".into(),
        variables: vec!["a".into(), "b".into()],
        is_silent: true,
        created_at: NOW.plus(id),
        changed_at: NOW.plus(id),
        ..Template::default()
    }
}

store::both! {
    async fn a_template_is_found_by_id_and_name_and_listed_newest_first(store: TestStore) {
        let add = |app, one: Template| store.write(app, move |tx| templates::add(tx, &one));
        assert!(add(APP, template(1, "one")).await.unwrap());
        assert!(add(APP, template(2, "two")).await.unwrap());
        assert!(!add(APP, template(3, "one")).await.unwrap(), "the name is taken");
        assert!(!add(APP, template(1, "three")).await.unwrap(), "the id is taken");
        assert!(add(OTHER, template(1, "one")).await.unwrap());
        let read = store.read(APP, |snapshot| Ok((templates::get(snapshot, 1)?, templates::named(snapshot, "one")?))).await;
        assert_eq!(read.unwrap(), (Some(template(1, "one")), Some(template(1, "one"))));
        let names = |skip, count| {
            store.read(APP, move |snapshot| {
                Ok(templates::list(snapshot, skip, count)?.into_iter().map(|one| one.name).collect::<Vec<_>>())
            })
        };
        assert_eq!(names(0, 10).await.unwrap(), ["two", "one"]);
        assert_eq!(names(1, 1).await.unwrap(), ["one"]);
        assert_eq!(store.read(APP, templates::count).await.unwrap(), 2);
        assert!(store.write(APP, |tx| templates::remove(tx, 1)).await.unwrap());
        assert!(!store.write(APP, |tx| templates::remove(tx, 1)).await.unwrap());
        assert_eq!(store.read(OTHER, templates::count).await.unwrap(), 1, "another app's stays");
    }
}

fn plan(id: &str, kind: i64) -> Plan {
    Plan {
        id: id.into(),
        kind,
        delivery: 3,
        strategy: 2,
        title: "t".into(),
        content: "c".into(),
        spec: format!("{{\"plan\":\"{id}\"}}"),
        created_at: NOW,
    }
}

fn run(id: &str, plan: &str, ms: i64) -> Run {
    Run { id: id.into(), plan: plan.into(), push_at: NOW.plus(ms) }
}

fn all() -> Filter {
    Filter { from: NOW, until: NOW.plus(1_000), kind: None, id: String::new() }
}

async fn planned(store: &TestStore) {
    let add = |tx: &mut store::Tx<'_>| {
        plans::add(tx, &plan("p", 0), &[run("p1", "p", 10), run("p2", "p", 20), run("p3", "p", 30)])?;
        plans::add(tx, &plan("q", 3), &[run("q", "q", 15)])
    };
    store.write(APP, add).await.unwrap();
}

store::both! {
    async fn runs_are_taken_once_when_their_time_has_come(store: TestStore) {
        planned(&store).await;
        let due = |ms, count| store.write(APP, move |tx| plans::take_due(tx, NOW.plus(ms), count));
        assert!(due(9, 10).await.unwrap().is_empty());
        let first = due(15, 1).await.unwrap();
        assert_eq!((first.len(), first[0].id.as_str(), first[0].spec.as_str()), (1, "p1", "{\"plan\":\"p\"}"));
        assert_eq!(due(15, 10).await.unwrap().into_iter().map(|due| due.id).collect::<Vec<_>>(), ["q"]);
        assert!(due(15, 10).await.unwrap().is_empty());
        let apps = |ms| store.read(AppId::PLATFORM, move |snapshot| plans::apps_due(snapshot, NOW.plus(ms), AppId(0)));
        assert!(apps(19).await.unwrap().is_empty());
        assert_eq!(apps(20).await.unwrap(), [APP]);
        assert_eq!(store.read(APP, plans::count_open).await.unwrap(), 1, "the other plan has run");
        let listed = store.read(APP, |snapshot| plans::list(snapshot, &all(), 0, 10)).await.unwrap();
        let told: Vec<_> = listed.iter().map(|one| (one.run.id.as_str(), one.run.plan.as_str(), one.has_run)).collect();
        assert_eq!(told, [("p1", "p", true), ("q", "q", true), ("p2", "p", false), ("p3", "p", false)]);
        assert_eq!(listed[0].plan, Plan { spec: String::new(), ..plan("p", 0) });
    }
}

store::both! {
    async fn a_run_or_what_is_left_of_a_plan_is_cancelled(store: TestStore) {
        planned(&store).await;
        store.write(APP, |tx| plans::take_due(tx, NOW.plus(10), 10)).await.unwrap();
        let cancel = |id: &'static str| store.write(APP, move |tx| plans::cancel_run(tx, id));
        assert!(!cancel("p1").await.unwrap(), "it has run");
        assert!(cancel("p2").await.unwrap());
        assert!(!cancel("p2").await.unwrap(), "it is cancelled");
        assert!(!cancel("none").await.unwrap());
        assert_eq!(store.write(APP, |tx| plans::cancel_plan(tx, "p")).await.unwrap(), 1);
        assert_eq!(store.write(OTHER, |tx| plans::cancel_plan(tx, "q")).await.unwrap(), 0, "another app's");
        let count = |filter: Filter| store.read(APP, move |snapshot| plans::count(snapshot, &filter));
        assert_eq!(count(all()).await.unwrap(), 2, "cancelled ones are not listed");
        assert_eq!(count(Filter { kind: Some(3), ..all() }).await.unwrap(), 1);
        assert_eq!(count(Filter { id: "p".into(), ..all() }).await.unwrap(), 1);
        assert_eq!(count(Filter { id: "p1".into(), ..all() }).await.unwrap(), 1);
        assert_eq!(count(Filter { until: NOW.plus(14), ..all() }).await.unwrap(), 1);
        let page = store.read(APP, |snapshot| plans::list(snapshot, &all(), 1, 1)).await.unwrap();
        assert_eq!(page[0].run.id, "q");
        assert_eq!(store.write(APP, |tx| plans::purge(tx, NOW.plus(100))).await.unwrap(), 3, "the last waits");
        assert_eq!(store.write(APP, |tx| plans::purge(tx, NOW.plus(100))).await.unwrap(), 0);
    }
}

async fn deliver(store: &TestStore, task: i64, is_told: bool) {
    let add = move |tx: &mut store::Tx<'_>| {
        let own = deliveries::Task {
            id: task,
            notification: "{}".into(),
            created_at: NOW,
            expires_at: NOW.plus(1_000),
            is_kept: false,
            message: None,
            route: deliveries::Route::default(),
        };
        deliveries::add_task(tx, &own)?;
        if is_told {
            results::want(tx, task)?;
        }
        let way = deliveries::Way { device: DeviceId::trusted("d"), lane: "apns:0".into(), badge: None };
        deliveries::add_ways(tx, task, 0, "alice", &[way], NOW)?;
        let claim = Claim { node: 1, id: task, until: NOW.plus(500) };
        deliveries::claim(tx, Look { after: Millis(0), now: NOW, count: 10 }, "apns:0", &claim, -200)?;
        let status = Status { family: "common".into(), number: 2 };
        let settled = Settled {
            task,
            number: 0,
            status,
            class: 0,
            said: Said::default(),
            is_sent: true,
            due_at: NOW,
            waits: Waits::Nothing,
            is_ended: true,
        };
        deliveries::settle(tx, NOW, &claim, &[settled])?;
        results::keep(tx, NOW.plus(3), &[(task, 0)])
    };
    let kept = store.write(APP, add).await.unwrap();
    assert_eq!(kept, u64::from(is_told));
}

store::both! {
    async fn a_result_is_kept_for_tasks_that_want_it_and_taken_by_lease(store: TestStore) {
        deliver(&store, 1, true).await;
        deliver(&store, 2, false).await;
        let take = |now: Millis, lease: i64| {
            store.write(APP, move |tx| results::take(tx, now, lease, now.plus(100), 10))
        };
        assert!(take(NOW, 7).await.unwrap().is_empty(), "not before it is known");
        let taken = take(NOW.plus(3), 7).await.unwrap();
        assert_eq!(taken.len(), 1);
        let one = &taken[0];
        assert_eq!((one.task, one.account.as_str(), one.device.as_str(), one.lane.as_str()), (1, "alice", "d", "apns:0"));
        assert_eq!((one.status.number, one.at, one.tries), (2, NOW.plus(3), 0));
        assert!(take(NOW.plus(50), 8).await.unwrap().is_empty(), "somebody has it");
        let id = one.id;
        store.write(APP, move |tx| results::put_off(tx, 8, &[(id, NOW)])).await.unwrap();
        store.write(APP, move |tx| results::remove(tx, 8, &[id])).await.unwrap();
        assert!(take(NOW.plus(50), 8).await.unwrap().is_empty(), "who has no lease changes nothing");
        store.write(APP, move |tx| results::put_off(tx, 7, &[(id, NOW.plus(200))])).await.unwrap();
        assert!(take(NOW.plus(199), 9).await.unwrap().is_empty());
        let due = store.read(AppId::PLATFORM, |snapshot| results::apps_due(snapshot, NOW.plus(200), AppId(0))).await;
        assert_eq!(due.unwrap(), [APP]);
        let again = take(NOW.plus(200), 9).await.unwrap();
        assert_eq!((again.len(), again[0].tries), (1, 1));
        let dead = take(NOW.plus(300), 10).await.unwrap();
        assert_eq!(dead.len(), 1, "a lease that ran out");
        store.write(APP, move |tx| results::remove(tx, 10, &[id])).await.unwrap();
        assert!(take(NOW.plus(900), 11).await.unwrap().is_empty());
    }
}
