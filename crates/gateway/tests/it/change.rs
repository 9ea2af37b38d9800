//! What devices do with messages that were sent: edits, extensions, deletions, streams.

use contract::codes::{Common, Group, Message};
use contract::frame::Command;
use contract::frame::wire::{
    self, Chunk, DeleteRequest, ExtendAnswer, ExtendRequest, ExtendedNotice, Extension, ExtensionChange,
    ExtensionsAnswer, ExtensionsRequest, HistoryRequest, MessagePage, MessageRef, ModifyAnswer, ModifyRequest,
    SendAnswer, SendRequest, SinceRequest, StreamRequest, StreamedNotice,
};

use gateway::Front;
use store::words::Action;

use crate::world::{Device, World, is_refusal, text};

fn reference(from: &str, to: &str, sent: &SendAnswer, random: u32) -> MessageRef {
    MessageRef { from: from.into(), to: to.into(), msg_seq: sent.msg_seq, msg_random: random, time: sent.time }
}

fn body(text: &str) -> String {
    format!(r#"[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"{text}"}}}}]"#)
}

/// alice and bob, and a message from alice that bob has.
async fn talk(world: &World) -> (Device, Device, MessageRef) {
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let request = SendRequest { extensible: true, ..text("bob", 1) };
    let sent: SendAnswer = alice.call(Command::Send, &request).await.read().unwrap();
    bob.notice(Command::Message).await;
    (alice, bob, reference("alice", "bob", &sent, 1))
}

fn edit(message: &MessageRef, version: u32, text: &str) -> ModifyRequest {
    ModifyRequest { message: Some(message.clone()), version, body: Some(body(text)), cloud: None }
}

#[tokio::test]
async fn either_side_changes_a_message_on_its_newest_version() {
    let world = World::new().await;
    let (mut alice, mut bob, message) = talk(&world).await;
    let mut carol = world.device("carol", "c").await;
    let answer: ModifyAnswer = bob.call(Command::Modify, &edit(&message, 0, "by bob")).await.read().unwrap();
    assert_eq!(answer.version, 1);
    for device in [&mut alice, &mut bob] {
        let changed: wire::Message = device.notice(Command::Modified).await.read().unwrap();
        assert_eq!((changed.body, changed.version, changed.seq), (body("by bob"), 1, 1));
    }
    is_refusal(&alice.call(Command::Modify, &edit(&message, 0, "late")).await, Message::VersionOutdated);
    let cloud = ModifyRequest { body: None, cloud: Some("c".into()), ..edit(&message, 1, "") };
    assert_eq!(alice.call(Command::Modify, &cloud).await.code, 0);
    let changed: wire::Message = bob.notice(Command::Modified).await.read().unwrap();
    assert_eq!((changed.body, changed.cloud, changed.version), (body("by bob"), "c".into(), 2));
    alice.notice(Command::Modified).await;
    is_refusal(&carol.call(Command::Modify, &edit(&message, 2, "x")).await, Message::NotAdmin);
    let unknown = MessageRef { msg_random: 9, ..message.clone() };
    is_refusal(&bob.call(Command::Modify, &edit(&unknown, 0, "x")).await, Message::MessageUnknown);
    let nothing = ModifyRequest { body: None, ..edit(&message, 2, "") };
    is_refusal(&bob.call(Command::Modify, &nothing).await, Message::MsgBodyInvalid);
    is_refusal(&bob.call(Command::Modify, &ModifyRequest::default()).await, Message::MsgKeyInvalid);
    let bad = ModifyRequest { body: Some("[]".into()), ..edit(&message, 2, "") };
    is_refusal(&bob.call(Command::Modify, &bad).await, Message::MsgBodyInvalid);
    let large = ModifyRequest { cloud: Some("x".repeat(13_000)), ..edit(&message, 2, "") };
    is_refusal(&bob.call(Command::Modify, &large).await, Common::MessageTooLong);
    assert_eq!(alice.call(Command::Recall, &message).await.code, 0);
    is_refusal(&alice.call(Command::Modify, &edit(&message, 2, "x")).await, Message::MessageRecalled);
}

#[tokio::test]
async fn a_device_that_was_away_finds_what_changed() {
    let world = World::new().await;
    let (mut alice, bob, message) = talk(&world).await;
    drop(bob);
    let before = world.desk.now();
    world.desk.advance(5);
    assert_eq!(alice.call(Command::Modify, &edit(&message, 0, "new")).await.code, 0);
    let pairs = vec![Extension { key: "k".into(), value: "v".into(), seq: 0 }];
    let change = ExtendRequest { message: Some(message), change: ExtensionChange::ChangeSet.into(), extensions: pairs };
    assert_eq!(alice.call(Command::ExtensionSet, &change).await.code, 0);
    let mut bob = world.device("bob", "b").await;
    let since = SinceRequest {
        peer: "alice".into(),
        after: Some(wire::Place { seq: 1, time: before.secs() }),
        changed_after: before.0,
        ..SinceRequest::default()
    };
    let page: MessagePage = bob.call(Command::Since, &since).await.read().unwrap();
    let changed = &page.changed[0];
    assert_eq!((&changed.body, changed.version, changed.extended), (&body("new"), 1, true));
    assert!(page.messages.is_empty());
}

async fn pairs(device: &mut Device, message: &MessageRef) -> Vec<(String, String, u64)> {
    let request = ExtensionsRequest { message: Some(message.clone()), start_seq: 0 };
    let answer: ExtensionsAnswer = device.call(Command::ExtensionGet, &request).await.read().unwrap();
    assert!(answer.finished);
    answer.extensions.into_iter().map(|pair| (pair.key, pair.value, pair.seq)).collect()
}

#[tokio::test]
async fn a_pair_that_another_changed_is_answered_as_it_is() {
    let world = World::new().await;
    let (mut alice, mut bob, message) = talk(&world).await;
    let mut carol = world.device("carol", "c").await;
    let set = |key: &str, value: &str, seq| ExtendRequest {
        message: Some(message.clone()),
        change: ExtensionChange::ChangeSet.into(),
        extensions: vec![Extension { key: key.into(), value: value.into(), seq }],
    };
    let answer: ExtendAnswer = bob.call(Command::ExtensionSet, &set("vote", "yes", 0)).await.read().unwrap();
    assert_eq!((answer.items[0].code, answer.latest_seq), (0, 1));
    for device in [&mut alice, &mut bob] {
        let notice: ExtendedNotice = device.notice(Command::Extended).await.read().unwrap();
        assert_eq!((notice.by.as_str(), notice.latest_seq, notice.change()), ("bob", 1, ExtensionChange::ChangeSet));
        assert_eq!(notice.extensions[0], Extension { key: "vote".into(), value: "yes".into(), seq: 1 });
    }
    let late: ExtendAnswer = alice.call(Command::ExtensionSet, &set("vote", "no", 0)).await.read().unwrap();
    let row = Message::ExtensionConflict.row();
    contract::ledger::note(row, contract::ledger::How::Frame);
    assert_eq!(Some(late.items[0].code), row.number());
    assert_eq!(late.items[0].extension.as_ref().map(|pair| (pair.value.as_str(), pair.seq)), Some(("yes", 1)));
    assert!(bob.is_silent().await, "nothing changed");
    assert_eq!(alice.call(Command::ExtensionSet, &set("vote", "no", 1)).await.code, 0);
    assert_eq!(pairs(&mut bob, &message).await, [("vote".into(), "no".into(), 2)]);
    let clear = ExtendRequest { change: ExtensionChange::ChangeClear.into(), extensions: vec![], ..set("", "", 0) };
    assert_eq!(bob.call(Command::ExtensionSet, &clear).await.code, 0);
    assert_eq!(pairs(&mut alice, &message).await, []);
    is_refusal(&carol.call(Command::ExtensionSet, &set("k", "v", 0)).await, Message::NotAdmin);
    is_refusal(&bob.call(Command::ExtensionSet, &ExtendRequest::default()).await, Group::FieldInvalid);
    is_refusal(&bob.call(Command::ExtensionSet, &set("", "v", 0)).await, Group::FieldInvalid);
    let plain = alice.write("bob", 2).await;
    let plain = ExtendRequest { message: Some(reference("alice", "bob", &plain, 2)), ..set("k", "v", 0) };
    is_refusal(&bob.call(Command::ExtensionSet, &plain).await, Message::ExtensionForbidden);
}

#[tokio::test]
async fn what_an_account_deletes_is_gone_for_it_alone() {
    let world = World::new().await;
    let (mut alice, mut bob, message) = talk(&world).await;
    let delete = |messages| DeleteRequest { peer: "alice".into(), messages };
    assert_eq!(bob.call(Command::Delete, &delete(vec![message.clone()])).await.code, 0);
    let history = |peer: &str| HistoryRequest { peer: peer.into(), before: None, count: 0 };
    let page: MessagePage = bob.call(Command::History, &history("alice")).await.read().unwrap();
    assert!(page.messages.is_empty());
    let page: MessagePage = alice.call(Command::History, &history("bob")).await.read().unwrap();
    assert_eq!(page.messages.len(), 1);
    is_refusal(&bob.call(Command::Modify, &edit(&message, 0, "x")).await, Message::MessageUnknown);
    assert_eq!(alice.call(Command::Modify, &edit(&message, 0, "x")).await.code, 0);
    alice.notice(Command::Modified).await;
    assert!(bob.is_silent().await, "who deleted a message is not told of it");
    is_refusal(&bob.call(Command::Delete, &delete(vec![])).await, contract::codes::Account::BatchSizeInvalid);
    is_refusal(
        &bob.call(Command::Delete, &delete(vec![message; 51])).await,
        contract::codes::Account::BatchSizeInvalid,
    );
}

#[tokio::test]
async fn a_device_streams_and_others_see_it_grow() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let chunk = |index, text: &str, last| Chunk { index, markdown: text.into(), last };
    let first = StreamRequest {
        to: "bob".into(),
        msg_seq: 1,
        msg_random: 1,
        compatible_text: "old".into(),
        chunks: vec![chunk(1, "a", false)],
        message: None,
    };
    let sent: SendAnswer = alice.call(Command::Stream, &first).await.read().unwrap();
    let opened: wire::Message = bob.notice(Command::Message).await.read().unwrap();
    assert!(opened.body.contains("TIMStreamElem"), "{}", opened.body);
    let message = reference("alice", "bob", &sent, 1);
    let next = |chunks| StreamRequest { message: Some(message.clone()), chunks, ..StreamRequest::default() };
    assert_eq!(alice.call(Command::Stream, &next(vec![chunk(2, "b", false)])).await.code, 0);
    let grown: StreamedNotice = bob.notice(Command::Streamed).await.read().unwrap();
    assert_eq!((grown.message, grown.version, grown.chunks), (Some(message.clone()), 1, vec![chunk(2, "b", false)]));
    is_refusal(&bob.call(Command::Stream, &next(vec![chunk(3, "c", false)])).await, Message::NotAdmin);
    is_refusal(&alice.call(Command::Stream, &next(vec![])).await, Message::MsgBodyInvalid);
    is_refusal(&alice.call(Command::Stream, &next(vec![chunk(4, "d", false)])).await, Message::MsgElementInvalid);
    assert_eq!(alice.call(Command::Stream, &next(vec![chunk(3, "c", true)])).await.code, 0);
    bob.notice(Command::Streamed).await;
    let whole: wire::Message = bob.notice(Command::Modified).await.read().unwrap();
    assert!(whole.body.contains(r#""Markdown":"abc""#), "{}", whole.body);
    is_refusal(&alice.call(Command::Stream, &next(vec![chunk(4, "d", false)])).await, Message::RequestIllegal);
}

#[tokio::test]
async fn edits_and_streams_are_held_to_the_words_of_sends() {
    let world = World::new().await;
    let (mut alice, mut bob, message) = talk(&world).await;
    world.desk.forbid(&[("badword", Action::Block), ("darn", Action::Replace), ("gold", Action::Review)]);
    is_refusal(&alice.call(Command::Modify, &edit(&message, 0, "badword")).await, Common::TextForbidden);
    is_refusal(&alice.call(Command::Modify, &edit(&message, 7, "badword")).await, Message::VersionOutdated);
    let answer: ModifyAnswer = bob.call(Command::Modify, &edit(&message, 0, "darn gold")).await.read().unwrap();
    assert_eq!(answer.version, 1, "what was refused changed nothing");
    let changed: wire::Message = alice.notice(Command::Modified).await.read().unwrap();
    assert!(changed.body.contains("**** gold"), "{}", changed.body);
    assert_eq!(*world.desk.noted.read(), [("alice".to_owned(), vec!["gold".to_owned()])]);
    bob.notice(Command::Modified).await;
    let first = |text: &str| StreamRequest {
        to: "bob".into(),
        msg_seq: 1,
        msg_random: 2,
        compatible_text: "old".into(),
        chunks: vec![Chunk { index: 1, markdown: text.into(), last: false }],
        message: None,
    };
    is_refusal(&alice.call(Command::Stream, &first("badword")).await, Common::TextForbidden);
    let sent: SendAnswer = alice.call(Command::Stream, &first("darn bad")).await.read().unwrap();
    let opened: wire::Message = bob.notice(Command::Message).await.read().unwrap();
    assert!(opened.body.contains("**** bad") && !opened.body.contains("darn"), "{}", opened.body);
    let stream = reference("alice", "bob", &sent, 2);
    let next = |index: u32, text: &str| StreamRequest {
        message: Some(stream.clone()),
        chunks: vec![Chunk { index, markdown: text.into(), last: false }],
        ..StreamRequest::default()
    };
    is_refusal(&alice.call(Command::Stream, &next(2, "word")).await, Common::TextForbidden);
    assert_eq!(alice.call(Command::Stream, &next(2, " da")).await.code, 0);
    bob.notice(Command::Streamed).await;
    assert_eq!(alice.call(Command::Stream, &next(3, "rn gold")).await.code, 0);
    let whole: wire::Message = bob.notice(Command::Modified).await.read().unwrap();
    assert!(whole.body.contains("**** bad **** gold"), "{}", whole.body);
    assert_eq!(world.desk.noted.read().len(), 2);
}
