//! The list of recent conversations: pages, deletion, refusals.

use contract::codes::{Common, Conversation};
use contract::plan::Plan;
use contract::{Millis, UserId};
use serde_json::{Value, json};

use crate::harness::{APP, Im, with};

const LIST: &str = "recentcontact/get_list";
const DELETE: &str = "recentcontact/delete";

/// The first page of a list, with pins and empty conversations.
pub(super) fn first(account: &str) -> Value {
    json!({ "From_Account": account, "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0,
        "AssistFlags": 63 })
}

/// Reads all pages of a list; answers the items and the number of pages.
pub(super) async fn all(im: &Im, account: &str, flags: u32) -> (Vec<Value>, usize) {
    let mut body = with(first(account), json!({ "AssistFlags": flags }));
    let (mut items, mut pages) = (Vec::new(), 0);
    loop {
        let page = im.call(LIST, body.clone()).await.ok();
        assert_eq!(page["ErrorDisplay"], "");
        items.extend(page["SessionItem"].as_array().expect("a list").clone());
        pages += 1;
        assert!(pages < 100, "the pages do not end");
        if page["CompleteFlag"] == 1 {
            return (items, pages);
        }
        for field in ["TimeStamp", "StartIndex", "TopTimeStamp", "TopStartIndex"] {
            body[field] = page[field].clone();
        }
    }
}

/// The peers of items, in their order.
pub(super) fn peers(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["To_Account"].as_str().expect("a peer")).collect()
}

/// Pins a conversation, as a device does.
pub(super) async fn pin(im: &Im, account: &'static str, peer: String, is_pinned: bool) -> contract::Result<i64> {
    let (app, now) = (im.node().apps.get(APP).expect("the app"), im.clock.now());
    let pin = move |tx: &mut store::Tx<'_>| {
        let account = UserId::trusted(account);
        let owner = chat::conversation::contact::Owner { app: &app, now, account: &account, origin: None };
        let contact = store::conversations::contacts::Contact::User(UserId::trusted(&peer));
        chat::conversation::contact::pin(tx, &owner, &contact, is_pinned)
    };
    im.node().store.write(APP, pin).await
}

both! {
    async fn conversations_come_newest_first_with_their_last_times(im: Im) {
        im.import(&["alice", "bob", "carol", "dave"]).await;
        for (number, peer) in ["bob", "carol", "dave", "bob"].into_iter().enumerate() {
            im.text(peer, "alice", number as u32, "x").await;
            im.clock.advance(1_000);
        }
        let (items, pages) = all(&im, "alice", 7).await;
        let time = |ago: i64| im.clock.now().secs() - ago;
        let item = |peer: &str, time: i64| json!({ "Type": 1, "To_Account": peer, "MsgTime": time, "TopFlag": 0 });
        assert_eq!(items, [item("bob", time(1)), item("dave", time(2)), item("carol", time(3))]);
        assert_eq!(pages, 1);
        assert_eq!(peers(&all(&im, "bob", 7).await.0), ["alice"]);
        // Flags from 63 on answer what is set.
        let (items, _) = all(&im, "bob", 63).await;
        assert_eq!((&items[0]["StandardMark"], items[0].get("CustomMark")), (&json!("0"), None));
        im.import(&["nobody-yet"]).await;
        let empty = im.call(LIST, first("nobody-yet")).await.ok();
        assert_eq!((&empty["SessionItem"], &empty["CompleteFlag"], &empty["TimeStamp"]), (&json!([]), &json!(1), &json!(0)));
    }

    async fn a_long_list_comes_in_pages_and_each_conversation_once(im: Im) {
        let names: Vec<String> = (0..250).map(|n| format!("peer-{n:03}")).collect();
        im.import(&["alice"]).await;
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for (number, name) in names.iter().enumerate() {
            im.text(name, "alice", 1, "x").await;
            // Many share a second.
            im.clock.advance(if number % 50 == 49 { 1_000 } else { 1 });
        }
        let (items, pages) = all(&im, "alice", 7).await;
        assert_eq!((items.len(), pages), (250, 3));
        assert!(items.is_sorted_by(|one, next| one["MsgTime"].as_i64() >= next["MsgTime"].as_i64()));
        let mut found = peers(&items);
        found.sort_unstable();
        assert_eq!(found, names);
        // One that moves up while somebody pages is neither lost for others nor shown twice.
        let page = im.call(LIST, first("alice")).await.ok();
        im.clock.advance(1_000);
        im.text("peer-000", "alice", 2, "y").await;
        let mut seen = peers(page["SessionItem"].as_array().expect("a list")).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut body = first("alice");
        let mut page = page.clone();
        while page["CompleteFlag"] == 0 {
            for field in ["TimeStamp", "StartIndex", "TopTimeStamp", "TopStartIndex"] {
                body[field] = page[field].clone();
            }
            page = im.call(LIST, body.clone()).await.ok();
            seen.extend(peers(page["SessionItem"].as_array().expect("a list")).into_iter().map(str::to_owned));
        }
        seen.sort_unstable();
        assert_eq!(seen, names[1..]);
        assert_eq!(peers(&all(&im, "alice", 7).await.0)[0], "peer-000");
    }

    async fn a_plan_shows_its_number_of_conversations_and_the_pinned_ones_besides(im: Im) {
        let names: Vec<String> = (0..130).map(|n| format!("peer-{n:03}")).collect();
        im.import(&["alice"]).await;
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for name in &names {
            im.text(name, "alice", 1, "x").await;
            im.clock.advance(1_000);
        }
        im.app(|settings, _| settings.plan = Plan::Trial.as_str().into()).await;
        let (items, _) = all(&im, "alice", 7).await;
        assert_eq!((items.len(), items[99]["To_Account"].as_str()), (100, Some("peer-030")));
        pin(&im, "alice", "peer-000".into(), true).await.expect("pinned");
        let (items, pages) = all(&im, "alice", 7).await;
        assert_eq!((items.len(), pages, peers(&items)[0]), (101, 2, "peer-000"));
        im.app(|settings, _| settings.plan = Plan::Flagship.as_str().into()).await;
        assert_eq!(all(&im, "alice", 7).await.0.len(), 130);
    }

    async fn pinned_conversations_come_first_once_and_by_their_own_cursor(im: Im) {
        im.import(&["alice", "bob", "carol", "dave", "eve"]).await;
        for peer in ["bob", "carol", "dave"] {
            im.text(peer, "alice", 1, "x").await;
            im.clock.advance(1_000);
        }
        for peer in ["carol", "bob", "eve"] {
            pin(&im, "alice", peer.into(), true).await.expect("pinned");
        }
        let flagged = |items: &[Value]| items.iter().map(|item| item["TopFlag"] == 1).collect::<Vec<_>>();
        let (items, _) = all(&im, "alice", 7).await;
        // Nothing was ever written with eve.
        assert_eq!(peers(&items), ["carol", "bob", "eve", "dave"]);
        assert_eq!(flagged(&items), [true, true, true, false]);
        assert_eq!(peers(&all(&im, "alice", 5).await.0), ["carol", "bob", "dave"]);
        assert_eq!(peers(&all(&im, "alice", 1).await.0), ["carol", "bob", "dave"]);
        let (items, _) = all(&im, "alice", 2).await;
        assert_eq!((peers(&items), flagged(&items)), (vec!["dave", "carol", "bob"], vec![false; 3]));
        // Behind its own cursor nothing pinned is left; without paging it is only on the first page.
        let page = im.call(LIST, first("alice")).await.ok();
        let (time, index) = (&page["TopTimeStamp"], &page["TopStartIndex"]);
        let behind = with(first("alice"), json!({ "TopTimeStamp": time, "TopStartIndex": index }));
        assert_eq!(peers(im.call(LIST, behind).await.ok()["SessionItem"].as_array().expect("a list")), ["dave"]);
        let later = json!({ "TimeStamp": im.clock.now().secs() + 9, "StartIndex": 1, "AssistFlags": 3 });
        let page = im.call(LIST, with(first("alice"), later)).await.ok();
        assert_eq!(peers(page["SessionItem"].as_array().expect("a list")), ["dave"]);
    }

    async fn a_deleted_conversation_is_gone_until_its_next_message(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("bob", "alice", 1, "one").await;
        let delete = json!({ "From_Account": "alice", "Type": 1, "To_Account": "bob" });
        pin(&im, "alice", "bob".into(), true).await.expect("pinned");
        assert_eq!(im.unread("alice", "bob").await, 1);
        im.call(DELETE, delete.clone()).await.ok();
        assert_eq!(all(&im, "alice", 7).await.0, Vec::<Value>::new());
        assert_eq!((im.unread("alice", "bob").await, im.unread_total("alice").await), (0, 0));
        // The other side notices nothing, and the history stays.
        assert_eq!(peers(&all(&im, "bob", 7).await.0), ["alice"]);
        assert_eq!(im.texts("alice", "bob").await, ["one"]);
        // A message that does not move the list does not bring it back; it counts all the same.
        let silent = json!({ "SendMsgControl": ["NoLastMsg"] });
        im.call("openim/sendmsg", with(crate::harness::message("bob", "alice", 2, "two"), silent)).await.ok();
        assert_eq!(all(&im, "alice", 7).await.0, Vec::<Value>::new());
        assert_eq!(im.unread("alice", "bob").await, 1);
        im.text("bob", "alice", 3, "three").await;
        let (items, _) = all(&im, "alice", 7).await;
        assert_eq!((peers(&items), &items[0]["TopFlag"]), (vec!["bob"], &json!(0)));
        assert_eq!(im.unread("alice", "bob").await, 2);
        // With ClearRamble the history goes, for this side.
        im.call(DELETE, with(delete, json!({ "ClearRamble": 1 }))).await.ok();
        assert_eq!(im.texts("alice", "bob").await, Vec::<String>::new());
        assert_eq!(im.texts("bob", "alice").await, ["one", "two", "three"]);
        im.text("alice", "bob", 4, "four").await;
        assert_eq!((im.texts("alice", "bob").await, peers(&all(&im, "alice", 7).await.0)), (vec!["four".to_owned()], vec!["bob"]));
    }

    async fn a_cleared_conversation_stays_as_an_empty_one(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("bob", "alice", 1, "one").await;
        let (app, now) = (im.node().apps.get(APP).expect("the app"), im.clock.now());
        let clear = move |tx: &mut store::Tx<'_>| {
            let account = UserId::trusted("alice");
            let owner = chat::conversation::contact::Owner { app: &app, now, account: &account, origin: None };
            let contact = store::conversations::contacts::Contact::User(UserId::trusted("bob"));
            chat::conversation::contact::clear(tx, &owner, &contact)
        };
        im.node().store.write(APP, clear).await.expect("cleared");
        assert_eq!(peers(&all(&im, "alice", 3).await.0), ["bob"]);
        assert_eq!(peers(&all(&im, "alice", 1).await.0), Vec::<&str>::new());
        assert_eq!((im.unread("alice", "bob").await, im.texts("alice", "bob").await.len()), (0, 0));
    }

    async fn a_list_that_nobody_looked_at_for_long_is_put_into_order_first(im: Im) {
        let names: Vec<String> = (0..700).map(|n| format!("peer-{n:03}")).collect();
        im.import(&["alice"]).await;
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for names in names.chunks(350) {
            let body = json!({ "From_Account": "alice", "To_Account": names, "MsgRandom": 1,
                "MsgBody": crate::harness::elements("x") });
            im.call("openim/batchsendmsg", body).await.ok();
            im.clock.advance(1_000);
        }
        let unsettled = || async {
            let count = |snapshot: &mut store::Snapshot<'_>| {
                Ok(store::conversations::list::unsettled(snapshot, &UserId::trusted("alice"), 1_000)?.len())
            };
            im.node().store.read(APP, count).await.expect("a count")
        };
        assert_eq!(unsettled().await, 700);
        let (items, pages) = all(&im, "alice", 7).await;
        assert_eq!((items.len(), pages, unsettled().await), (700, 7, 0));
        // What moves next is sorted in, and left alone until there is more of it.
        im.text("peer-000", "alice", 9, "x").await;
        im.text("alice", "peer-007", 9, "x").await;
        im.clock.advance(1_000);
        im.text("peer-699", "alice", 9, "x").await;
        let (items, _) = all(&im, "alice", 7).await;
        assert_eq!((items.len(), peers(&items)[0], unsettled().await), (700, "peer-699", 3));
    }

    async fn a_list_is_answered_while_somebody_puts_it_into_order(im: Im) {
        let names: Vec<String> = (0..100).map(|n| format!("peer-{n:03}")).collect();
        im.import(&["alice"]).await;
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let body = json!({ "From_Account": "alice", "To_Account": names, "MsgRandom": 1,
            "MsgBody": crate::harness::elements("x") });
        im.call("openim/batchsendmsg", body).await.ok();
        // Nothing is written until all of this is read.
        let (go, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let hold = move |tx: &mut store::Tx<'_>| {
            // On PostgreSQL writers do not wait for each other, but for this account.
            store::accounts::lock(tx, &UserId::trusted("alice"))?;
            // The end of the other side is what is waited for.
            assert!(held.lock().expect("one holds it").recv().is_err());
            Ok(())
        };
        let read = async {
            let (one, two) = (im.call(LIST, first("alice")), im.call(LIST, first("alice")));
            let answer = tokio::select! { answer = one => answer, answer = two => answer };
            drop(go);
            answer.ok()
        };
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), read);
        let (page, held) = tokio::join!(read, im.node().store.write(APP, hold));
        held.expect("it was held");
        assert_eq!(page.expect("the list does not wait")["SessionItem"].as_array().map(Vec::len), Some(100));
    }

    async fn what_a_list_cannot_be_asked_is_refused(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("bob", "alice", 1, "x").await;
        for field in ["From_Account", "TimeStamp", "StartIndex", "TopTimeStamp", "TopStartIndex", "AssistFlags"] {
            im.call(LIST, with(first("alice"), json!({ field: null }))).await.fails(Conversation::FieldInvalid);
            for bad in [json!("x"), json!(-1), json!(1.5), json!([]), json!({}), json!(true)] {
                if !(field == "From_Account" && bad == "x") {
                    im.call(LIST, with(first("alice"), json!({ field: bad }))).await.fails(Conversation::FieldInvalid);
                }
            }
        }
        im.call(LIST, first("nobody")).await.fails(Conversation::AccountUnknown);
        im.call(LIST, first(&"n".repeat(33))).await.fails(Conversation::FieldInvalid);
        im.raw(LIST, "[1]").await.fails(Conversation::FieldInvalid);
        let delete = json!({ "From_Account": "alice", "Type": 1, "To_Account": "bob" });
        for (changes, code) in [
            (json!({ "From_Account": null }), Conversation::FieldInvalid),
            (json!({ "From_Account": "nobody" }), Conversation::AccountUnknown),
            (json!({ "Type": null }), Conversation::FieldInvalid),
            (json!({ "Type": 3 }), Conversation::FieldInvalid),
            (json!({ "Type": "1" }), Conversation::FieldInvalid),
            (json!({ "To_Account": null }), Conversation::FieldInvalid),
            (json!({ "To_Account": "nobody" }), Conversation::AccountUnknown),
            (json!({ "To_Account": ["bob"] }), Conversation::FieldInvalid),
            (json!({ "ClearRamble": 2 }), Conversation::FieldInvalid),
            (json!({ "Type": 2 }), Conversation::FieldInvalid),
            (json!({ "Type": 2, "ToGroupid": "@TGS#1" }), Conversation::GroupUnknown),
            (json!({ "Type": 2, "ToGroupId": "@TGS#1" }), Conversation::GroupUnknown),
        ] {
            im.call(DELETE, with(delete.clone(), changes)).await.fails(code);
        }
        assert_eq!(peers(&all(&im, "alice", 7).await.0), ["bob"]);
        // The gate answers callers who are no administrators, before the list is looked at.
        im.call_as("alice", &im.sig("alice"), LIST, first("alice")).await.fails(Common::NotAdmin);
    }

    async fn who_was_deleted_comes_back_without_pins_and_conversations(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("bob", "alice", 1, "x").await;
        pin(&im, "alice", "bob".into(), true).await.expect("pinned");
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.call(LIST, first("alice")).await.fails(Conversation::AccountUnknown);
        im.import(&["alice"]).await;
        assert_eq!(all(&im, "alice", 7).await.0, Vec::<Value>::new());
        // What a deleted account wrote can be put away.
        im.text("alice", "bob", 2, "x").await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.call(DELETE, json!({ "From_Account": "bob", "Type": 1, "To_Account": "alice" })).await.ok();
        assert_eq!(all(&im, "bob", 7).await.0, Vec::<Value>::new());
    }

    async fn the_list_of_who_was_deleted_and_came_back_shows_nothing_of_the_former_life(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("bob", "alice", 1, "in the former life").await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.import(&["alice"]).await;
        im.clock.advance(60_000);
        let silent = json!({ "SendMsgControl": ["NoLastMsg"] });
        im.call("openim/sendmsg", with(crate::harness::message("bob", "alice", 2, "silent"), silent)).await.ok();
        // As after a deletion: what does not move the list does not bring a conversation into it.
        assert_eq!(all(&im, "alice", 7).await.0, Vec::<Value>::new());
        assert_eq!((im.texts("alice", "bob").await, im.unread("alice", "bob").await), (vec!["silent".to_owned()], 1));
        im.text("bob", "alice", 3, "heard").await;
        let (items, _) = all(&im, "alice", 7).await;
        assert_eq!((peers(&items), items[0]["MsgTime"].as_i64()), (vec!["bob"], Some(im.clock.now().secs())));
        assert_eq!((im.texts("alice", "bob").await.len(), im.unread("alice", "bob").await), (2, 2));
        assert_eq!(peers(&all(&im, "bob", 7).await.0), ["alice"]);
    }

    async fn no_more_than_fifty_conversations_are_pinned(im: Im) {
        let names: Vec<String> = (0..51).map(|n| format!("peer-{n:03}")).collect();
        im.import(&["alice"]).await;
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for name in &names[..50] {
            pin(&im, "alice", name.clone(), true).await.expect("pinned");
        }
        let full = Err(contract::Error::Fault(contract::Fault::PinQuota { max: 50 }));
        assert_eq!(pin(&im, "alice", names[50].clone(), true).await, full);
        // One that is pinned already is not another one.
        pin(&im, "alice", names[0].clone(), true).await.expect("nothing changes");
        pin(&im, "alice", names[0].clone(), false).await.expect("unpinned");
        pin(&im, "alice", names[50].clone(), true).await.expect("pinned");
        assert_eq!(all(&im, "alice", 7).await.0.len(), 50);
    }

    async fn a_change_that_came_in_earlier_and_is_committed_later_is_not_missed(im: Im) {
        im.import(&["alice", "bob"]).await;
        let keys = [im.text("alice", "bob", 1, "one").await, im.text("alice", "bob", 2, "two").await];
        let [one, two] = keys.map(|key| key.parse::<contract::MsgKey>().expect("a key"));
        let (alice, bob) = (UserId::trusted("alice"), UserId::trusted("bob"));
        let recall = async |at: Millis, key| {
            let (alice, bob) = (alice.clone(), bob.clone());
            let by = chat::message::Recaller::Admin(UserId::trusted("administrator"));
            let recall = move |tx: &mut store::Tx<'_>| chat::message::recall(tx, at, &alice, &bob, key, &by);
            im.node().store.write(APP, recall).await.expect("recalled");
        };
        let look = async |after: Millis| {
            let (alice, bob) = (alice.clone(), bob.clone());
            let look = move |snapshot: &mut store::Snapshot<'_>| {
                let changes = chat::conversation::changed(snapshot, &bob, &alice, after, None)?;
                let head = store::conversations::get(snapshot, &bob, &alice)?.expect("a head");
                Ok((changes.messages.iter().map(|(_, message)| message.key).collect::<Vec<_>>(), head.moved_at))
            };
            im.node().store.read(APP, look).await.expect("a look")
        };
        let now = im.clock.now();
        recall(now.plus(10), one).await;
        let (found, seen) = look(now).await;
        assert_eq!(found, [one]);
        recall(now, two).await;
        let (found, moved) = look(seen).await;
        assert_eq!((found, moved > seen), (vec![two], true));
    }

    async fn heads_that_moved_in_one_moment_come_in_pages(im: Im) {
        let names: Vec<String> = (0..1_010).map(|n| format!("peer-{n:04}")).collect();
        im.import(&["alice"]).await;
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for names in names.chunks(500) {
            let body = json!({ "From_Account": "alice", "To_Account": names, "MsgRandom": 1,
                "MsgBody": crate::harness::elements("x") });
            im.call("openim/batchsendmsg", body).await.ok();
        }
        let (mut found, mut after, mut behind) = (Vec::new(), Millis(0), None::<UserId>);
        loop {
            let from = behind.clone();
            let read = move |snapshot: &mut store::Snapshot<'_>| {
                chat::conversation::moved(snapshot, &UserId::trusted("alice"), after, from.as_ref(), 100)
            };
            let (listed, is_complete) = im.node().store.read(APP, read).await.expect("a page");
            found.extend(listed.iter().map(|listed| listed.head.peer.to_string()));
            if is_complete {
                break;
            }
            let last = &listed.last().expect("a page that is not the last has heads").head;
            (after, behind) = (last.moved_at, Some(last.peer.clone()));
        }
        assert_eq!(found, names);
    }
}
