//! Marks and conversation groups over REST.

use contract::codes::Conversation;
use contract::ledger::How;
use contract::plan::Plan;
use serde_json::{Value, json};
use store::sql;

use crate::harness::{Im, item_fails, with};

const CREATE: &str = "recentcontact/create_contact_group";
const UPDATE: &str = "recentcontact/update_contact_group";
const DELETE: &str = "recentcontact/del_contact_group";
const MARK: &str = "recentcontact/mark_contact";
const GET: &str = "recentcontact/get_contact_group";
const SEARCH: &str = "recentcontact/search_contact_group";

fn user(name: &str) -> Value {
    json!({ "Type": 1, "To_Account": name })
}

fn create(name: &str, members: &[&str]) -> Value {
    let items: Vec<Value> = members.iter().map(|member| user(member)).collect();
    json!({ "From_Account": "alice", "GroupContactItem": [{ "GroupName": name, "ContactItem": items }] })
}

fn update(name: &str, items: &Value) -> Value {
    json!({ "From_Account": "alice", "UpdateType": 1,
        "UpdateGroup": { "UpdateGroupType": 2, "OldGroupName": name, "ContactUpdateItem": items } })
}

fn rename(name: &str, new: &str) -> Value {
    json!({ "From_Account": "alice", "UpdateType": 1,
        "UpdateGroup": { "UpdateGroupType": 1, "OldGroupName": name, "NewGroupName": new } })
}

fn delete(name: &str) -> Value {
    json!({ "From_Account": "alice", "GroupName": [name] })
}

fn mark(item: &Value) -> Value {
    json!({ "From_Account": "alice", "MarkItem": [item] })
}

fn search(name: &str) -> Value {
    json!({ "From_Account": "alice", "ContactItem": [user(name)] })
}

async fn start(im: &Im) {
    im.import(&["alice", "bob", "carol", "dave"]).await;
}

both! {
    async fn a_group_is_made_filled_renamed_emptied_and_deleted(im: Im) {
        start(&im).await;
        let made = im.call(CREATE, create("work", &["bob", "nobody", "carol"])).await.ok();
        let made = &made["GroupResultItem"][0];
        let id = made["GroupItem"]["GroupId"].as_i64().expect("an id");
        assert_eq!(made["GroupItem"]["GroupName"], "work");
        assert_eq!(made["ResultItem"][0], json!({ "ContactItem": user("bob"), "ResultCode": 0, "ResultInfo": "" }));
        item_fails(&made["ResultItem"][1]["ResultCode"], Conversation::AccountUnknown);
        let found = im.call(SEARCH, search("bob")).await.ok();
        assert_eq!(found["ContactResultItem"][0]["ContactGroupId"], json!([id]));
        assert_eq!(found["GroupItem"], json!([{ "GroupName": "work", "GroupId": id }]));
        let renamed = im.call(UPDATE, rename("work", "office")).await.ok();
        assert_eq!(renamed["UpdateType"], 1);
        assert_eq!(renamed["UpdateGroupResult"],
            json!({ "UpdateGroupType": 1, "GroupName": "office", "GroupId": id, "OldGroupName": "work" }));
        let items = json!([{ "ContactOptType": 2, "ContactItem": user("bob") },
            { "ContactOptType": 1, "ContactItem": user("dave") },
            { "ContactOptType": 1, "ContactItem": { "Type": 2, "ToGroupId": "@TGS#1" } },
            { "ContactOptType": 2, "ContactItem": user("nobody") }]);
        let updated = im.call(UPDATE, update("office", &items)).await.ok();
        let results = updated["UpdateGroupResult"]["ContactResultItem"].as_array().expect("a list");
        assert_eq!(results[0], json!({ "ContactOptType": 2, "ContactItem": user("bob"), "ResultCode": 0, "ResultInfo": "" }));
        assert_eq!(results[1]["ResultCode"], 0);
        item_fails(&results[2]["ResultCode"], Conversation::GroupUnknown);
        assert_eq!(results[2]["ContactItem"], json!({ "Type": 2, "ToGroupId": "@TGS#1" }));
        item_fails(&results[3]["ResultCode"], Conversation::AccountUnknown);
        let page = im.call(GET, json!({ "From_Account": "alice", "StartIndex": 0 })).await.ok();
        let members: Vec<_> = page["ContactItem"].as_array().expect("a list").iter().map(|it| &it["To_Account"]).collect();
        assert_eq!(members, ["carol", "dave"]);
        // A second group gets an id of its own, also when the first is gone.
        let deleted = im.call(DELETE, delete("office")).await.ok();
        assert_eq!(deleted["GroupItem"], json!([{ "GroupName": "office", "GroupId": id }]));
        let page = im.call(GET, json!({ "From_Account": "alice", "StartIndex": 0 })).await.ok();
        assert_eq!((&page["ContactItem"], &page["GroupItem"], &page["CompleteFlag"]), (&json!([]), &json!([]), &json!(1)));
        let made = im.call(CREATE, create("next", &[])).await.ok();
        assert!(made["GroupResultItem"][0]["GroupItem"]["GroupId"].as_i64() > Some(id));
        assert_eq!(im.call(SEARCH, search("carol")).await.ok()["ContactResultItem"][0].get("ContactGroupId"), None);
    }

    async fn marks_are_set_and_cleared_bit_by_bit(im: Im) {
        start(&im).await;
        let set = |bits: Value| mark(&json!({ "OptType": 1, "ContactItem": user("bob"), "SetMark": bits }));
        let done = im.call(MARK, set(json!([1, 3, 63]))).await.ok();
        assert_eq!(done["ResultItem"], json!([{ "OptType": 1, "ContactItem": user("bob"), "ResultCode": 0, "ResultInfo": "" }]));
        let both = json!({ "OptType": 3, "ContactItem": user("bob"), "ClearMark": [63, 3, 0], "SetMark": [0],
            "CustomMark": "a note" });
        im.call(MARK, mark(&both)).await.ok();
        let found = im.call(SEARCH, search("bob")).await.ok();
        assert_eq!(found["ContactResultItem"][0], json!({ "Type": 1, "To_Account": "bob", "StandardMark": "11",
            "CustomMark": "a note", "Timestamp": im.clock.now().secs() }));
        im.call(MARK, mark(&json!({ "OptType": 2, "ContactItem": user("bob"), "CustomMark": "" }))).await.ok();
        im.call(MARK, set(json!([32]))).await.ok();
        let marks = im.call(SEARCH, search("bob")).await.ok()["ContactResultItem"][0]["StandardMark"].clone();
        assert_eq!(marks, format!("1{}11", "0".repeat(30)));
        // The list shows them too.
        im.text("bob", "alice", 1, "x").await;
        let list = im.call("recentcontact/get_list", super::conversation::first("alice")).await.ok();
        assert_eq!(list["SessionItem"][0]["StandardMark"], marks);
        let mixed = json!({ "From_Account": "alice", "MarkItem": [
            { "OptType": 2, "ContactItem": { "Type": 2, "ToGroupId": "@TGS#1" }, "CustomMark": "x" },
            { "OptType": 2, "ContactItem": user("nobody"), "CustomMark": "x" },
            { "OptType": 2, "ContactItem": user("carol"), "CustomMark": "x" }] });
        let done = im.call(MARK, mixed).await.ok();
        item_fails(&done["ResultItem"][0]["ResultCode"], Conversation::GroupUnknown);
        item_fails(&done["ResultItem"][1]["ResultCode"], Conversation::AccountUnknown);
        assert_eq!(done["ResultItem"][2]["ResultCode"], 0);
    }

    async fn marked_conversations_come_in_pages(im: Im) {
        let names: Vec<String> = (0..250).map(|n| format!("peer-{n:03}")).collect();
        im.import(&["alice"]).await;
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for names in names.chunks(100) {
            let items: Vec<Value> = names.iter()
                .map(|name| json!({ "OptType": 1, "ContactItem": user(name), "SetMark": [0] })).collect();
            im.call(MARK, json!({ "From_Account": "alice", "MarkItem": items })).await.ok();
        }
        let (mut found, mut index, mut sizes) = (Vec::new(), json!(0), Vec::new());
        loop {
            let page = im.call(GET, json!({ "From_Account": "alice", "StartIndex": index })).await.ok();
            let items = page["ContactItem"].as_array().expect("a list");
            found.extend(items.iter().map(|item| item["To_Account"].as_str().expect("a peer").to_owned()));
            sizes.push(items.len());
            index = page["NextStartIndex"].clone();
            if page["CompleteFlag"] == 1 {
                break;
            }
        }
        assert_eq!((found, sizes), (names, vec![100, 100, 50]));
    }

    async fn groups_marks_and_their_members_are_bounded(im: Im) {
        start(&im).await;
        let names: Vec<String> = (0..1_001).map(|n| format!("peer-{n:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        im.import(&names).await;
        im.call(CREATE, create("0", &names[..500])).await.ok();
        im.call(CREATE, create("1", &names[400..1_000])).await.ok();
        im.call(CREATE, create("2", &["bob"])).await.fails(Conversation::GroupedQuota);
        // Whoever is in a group already needs no other place.
        im.call(CREATE, create("2", &names[..5])).await.ok();
        let add = json!([{ "ContactOptType": 1, "ContactItem": user("bob") }]);
        im.call(UPDATE, update("2", &add)).await.fails(Conversation::GroupedQuota);
        let swap = json!([{ "ContactOptType": 2, "ContactItem": user(names[999]) }, add[0]]);
        im.call(UPDATE, update("1", &swap)).await.ok();
        im.call(CREATE, create("3", &names)).await.fails(Conversation::GroupedQuota);
        for name in 3..20 {
            im.call(CREATE, create(&name.to_string(), &[])).await.ok();
        }
        im.call(CREATE, create("20", &[])).await.fails(Conversation::ConversationGroupQuota);
        im.call(CREATE, create("19", &[names[0]])).await.ok();
        im.call(DELETE, delete("7")).await.ok();
        im.call(CREATE, create("20", &[])).await.ok();
        // Marks have a bound of the same height.
        for names in names[..1_000].chunks(100) {
            let items: Vec<Value> = names.iter()
                .map(|name| json!({ "OptType": 1, "ContactItem": user(name), "SetMark": [40] })).collect();
            im.call(MARK, json!({ "From_Account": "alice", "MarkItem": items })).await.ok();
        }
        let one_more = mark(&json!({ "OptType": 2, "ContactItem": user("bob"), "CustomMark": "x" }));
        let done = im.call(MARK, one_more.clone()).await.ok();
        item_fails(&done["ResultItem"][0]["ResultCode"], Conversation::GroupedQuota);
        im.call(MARK, mark(&json!({ "OptType": 1, "ContactItem": user(names[3]), "ClearMark": [40] }))).await.ok();
        assert_eq!(im.call(MARK, one_more).await.ok()["ResultItem"][0]["ResultCode"], 0);
    }

    async fn what_groups_and_marks_cannot_be_is_refused(im: Im) {
        start(&im).await;
        im.call(CREATE, create("work", &["bob"])).await.ok();
        im.call(CREATE, create("home", &[])).await.ok();
        let long = "n".repeat(33);
        im.call(CREATE, create(&long, &[])).await.fails(Conversation::ConversationGroupNameTooLong);
        im.call(CREATE, create("", &[])).await.fails(Conversation::ConversationGroupNameTooLong);
        im.call(CREATE, create(&"n".repeat(32), &[])).await.ok();
        // Bytes count, not characters.
        im.call(CREATE, create(&"ä".repeat(17), &[])).await.fails(Conversation::ConversationGroupNameTooLong);
        im.call(UPDATE, rename("work", &long)).await.fails(Conversation::ConversationGroupNameTooLong);
        im.call(UPDATE, rename("play", "work")).await.fails(Conversation::ConversationGroupUnknown);
        im.call(UPDATE, rename("work", "home")).await.fails(Conversation::FieldInvalid);
        im.call(UPDATE, rename("work", "work")).await.ok();
        im.call(DELETE, delete("play")).await.fails(Conversation::ConversationGroupUnknown);
        let item = json!({ "ContactOptType": 1, "ContactItem": user("bob") });
        im.call(UPDATE, update("play", &json!([item]))).await.fails(Conversation::ConversationGroupUnknown);
        let none: [Value; 0] = [];
        let marks: Vec<Value> = (0..101).map(|_| json!({ "OptType": 1, "ContactItem": user("bob"), "SetMark": [1] })).collect();
        for items in [&none[..], &marks] {
            im.call(MARK, json!({ "From_Account": "alice", "MarkItem": items })).await.fails(Conversation::MarkBatchInvalid);
        }
        im.call(MARK, json!({ "From_Account": "alice", "MarkItem": &marks[1..] })).await.ok();
        let group = json!({ "From_Account": "alice", "ContactItem": [{ "Type": 2, "ToGroupId": "@TGS#1" }] });
        im.call(SEARCH, group).await.fails(Conversation::GroupUnknown);
        let wrong = [
            (CREATE, json!({ "From_Account": "alice" })),
            (CREATE, json!({ "From_Account": "alice", "GroupContactItem": [] })),
            (CREATE, json!({ "From_Account": "alice", "GroupContactItem": [{ "GroupName": 1 }] })),
            (CREATE, json!({ "From_Account": "alice", "GroupContactItem": [{ "GroupName": "a" }, { "GroupName": "b" }] })),
            (CREATE, json!({ "From_Account": "alice", "GroupContactItem": [{ "GroupName": "a", "ContactItem": [{ "Type": 3 }] }] })),
            (CREATE, json!({ "From_Account": "alice", "GroupContactItem": [{ "GroupName": "a", "ContactItem": [{ "Type": 1 }] }] })),
            (UPDATE, with(rename("work", "x"), json!({ "UpdateType": 2 }))),
            (UPDATE, with(rename("work", "x"), json!({ "UpdateGroup": null }))),
            (UPDATE, with(rename("work", "x"), json!({ "UpdateGroup": { "UpdateGroupType": 3, "OldGroupName": "work" } }))),
            (UPDATE, with(rename("work", "x"), json!({ "UpdateGroup": { "UpdateGroupType": 1, "OldGroupName": "work" } }))),
            (UPDATE, update("work", &json!([]))),
            (UPDATE, update("work", &json!([{ "ContactOptType": 3, "ContactItem": user("bob") }]))),
            (DELETE, json!({ "From_Account": "alice", "GroupName": [] })),
            (DELETE, json!({ "From_Account": "alice", "GroupName": ["work", "home"] })),
            (DELETE, json!({ "From_Account": "alice", "GroupName": "work" })),
            (MARK, json!({ "From_Account": "alice" })),
            (MARK, mark(&json!({ "OptType": 4, "ContactItem": user("bob") }))),
            (MARK, mark(&json!({ "OptType": 1, "ContactItem": user("bob"), "SetMark": [64] }))),
            (MARK, mark(&json!({ "OptType": 1, "ContactItem": user("bob"), "ClearMark": [-1] }))),
            (MARK, mark(&json!({ "OptType": 2, "ContactItem": user("bob") }))),
            (MARK, mark(&json!({ "OptType": 2, "ContactItem": user("bob"), "CustomMark": "c".repeat(257) }))),
            (MARK, mark(&json!({ "OptType": 2, "ContactItem": user("bob"), "CustomMark": "\0" }))),
            (MARK, mark(&json!({ "OptType": 2, "CustomMark": "x" }))),
            (GET, json!({ "From_Account": "alice" })),
            (GET, json!({ "From_Account": "alice", "StartIndex": "0" })),
            (GET, json!({ "From_Account": 7, "StartIndex": 0 })),
            (SEARCH, json!({ "From_Account": "alice", "ContactItem": [] })),
            (SEARCH, json!({ "From_Account": "alice", "ContactItem": vec![user("bob"); 301] })),
        ];
        for (command, body) in wrong {
            im.call(command, body).await.fails(Conversation::FieldInvalid);
        }
        im.call(SEARCH, json!({ "From_Account": "alice", "ContactItem": vec![user("bob"); 300] })).await.ok();
        let fitting = [CREATE, UPDATE, DELETE, MARK, GET, SEARCH].into_iter().zip([
            create("x", &[]), rename("work", "x"), delete("work"),
            mark(&json!({ "OptType": 2, "ContactItem": user("bob"), "CustomMark": "x" })),
            json!({ "From_Account": "", "StartIndex": 0 }), search("bob")]);
        for (command, body) in fitting {
            im.call(command, with(body, json!({ "From_Account": "nobody" }))).await.fails(Conversation::AccountUnknown);
        }
    }

    async fn a_small_plan_has_custom_marks_only(im: Im) {
        start(&im).await;
        im.call(CREATE, create("work", &[])).await.ok();
        im.app(|settings, _| settings.plan = Plan::Standard.as_str().into()).await;
        let code = Conversation::ConversationGroupsForbidden;
        im.call(CREATE, create("home", &[])).await.fails(code);
        im.call(UPDATE, rename("work", "x")).await.fails(code);
        im.call(UPDATE, update("work", &json!([{ "ContactOptType": 1, "ContactItem": user("bob") }]))).await.fails(code);
        im.call(DELETE, delete("work")).await.fails(code);
        im.call(MARK, mark(&json!({ "OptType": 1, "ContactItem": user("bob"), "SetMark": [1] }))).await.fails(code);
        im.call(MARK, mark(&json!({ "OptType": 2, "ContactItem": user("bob"), "CustomMark": "x" }))).await.ok();
        im.app(|settings, _| settings.plan = Plan::Enterprise.as_str().into()).await;
        im.call(DELETE, delete("work")).await.ok();
    }

    async fn trouble_of_the_store_has_codes_of_this_family(im: Im) {
        start(&im).await;
        im.sql(sql!("ALTER TABLE contacts RENAME TO elsewhere")).await;
        let item = mark(&json!({ "OptType": 2, "ContactItem": user("bob"), "CustomMark": "x" }));
        im.call(MARK, item.clone()).await.fails_by(Conversation::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO contacts")).await;
        im.call(MARK, item.clone()).await.ok();
        im.node().store.close().await;
        im.call(MARK, item).await.fails_by(Conversation::StoreTimeout, How::FailPoint);
        im.call(GET, json!({ "From_Account": "alice", "StartIndex": 0 })).await.fails_by(Conversation::StoreTimeout, How::FailPoint);
    }
}
