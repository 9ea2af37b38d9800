//! `openim/admin_msgwithdraw`.

use contract::codes::Message;
use serde_json::{Value, json};

use crate::harness::{elements, message, with};

const COMMAND: &str = "openim/admin_msgwithdraw";

fn of(sender: &str, receiver: &str, key: &str) -> Value {
    json!({ "From_Account": sender, "To_Account": receiver, "MsgKey": key })
}

both! {
    async fn a_recalled_message_stays_in_its_place_without_content_and_no_longer_counts(im: Im) {
        im.import(&["alice", "bob"]).await;
        let body = with(message("alice", "bob", 1, "gone"), json!({ "CloudCustomData": "secret" }));
        let key = im.call("openim/sendmsg", body).await.ok()["MsgKey"].as_str().expect("a key").to_owned();
        im.text("alice", "bob", 2, "kept").await;
        assert_eq!(im.unread("bob", "alice").await, 2);
        im.clock.advance(400 * 86_400_000);
        im.call(COMMAND, of("alice", "bob", &key)).await.ok();
        for (viewer, peer) in [("alice", "bob"), ("bob", "alice")] {
            let page = im.history(viewer, peer).await;
            let gone = &page["MsgList"][0];
            assert_eq!((&gone["MsgFlagBits"], &gone["MsgBody"], &gone["CloudCustomData"]), (&json!(8), &json!([]), &json!("")));
            assert_eq!(page["MsgList"][1]["MsgFlagBits"], 0);
        }
        assert_eq!(im.unread("bob", "alice").await, 1);
        assert_eq!(im.unread_total("bob").await, 1);
        im.call(COMMAND, of("alice", "bob", &key)).await.fails(Message::MessageRecalled);
    }

    async fn a_message_is_found_by_its_key_and_both_accounts_in_their_order(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        let key = im.text("alice", "bob", 1, "hello").await;
        im.call(COMMAND, of("bob", "alice", &key)).await.fails(Message::MessageUnknown);
        im.call(COMMAND, of("alice", "carol", &key)).await.fails(Message::MessageUnknown);
        im.call(COMMAND, of("alice", "nobody", &key)).await.fails(Message::MessageUnknown);
        im.call(COMMAND, of("alice", "bob", "1_2_3")).await.fails(Message::MessageUnknown);
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
        im.call(COMMAND, of("alice", "bob", &key)).await.ok();
    }

    async fn of_two_messages_with_one_key_the_one_of_the_named_sender_is_recalled(im: Im) {
        im.import(&["alice", "bob"]).await;
        for (sender, receiver) in [("alice", "bob"), ("bob", "alice")] {
            im.call("openim/sendmsg", with(message(sender, receiver, 1, sender), json!({ "MsgSeq": 1 }))).await.ok();
        }
        im.call(COMMAND, of("bob", "alice", "1_1_1700000000")).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["alice"]);
        im.call(COMMAND, of("bob", "alice", "1_1_1700000000")).await.fails(Message::MessageRecalled);
        im.call(COMMAND, of("alice", "bob", "1_1_1700000000")).await.ok();
        assert!(im.texts("bob", "alice").await.is_empty());
    }

    async fn of_one_senders_messages_with_one_key_each_call_recalls_one(im: Im) {
        im.import(&["alice", "bob"]).await;
        for text in ["one", "two"] {
            im.call("openim/sendmsg", with(message("alice", "bob", 1, text), json!({ "MsgSeq": 1 }))).await.ok();
        }
        im.call(COMMAND, of("alice", "bob", "1_1_1700000000")).await.ok();
        assert_eq!(im.texts("bob", "alice").await.len(), 1);
        im.call(COMMAND, of("alice", "bob", "1_1_1700000000")).await.ok();
        assert!(im.texts("bob", "alice").await.is_empty());
        im.call(COMMAND, of("alice", "bob", "1_1_1700000000")).await.fails(Message::MessageRecalled);
    }

    async fn imports_and_one_sided_messages_can_be_recalled_too(im: Im) {
        im.import(&["alice", "bob"]).await;
        let import = json!({ "SyncFromOldSystem": 5, "From_Account": "alice", "To_Account": "bob", "MsgSeq": 5, "MsgRandom": 7,
            "MsgTimeStamp": 1_000, "MsgBody": elements("old") });
        im.call("openim/importmsg", import).await.ok();
        let one_sided = with(message("alice", "bob", 1, "theirs"), json!({ "SyncOtherMachine": 2, "MsgSeq": 1 }));
        im.call("openim/sendmsg", one_sided).await.ok();
        assert_eq!(im.unread("bob", "alice").await, 2);
        im.call(COMMAND, of("alice", "bob", "5_7_1000")).await.ok();
        im.call(COMMAND, of("alice", "bob", "1_1_1700000000")).await.ok();
        assert_eq!(im.unread("bob", "alice").await, 0);
        assert!(im.texts("bob", "alice").await.is_empty());
    }

    async fn messages_of_deleted_accounts_can_be_recalled(im: Im) {
        im.import(&["alice", "bob"]).await;
        let key = im.text("alice", "bob", 1, "hello").await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.call(COMMAND, of("alice", "bob", &key)).await.ok();
        assert!(im.texts("bob", "alice").await.is_empty());
    }

    async fn a_repeated_send_of_a_recalled_message_stays_recalled(im: Im) {
        im.import(&["alice", "bob"]).await;
        let body = with(message("alice", "bob", 1, "hello"), json!({ "MsgSeq": 1 }));
        im.call("openim/sendmsg", body.clone()).await.ok();
        im.call(COMMAND, of("alice", "bob", "1_1_1700000000")).await.ok();
        im.call("openim/sendmsg", body).await.ok();
        assert!(im.texts("bob", "alice").await.is_empty());
    }

    async fn fields_are_refused_in_their_order(im: Im) {
        let good = of("alice", "bob", "1_2_3");
        for value in [json!(null), json!(5), json!([]), json!("")] {
            im.call(COMMAND, with(good.clone(), json!({ "To_Account": value }))).await.fails(Message::ReceiverInvalid);
            im.call(COMMAND, with(good.clone(), json!({ "From_Account": value }))).await.fails(Message::SenderInvalid);
        }
        for value in [
            json!(null), json!(5), json!([]), json!(""), json!("1_2"), json!("1_2_3_4"), json!("a_2_3"), json!("1_-2_3"),
            json!(" 1_2_3"), json!("4294967296_1_1"), json!("1_1_18446744073709551616"), json!("1".repeat(51)),
        ] {
            im.call(COMMAND, with(good.clone(), json!({ "MsgKey": value }))).await.fails(Message::MsgKeyInvalid);
        }
        im.call(COMMAND, json!({ "From_Account": 1, "MsgKey": 1 })).await.fails(Message::ReceiverInvalid);
        im.call(COMMAND, json!({ "To_Account": "b", "From_Account": 1, "MsgKey": 1 })).await.fails(Message::SenderInvalid);
        im.call(COMMAND, good).await.fails(Message::MessageUnknown);
    }
}
