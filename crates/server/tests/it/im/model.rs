//! Random days of three accounts, against a model that keeps every message and counts by hand.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::harness::{Im, elements, message, with};

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const ROUNDS: usize = 8;
const STEPS: usize = 45;
/// The model is compared after this many steps, because comparing asks fifteen questions.
const COMPARE: usize = 5;

#[derive(Debug, Clone)]
enum Step {
    Send { from: usize, to: usize, seq: u32, counts: bool, one_sided: bool },
    Import { from: usize, to: usize, ago_s: i64, counts: bool },
    Recall { which: prop::sample::Index },
    Read { who: usize, peer: usize },
    ReadTo { who: usize, peer: usize, ago_s: i64 },
    Leave { who: usize },
    Wait { ms: i64 },
}

fn step(has_imports: bool) -> BoxedStrategy<Step> {
    let user = || 0..USERS.len();
    let send =
        (user(), user(), 0..3_u32, any::<bool>(), any::<bool>()).prop_map(|(from, to, seq, counts, one_sided)| {
            Step::Send { from, to, seq, counts, one_sided: one_sided && seq == 0 }
        });
    let wait = prop_oneof![Just(1), Just(400), Just(1_000), Just(130_000)].prop_map(|ms| Step::Wait { ms });
    let recall = any::<prop::sample::Index>().prop_map(|which| Step::Recall { which });
    let read = (user(), user()).prop_map(|(who, peer)| Step::Read { who, peer });
    let leave = user().prop_map(|who| Step::Leave { who });
    // A mark is a place in the order of arrival, and an import has a time of its own, so «read up to a second» cuts
    // between them only where all messages are live.
    let import = (user(), user(), 0..300_i64, any::<bool>()).prop_map(|(from, to, ago_s, counts)| Step::Import {
        from,
        to,
        ago_s,
        counts,
    });
    let read_to = (user(), user(), -5..200_i64).prop_map(|(who, peer, ago_s)| Step::ReadTo { who, peer, ago_s });
    let special = if has_imports { import.boxed() } else { read_to.boxed() };
    prop_oneof![12 => send, 5 => special, 4 => recall, 2 => read, 1 => leave, 4 => wait].boxed()
}

#[derive(Debug, Clone)]
struct Kept {
    from: usize,
    to: usize,
    time: i64,
    seq: u32,
    random: u32,
    counts: bool,
    one_sided: bool,
    is_recalled: bool,
}

#[derive(Default)]
struct Model {
    all: Vec<Kept>,
    /// Who has read, or may not see, which message.
    read: BTreeSet<(usize, usize)>,
    hidden: BTreeSet<(usize, usize)>,
}

impl Model {
    fn between(&self, viewer: usize, peer: usize) -> impl Iterator<Item = (usize, &Kept)> {
        self.all.iter().enumerate().filter(move |(index, it)| {
            let is_theirs = (it.from, it.to) == (viewer, peer) || (it.from, it.to) == (peer, viewer);
            is_theirs && !self.hidden.contains(&(viewer, *index))
        })
    }

    fn unread(&self, viewer: usize, peer: usize) -> i64 {
        let counted = self.between(viewer, peer).filter(|(index, it)| {
            it.from != viewer && it.counts && !it.is_recalled && !self.read.contains(&(viewer, *index))
        });
        counted.count() as i64
    }

    fn texts(&self, viewer: usize, peer: usize) -> Vec<String> {
        let mut seen: Vec<_> = self
            .between(viewer, peer)
            .filter(|(_, it)| !(it.is_recalled || it.from == viewer && it.one_sided))
            .map(|(index, it)| ((it.time, it.seq, it.random), index))
            .collect();
        seen.sort_unstable();
        seen.into_iter().map(|(_, index)| index.to_string()).collect()
    }

    fn mark(&mut self, viewer: usize, peer: usize, up_to: i64) {
        let read: Vec<_> =
            self.between(viewer, peer).filter(|(_, it)| it.time <= up_to).map(|(index, _)| (viewer, index)).collect();
        self.read.extend(read);
    }
}

async fn apply(im: &Im, model: &mut Model, step: &Step) {
    let now = im.clock.now().secs();
    match *step {
        Step::Wait { ms } => im.clock.advance(ms),
        Step::Send { from, to, seq, counts, one_sided } => {
            let (index, random) = (model.all.len(), model.all.len() as u32 % 2);
            let control = if counts { json!([]) } else { json!(["NoUnread"]) };
            let body = with(
                message(USERS[from], USERS[to], random, &index.to_string()),
                json!({ "MsgSeq": seq, "SendMsgControl": control, "SyncOtherMachine": if one_sided { 2 } else { 1 } }),
            );
            im.call("openim/sendmsg", body).await.ok();
            model.all.push(Kept { from, to, time: now, seq, random, counts, one_sided, is_recalled: false });
        }
        Step::Import { from, to, ago_s, counts } => {
            let index = model.all.len();
            // Never the key of another message: an import of a known key is the same message.
            let (seq, random, time) = (5, 1_000 + index as u32, now - ago_s);
            let body = json!({ "SyncFromOldSystem": if counts { 5 } else { 2 }, "From_Account": USERS[from],
                "To_Account": USERS[to], "MsgSeq": seq, "MsgRandom": random, "MsgTimeStamp": time,
                "MsgBody": elements(&index.to_string()) });
            im.call("openim/importmsg", body).await.ok();
            model.all.push(Kept { from, to, time, seq, random, counts, one_sided: false, is_recalled: false });
        }
        Step::Recall { which } if !model.all.is_empty() => {
            let named = model.all[which.index(model.all.len())].clone();
            let (Kept { from, to, time, seq, random, .. }, key) =
                (named.clone(), format!("{}_{}_{}", named.seq, named.random, named.time));
            let body = json!({ "From_Account": USERS[from], "To_Account": USERS[to], "MsgKey": key });
            let answer = im.call("openim/admin_msgwithdraw", body).await;
            let same = |it: &&mut Kept| (it.from, it.to, it.time, it.seq, it.random) == (from, to, time, seq, random);
            match model.all.iter_mut().filter(same).find(|it| !it.is_recalled) {
                Some(found) => {
                    answer.ok();
                    found.is_recalled = true;
                }
                None => answer.fails(contract::codes::Message::MessageRecalled),
            }
        }
        Step::Recall { .. } => {}
        Step::Read { who, peer } => {
            let body = json!({ "Report_Account": USERS[who], "Peer_Account": USERS[peer] });
            im.call("openim/admin_set_msg_read", body).await.ok();
            model.mark(who, peer, i64::MAX);
        }
        Step::ReadTo { who, peer, ago_s } => {
            let body = json!({ "Report_Account": USERS[who], "Peer_Account": USERS[peer], "MsgReadTime": now - ago_s });
            im.call("openim/admin_set_msg_read", body).await.ok();
            model.mark(who, peer, now - ago_s);
        }
        Step::Leave { who } => {
            let user = USERS[who];
            im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": user }] })).await.ok();
            im.import(&[user]).await;
            model.hidden.extend((0..model.all.len()).map(|index| (who, index)));
        }
    }
}

async fn compare(im: &Im, model: &Model, steps: &[Step]) {
    let mut totals = BTreeMap::new();
    for (viewer, name) in USERS.iter().enumerate() {
        for (peer, other) in USERS.iter().enumerate() {
            let unread = model.unread(viewer, peer);
            assert_eq!(im.unread(name, other).await, unread, "{name} from {other} after {steps:#?}");
            *totals.entry(name).or_insert(0) += unread;
            let texts = im.texts(name, other).await;
            assert_eq!(texts, model.texts(viewer, peer), "{name} with {other} after {steps:#?}");
        }
        assert_eq!(im.unread_total(name).await, totals[name], "{name} after {steps:#?}");
    }
}

async fn play(im: &Im, has_imports: bool) {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(step(has_imports), STEPS);
    for _ in 0..ROUNDS {
        let steps = strategy.new_tree(&mut runner).expect("steps").current();
        // A round begins with accounts that have no past.
        let mut model = Model::default();
        im.import(&USERS).await;
        for who in 0..USERS.len() {
            apply(im, &mut model, &Step::Leave { who }).await;
        }
        im.clock.advance(10_000_000);
        for (count, step) in steps.iter().enumerate() {
            apply(im, &mut model, step).await;
            if count % COMPARE == COMPARE - 1 {
                compare(im, &model, &steps[..=count]).await;
            }
        }
    }
}

both! {
    async fn live_messages_are_seen_and_counted_as_a_naive_client_would(im: Im) {
        play(&im, false).await;
    }

    async fn imports_among_live_messages_are_seen_and_counted_as_well(im: Im) {
        play(&im, true).await;
    }
}
