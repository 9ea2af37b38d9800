//! The commands of `follow/`.

use contract::codes::Relation;
use contract::ledger::How;
use serde_json::{Value, json};
use store::sql;
use store::testing::{TestEngine, on_server};

use crate::harness::{Im, item_fails, with};

const ADD: &str = "follow/follow_add";
const DELETE: &str = "follow/follow_delete";
const CHECK: &str = "follow/follow_check";
const GET: &str = "follow/follow_get";
const INFO: &str = "follow/follow_get_info";

fn adding(account: &str, targets: &[&str]) -> Value {
    let items: Vec<Value> = targets.iter().map(|target| json!({ "To_Account": target })).collect();
    json!({ "From_Account": account, "FollowItem": items })
}

fn naming(account: &str, targets: &[&str]) -> Value {
    json!({ "From_Account": account, "To_Account": targets })
}

async fn follow(im: &Im, account: &str, targets: &[&str]) {
    let answer = im.call(ADD, adding(account, targets)).await.ok();
    assert_eq!(answer["ErrorDisplay"], "");
    let items = answer["ResultItem"].as_array().expect("a list");
    assert!(items.iter().all(|item| item["ResultCode"] == 0 && item["ResultInfo"] == ""), "{answer}");
    assert_eq!(
        items.iter().map(|item| item["To_Account"].as_str()).collect::<Vec<_>>(),
        targets.iter().map(|target| Some(*target)).collect::<Vec<_>>()
    );
}

async fn unfollow(im: &Im, account: &str, targets: &[&str]) {
    let answer = im.call(DELETE, naming(account, targets)).await.ok();
    assert!(answer["ResultItem"].as_array().expect("a list").iter().all(|item| item["ResultCode"] == 0), "{answer}");
}

/// How alice is tied to others.
async fn types(im: &Im, others: &[&str]) -> Vec<i64> {
    let answer = im.call(CHECK, naming("alice", others)).await.ok();
    let items = answer["ResultItem"].as_array().expect("a list").iter();
    items.map(|item| item["FollowType"].as_i64().expect("a type")).collect()
}

/// Followers, following and mutual of an account.
async fn counts(im: &Im, account: &str) -> [i64; 3] {
    let answer = im.call(INFO, naming("administrator", &[account])).await.ok();
    let info = &answer["FollowInfo"][0];
    assert_eq!((info["To_Account"].as_str(), &info["ResultCode"]), (Some(account), &json!(0)));
    ["FollowerCount", "FollowingCount", "MutualFollowingCount"].map(|name| info[name].as_i64().expect("a count"))
}

/// The accounts of a list, in pages of `count`.
async fn list(im: &Im, account: &str, kind: u8, count: u32) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = json!({ "From_Account": account, "FollowType": kind, "StartCursor": cursor, "WantNum": count });
        let page = im.call(GET, body).await.ok();
        let items = page["FollowItem"].as_array().expect("a list");
        assert!(items.len() <= count as usize);
        names.extend(items.iter().map(|item| item["To_Account"].as_str().expect("an account").to_owned()));
        page["NextCursor"].as_str().expect("a cursor").clone_into(&mut cursor);
        assert_eq!(page["CompleteFlag"], i64::from(cursor.is_empty()));
        if cursor.is_empty() {
            return names;
        }
    }
}

both! {
    async fn a_follow_is_one_sided_until_it_is_returned(im: Im) {
        im.import(&["alice", "bob", "carol", "dave"]).await;
        follow(&im, "alice", &["bob", "carol"]).await;
        follow(&im, "bob", &["alice"]).await;
        follow(&im, "dave", &["alice"]).await;
        assert_eq!(types(&im, &["bob", "carol", "dave", "administrator"]).await, [3, 2, 1, 0]);
        assert_eq!(counts(&im, "alice").await, [2, 2, 1]);
        assert_eq!(counts(&im, "bob").await, [1, 1, 1]);
        assert_eq!(counts(&im, "carol").await, [1, 0, 0]);
        unfollow(&im, "bob", &["alice", "carol"]).await;
        assert_eq!(types(&im, &["bob"]).await, [2]);
        assert_eq!((counts(&im, "alice").await, counts(&im, "bob").await), ([1, 2, 0], [1, 0, 0]));
    }

    async fn following_twice_and_unfollowing_twice_change_nothing(im: Im) {
        im.import(&["alice", "bob"]).await;
        follow(&im, "alice", &["bob", "bob"]).await;
        follow(&im, "alice", &["bob"]).await;
        assert_eq!((counts(&im, "alice").await, counts(&im, "bob").await), ([0, 1, 0], [1, 0, 0]));
        unfollow(&im, "alice", &["bob", "bob"]).await;
        unfollow(&im, "alice", &["bob"]).await;
        assert_eq!((counts(&im, "alice").await, counts(&im, "bob").await), ([0, 0, 0], [0, 0, 0]));
    }

    async fn lists_go_from_the_newest_to_the_oldest_in_pages(im: Im) {
        let names: Vec<String> = (0..25).map(|number| format!("u{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        im.import(&names).await;
        im.import(&["alice"]).await;
        for name in &names {
            follow(&im, "alice", &[name]).await;
            im.clock.advance(5);
        }
        // All within one moment: then by name.
        for name in &names {
            follow(&im, name, &["alice"]).await;
        }
        let newest: Vec<&str> = names.iter().rev().copied().collect();
        for kind in [1, 2, 3] {
            for count in [1, 7, 25, 1_000] {
                assert_eq!(list(&im, "alice", kind, count).await, newest, "{kind} by {count}");
            }
        }
        unfollow(&im, "alice", &["u24", "u00"]).await;
        assert_eq!(list(&im, "alice", 2, 7).await, newest[1..24]);
        assert_eq!(list(&im, "alice", 3, 7).await, newest[1..24]);
        assert_eq!(list(&im, "alice", 1, 7).await, newest);
        assert_eq!(list(&im, "u05", 2, 7).await, ["alice"]);
    }

    async fn an_entry_shows_the_profile_and_since_when(im: Im) {
        let import = json!({ "UserID": "bob", "Nick": "Bob" });
        im.call("im_open_login_svc/account_import", import).await.ok();
        im.import(&["alice"]).await;
        follow(&im, "alice", &["bob"]).await;
        let body = json!({ "From_Account": "alice", "FollowType": 2 });
        let page = im.call(GET, body.clone()).await.ok();
        assert_eq!(page["FollowItem"], json!([{ "To_Account": "bob", "FollowTime": im.clock.now().secs(),
            "ProfileItem": [{ "Tag": "Tag_Profile_IM_Nick", "Value": "Bob" }], "profile_sequence": 1 }]));
        let level = json!({ "From_Account": "bob", "ProfileItem": [{ "Tag": "Tag_Profile_IM_Level", "Value": 3 }] });
        im.call("profile/portrait_set", level).await.ok();
        let page = im.call(GET, body).await.ok();
        assert_eq!(page["FollowItem"][0]["profile_sequence"], 2);
        assert_eq!(page["FollowItem"][0]["ProfileItem"][0], json!({ "Tag": "Tag_Profile_IM_Level", "Value": 3 }));
    }

    async fn large_profiles_cut_a_page_and_nobody_is_missed(im: Im) {
        let text = "x".repeat(500);
        let names: Vec<String> = (0..180).map(|number| format!("u{number:03}")).collect();
        im.import(&["alice"]).await;
        for names in names.chunks(60) {
            let list: Vec<Value> =
                names.iter().map(|name| json!({ "UserID": name, "Nick": text, "FaceUrl": text })).collect();
            im.call("im_open_login_svc/multiaccount_import", json!({ "AccountList": list })).await.ok();
        }
        for names in names.chunks(20) {
            follow(&im, "alice", &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
        let body = json!({ "From_Account": "alice", "FollowType": 2, "WantNum": 1_000 });
        let page = im.call(GET, body).await.ok();
        let first = page["FollowItem"].as_array().expect("a list").len();
        assert!((100..180).contains(&first) && page["CompleteFlag"] == 0, "{first}");
        let mut all = list(&im, "alice", 2, 1_000).await;
        all.sort_unstable();
        assert_eq!(all, names);
    }

    async fn each_limit_has_its_code(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.app(|settings, _| settings.following_max = Some(1)).await;
        let answer = im.call(ADD, adding("alice", &["bob", "carol", "bob"])).await.ok();
        let code = |index: usize| &answer["ResultItem"][index]["ResultCode"];
        assert_eq!((code(0), code(2)), (&json!(0), &json!(0)));
        item_fails(code(1), Relation::FollowingQuota);
        im.app(|settings, _| (settings.following_max, settings.followers_max) = (None, Some(1))).await;
        let one = async |account: &str, target: &str| {
            im.call(ADD, adding(account, &[target])).await.ok()["ResultItem"][0]["ResultCode"].clone()
        };
        item_fails(&one("carol", "bob").await, Relation::FollowerQuota);
        im.app(|settings, _| (settings.followers_max, settings.mutual_max) = (None, Some(1))).await;
        follow(&im, "carol", &["alice", "bob"]).await;
        follow(&im, "bob", &["alice"]).await;
        item_fails(&one("alice", "carol").await, Relation::MutualQuota);
        item_fails(&one("bob", "carol").await, Relation::MutualQuota);
        unfollow(&im, "bob", &["alice"]).await;
        follow(&im, "bob", &["carol"]).await;
        item_fails(&one("bob", "alice").await, Relation::MutualQuota);
        unfollow(&im, "carol", &["bob"]).await;
        follow(&im, "alice", &["carol"]).await;
        item_fails(&one("bob", "alice").await, Relation::PeerMutualQuota);
        assert_eq!((counts(&im, "alice").await, counts(&im, "bob").await), ([1, 2, 1], [1, 1, 0]));
    }

    async fn the_plan_or_the_app_may_leave_following_out(im: Im) {
        im.import(&["alice", "bob"]).await;
        let all = [(ADD, adding("alice", &["bob"])), (DELETE, naming("alice", &["bob"])), (CHECK, naming("alice", &["bob"])),
            (INFO, naming("alice", &["bob"])), (GET, json!({ "From_Account": "alice", "FollowType": 1 }))];
        for plan in ["trial", "standard"] {
            im.app(|settings, _| settings.plan = plan.into()).await;
            for (command, body) in &all {
                im.call(command, body.clone()).await.fails(Relation::FollowDisabled);
            }
        }
        im.app(|settings, _| settings.plan = "flagship".into()).await;
        im.call(ADD, all[0].1.clone()).await.ok();
        im.app(|settings, _| settings.has_follow = false).await;
        im.call(ADD, all[0].1.clone()).await.fails(Relation::FollowDisabled);
    }

    async fn who_cannot_be_followed_keeps_nobody_else_out(im: Im) {
        im.import(&["alice", "bob"]).await;
        let names = ["nobody", "alice", "", "bob"];
        let expected = [Some(Relation::AccountUnknown), Some(Relation::FieldInvalid), Some(Relation::FieldInvalid), None];
        let answer = im.call(ADD, adding("alice", &names)).await.ok();
        for (item, code) in answer["ResultItem"].as_array().expect("a list").iter().zip(expected) {
            match code {
                Some(code) => item_fails(&item["ResultCode"], code),
                None => assert_eq!(item["ResultCode"], 0),
            }
        }
        let answer = im.call(CHECK, naming("alice", &["nobody", "日本", "bob", "alice"])).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::AccountUnknown);
        item_fails(&answer["ResultItem"][1]["ResultCode"], Relation::FieldInvalid);
        assert_eq!((&answer["ResultItem"][2]["FollowType"], &answer["ResultItem"][3]["FollowType"]), (&json!(2), &json!(0)));
        let answer = im.call(INFO, naming("alice", &["nobody", "bob"])).await.ok();
        item_fails(&answer["FollowInfo"][0]["ResultCode"], Relation::AccountUnknown);
        assert_eq!(answer["FollowInfo"][1]["FollowerCount"], 1);
    }

    async fn what_a_command_cannot_be_given_is_refused(im: Im) {
        im.import(&["alice", "bob"]).await;
        let lists = [(ADD, adding("alice", &["bob"]), "FollowItem", 20), (DELETE, naming("alice", &["bob"]), "To_Account", 20),
            (CHECK, naming("alice", &["bob"]), "To_Account", 100), (INFO, naming("alice", &["bob"]), "To_Account", 20)];
        for (command, good, field, max) in lists {
            let one = good[field][0].clone();
            for bad in [
                json!({}), with(good.clone(), json!({ "From_Account": null })), with(good.clone(), json!({ "From_Account": 1 })),
                with(good.clone(), json!({ field: null })), with(good.clone(), json!({ field: [] })),
                with(good.clone(), json!({ field: {} })), with(good.clone(), json!({ field: [1] })),
                with(good.clone(), json!({ field: [{}] })), with(good.clone(), json!({ field: vec![one.clone(); max + 1] })),
            ] {
                im.call(command, bad).await.fails(Relation::FieldInvalid);
            }
            im.call(command, with(good.clone(), json!({ field: vec![one; max] }))).await.ok();
            im.call(command, with(good, json!({ "From_Account": "nobody" }))).await.fails(Relation::AccountUnknown);
            im.raw(command, "{").await.fails(Relation::FieldInvalid);
        }
        let good = json!({ "From_Account": "alice", "FollowType": 1 });
        for bad in [
            json!({ "FollowType": null }), json!({ "FollowType": 0 }), json!({ "FollowType": 4 }), json!({ "FollowType": "1" }),
            json!({ "WantNum": 0 }), json!({ "WantNum": 1_001 }), json!({ "WantNum": -1 }), json!({ "StartCursor": 1 }),
            json!({ "StartCursor": "x" }), json!({ "StartCursor": "1." }), json!({ "From_Account": "" }),
        ] {
            im.call(GET, with(good.clone(), bad)).await.fails(Relation::FieldInvalid);
        }
        im.call(GET, with(good, json!({ "From_Account": "nobody" }))).await.fails(Relation::AccountUnknown);
    }

    async fn a_deleted_account_leaves_every_list_and_every_count(im: Im) {
        let names: Vec<String> = (0..230).map(|number| format!("u{number:03}")).collect();
        for names in names.chunks(100) {
            im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
        im.import(&["alice", "bob"]).await;
        for name in &names {
            follow(&im, name, &["alice"]).await;
        }
        follow(&im, "alice", &["u000", "u001", "bob"]).await;
        assert_eq!(counts(&im, "alice").await, [230, 3, 2]);
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        assert_eq!((counts(&im, "u000").await, counts(&im, "u200").await), ([0, 0, 0], [0, 0, 0]));
        assert_eq!(counts(&im, "bob").await, [0, 0, 0]);
        assert_eq!(list(&im, "u000", 2, 100).await, Vec::<String>::new());
        im.import(&["alice"]).await;
        assert_eq!((counts(&im, "alice").await, types(&im, &["bob", "u001"]).await), ([0, 0, 0], vec![0, 0]));
    }

    async fn counts_hold_when_many_follow_each_other_at_once(im: Im) {
        let names = ["a", "b", "c", "d", "e", "f"];
        im.import(&names).await;
        let all = names.iter().flat_map(|from| [(from, 0), (from, 1), (from, 2)]);
        let calls = all.map(|(from, turn)| {
            let mut others: Vec<&str> = names.iter().filter(|name| *name != from).copied().collect();
            others.rotate_left(turn);
            im.call(ADD, adding(from, &others))
        });
        for answer in futures_util::future::join_all(calls).await {
            answer.ok();
        }
        for name in names {
            assert_eq!(counts(&im, name).await, [5, 5, 5], "{name}");
        }
    }

    async fn trouble_of_the_store_has_the_familys_codes(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.sql(sql!("ALTER TABLE follow_counts RENAME TO elsewhere")).await;
        im.call(ADD, adding("alice", &["bob"])).await.fails_by(Relation::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO follow_counts")).await;
        assert_eq!(types(&im, &["bob"]).await, [0]);
        im.node().store.close().await;
        im.call(ADD, adding("alice", &["bob"])).await.fails_by(Relation::StoreTimeout, How::FailPoint);
    }
}

#[tokio::test]
async fn a_write_that_always_loses_against_others_is_told_so() {
    let Some(im) = Im::start(TestEngine::Postgres).await else { return };
    im.import(&["alice", "bob"]).await;
    let state = "40001";
    let statement = format!(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '{state}'; END $$;
         CREATE TRIGGER lose BEFORE INSERT ON follows FOR EACH ROW EXECUTE FUNCTION lose()"
    );
    on_server(im.store_url(), statement).expect("the trigger is made");
    im.call(ADD, adding("alice", &["bob"])).await.fails_by(Relation::WriteConflict, How::FailPoint);
    assert_eq!(counts(&im, "bob").await, [0, 0, 0]);
}
