//! `openim/get_c2c_unread_msg_num`.

use contract::codes::{Account, Message};
use serde_json::json;

use crate::harness::{elements, item_fails};

const COMMAND: &str = "openim/get_c2c_unread_msg_num";

both! {
    async fn one_number_for_all_or_one_for_each_peer(im: Im) {
        im.import(&["alice", "bob", "carol", "dave"]).await;
        im.text("alice", "bob", 1, "x").await;
        im.text("alice", "bob", 2, "x").await;
        im.text("carol", "bob", 3, "x").await;
        im.text("bob", "alice", 4, "x").await;
        let all = im.call(COMMAND, json!({ "To_Account": "bob" })).await.ok();
        assert_eq!(all["AllC2CUnreadMsgNum"], 3);
        assert!(all.get("C2CUnreadMsgNumList").is_none() && all.get("ErrorList").is_none(), "{all}");
        let peers = json!(["dave", "alice", "nobody", "carol", "alice", ""]);
        let each = im.call(COMMAND, json!({ "To_Account": "bob", "Peer_Account": peers })).await.ok();
        assert!(each.get("AllC2CUnreadMsgNum").is_none(), "{each}");
        let count = |peer, unread| json!({ "Peer_Account": peer, "C2CUnreadMsgNum": unread });
        let expected = [count("dave", 0), count("alice", 2), count("carol", 1), count("alice", 2)];
        assert_eq!(each["C2CUnreadMsgNumList"], json!(expected));
        assert_eq!(each["ErrorList"][0]["Peer_Account"], "nobody");
        assert_eq!(each["ErrorList"][1]["Peer_Account"], "");
        item_fails(&each["ErrorList"][0]["ErrorCode"], Account::AccountUnknown);
    }

    async fn one_call_asks_about_ten_peers_at_most(im: Im) {
        im.import(&["bob"]).await;
        let peers = |count: usize| vec!["nobody"; count];
        im.call(COMMAND, json!({ "To_Account": "bob", "Peer_Account": peers(10) })).await.ok();
        im.call(COMMAND, json!({ "To_Account": "bob", "Peer_Account": peers(11) })).await.fails(Message::PeersTooMany);
        let none = im.call(COMMAND, json!({ "To_Account": "bob", "Peer_Account": [] })).await.ok();
        assert_eq!(none["C2CUnreadMsgNumList"], json!([]));
    }

    async fn a_conversation_counts_250_at_most(im: Im) {
        im.import(&["alice", "bob"]).await;
        let sends = |range: std::ops::Range<u32>| range.map(|random| im.text("alice", "bob", random, "x"));
        futures_util::future::join_all(sends(0..250)).await;
        assert_eq!(im.unread("bob", "alice").await, 250);
        futures_util::future::join_all(sends(250..260)).await;
        assert_eq!((im.unread("bob", "alice").await, im.unread_total("bob").await), (250, 250));
    }

    async fn a_hundred_conversations_count_at_most(im: Im) {
        let names: Vec<String> = (0..103).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        im.import(&names).await;
        im.import(&["bob"]).await;
        futures_util::future::join_all(names.iter().map(|name| im.text(name, "bob", 1, "x"))).await;
        assert_eq!(im.unread_total("bob").await, 100);
    }

    async fn imports_that_count_are_cleared_with_the_rest(im: Im) {
        im.import(&["alice", "bob"]).await;
        for random in 0..3 {
            let body = json!({ "SyncFromOldSystem": 5, "From_Account": "alice", "To_Account": "bob", "MsgRandom": random,
                "MsgTimeStamp": 1_000, "MsgBody": elements("x") });
            im.call("openim/importmsg", body).await.ok();
        }
        im.text("alice", "bob", 1, "x").await;
        assert_eq!(im.unread("bob", "alice").await, 4);
        im.call("openim/admin_set_msg_read", json!({ "Report_Account": "bob", "Peer_Account": "alice" })).await.ok();
        assert_eq!((im.unread("bob", "alice").await, im.unread_total("bob").await), (0, 0));
    }

    async fn fields_are_refused_in_their_order(im: Im) {
        im.import(&["bob"]).await;
        for value in [json!(null), json!(5), json!(["bob"]), json!("")] {
            im.call(COMMAND, json!({ "To_Account": value, "Peer_Account": 5 })).await.fails(Message::ReceiverInvalid);
        }
        for value in [json!("alice"), json!(5), json!({}), json!([5]), json!([null]), json!(["a", 5])] {
            im.call(COMMAND, json!({ "To_Account": "bob", "Peer_Account": value })).await.fails(Message::ReceiverInvalid);
        }
        im.call(COMMAND, json!({ "To_Account": "nobody" })).await.fails(Message::ReceiverInvalid);
        let body = json!({ "To_Account": "nobody", "Peer_Account": vec!["a"; 11] });
        im.call(COMMAND, body).await.fails(Message::ReceiverInvalid);
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bob" }] })).await.ok();
        im.call(COMMAND, json!({ "To_Account": "bob" })).await.fails(Message::ReceiverInvalid);
    }
}
