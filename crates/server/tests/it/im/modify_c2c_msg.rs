//! `openim/modify_c2c_msg`.

use contract::codes::{Common, Message, Row};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{elements, message, with};

const COMMAND: &str = "openim/modify_c2c_msg";

fn edit(key: &str, text: &str) -> Value {
    json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key, "MsgBody": elements(text) })
}

both! {
    async fn both_sides_see_the_new_content_and_the_rest_stays(im: Im) {
        im.import(&["alice", "bob"]).await;
        let sent = with(message("alice", "bob", 7, "old"), json!({ "CloudCustomData": "c" }));
        let key = im.call("openim/sendmsg", sent).await.ok()["MsgKey"].as_str().expect("a key").to_owned();
        im.text("alice", "bob", 8, "other").await;
        im.call(COMMAND, edit(&key, "new")).await.ok();
        for (viewer, peer) in [("alice", "bob"), ("bob", "alice")] {
            assert_eq!(im.texts(viewer, peer).await, ["new", "other"]);
            let first = &im.history(viewer, peer).await["MsgList"][0];
            assert_eq!((&first["MsgKey"], &first["CloudCustomData"], &first["MsgFlagBits"]), (&json!(key), &json!("c"), &json!(0)));
        }
        let cloud = with(edit(&key, ""), json!({ "MsgBody": null, "CloudCustomData": "d" }));
        im.call(COMMAND, cloud).await.ok();
        let first = &im.history("bob", "alice").await["MsgList"][0];
        assert_eq!((&first["MsgBody"], &first["CloudCustomData"]), (&elements("new"), &json!("d")));
        assert_eq!(im.unread("bob", "alice").await, 2);
        // What was sent is what a repeated send is told by, whatever became of it.
        im.call(COMMAND, edit(&key, "newer")).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["newer", "other"]);
    }

    async fn a_message_that_is_not_there_or_recalled_is_not_changed(im: Im) {
        im.import(&["alice", "bob"]).await;
        let key = im.text("alice", "bob", 7, "x").await;
        im.call(COMMAND, edit("1_2_3", "y")).await.fails(Message::MessageUnknown);
        let turned = json!({ "From_Account": "bob", "To_Account": "alice" });
        im.call(COMMAND, with(edit(&key, "y"), turned)).await.fails(Message::MessageUnknown);
        let body = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key });
        im.call("openim/admin_msgwithdraw", body).await.ok();
        im.call(COMMAND, edit(&key, "y")).await.fails(Message::MessageRecalled);
        assert!(im.texts("bob", "alice").await.is_empty());
    }

    async fn of_several_faults_the_earlier_check_answers(im: Im) {
        im.import(&["alice", "bob"]).await;
        let key = im.text("alice", "bob", 7, "x").await;
        let mut body = json!({ "MsgBody": "x", "CloudCustomData": 5 });
        let large = "y".repeat(13_000);
        let steps: [(&str, Value, &Row); 12] = [
            ("To_Account", json!("nobody"), Message::ReceiverInvalid.row()),
            ("From_Account", json!("no one"), Message::SenderInvalid.row()),
            ("MsgKey", json!("1_2"), Message::MsgKeyInvalid.row()),
            ("MsgKey", json!("1_2_3"), Message::MsgKeyInvalid.row()),
            ("MsgBody", json!([]), Message::MsgBodyNotList.row()),
            ("MsgBody", json!([{ "MsgType": "TIMTextElem", "MsgContent": {} }]), Message::MsgBodyInvalid.row()),
            ("MsgBody", elements("y"), Message::MsgElementInvalid.row()),
            ("CloudCustomData", json!(large), Message::FieldInvalid.row()),
            ("From_Account", json!("alice"), Message::SenderUnknown.row()),
            ("To_Account", json!("bob"), Message::ReceiverUnknown.row()),
            ("MsgKey", json!(key), Message::MessageUnknown.row()),
            ("CloudCustomData", json!("z"), Common::MessageTooLong.row()),
        ];
        for (field, value, code) in steps {
            im.call(COMMAND, body.clone()).await.fails(code);
            body[field] = value;
        }
        im.call(COMMAND, body.clone()).await.ok();
        let nothing = with(body, json!({ "MsgBody": null, "CloudCustomData": null }));
        im.call(COMMAND, nothing).await.fails(Message::MsgBodyInvalid);
    }

    async fn of_changes_at_the_same_time_one_is_stored_and_the_others_learn_so(im: Im) {
        im.import(&["alice", "bob"]).await;
        let key = im.text("alice", "bob", 7, "x").await;
        // Calls that are all under way have read before the first has written, or not: it is tried until it was so.
        for round in 0..50 {
            let texts: Vec<String> = (0..8).map(|n| format!("{round}.{n}")).collect();
            let answers = join_all(texts.iter().map(|text| im.call(COMMAND, edit(&key, text)))).await;
            let (stored, lost): (Vec<_>, Vec<_>) =
                texts.iter().zip(&answers).partition(|(_, answer)| answer.value()["ActionStatus"] == "OK");
            for (_, answer) in &lost {
                answer.fails(Message::ModifyConflict);
            }
            let now = im.texts("bob", "alice").await;
            assert!(stored.iter().any(|(text, _)| now == [text.as_str()]), "one of those that were told so is there");
            if !lost.is_empty() {
                return;
            }
        }
        panic!("no change of 400 met another");
    }
}
