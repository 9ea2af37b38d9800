//! What goes with time: groups that are over, groups that nobody uses, old messages, accounts that are deleted.

use contract::codes::Group;
use serde_json::{Value, json};
use server::media::round;
use store::sql;

use super::{ask, history, info, letter, make, role, say};
use crate::harness::{APP, Im, with};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How many rows the tables have that groups fill.
async fn rows(im: &Im) -> Vec<(&'static str, i64)> {
    let tables = [
        ("messages", sql!("SELECT COUNT(*) FROM messages WHERE app = $1")),
        ("group_members", sql!("SELECT COUNT(*) FROM group_members WHERE app = $1")),
        ("group_mutes", sql!("SELECT COUNT(*) FROM group_mutes WHERE app = $1")),
        ("group_attributes", sql!("SELECT COUNT(*) FROM group_attributes WHERE app = $1")),
        ("group_counters", sql!("SELECT COUNT(*) FROM group_counters WHERE app = $1")),
        ("topics", sql!("SELECT COUNT(*) FROM topics WHERE app = $1")),
        ("permission_groups", sql!("SELECT COUNT(*) FROM permission_groups WHERE app = $1")),
        ("permission_members", sql!("SELECT COUNT(*) FROM permission_members WHERE app = $1")),
        ("live_bans", sql!("SELECT COUNT(*) FROM live_bans WHERE app = $1")),
        ("live_admins", sql!("SELECT COUNT(*) FROM live_admins WHERE app = $1")),
        ("ended_groups", sql!("SELECT COUNT(*) FROM ended_groups WHERE app = $1")),
    ];
    let read = im.node().store.read(APP, move |snapshot| {
        let count = |(name, count)| snapshot.one::<(i64,)>(count, (APP,)).map(|(rows,)| (name, rows));
        tables.into_iter().map(count).collect::<contract::Result<Vec<_>>>()
    });
    read.await.expect("counts")
}

const RECEIPTS: store::Sql = sql!("SELECT COUNT(*) FROM group_receipts WHERE app = $1");
const DELETIONS: store::Sql = sql!("SELECT COUNT(*) FROM group_deletions WHERE app = $1");

async fn count(im: &Im, count: store::Sql) -> i64 {
    let read = im.node().store.read(APP, move |snapshot| snapshot.one::<(i64,)>(count, (APP,)));
    read.await.expect("a count").0
}

async fn million(im: &Im, command: &str, body: Value) -> Value {
    im.call(&format!("million_group_open_http_svc/{command}"), body).await.ok()
}

/// Fills a group of each type with everything that it may hold.
async fn fill(im: &Im) {
    make(im, "pub", "Public", "ann", &["bo", "cy"]).await;
    for n in 0..700 {
        say(im, "pub", "ann", n, "text").await;
    }
    ask(im, "forbid_send_msg", json!({ "GroupId": "pub", "Members_Account": ["bo"], "MuteTime": 600 })).await.ok();
    let pair = json!([{ "key": "a", "value": "1" }]);
    ask(im, "set_group_attr", json!({ "GroupId": "pub", "GroupAttr": pair })).await.ok();
    let counter = json!([{ "Key": "c", "Value": 1 }]);
    ask(im, "update_group_counter", json!({ "GroupId": "pub", "GroupCounter": counter, "Mode": "Set" })).await.ok();
    let community = json!({ "GroupId": "@TGS#_c", "Type": "Community", "Name": "n", "Owner_Account": "ann",
        "SupportTopic": 1, "EnablePermission": 1, "DefaultPermission": 0 });
    ask(im, "create_group", community).await.ok();
    let topic = json!({ "GroupId": "@TGS#_c", "TopicId": "@TGS#_c@TOPIC#_t", "TopicName": "t" });
    million(im, "create_topic", topic).await;
    let said = with(letter("@TGS#_c", "ann", 1, "in a topic"), json!({ "TopicId": "@TGS#_c@TOPIC#_t" }));
    ask(im, "send_group_msg", said).await.ok();
    ask(im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n", "Owner_Account": "ann" }))
        .await
        .ok();
}

both! {
    async fn a_group_that_is_over_leaves_nothing_behind_and_others_keep_all(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 10_000).await;
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "other", "Public", "ann", &["bo"]).await;
        say(&im, "other", "ann", 1, "stays").await;
        let before = rows(&im).await;
        fill(&im).await;
        let filled = rows(&im).await;
        let is_more = |name: &str| {
            let of = |rows: &[(&str, i64)]| rows.iter().find(|(table, _)| *table == name).expect("a table").1;
            of(&filled) > of(&before)
        };
        for name in ["messages", "group_members", "group_mutes", "group_attributes", "group_counters", "topics"] {
            assert!(is_more(name), "{name}: {filled:?}");
        }
        for id in ["pub", "@TGS#_c", "live"] {
            ask(&im, "destroy_group", json!({ "GroupId": id })).await.ok();
        }
        // At once nobody finds it; its rows go with the next round, and not before those who were writing are done.
        round(im.node()).await.expect("a round");
        assert!(rows(&im).await.iter().any(|row| row.0 == "ended_groups" && row.1 == 4), "three groups and a topic");
        im.clock.advance(2 * HOUR_MS);
        round(im.node()).await.expect("a round");
        assert_eq!(rows(&im).await, before);
        ask(&im, "send_group_msg", letter("pub", "ann", 9, "x")).await.fails(Group::GroupUnknown);
        assert_eq!(history(&im, "other").await, [(1, "stays".to_owned())]);
        // An id that is used again begins anew.
        make(&im, "pub", "Public", "ann", &[]).await;
        assert_eq!(say(&im, "pub", "ann", 1, "first").await, 1);
        im.clock.advance(2 * HOUR_MS);
        round(im.node()).await.expect("a round");
        assert_eq!(history(&im, "pub").await, [(1, "first".to_owned())]);
    }

    async fn sends_go_on_while_the_rows_of_a_group_are_removed(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 100_000).await;
        im.import(&["ann", "bo"]).await;
        make(&im, "old", "Public", "ann", &["bo"]).await;
        make(&im, "new", "Public", "ann", &["bo"]).await;
        let seed = |tx: &mut store::Tx<'_>| -> contract::Result<()> {
            let group = chat::group::find(tx, &contract::group::GroupId::trusted("old"))?;
            tx.many(
                sql!("INSERT INTO group_receipts (app, conversation, seq, account, at) VALUES ($1, $2, $3, 'bo', 0)"),
                (0..6_000_i64).map(|n| (APP, group.conversation, n)),
            )?;
            Ok(())
        };
        im.node().store.write(APP, seed).await.expect("rows");
        ask(&im, "destroy_group", json!({ "GroupId": "old" })).await.ok();
        im.clock.advance(2 * HOUR_MS);
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let purge = async {
            round(im.node()).await.expect("a round");
            is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        };
        let sends = async {
            let mut during = 0;
            while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                during += 1;
                assert_eq!(say(&im, "new", "ann", during, "meanwhile").await, i64::from(during));
            }
            during
        };
        let ((), during) = tokio::join!(purge, sends);
        assert!(during >= 5, "only {during} sends were answered during the purge");
        assert!(rows(&im).await.iter().any(|row| *row == ("ended_groups", 0)));
    }

    async fn a_plan_keeps_a_groups_messages_as_long_as_a_pairs(im: Im) {
        im.app(|settings, _| settings.history_days = Some(7)).await;
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        for n in 0..3 {
            say(&im, "g", "ann", n, &format!("old {n}")).await;
        }
        im.clock.advance(6 * DAY_MS);
        say(&im, "g", "ann", 9, "new").await;
        let unread = || im.node().store.read(APP, |snapshot| {
            chat::group::read::unread(snapshot, &contract::UserId::trusted("bo"), &contract::group::GroupId::trusted("g"))
        });
        assert_eq!(unread().await.expect("a count"), 4);
        // What a member noted of a message goes with it.
        let note = |tx: &mut store::Tx<'_>| -> contract::Result<()> {
            let (group, bo) = (chat::group::find(tx, &contract::group::GroupId::trusted("g"))?, contract::UserId::trusted("bo"));
            for seq in [contract::Seq(2), contract::Seq(4)] {
                store::groups::receipts::give(tx, group.conversation, seq, &bo, contract::Millis(1))?;
            }
            store::groups::messages::delete_for(tx, group.conversation, &bo, &[contract::Seq(1)])
        };
        im.node().store.write(APP, note).await.expect("notes");
        assert_eq!((count(&im, RECEIPTS).await, count(&im, DELETIONS).await), (2, 1));
        im.clock.advance(DAY_MS + 2 * HOUR_MS);
        round(im.node()).await.expect("a round");
        assert_eq!(unread().await.expect("a count"), 1, "what is gone is not unread");
        assert_eq!((count(&im, RECEIPTS).await, count(&im, DELETIONS).await), (1, 0));
        let left: Vec<_> = history(&im, "g").await.into_iter().filter(|(_, text)| text != "gone").collect();
        assert_eq!(left, [(4, "new".to_owned())]);
        // What follows takes the next number, also when nothing is left.
        im.clock.advance(8 * DAY_MS);
        round(im.node()).await.expect("a round");
        assert_eq!((unread().await.expect("a count"), count(&im, RECEIPTS).await), (0, 0));
        assert_eq!(say(&im, "g", "ann", 10, "newest").await, 5);
        assert_eq!(info(&im, "g").await["NextMsgSeq"], 6);
    }

    async fn groups_that_nobody_uses_are_taken_away_where_the_app_says_so(im: Im) {
        im.import(&["ann", "bo"]).await;
        for (id, kind) in [("idle", "ChatRoom"), ("said", "ChatRoom"), ("edited", "ChatRoom"), ("other", "Public")] {
            make(&im, id, kind, "ann", &["bo"]).await;
        }
        let community = json!({ "GroupId": "@TGS#_c", "Type": "Community", "Name": "n", "Owner_Account": "ann", "SupportTopic": 1 });
        ask(&im, "create_group", community).await.ok();
        million(&im, "create_topic", json!({ "GroupId": "@TGS#_c", "TopicId": "@TGS#_c@TOPIC#_t", "TopicName": "t" })).await;
        im.clock.advance(DAY_MS);
        round(im.node()).await.expect("a round");
        assert_eq!(info(&im, "idle").await["ErrorCode"], 0, "off by default");
        say(&im, "said", "ann", 1, "x").await;
        ask(&im, "modify_group_base_info", json!({ "GroupId": "edited", "Name": "m" })).await.ok();
        let said = with(letter("@TGS#_c", "ann", 1, "in a topic"), json!({ "TopicId": "@TGS#_c@TOPIC#_t" }));
        ask(&im, "send_group_msg", said).await.ok();
        im.app(|settings, _| {
            settings.groups.recycling.meeting_s = 5 * 3_600;
            settings.groups.recycling.community_s = 5 * 3_600;
        }).await;
        im.clock.advance(2 * HOUR_MS);
        round(im.node()).await.expect("a round");
        ask(&im, "send_group_msg", letter("idle", "ann", 1, "x")).await.fails(Group::GroupUnknown);
        for id in ["said", "edited", "other", "@TGS#_c"] {
            assert_eq!(info(&im, id).await["ErrorCode"], 0, "{id}");
        }
        im.clock.advance(6 * HOUR_MS);
        round(im.node()).await.expect("a round");
        for id in ["said", "edited", "@TGS#_c"] {
            assert_ne!(info(&im, id).await["ErrorCode"], 0, "{id}");
        }
        assert_eq!(info(&im, "other").await["ErrorCode"], 0);
    }

    async fn an_account_that_is_deleted_leaves_its_groups_and_owns_none(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        // More than one step takes.
        for n in 0..45 {
            make(&im, &format!("g{n:02}"), "Public", if n % 2 == 0 { "ann" } else { "bo" }, &["ann", "bo", "cy"]).await;
        }
        make(&im, "work", "Private", "ann", &["bo"]).await;
        make(&im, "alone", "Public", "ann", &[]).await;
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n", "Owner_Account": "ann" })).await.ok();
        ask(&im, "modify_group_member_info", json!({ "GroupId": "g00", "Member_Account": "cy", "Role": "Admin" })).await.ok();
        let delete = json!({ "DeleteItem": [{ "UserID": "ann" }] });
        assert_eq!(im.call("im_open_login_svc/account_delete", delete).await.ok()["ResultItem"][0]["ResultCode"], 0);
        for n in 0..45 {
            let id = format!("g{n:02}");
            let group = info(&im, &id).await;
            assert_eq!((&group["MemberNum"], &group["Owner_Account"]), (&json!(2), &json!(if n % 2 == 0 { "" } else { "bo" })), "{id}");
            assert_eq!(role(&im, &id, "ann").await, "NotMember");
            assert_eq!(history(&im, &id).await.first().map(|(_, text)| text.as_str()), Some("tip 2"), "the others are told");
        }
        assert_eq!(role(&im, "g00", "cy").await, "Admin", "nobody rises by that");
        assert_eq!([&info(&im, "live").await["Owner_Account"], &info(&im, "work").await["Owner_Account"]], ["", ""]);
        assert_ne!(info(&im, "alone").await["ErrorCode"], 0, "a group without members is over");
        // The back end makes somebody else the owner, and who returns is in no group.
        ask(&im, "change_group_owner", json!({ "GroupId": "g00", "NewOwner_Account": "cy" })).await.ok();
        im.import(&["ann"]).await;
        let joined = ask(&im, "get_joined_group_list", json!({ "Member_Account": "ann" })).await.ok();
        assert_eq!(joined["TotalCount"], 0);
    }
}
