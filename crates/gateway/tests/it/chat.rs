//! Two accounts talk: sends, notices, gaps, recalls, receipts.

use contract::codes::{Account, Common, Message};
use contract::frame::wire::{
    self, HeadsAnswer, HeadsRequest, HistoryRequest, MessagePage, MessageRef, Place, ReadNotice, ReadRequest,
    RecallNotice, ReceiptNotice, ReceiptRequest, SendAnswer, SendRequest, SinceRequest,
};
use contract::frame::{Command, Frame};
use contract::limit;

use crate::world::{Device, Empty, World, is_refusal, text};

async fn page(device: &mut Device, since: SinceRequest) -> MessagePage {
    device.call(Command::Since, &since).await.read().unwrap()
}

fn reference(from: &str, to: &str, sent: &SendAnswer, random: u32) -> MessageRef {
    MessageRef { from: from.into(), to: to.into(), msg_seq: sent.msg_seq, msg_random: random, time: sent.time }
}

#[tokio::test]
async fn a_message_reaches_the_receiver_and_the_senders_other_devices_but_not_its_origin() {
    let world = World::new().await;
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    let mut bob = world.device("bob", "phone-of-bob").await;
    let sent = phone.write("bob", 1).await;
    assert_eq!(sent.seq, 1);
    for device in [&mut bob, &mut desk] {
        let message: wire::Message = device.notice(Command::Message).await.read().unwrap();
        assert_eq!((message.from.as_str(), message.to.as_str(), message.seq), ("alice", "bob", 1));
        assert_eq!(message.body, text("bob", 1).body);
    }
    assert!(phone.is_silent().await);
}

#[tokio::test]
async fn a_repeated_send_is_answered_with_the_first_one_and_announced_once() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let (first, second) = (alice.write("bob", 1).await, alice.write("bob", 1).await);
    assert_eq!(first, second);
    bob.notice(Command::Message).await;
    assert!(bob.is_silent().await);
}

#[tokio::test]
async fn requests_of_one_device_keep_their_order_without_waiting_for_each_other() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let mut asked = Vec::new();
    for number in 1..=40 {
        let frame = alice.number(Frame::request(Command::Send, &text("bob", number)));
        asked.push(frame.seq);
        alice.send(frame).await;
    }
    for (index, seq) in asked.into_iter().enumerate() {
        let sent: SendAnswer = alice.answer(seq).await.read().unwrap();
        assert_eq!(sent.seq, index as u64 + 1);
    }
    for number in 1..=40 {
        let message: wire::Message = bob.notice(Command::Message).await.read().unwrap();
        assert_eq!((message.seq, message.msg_seq), (u64::from(number), number));
    }
}

#[tokio::test]
async fn what_a_device_missed_it_finds_by_its_places() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    drop(world.device("bob", "b").await);
    let mut last = SendAnswer::default();
    for number in 1..=5 {
        last = alice.write("bob", number).await;
    }
    let mut bob = world.device("bob", "b").await;
    let heads: HeadsAnswer = bob.call(Command::Heads, &HeadsRequest::default()).await.read().unwrap();
    assert!(heads.finished);
    let head = &heads.heads[0];
    assert_eq!((head.peer.as_str(), head.unread, head.place), ("alice", 5, Some(Place { seq: 5, time: last.time })));
    assert_eq!(head.last.as_ref().map(|message| message.seq), Some(5));
    let moved = HeadsRequest { after: heads.next, count: 10, ..HeadsRequest::default() };
    let later: HeadsAnswer = bob.call(Command::Heads, &moved).await.read().unwrap();
    assert_eq!((later.heads.len(), later.next, later.finished), (0, heads.next, true));
    let known = Place { seq: 2, time: last.time };
    let since = SinceRequest { peer: "alice".into(), after: Some(known), count: 2, ..SinceRequest::default() };
    let missed = page(&mut bob, since).await;
    let seqs = |page: &MessagePage| page.messages.iter().map(|message| message.seq).collect::<Vec<_>>();
    assert_eq!((seqs(&missed), missed.finished), (vec![3, 4], false));
    let newest = HistoryRequest { peer: "alice".into(), before: None, count: 2 };
    let history: MessagePage = bob.call(Command::History, &newest).await.read().unwrap();
    assert_eq!((seqs(&history), history.finished), (vec![4, 5], false));
    let oldest = reference("alice", "bob", &SendAnswer { msg_seq: 4, ..last }, 4);
    let older = HistoryRequest { peer: "alice".into(), before: Some(oldest), count: 0 };
    let history: MessagePage = bob.call(Command::History, &older).await.read().unwrap();
    assert_eq!((seqs(&history), history.finished), (vec![1, 2, 3], true));
}

#[tokio::test]
async fn large_pages_are_cut_to_a_frame_and_go_on() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    for number in 1..=30 {
        let cloud = "x".repeat(11_000);
        let request = SendRequest { cloud, ..text("bob", number) };
        assert_eq!(alice.call(Command::Send, &request).await.code, 0);
        bob.notice(Command::Message).await;
    }
    let (mut after, mut seen) = (Place::default(), Vec::new());
    loop {
        let since = SinceRequest { peer: "alice".into(), after: Some(after), count: 100, ..SinceRequest::default() };
        let missed = page(&mut bob, since).await;
        seen.extend(missed.messages.iter().map(|message| message.seq));
        let last = missed.messages.last().expect("each page brings something");
        after = Place { seq: last.seq, time: last.time };
        assert!(missed.messages.len() < 30, "one frame does not hold all");
        if missed.finished {
            break;
        }
    }
    assert_eq!(seen, (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn heads_of_one_moment_come_on_several_pages_and_each_of_them_once() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    for number in 0..40 {
        let peer = format!("peer-{number:02}");
        drop(world.device(&peer, &peer).await);
        let request = SendRequest { cloud: "x".repeat(11_000), ..text(&peer, number) };
        assert_eq!(alice.call(Command::Send, &request).await.code, 0);
    }
    // The clock stands still: all of them moved in one millisecond.
    let mut peers = Vec::new();
    let mut request = HeadsRequest { count: 20, ..HeadsRequest::default() };
    loop {
        let answer = alice.call(Command::Heads, &request).await;
        assert!(answer.to_bytes().len() < limit::FRAME_BYTES);
        let heads: HeadsAnswer = answer.read().unwrap();
        assert!(heads.heads.len() < 20 && heads.heads.iter().all(|head| head.last.is_some()));
        peers.extend(heads.heads.into_iter().map(|head| head.peer));
        if heads.finished {
            break;
        }
        request = HeadsRequest { after: heads.next, after_peer: heads.next_peer, count: 20 };
    }
    assert_eq!(peers, (0..40).map(|number| format!("peer-{number:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_online_only_message_passes_and_leaves_nothing() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let request = SendRequest { online_only: true, ..text("bob", 1) };
    let sent: SendAnswer = alice.call(Command::Send, &request).await.read().unwrap();
    assert_eq!(sent.seq, 0);
    let message: wire::Message = bob.notice(Command::Message).await.read().unwrap();
    assert!(message.online_only && message.seq == 0);
    let heads: HeadsAnswer = bob.call(Command::Heads, &HeadsRequest::default()).await.read().unwrap();
    assert_eq!(heads.heads, []);
    let stray = SendRequest { online_only: true, ..text("nobody", 1) };
    is_refusal(&alice.call(Command::Send, &stray).await, Message::ReceiverUnknown);
}

#[tokio::test]
async fn a_recalled_message_is_announced_and_travels_without_its_body_from_then_on() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let sent = alice.write("bob", 1).await;
    bob.notice(Command::Message).await;
    let reference = reference("alice", "bob", &sent, 1);
    is_refusal(&bob.call(Command::Recall, &reference).await, Message::NotAdmin);
    let unknown = MessageRef { msg_seq: 9, ..reference.clone() };
    is_refusal(&alice.call(Command::Recall, &unknown).await, Message::MessageUnknown);
    assert_eq!(alice.call(Command::Recall, &reference).await.code, 0);
    let notice: RecallNotice = bob.notice(Command::Recalled).await.read().unwrap();
    assert_eq!((notice.message, notice.seq, notice.by.as_str()), (Some(reference.clone()), 1, "alice"));
    alice.notice(Command::Recalled).await;
    is_refusal(&alice.call(Command::Recall, &reference).await, Message::MessageRecalled);
    let place = Place { seq: 1, time: sent.time };
    let since = SinceRequest {
        peer: "alice".into(),
        after: Some(place),
        count: 0,
        changed_after: sent.at - 1,
        ..SinceRequest::default()
    };
    let changed = page(&mut bob, since).await.changed;
    assert_eq!(changed.len(), 1);
    assert!(changed[0].recalled && changed[0].body.is_empty());
    let late = alice.write("bob", 2).await;
    world.desk.advance(121_000);
    let late = MessageRef { msg_seq: 2, msg_random: 2, time: late.time, ..reference };
    is_refusal(&alice.call(Command::Recall, &late).await, Message::RecallTooLate);
}

#[tokio::test]
async fn reading_and_receipts_are_told_to_the_sender() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let wanted = SendRequest { receipt_wanted: true, ..text("bob", 1) };
    let sent: SendAnswer = alice.call(Command::Send, &wanted).await.read().unwrap();
    bob.notice(Command::Message).await;
    let message = reference("alice", "bob", &sent, 1);
    let receipt = ReceiptRequest { peer: "alice".into(), messages: vec![message.clone()] };
    assert_eq!(bob.call(Command::Receipt, &receipt).await.code, 0);
    let notice: ReceiptNotice = alice.notice(Command::Receipts).await.read().unwrap();
    assert_eq!((notice.reader.as_str(), notice.messages), ("bob", vec![message]));
    let read = ReadRequest { peer: "alice".into(), time: 0 };
    assert_eq!(bob.call(Command::Read, &read).await.code, 0);
    let notice: ReadNotice = alice.notice(Command::ReadUpTo).await.read().unwrap();
    assert_eq!((notice.reader.as_str(), notice.peer.as_str(), notice.seq), ("bob", "alice", 1));
    bob.notice(Command::ReadUpTo).await;
    let heads: HeadsAnswer = bob.call(Command::Heads, &HeadsRequest::default()).await.read().unwrap();
    assert_eq!(heads.heads[0].unread, 0);
    let none = ReceiptRequest { peer: "alice".into(), messages: vec![] };
    is_refusal(&bob.call(Command::Receipt, &none).await, Account::BatchSizeInvalid);
}

#[tokio::test]
async fn each_bad_send_has_its_own_refusal() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    world.device("bob", "b").await;
    let mut check = async |request: SendRequest, row: &'static contract::codes::Row| {
        is_refusal(&alice.call(Command::Send, &request).await, row);
    };
    let body = |body: &str| SendRequest { body: body.into(), ..text("bob", 1) };
    check(SendRequest { to: String::new(), ..text("bob", 1) }, Message::ReceiverInvalid.row()).await;
    check(body("no json"), Message::FieldInvalid.row()).await;
    check(body("{}"), Message::MsgBodyNotList.row()).await;
    check(body("[]"), Message::MsgBodyInvalid.row()).await;
    check(body(r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":1}}]"#), Message::MsgElementInvalid.row()).await;
    check(SendRequest { push: "[]".into(), ..text("bob", 1) }, Message::PushInfoInvalid.row()).await;
    check(SendRequest { push: r#"{"Title":1}"#.into(), ..text("bob", 1) }, Message::PushInfoInvalid.row()).await;
    check(SendRequest { cloud: "x".repeat(12 * 1024), ..text("bob", 1) }, Common::MessageTooLong.row()).await;
    check(text("nobody", 1), Message::ReceiverUnknown.row()).await;
    assert!(alice.is_silent().await);
    assert_eq!(alice.call(Command::Heartbeat, &Empty).await.code, 0);
}
