//! Many who change the same relations at once.

use contract::limit;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{item, page, relation};

both! {
    async fn accounts_that_add_each_other_at_once_end_as_friends_once(im: Im) {
        let names: Vec<String> = (0..8).map(|n| format!("u{n}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        // Each names all others, in an order of its own: whoever locked them as named would wait in a circle.
        let calls = names.iter().enumerate().flat_map(|(number, from)| {
            let mut others: Vec<&String> = names.iter().filter(|name| *name != from).collect();
            others.rotate_left(number % 7);
            let items: Vec<Value> = others.iter().map(|name| item(name)).collect();
            let remove = json!({ "From_Account": from, "To_Account": others, "DeleteType": "Delete_Type_Both" });
            let add = json!({ "From_Account": from, "AddFriendItem": items });
            [im.call("sns/friend_add", add.clone()), im.call("sns/friend_delete", remove), im.call("sns/friend_add", add)]
        });
        for answer in join_all(calls.collect::<Vec<_>>()).await {
            answer.ok();
        }
        let calls = names.iter().map(|from| {
            let items: Vec<Value> = names.iter().filter(|name| *name != from).map(|name| item(name)).collect();
            im.call("sns/friend_add", json!({ "From_Account": from, "AddFriendItem": items }))
        });
        for answer in join_all(calls.collect::<Vec<_>>()).await {
            answer.ok();
        }
        for from in &names {
            assert_eq!(page(&im, from, 0).await["FriendNum"], 7);
            for to in names.iter().filter(|name| *name != from) {
                assert_eq!(relation(&im, from, to).await, "CheckResult_Type_BothWay");
            }
        }
    }

    async fn the_last_place_on_a_blocklist_goes_to_one_of_many(im: Im) {
        let count = limit::BLOCKLIST as usize + 9;
        let names: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        im.import(&["alice"]).await;
        let (most, last) = names.split_at(limit::BLOCKLIST as usize - 1);
        im.call("sns/black_list_add", json!({ "From_Account": "alice", "To_Account": most })).await.ok();
        let calls = last.iter().map(|to| {
            im.call("sns/black_list_add", json!({ "From_Account": "alice", "To_Account": [to] }))
        });
        let answers = join_all(calls.collect::<Vec<_>>()).await;
        let good = answers.iter().filter(|answer| answer.ok()["ResultItem"][0]["ResultCode"] == 0).count();
        assert_eq!(good, 1);
    }
}
