//! What the account sets for its conversations: told by version, and there when its caller hears of it.

use contract::codes::{Access, Conversation};
use contract::frame::wire::{
    ContactState, ConversationAnswer, ConversationGroup, ConversationNotice, ConversationPinRequest, ConversationSync,
    ConversationSyncRequest, conversation_answer,
};
use contract::frame::{Command, Frame};

use super::{Bench, number};
use crate::core::{Answer, Ask, Known, ListChange, Output, Write};
use crate::event::{Event, Reason};

fn pin(bench: &mut Bench, call: u64) -> Frame {
    let body = ConversationPinRequest { peer: "bob".into(), pin: true };
    bench.ask(call, Ask::ListChange(ListChange::Pin(body)));
    bench.sent(Command::ConversationPin)
}

fn state(peer: &str) -> ContactState {
    ContactState { peer: peer.into(), pinned_at: 9, ..ContactState::default() }
}

/// Answers the oldest question for changes; answers after which version it asked.
fn answer(bench: &mut Bench, peers: &[&str], next: i64, finished: bool) -> i64 {
    let request = bench.sent(Command::ConversationSync);
    let contacts = peers.iter().map(|peer| state(peer)).collect();
    bench.frame(&request.answer(&ConversationSync { contacts, next, finished, groups: Vec::new() }));
    request.read::<ConversationSyncRequest>().unwrap().after
}

#[test]
fn a_change_is_answered_when_it_is_in_the_cache() {
    let mut bench = Bench::up();
    let request = pin(&mut bench, 1);
    let failed = conversation_answer::Failed { peer: "carol".into(), code: 1, text: "no".into() };
    bench.frame(&request.answer(&ConversationAnswer { version: 5, failed: vec![failed], group: 0 }));
    assert!(bench.try_done(1).is_none() && bench.core.is_awaited());
    assert_eq!(answer(&mut bench, &["bob"], 5, true), 0);
    let is_kept = |write: &Write| bench.outputs.contains(&Output::Write(write.clone()));
    assert!(is_kept(&Write::Contact(Box::new(state("bob")))) && is_kept(&Write::Contacts(5)));
    assert!(matches!(bench.done(1), Ok(Answer::Changed(refused)) if refused[0].peer == "carol"));
    assert!(!bench.core.is_awaited());
    // What is known already needs no question.
    let request = pin(&mut bench, 2);
    bench.frame(&request.answer(&ConversationAnswer { version: 5, ..ConversationAnswer::default() }));
    assert_eq!(bench.done(2), Ok(Answer::Changed(Vec::new())));
    assert!(bench.try_sent(Command::ConversationSync).is_none());
}

#[test]
fn what_another_device_changed_is_asked_for_page_by_page() {
    let mut bench = Bench::up();
    let notice = |version| Frame::notice(Command::ConversationChanged, &ConversationNotice { version });
    bench.frame(&notice(3));
    bench.frame(&notice(4));
    assert_eq!(answer(&mut bench, &["bob"], 2, false), 0);
    assert_eq!(answer(&mut bench, &["carol"], 3, true), 2);
    // One came while the question was on its way.
    assert_eq!(answer(&mut bench, &["dave"], 4, true), 3);
    bench.frame(&notice(4));
    assert!(bench.try_sent(Command::ConversationSync).is_none());
}

#[test]
fn a_device_that_returns_asks_from_where_it_was() {
    let groups = vec![ConversationGroup { id: 1, name: "work".into() }];
    let mut bench = Bench::new();
    let known = Known { contacts: 7, groups: groups.clone(), ..Known::default() };
    bench.core.login(0, 0, "alice", "sig", known);
    bench.enter(Command::Login);
    let heads = bench.sent(Command::Heads);
    let nothing = contract::frame::wire::HeadsAnswer { finished: true, ..Default::default() };
    bench.frame(&heads.answer(&nothing));
    bench.events();
    let request = bench.sent(Command::ConversationSync);
    assert_eq!(request.read::<ConversationSyncRequest>().unwrap().after, 7);
    bench.frame(&request.answer(&ConversationSync { next: 9, finished: true, groups, ..Default::default() }));
    assert_eq!(bench.events(), Vec::new());
    let request = pin(&mut bench, 1);
    bench.frame(&request.answer(&ConversationAnswer { version: 10, ..ConversationAnswer::default() }));
    assert_eq!(answer(&mut bench, &[], 10, true), 9);
    assert_eq!(bench.events(), [Event::ConversationGroups]);
}

#[test]
fn a_lost_connection_and_a_refusal_do_not_keep_callers_waiting() {
    let mut bench = Bench::up();
    let request = pin(&mut bench, 1);
    bench.frame(&request.answer(&ConversationAnswer { version: 5, ..ConversationAnswer::default() }));
    bench.core.lost(bench.now, Reason::Lost("gone".into()));
    assert_eq!(bench.done(1), Ok(Answer::Changed(Vec::new())));
    let mut bench = Bench::up();
    let request = pin(&mut bench, 1);
    bench.frame(&request.answer(&ConversationAnswer { version: 5, ..ConversationAnswer::default() }));
    let asked = bench.sent(Command::ConversationSync);
    bench.frame(&asked.refusal(number(Access::NodeBusy), "later"));
    assert_eq!(bench.done(1), Ok(Answer::Changed(Vec::new())));
    bench.advance(1_000);
    assert_eq!(answer(&mut bench, &["bob"], 5, true), 0);
    let request = pin(&mut bench, 2);
    bench.frame(&request.refusal(number(Conversation::PinQuota), "no"));
    assert!(bench.done(2).is_err());
}
