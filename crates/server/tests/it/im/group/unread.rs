//! What members have not read: against a client that counts, and after imports.

use contract::codes::Group;
use contract::group::GroupId;
use contract::{Seq, UserId};
use serde_json::{Value, json};
use store::testing::Dice;

use super::{ask, history, info, letter, make, say};
use crate::harness::{APP, Im, elements, item_fails, with};

/// What the rules say that a member has not read.
async fn unread(im: &Im, account: &str) -> i64 {
    let account = UserId::trusted(account);
    let read = im
        .node()
        .store
        .read(APP, move |snapshot| chat::group::read::unread(snapshot, &account, &GroupId::trusted("g")));
    read.await.expect("a count")
}

/// A message as a naive client remembers it.
#[derive(Debug, Clone)]
struct Entry {
    seq: i64,
    sender: String,
    counts: bool,
}

/// What a naive client knows of one member.
#[derive(Debug, Default, Clone)]
struct View {
    /// What was before it joined is not shown to it.
    since: i64,
    read: i64,
    deleted: Vec<i64>,
}

/// A naive client's idea of the group.
#[derive(Debug, Default)]
struct Model {
    messages: Vec<Entry>,
    members: std::collections::BTreeMap<String, View>,
    seq: i64,
}

impl Model {
    fn unread(&self, account: &str) -> i64 {
        let view = &self.members[account];
        let is_unread = |entry: &&Entry| {
            entry.counts
                && entry.seq > view.read.max(view.since)
                && entry.sender != account
                && !view.deleted.contains(&entry.seq)
        };
        self.messages.iter().filter(is_unread).count() as i64
    }
}

const NAMES: [&str; 4] = ["ann", "bo", "cy", "dee"];

async fn step(im: &Im, model: &mut Model, dice: &mut Dice, n: u32) {
    let who = NAMES[dice.between(0, 4) as usize];
    let is_in = model.members.contains_key(who);
    match dice.between(0, 15) {
        9.. => rarer(im, model, dice, n, who).await,
        0..=3 => {
            let has_count = dice.between(0, 4) > 0;
            let control = if has_count { json!([]) } else { json!(["NoUnread"]) };
            let sent = with(letter("g", who, n, &n.to_string()), json!({ "SendMsgControl": control }));
            model.seq = ask(im, "send_group_msg", sent).await.ok()["MsgSeq"].as_i64().expect("a sequence");
            model.messages.push(Entry { seq: model.seq, sender: who.to_owned(), counts: has_count });
        }
        4 if who != "ann" && is_in => {
            ask(im, "delete_group_member", json!({ "GroupId": "g", "MemberToDel_Account": [who] })).await.ok();
            model.members.remove(who);
            model.seq += 1;
        }
        4 if !is_in => {
            ask(im, "add_group_member", json!({ "GroupId": "g", "MemberList": [{ "Member_Account": who }] }))
                .await
                .ok();
            model.members.insert(who.to_owned(), View { since: model.seq, read: model.seq, deleted: Vec::new() });
            model.seq += 1;
        }
        5 if model.seq > 0 => {
            let seq = 1 + dice.between(0, model.seq as u64) as i64;
            let recall = json!({ "GroupId": "g", "MsgSeqList": [{ "MsgSeq": seq }] });
            let answer = ask(im, "group_msg_recall", recall).await.ok();
            if answer["RecallRetList"][0]["RetCode"] == 0 {
                model.messages.retain(|entry| entry.seq != seq);
            }
        }
        6 if is_in => {
            let seq = dice.between(0, model.seq as u64 + 1) as i64;
            let by = chat::group::By::App(UserId::trusted(who));
            let write = im
                .node()
                .store
                .write(APP, move |tx| chat::group::read::mark(tx, &by, &GroupId::trusted("g"), Some(Seq(seq))));
            write.await.expect("a mark");
            let view = model.members.get_mut(who).expect("in");
            view.read = view.read.max(seq);
        }
        7 if is_in && !model.messages.is_empty() => {
            let seq = model.messages[dice.between(0, model.messages.len() as u64) as usize].seq;
            let by = chat::group::By::App(UserId::trusted(who));
            let write = im
                .node()
                .store
                .write(APP, move |tx| chat::group::message::delete(tx, &by, &GroupId::trusted("g"), &[Seq(seq)]));
            write.await.expect("a deletion");
            model.members.get_mut(who).expect("in").deleted.push(seq);
        }
        8 if is_in => {
            let wanted = dice.between(0, 5) as i64;
            let body = json!({ "GroupId": "g", "Member_Account": who, "UnreadMsgNum": wanted });
            ask(im, "set_unread_msg_num", body).await.ok();
            let own: Vec<i64> =
                model.messages.iter().filter(|it| it.counts && it.sender != who).map(|it| it.seq).collect();
            let view = model.members.get_mut(who).expect("in");
            view.read = match wanted {
                0 => model.seq,
                wanted => own.iter().rev().nth(wanted as usize).copied().unwrap_or(0),
            };
        }
        _ => {}
    }
}

/// What changes what is unread beside sending, joining and reading.
async fn rarer(im: &Im, model: &mut Model, dice: &mut Dice, n: u32, who: &str) {
    let is_in = model.members.contains_key(who);
    match dice.between(0, 7) {
        0 if is_in && who != "ann" => {
            let by = chat::group::By::User(UserId::trusted(who), contract::DeviceId::trusted("phone"));
            let (app, now) = (im.app(|_, _| ()).await, im.clock.now());
            let quit = im.node().store.write(APP, move |tx| {
                chat::group::member::quit(tx, &chat::group::Scope::of(&app, now), &by, &GroupId::trusted("g")).map(drop)
            });
            quit.await.expect("it leaves");
            model.members.remove(who);
            model.seq += 1;
        }
        1 => {
            let old = json!({ "From_Account": who, "SendTime": im.clock.now().secs(), "Random": n, "MsgBody": elements("old") });
            let list = json!({ "GroupId": "g", "MsgList": [old.clone(), old] });
            let outcome = ask(im, "import_group_msg", list).await.ok();
            for item in outcome["ImportMsgResult"].as_array().expect("a list") {
                if item["Result"] == 0 {
                    model.seq += 1;
                    assert_eq!(item["MsgSeq"], model.seq);
                    model.messages.push(Entry { seq: model.seq, sender: who.to_owned(), counts: true });
                }
            }
            // An import counts as read by those who are there.
            let seq = model.seq;
            model.members.values_mut().for_each(|view| view.read = seq);
        }
        2 => {
            ask(im, "clear_group_msg", json!({ "GroupId": "g" })).await.ok();
            model.messages.clear();
        }
        3 => {
            ask(im, "delete_group_msg_by_sender", json!({ "GroupId": "g", "Sender_Account": who })).await.ok();
            model.messages.retain(|entry| entry.sender != who);
        }
        4 => {
            let aside = with(letter("g", who, n, "for one"), json!({ "To_Account": ["bo"] }));
            model.seq = ask(im, "send_group_msg", aside).await.ok()["MsgSeq"].as_i64().expect("a sequence");
            model.messages.push(Entry { seq: model.seq, sender: who.to_owned(), counts: false });
        }
        5 => {
            let passing = with(letter("g", who, n, "passing"), json!({ "OnlineOnlyFlag": 1 }));
            ask(im, "send_group_msg", passing).await.ok();
        }
        _ => {
            // A tip takes a number and is nobody's unread message.
            let body = json!({ "GroupId": "g", "Name": format!("name {n}") });
            ask(im, "modify_group_base_info", body).await.ok();
            model.seq += 1;
        }
    }
}

both! {
    async fn unread_is_what_a_client_that_counts_would_say(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 10_000).await;
        im.import(&NAMES).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let mut model = Model::default();
        for name in ["ann", "bo"] {
            model.members.insert(name.to_owned(), View::default());
        }
        let mut dice = Dice::new("unread in groups");
        for n in 0..250 {
            im.clock.advance(100);
            step(&im, &mut model, &mut dice, n).await;
            for name in model.members.keys() {
                assert_eq!(unread(&im, name).await, model.unread(name), "step {n}, {name}: {model:?}");
            }
            assert_eq!(info(&im, "g").await["NextMsgSeq"], model.seq + 1, "step {n}: the sequence has no hole");
        }
    }

    async fn a_group_from_elsewhere_has_its_times_and_nothing_unread_but_what_is_set(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        let made = json!({ "GroupId": "g", "Type": "Public", "Name": "old", "Owner_Account": "ann", "CreateTime": 1_600_000_000 });
        assert_eq!(ask(&im, "import_group", made.clone()).await.ok()["GroupId"], "g");
        ask(&im, "import_group", made).await.fails(Group::GroupIdOwned);
        assert_eq!(info(&im, "g").await["CreateTime"], 1_600_000_000);
        let member = |who: &str, at: i64, unread: i64| json!({ "Member_Account": who, "JoinTime": at, "UnreadMsgNum": unread });
        let import = |list: Value| json!({ "GroupId": "g", "MemberList": list });
        let answer = ask(&im, "import_group_member", import(json!([member("bo", 1_600_000_001, 0),
            member("cy", 1_500_000_000, 0), member("ann", 1_600_000_001, 0)]))).await.ok();
        let results: Vec<i64> = answer["MemberList"].as_array().expect("a list").iter().map(|it| it["Result"].as_i64().expect("one")).collect();
        assert_eq!(results, [1, 0, 2]);
        let old = |from: &str, at: i64, text: &str| json!({ "From_Account": from, "SendTime": at, "Random": 1, "MsgBody": elements(text) });
        let letters = json!({ "GroupId": "g", "MsgList": [old("ann", 1_600_000_010, "a"), old("bo", 1_600_000_020, "b"),
            old("bo", 1_600_000_005, "too early"), old("ann", 1_900_000_000, "too late"), old("ann", 1_600_000_030, "c")] });
        let outcome = ask(&im, "import_group_msg", letters).await.ok();
        let list = outcome["ImportMsgResult"].as_array().expect("a list").clone();
        assert_eq!(list[0], json!({ "MsgSeq": 1, "MsgTime": 1_600_000_010, "Result": 0 }));
        item_fails(&list[2]["Result"], Group::FieldInvalid);
        item_fails(&list[3]["Result"], Group::FieldInvalid);
        assert_eq!([&list[4]["MsgSeq"], &list[4]["Result"]], [3, 0]);
        assert_eq!([unread(&im, "ann").await, unread(&im, "bo").await], [0, 0]);
        assert_eq!(history(&im, "g").await.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), ["c", "b", "a"]);
        ask(&im, "set_unread_msg_num", json!({ "GroupId": "g", "Member_Account": "bo", "UnreadMsgNum": 1 })).await.ok();
        assert_eq!(unread(&im, "bo").await, 1);
        ask(&im, "set_unread_msg_num", json!({ "GroupId": "g", "Member_Account": "bo", "UnreadMsgNum": 99 })).await.ok();
        assert_eq!(unread(&im, "bo").await, 2, "at most as many as there are from others");
        ask(&im, "import_group_member", import(json!([member("cy", 1_600_000_001, 2)]))).await.ok();
        assert_eq!(unread(&im, "cy").await, 2);
        im.clock.advance(1_000);
        assert_eq!(say(&im, "g", "ann", 9, "live").await, 4);
        assert_eq!([unread(&im, "ann").await, unread(&im, "bo").await, unread(&im, "cy").await], [0, 3, 3]);
        let more = json!({ "GroupId": "g", "MsgList": [old("ann", 1_700_000_001, "d")] });
        ask(&im, "import_group_msg", more).await.ok();
        im.clock.advance(5_000);
        assert_eq!([unread(&im, "bo").await, unread(&im, "cy").await], [0, 0], "after an import nobody has anything unread");
    }

    async fn what_cannot_be_imported(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        ask(&im, "import_group", json!({ "Type": "AVChatRoom", "Name": "n" })).await.fails(Group::OperationForbidden);
        ask(&im, "import_group", json!({ "Type": "Public", "Name": "n", "CreateTime": 1_800_000_000 })).await.fails(Group::FieldInvalid);
        ask(&im, "import_group", json!({ "Type": "Public", "Name": "n", "GroupId": "g" })).await.fails(Group::GroupIdTaken);
        let one = json!({ "Member_Account": "ann" });
        ask(&im, "import_group_member", json!({ "GroupId": "live", "MemberList": [one] })).await.fails(Group::OperationForbidden);
        ask(&im, "import_group_member", json!({ "GroupId": "g", "MemberList": vec![one.clone(); 301] })).await.fails(Group::AccountsTooMany);
        ask(&im, "import_group_member", json!({ "GroupId": "g", "MemberList": [{ "Member_Account": "nobody" }] })).await.fails(Group::AccountUnknown);
        let old = json!({ "From_Account": "ann", "SendTime": 1, "MsgBody": elements("x") });
        ask(&im, "import_group_msg", json!({ "GroupId": "live", "MsgList": [old] })).await.fails(Group::OperationForbidden);
        for bad in [json!([]), json!(vec![old.clone(); 21]), json!([with(old.clone(), json!({ "MsgBody": [] }))])] {
            ask(&im, "import_group_msg", json!({ "GroupId": "g", "MsgList": bad })).await.fails(Group::FieldInvalid);
        }
        ask(&im, "set_unread_msg_num", json!({ "GroupId": "g", "Member_Account": "nobody", "UnreadMsgNum": 1 })).await.fails(Group::OperationForbidden);
        ask(&im, "set_unread_msg_num", json!({ "GroupId": "live", "Member_Account": "nobody", "UnreadMsgNum": 1 })).await.ok();
    }

    async fn what_a_meeting_counts_can_be_set_where_meetings_count(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "ChatRoom", "ann", &["bo"]).await;
        let set = json!({ "GroupId": "g", "Member_Account": "bo", "UnreadMsgNum": 1 });
        say(&im, "g", "ann", 1, "one").await;
        ask(&im, "set_unread_msg_num", set.clone()).await.ok();
        assert_eq!(unread(&im, "bo").await, 0, "nothing counts, and so nothing happens");
        im.app(|settings, _| settings.groups.counts_meetings = true).await;
        for number in 2..5 {
            say(&im, "g", "ann", number, "more").await;
        }
        assert_eq!(unread(&im, "bo").await, 3);
        ask(&im, "set_unread_msg_num", set).await.ok();
        assert_eq!(unread(&im, "bo").await, 1);
    }
}
