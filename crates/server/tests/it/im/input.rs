//! Input of every kind: whatever comes, the answer is HTTP 200, the envelope and a code of the catalogue that blames
//! the caller.

use contract::codes::{self, Surface};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::harness::{ADMIN, APP, Answer, elements, query};

/// Bodies per command.
const CASES: usize = 120;

/// Every field that some command reads, and some that none does.
const FIELDS: [&str; 41] = [
    "RawURL",
    "RawURLs",
    "ResourceID",
    "ChatType",
    "MsgTime",
    "UserID",
    "Identifier",
    "Nick",
    "FaceUrl",
    "Accounts",
    "AccountList",
    "DeleteItem",
    "CheckItem",
    "To_Account",
    "From_Account",
    "IsNeedDetail",
    "MsgSeq",
    "MsgRandom",
    "MsgBody",
    "MsgType",
    "MsgContent",
    "CloudCustomData",
    "SendMsgControl",
    "SyncOtherMachine",
    "MsgLifeTime",
    "OnlineOnlyFlag",
    "OfflinePushInfo",
    "IsNeedReadReceipt",
    "SupportMessageExtension",
    "SyncFromOldSystem",
    "MsgTimeStamp",
    "Peer_Account",
    "Operator_Account",
    "MaxCnt",
    "MinTime",
    "MaxTime",
    "LastMsgKey",
    "MsgKey",
    "Report_Account",
    "MsgReadTime",
    "nothing",
];

/// What a field may hold that some command likes.
fn likely() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("alice")),
        Just(json!("bob")),
        Just(json!("administrator")),
        Just(json!("nobody")),
        Just(json!(["alice", "bob"])),
        Just(json!([{ "UserID": "alice" }, { "UserID": "u1", "Nick": "n" }])),
        Just(elements("x")),
        Just(json!("1_2_3")),
        Just(json!({ "PushFlag": 0, "Desc": "d" })),
        Just(json!(["NoUnread"])),
        (0..6_i64).prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
    ]
}

/// Anything that is JSON.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,40}".prop_map(Value::from),
        "[\\x00-\\x20]{0,4}".prop_map(Value::from),
        "a{0,600}".prop_map(Value::from),
        likely(),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let names = prop_oneof![proptest::sample::select(&FIELDS[..]).prop_map(str::to_owned), ".{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(names, inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// A body whose fields are known by name and hold what they may or anything.
fn body() -> impl Strategy<Value = Value> {
    let value = prop_oneof![3 => likely(), 1 => anything()];
    vec((proptest::sample::select(&FIELDS[..]), value), 0..30)
        .prop_map(|fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// What no caller may cause.
fn is_ours(number: i64) -> bool {
    use codes::{Account, Data, Message};
    [
        Account::InternalError.row(),
        Data::InternalError.row(),
        Account::StoreTimeout.row(),
        Account::StoreUnavailable.row(),
        Message::InternalError.row(),
        Message::InternalTimeout.row(),
        Message::StoreFull.row(),
        Message::QueueFull.row(),
        Message::StoreUnavailable.row(),
        Message::SendConflict.row(),
    ]
    .iter()
    .any(|row| row.number().map(i64::from) == Some(number))
}

fn check(answer: &Answer, sent: &str) {
    let value = answer.value();
    let number = value["ErrorCode"].as_i64().expect("a number");
    let info = value["ErrorInfo"].as_str().expect("a text");
    let is_known = number == 0
        || codes::rows()
            .filter(|row| row.surface == Surface::Im && row.number().map(i64::from) == Some(number))
            .any(|row| info.starts_with(row.text));
    assert!(is_known && !is_ours(number), "{value} for {sent}");
}

fn cases<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    // Always the same ones, so that a failure comes again.
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a case").current()).collect()
}

both! {
    async fn any_body_is_answered_at_every_command(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 1, "x").await;
        let bodies = cases(body(), CASES);
        for command in server::im::COMMANDS {
            for (count, body) in bodies.iter().enumerate() {
                // Whoever was kicked, the administrator too, signs anew a minute later; whoever was deleted comes back.
                im.clock.advance(61_000);
                if count % 5 == 0 {
                    im.import(&["alice", "bob"]).await;
                }
                check(&im.call(command.name, body.clone()).await, &format!("{} {body}", command.name));
            }
        }
    }

    async fn any_bytes_are_answered_at_every_command(im: Im) {
        let bytes = cases(vec(any::<u8>(), 0..200), 30);
        let cut = cases((body(), any::<proptest::sample::Index>()), 60);
        for command in server::im::COMMANDS {
            for bytes in &bytes {
                check(&im.raw(command.name, bytes.clone()).await, &format!("{} {bytes:?}", command.name));
            }
            for (body, cut) in &cut {
                let mut text = body.to_string().into_bytes();
                text.truncate(cut.index(text.len() + 1));
                check(&im.raw(command.name, text.clone()).await, &format!("{} {body} cut", command.name));
            }
        }
    }

    async fn any_query_is_answered(im: Im) {
        let good = query(ADMIN, &im.sig(ADMIN));
        let part = prop_oneof![
            Just("sdkappid".to_owned()), Just("identifier".to_owned()), Just("usersig".to_owned()), Just("=".to_owned()),
            Just("&".to_owned()), Just("%".to_owned()), Just("%00".to_owned()), Just("%e7%83%bd".to_owned()),
            Just(APP.to_string()), Just(ADMIN.to_owned()), Just(good), "[!-~]{1,20}",
        ];
        for parts in cases(vec(part, 0..12), 300) {
            let query = parts.concat().replace(['#', '"', '<', '>', '`', '{', '}', '\\', '^', '|'], "%7e");
            check(&im.ask("im_open_login_svc/account_check", &query, "{}").await, &query);
        }
    }
}
