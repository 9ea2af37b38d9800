//! The processes that the fan-out is measured against: a node that announces, and plain sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contract::event::Event;
use contract::frame::wire;
use contract::frame::{Command, Frame};
use contract::message::{Flags, Message};
use contract::{AppId, ConversationId, Millis, MsgKey, Seq, UserId};
use server::clock::Clock;
use server::dev::{Dev, Options};
use server::node::Node;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::fan_out::DEVICES;
use crate::process::folder;
use crate::worker::{listen, say};

/// Notices on their way to the sockets at a time, for each device on average.
const WAITING: u64 = 32;
/// Notices for each device after which all are waited for: fewer than a connection may be behind before it is cut.
const BURST: u64 = 128;

/// A node in development mode; a line with a number makes it announce for so many seconds.
pub(crate) async fn node() -> Outcome {
    let folder = folder()?;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options =
        Options { data: folder.path().join("data"), store: "sqlite".into(), http: any, https: any, admin: any };
    let dev = Dev::start(&options, Clock::default()).await?;
    say(&dev.credentials().to_string())?;
    let users: Arc<Vec<UserId>> =
        Arc::new((0..DEVICES).filter_map(|number| UserId::parse(&format!("u{number}")).ok()).collect());
    while let Some(line) = listen().await? {
        let (seconds, app) = (line.parse()?, dev.app.id);
        let (node, users) = (Arc::clone(&dev.running.node), Arc::clone(&users));
        // A thread of its own, as the store's writer is one.
        let sent = tokio::task::spawn_blocking(move || announce(&node, app, &users, Duration::from_secs(seconds)));
        say(&sent.await?.to_string())?;
        let counters = dev.running.node.hub.counters();
        if counters.stuck > 0 {
            return Err(format!("{} devices were cut because they did not read", counters.stuck).into());
        }
    }
    dev.stop().await;
    Ok(())
}

/// Announces a message to each account in turn; waits while the devices are behind.
fn announce(node: &Node, app: AppId, users: &[UserId], wait: Duration) -> u64 {
    let began = Instant::now();
    let before = node.hub.counters().frames_out;
    let sender = UserId::trusted("administrator");
    let mut sent = 0;
    let settle = |sent: u64, most: u64| {
        while sent - (node.hub.counters().frames_out - before) > most {
            std::thread::sleep(Duration::from_micros(200));
        }
    };
    for round in 1.. {
        if began.elapsed() >= wait {
            break;
        }
        for receiver in users {
            let event = Event::MessageAppended {
                conversation: ConversationId([0; 16]),
                message: Arc::new(message(&sender, receiver, node.clock.now(), sent as u32)),
                origin: None,
                echo: false,
            };
            node.hub.announce(app, &[event]);
            sent += 1;
        }
        let most = if u64::is_multiple_of(round, BURST) { 0 } else { WAITING * users.len() as u64 };
        settle(sent, most);
    }
    sent
}

fn message(sender: &UserId, receiver: &UserId, now: Millis, random: u32) -> Message {
    Message {
        sender: sender.clone(),
        receiver: receiver.clone(),
        key: MsgKey { time: now.secs(), seq: random >> 1, random },
        seq: Seq(i64::from(random) + 1),
        at: now,
        body: r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a message of the usual length, to one of many"}}]"#
            .into(),
        cloud: "".into(),
        flags: Flags(0).with(Flags::COUNTS).with(Flags::MOVES_LIST),
    }
}

/// As many sockets; a line with a number makes it write for so many seconds.
pub(crate) async fn raw() -> Outcome {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    say(&listener.local_addr()?.to_string())?;
    let mut streams = Vec::new();
    for _ in 0..DEVICES {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut head = [0; 1024];
        let _count = stream.read(&mut head).await?;
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await?;
        streams.push(stream);
    }
    while let Some(line) = listen().await? {
        let end = Instant::now() + Duration::from_secs(line.parse()?);
        let sent = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for stream in streams.drain(..) {
            tasks.spawn(write(stream, end, Arc::clone(&sent)));
        }
        while let Some(stream) = tasks.join_next().await {
            streams.push(stream??);
        }
        say(&sent.load(Ordering::Relaxed).to_string())?;
    }
    Ok(())
}

async fn write(mut stream: TcpStream, end: Instant, sent: Arc<AtomicU64>) -> Outcome<TcpStream> {
    let (sender, receiver) = (UserId::trusted("administrator"), UserId::trusted("u500"));
    let clock = Clock::default();
    while Instant::now() < end {
        let now = clock.now();
        let message = message(&sender, &receiver, now, 1);
        let notice = wire::Message {
            from: message.sender.to_string(),
            to: message.receiver.to_string(),
            msg_seq: message.key.seq,
            msg_random: u32::MAX,
            time: message.key.time,
            seq: 1 << 20,
            at: now.0,
            body: message.body.to_string(),
            ..wire::Message::default()
        };
        let payload = Frame::notice(Command::Message, &notice).to_bytes();
        let mut bytes = vec![0x82, 126];
        bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&payload);
        stream.write_all(&bytes).await?;
        sent.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    Ok(stream)
}
