//! `open_msg_svc/get_history`: files of hours that are over, until they are gone.

use std::io::Read;

use contract::codes::{Common, Data};
use contract::ledger::How;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use server::media::{hour_text, round};
use store::sql;
use store::testing::TestEngine;

use super::group::{letter, make, say};
use crate::harness::{Answer, Im, START, message, with};
use crate::media::{md5, path};
use crate::raw::until;

const COMMAND: &str = "open_msg_svc/get_history";
const HOUR_MS: i64 = 3_600_000;

/// The hour in which the clock stands at first.
const HOUR: i64 = START.0 / HOUR_MS;

async fn ask(im: &Im, hour: i64) -> Answer {
    im.call(COMMAND, json!({ "ChatType": "C2C", "MsgTime": hour_text(hour, 0) })).await
}

async fn ask_of_groups(im: &Im, hour: i64) -> Answer {
    im.call(COMMAND, json!({ "ChatType": "Group", "MsgTime": hour_text(hour, 0) })).await
}

/// Moves the clock into the next hour, past the grace.
fn pass_hour(im: &Im) {
    im.clock.advance(HOUR_MS + 11 * 60_000);
}

/// Downloads the file that an answer lists, and checks what is said of it. Answers the text.
async fn download(im: &Im, answer: &Value) -> String {
    let file = &answer["File"][0];
    let got = im.send("GET", path(file["URL"].as_str().expect("a link")), "").await;
    assert_eq!(got.head().status, 200, "{:?}", got.body());
    assert_eq!((&file["GzipSize"], &file["GzipMD5"]), (&json!(got.body().len()), &json!(md5(got.body()))));
    let mut text = String::new();
    GzDecoder::new(&got.body()[..]).read_to_string(&mut text).expect("it is gzip of text");
    assert_eq!((&file["FileSize"], &file["FileMD5"]), (&json!(text.len()), &json!(md5(text.as_bytes()))));
    text
}

both! {
    async fn an_hour_is_a_file_with_a_message_on_each_line(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.text("alice", "bob", 1, "first \"of\" all").await;
        im.text("bob", "alice", 2, "二").await;
        im.text("carol", "alice", 3, "third").await;
        let recalled = im.text("carol", "alice", 4, "gone").await;
        let body = json!({ "From_Account": "carol", "To_Account": "alice", "MsgKey": recalled });
        im.call("openim/admin_msgwithdraw", body).await.ok();
        let old = with(message("alice", "bob", 5, "old"), json!({ "SyncFromOldSystem": 2, "MsgTimeStamp": START.secs() }));
        im.call("openim/importmsg", old).await.ok();
        ask(&im, HOUR).await.fails(Data::FileNotReady);
        pass_hour(&im);
        im.text("alice", "bob", 6, "of the next hour").await;
        round(im.node()).await.expect("a round");
        let answer = ask(&im, HOUR).await.ok();
        let text = download(&im, &answer).await;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("{{\"SdkAppId\":1400000001,\"ChatType\":\"C2C\",\"MsgTime\":\"{}\",\"MsgList\":[", hour_text(HOUR, 0)));
        assert_eq!((lines.len(), *lines.last().expect("an end")), (5, "]}"));
        let whole: Value = serde_json::from_str(&text).expect("the whole is JSON");
        let mut said: Vec<_> = whole["MsgList"].as_array().expect("a list").iter().map(|one| {
            assert_eq!(one["MsgTimestamp"], START.secs());
            assert!(one["MsgSeq"].is_u64() && one.as_object().map(serde_json::Map::len) == Some(6), "{one}");
            (one["MsgRandom"].as_i64(), one["From_Account"].as_str(), one["To_Account"].as_str(), one["MsgBody"][0]["MsgContent"]["Text"].as_str())
        }).collect();
        said.sort_unstable();
        assert_eq!(said, [
            (Some(1), Some("alice"), Some("bob"), Some("first \"of\" all")),
            (Some(2), Some("bob"), Some("alice"), Some("二")),
            (Some(3), Some("carol"), Some("alice"), Some("third")),
        ]);
        ask(&im, HOUR + 1).await.fails(Data::FileNotReady);
    }

    async fn an_hour_without_a_file_is_told_from_one_that_is_long_gone(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 1, "x").await;
        ask(&im, HOUR).await.fails(Data::FileNotReady);
        ask(&im, HOUR + 5).await.fails(Data::FileNotReady);
        pass_hour(&im);
        round(im.node()).await.expect("a round");
        let answer = ask(&im, HOUR).await.ok();
        let link = path(answer["File"][0]["URL"].as_str().expect("a link")).to_owned();
        // Nobody sent anything in the hour before, nor ever in a group.
        ask(&im, HOUR - 1).await.fails(Data::FileNotReady);
        im.call(COMMAND, json!({ "ChatType": "Group", "MsgTime": hour_text(HOUR, 0) })).await.fails(Data::FileNotReady);
        ask(&im, HOUR - 7 * 24 - 1).await.fails(Data::FileExpired);
        // The link runs out before the file does.
        im.clock.advance(24 * HOUR_MS);
        im.send("GET", &link, "").await.is_refused(403, contract::codes::Resource::FileForbidden);
        let end = (HOUR + 1 + 7 * 24) * HOUR_MS;
        im.clock.advance(end - 1_000 - im.clock.now().0);
        round(im.node()).await.expect("a round");
        let answer = ask(&im, HOUR).await.ok();
        download(&im, &answer).await;
        im.clock.advance(1_000);
        ask(&im, HOUR).await.fails(Data::FileExpired);
        im.clock.advance(HOUR_MS);
        round(im.node()).await.expect("a round");
        let hours = im.node().store.read(crate::harness::APP, |snapshot| store::exports::before(snapshot, i64::MAX)).await;
        assert_eq!(hours.expect("read"), Vec::<i64>::new());
    }

    async fn groups_have_a_file_of_their_own_with_what_members_said(im: Im) {
        im.import(&["alice", "bob"]).await;
        make(&im, "harbour", "Public", "alice", &["bob"]).await;
        make(&im, "quiet", "Private", "alice", &["bob"]).await;
        say(&im, "quiet", "alice", 1, "before the hour").await;
        // The hour is that after the first.
        im.clock.advance(HOUR_MS);
        let hour = HOUR + 1;
        let first = say(&im, "harbour", "alice", 2, "ahoy").await;
        let gone = say(&im, "harbour", "bob", 3, "gone").await;
        im.call("group_open_http_svc/group_msg_recall", json!({ "GroupId": "harbour", "MsgSeqList": [{ "MsgSeq": gone }] })).await.ok();
        // A tip is told by the group, not by a member.
        im.call("group_open_http_svc/modify_group_base_info", json!({ "GroupId": "harbour", "Name": "Port" })).await.ok();
        im.clock.advance(1_000);
        let last = say(&im, "harbour", "bob", 4, "二").await;
        let community = json!({ "GroupId": "@TGS#_c", "Type": "Community", "Name": "n", "Owner_Account": "alice", "SupportTopic": 1 });
        im.call("group_open_http_svc/create_group", community).await.ok();
        let topic = json!({ "GroupId": "@TGS#_c", "TopicId": "@TGS#_c@TOPIC#_t", "TopicName": "t" });
        im.call("million_group_open_http_svc/create_topic", topic).await.ok();
        let said = with(letter("@TGS#_c", "alice", 5, "in a topic"), json!({ "TopicId": "@TGS#_c@TOPIC#_t" }));
        im.call("group_open_http_svc/send_group_msg", said).await.ok();
        im.text("alice", "bob", 6, "between two").await;
        ask_of_groups(&im, hour).await.fails(Data::FileNotReady);
        pass_hour(&im);
        say(&im, "harbour", "alice", 7, "of the next hour").await;
        // The node's own round may be at it just then, and this one leaves the app to it.
        until(async || {
            round(im.node()).await.expect("a round");
            !ask_of_groups(&im, hour).await.is(Data::FileNotReady)
        })
        .await;
        let text = download(&im, &ask_of_groups(&im, hour).await.ok()).await;
        let head = format!("{{\"SdkAppId\":1400000001,\"ChatType\":\"Group\",\"MsgTime\":\"{}\",\"MsgList\":[", hour_text(hour, 0));
        assert_eq!(text.lines().next(), Some(head.as_str()));
        let whole: Value = serde_json::from_str(&text).expect("the whole is JSON");
        let mut said: Vec<_> = whole["MsgList"].as_array().expect("a list").iter().map(|one| {
            assert_eq!(one.as_object().map(serde_json::Map::len), Some(5), "{one}");
            let of = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            let text = one["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap_or_default().to_owned();
            (of("GroupId"), one["MsgSeq"].as_i64().expect("a number"), of("From_Account"), one["MsgTimestamp"].as_i64().expect("a time"), text)
        }).collect();
        said.sort();
        let at = START.secs() + HOUR_MS / 1_000;
        let line = |group: &str, seq: i64, from: &str, time: i64, text: &str| (group.to_owned(), seq, from.to_owned(), time, text.to_owned());
        assert_eq!(said, [
            line("@TGS#_c@TOPIC#_t", 1, "alice", at + 1, "in a topic"),
            line("harbour", first, "alice", at, "ahoy"),
            line("harbour", last, "bob", at + 1, "二"),
        ]);
        let pairs = download(&im, &ask(&im, hour).await.ok()).await;
        assert!(pairs.contains("between two") && !pairs.contains("ahoy"), "{pairs}");
        // Seven days later both are gone.
        im.clock.advance((7 * 24 + 1) * HOUR_MS);
        ask_of_groups(&im, hour).await.fails(Data::FileExpired);
        round(im.node()).await.expect("a round");
        let folder = im.media().join("history").join("1400000001");
        let left = std::fs::read_dir(folder).expect("the folder is there");
        let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        assert!(left.iter().all(|name| !name.starts_with(&format!("{hour}-"))), "{left:?}");
    }

    async fn more_messages_of_a_group_than_a_page_are_all_in_the_file(im: Im) {
        im.import(&["alice"]).await;
        im.app(|settings, _| settings.groups.sends_per_second = 100_000).await;
        let groups: Vec<String> = (0..3).map(|n| format!("g{n}")).collect();
        for group in &groups {
            make(&im, group, "Public", "alice", &[]).await;
        }
        let sends: Vec<_> = (0..1_200_u32).map(|n| (&groups[usize::from(n % 20 == 0) + usize::from(n % 50 == 0)], n)).collect();
        for chunk in sends.chunks(100) {
            let calls = chunk.iter().map(|(group, n)| say(&im, group, "alice", *n, "much"));
            futures_util::future::join_all(calls).await;
        }
        pass_hour(&im);
        round(im.node()).await.expect("a round");
        let whole: Value = serde_json::from_str(&download(&im, &ask_of_groups(&im, HOUR).await.ok()).await).expect("JSON");
        let mut places: Vec<_> = whole["MsgList"].as_array().expect("a list").iter()
            .map(|one| (one["GroupId"].as_str().map(str::to_owned), one["MsgSeq"].as_i64())).collect();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), sends.len());
    }

    async fn the_hours_of_an_app_are_those_of_its_zone(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.app(|settings, _| settings.zone_hours = 8).await;
        im.text("alice", "bob", 1, "x").await;
        pass_hour(&im);
        round(im.node()).await.expect("a round");
        let named = |zone: i64| json!({ "ChatType": "C2C", "MsgTime": hour_text(HOUR, zone) });
        im.call(COMMAND, named(0)).await.fails(Data::FileNotReady);
        let answer = im.call(COMMAND, named(8)).await.ok();
        assert!(download(&im, &answer).await.contains(&format!("\"MsgTime\":\"{}\"", hour_text(HOUR, 8))));
        let until = im.clock.now().plus((24 + 8) * HOUR_MS);
        let expires = answer["File"][0]["ExpireTime"].as_str().expect("a text");
        let shown = format!("{}:", &hour_text(until.0 / HOUR_MS, 0)[8..]);
        assert!(expires.len() == 19 && expires[11..].starts_with(&shown), "{expires}");
        im.app(|settings, _| settings.has_history_files = false).await;
        im.text("alice", "bob", 2, "y").await;
        pass_hour(&im);
        round(im.node()).await.expect("a round");
        im.call(COMMAND, json!({ "ChatType": "C2C", "MsgTime": hour_text(HOUR + 1, 8) })).await.fails(Data::FileNotReady);
    }

    async fn bodies_and_paths_that_do_not_fit_are_refused(im: Im) {
        let good = json!({ "ChatType": "C2C", "MsgTime": "2023111422" });
        for kind in [json!(null), json!(1), json!("c2c"), json!("")] {
            im.call(COMMAND, with(good.clone(), json!({ "ChatType": kind }))).await.fails(Data::FieldInvalid);
        }
        for hour in [json!(null), json!(2_023_111_422), json!("20231114"), json!("2023111424"), json!("2023023000"), json!("x")] {
            im.call(COMMAND, with(good.clone(), json!({ "MsgTime": hour }))).await.fails(Data::FieldInvalid);
        }
        im.raw(COMMAND, "not json").await.fails(Data::FieldInvalid);
        im.call("open_msg_svc/get_story", good.clone()).await.fails(Data::UrlInvalid);
        im.send("PUT", &format!("/v4/{COMMAND}"), "").await.fails(Data::UrlInvalid);
        let own = im.sig("alice");
        im.import(&["alice"]).await;
        im.call_as("alice", &own, COMMAND, good).await.fails(Common::NotAdmin);
    }

    async fn trouble_inside_is_the_system_error(im: Im) {
        im.sql(sql!("ALTER TABLE exports RENAME TO elsewhere")).await;
        ask(&im, HOUR).await.fails_by(Data::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO exports")).await;
        ask(&im, HOUR).await.fails(Data::FileNotReady);
        im.node().store.close().await;
        ask(&im, HOUR).await.fails(Data::InternalError);
    }

    async fn many_messages_of_many_pairs_are_all_in_the_file(im: Im) {
        let users: Vec<String> = (0..30).map(|n| format!("u{n}")).collect();
        im.import(&users.iter().map(String::as_str).collect::<Vec<_>>()).await;
        im.app(|settings, _| { settings.rates.insert("openim/sendmsg".into(), 100_000); }).await;
        // More of one pair than a page holds, and more than a page altogether.
        let mut sends: Vec<_> = (0..1_100_u32).map(|n| message("u0", "u1", n, "much")).collect();
        sends.extend((2..30_u32).map(|n| message("u0", &format!("u{n}"), 5_000 + n, "little")));
        for chunk in sends.chunks(200) {
            let calls = chunk.iter().map(|body| im.call("openim/sendmsg", body.clone()));
            for answer in futures_util::future::join_all(calls).await {
                answer.ok();
            }
        }
        pass_hour(&im);
        round(im.node()).await.expect("a round");
        let answer = ask(&im, HOUR).await.ok();
        let whole: Value = serde_json::from_str(&download(&im, &answer).await).expect("JSON");
        let mut randoms: Vec<_> = whole["MsgList"].as_array().expect("a list").iter().map(|one| one["MsgRandom"].as_i64()).collect();
        randoms.sort_unstable();
        randoms.dedup();
        assert_eq!(randoms.len(), sends.len());
    }
}

#[tokio::test]
async fn two_nodes_write_an_hour_once() {
    let Some(im) = Im::start(TestEngine::Postgres).await else { return };
    im.import(&["alice", "bob"]).await;
    im.text("alice", "bob", 1, "x").await;
    let other = im.second().await;
    pass_hour(&im);
    // Their own rounds may hold the care when these want it.
    until(async || {
        let (one, two) = tokio::join!(round(im.node()), round(other.node()));
        one.and(two).expect("both rounds");
        !ask(&im, HOUR).await.is(Data::FileNotReady)
    })
    .await;
    let (here, there) = (ask(&im, HOUR).await.ok(), ask(&other, HOUR).await.ok());
    assert_eq!(here["File"][0]["GzipMD5"], there["File"][0]["GzipMD5"]);
    // Both sign with the same secret and serve the same folder.
    assert_eq!(download(&im, &there).await, download(&other, &here).await);
}
