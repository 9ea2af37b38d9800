//! Devices that are ahead of a store that was put back from an older copy.

use std::time::Duration;

use client::{Client, Event, Events, Settings, Storage};
use contract::AppId;
use store::platform;
use store::sql;
use store::testing::TestEngine;
use tempfile::TempDir;

use crate::harness::{APP, Im};

const BOUND: Duration = Duration::from_secs(30);

async fn phone(im: &Im, folder: &TempDir) -> (Client, Events) {
    let mut settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, "phone");
    settings.storage = Storage::Directory(folder.path().to_owned());
    let client = Client::new(settings).expect("the settings are good");
    let events = client.events().expect("taken once");
    let login = tokio::time::timeout(BOUND, client.login("alice", &im.sig("alice"))).await;
    login.expect("in time").expect("logs in");
    (client, events)
}

/// The texts that a device is told up to one of them, and whether it was told of a restored store before the first.
async fn told_until(events: &mut Events, last: &str) -> (bool, Vec<String>) {
    let (mut is_restored, mut texts) = (false, Vec::new());
    let all = async {
        while texts.last().is_none_or(|text| text != last) {
            match events.next().await.expect("the client lives") {
                Event::Message(message) => texts.push(message.text()),
                Event::Restored => {
                    assert!(texts.is_empty(), "what is told before says nothing: {texts:?}");
                    is_restored = true;
                }
                _ => {}
            }
        }
    };
    let is_in_time = tokio::time::timeout(BOUND, all).await.is_ok();
    assert!(is_in_time, "{last} does not come: {texts:?}");
    (is_restored, texts)
}

async fn write(im: &Im, what: &str, numbers: std::ops::Range<u32>) -> Vec<String> {
    let mut texts = Vec::new();
    for number in numbers {
        texts.push(format!("{what} {number}"));
        im.text("bob", "alice", number, &texts[texts.len() - 1]).await;
    }
    texts
}

/// Puts the store back to where it had three messages, by the means of its engine.
async fn put_back(im: Im, copy: &std::path::Path) -> Im {
    if im.engine() == TestEngine::Sqlite {
        return im.restored(copy).await;
    }
    im.sql(sql!("DELETE FROM messages WHERE app > 0 AND seq > 3")).await;
    im.sql(sql!("UPDATE conversations SET seq = 3, last_seq = 3 WHERE app > 0")).await;
    // What the operator says by `noroshi restore --elsewhere`.
    let said = im.node().store.write(AppId::PLATFORM, |tx| platform::begin_life(tx, 77)).await;
    said.expect("the store is told");
    im.restart().await
}

both! {
    async fn a_device_that_is_ahead_of_a_restored_store_begins_anew_and_misses_nothing(im: Im) {
        im.import(&["alice", "bob"]).await;
        let (folder, copies) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let copy = copies.path().join("copy.db");
        let (alice, mut events) = phone(&im, &folder).await;
        let kept = write(&im, "kept", 0..3).await;
        told_until(&mut events, "kept 2").await;
        if im.engine() == TestEngine::Sqlite {
            im.node().store.backup(&copy).await.expect("a copy is made");
        }
        write(&im, "lost", 3..8).await;
        let (is_restored, _) = told_until(&mut events, "lost 7").await;
        assert!(!is_restored);
        alice.shutdown().await;
        let im = put_back(im, &copy).await;
        // They get the places that the lost ones had on the device.
        im.clock.advance(10_000);
        let new = write(&im, "new", 8..11).await;
        let (alice, mut events) = phone(&im, &folder).await;
        let (is_restored, told) = told_until(&mut events, "new 10").await;
        assert!(is_restored, "the application is told");
        assert_eq!(told, [kept.clone(), new.clone()].concat());
        let list = alice.conversations().await.expect("the cache answers");
        assert_eq!((list.len(), list[0].unread), (1, 6));
        let page = alice.history("bob", None, 50).await.expect("history");
        let texts: Vec<String> = page.iter().map(client::Message::text).collect();
        assert_eq!(texts, [kept, new].concat(), "what was lost is nowhere");
        alice.shutdown().await;
        // The same life again: the device goes on where it was.
        write(&im, "more", 20..21).await;
        let (alice, mut events) = phone(&im, &folder).await;
        assert_eq!(told_until(&mut events, "more 20").await, (false, vec!["more 20".to_owned()]));
        alice.shutdown().await;
    }

    async fn every_restoration_begins_another_life_and_a_fresh_device_hears_nothing_of_it(im: Im) {
        im.import(&["alice", "bob"]).await;
        let life = async |im: &Im| im.node().store.read(AppId::PLATFORM, platform::life).await.expect("a number");
        assert_eq!(life(&im).await, 0);
        let copies = TempDir::new().expect("a folder");
        let copy = copies.path().join("copy.db");
        if im.engine() == TestEngine::Sqlite {
            im.node().store.backup(&copy).await.expect("a copy is made");
        }
        let im = put_back(im, &copy).await;
        let first = life(&im).await;
        assert!(first > 0);
        let folder = TempDir::new().expect("a folder");
        write(&im, "new", 0..1).await;
        let (alice, mut events) = phone(&im, &folder).await;
        assert_eq!(told_until(&mut events, "new 0").await, (false, vec!["new 0".to_owned()]));
        alice.shutdown().await;
        if im.engine() == TestEngine::Sqlite {
            let im = put_back(im, &copy).await;
            let second = life(&im).await;
            assert!(second > 0 && second != first, "the same copy, and another life");
        }
    }
}
