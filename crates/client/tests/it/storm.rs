//! A gateway that keeps messages as a real one does, and drops the connection whenever it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use client::{Client, Event};
use contract::frame::wire::{
    ConversationSync, Head, HeadsAnswer, HeadsRequest, LoginAnswer, Message, MessagePage, Place, SendAnswer,
    SendRequest, SinceRequest,
};
use contract::frame::{Command, Flag, Frame};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::gateway::{Gateway, Link, from_bob, within};

const SENDS: u64 = 60;

/// The conversation of alice and bob.
#[derive(Default)]
struct Kept {
    messages: Vec<Message>,
    /// Dedup, as the contract has it: by msg_seq and msg_random.
    by_key: HashMap<(u32, u32), u64>,
    losses: usize,
}

impl Kept {
    fn append(&mut self, message: Message) -> u64 {
        let seq = self.messages.len() as u64 + 1;
        self.messages.push(Message { seq, time: 100, ..message });
        seq
    }

    fn answer(&mut self, request: &Frame) -> Frame {
        match request.command() {
            Command::Login | Command::Resume => request.answer(&LoginAnswer {
                ticket: b"t".to_vec(),
                key: b"k".to_vec(),
                heartbeat_ms: 1_000,
                ..LoginAnswer::default()
            }),
            Command::Heads => {
                let after = request.read::<HeadsRequest>().expect("heads").after;
                let seq = self.messages.len() as u64;
                let head = Head {
                    peer: "bob".into(),
                    place: Some(Place { seq, time: 100 }),
                    last: self.messages.last().cloned(),
                    moved_at: seq.cast_signed(),
                    ..Head::default()
                };
                let heads = if seq.cast_signed() > after { vec![head] } else { Vec::new() };
                request.answer(&HeadsAnswer {
                    heads,
                    next: seq.cast_signed(),
                    finished: true,
                    ..HeadsAnswer::default()
                })
            }
            Command::ConversationSync => {
                request.answer(&ConversationSync { finished: true, ..ConversationSync::default() })
            }
            Command::Since => {
                let after = request.read::<SinceRequest>().expect("since").after.expect("a place").seq as usize;
                let messages: Vec<_> = self.messages.iter().skip(after).take(5).cloned().collect();
                let finished = after + messages.len() == self.messages.len();
                request.answer(&MessagePage { messages, finished, ..MessagePage::default() })
            }
            Command::Send => {
                let sent: SendRequest = request.read().expect("a send");
                let key = (sent.msg_seq, sent.msg_random);
                let seq = if let Some(seq) = self.by_key.get(&key) {
                    *seq
                } else {
                    let body = sent.body;
                    let own = Message { from: "alice".into(), to: "bob".into(), body, ..Message::default() };
                    let seq = self.append(Message { msg_seq: key.0, msg_random: key.1, ..own });
                    self.by_key.insert(key, seq);
                    seq
                };
                request.answer(&SendAnswer { time: 100, msg_seq: sent.msg_seq, seq, at: 0 })
            }
            _ => Frame { flags: Flag::Answer as u32, ..request.clone() },
        }
    }
}

/// Serves one connection until the dice end it; bob writes in between, and some of what he writes is not announced.
async fn serve(link: &mut Link, kept: &Mutex<Kept>, dice: &mut StdRng) {
    while let Some(request) = link.next_of_all().await {
        if dice.random_bool(0.05) {
            return;
        }
        let answer = kept.lock().expect("not poisoned").answer(&request);
        if dice.random_bool(0.05) {
            return;
        }
        if !link.try_say(answer).await {
            return;
        }
        if request.command() == Command::Send && dice.random_bool(0.5) {
            let written = {
                let mut kept = kept.lock().expect("not poisoned");
                let seq = kept.append(from_bob(0));
                kept.messages[seq as usize - 1].clone()
            };
            if dice.random_bool(0.7) && !link.try_say(Frame::notice(Command::Message, &written)).await {
                return;
            }
        }
    }
}

#[tokio::test]
async fn through_a_storm_every_message_is_there_once_and_told_once_in_order() {
    for seed in 0..5 {
        let gateway = Gateway::start().await;
        let settings = gateway.settings();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let mut tasks = JoinSet::new();
        let shared = kept.clone();
        tasks.spawn(async move {
            let mut dice = StdRng::seed_from_u64(seed);
            loop {
                let mut link = gateway.accept().await;
                serve(&mut link, &shared, &mut dice).await;
                shared.lock().unwrap().losses += 1;
            }
        });
        let client = Client::new(settings).unwrap();
        let mut events = client.events().unwrap();
        within("login", client.login("alice", "sig")).await.unwrap();
        let mut places = Vec::new();
        for number in 0..SENDS {
            let sent = within("a send", client.send_text("bob", &number.to_string())).await;
            places.push(sent.expect("is sent").seq);
        }
        // The last notice may have been lost with nothing after it; a return brings what it announced.
        let expected: Vec<u64> = {
            let mut kept = kept.lock().unwrap();
            kept.append(from_bob(0));
            kept.messages.iter().filter(|message| message.from == "bob").map(|message| message.seq).collect()
        };
        let mut told = Vec::new();
        while told.len() < expected.len() {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Message(message)) => told.push(message.seq),
                    Some(_) => {}
                    None => break,
                },
                // Something to answer, so that the dice have a chance to end the connection.
                done = within("an answer", client.mark_read("bob")) => done.expect("is marked"),
            }
        }
        assert_eq!(told, expected, "seed {seed}");
        let own: Vec<u64> = {
            let kept = kept.lock().unwrap();
            assert!(kept.losses > 0, "seed {seed}");
            kept.messages.iter().filter(|message| message.from == "alice").map(|message| message.seq).collect()
        };
        assert_eq!(own, places, "seed {seed}");
        within("shutdown", client.shutdown()).await;
    }
}
