//! What is written into a group, or a topic, while somebody ends it: it goes with the rest, or is refused.

use std::sync::Arc;
use std::time::Duration;

use chat::attributes::{self, Change};
use chat::counters::{self, Mode};
use chat::ground::By;
use chat::group::{self, Scope, create};
use chat::{live, topic};
use contract::group::GroupId;
use contract::message::{Extension, ExtensionChange};
use contract::{ConversationId, Fault, Millis, Result, Seq, UserId};
use parking_lot::{Condvar, Mutex};
use serde_json::json;
use store::apps::App;
use store::groups::ended;
use store::{Snapshot, Sql, Tx, sql};
use tokio::task::JoinSet;

use super::{ask, make};
use crate::harness::{APP, Im, elements};

const HOME: &str = "@TGS#_home";
const NEWS: &str = "@TGS#_home@TOPIC#_news";
/// How long the one who is late has to show that it does not wait. Too short a time lets a defect pass, and fails nothing.
const CHANCE: Duration = Duration::from_millis(300);

/// A part of a transaction.
type Step = fn(&mut Tx<'_>, &App, Millis) -> Result<()>;

/// Something that is written, and how what it belongs to ends.
#[derive(Clone, Copy)]
struct Late {
    place: &'static str,
    write: Step,
    end: Step,
    /// What counts the rows that it leaves.
    counts: &'static [Sql],
}

fn ann() -> UserId {
    UserId::trusted("ann")
}

fn by() -> By {
    By::App(ann())
}

fn id(text: &str) -> GroupId {
    GroupId::trusted(text)
}

fn set(tx: &mut Tx<'_>, _: &App, now: Millis) -> Result<()> {
    let pairs = Change::Replace(vec![("k".into(), "v".into())]);
    attributes::write(tx, now, &id("g"), &by(), None, &pairs).map(drop)
}

fn raise(tx: &mut Tx<'_>, app: &App, _: Millis) -> Result<()> {
    counters::change(tx, app, &id("g"), &by(), Mode::Increase, &[("likes".into(), 1)]).map(drop)
}

fn attach(tx: &mut Tx<'_>, app: &App, now: Millis) -> Result<()> {
    let pair = Extension { key: "k".into(), value: "v".into(), seq: 0 };
    let by = group::By::App(ann());
    let scope = Scope::of(app, now);
    group::message::extend(tx, &scope, &by, &id("g"), Seq(1), ExtensionChange::Set, &[pair]).map(drop)
}

fn disband(tx: &mut Tx<'_>, app: &App, now: Millis) -> Result<()> {
    create::disband(tx, &Scope::of(app, now), &group::By::App(ann()), &id("g")).map(drop)
}

fn ban(tx: &mut Tx<'_>, app: &App, now: Millis) -> Result<()> {
    let terms = live::Terms { seconds: 600, reason: String::new() };
    live::ban(tx, now, app, &id("room"), &by(), &[UserId::trusted("bo")], &terms).map(drop)
}

fn close(tx: &mut Tx<'_>, app: &App, now: Millis) -> Result<()> {
    create::disband(tx, &Scope::of(app, now), &group::By::App(ann()), &id("room")).map(drop)
}

fn mark(tx: &mut Tx<'_>, app: &App, now: Millis) -> Result<()> {
    topic::read(tx, now, app, &id(HOME), &by(), NEWS, Seq(0)).map(drop)
}

fn destroy(tx: &mut Tx<'_>, app: &App, now: Millis) -> Result<()> {
    let outcomes = topic::destroy(tx, now, app, &id(HOME), &by(), &[NEWS.to_owned()])?;
    Ok(outcomes.into_iter().collect::<Result<(), Fault>>()?)
}

const LATE: [Late; 5] = [
    Late {
        place: "g",
        write: set,
        end: disband,
        counts: &[
            sql!("SELECT COUNT(*) FROM group_attributes WHERE app = $1 AND conversation = $2"),
            sql!("SELECT COUNT(*) FROM group_attribute_heads WHERE app = $1 AND conversation = $2"),
        ],
    },
    Late {
        place: "g",
        write: raise,
        end: disband,
        counts: &[
            sql!("SELECT COUNT(*) FROM group_counters WHERE app = $1 AND conversation = $2"),
            sql!("SELECT COUNT(*) FROM group_attribute_heads WHERE app = $1 AND conversation = $2"),
        ],
    },
    Late {
        place: "g",
        write: attach,
        end: disband,
        counts: &[
            sql!("SELECT COUNT(*) FROM extensions WHERE app = $1 AND conversation = $2"),
            sql!("SELECT COUNT(*) FROM extension_heads WHERE app = $1 AND conversation = $2"),
        ],
    },
    Late {
        place: "room",
        write: ban,
        end: close,
        counts: &[sql!("SELECT COUNT(*) FROM live_bans WHERE app = $1 AND conversation = $2")],
    },
    Late {
        place: NEWS,
        write: mark,
        end: destroy,
        counts: &[sql!("SELECT COUNT(*) FROM topic_marks WHERE app = $1 AND conversation = $2")],
    },
];

/// A door in the middle of a transaction, behind what it writes and before its commit.
#[derive(Default)]
struct Door {
    state: Mutex<(bool, bool)>,
    bell: Condvar,
}

impl Door {
    /// Says that somebody is here, and waits until it is let through.
    fn pass(&self) {
        let mut state = self.state.lock();
        state.0 = true;
        self.bell.notify_all();
        while !state.1 {
            self.bell.wait(&mut state);
        }
    }

    fn open(&self) {
        self.state.lock().1 = true;
        self.bell.notify_all();
    }

    /// Waits until somebody is here.
    async fn is_reached(self: &Arc<Self>) {
        let door = Arc::clone(self);
        let wait = move || {
            let mut state = door.state.lock();
            while !state.0 {
                door.bell.wait(&mut state);
            }
        };
        tokio::task::spawn_blocking(wait).await.expect("it is reached");
    }
}

/// Makes what is ended, with a message in the group. Answers the conversation.
async fn prepare(im: &Im, late: Late) -> ConversationId {
    match late.place {
        NEWS => {
            let home =
                json!({ "GroupId": HOME, "Type": "Community", "Name": "n", "Owner_Account": "ann", "SupportTopic": 1 });
            ask(im, "create_group", home).await.ok();
            let new = json!({ "GroupId": HOME, "TopicId": NEWS, "TopicName": "news" });
            im.call("million_group_open_http_svc/create_topic", new).await.ok();
        }
        "room" => make(im, "room", "AVChatRoom", "ann", &[]).await,
        _ => {
            make(im, "g", "Public", "ann", &["bo"]).await;
            let said = json!({ "GroupId": "g", "From_Account": "ann", "Random": 1, "MsgBody": elements("x"),
                "SupportMessageExtension": 1 });
            ask(im, "send_group_msg", said).await.ok();
        }
    }
    let place = id(late.place);
    let read = move |snapshot: &mut Snapshot<'_>| store::groups::get(snapshot, &place);
    im.node().store.read(APP, read).await.expect("a read").expect("a place").conversation
}

async fn left(im: &Im, late: Late, conversation: ConversationId) -> i64 {
    let read = move |snapshot: &mut Snapshot<'_>| {
        let mut rows = 0;
        for count in late.counts {
            rows += snapshot.one::<(i64,)>(*count, (APP, conversation))?.0;
        }
        Ok(rows)
    };
    im.node().store.read(APP, read).await.expect("counts")
}

/// Has everything done that was only posted so far: whoever asks something waits for it.
fn flush(tx: &mut Tx<'_>) -> Result<()> {
    let (_,) = tx.one::<(i64,)>(sql!("SELECT COUNT(*) FROM ended_groups WHERE app = $1"), (APP,))?;
    Ok(())
}

/// Removes what ended groups left behind, until nothing is to be removed any more.
async fn purge(im: &Im) {
    let store = &im.node().store;
    loop {
        let waiting =
            store.read(APP, |snapshot| ended::waiting(snapshot, Millis(i64::MAX), 100)).await.expect("a list");
        if waiting.is_empty() {
            return;
        }
        for conversation in waiting {
            while store.write(APP, move |tx| ended::purge(tx, conversation, 100)).await.expect("a purge") >= 100 {}
        }
    }
}

/// Ends what is left over of a community, so that the next round begins anew.
async fn tidy(im: &Im, late: Late) {
    if late.place == NEWS {
        ask(im, "destroy_group", json!({ "GroupId": HOME })).await.ok();
    }
    purge(im).await;
}

/// Does a step and stops at a door before it commits.
fn stopped(im: &Im, door: &Arc<Door>, step: Step, app: &Arc<App>, now: Millis) -> JoinSet<Result<()>> {
    let (door, app, store) = (Arc::clone(door), Arc::clone(app), im.node().store.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let job = move |tx: &mut Tx<'_>| {
            step(tx, &app, now)?;
            flush(tx)?;
            door.pass();
            Ok(())
        };
        store.write(APP, job).await
    });
    tasks
}

both! {
    async fn what_is_written_while_a_place_ends_goes_with_it(im: Im) {
        let app = im.app(|settings, _| settings.has_live_management = true).await;
        im.import(&["ann", "bo"]).await;
        for (round, late) in LATE.into_iter().enumerate() {
            im.clock.advance(10_000);
            let conversation = prepare(&im, late).await;
            let (now, door) = (im.clock.now(), Arc::new(Door::default()));
            let mut writing = stopped(&im, &door, late.write, &app, now);
            door.is_reached().await;
            let ends = async {
                let of = Arc::clone(&app);
                im.node().store.write(APP, move |tx| (late.end)(tx, &of, now)).await.expect("it ends");
                purge(&im).await;
            };
            tokio::pin!(ends);
            let was_first = tokio::time::timeout(CHANCE, &mut ends).await.is_ok();
            door.open();
            let written = writing.join_next().await.expect("a task").expect("its end");
            written.expect("it was there when it was written");
            if !was_first {
                ends.await;
            }
            assert_eq!(left(&im, late, conversation).await, 0, "round {round}: {} is over, and this is left of it", late.place);
            tidy(&im, late).await;
        }
    }

    async fn what_comes_when_a_place_is_about_to_be_over_is_refused(im: Im) {
        let app = im.app(|settings, _| settings.has_live_management = true).await;
        im.import(&["ann", "bo"]).await;
        for (round, late) in LATE.into_iter().enumerate() {
            im.clock.advance(10_000);
            let conversation = prepare(&im, late).await;
            let (now, door) = (im.clock.now(), Arc::new(Door::default()));
            let mut ending = stopped(&im, &door, late.end, &app, now);
            door.is_reached().await;
            let of = Arc::clone(&app);
            let write = im.node().store.write(APP, move |tx| (late.write)(tx, &of, now));
            tokio::pin!(write);
            let first = tokio::time::timeout(CHANCE, &mut write).await;
            door.open();
            ending.join_next().await.expect("a task").expect("its end").expect("it ends");
            let written = match first {
                Ok(done) => done,
                Err(_) => write.await,
            };
            let is_gone = matches!(written, Err(contract::Error::Fault(Fault::GroupGone)));
            assert!(is_gone, "round {round}: {} is over: {written:?}", late.place);
            purge(&im).await;
            assert_eq!(left(&im, late, conversation).await, 0);
            tidy(&im, late).await;
        }
    }
}
