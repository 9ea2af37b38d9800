//! The cache by itself: what is kept, counted and found again.

use contract::MsgKey;
use contract::frame::wire;

use super::Cache;
use crate::core::{Known, KnownLine, Write};
use crate::error::Error;
use crate::message::Message;
use crate::settings::Storage;

async fn open() -> Cache {
    Cache::open(Storage::Memory, 7, "alice").await.expect("opens")
}

fn message(sender: &str, seq: u64) -> Message {
    let to = if sender == "alice" { "bob" } else { "alice" };
    Message {
        from: sender.into(),
        to: to.into(),
        key: MsgKey { time: 100 + seq.cast_signed(), seq: seq as u32, random: 1 },
        seq,
        at: 0,
        body: crate::text(&seq.to_string()),
        cloud: String::new(),
        online_only: false,
        no_unread: false,
        no_last: false,
        receipt_wanted: false,
        extensible: false,
        recalled: false,
        read_by_peer: false,
        version: 0,
        extended: false,
    }
}

fn arrived(message: Message) -> Write {
    Write::Message { peer: "bob".into(), place: Some((message.seq, message.key.time)), message }
}

fn head(place: u64, unread: u32, read: u64) -> Write {
    let place_of = |seq| Some(wire::Place { seq, time: 0 });
    Write::Head(Box::new(wire::Head {
        peer: "bob".into(),
        place: place_of(place),
        unread,
        read: place_of(read),
        last: Some(wire::Message {
            from: "bob".into(),
            to: "alice".into(),
            time: 100 + place.cast_signed(),
            msg_seq: place as u32,
            msg_random: 1,
            seq: place,
            ..wire::Message::default()
        }),
        moved_at: 44,
        ..wire::Head::default()
    }))
}

async fn unread(cache: &Cache) -> u64 {
    cache.conversations().await.expect("answers").first().map_or(0, |conversation| conversation.unread)
}

#[tokio::test]
async fn unread_is_what_the_head_said_and_what_came_after_it() {
    let cache = open().await;
    cache.apply(vec![head(5, 3, 2)]).await.unwrap();
    assert_eq!(unread(&cache).await, 3);
    // What was missed is in the head's count already.
    cache.apply((3..=5).map(|seq| arrived(message("bob", seq))).collect()).await.unwrap();
    assert_eq!(unread(&cache).await, 3);
    let silent = Message { no_unread: true, ..message("bob", 8) };
    let late = [arrived(message("bob", 6)), arrived(message("alice", 7)), arrived(silent), arrived(message("bob", 9))];
    cache.apply(late.into()).await.unwrap();
    assert_eq!(unread(&cache).await, 5);
    cache.apply(vec![Write::ReadByMe { peer: "bob".into(), seq: 4 }]).await.unwrap();
    assert_eq!(unread(&cache).await, 3);
    let id = message("bob", 9).id();
    cache.apply(vec![Write::Recalled { peer: "bob".into(), id }]).await.unwrap();
    assert_eq!(unread(&cache).await, 2);
    cache.apply(vec![Write::ReadByMe { peer: "bob".into(), seq: 9 }]).await.unwrap();
    assert_eq!(unread(&cache).await, 0);
}

#[tokio::test]
async fn a_page_holds_what_is_older_oldest_first() {
    let cache = open().await;
    cache.apply((1..=9).map(|seq| arrived(message("bob", seq))).collect()).await.unwrap();
    let seqs = |page: Vec<Message>| page.into_iter().map(|message| message.seq).collect::<Vec<_>>();
    assert_eq!(seqs(cache.history("bob", None, 3).await.unwrap()), [7, 8, 9]);
    assert_eq!(seqs(cache.history("bob", Some(message("bob", 7).id()), 3).await.unwrap()), [4, 5, 6]);
    assert_eq!(seqs(cache.history("bob", Some(message("bob", 1).id()), 3).await.unwrap()), Vec::<u64>::new());
    assert_eq!(seqs(cache.history("carol", None, 3).await.unwrap()), Vec::<u64>::new());
}

#[tokio::test]
async fn the_last_message_is_the_newest_that_moves_the_list_until_the_account_clears_it() {
    let cache = open().await;
    let quiet = Message { no_last: true, ..message("bob", 2) };
    cache.apply(vec![arrived(message("bob", 1)), arrived(quiet)]).await.unwrap();
    let last = async || cache.conversations().await.unwrap()[0].last.as_ref().map(|message| message.seq);
    assert_eq!(last().await, Some(1));
    let cleared =
        wire::Head { peer: "bob".into(), place: Some(wire::Place { seq: 2, time: 0 }), ..wire::Head::default() };
    cache.apply(vec![Write::Head(Box::new(cleared))]).await.unwrap();
    assert_eq!(last().await, None);
    cache.apply(vec![arrived(message("bob", 3))]).await.unwrap();
    assert_eq!(last().await, Some(3));
}

#[tokio::test]
async fn a_receipt_and_a_recall_outlive_an_older_copy() {
    let cache = open().await;
    let own = message("alice", 1);
    let receipt = Write::Receipts { peer: "bob".into(), keys: vec![own.key] };
    let recall = Write::Recalled { peer: "bob".into(), id: own.id() };
    cache.apply(vec![arrived(own.clone()), receipt, recall]).await.unwrap();
    cache.apply(vec![Write::Message { peer: "bob".into(), message: own, place: None }]).await.unwrap();
    let page = cache.history("bob", None, 9).await.unwrap();
    assert_eq!(page.len(), 1);
    assert!(page[0].recalled && page[0].read_by_peer);
}

#[tokio::test]
async fn what_the_sync_needs_is_found_again_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Storage::Directory(directory.path().join("made/on/demand"));
    let cache = Cache::open(storage.clone(), 7, "a/l:i ce").await.unwrap();
    let peer = || "bob".to_owned();
    cache
        .apply(vec![
            head(9, 0, 0),
            Write::Cursor(44),
            Write::Checked { peer: peer(), at: 40 },
            arrived(message("bob", 5)),
        ])
        .await
        .unwrap();
    cache.apply(vec![Write::Place { peer: peer(), seq: 3, time: 1 }]).await.unwrap();
    drop(cache);
    let cache = Cache::open(storage.clone(), 7, "a/l:i ce").await.unwrap();
    let line = KnownLine { peer: peer(), place: Some((5, 105)), target: 9, moved_at: 44, checked_at: 40 };
    assert_eq!(cache.known().await, Ok(Known { cursor: 44, lines: vec![line], ..Known::default() }));
    let other = Cache::open(storage, 7, "bob").await.unwrap();
    assert_eq!(other.known().await, Ok(Known::default()));
}

#[tokio::test]
async fn a_file_of_a_newer_client_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Storage::Directory(directory.path().into());
    drop(Cache::open(storage.clone(), 7, "alice").await.unwrap());
    let file = directory.path().join(super::file_name(7, "alice"));
    rusqlite::Connection::open(file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Cache::open(storage, 7, "alice").await, Err(Error::Cache(text)) if text.contains("99")));
}

#[tokio::test]
async fn a_broadcast_is_a_message_of_its_senders_conversation_and_its_place_only_rises() {
    let cache = open().await;
    let told = Message { seq: 0, ..message("news", 1) };
    let writes = vec![Write::Broadcast(told.clone()), Write::Broadcasts(5), Write::Broadcasts(3)];
    cache.apply(writes).await.expect("kept");
    assert_eq!(cache.known().await.expect("known").broadcasts, 5);
    let list = cache.conversations().await.expect("listed");
    assert_eq!((list[0].peer.as_str(), list[0].last.as_ref()), ("news", Some(&told)));
    assert_eq!(cache.history("news", None, 10).await, Ok(vec![told]));
}

#[tokio::test]
async fn what_is_set_for_a_conversation_is_found_in_the_list() {
    let cache = open().await;
    let group = wire::ConversationGroup { id: 4, name: "work".into() };
    let state = wire::ContactState {
        peer: "bob".into(),
        pinned_at: 7,
        marks: 1 << 63 | 2,
        custom: "note".into(),
        groups: vec![4],
        ..wire::ContactState::default()
    };
    let writes = vec![
        head(3, 3, 0),
        arrived(message("bob", 3)),
        Write::Groups(vec![group.clone()]),
        Write::Contact(Box::new(state.clone())),
        Write::Contacts(12),
    ];
    cache.apply(writes).await.unwrap();
    let list = cache.conversations().await.unwrap();
    assert_eq!((list[0].pinned_at, list[0].marks, list[0].custom.as_str()), (7, 1 << 63 | 2, "note"));
    assert_eq!((list[0].groups.clone(), list[0].unread), (vec!["work".to_owned()], 3));
    let known = cache.known().await.unwrap();
    assert_eq!((known.contacts, known.groups), (12, vec![group]));
    // Deleted: gone until the next message, and nothing is unread.
    let deleted = wire::ContactState { hidden: 3, pinned_at: 0, ..state.clone() };
    cache.apply(vec![Write::Contact(Box::new(deleted.clone()))]).await.unwrap();
    assert_eq!(cache.conversations().await, Ok(Vec::new()));
    cache.apply(vec![arrived(message("bob", 4))]).await.unwrap();
    let list = cache.conversations().await.unwrap();
    assert_eq!((list[0].unread, list[0].pinned_at), (1, 0));
    assert_eq!(cache.history("bob", None, 10).await.unwrap().len(), 2);
    // Cleared: the history is gone, the conversation stays.
    let cleared = wire::ContactState { cleared: 4, ..deleted };
    cache.apply(vec![Write::Contact(Box::new(cleared))]).await.unwrap();
    assert_eq!(cache.history("bob", None, 10).await, Ok(Vec::new()));
    let list = cache.conversations().await.unwrap();
    assert_eq!((list.len(), list[0].last.is_none(), list[0].unread), (1, true, 0));
}

#[tokio::test]
async fn a_file_of_the_first_version_is_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(super::file_name(7, "alice"));
    let file = rusqlite::Connection::open(&path).expect("opens");
    file.execute_batch(super::TABLES).expect("the tables of then");
    file.execute_batch("UPDATE cursor SET heads = 44; PRAGMA user_version = 1").expect("the cursor of then");
    drop(file);
    let cache = Cache::open(Storage::Directory(folder.path().into()), 7, "alice").await.expect("opens");
    assert_eq!(cache.known().await, Ok(Known { cursor: 44, ..Known::default() }));
}

#[tokio::test]
async fn another_life_of_the_store_empties_the_cache_and_is_remembered() {
    let cache = open().await;
    cache
        .apply(vec![arrived(message("bob", 7)), head(7, 1, 0), Write::Cursor(44), Write::Broadcasts(3)])
        .await
        .expect("kept");
    cache.apply(vec![Write::Anew { life: u64::MAX }, arrived(message("bob", 2))]).await.expect("kept");
    let known = cache.known().await.expect("known");
    assert_eq!((known.life, known.cursor, known.broadcasts), (u64::MAX, 0, 0));
    assert_eq!(known.lines.len(), 1);
    assert_eq!(known.lines[0].place.map(|(seq, _)| seq), Some(2), "a lower place than before");
    assert_eq!(cache.history("bob", None, 10).await.expect("history").len(), 1);
}
