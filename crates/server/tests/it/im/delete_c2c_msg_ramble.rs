//! `openim/delete_c2c_msg_ramble`.

use contract::codes::Message;
use contract::ledger::How;
use serde_json::{Value, json};
use store::sql;

use crate::harness::with;

const COMMAND: &str = "openim/delete_c2c_msg_ramble";

fn delete(keys: &[&str]) -> Value {
    json!({ "Operator_Account": "bob", "Peer_Account": "alice", "MsgKeyList": keys })
}

both! {
    async fn messages_go_from_one_view_in_either_direction_and_stay_in_the_other(im: Im) {
        im.import(&["alice", "bob"]).await;
        let first = im.text("alice", "bob", 1, "first").await;
        let second = im.text("bob", "alice", 2, "second").await;
        im.text("alice", "bob", 3, "third").await;
        assert_eq!(im.unread("bob", "alice").await, 2);
        im.call(COMMAND, delete(&[&first, &second, "1_2_3"])).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["third"]);
        assert_eq!(im.texts("alice", "bob").await, ["first", "second", "third"]);
        // What was deleted before it was read is not waiting to be read.
        assert_eq!(im.unread("bob", "alice").await, 1);
        im.call(COMMAND, delete(&[&first])).await.ok();
        let other = json!({ "Operator_Account": "alice", "Peer_Account": "bob" });
        im.call(COMMAND, with(delete(&[&first]), other)).await.ok();
        assert_eq!(im.texts("alice", "bob").await, ["second", "third"]);
    }

    async fn fields_are_refused_each_by_its_own_code(im: Im) {
        im.import(&["alice", "bob"]).await;
        let key = im.text("alice", "bob", 1, "x").await;
        let good = delete(&[&key]);
        let many: Vec<&str> = std::iter::repeat_n("1_2_3", 31).collect();
        for (changes, code) in [
            (json!({ "Peer_Account": null, "Operator_Account": null }), Message::ReceiverInvalid),
            (json!({ "Peer_Account": 5 }), Message::ReceiverInvalid),
            (json!({ "Peer_Account": "nobody" }), Message::ReceiverInvalid),
            (json!({ "Operator_Account": null }), Message::SenderInvalid),
            (json!({ "Operator_Account": "nobody" }), Message::SenderInvalid),
            (json!({ "MsgKeyList": null }), Message::FieldInvalid),
            (json!({ "MsgKeyList": [] }), Message::FieldInvalid),
            (json!({ "MsgKeyList": many }), Message::FieldInvalid),
            (json!({ "MsgKeyList": [5] }), Message::FieldInvalid),
            (json!({ "MsgKeyList": ["1_2_3", "1_2"] }), Message::MsgKeyInvalid),
        ] {
            im.call(COMMAND, with(good.clone(), changes)).await.fails(code);
        }
        im.call(COMMAND, delete(&many[..30])).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["x"]);
    }

    async fn trouble_of_the_store_is_told_by_a_code_of_its_own(im: Im) {
        im.import(&["alice", "bob"]).await;
        let key = im.text("alice", "bob", 1, "x").await;
        im.sql(sql!("ALTER TABLE messages RENAME TO elsewhere")).await;
        im.call(COMMAND, delete(&[&key])).await.fails_by(Message::DeleteFailed, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO messages")).await;
        im.call(COMMAND, delete(&[&key])).await.ok();
        assert!(im.texts("bob", "alice").await.is_empty());
    }
}
