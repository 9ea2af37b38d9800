//! Sending, receiving, what was missed, history, slow applications.

use std::time::Duration;

use client::{Error, Event, PushConfirmation, SendOptions, Storage};
use contract::codes;
use contract::frame::wire::{
    Head, HeadsAnswer, HistoryRequest, MessagePage, MessageRef, Place, PushAck, PushNotice, ReceiptRequest, SendAnswer,
    SendRequest, SinceRequest,
};
use contract::frame::{Command, Flag, Frame};

use crate::gateway::{Gateway, Link, from_bob, next, number, places, within};

async fn accept(link: &mut Link, seq: u64) -> SendRequest {
    let request = link.expect(Command::Send).await;
    let sent: SendRequest = request.read().expect("a send");
    link.say(request.answer(&SendAnswer { time: 500, msg_seq: sent.msg_seq, seq, at: 500_000 })).await;
    sent
}

async fn agree(link: &mut Link, command: Command) -> Frame {
    let request = link.expect(command).await;
    link.say(Frame { flags: Flag::Answer as u32, body: bytes::Bytes::new(), ..request.clone() }).await;
    request
}

#[tokio::test]
async fn a_message_is_sent_and_found_in_the_cache() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let options = SendOptions { receipt_wanted: true, cloud: "c".into(), ..SendOptions::default() };
    let (sent, request) = tokio::join!(client.send("bob", client::text("hi"), options), accept(&mut link, 1));
    let sent = sent.unwrap();
    assert_eq!((sent.seq, sent.key.time, sent.key.random), (1, 500, request.msg_random));
    assert!(request.receipt_wanted);
    drop((link, gateway));
    let list = client.conversations().await.unwrap();
    assert_eq!(list[0].last.as_ref().map(|message| (message.text(), message.key)), Some(("hi".into(), sent.key)));
    assert_eq!(list[0].unread, 0);
}

#[tokio::test]
async fn a_send_that_a_lost_connection_cut_off_is_sent_again_with_its_key() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let serve = async {
        let first: SendRequest = link.expect(Command::Send).await.read().unwrap();
        drop(link);
        let mut link = gateway.admit(Command::Resume).await;
        let second = accept(&mut link, 1).await;
        assert_eq!(first, second);
        link
    };
    let (sent, _link) = tokio::join!(client.send_text("bob", "once"), serve);
    assert_eq!(sent.unwrap().seq, 1);
}

#[tokio::test]
async fn a_send_that_finds_no_connection_ends_in_time() {
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.request_timeout = Duration::from_millis(300);
    let (client, _events, link) = gateway.client(settings).await;
    drop((link, gateway));
    assert_eq!(within("an answer", client.send_text("bob", "hi")).await, Err(Error::Disconnected));
    assert!(matches!(client.send_text("", "hi").await, Err(Error::InvalidArgument(_))));
    assert!(matches!(client.send("bob", "no JSON", SendOptions::default()).await, Err(Error::InvalidArgument(_))));
}

#[tokio::test]
async fn a_refusal_carries_the_published_code() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let serve = async {
        let request = link.expect(Command::Send).await;
        link.say(request.refusal(number(codes::Message::SenderUnknown), "unknown")).await;
    };
    let (sent, ()) = tokio::join!(client.send_text("nobody", "hi"), serve);
    assert_eq!(sent, Err(Error::Refused { code: number(codes::Message::SenderUnknown), text: "unknown".into() }));
}

#[tokio::test]
async fn a_gap_is_filled_before_the_application_is_told() {
    let gateway = Gateway::start().await;
    let (_client, mut events, mut link) = gateway.client(gateway.settings()).await;
    link.notice(&from_bob(1)).await;
    link.notice(&from_bob(4)).await;
    let request = link.expect(Command::Since).await;
    assert_eq!(request.read::<SinceRequest>().unwrap().after.unwrap().seq, 1);
    let page = MessagePage { messages: (2..=4).map(from_bob).collect(), finished: true, ..MessagePage::default() };
    link.say(request.answer(&page)).await;
    link.notice(&from_bob(5)).await;
    assert_eq!(places(&mut events, 5).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_client_that_starts_again_gets_what_it_missed_and_nothing_twice() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.storage = Storage::Directory(directory.path().into());
    let (client, mut events, mut link) = gateway.client(settings.clone()).await;
    for seq in 1..=3 {
        link.notice(&from_bob(seq)).await;
    }
    assert_eq!(places(&mut events, 3).await, [1, 2, 3]);
    within("shutdown", client.shutdown()).await;

    let client = client::Client::new(settings).unwrap();
    let mut events = client.events().unwrap();
    let serve = async {
        let mut link = gateway.accept().await;
        link.admit_with(Command::Login, 1_000).await;
        let heads = link.expect(Command::Heads).await;
        let head = Head {
            peer: "bob".into(),
            place: Some(Place { seq: 6, time: 106 }),
            unread: 6,
            last: Some(from_bob(6)),
            moved_at: 1,
            ..Head::default()
        };
        link.say(heads.answer(&HeadsAnswer { heads: vec![head], next: 1, finished: true, ..HeadsAnswer::default() }))
            .await;
        for (after, seqs) in [(3, 4..=5), (5, 6..=6)] {
            let request = link.expect(Command::Since).await;
            assert_eq!(request.read::<SinceRequest>().unwrap().after.unwrap().seq, after);
            let finished = after == 5;
            link.say(request.answer(&MessagePage {
                messages: seqs.map(from_bob).collect(),
                finished,
                ..MessagePage::default()
            }))
            .await;
        }
        link
    };
    let (login, _link) = tokio::join!(client.login("alice", "sig"), serve);
    login.unwrap();
    assert_eq!(places(&mut events, 3).await, [4, 5, 6]);
    let list = client.conversations().await.unwrap();
    assert_eq!((list[0].unread, list[0].last.as_ref().map(|last| last.seq)), (6, Some(6)));
}

#[tokio::test]
async fn history_comes_from_the_server_and_without_it_from_the_cache() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let serve = async {
        let request = link.expect(Command::History).await;
        let body: HistoryRequest = request.read().unwrap();
        assert_eq!((body.peer.as_str(), body.count, body.before), ("bob", 2, None));
        let messages = vec![from_bob(8), from_bob(9)];
        link.say(request.answer(&MessagePage { messages, finished: false, ..MessagePage::default() })).await;
    };
    let (online, ()) = tokio::join!(client.history("bob", None, 2), serve);
    let online = online.unwrap();
    assert_eq!(online.iter().map(|message| message.seq).collect::<Vec<_>>(), [8, 9]);
    drop((link, gateway));
    within("the loss", async {
        while client.status() == client::Status::Connected {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(client.history("bob", None, 2).await, Ok(online.clone()));
    assert_eq!(client.history("bob", Some(online[1].id()), 2).await, Ok(vec![online[0].clone()]));
}

#[tokio::test]
async fn reads_receipts_recalls_and_tokens_reach_the_gateway() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = gateway.client(gateway.settings()).await;
    link.notice(&from_bob(1)).await;
    assert_eq!(places(&mut events, 1).await, [1]);
    assert_eq!(client.conversations().await.unwrap()[0].unread, 1);
    let (done, _) = tokio::join!(client.mark_read("bob"), agree(&mut link, Command::Read));
    assert_eq!(done, Ok(()));
    assert_eq!(client.conversations().await.unwrap()[0].unread, 0);

    let id = client.conversations().await.unwrap()[0].last.as_ref().unwrap().id();
    let keys = [id.key];
    let (done, request) = tokio::join!(client.send_receipts("bob", &keys), agree(&mut link, Command::Receipt));
    assert_eq!(done, Ok(()));
    let reference = MessageRef::from(id.clone());
    assert_eq!(request.read::<ReceiptRequest>().unwrap().messages, std::slice::from_ref(&reference));
    let (done, request) = tokio::join!(client.recall(id), agree(&mut link, Command::Recall));
    assert_eq!(done, Ok(()));
    assert_eq!(request.read::<MessageRef>().unwrap(), reference);
    let (done, _) = tokio::join!(client.set_push_token("apns", "00ff", 1), agree(&mut link, Command::SetToken));
    assert_eq!(done, Ok(()));
    let (done, _) = tokio::join!(client.logout(), agree(&mut link, Command::Logout));
    assert_eq!(done, Ok(()));
    assert!(link.is_closed().await);
}

#[tokio::test]
async fn a_notification_is_confirmed_by_whoever_the_settings_say() {
    for confirmation in [PushConfirmation::Automatic, PushConfirmation::Application] {
        let gateway = Gateway::start().await;
        let mut settings = gateway.settings();
        settings.push_confirmation = confirmation;
        let (client, mut events, mut link) = gateway.client(settings).await;
        let notice = PushNotice { id: b"p".to_vec(), title: "t".into(), ..PushNotice::default() };
        link.say(Frame::notice(Command::Pushed, &notice)).await;
        assert_eq!(next(&mut events).await, Event::Connected);
        assert!(matches!(next(&mut events).await, Event::Pushed(push) if push.title == "t"));
        let confirm = async {
            if confirmation == PushConfirmation::Application {
                client.confirm_push(b"p").await.expect("confirms");
            }
        };
        let ((), request) = tokio::join!(confirm, agree(&mut link, Command::PushAck));
        assert_eq!(request.read::<PushAck>().unwrap().id, b"p");
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_told_and_the_message_too() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.storage = Storage::Directory(directory.path().into());
    let (client, mut events, mut link) = gateway.client(settings).await;
    let file = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "db")).unwrap();
    rusqlite::Connection::open(file).unwrap().execute_batch("DROP TABLE messages").unwrap();
    link.notice(&from_bob(1)).await;
    assert_eq!(next(&mut events).await, Event::Connected);
    assert!(matches!(next(&mut events).await, Event::Message(message) if message.seq == 1));
    assert!(matches!(next(&mut events).await, Event::CacheFailed { .. }));
    assert!(matches!(client.conversations().await, Err(Error::Cache(_))));
}

#[tokio::test]
async fn a_slow_application_stops_the_reader_and_loses_nothing() {
    const MESSAGES: u64 = 3_000;
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.events = 4;
    let (client, mut events, mut link) = gateway.client(settings).await;
    // A gateway that writes until nobody reads: sockets and queues hold a bounded part of it.
    let pad = "x".repeat(8_000);
    let mut written = 0;
    while written < MESSAGES {
        let message = contract::frame::wire::Message { cloud: pad.clone(), ..from_bob(written + 1) };
        let frame = Frame::notice(Command::Message, &message);
        match tokio::time::timeout(Duration::from_millis(500), link.try_say(frame)).await {
            Ok(is_written) => assert!(is_written),
            Err(_) => break,
        }
        written += 1;
    }
    assert!(written < MESSAGES, "the client reads on although nobody takes its events");
    assert_eq!(client.status(), client::Status::Connected);
    // What was being written when the reader stopped is still whole in the socket's buffer.
    let told = places(&mut events, written as usize).await;
    assert_eq!(told, (1..=written).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_application_may_call_from_its_event_loop_though_events_wait() {
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.events = 1;
    let (client, mut events, mut link) = gateway.client(settings).await;
    let serve = async {
        for seq in 1..=20 {
            link.notice(&from_bob(seq)).await;
        }
        let request = link.expect(Command::Read).await;
        for seq in 21..=40 {
            link.notice(&from_bob(seq)).await;
        }
        link.say(Frame { flags: Flag::Answer as u32, ..request }).await;
        link
    };
    let call = async {
        assert_eq!(places(&mut events, 1).await, [1]);
        within("an answer", client.mark_read("bob")).await.expect("is read");
    };
    let (mut link, ()) = tokio::join!(serve, call);
    assert_eq!(places(&mut events, 39).await, (2..=40).collect::<Vec<_>>());
    link.notice(&from_bob(41)).await;
    assert_eq!(places(&mut events, 1).await, [41]);
}
