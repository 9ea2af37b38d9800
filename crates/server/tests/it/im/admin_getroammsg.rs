//! `openim/admin_getroammsg`.

use contract::codes::Message;
use serde_json::{Value, json};

use crate::harness::{Im, elements, message, texts, with};

const COMMAND: &str = "openim/admin_getroammsg";

fn span() -> Value {
    json!({ "Operator_Account": "bob", "Peer_Account": "alice", "MaxCnt": 100, "MinTime": 0, "MaxTime": 4_000_000_000_u32 })
}

async fn import(im: &Im, time: i64, seq: u32, text: &str) {
    let body = json!({ "SyncFromOldSystem": 2, "From_Account": "alice", "To_Account": "bob", "MsgSeq": seq, "MsgRandom": 1,
        "MsgTimeStamp": time, "MsgBody": elements(text) });
    im.call("openim/importmsg", body).await.ok();
}

/// Walks back through a conversation as the contract says and answers all texts, oldest first, and the page sizes.
async fn walk(im: &Im, count: i64) -> (Vec<String>, Vec<usize>) {
    let (mut all, mut sizes, mut body) = (Vec::new(), Vec::new(), with(span(), json!({ "MaxCnt": count })));
    loop {
        let page = im.call(COMMAND, body.clone()).await.ok();
        let found = texts(&page);
        assert_eq!(page["MsgCnt"], found.len());
        sizes.push(found.len());
        all.splice(0..0, found);
        if page["Complete"] == 1 {
            return (all, sizes);
        }
        assert_eq!(page["LastMsgKey"], page["MsgList"][0]["MsgKey"]);
        assert_eq!(page["LastMsgTime"], page["MsgList"][0]["MsgTimeStamp"]);
        body = with(body, json!({ "MaxTime": page["LastMsgTime"], "LastMsgKey": page["LastMsgKey"] }));
        assert!(sizes.len() < 500, "the walk does not end");
    }
}

both! {
    async fn an_empty_conversation_is_complete(im: Im) {
        im.import(&["alice", "bob"]).await;
        let page = im.call(COMMAND, span()).await.ok();
        assert_eq!(page["Complete"], 1);
        assert_eq!((&page["MsgCnt"], &page["MsgList"]), (&json!(0), &json!([])));
        assert_eq!((&page["LastMsgTime"], &page["LastMsgKey"]), (&json!(0), &json!("")));
    }

    async fn pages_walk_back_over_many_messages_of_one_second(im: Im) {
        im.import(&["alice", "bob"]).await;
        let mut expected = Vec::new();
        for seq in 0..53_u32 {
            // Twenty in each second; sequences fall while they arrive, so that order is theirs and not of arrival.
            import(&im, 1_000 + i64::from(seq / 20), 1_000 - seq, &seq.to_string()).await;
            expected.push((seq / 20, 1_000 - seq, seq.to_string()));
        }
        expected.sort();
        let expected: Vec<String> = expected.into_iter().map(|(_, _, text)| text).collect();
        for count in [1, 7, 20, 50, 52, 53, 54, 100, 1_000] {
            let (all, sizes) = walk(&im, count).await;
            assert_eq!(all, expected, "in pages of {count}");
            // More than about fifty small messages do not fit into the bytes of a page.
            let full = usize::try_from(count).expect("positive").min(53);
            let (last, pages) = sizes.split_last().expect("a page");
            assert!(*last > 0 && pages.iter().all(|size| (full.min(50)..=full).contains(size)), "{count}: {sizes:?}");
        }
    }

    async fn messages_that_share_a_key_are_all_found(im: Im) {
        im.import(&["alice", "bob"]).await;
        for (sender, receiver, text) in
            [("alice", "bob", "one"), ("bob", "alice", "two"), ("alice", "bob", "three"), ("bob", "alice", "four")]
        {
            im.call("openim/sendmsg", with(message(sender, receiver, 1, text), json!({ "MsgSeq": 1 }))).await.ok();
        }
        for count in [1, 2, 3, 4] {
            let (mut all, _) = walk(&im, count).await;
            all.sort();
            assert_eq!(all, ["four", "one", "three", "two"], "in pages of {count}");
        }
    }

    async fn a_page_is_bounded_whatever_is_asked_for(im: Im) {
        im.import(&["alice", "bob"]).await;
        for seq in 0..101 {
            import(&im, 1_000, seq, "x").await;
        }
        for count in [json!(100), json!(101), json!(i64::MAX), json!("5000")] {
            let page = im.call(COMMAND, with(span(), json!({ "MaxCnt": count }))).await.ok();
            assert!((50..=100).contains(&page["MsgCnt"].as_i64().expect("a count")), "{}", page["MsgCnt"]);
            assert_eq!(page["Complete"], 0);
        }
    }

    async fn a_page_is_cut_at_about_13_kb_and_holds_one_message_at_least(im: Im) {
        im.import(&["alice", "bob"]).await;
        let large = "x".repeat(4_000);
        for seq in 0..7 {
            import(&im, 1_000 + i64::from(seq), seq, &format!("{seq}{large}")).await;
        }
        let (all, sizes) = walk(&im, 100).await;
        assert_eq!(all.iter().map(|text| &text[..1]).collect::<String>(), "0123456");
        assert_eq!(sizes, [3, 3, 1]);
        im.app(|settings, _| settings.message_bytes = 100_000).await;
        import(&im, 2_000, 1, &"y".repeat(50_000)).await;
        let (all, sizes) = walk(&im, 100).await;
        assert_eq!((all.len(), sizes), (8, vec![1, 3, 3, 1]));
    }

    async fn both_ends_of_the_span_belong_to_it(im: Im) {
        im.import(&["alice", "bob"]).await;
        for time in 1_000..1_005 {
            import(&im, time, 1, &time.to_string()).await;
        }
        for (min, max, expected) in [
            (json!(1_001), json!(1_003), vec!["1001", "1002", "1003"]),
            (json!("1001"), json!("1001"), vec!["1001"]),
            (json!(1_003), json!(1_001), vec![]),
            (json!(-5), json!(1_000), vec!["1000"]),
            (json!(i64::MIN), json!(i64::MAX), vec!["1000", "1001", "1002", "1003", "1004"]),
        ] {
            let page = im.call(COMMAND, with(span(), json!({ "MinTime": min, "MaxTime": max }))).await.ok();
            assert_eq!((texts(&page), &page["Complete"]), (expected.iter().map(ToString::to_string).collect(), &json!(1)));
        }
        // A page that is complete in its span says so, whatever lies before the span.
        let page = im.call(COMMAND, with(span(), json!({ "MinTime": 1_003, "MaxCnt": 2 }))).await.ok();
        assert_eq!((texts(&page).len(), &page["Complete"]), (2, &json!(1)));
    }

    async fn both_pairs_of_names_are_taken_and_the_newer_one_wins(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.text("alice", "bob", 1, "hello").await;
        let rest = json!({ "MaxCnt": 10, "MinTime": 0, "MaxTime": 4_000_000_000_u32 });
        let older = with(rest, json!({ "From_Account": "bob", "To_Account": "alice" }));
        assert_eq!(texts(&im.call(COMMAND, older.clone()).await.ok()), ["hello"]);
        let newer = with(older, json!({ "Operator_Account": "carol" }));
        assert!(texts(&im.call(COMMAND, newer).await.ok()).is_empty());
    }

    async fn a_stranger_sees_nothing_and_each_pair_has_its_own(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.text("alice", "bob", 1, "to bob").await;
        im.text("alice", "carol", 2, "to carol").await;
        assert_eq!(im.texts("bob", "alice").await, ["to bob"]);
        assert_eq!(im.texts("carol", "alice").await, ["to carol"]);
        assert!(im.texts("bob", "carol").await.is_empty());
    }

    async fn fields_are_refused_each_by_its_own_code(im: Im) {
        im.import(&["alice", "bob"]).await;
        let refuses = async |changes: Value, code: Message| im.call(COMMAND, with(span(), changes)).await.fails(code);
        for value in [json!(null), json!(5), json!([]), json!("")] {
            refuses(json!({ "Peer_Account": value }), Message::ReceiverInvalid).await;
            refuses(json!({ "Operator_Account": value }), Message::SenderInvalid).await;
        }
        for field in ["MaxCnt", "MinTime", "MaxTime"] {
            for value in [json!(null), json!("x"), json!([]), json!(1.5), json!(1e300)] {
                refuses(json!({ field: value }), Message::FieldInvalid).await;
            }
        }
        for value in [json!(0), json!(-1), json!("0")] {
            refuses(json!({ "MaxCnt": value }), Message::FieldInvalid).await;
        }
        for value in [json!("x"), json!(5), json!("1_2"), json!("1_2_3_4"), json!("-1_2_3")] {
            refuses(json!({ "LastMsgKey": value }), Message::FieldInvalid).await;
        }
        im.call(COMMAND, with(span(), json!({ "LastMsgKey": "" }))).await.ok();
        refuses(json!({ "Operator_Account": "nobody" }), Message::SenderInvalid).await;
        refuses(json!({ "Peer_Account": "nobody" }), Message::ReceiverInvalid).await;
        refuses(json!({ "Operator_Account": "nobody", "Peer_Account": "no one" }), Message::SenderInvalid).await;
        refuses(json!({ "Operator_Account": 1, "Peer_Account": 1 }), Message::ReceiverInvalid).await;
        refuses(json!({ "Operator_Account": "nobody", "MaxCnt": 0 }), Message::FieldInvalid).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bob" }] })).await.ok();
        refuses(json!({}), Message::SenderInvalid).await;
    }
}
