//! `openim/querystate`, the older name of `query_online_status`.

use contract::codes::{Account, Message};
use serde_json::json;

const COMMAND: &str = "openim/querystate";

both! {
    async fn it_answers_as_the_newer_one_but_lists_no_failures(im: Im) {
        im.import(&["alice"]).await;
        let answer = im.call(COMMAND, json!({ "To_Account": ["alice", "nobody"], "IsNeedDetail": 1 })).await.ok();
        assert_eq!(answer["QueryResult"], json!([{ "To_Account": "alice", "Status": "Offline", "State": "Offline" }]));
        assert!(answer.get("ErrorList").is_none(), "{answer}");
    }

    async fn it_refuses_as_the_newer_one(im: Im) {
        im.call(COMMAND, json!({})).await.fails(Message::FieldInvalid);
        im.call(COMMAND, json!({ "To_Account": "alice" })).await.fails(Message::ReceiverInvalid);
        im.call(COMMAND, json!({ "To_Account": vec!["a"; 501] })).await.fails(Message::ReceiversTooMany);
        im.call(COMMAND, json!({ "To_Account": ["nobody"] })).await.fails(Account::AccountUnknown);
    }
}
