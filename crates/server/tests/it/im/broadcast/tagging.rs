//! Attributes and tags of accounts, by both products.

use contract::codes::{Account, Message, Row};
use serde_json::{Value, json};

use crate::harness::{Im, item_fails};

/// A verb by both products.
fn both(im: &'static str, tim: &'static str) -> [String; 2] {
    [format!("all_member_push/{im}"), format!("timpush/{tim}")]
}

async fn attrs(im: &Im, users: &[&str]) -> Value {
    im.call("timpush/get_attr", json!({ "To_Account": users })).await.ok()["UserAttrs"].clone()
}

async fn tags(im: &Im, users: &[&str]) -> Value {
    im.call("all_member_push/im_get_tag", json!({ "To_Account": users })).await.ok()["UserTags"].clone()
}

async fn declare(im: &Im) {
    let names = json!({ "AttrNames": { "0": "sex", "1": "city" } });
    im.call("all_member_push/im_set_attr_name", names).await.ok();
}

async fn refuses(im: &Im, commands: &[String], body: &Value, code: impl Into<&'static Row>) {
    let row = code.into();
    for command in commands {
        im.call(command, body.clone()).await.fails(row);
    }
}

both! {
    async fn attributes_are_declared_once_for_both_products_and_values_stay_with_their_index(im: Im) {
        declare(&im).await;
        im.import(&["alice", "bob"]).await;
        let set = json!({ "UserAttrs": [{ "To_Account": "alice", "Attrs": { "sex": "f", "city": "Oslo" } }] });
        im.call("all_member_push/im_set_attr", set).await.ok();
        im.call("timpush/set_attr", json!({ "UserAttrs": [{ "To_Account": "alice", "Attrs": { "city": "Rome" } }] })).await.ok();
        let expected = json!([{ "To_Account": "bob", "Attrs": {} }, { "To_Account": "alice", "Attrs": { "sex": "f", "city": "Rome" } }]);
        assert_eq!(attrs(&im, &["bob", "alice"]).await, expected);
        im.call("timpush/set_attr_name", json!({ "AttrNames": { "1": "town" } })).await.ok();
        let names = im.call("all_member_push/im_get_attr_name", json!({})).await.ok();
        assert_eq!(names["AttrNames"], json!({ "0": "sex", "1": "town" }));
        assert_eq!(im.call("timpush/get_attr_name", json!({})).await.ok()["AttrNames"], names["AttrNames"]);
        let old = im.call("all_member_push/im_get_attr", json!({ "To_Account": ["alice"] })).await.ok();
        assert_eq!(old["UserAttrs"][0]["Attrs"], json!({ "sex": "f", "town": "Rome" }));
        for (command, name) in [("all_member_push/im_remove_attr", "town"), ("timpush/remove_attr", "sex")] {
            im.call(command, json!({ "UserAttrs": [{ "To_Account": "alice", "Attrs": [name] }] })).await.ok();
        }
        assert_eq!(attrs(&im, &["alice"]).await[0]["Attrs"], json!({}));
    }

    async fn the_names_of_lists_that_a_published_client_sends_are_understood(im: Im) {
        declare(&im).await;
        im.import(&["alice"]).await;
        let of = |name: &str, held: Value| json!({ name: [{ "To_Account": "alice", name: held }] });
        im.call("all_member_push/im_set_attr", of("Attrs", json!({ "sex": "f", "city": "Oslo" }))).await.ok();
        im.call("timpush/remove_attr", of("Attrs", json!(["city"]))).await.ok();
        assert_eq!(attrs(&im, &["alice"]).await[0]["Attrs"], json!({ "sex": "f" }));
        im.call("timpush/add_tag", of("Tags", json!(["a", "b"]))).await.ok();
        im.call("all_member_push/im_remove_tag", of("Tags", json!(["a"]))).await.ok();
        assert_eq!(tags(&im, &["alice"]).await[0]["Tags"], json!(["b"]));
        // Where both are sent, the documented name holds.
        let both = json!({ "Tags": [{ "To_Account": "alice", "Tags": ["c"] }], "UserTags": [{ "To_Account": "alice", "Tags": ["d"] }] });
        im.call("timpush/add_tag", both).await.ok();
        assert_eq!(tags(&im, &["alice"]).await[0]["Tags"], json!(["b", "d"]));
    }

    async fn tags_are_a_set_that_goes_with_the_account(im: Im) {
        im.import(&["alice", "bob"]).await;
        let tagged = |tags: Value| json!({ "UserTags": [{ "To_Account": "alice", "Tags": tags }] });
        im.call("all_member_push/im_add_tag", tagged(json!(["b", "a", "b"]))).await.ok();
        im.call("timpush/add_tag", tagged(json!(["c", "a"]))).await.ok();
        assert_eq!(tags(&im, &["alice"]).await, json!([{ "To_Account": "alice", "Tags": ["a", "b", "c"] }]));
        im.call("all_member_push/im_remove_tag", tagged(json!(["a", "z"]))).await.ok();
        im.call("timpush/remove_tag", tagged(json!(["b"]))).await.ok();
        let told = im.call("timpush/get_tag", json!({ "To_Account": ["bob", "alice"] })).await.ok();
        assert_eq!(told["UserTags"], json!([{ "To_Account": "bob", "Tags": [] }, { "To_Account": "alice", "Tags": ["c"] }]));
        for command in both("im_remove_all_tags", "clear_all_tags") {
            im.call("timpush/add_tag", tagged(json!(["x", "y"]))).await.ok();
            im.call(&command, json!({ "To_Account": ["alice"] })).await.ok();
            assert_eq!(tags(&im, &["alice"]).await[0]["Tags"], json!([]));
        }
        im.call("timpush/add_tag", tagged(json!(["x"]))).await.ok();
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.import(&["alice"]).await;
        assert_eq!(tags(&im, &["alice"]).await[0]["Tags"], json!([]), "who is deleted takes the tags along");
    }

    async fn an_unknown_account_refuses_the_one_product_and_is_listed_by_the_other(im: Im) {
        declare(&im).await;
        im.import(&["alice"]).await;
        let of = |who: Value| who.as_array().expect("a list").clone();
        let value = |user: &Value| json!({ "To_Account": user, "Attrs": { "sex": "f" } });
        let name = |user: &Value| json!({ "To_Account": user, "Attrs": ["sex"] });
        let tag = |user: &Value| json!({ "To_Account": user, "Tags": ["a"] });
        let who = json!(["alice", "nobody", "x".repeat(40)]);
        let verbs = [
            (both("im_set_attr", "set_attr"), json!({ "UserAttrs": of(who.clone()).iter().map(value).collect::<Vec<_>>() })),
            (both("im_remove_attr", "remove_attr"), json!({ "UserAttrs": of(who.clone()).iter().map(name).collect::<Vec<_>>() })),
            (both("im_add_tag", "add_tag"), json!({ "UserTags": of(who.clone()).iter().map(tag).collect::<Vec<_>>() })),
            (both("im_remove_tag", "remove_tag"), json!({ "UserTags": of(who.clone()).iter().map(tag).collect::<Vec<_>>() })),
            (both("im_get_attr", "get_attr"), json!({ "To_Account": who })),
            (both("im_get_tag", "get_tag"), json!({ "To_Account": who })),
            (both("im_remove_all_tags", "clear_all_tags"), json!({ "To_Account": who })),
        ];
        for ([strict, lenient], body) in verbs {
            im.call(&strict, body.clone()).await.fails(Message::ReceiverDeleted);
            let answer = im.call(&lenient, body).await.ok();
            let missed = answer["ErrorList"].as_array().unwrap_or_else(|| panic!("{lenient}: {answer}"));
            assert_eq!(missed.len(), 2, "{lenient}: {answer}");
            assert_eq!(missed[0]["To_Account"], "nobody");
            item_fails(&missed[0]["ErrorCode"], Account::AccountUnknown);
        }
        im.call("timpush/get_tag", json!({ "To_Account": ["nobody"] })).await.fails(Account::AccountUnknown);
        assert_eq!(tags(&im, &["alice"]).await[0]["Tags"], json!([]), "a refused call leaves nothing");
    }

    async fn what_does_not_fit_is_refused_each_by_its_own_code(im: Im) {
        declare(&im).await;
        im.import(&["alice"]).await;
        let (long, fits) = ("x".repeat(51), "x".repeat(50));
        let naming = both("im_set_attr_name", "set_attr_name");
        for names in [json!(null), json!([]), json!({}), json!({ "10": "a" }), json!({ "x": "a" }), json!({ "-1": "a" }),
            json!({ "0": 5 }), json!({ "2": "sex" }), json!({ "2": "a", "3": "a" })] {
            refuses(&im, &naming, &json!({ "AttrNames": names }), Message::FieldInvalid).await;
        }
        for name in ["", &long] {
            refuses(&im, &naming, &json!({ "AttrNames": { "2": name } }), Message::ImportModeInvalid).await;
        }
        let setting = both("im_set_attr", "set_attr");
        let set = |attrs: Value| json!({ "UserAttrs": [{ "To_Account": "alice", "Attrs": attrs }] });
        refuses(&im, &setting, &set(json!({ "age": "9" })), Message::AttributeUnknown).await;
        refuses(&im, &setting, &set(json!({ "sex": "" })), Message::ImportModeInvalid).await;
        refuses(&im, &setting, &set(json!({ "sex": long })), Message::ImportModeInvalid).await;
        refuses(&im, &setting, &set(json!({ "sex": "a\0" })), Message::FieldInvalid).await;
        refuses(&im, &setting, &set(json!({ "sex": 5 })), Message::FieldInvalid).await;
        im.call(&setting[0], set(json!({ "sex": fits }))).await.ok();
        let removing = both("im_remove_attr", "remove_attr");
        refuses(&im, &removing, &set(json!(["age"])), Message::AttributeUnknown).await;
        let adding = both("im_add_tag", "add_tag");
        let tagged = |tags: Value| json!({ "UserTags": [{ "To_Account": "alice", "Tags": tags }] });
        refuses(&im, &adding, &tagged(json!([long])), Message::TagTooLong).await;
        refuses(&im, &adding, &tagged(json!([""])), Message::TagEmpty).await;
        refuses(&im, &adding, &tagged(json!(vec!["a"; 11])), Message::TagsTooMany).await;
        refuses(&im, &adding, &tagged(json!("a")), Message::FieldInvalid).await;
        let lists = [both("im_get_tag", "get_tag"), both("im_get_attr", "get_attr"), both("im_remove_all_tags", "clear_all_tags")];
        let many: Vec<String> = (0..101).map(|n| format!("u{n}")).collect();
        for commands in &lists {
            refuses(&im, commands, &json!({ "To_Account": many }), Message::PeersTooMany).await;
            for list in [json!(null), json!([]), json!("alice"), json!([5])] {
                refuses(&im, commands, &json!({ "To_Account": list }), Message::FieldInvalid).await;
            }
        }
        for batch in 0..10 {
            let some: Vec<String> = (0..10).map(|n| format!("t{}", batch * 10 + n)).collect();
            im.call(&adding[batch % 2], tagged(json!(some))).await.ok();
        }
        im.call(&adding[0], tagged(json!(["t0", "t99"]))).await.ok();
        refuses(&im, &adding, &tagged(json!(["one more"])), Message::TagsTooMany).await;
    }

    async fn a_plan_without_them_and_a_switch_refuse(im: Im) {
        im.import(&["alice"]).await;
        let [strict, lenient] = both("im_get_tag", "get_tag");
        let body = json!({ "To_Account": ["alice"] });
        for plan in ["trial", "standard"] {
            im.app(|settings, _| settings.plan = plan.into()).await;
            im.call(&strict, body.clone()).await.fails(Message::PushDisabled);
            im.call(&lenient, body.clone()).await.ok();
        }
        im.app(|settings, _| settings.plan = "flagship".into()).await;
        im.call(&strict, body.clone()).await.ok();
        im.app(|settings, _| settings.has_broadcast = false).await;
        refuses(&im, &[strict, lenient], &body, Message::PushDisabled).await;
    }
}
