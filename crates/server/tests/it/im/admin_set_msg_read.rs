//! `openim/admin_set_msg_read`.

use contract::codes::Message;
use serde_json::{Value, json};

use crate::harness::{Im, message, with};

const COMMAND: &str = "openim/admin_set_msg_read";

fn read() -> Value {
    json!({ "Report_Account": "bob", "Peer_Account": "alice" })
}

/// Sends a message in each of the next seconds.
async fn send(im: &Im, count: u32) {
    for random in 0..count {
        im.clock.advance(1_000);
        im.text("alice", "bob", random, "x").await;
    }
}

both! {
    async fn without_a_time_everything_is_read(im: Im) {
        im.import(&["alice", "bob"]).await;
        send(&im, 5).await;
        im.call(COMMAND, read()).await.ok();
        assert_eq!((im.unread("bob", "alice").await, im.unread_total("bob").await), (0, 0));
        send(&im, 1).await;
        assert_eq!(im.unread("bob", "alice").await, 1);
    }

    async fn everything_up_to_and_with_a_second_is_read_and_a_mark_never_goes_back(im: Im) {
        im.import(&["alice", "bob"]).await;
        send(&im, 5).await;
        let now = im.clock.now().secs();
        for (time, unread) in [
            (json!(now - 5), 5), (json!(now - 4), 4), (json!((now - 2).to_string()), 2), (json!(now - 4), 2),
            (json!(0), 2), (json!(-1), 2), (json!(now - 1), 1), (json!(i64::MAX), 0), (json!(i64::MIN), 0),
        ] {
            im.call(COMMAND, with(read(), json!({ "MsgReadTime": time }))).await.ok();
            assert_eq!(im.unread("bob", "alice").await, unread, "{time}");
        }
    }

    async fn messages_of_the_same_second_are_read_together_whatever_their_sequence(im: Im) {
        im.import(&["alice", "bob"]).await;
        for seq in [9, 3, 5] {
            im.call("openim/sendmsg", with(message("alice", "bob", 1, "x"), json!({ "MsgSeq": seq }))).await.ok();
        }
        let now = im.clock.now().secs();
        im.call(COMMAND, with(read(), json!({ "MsgReadTime": now }))).await.ok();
        assert_eq!(im.unread("bob", "alice").await, 0);
        im.call("openim/sendmsg", with(message("alice", "bob", 1, "x"), json!({ "MsgSeq": 1 }))).await.ok();
        assert_eq!(im.unread("bob", "alice").await, 1);
    }

    async fn it_is_no_receipt_and_does_not_touch_the_peers_own_count(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.call("openim/sendmsg", with(message("alice", "bob", 1, "x"), json!({ "IsNeedReadReceipt": 1 }))).await.ok();
        im.text("bob", "alice", 2, "y").await;
        im.call(COMMAND, read()).await.ok();
        assert_eq!(im.history("alice", "bob").await["MsgList"][0]["IsPeerRead"], 0);
        assert_eq!(im.unread("alice", "bob").await, 1);
    }

    async fn a_conversation_without_messages_can_be_marked(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.call(COMMAND, read()).await.ok();
        im.call(COMMAND, with(read(), json!({ "MsgReadTime": 5 }))).await.ok();
    }

    async fn fields_are_refused_in_their_order(im: Im) {
        im.import(&["alice", "bob"]).await;
        for value in [json!(null), json!(5), json!([]), json!("")] {
            im.call(COMMAND, with(read(), json!({ "Peer_Account": value }))).await.fails(Message::ReceiverInvalid);
            im.call(COMMAND, with(read(), json!({ "Report_Account": value }))).await.fails(Message::SenderInvalid);
        }
        for value in [json!("x"), json!([]), json!(1.5), json!("")] {
            im.call(COMMAND, with(read(), json!({ "MsgReadTime": value }))).await.fails(Message::FieldInvalid);
        }
        im.call(COMMAND, json!({ "Report_Account": 1, "MsgReadTime": "x" })).await.fails(Message::ReceiverInvalid);
        im.call(COMMAND, with(read(), json!({ "Report_Account": "nobody" }))).await.fails(Message::SenderInvalid);
        im.call(COMMAND, with(read(), json!({ "Peer_Account": "nobody" }))).await.fails(Message::ReceiverInvalid);
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bob" }] })).await.ok();
        im.call(COMMAND, read()).await.fails(Message::SenderInvalid);
    }
}
