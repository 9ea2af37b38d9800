//! A property: both engines' appends and a naive model agree on every answer and on all that is stored.

use contract::error::refuse;
use contract::message::Flags;
use contract::{ConversationId, Error, Fault, Millis, MsgKey, Result, Seq, UserId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use store::append::{Draft, DraftKind, Facts, Sent, Standing};
use store::testing::{TestEngine, TestStore, permissive};
use store::{Hooks, sql};

use crate::support::{APP, NOW, account, draft, send_all, user};

/// One stored message as a test can compare it.
type Row = (ConversationId, Seq, i64, u32, u32, Millis, UserId, String, i64);

/// Keeps everything in one list and searches it from the end.
#[derive(Default)]
struct Model {
    rows: Vec<Row>,
}

impl Model {
    fn send(&mut self, draft: &Draft) -> Result<Sent> {
        if draft.receiver == user("nobody") {
            return refuse(Fault::ReceiverUnknown);
        }
        let conversation = ConversationId::pair(&draft.sender, &draft.receiver);
        let here = || self.rows.iter().filter(|row| row.0 == conversation);
        let is_live = |row: &&Row| !Flags(row.8).has(Flags::IMPORTED);
        let same = draft.msg_seq.and_then(|msg_seq| match draft.kind {
            DraftKind::Live => here().filter(is_live).rfind(|row| {
                (row.3, row.4, &row.6, &row.7) == (msg_seq, draft.msg_random, &draft.sender, &draft.body)
                    && draft.at.0 - row.5.0 <= 120_000
            }),
            DraftKind::Import { .. } => {
                here().find(|row| (row.2, row.3, row.4) == (draft.at.secs(), msg_seq, draft.msg_random))
            }
        });
        if let Some(row) = same {
            let key = MsgKey { time: row.2, seq: row.3, random: row.4 };
            return Ok(Sent { key, seq: row.1, at: row.5, duplicate: true });
        }
        let seq = here().count() as i64 + 1;
        let last = here().filter(is_live).map(|row| row.5).max().unwrap_or_default();
        let (at, flags) = match draft.kind {
            DraftKind::Live => (draft.at.max(last), draft.flags),
            DraftKind::Import { counts, .. } => {
                let counting = if counts { Flags::COUNTS.0 } else { 0 };
                (draft.at, draft.flags & !Flags::COUNTS.0 | Flags::IMPORTED.0 | counting)
            }
        };
        let msg_seq = draft.msg_seq.unwrap_or(seq as u32);
        let (sender, body) = (draft.sender.clone(), draft.body.clone());
        self.rows.push((conversation, Seq(seq), at.secs(), msg_seq, draft.msg_random, at, sender, body, flags));
        let key = MsgKey { time: at.secs(), seq: msg_seq, random: draft.msg_random };
        Ok(Sent { key, seq: Seq(seq), at, duplicate: false })
    }
}

fn decide(_: &Draft, facts: &Facts) -> Result<()> {
    if facts.receiver == Standing::Unknown { refuse(Fault::ReceiverUnknown) } else { Ok(()) }
}

/// A draft from few choices, so that repetitions are frequent.
fn any_draft() -> impl Strategy<Value = Draft> {
    let names = || prop::sample::select(vec!["alice", "bob", "carol"]);
    let receivers = prop::sample::select(vec!["alice", "bob", "carol", "nobody"]);
    let kinds = prop_oneof![
        4 => Just(DraftKind::Live),
        1 => any::<bool>().prop_map(|counts| DraftKind::Import { counts, came_at: NOW }),
    ];
    // Steps around the window's end, some of them backwards.
    let at = prop::sample::select(vec![0, 1, 999, 60_000, 119_999, 120_000, 120_001, 180_000, 240_000, -1, -500]);
    (names(), receivers, option::weighted(0.9, 1..4_u32), 1..3_u32, 0..2_u8, at, kinds).prop_map(
        |(sender, receiver, msg_seq, msg_random, body, at, kind)| Draft {
            msg_seq,
            msg_random,
            body: format!("[{body}]"),
            kind,
            ..draft(sender, receiver, 0, NOW.plus(at))
        },
    )
}

async fn stored(store: &TestStore) -> Vec<Row> {
    store
        .read(APP, |snapshot| {
            snapshot.all(
                sql!(
                    "SELECT conversation, seq, time, msg_seq, msg_random, at, sender, body, flags FROM messages
                     WHERE app = $1 ORDER BY conversation, seq"
                ),
                (snapshot.app(),),
            )
        })
        .await
        .unwrap()
}

/// Plays batches, with a restart after some, and compares with the model.
async fn play(engine: TestEngine, batches: &[(Vec<Draft>, bool)]) {
    let hooks = Hooks { decide, ..permissive() };
    let Some(mut store) = TestStore::open(engine, hooks.clone()).await else { return };
    for id in ["alice", "bob", "carol"] {
        account(&store, id, 0).await;
    }
    let mut model = Model::default();
    for (drafts, restarts) in batches {
        let expected: Vec<Result<Sent>> = drafts.iter().map(|draft| model.send(draft)).collect();
        let sent = send_all(&store, drafts.clone()).await;
        for (index, (sent, expected)) in sent.iter().zip(&expected).enumerate() {
            assert_eq!(sent, expected, "{engine:?}, draft {index}: {:?}", drafts[index]);
        }
        if *restarts {
            store.reopen(hooks.clone()).await;
        }
    }
    model.rows.sort_by_key(|row| (row.0, row.1));
    assert_eq!(stored(&store).await, model.rows, "{engine:?}");
    let heads: Vec<(ConversationId, i64, Millis)> = store
        .read(APP, |snapshot| {
            snapshot
                .all(sql!("SELECT id, seq, last_at FROM conversations WHERE app = $1 ORDER BY id"), (snapshot.app(),))
        })
        .await
        .unwrap();
    for (id, seq, last_at) in &heads {
        let here = model.rows.iter().filter(|row| row.0 == *id);
        let live = here.clone().filter(|row| !Flags(row.8).has(Flags::IMPORTED));
        assert_eq!(*seq, here.count() as i64, "{engine:?}");
        assert_eq!(*last_at, live.map(|row| row.5).max().unwrap_or_default(), "{engine:?}");
    }
    let mut conversations: Vec<ConversationId> = model.rows.iter().map(|row| row.0).collect();
    conversations.dedup();
    assert!(heads.iter().map(|head| head.0).eq(conversations), "{engine:?}: a head without a message");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn both_engines_and_a_naive_model_agree(batches in vec((vec(any_draft(), 1..40), prop::bool::weighted(0.2)), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for engine in [TestEngine::Sqlite, TestEngine::Postgres] {
            runtime.block_on(play(engine, &batches));
        }
    }
}

#[tokio::test]
async fn the_model_itself_refuses_and_repeats() {
    let mut model = Model::default();
    let first = model.send(&draft("alice", "bob", 1, NOW)).unwrap();
    assert!(!first.duplicate && model.send(&draft("alice", "bob", 1, NOW)).unwrap().duplicate);
    let refused = model.send(&draft("alice", "nobody", 1, NOW));
    assert_eq!(refused, Err(Error::Fault(Fault::ReceiverUnknown)));
}
