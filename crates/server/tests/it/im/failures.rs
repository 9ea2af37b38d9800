//! Trouble of our own: what the caller hears when the store is gone, full, slow, in conflict, broken or overrun.

use std::sync::mpsc;

use contract::codes::{Account, Common, Message};
use contract::ledger::How;
use contract::{AppId, limit};
use serde_json::{Value, json};
use store::sql;
use store::testing::{TestEngine, on_server};

use crate::harness::{Im, elements, message, with};
use crate::raw::until;

const IMPORT: &str = "im_open_login_svc/account_import";
const CHECK: &str = "im_open_login_svc/account_check";
const DELETE: &str = "im_open_login_svc/account_delete";
const SEND: &str = "openim/sendmsg";

fn user(name: &str) -> Value {
    json!({ "UserID": name })
}

both! {
    async fn without_its_store_the_node_says_that_waiting_helps(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.node().store.close().await;
        im.call(IMPORT, user("carol")).await.fails(Account::StoreUnavailable);
        im.call(CHECK, json!({ "CheckItem": [user("alice")] })).await.fails(Account::StoreUnavailable);
        im.call(SEND, message("alice", "bob", 1, "x")).await.fails(Message::StoreUnavailable);
        im.call("openim/batchsendmsg", json!({ "To_Account": ["bob"], "MsgRandom": 1, "MsgBody": elements("x") }))
            .await
            .fails(Message::StoreUnavailable);
        let ready = im.send("GET", "/readyz", "").await;
        assert_eq!(ready.head().status, 503);
        assert_eq!(im.send("GET", "/healthz", "").await.head().status, 200);
    }

    async fn what_should_not_happen_is_an_internal_error_and_passes(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.sql(sql!("ALTER TABLE messages RENAME TO elsewhere")).await;
        im.call(SEND, message("alice", "bob", 1, "x")).await.fails_by(Message::InternalError, How::FailPoint);
        im.call(SEND, message("alice", "nobody", 1, "x")).await.fails(Message::ReceiverUnknown);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO messages")).await;
        im.sql(sql!("ALTER TABLE devices RENAME TO elsewhere")).await;
        im.call("im_open_login_svc/kick", user("alice")).await.fails_by(Account::InternalError, How::FailPoint);
        im.call(DELETE, json!({ "DeleteItem": [user("bob")] })).await.fails_by(Account::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO devices")).await;
        // Nothing stayed of what failed.
        im.text("alice", "bob", 1, "x").await;
        assert_eq!(im.texts("bob", "alice").await, ["x"]);
        im.call("im_open_login_svc/kick", user("alice")).await.ok();
    }

    async fn a_full_disk_is_told_and_forgotten_when_there_is_room(im: Im) {
        im.import(&["alice", "bob"]).await;
        let large = "x".repeat(11_000);
        set_room(&im, false).await;
        let mut stored = 0;
        let refused = loop {
            let answer = im.call(SEND, message("alice", "bob", stored, &large)).await;
            if answer.value()["ActionStatus"] == "FAIL" {
                break answer;
            }
            stored += 1;
            assert!(stored < 500, "the disk is not full");
        };
        refused.fails_by(Message::StoreFull, How::FailPoint);
        let nick = "n".repeat(limit::PROFILE_BYTES);
        let mut names = (0..200).map(|n| format!("u{n}"));
        let refused = loop {
            let body = json!({ "UserID": names.next().expect("the disk is full"), "Nick": nick, "FaceUrl": nick });
            let answer = im.call(IMPORT, body).await;
            if answer.value()["ActionStatus"] == "FAIL" {
                break answer;
            }
        };
        refused.fails_by(Account::InternalError, How::FailPoint);
        // Who only reads does not notice.
        assert_eq!(im.unread("bob", "alice").await, i64::from(stored));
        set_room(&im, true).await;
        im.text("alice", "bob", stored, "again").await;
        assert_eq!(im.unread("bob", "alice").await, i64::from(stored) + 1);
    }
}

/// Lets the store grow, or not: by the bound of the file, or by what the server says when it has no room.
async fn set_room(im: &Im, has_room: bool) {
    if im.engine() == TestEngine::Postgres {
        for table in ["messages", "accounts"] {
            if has_room { repair(im, table) } else { refuse(im, table, "53100") }
        }
        return;
    }
    let set = im.node().store.write(AppId::PLATFORM, move |tx| {
        let bound =
            if has_room { sql!("PRAGMA max_page_count = 1073741823") } else { sql!("PRAGMA max_page_count = 1") };
        tx.one::<(i64,)>(bound, ()).map(drop)
    });
    set.await.expect("the bound is set");
}

/// Lets the server refuse every insert into a table with a state of its own.
fn refuse(im: &Im, table: &str, state: &str) {
    let statement = format!(
        "CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '{state}'; END $$;
         CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_{table}()"
    );
    on_server(im.store_url(), statement).expect("the trigger is made");
}

fn repair(im: &Im, table: &str) {
    let statement = format!("DROP TRIGGER refuse_{table} ON {table}; DROP FUNCTION refuse_{table}()");
    on_server(im.store_url(), statement).expect("the trigger is removed");
}

#[tokio::test]
async fn a_write_that_always_loses_against_others_is_given_up() {
    let Some(im) = Im::start(TestEngine::Postgres).await else { return };
    im.import(&["alice", "bob"]).await;
    refuse(&im, "messages", "40001");
    im.call(SEND, message("alice", "bob", 1, "x")).await.fails_by(Message::SendConflict, How::FailPoint);
    repair(&im, "messages");
    refuse(&im, "accounts", "40P01");
    im.call(IMPORT, user("carol")).await.fails_by(Account::InternalError, How::FailPoint);
    repair(&im, "accounts");
    im.text("alice", "bob", 1, "x").await;
    assert_eq!(im.texts("bob", "alice").await, ["x"]);
}

/// Locks a table from a connection of its own, long enough for any statement to time out.
async fn lock(im: &Im, table: &'static str) -> std::thread::JoinHandle<()> {
    let url = im.store_url();
    let statement = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4.5); COMMIT");
    let holder = std::thread::spawn(move || on_server(url, statement).expect("the lock is held"));
    let is_held = async || {
        let read = im.node().store.read(AppId::PLATFORM, move |snapshot| {
            let held: Option<(i64,)> = snapshot.opt(
                sql!(
                    postgres: "SELECT 1::bigint FROM pg_locks WHERE relation = $1::text::regclass AND granted
                               AND mode = 'AccessExclusiveLock' LIMIT 1"
                ),
                (table,),
            )?;
            Ok(held.is_some())
        });
        read.await.expect("the locks can be read")
    };
    until(is_held).await;
    holder
}

#[tokio::test]
async fn a_store_that_does_not_answer_in_time_is_told_as_such() {
    let Some(im) = Im::start(TestEngine::Postgres).await else { return };
    im.import(&["alice", "bob"]).await;
    let holder = lock(&im, "messages").await;
    im.call(SEND, message("alice", "bob", 1, "x")).await.fails(Message::InternalTimeout);
    holder.join().expect("the lock ends");
    let holder = lock(&im, "devices").await;
    im.call("im_open_login_svc/kick", user("alice")).await.fails(Account::StoreTimeout);
    holder.join().expect("the lock ends");
    let holder = lock(&im, "accounts").await;
    // The caller's own account comes first.
    im.call(CHECK, json!({ "CheckItem": [user("alice")] })).await.fails(Common::AccountLookupTimeout);
    holder.join().expect("the lock ends");
    im.text("alice", "bob", 1, "x").await;
    assert_eq!(im.texts("bob", "alice").await, ["x"]);
}

#[tokio::test]
async fn more_messages_than_may_wait_are_refused_and_those_that_wait_are_stored() {
    let im = Im::start(TestEngine::Sqlite).await.expect("SQLite is always tested");
    let names: Vec<String> = (0..500).map(|n| format!("u{n}")).collect();
    im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // The writer is held by a job until every call below has either queued its messages or been refused.
    let (release, wait) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (wait, begun) = (parking_lot::Mutex::new(wait), parking_lot::Mutex::new(Some(begun)));
    let store = im.node().store.clone();
    let held = store.write(AppId::PLATFORM, move |_| {
        if let Some(begun) = begun.lock().take() {
            begun.send(()).expect("the test waits for this");
        }
        // It is released by dropping the other end.
        wait.lock().recv().expect_err("nothing is sent");
        Ok(())
    });
    let body = json!({ "To_Account": names, "MsgRandom": 1, "MsgBody": elements("x") });
    let calls = async {
        begins.await.expect("the writer is held");
        // Each call has 64 messages under way: 64 of them fill the queue, and every one more is refused.
        let calls = (0..80_u32).map(|n| im.call("openim/batchsendmsg", with(body.clone(), json!({ "MsgRandom": n }))));
        let all = futures_util::future::join_all(calls);
        let release = async {
            until(async || im.node().store.depths().writes >= limit::STORE_QUEUE_PER_APP).await;
            im.call(SEND, message("u0", "u1", 1, "x")).await.fails(Message::QueueFull);
            im.call(IMPORT, user("carol")).await.fails(Common::NodeBusy);
            drop(release);
        };
        futures_util::future::join(all, release).await.0
    };
    let (held, answers) = futures_util::future::join(held, calls).await;
    held.expect("the job ends");
    let refused: Vec<_> = answers.iter().filter(|answer| answer.value()["ActionStatus"] == "FAIL").collect();
    assert!((1..80).contains(&refused.len()), "{} of 80", refused.len());
    for answer in refused {
        answer.fails(Message::QueueFull);
    }
    im.call(IMPORT, user("carol")).await.ok();
}
