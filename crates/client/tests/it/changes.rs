//! What is done with messages after they were sent: edits, extensions, deletions, streams.

use client::{Chunk, Client, Error, Event, Events, Extension, ExtensionChange, Message, MessageId};
use contract::codes;
use contract::frame::wire::{
    self, DeleteRequest, ExtendAnswer, ExtendRequest, ExtendedNotice, ExtensionsAnswer, ExtensionsRequest,
    Message as WireMessage, ModifyAnswer, ModifyRequest, SendAnswer, StreamRequest, StreamedNotice, extend_answer,
};
use contract::frame::{Command, Flag, Frame};
use contract::stream::Stream;

use crate::gateway::{Gateway, Link, from_bob, next, number};

fn id(seq: u64) -> MessageId {
    Message::from(from_bob(seq)).id()
}

/// A client that is logged in, the events after that, and the gateway's end of its connection.
async fn open(gateway: &Gateway) -> (Client, Events, Link) {
    let (client, mut events, link) = gateway.client(gateway.settings()).await;
    assert_eq!(next(&mut events).await, Event::Connected);
    (client, events, link)
}

/// The newest message of each conversation, as the cache has it.
async fn cached(client: &Client) -> Vec<Message> {
    client
        .conversations()
        .await
        .expect("the cache answers")
        .into_iter()
        .filter_map(|conversation| conversation.last)
        .collect()
}

#[tokio::test]
async fn an_edit_names_the_version_that_the_client_holds_and_a_newer_one_stays() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = open(&gateway).await;
    link.notice(&from_bob(1)).await;
    let Event::Message(message) = next(&mut events).await else { panic!("a message") };
    let newer = WireMessage { body: client::text("new"), version: 2, ..from_bob(1) };
    link.say(Frame::notice(Command::Modified, &newer)).await;
    assert_eq!(next(&mut events).await, Event::Modified(Message::from(newer.clone())));
    // The same again, and an older one that was under way.
    link.say(Frame::notice(Command::Modified, &newer)).await;
    link.say(Frame::notice(Command::Modified, &WireMessage { version: 1, ..from_bob(1) })).await;
    assert_eq!(cached(&client).await, [Message::from(newer)]);
    let serve = async {
        let request = link.expect(Command::Modify).await;
        let asked: ModifyRequest = request.read().unwrap();
        assert_eq!((asked.version, asked.body, asked.cloud), (0, Some(client::text("x")), None));
        link.say(request.refusal(number(codes::Message::VersionOutdated), "late")).await;
        let request = link.expect(Command::Modify).await;
        link.say(request.answer(&ModifyAnswer { version: 3 })).await;
    };
    let ask = async {
        let late = client.modify(&message, Some(client::text("x")), None).await;
        assert!(matches!(late, Err(Error::Refused { code, .. }) if code == number(codes::Message::VersionOutdated)));
        assert_eq!(client.modify(&message, None, Some("c".into())).await, Ok(3));
    };
    tokio::join!(ask, serve);
    assert!(matches!(client.modify(&message, None, None).await, Err(Error::InvalidArgument(_))));
}

#[tokio::test]
async fn a_stream_is_put_together_in_the_cache() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = open(&gateway).await;
    let chunk = |index, text: &str, is_last| Chunk { index, markdown: text.into(), is_last };
    let stream = |chunks: &[Chunk]| Stream::open("old".into(), chunks).unwrap().body();
    let opened = WireMessage { body: stream(&[chunk(1, "a", false)]), ..from_bob(1) };
    link.notice(&opened).await;
    assert!(matches!(next(&mut events).await, Event::Message(_)));
    for (index, text, version) in [(2, "b", 1), (4, "d", 3)] {
        let reference = Some(id(1).into());
        let chunks = vec![wire::Chunk { index, markdown: text.into(), last: false }];
        link.say(Frame::notice(Command::Streamed, &StreamedNotice { message: reference, seq: 1, version, chunks }))
            .await;
        let told = Event::Streamed { message: id(1), chunks: vec![chunk(index, text, false)] };
        assert_eq!(next(&mut events).await, told);
    }
    // The fourth chunk came without the third: the cache waits for the whole text.
    assert_eq!(cached(&client).await[0].body, stream(&[chunk(1, "a", false), chunk(2, "b", false)]));
    let all = stream(&[chunk(1, "a", false), chunk(2, "b", false), chunk(3, "c", false), chunk(4, "d", true)]);
    link.say(Frame::notice(Command::Modified, &WireMessage { body: all.clone(), version: 4, ..from_bob(1) })).await;
    assert!(matches!(next(&mut events).await, Event::Modified(_)));
    assert_eq!(cached(&client).await[0].body, all);
}

#[tokio::test]
async fn a_client_streams_and_a_repeated_piece_keeps_its_number() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = open(&gateway).await;
    let chunk = |index, text: &str, is_last| Chunk { index, markdown: text.into(), is_last };
    let serve = async {
        let request = link.expect(Command::Stream).await;
        let asked: StreamRequest = request.read().unwrap();
        assert_eq!((asked.to.as_str(), asked.compatible_text.as_str(), asked.message), ("bob", "old", None));
        link.say(request.answer(&SendAnswer { time: 500, msg_seq: asked.msg_seq, seq: 1, at: 500_000 })).await;
        let lost: StreamRequest = link.expect(Command::Stream).await.read().unwrap();
        drop(link);
        let mut link = gateway.admit(Command::Resume).await;
        let request = link.expect(Command::Stream).await;
        assert_eq!(request.read::<StreamRequest>().unwrap(), lost);
        link.say(request.answer(&SendAnswer { time: 500, msg_seq: asked.msg_seq, seq: 1, at: 500_000 })).await;
        link
    };
    let ask = async {
        let sent = client.open_stream("bob", "old", vec![chunk(1, "a", false)]).await.unwrap();
        let id = MessageId { from: "alice".into(), to: "bob".into(), key: sent.key };
        assert_eq!(client.continue_stream(id, vec![chunk(2, "b", true)]).await.unwrap().key, sent.key);
    };
    let ((), _link) = tokio::join!(ask, serve);
    let body = Stream::open("old".into(), &[chunk(1, "a", false), chunk(2, "b", true)]).unwrap().body();
    assert_eq!(cached(&client).await[0].body, body);
    let unordered = vec![chunk(1, "a", false), chunk(3, "c", false)];
    assert!(matches!(client.open_stream("bob", "old", unordered).await, Err(Error::InvalidArgument(_))));
}

#[tokio::test]
async fn pairs_of_a_message_are_changed_told_and_read() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = open(&gateway).await;
    let pair = |key: &str, value: &str, seq| Extension { key: key.into(), value: value.into(), seq };
    let notice = ExtendedNotice {
        message: Some(id(1).into()),
        seq: 1,
        change: ExtensionChange::Set as i32,
        extensions: vec![pair("k", "v", 1).into()],
        latest_seq: 1,
        by: "bob".into(),
    };
    link.say(Frame::notice(Command::Extended, &notice)).await;
    let told = Event::Extended {
        message: id(1),
        change: ExtensionChange::Set,
        pairs: vec![pair("k", "v", 1)],
        latest: 1,
        by: "bob".into(),
    };
    assert_eq!(next(&mut events).await, told);
    let late = number(codes::Message::ExtensionConflict);
    let serve = async {
        let request = link.expect(Command::ExtensionSet).await;
        let asked: ExtendRequest = request.read().unwrap();
        assert_eq!((asked.change, asked.extensions), (1, vec![pair("k", "w", 0).into()]));
        let item = extend_answer::Item { code: late, extension: Some(pair("k", "v", 1).into()) };
        link.say(request.answer(&ExtendAnswer { items: vec![item], latest_seq: 1 })).await;
        for (start, pairs, finished) in
            [(0, vec![pair("a", "1", 2), pair("b", "2", 3)], false), (4, vec![pair("a", "4", 4)], true)]
        {
            let request = link.expect(Command::ExtensionGet).await;
            assert_eq!(request.read::<ExtensionsRequest>().unwrap().start_seq, start);
            let extensions = pairs.into_iter().map(Into::into).collect();
            link.say(request.answer(&ExtensionsAnswer { extensions, latest_seq: 4, clear_seq: 0, finished })).await;
        }
    };
    let ask = async {
        let changed = client.set_extensions(id(1), vec![pair("k", "w", 0)]).await.unwrap();
        assert_eq!((changed[0].code, &changed[0].pair), (late, &pair("k", "v", 1)));
        assert_eq!(client.extensions(id(1)).await.unwrap(), [pair("b", "2", 3), pair("a", "4", 4)]);
    };
    tokio::join!(ask, serve);
    assert!(matches!(client.remove_extensions(id(1), Vec::new()).await, Err(Error::InvalidArgument(_))));
}

#[tokio::test]
async fn what_is_deleted_is_no_longer_in_the_cache() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = open(&gateway).await;
    for seq in 1..=2 {
        link.notice(&from_bob(seq)).await;
        assert!(matches!(next(&mut events).await, Event::Message(_)));
    }
    let serve = async {
        let request = link.expect(Command::Delete).await;
        let asked: DeleteRequest = request.read().unwrap();
        assert_eq!((asked.peer.as_str(), asked.messages), ("bob", vec![id(2).into()]));
        link.say(Frame { flags: Flag::Answer as u32, body: bytes::Bytes::new(), ..request }).await;
    };
    let (deleted, ()) = tokio::join!(client.delete_messages("bob", vec![id(2)]), serve);
    deleted.unwrap();
    assert_eq!(cached(&client).await, [Message::from(from_bob(1))]);
}
