//! The store under a node is in trouble: callers hear it in the surface's own codes, what can be read is read, and when the
//! trouble is over work goes on without a restart.

use std::sync::{Arc, OnceLock};

use contract::codes;
use serde_json::json;
use store::testing::{Disk, TestDatabase, TestEngine, Weather};

use crate::harness::{Im, message, with};
use crate::raw::until;

/// A node on a disk that a test can spoil.
async fn on_a_disk() -> (Im, Arc<Disk>) {
    let place = OnceLock::new();
    let started = Im::start_with(TestEngine::Sqlite, |config| {
        drop(place.set(Disk::attach(&config.data)));
    })
    .await;
    let im = started.expect("SQLite is always tested");
    im.import(&["alice", "bob"]).await;
    (im, place.into_inner().expect("the disk is attached before the start"))
}

/// Sends through bad weather and after it.
async fn weather_comes_and_goes(weather: Weather, refusal: codes::Message) {
    let (im, disk) = on_a_disk().await;
    let mut texts = Vec::new();
    for round in 0..3 {
        let text = format!("before {round}");
        // Another second each, because within one the numbers of the senders decide.
        im.clock.advance(1_000);
        im.text("alice", "bob", round * 10, &text).await;
        im.clock.advance(1_000);
        texts.push(text);
        disk.set(weather);
        // The same message with the same identity, again and again, as a caller does that hears no success.
        let text = format!("during {round}");
        let body = with(message("alice", "bob", round * 10 + 1, &text), json!({ "MsgSeq": round * 10 + 1 }));
        for _ in 0..3 {
            im.call("openim/sendmsg", body.clone()).await.fails(refusal);
        }
        let import = im.call("im_open_login_svc/account_import", json!({ "UserID": format!("carol{round}") })).await;
        assert!(import.value()["ErrorCode"] != 0, "{import:?}");
        // What was acknowledged can be read meanwhile.
        assert_eq!(im.texts("bob", "alice").await, texts);
        disk.set(Weather::Fair);
        im.call("openim/sendmsg", body).await.ok();
        texts.push(text);
        im.import(&[&format!("carol{round}")]).await;
        assert_eq!(im.texts("bob", "alice").await, texts);
    }
    let im = im.restart().await;
    assert_eq!(im.texts("bob", "alice").await, texts);
}

#[tokio::test]
async fn a_full_disk_is_answered_as_such_and_passes() {
    weather_comes_and_goes(Weather::Full, codes::Message::StoreFull).await;
}

#[tokio::test]
async fn a_read_only_disk_is_answered_as_a_full_one_and_passes() {
    weather_comes_and_goes(Weather::ReadOnly, codes::Message::StoreFull).await;
}

#[tokio::test]
async fn a_disk_that_cannot_flush_is_answered_as_unavailable_and_passes() {
    weather_comes_and_goes(Weather::BadFlush, codes::Message::StoreUnavailable).await;
}

/// A node on a database that a test can take away.
async fn on_a_database() -> Option<(Im, TestDatabase)> {
    let place = OnceLock::new();
    let im = Im::start_with(TestEngine::Postgres, |config| {
        let database = TestDatabase::make(&config.store.url);
        config.store.url.clone_from(&database.url);
        drop(place.set(database));
    })
    .await?;
    im.import(&["alice", "bob"]).await;
    Some((im, place.into_inner().expect("the database is made before the start")))
}

#[tokio::test]
async fn a_database_that_goes_away_is_answered_as_unavailable_and_comes_back() {
    let Some((im, database)) = on_a_database().await else { return };
    for round in 0..2 {
        im.clock.advance(1_000);
        im.text("alice", "bob", round * 10, &format!("before {round}")).await;
        im.clock.advance(1_000);
        database.set_open(false);
        database.cut();
        let body = with(
            message("alice", "bob", round * 10 + 1, &format!("during {round}")),
            json!({ "MsgSeq": round * 10 + 1 }),
        );
        // Connections end a moment after they are told to.
        until(async || im.call("openim/sendmsg", body.clone()).await.value()["ErrorCode"] != 0).await;
        im.call("openim/sendmsg", body.clone()).await.fails(codes::Message::StoreUnavailable);
        let ready = im.send("GET", "/readyz", "").await;
        assert_eq!(ready.head().status, 503);
        database.set_open(true);
        until(async || im.call("openim/sendmsg", body.clone()).await.value()["ErrorCode"] == 0).await;
        assert_eq!(im.send("GET", "/readyz", "").await.head().status, 200);
    }
    assert_eq!(im.texts("bob", "alice").await, ["before 0", "during 0", "before 1", "during 1"]);
    im.node().store.close().await;
    drop(database);
}

#[tokio::test]
async fn a_database_that_became_read_only_is_answered_as_full_and_passes() {
    let Some((im, database)) = on_a_database().await else { return };
    im.text("alice", "bob", 1, "before").await;
    database.set_read_only(true);
    database.cut();
    let body = with(message("alice", "bob", 2, "during"), json!({ "MsgSeq": 2 }));
    until(async || im.call("openim/sendmsg", body.clone()).await.is(codes::Message::StoreFull)).await;
    let is_there = im.texts("bob", "alice").await;
    im.call("openim/sendmsg", with(body.clone(), json!({ "MsgSeq": 3 }))).await.fails(codes::Message::StoreFull);
    assert_eq!(im.texts("bob", "alice").await, is_there, "what is refused is not stored");
    database.set_read_only(false);
    until(async || im.call("openim/sendmsg", body.clone()).await.value()["ErrorCode"] == 0).await;
    assert_eq!(im.texts("bob", "alice").await, ["before", "during"]);
    im.node().store.close().await;
    drop(database);
}
