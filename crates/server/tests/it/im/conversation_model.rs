//! Random days of four accounts and their lists, against a model that keeps every message and sorts by hand.

use std::collections::BTreeMap;

use contract::UserId;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::conversation::{all, pin};
use crate::harness::{APP, Im, message, with};

const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
const ROUNDS: usize = 6;
const STEPS: usize = 48;
/// The model is compared after this many steps.
const COMPARE: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    Send { from: usize, to: usize, counts: bool, moves: bool },
    Read { who: usize, peer: usize },
    Delete { who: usize, peer: usize, clears: bool },
    Clear { who: usize, peer: usize },
    Pin { who: usize, peer: usize, is_on: bool },
    Mark { who: usize, peer: usize, set: u32, clear: u32 },
    Wait { ms: i64 },
}

fn step() -> BoxedStrategy<Step> {
    // Two who are never the same.
    let pair = || (0..USERS.len(), 1..USERS.len()).prop_map(|(one, by)| (one, (one + by) % USERS.len()));
    prop_oneof![
        10 => (pair(), prop::bool::weighted(0.8), prop::bool::weighted(0.8))
            .prop_map(|((from, to), counts, moves)| Step::Send { from, to, counts, moves }),
        2 => pair().prop_map(|(who, peer)| Step::Read { who, peer }),
        3 => (pair(), any::<bool>()).prop_map(|((who, peer), clears)| Step::Delete { who, peer, clears }),
        1 => pair().prop_map(|(who, peer)| Step::Clear { who, peer }),
        3 => (pair(), prop::bool::weighted(0.7)).prop_map(|((who, peer), is_on)| Step::Pin { who, peer, is_on }),
        2 => (pair(), 0..64_u32, 0..64_u32).prop_map(|((who, peer), set, clear)| Step::Mark { who, peer, set, clear }),
        4 => prop::sample::select(vec![1, 400, 1_000, 5_000]).prop_map(|ms| Step::Wait { ms }),
    ]
    .boxed()
}

#[derive(Debug, Clone)]
struct Kept {
    from: usize,
    time: i64,
    counts: bool,
    moves: bool,
}

/// What one account sees of its conversation with another; places count from 1.
#[derive(Debug, Default, Clone)]
struct Side {
    read: usize,
    hidden: usize,
    cleared: usize,
    is_pinned: bool,
    marks: u64,
}

#[derive(Default)]
struct Model {
    talks: BTreeMap<(usize, usize), Vec<Kept>>,
    sides: BTreeMap<(usize, usize), Side>,
}

impl Model {
    fn talk(&self, one: usize, other: usize) -> &[Kept] {
        self.talks.get(&(one.min(other), one.max(other))).map_or(&[], Vec::as_slice)
    }

    fn side(&mut self, who: usize, peer: usize) -> (&mut Side, usize) {
        let end = self.talk(who, peer).len();
        (self.sides.entry((who, peer)).or_default(), end)
    }

    fn unread(&self, who: usize, peer: usize) -> i64 {
        let side = self.sides.get(&(who, peer)).cloned().unwrap_or_default();
        let seen = side.read.max(side.hidden).max(side.cleared);
        let news = self.talk(who, peer).iter().skip(seen);
        news.filter(|it| it.from != who && it.counts).count() as i64
    }

    /// Peer, second of the last message that moves the list, pin; as the list has them.
    fn list(&self, who: usize, with_empty: bool) -> Vec<(bool, i64, usize)> {
        let mut list = Vec::new();
        for peer in (0..USERS.len()).filter(|peer| *peer != who) {
            let side = self.sides.get(&(who, peer)).cloned().unwrap_or_default();
            let talk = self.talk(who, peer);
            let last = talk.iter().rposition(|it| it.moves).map_or(0, |index| index + 1);
            let is_listed = !talk.is_empty() && (side.hidden == 0 || last > side.hidden);
            let is_empty = last == 0 || last <= side.cleared;
            if (is_listed && !is_empty) || (with_empty && (is_listed || side.is_pinned)) {
                let time = if last == 0 { 0 } else { talk[last - 1].time };
                list.push((side.is_pinned, time, peer));
            }
        }
        list.sort_by_key(|(is_pinned, time, peer)| (!is_pinned, -time, *peer));
        list
    }
}

async fn apply(im: &Im, model: &mut Model, number: u32, step: &Step) {
    match *step {
        Step::Wait { ms } => im.clock.advance(ms),
        Step::Send { from, to, counts, moves } => {
            let words = [(!counts).then_some("NoUnread"), (!moves).then_some("NoLastMsg")];
            let control = json!({ "SendMsgControl": words.into_iter().flatten().collect::<Vec<_>>() });
            im.call("openim/sendmsg", with(message(USERS[from], USERS[to], number, "x"), control)).await.ok();
            let time = im.clock.now().secs();
            let talk = model.talks.entry((from.min(to), from.max(to))).or_default();
            talk.push(Kept { from, time, counts, moves });
        }
        Step::Read { who, peer } => {
            let body = json!({ "Report_Account": USERS[who], "Peer_Account": USERS[peer] });
            im.call("openim/admin_set_msg_read", body).await.ok();
            let (side, end) = model.side(who, peer);
            side.read = end;
        }
        Step::Delete { who, peer, clears } => {
            let body = json!({ "From_Account": USERS[who], "Type": 1, "To_Account": USERS[peer],
                "ClearRamble": i64::from(clears) });
            im.call("recentcontact/delete", body).await.ok();
            let (side, end) = model.side(who, peer);
            (side.hidden, side.is_pinned) = (end, false);
            side.cleared = if clears { end } else { side.cleared };
        }
        Step::Clear { who, peer } => {
            let (app, now) = (im.node().apps.get(APP).expect("the app"), im.clock.now());
            let clear = move |tx: &mut store::Tx<'_>| {
                let account = UserId::trusted(USERS[who]);
                let owner = chat::conversation::contact::Owner { app: &app, now, account: &account, origin: None };
                let contact = store::conversations::contacts::Contact::User(UserId::trusted(USERS[peer]));
                chat::conversation::contact::clear(tx, &owner, &contact)
            };
            im.node().store.write(APP, clear).await.expect("cleared");
            let (side, end) = model.side(who, peer);
            side.cleared = end;
        }
        Step::Pin { who, peer, is_on } => {
            pin(im, USERS[who], USERS[peer].into(), is_on).await.expect("pinned");
            model.side(who, peer).0.is_pinned = is_on;
        }
        Step::Mark { who, peer, set, clear } => {
            let item = json!({ "OptType": 1, "ContactItem": { "Type": 1, "To_Account": USERS[peer] },
                "SetMark": [set], "ClearMark": [clear] });
            im.call("recentcontact/mark_contact", json!({ "From_Account": USERS[who], "MarkItem": [item] })).await.ok();
            let side = model.side(who, peer).0;
            side.marks = side.marks & !(1 << clear) | 1 << set;
        }
    }
}

async fn compare(im: &Im, model: &Model, steps: &[Step]) {
    for (who, name) in USERS.iter().enumerate() {
        for flags in [63, 69] {
            let (mut items, _) = all(im, name, flags).await;
            let key = |item: &Value| {
                let top = item["TopFlag"] == 1;
                (!top, -item["MsgTime"].as_i64().expect("a time"), item["To_Account"].to_string())
            };
            assert!(items.is_sorted_by_key(|item| (key(item).0, key(item).1)), "{name}: {items:#?} after {steps:#?}");
            // Conversations of one second come in an order of their own.
            items.sort_by_key(key);
            let marks = |peer: usize| model.sides.get(&(who, peer)).map_or(0, |side| side.marks);
            let expected = model.list(who, flags & 2 != 0).into_iter().map(|(is_pinned, time, peer)| {
                json!({ "Type": 1, "To_Account": USERS[peer], "MsgTime": time, "TopFlag": i64::from(is_pinned),
                    "StandardMark": format!("{:b}", marks(peer)) })
            });
            assert_eq!(items, expected.collect::<Vec<_>>(), "{name}, flags {flags}, after {steps:#?}");
        }
        let mut total = 0;
        for (peer, other) in USERS.iter().enumerate().filter(|(peer, _)| *peer != who) {
            let unread = model.unread(who, peer);
            assert_eq!(im.unread(name, other).await, unread, "{name} from {other} after {steps:#?}");
            total += unread;
        }
        assert_eq!(im.unread_total(name).await, total, "{name} after {steps:#?}");
    }
}

both! {
    async fn lists_pins_marks_and_unread_are_what_a_naive_client_would_keep(im: Im) {
        let mut runner = TestRunner::deterministic();
        let strategy = proptest::collection::vec(step(), STEPS);
        for round in 0..ROUNDS {
            let steps = strategy.new_tree(&mut runner).expect("steps").current();
            // A round begins with accounts that have no past.
            let items: Vec<Value> = USERS.iter().map(|user| json!({ "UserID": user })).collect();
            im.import(&USERS).await;
            im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": items })).await.ok();
            im.import(&USERS).await;
            im.clock.advance(10_000_000);
            let mut model = Model::default();
            // Heads outlive their members: whoever had a past begins with a message that is not of it.
            let pairs = (0..USERS.len()).flat_map(|from| (0..from).map(move |to| (from, to)));
            for (index, (from, to)) in pairs.filter(|_| round > 0).enumerate() {
                let first = Step::Send { from, to, counts: true, moves: true };
                apply(&im, &mut model, 1_000 + index as u32, &first).await;
            }
            for (count, step) in steps.iter().enumerate() {
                apply(&im, &mut model, count as u32, step).await;
                if count % COMPARE == COMPARE - 1 {
                    compare(&im, &model, &steps[..=count]).await;
                }
            }
        }
    }
}
