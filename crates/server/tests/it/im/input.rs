//! Input of every kind at every command: whatever comes, the answer is HTTP 200, the envelope and a code of the command's
//! family that blames the caller; and what is refused has written nothing.
//!
//! Bodies are made from the schemas of the commands, so a new command is tested by being in the table.

use std::collections::BTreeMap;

use contract::codes::{Family, Raised, Row};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use server::im::action::Command;
use server::im::openapi::body_of;
use server::im::{COMMANDS, find};
use store::testing::{Dice, Witness};

use super::bodies::{Maker, deep};
use crate::harness::{ADMIN, APP, Answer, Im, message, query, with};

/// Bodies altogether; each command gets its share.
const CASES: usize = 4_000;

/// Whose codes a command may answer with: its family's, the gate's, and what accounts share with profiles.
fn rows_of(family: Family) -> impl Iterator<Item = &'static Row> {
    // What is attached to messages of groups speaks of both.
    let more = match family {
        Family::Group => Family::Message,
        Family::Message => Family::Group,
        family => family,
    };
    [family, more, Family::Common, Family::Account, Family::Profile].into_iter().flat_map(Family::rows)
}

/// What no caller may cause.
fn is_ours(row: &Row) -> bool {
    matches!(row.raised, Raised::Cause(causes) if causes.iter().any(|cause| cause.starts_with("Failure::")))
}

/// Checks an answer; says whether the call was refused.
fn check(command: &Command, answer: &Answer, sent: &dyn std::fmt::Display) -> bool {
    let value = answer.value();
    let number = value["ErrorCode"].as_i64().expect("a number");
    let info = value["ErrorInfo"].as_str().expect("a text");
    let mut rows = rows_of(command.family).filter(|row| row.number().map(i64::from) == Some(number));
    let is_good = number == 0 || rows.any(|row| info.starts_with(row.text) && !is_ours(row));
    assert!(is_good, "{}: {value} for {sent:.2000}", command.name);
    number != 0
}

/// The store as it was before a call, where somebody can see it.
struct Before(Option<Witness>);

impl Before {
    /// Forgets what was written until now.
    fn forget(&mut self) {
        self.0.as_mut().map(Witness::changed);
    }

    /// Waits until nothing was written behind the calls' backs for a while: an accepted broadcast goes on after its answer.
    async fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..400 {
            self.forget();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            let is_quiet = self.0.as_mut().is_none_or(|witness| witness.changed().is_empty());
            quiet = if is_quiet { quiet + 1 } else { 0 };
            if quiet == 4 {
                return;
            }
        }
    }

    /// Checks that a refused call has written nothing.
    fn check(&mut self, is_refused: bool, command: &str, sent: &dyn std::fmt::Display) {
        let changed = self.0.as_mut().map(Witness::changed).unwrap_or_default();
        assert!(!is_refused || changed.is_empty(), "{command} was refused and wrote to {changed:?}: {sent:.2000}");
    }
}

/// People and a message, for bodies that name them. Whoever was deleted or kicked is here again.
async fn furnish(im: &Im) {
    // Whoever was kicked, the administrator too, signs anew a minute later.
    im.clock.advance(61_000);
    im.import(&["alice", "bob", "carol"]).await;
}

both! {
    async fn any_body_is_answered_at_every_command(im: Im) {
        furnish(&im).await;
        im.text("alice", "bob", 1, "x").await;
        let mut maker = Maker { dice: Dice::new("bodies") };
        let mut before = Before(im.witness());
        let share = (CASES / COMMANDS.len()).clamp(30, 150);
        let mut good: BTreeMap<&str, usize> = BTreeMap::new();
        for command in COMMANDS {
            let schema = body_of(command);
            for case in 0..share {
                furnish(&im).await;
                let mut body = maker.fit(&schema, "", 0);
                // The first few are such as the command should like.
                for _ in 0..(case / 8).min(3) {
                    maker.bend(&mut body);
                }
                if command.chapter == "broadcast" {
                    before.settle().await;
                }
                before.forget();
                let is_refused = check(command, &im.call(command.name, body.clone()).await, &body);
                before.check(is_refused, command.name, &body);
                *good.entry(command.name).or_default() += usize::from(!is_refused);
            }
        }
        // A generator whose every body is refused at the door tests only the door.
        for command in ["openim/sendmsg", "im_open_login_svc/account_import", "im_open_login_svc/kick"] {
            assert!(good[command] > 0, "no body was good: {command}");
        }
    }

    async fn any_bytes_are_answered_at_every_command(im: Im) {
        furnish(&im).await;
        let mut maker = Maker { dice: Dice::new("bytes") };
        let mut before = Before(im.witness());
        for command in COMMANDS {
            let schema = body_of(command);
            furnish(&im).await;
            for _ in 0..24 {
                let body = maker.fit(&schema, "", 0);
                let bytes = maker.spoil(&body);
                if command.chapter == "broadcast" {
                    before.settle().await;
                }
                before.forget();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let is_refused = check(command, &im.raw(command.name, bytes).await, &text);
                before.check(is_refused, command.name, &text);
                if !is_refused {
                    furnish(&im).await;
                }
            }
        }
    }

    async fn what_lies_deep_comes_back_as_it_was_or_is_refused(im: Im) {
        furnish(&im).await;
        for (number, depth) in [1, 30, 62, 63, 64, 65, 66, 90, 118, 121, 122, 124, 126, 128, 200].into_iter().enumerate() {
            let elements = json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Data": "x", "More": deep(depth) } }]);
            let body = with(message("alice", "bob", number as u32, "x"), json!({ "MsgBody": elements }));
            let answer = im.call("openim/sendmsg", body).await;
            let is_refused = check(find("openim/sendmsg").expect("served"), &answer, &depth);
            let history = im.history("bob", "alice").await;
            let newest = history["MsgList"].as_array().and_then(|list| list.last()).expect("a message");
            assert_eq!(newest["MsgBody"] == elements, !is_refused, "{depth}");
        }
    }

    async fn of_keys_that_stand_twice_the_last_one_holds(im: Im) {
        furnish(&im).await;
        im.raw("im_open_login_svc/account_import", r#"{"UserID":7,"UserID":"dave"}"#).await.ok();
        let twice = r#"{"To_Account":"nobody","MsgRandom":1,"MsgBody":[],"To_Account":"bob","From_Account":"alice",
            "MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"one","Text":"two"}}]}"#;
        im.raw("openim/sendmsg", twice).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["two"]);
    }

    async fn any_query_is_answered(im: Im) {
        let good = query(ADMIN, &im.sig(ADMIN));
        let part = prop_oneof![
            Just("sdkappid".to_owned()), Just("identifier".to_owned()), Just("usersig".to_owned()), Just("=".to_owned()),
            Just("&".to_owned()), Just("%".to_owned()), Just("%00".to_owned()), Just("%e7%83%bd".to_owned()),
            Just(APP.to_string()), Just(ADMIN.to_owned()), Just(good), "[!-~]{1,20}",
        ];
        let command = find("im_open_login_svc/account_check").expect("served");
        // Always the same ones, so that a failure comes again.
        let mut runner = TestRunner::deterministic();
        let parts = proptest::collection::vec(part, 0..12);
        for _ in 0..300 {
            let parts: Vec<String> = parts.new_tree(&mut runner).expect("a case").current();
            let query = parts.concat().replace(['#', '"', '<', '>', '`', '{', '}', '\\', '^', '|'], "%7e");
            check(command, &im.ask(command.name, &query, "{}").await, &query);
        }
    }
}

#[test]
fn a_maker_makes_what_a_schema_says_and_what_it_does_not() {
    let mut maker = Maker { dice: Dice::seeded(7) };
    let schema = body_of(find("openim/batchsendmsg").expect("served"));
    let (mut whole, mut bent) = (0, 0);
    for _ in 0..200 {
        let mut body = maker.fit(&schema, "", 0);
        whole += usize::from(body["To_Account"].is_array() && body["MsgRandom"].is_u64() && body["MsgBody"].is_array());
        let before = body.clone();
        maker.bend(&mut body);
        bent += usize::from(body != before);
    }
    assert_eq!(whole, 200);
    assert!(bent > 120, "{bent}");
    assert_ne!(maker.fit(&schema, "", 0), Value::Null);
}
