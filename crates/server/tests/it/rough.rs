//! Clients that are slow, stop halfway or talk nonsense: none of them keeps a place for ever, and the others go on.

use contract::codes::{Account, Common};
use serde_json::{Value, json};
use server::config::Config;
use store::testing::TestEngine;

use crate::harness::{ADMIN, Im, query};
use crate::raw::{Raw, until};

const CHECK: &str = "im_open_login_svc/account_check";

async fn start(change: impl FnOnce(&mut Config)) -> Im {
    Im::start_with(TestEngine::Sqlite, change).await.expect("SQLite is always tested")
}

/// A request's head, by the administrator, with headers of its own.
fn head(im: &Im, headers: &str) -> Vec<u8> {
    let query = query(ADMIN, &im.sig(ADMIN));
    format!("POST /v4/{CHECK}?{query} HTTP/1.1\r\nhost: x\r\n{headers}\r\n").into_bytes()
}

async fn is_served(im: &Im) -> bool {
    im.call(CHECK, json!({ "CheckItem": [{ "UserID": "a" }] })).await.value()["ActionStatus"] == "OK"
}

/// The envelope in what came over a connection; it carries the code of a row.
#[track_caller]
fn says(text: &str, row: &contract::codes::Row) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let value: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(value["ErrorCode"].as_i64(), row.number().map(i64::from), "{body}");
    contract::ledger::note(row, contract::ledger::How::Request);
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let im = start(|config| config.bounds.head_ms = 200).await;
    let whole = head(&im, "content-length: 2\r\n");
    for part in [&b""[..], b"P", b"POST /v4/x HTTP/1.1\r\nhost: ", &whole[..whole.len() - 1]] {
        let mut raw = Raw::open(&im).await.write(part).await;
        assert!(!raw.read_end().await.contains("200 OK"));
    }
    assert!(is_served(&im).await);
}

#[tokio::test]
async fn a_connection_that_is_kept_open_for_nothing_ends() {
    let im = start(|config| config.bounds.head_ms = 200).await;
    let mut raw = Raw::open(&im).await.write(&head(&im, "content-length: 2\r\n")).await.write(b"{}").await;
    says(&raw.read_answer().await, Account::FieldInvalid.row());
    assert_eq!(raw.read_end().await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_and_gives_its_place_back() {
    let im = start(|config| {
        config.bounds.body_ms = 200;
        config.bounds.calls = 1;
    })
    .await;
    for part in ["", "{\"CheckItem\":"] {
        let raw = Raw::open(&im).await.write(&head(&im, "content-length: 400\r\n")).await;
        let mut raw = raw.write(part.as_bytes()).await;
        says(&raw.read_answer().await, Common::ServiceTimeout.row());
        assert!(is_served(&im).await);
    }
}

#[tokio::test]
async fn a_body_in_drops_has_the_same_time_as_any_other() {
    let im = start(|config| config.bounds.body_ms = 300).await;
    let mut raw = Raw::open(&im).await.write(&head(&im, "transfer-encoding: chunked\r\n")).await;
    let (mut reader, mut writer) = raw.0.split();
    let drops = async {
        use tokio::io::AsyncWriteExt;
        // Until the server stops listening; a drop comes far more often than the bound.
        while writer.write_all(b"1\r\n \r\n").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let answer = async {
        use tokio::io::AsyncReadExt;
        let mut text = vec![0; 1_000];
        let count = reader.read(&mut text).await.expect("the server answers");
        String::from_utf8_lossy(&text[..count]).into_owned()
    };
    tokio::select! {
        () = drops => panic!("the server said nothing"),
        answer = answer => says(&answer, Common::ServiceTimeout.row()),
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_gives_its_place_back() {
    let im = start(|config| config.bounds.calls = 1).await;
    for part in ["", "{\"CheckItem\":"] {
        let raw = Raw::open(&im).await.write(&head(&im, "content-length: 400\r\n")).await;
        let raw = raw.write(part.as_bytes()).await;
        until(async || im.call(CHECK, json!({})).await.is(Common::NodeBusy)).await;
        drop(raw);
        until(async || is_served(&im).await).await;
    }
}

#[tokio::test]
async fn connections_over_the_bound_are_refused_until_one_goes() {
    let im = start(|config| config.bounds.connections = 2).await;
    let held = Raw::open(&im).await;
    assert!(is_served(&im).await);
    let mut over = Raw::open(&im).await;
    assert_eq!(over.read_end().await, "");
    assert!(is_served(&im).await);
    drop(held);
    until(async || {
        let mut raw = Raw::open(&im).await.write(&head(&im, "connection: close\r\ncontent-length: 2\r\n")).await;
        // Refused connections may be reset while they are written to.
        if tokio::io::AsyncWriteExt::write_all(&mut raw.0, b"{}").await.is_err() {
            return false;
        }
        raw.read_end().await.contains("HTTP/1.1 200")
    })
    .await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_disturbs_nobody() {
    let im = start(|_| {}).await;
    let long = format!("POST /v4/{CHECK}?x={} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"POST /v4/x HTTP/9.9\r\n\r\n",
        b"POST /v4/x HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /v4/x HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        long.as_bytes(),
    ] {
        let mut raw = Raw::open(&im).await.write(bytes).await;
        tokio::io::AsyncWriteExt::shutdown(&mut raw.0).await.expect("the end is said");
        let answer = raw.read_end().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(is_served(&im).await);
    }
}

#[tokio::test]
async fn a_refused_caller_sees_its_answer_although_it_still_sends() {
    let im = start(|_| {}).await;
    let body = "x".repeat(2 << 20);
    for _ in 0..20 {
        // A length that is announced, and one that is not.
        let head = format!(
            "POST /v4/{CHECK} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut raw = Raw::open(&im).await.write(head.as_bytes()).await.write(body.as_bytes()).await;
        says(&raw.read_end().await, Common::AppMissing.row());
    }
    let chunked = [
        &head(&im, "transfer-encoding: chunked\r\n")[..],
        format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes(),
    ]
    .concat();
    let mut raw = Raw::open(&im).await.write(&chunked).await;
    says(&raw.read_answer().await, Common::BodyMalformed.row());
}

#[tokio::test]
async fn who_asks_before_it_sends_a_body_is_refused_without_sending_it() {
    let im = start(|_| {}).await;
    let headers = "expect: 100-continue\r\ncontent-length: 600000\r\n";
    let mut raw = Raw::open(&im).await.write(&head(&im, headers)).await;
    says(&raw.read_answer().await, Common::BodyMalformed.row());
    // And one that may send is told to.
    let mut raw = Raw::open(&im).await.write(&head(&im, "expect: 100-continue\r\ncontent-length: 2\r\n")).await;
    let mut first = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut raw.0, &mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    let mut raw = raw.write(b"{}").await;
    says(&raw.read_answer().await, Account::FieldInvalid.row());
}

#[tokio::test]
async fn requests_that_follow_each_other_at_once_are_answered_in_order() {
    let im = start(|_| {}).await;
    let one = |body: &str| [&head(&im, &format!("content-length: {}\r\n", body.len()))[..], body.as_bytes()].concat();
    let all = [one("{}"), one("{\"CheckItem\":[]}"), one("[]")].concat();
    let mut raw = Raw::open(&im).await.write(&all).await;
    let mut text = String::new();
    while text.matches("ErrorCode").count() < 3 {
        text.push_str(&raw.read_answer().await);
    }
    let infos =
        [Account::FieldInvalid.row().text, Account::BatchSizeInvalid.row().text, Account::FieldInvalid.row().text];
    let mut rest = text.as_str();
    for info in infos {
        let at = rest.find(info).unwrap_or_else(|| panic!("{info} is missing in {rest}"));
        rest = &rest[at + info.len()..];
    }
}

#[tokio::test]
async fn the_body_counts_and_not_what_its_headers_say_of_it() {
    let im = start(|_| {}).await;
    for headers in
        ["content-type: application/x-www-form-urlencoded\r\n", "", "content-type: text/html; charset=gbk\r\n"]
    {
        let headers = format!("{headers}content-length: 2\r\n");
        let mut raw = Raw::open(&im).await.write(&head(&im, &headers)).await.write(b"{}").await;
        says(&raw.read_answer().await, Account::FieldInvalid.row());
    }
}
