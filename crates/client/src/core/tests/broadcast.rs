//! Broadcasts: each once, those that are kept in their order, whatever was missed.

use contract::frame::wire::{self, BroadcastNotice, BroadcastsAnswer, BroadcastsRequest, LoginAnswer};
use contract::frame::{Command, Frame};

use super::{Bench, from, login_answer, number};
use crate::core::known::Write;
use crate::core::{Known, Output};
use crate::event::Event;

fn broadcast(number: u64) -> wire::Broadcast {
    let message = wire::Message { msg_seq: number as u32, to: String::new(), ..from("news", 0) };
    wire::Broadcast { number, message: Some(message) }
}

fn kept(number: u64, before: u64) -> Frame {
    let notice = BroadcastNotice { broadcast: Some(broadcast(number)), before, kept: true };
    Frame::notice(Command::Broadcast, &notice)
}

fn passing(number: u64) -> Frame {
    let notice = BroadcastNotice { broadcast: Some(broadcast(number)), before: 0, kept: false };
    Frame::notice(Command::Broadcast, &notice)
}

/// The numbers that were told, and that each was told as a message to this account.
fn told(bench: &mut Bench) -> Vec<u32> {
    let number = |event| match event {
        Event::Message(message) => {
            assert_eq!((message.from.as_str(), message.to.as_str(), message.seq), ("news", "alice", 0));
            Some(message.key.seq)
        }
        _ => None,
    };
    bench.events().into_iter().filter_map(number).collect()
}

fn answer(bench: &mut Bench, after: u64, numbers: &[u64], next: u64, finished: bool) {
    let request = bench.sent(Command::BroadcastsSince);
    assert_eq!(request.read::<BroadcastsRequest>().map(|asked| asked.after), Ok(after));
    let broadcasts = numbers.iter().map(|number| broadcast(*number)).collect();
    bench.frame(&request.answer(&BroadcastsAnswer { broadcasts, next, finished }));
}

/// Up, at a gateway whose newest kept broadcast has a number.
fn up_at(known: u64, newest: u64) -> Bench {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known { broadcasts: known, ..Known::default() });
    assert!(bench.connects());
    bench.core.opened(0);
    let request = bench.sent(Command::Login);
    bench.frame(&request.answer(&LoginAnswer { broadcast: newest, ..login_answer() }));
    bench
}

#[test]
fn one_that_follows_what_is_known_is_told_at_once_and_once() {
    let mut bench = Bench::up();
    bench.frame(&kept(3, 0));
    bench.frame(&kept(5, 3));
    bench.frame(&kept(3, 0));
    assert_eq!(bench.try_sent(Command::BroadcastsSince), None);
    let places: Vec<u64> = bench
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Write(Write::Broadcasts(number)) => Some(*number),
            _ => None,
        })
        .collect();
    assert_eq!(places, [3, 5]);
    assert_eq!(told(&mut bench), [3, 5]);
}

#[test]
fn one_that_leaves_a_gap_is_told_after_what_comes_before_it() {
    let mut bench = Bench::up();
    bench.frame(&kept(7, 4));
    assert_eq!(told(&mut bench), Vec::<u32>::new());
    // Another is announced while the answer is on its way.
    bench.frame(&kept(9, 7));
    answer(&mut bench, 0, &[2, 4], 4, false);
    answer(&mut bench, 4, &[7], 7, true);
    answer(&mut bench, 7, &[9], 9, true);
    assert_eq!(bench.try_sent(Command::BroadcastsSince), None);
    bench.frame(&kept(9, 7));
    assert_eq!(told(&mut bench), [2, 4, 7, 9]);
}

#[test]
fn a_return_asks_only_if_there_is_something_new() {
    let mut bench = up_at(5, 5);
    assert_eq!(bench.try_sent(Command::BroadcastsSince), None);
    let mut bench = up_at(5, 8);
    answer(&mut bench, 5, &[6], 8, true);
    assert_eq!(told(&mut bench), [6], "the others are for somebody else");
    bench.frame(&kept(9, 8));
    assert_eq!(told(&mut bench), [9]);
}

#[test]
fn one_that_passes_by_is_told_once_and_moves_nothing() {
    let mut bench = Bench::up();
    for number in [4, 2, 4, 2] {
        bench.frame(&passing(number));
    }
    assert_eq!(told(&mut bench), [4, 2]);
    bench.frame(&kept(3, 0));
    assert_eq!(told(&mut bench), [3]);
}

#[test]
fn a_gateway_that_has_no_time_is_asked_again_and_one_that_goes_in_circles_is_left() {
    let mut bench = up_at(0, 2);
    let request = bench.sent(Command::BroadcastsSince);
    bench.frame(&request.refusal(number(contract::codes::Access::NodeBusy), "busy"));
    assert_eq!(bench.try_sent(Command::BroadcastsSince), None);
    bench.advance(1_000);
    answer(&mut bench, 0, &[], 0, false);
    assert!(bench.outputs.contains(&Output::Close), "{:?}", bench.outputs);
}
