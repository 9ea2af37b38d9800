//! Lists of words, files, files of history and what is forgotten, on both engines.

use contract::{AppId, ConversationId, Error, Fault, Millis, Result, UserId, limit};
use store::exports::{self, Export};
use store::groups::ended;
use store::groups::requests::{self, Outcome, RequestKind};
use store::media::{self, File, State};
use store::testing::{TestEngine, TestStore, permissive};
use store::words::{self, Action, Decision, Mark, Review};
use store::{Snapshot, Store, Tx, platform, retention, sql};

use crate::support::{APP, NOW, OTHER, draft, import, number, send, user};

async fn on_both(check: impl AsyncFn(&Store)) {
    for engine in [TestEngine::Sqlite, TestEngine::Postgres] {
        let Some(store) = TestStore::open(engine, permissive()).await else { continue };
        check(&store).await;
    }
}

#[tokio::test]
async fn a_change_of_words_raises_the_version_of_its_app_alone() {
    on_both(async |store| {
        let one = vec![("a".to_owned(), Action::Block), ("é".to_owned(), Action::Review)];
        let lists = store.write(APP, move |tx| words::add(tx, &one)).await.unwrap();
        assert_eq!((lists.version, lists.words, lists.blocked), (1, 2, 0));
        let again = vec![("a".to_owned(), Action::Replace)];
        let lists = store.write(APP, move |tx| words::add(tx, &again)).await.unwrap();
        assert_eq!((lists.version, lists.words), (2, 2));
        let page = store.read(APP, |snapshot| words::page(snapshot, "", 10)).await.unwrap();
        assert_eq!(page, [("a".to_owned(), Action::Replace), ("é".to_owned(), Action::Review)]);
        assert_eq!(store.read(OTHER, words::lists).await.unwrap(), words::Lists::default());
        let all = store.read(contract::AppId::PLATFORM, |snapshot| words::versions(snapshot, contract::AppId(0))).await;
        assert_eq!(all.unwrap(), [(APP, 2)]);
        let gone = vec!["a".to_owned(), "b".to_owned()];
        let lists = store.write(APP, move |tx| words::remove(tx, &gone)).await.unwrap();
        assert_eq!((lists.version, lists.words), (3, 1));
    })
    .await;
}

#[tokio::test]
async fn a_list_that_would_be_over_its_bound_stays_as_it_was() {
    on_both(async |store| {
        let marks = |from: usize, to: usize| -> Vec<Mark> {
            (from..to).map(|n| Mark { kind: "md5".into(), mark: format!("{n:032x}") }).collect()
        };
        let bound = limit::BLOCKED_FILES;
        for from in (0..bound).step_by(20_000) {
            let marks = marks(from, from + 20_000);
            store.write(APP, move |tx| words::block(tx, NOW, &marks)).await.unwrap();
        }
        let more = marks(bound, bound + 1);
        let refused = store.write(APP, move |tx| words::block(tx, NOW, &more)).await;
        assert_eq!(refused, Err(Error::Fault(Fault::BatchSizeInvalid { max: bound })));
        let lists = store.read(APP, words::lists).await.unwrap();
        assert_eq!((lists.version, lists.blocked), (5, bound as i64));
        let after = Mark { kind: "md5".into(), mark: format!("{:032x}", bound - 2) };
        let last = store.read(APP, move |snapshot| words::blocked(snapshot, &after, 10)).await.unwrap();
        assert_eq!(last, marks(bound - 1, bound));
    })
    .await;
}

#[tokio::test]
async fn a_review_is_decided_once_and_the_oldest_make_room() {
    on_both(async |store| {
        let review = |id: i64| Review {
            id,
            at: NOW,
            scene: "C2C".into(),
            account: user("alice"),
            peer: "bob".into(),
            msg_key: "1_2_3".into(),
            words: "w".into(),
            excerpt: "x".into(),
            decision: Decision::Open,
            decided_at: Millis(0),
        };
        let fill =
            move |tx: &mut store::Tx<'_>| (1..=limit::REVIEWS).try_for_each(|id| words::add_review(tx, &review(id)));
        store.write(APP, fill).await.unwrap();
        let decided = store.write(APP, |tx| words::decide(tx, NOW, 7, Decision::Passed)).await.unwrap();
        assert_eq!(decided.map(|review| (review.id, review.decision)), Some((7, Decision::Passed)));
        assert_eq!(store.write(APP, |tx| words::decide(tx, NOW, 7, Decision::Blocked)).await.unwrap(), None);
        assert_eq!(store.write(OTHER, |tx| words::decide(tx, NOW, 8, Decision::Blocked)).await.unwrap(), None);
        let more = move |tx: &mut store::Tx<'_>| (0..3).try_for_each(|n| words::add_review(tx, &review(20_001 + n)));
        store.write(APP, more).await.unwrap();
        store.write(APP, |tx| words::trim(tx, Decision::Open)).await.unwrap();
        let open = number(store, APP, sql!("SELECT COUNT(*) FROM reviews WHERE app = $1 AND state = 0")).await;
        assert_eq!(open, limit::REVIEWS);
        let oldest = number(store, APP, sql!("SELECT MIN(id) FROM reviews WHERE app = $1 AND state = 0")).await;
        assert_eq!(oldest, 3);
    })
    .await;
}

#[tokio::test]
async fn an_upload_is_finished_or_given_up_but_not_both() {
    on_both(async |store| {
        let file = |id: &str| File {
            id: id.into(),
            owner: user("alice"),
            kind: 1,
            name: "a".into(),
            size: 5,
            md5: String::new(),
            sha256: String::new(),
            state: State::Begun,
            epoch: 0,
            made_at: NOW,
            expires_at: NOW.plus(10),
        };
        let (one, two) = (file("1"), file("2"));
        store.write(APP, move |tx| media::add(tx, &one).and_then(|()| media::add(tx, &two))).await.unwrap();
        let done = File { size: 6, md5: "m".into(), sha256: "s".into(), expires_at: NOW.plus(20), ..file("1") };
        let own = done.clone();
        assert!(store.write(APP, move |tx| media::finish(tx, &own)).await.unwrap());
        assert!(!store.write(APP, |tx| media::give_up(tx, "1")).await.unwrap());
        assert!(store.write(APP, |tx| media::give_up(tx, "2")).await.unwrap());
        let second = file("2");
        assert!(!store.write(APP, move |tx| media::finish(tx, &second)).await.unwrap());
        let got = store.read(APP, |snapshot| media::get(snapshot, "1")).await.unwrap();
        assert_eq!(got, Some(File { state: State::Stored, ..done }));
        assert_eq!(store.read(OTHER, |snapshot| media::get(snapshot, "1")).await.unwrap(), None);
        let due = |at: Millis| store.read(contract::AppId::PLATFORM, move |snapshot| media::apps_expired(snapshot, at));
        assert_eq!((due(NOW).await.unwrap(), due(NOW.plus(10)).await.unwrap()), (vec![], vec![APP]));
        assert_eq!(store.read(APP, |snapshot| media::expired(snapshot, NOW.plus(10), 9)).await.unwrap(), ["2"]);
        assert_eq!(store.write(APP, |tx| media::remove(tx, &["2".to_owned()])).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_history_of_an_app_begins_with_the_hour_in_which_it_was_added() {
    on_both(async |store| {
        let hour = NOW.0 / 3_600_000;
        for (app, first, expected) in [(AppId(91), hour - 24, hour), (AppId(92), hour + 1, hour + 1)] {
            let add = move |tx: &mut Tx<'_>| platform::add_app(tx, NOW, app, "{}", b"");
            assert!(store.write(AppId::PLATFORM, add).await.unwrap());
            let claim = move |tx: &mut Tx<'_>| exports::claim(tx, NOW, 1, NOW.plus(100), first);
            let mark = store.write(app, claim).await.unwrap().unwrap();
            assert_eq!(mark.next_hour, expected, "from {first} on");
        }
    })
    .await;
}

#[tokio::test]
async fn one_node_at_a_time_cares_for_the_history_of_an_app() {
    on_both(async |store| {
        let claim = |by: i64, now: Millis| store.write(APP, move |tx| exports::claim(tx, now, by, now.plus(100), 40));
        let mark = claim(1, NOW).await.unwrap().unwrap();
        assert_eq!((mark.next_hour, mark.purged_at), (40, Millis(0)));
        assert_eq!(claim(2, NOW.plus(99)).await.unwrap(), None);
        assert!(claim(1, NOW.plus(50)).await.unwrap().is_some());
        let export = |hour: i64, is_group: bool, messages: i64| Export {
            hour,
            is_group,
            made_at: NOW,
            messages,
            size: 1,
            md5: "a".into(),
            gzip_size: 2,
            gzip_md5: "b".into(),
        };
        let finish = |by: i64, hour: i64, messages: i64| {
            let files = [export(hour, false, messages), export(hour, true, messages / 3)];
            store.write(APP, move |tx| exports::finish(tx, by, NOW.plus(200), hour, &files))
        };
        assert!(!finish(2, 40, 1).await.unwrap(), "who does not hold the care writes nothing down");
        assert!(finish(1, 40, 0).await.unwrap());
        assert!(finish(1, 41, 9).await.unwrap());
        let get = |hour: i64, is_group: bool| store.read(APP, move |snapshot| exports::get(snapshot, hour, is_group));
        assert_eq!((get(40, false).await.unwrap(), get(40, true).await.unwrap()), (None, None));
        assert_eq!(get(41, false).await.unwrap(), Some(export(41, false, 9)));
        assert_eq!(get(41, true).await.unwrap(), Some(export(41, true, 3)));
        // An older idea of how far it went takes nothing back.
        store.write(APP, move |tx| exports::release(tx, 1, mark)).await.unwrap();
        assert_eq!(claim(2, NOW).await.unwrap().map(|mark| mark.next_hour), Some(42));
        assert!(!store.write(APP, |tx| exports::keep(tx, 1, NOW)).await.unwrap());
        assert_eq!(store.read(APP, |snapshot| exports::before(snapshot, 42)).await.unwrap(), [41]);
        assert_eq!(store.write(APP, |tx| exports::remove(tx, &[41])).await.unwrap(), 2, "both files of the hour");
    })
    .await;
}

#[tokio::test]
async fn a_purge_takes_the_oldest_within_its_budget_and_no_others() {
    on_both(async |store| {
        let other = Store::send(store, OTHER, draft("alice", "bob", 1, NOW)).await.unwrap();
        for n in 0..6 {
            send(store, draft("alice", "bob", n, NOW.plus(i64::from(n) * 1_000))).await;
            send(store, draft("alice", "carol", n, NOW.plus(10_000))).await;
        }
        send(store, import("alice", "bob", 90, NOW.plus(-5_000))).await;
        let pair = ConversationId::pair(&user("alice"), &user("bob"));
        let before = NOW.plus(3_000).secs();
        let walk =
            move |snapshot: &mut store::Snapshot<'_>| retention::walk(snapshot, ConversationId([0; 16]), before, 10);
        let mut walked = store.read(APP, walk).await.unwrap();
        walked.sort_unstable_by_key(|walked| walked.conversation != pair);
        assert_eq!(
            walked.iter().map(|walked| (walked.is_group, walked.is_old)).collect::<Vec<_>>(),
            [(false, true), (false, false)]
        );
        let purge = |budget: u64| store.write(APP, move |tx| retention::purge(tx, pair, before, budget));
        assert_eq!((purge(3).await.unwrap(), purge(3).await.unwrap(), purge(3).await.unwrap()), (3, 1, 0));
        let left = number(store, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await;
        let oldest = number(store, APP, sql!("SELECT MIN(time) FROM messages WHERE app = $1")).await;
        let others = number(store, OTHER, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await;
        assert_eq!((left, oldest, others, other.seq.0), (9, before, 1, 1));
        let line = |after: Option<&exports::Line>, count: usize| {
            let after = after.cloned();
            let span = (before, NOW.secs() + 100);
            store.read(APP, move |snapshot| exports::lines(snapshot, pair, span, after.as_ref(), count))
        };
        let first = line(None, 2).await.unwrap();
        let rest = line(first.last(), 2).await.unwrap();
        let seqs: Vec<u32> = first.iter().chain(&rest).map(|line| line.msg_seq).collect();
        assert_eq!(seqs, [3, 4, 5]);
    })
    .await;
}

#[test]
fn every_table_that_hangs_on_a_conversation_is_purged_with_its_group() {
    // Heads go when a group ends; the others are of pairs, of work under way, or what the end itself leaves.
    const KEPT: [&str; 7] =
        ["conversations", "memberships", "tasks", "webhook_events", "groups", "ended_groups", "outbox"];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let purge = std::fs::read_to_string(folder.join("src/groups/ended.rs")).unwrap();
    let mut purged = 0;
    for entry in std::fs::read_dir(folder.join("migrations")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for table in text.split("CREATE TABLE ").skip(1) {
            let columns = table.split("\n--sqlite").next().unwrap().split(");").next().unwrap();
            let name = table.split_whitespace().next().unwrap();
            let hangs = columns.lines().any(|line| {
                let mut words = line.split_whitespace();
                matches!(words.next(), Some("conversation" | "community")) && words.next() == Some("BLOB")
            });
            if hangs && !KEPT.contains(&name) {
                assert!(
                    purge.contains(&format!("DELETE FROM {name} WHERE app = $1")),
                    "{name} keeps rows of ended groups"
                );
                purged += 1;
            }
        }
    }
    assert!(purged >= 18, "the reader of migrations has lost its way: {purged}");
}

#[tokio::test]
async fn what_a_group_leaves_behind_goes_in_bounded_steps_and_nothing_else_does() {
    on_both(async |store| {
        let [gone, kept] = [1, 2].map(|id| ConversationId([id; 16]));
        let fill = move |tx: &mut store::Tx<'_>| -> contract::Result<()> {
            for conversation in [gone, kept] {
                for n in 0..7_i64 {
                    for insert in ROWS {
                        tx.run(insert, (APP, conversation, n, format!("n{n}")))?;
                    }
                }
            }
            ended::note(tx, gone, NOW)
        };
        store.write(APP, fill).await.unwrap();
        let waiting = |until: Millis| store.read(APP, move |snapshot| ended::waiting(snapshot, until, 10));
        assert_eq!((waiting(NOW.plus(-1)).await.unwrap(), waiting(NOW).await.unwrap()), (vec![], vec![gone]));
        assert_eq!(store.read(OTHER, |snapshot| ended::waiting(snapshot, NOW, 10)).await.unwrap(), []);
        let (mut rows, mut steps) = (0, 0);
        while !waiting(NOW).await.unwrap().is_empty() {
            let step = store.write(APP, move |tx| ended::purge(tx, gone, 10)).await.unwrap();
            assert!(step <= 10, "a step of {step}");
            rows += step;
            steps += 1;
        }
        assert_eq!((rows, steps), (7 * ROWS.len() as u64, 7 * ROWS.len() as u64 / 10 + 1));
        let mut left = 0;
        for (count, conversation) in COUNTS.iter().flat_map(|count| [(count, gone), (count, kept)]) {
            let count = *count;
            let read =
                store.read(APP, move |snapshot| snapshot.one::<(i64,)>(count, (APP, conversation))).await.unwrap();
            assert!(conversation == kept || read.0 == 0, "{count:?}");
            left += read.0;
        }
        assert_eq!(left, 7 * ROWS.len() as i64);
    })
    .await;
}

/// A row of each table that a group fills, named by a number and a text.
const ROWS: [store::Sql; 6] = [
    sql!(
        "INSERT INTO messages (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags,
                               expires_at, grouped, crc)
         VALUES ($1, $2, $3, 0, 0, 0, 0, $4, '', '', 0, 0, 1, 0)"
    ),
    sql!(
        "INSERT INTO group_members (app, conversation, account, role, joined_at, receive)
         VALUES ($1, $2, $4, 1, $3, 0)"
    ),
    sql!("INSERT INTO group_deletions (app, conversation, account, seq) VALUES ($1, $2, $4, $3)"),
    sql!("INSERT INTO group_receipts (app, conversation, seq, account, at) VALUES ($1, $2, $3, $4, 0)"),
    sql!(
        "INSERT INTO permission_groups (app, community, id, name, permission, custom, created_at)
         VALUES ($1, $2, $4, '', $3, '', 0)"
    ),
    sql!("INSERT INTO live_bans (app, conversation, account, until, description) VALUES ($1, $2, $4, $3, '')"),
];

const COUNTS: [store::Sql; 6] = [
    sql!("SELECT COUNT(*) FROM messages WHERE app = $1 AND conversation = $2"),
    sql!("SELECT COUNT(*) FROM group_members WHERE app = $1 AND conversation = $2"),
    sql!("SELECT COUNT(*) FROM group_deletions WHERE app = $1 AND conversation = $2"),
    sql!("SELECT COUNT(*) FROM group_receipts WHERE app = $1 AND conversation = $2"),
    sql!("SELECT COUNT(*) FROM permission_groups WHERE app = $1 AND community = $2"),
    sql!("SELECT COUNT(*) FROM live_bans WHERE app = $1 AND conversation = $2"),
];

#[tokio::test]
async fn requests_that_were_answered_long_ago_are_forgotten_and_their_numbers_are_not_given_again() {
    on_both(async |store| {
        let group = ConversationId([5; 16]);
        let day = |days: i64| NOW.plus(days * 86_400_000);
        let ask = async |who: String, at: Millis| {
            let add = move |tx: &mut Tx<'_>| {
                let who = UserId::trusted(&who);
                requests::add(tx, group, RequestKind::Apply, (&who, &who), "please", at)
            };
            store.write(APP, add).await.unwrap()
        };
        for number in 1..=50 {
            assert_eq!(ask(format!("u{number}"), day(0)).await, number);
        }
        let answer = move |tx: &mut Tx<'_>| {
            (1..=45).try_for_each(|number| {
                let at = if number <= 40 { day(0) } else { day(20) };
                requests::answer(tx, group, number, Outcome::Refused, &UserId::trusted("admin"), at)
            })
        };
        store.write(APP, answer).await.unwrap();
        let left = async || {
            let look = move |snapshot: &mut Snapshot<'_>| {
                (1..=60).map(|number| requests::get(snapshot, group, number)).collect::<Result<Vec<_>>>()
            };
            let found = store.read(APP, look).await.unwrap();
            found.into_iter().flatten().map(|found| found.number).collect::<Vec<i64>>()
        };
        assert_eq!(ask("v51".into(), day(30)).await, 51);
        assert_eq!(left().await, (1..=51).collect::<Vec<_>>(), "thirty days are not over");
        for number in 52..=55 {
            assert_eq!(ask(format!("v{number}"), day(31)).await, number);
        }
        assert_eq!(left().await, (41..=55).collect::<Vec<_>>(), "what was answered later stays, and what waits");
    })
    .await;
}
