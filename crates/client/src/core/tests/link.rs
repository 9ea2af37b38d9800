//! Login, resume, loss, heartbeats, refusals, and what happens to requests meanwhile.

use contract::codes::{Access, Account, SdkAccount};
use contract::frame::wire::{LoginRequest, MoveNotice, ResumeRequest, SendRequest};
use contract::frame::{Command, Frame};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Bench, number};
use crate::core::{Answer, Ask, Known, Output};
use crate::error::Error;
use crate::event::{Event, Reason, Status};
use crate::settings::Settings;

fn lose(bench: &mut Bench) {
    bench.core.lost(bench.now, Reason::Lost("gone".into()));
    bench.take();
}

fn refusal(code: i32) -> Error {
    Error::Refused { code, text: "no".into() }
}

#[test]
fn login_says_who_this_is_and_later_frames_carry_the_cookie() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known::default());
    assert_eq!(bench.core.status(), Status::LoggingIn);
    assert!(bench.connects());
    bench.core.opened(0);
    let login = bench.sent(Command::Login);
    assert_eq!((login.app, login.account.as_str()), (7, "alice"));
    let body: LoginRequest = login.read().unwrap();
    assert_eq!((body.user_sig.as_str(), body.device.as_str()), ("sig", "device"));
    bench.frame(&login.answer(&super::login_answer()));
    let heads = bench.sent(Command::Heads);
    assert_eq!((heads.cookie.as_slice(), heads.app, heads.account.as_str()), (b"cookie".as_slice(), 0, ""));
    assert_eq!(bench.core.status(), Status::Connected);
}

#[test]
fn calls_without_a_login_and_a_second_login_are_refused() {
    let mut bench = Bench::new();
    bench.send(1, "bob");
    assert_eq!(bench.done(1), Err(Error::NotLoggedIn));
    bench.core.login(0, 2, "alice", "sig", Known::default());
    bench.core.login(0, 3, "alice", "sig", Known::default());
    assert_eq!(bench.done(3), Err(Error::LoginInProgress));
    let mut bench = Bench::up();
    bench.core.login(0, 4, "alice", "newer", Known::default());
    assert_eq!(bench.done(4), Ok(Answer::Nothing));
    bench.core.login(0, 5, "bob", "sig", Known::default());
    assert!(matches!(bench.done(5), Err(Error::InvalidArgument(_))));
}

#[test]
fn a_lost_connection_is_resumed_and_a_send_keeps_its_key() {
    let mut bench = Bench::up();
    bench.send(1, "bob");
    let first = bench.sent(Command::Send);
    lose(&mut bench);
    assert_eq!(bench.core.status(), Status::Reconnecting);
    bench.send(2, "bob");
    assert!(bench.try_sent(Command::Send).is_none());
    bench.advance(499);
    assert!(!bench.connects());
    bench.advance(1);
    assert!(bench.connects());
    bench.core.opened(bench.now);
    let resume = bench.sent(Command::Resume);
    let body: ResumeRequest = resume.read().unwrap();
    assert_eq!((body.ticket.as_slice(), body.key.as_slice()), (b"ticket".as_slice(), b"key".as_slice()));
    bench.frame(&resume.answer(&super::login_answer()));
    let again = bench.sent(Command::Send);
    assert_eq!(first.read::<SendRequest>(), again.read::<SendRequest>());
    let second = bench.sent(Command::Send);
    assert_ne!(second.read::<SendRequest>(), again.read::<SendRequest>());
    bench.accept(&again, 1);
    bench.accept(&second, 2);
    assert!(bench.done(1).is_ok());
    assert!(bench.done(2).is_ok());
}

#[test]
fn what_was_under_way_goes_before_what_waited_in_the_order_of_the_calls() {
    let mut bench = Bench::up();
    (1..=3).for_each(|call| bench.send(call, "bob"));
    let flown: Vec<_> = (1..=3).map(|_| bench.sent(Command::Send).body).collect();
    lose(&mut bench);
    bench.send(4, "bob");
    bench.advance(500);
    bench.enter(Command::Resume);
    let again: Vec<_> = (1..=3).map(|_| bench.sent(Command::Send).body).collect();
    assert_eq!(again, flown);
    bench.sent(Command::Send);
    assert!(bench.try_sent(Command::Send).is_none());
}

#[test]
fn attempts_follow_the_schedule_and_a_stable_connection_starts_it_over() {
    let mut bench = Bench::up();
    for wait in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        lose(&mut bench);
        bench.advance(wait - 1);
        assert!(!bench.connects(), "{wait}");
        bench.advance(1);
        assert!(bench.connects(), "{wait}");
    }
    bench.core.opened(bench.now);
    let resume = bench.sent(Command::Resume);
    bench.frame(&resume.answer(&super::login_answer()));
    lose(&mut bench);
    bench.advance(29_999);
    assert!(!bench.connects());
    bench.advance(1);
    bench.enter(Command::Resume);
    bench.list(Vec::new());
    for _ in 0..60 {
        bench.advance(1_000);
        let beat = bench.sent(Command::Heartbeat);
        bench.frame(&Frame { flags: 1, ..beat });
    }
    lose(&mut bench);
    bench.advance(500);
    assert!(bench.connects());
}

#[test]
fn jitter_stays_within_its_share() {
    let mut settings = Settings::new("ws://gateway", 7, "device");
    settings.retry.jitter = 0.2;
    let mut waits = Vec::new();
    for seed in 0..50 {
        let mut bench = Bench::with(&settings);
        bench.core.rng = StdRng::seed_from_u64(seed);
        bench.core.login(0, 0, "alice", "sig", Known::default());
        lose(&mut bench);
        waits.push(bench.core.due().expect("an attempt is due"));
    }
    assert!(waits.iter().all(|wait| (400..=600).contains(wait)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait != waits[0]));
}

#[test]
fn a_refused_resume_becomes_a_full_login_at_once() {
    for code in [
        number(Access::TicketKeyExpired),
        number(Access::TicketExpired),
        number(Access::TicketForged),
        number(Access::TicketKeyEmpty),
    ] {
        let mut bench = Bench::up();
        lose(&mut bench);
        bench.advance(500);
        assert!(bench.connects());
        bench.core.opened(bench.now);
        let resume = bench.sent(Command::Resume);
        bench.frame(&resume.refusal(code, "no"));
        bench.enter(Command::Login);
        assert_eq!(bench.core.status(), Status::Connected, "{code}");
    }
}

#[test]
fn a_heartbeat_that_voids_the_ticket_leads_to_a_full_login_after_a_wait() {
    let mut bench = Bench::up();
    bench.advance(1_000);
    let beat = bench.sent(Command::Heartbeat);
    bench.frame(&beat.refusal(number(Access::TicketKeyExpired), "no"));
    assert!(!bench.connects());
    bench.advance(500);
    bench.enter(Command::Login);
    assert_eq!(bench.core.status(), Status::Connected);
}

#[test]
fn a_refused_first_login_is_told_to_its_caller_and_ends_there() {
    for code in [number(Account::UserSigExpired), number(Account::UserSigUndecodable), number(Access::AppDisabled)] {
        let mut bench = Bench::new();
        bench.core.login(0, 0, "alice", "sig", Known::default());
        bench.connects();
        bench.core.opened(0);
        let login = bench.sent(Command::Login);
        bench.frame(&login.refusal(code, "no"));
        assert_eq!(bench.done(0), Err(refusal(code)));
        assert_eq!(bench.core.status(), Status::LoggedOut);
        assert_eq!((bench.events(), bench.core.due()), (Vec::new(), None));
    }
}

#[test]
fn an_overloaded_gateway_is_asked_again_until_the_login_has_taken_too_long() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known::default());
    assert!(bench.connects());
    while bench.now < 30_000 {
        bench.core.opened(bench.now);
        if let Some(login) = bench.try_sent(Command::Login) {
            bench.frame(&login.refusal(number(Access::NodeBusy), "no"));
        }
        bench.advance(100);
        bench.connects();
    }
    assert_eq!(bench.done(0), Err(refusal(number(Access::NodeBusy))));
    assert_eq!(bench.core.status(), Status::LoggedOut);
}

#[test]
fn a_login_without_a_connection_ends_with_the_time_of_a_request() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known::default());
    lose(&mut bench);
    bench.advance(29_999);
    assert!(bench.try_done(0).is_none());
    bench.advance(1);
    assert_eq!(bench.done(0), Err(Error::Disconnected));
}

#[test]
fn a_user_sig_that_is_over_ends_the_session_and_asks_for_another() {
    let mut bench = Bench::up();
    bench.send(1, "bob");
    lose(&mut bench);
    bench.advance(500);
    bench.connects();
    bench.core.opened(bench.now);
    let resume = bench.sent(Command::Resume);
    bench.events();
    bench.frame(&resume.refusal(number(Account::UserSigExpired), "no"));
    assert_eq!(bench.events(), [Event::UserSigExpired]);
    assert_eq!(bench.done(1), Err(refusal(number(Account::UserSigExpired))));
    assert_eq!((bench.core.status(), bench.core.due()), (Status::LoggedOut, None));
}

#[test]
fn a_kick_ends_the_session() {
    let mut bench = Bench::up();
    bench.send(1, "bob");
    bench.frame(&Frame {
        command: Command::Kicked.into(),
        code: number(SdkAccount::ReplacedByOther),
        text: "no".into(),
        ..Frame::default()
    });
    let over = Event::Disconnected { reason: Reason::SessionOver };
    assert_eq!(bench.events(), [over, Event::Kicked { code: number(SdkAccount::ReplacedByOther), text: "no".into() }]);
    assert_eq!(bench.done(1), Err(refusal(number(SdkAccount::ReplacedByOther))));
    assert!(bench.outputs.contains(&Output::Close));
    bench.advance(100_000);
    assert!(!bench.connects());
}

#[test]
fn a_moving_node_is_left_and_resumed_after_its_wait() {
    let mut bench = Bench::up();
    bench.frame(&Frame::notice(Command::Move, &MoveNotice { wait_ms: 1_234 }));
    assert!(bench.outputs.contains(&Output::Close));
    assert_eq!(bench.events(), [Event::Disconnected { reason: Reason::Moved }]);
    bench.advance(1_233);
    assert!(!bench.connects());
    bench.advance(1);
    bench.enter(Command::Resume);
}

#[test]
fn heartbeats_fill_silence_and_a_silent_gateway_is_left() {
    let mut bench = Bench::up();
    bench.advance(999);
    assert!(bench.try_sent(Command::Heartbeat).is_none());
    bench.advance(1);
    let beat = bench.sent(Command::Heartbeat);
    bench.frame(&Frame { flags: 1, ..beat });
    bench.advance(999);
    assert!(bench.try_sent(Command::Heartbeat).is_none());
    bench.advance(1);
    bench.sent(Command::Heartbeat);
    bench.advance(9_999);
    assert_eq!(bench.core.status(), Status::Connected);
    bench.advance(1);
    assert_eq!(bench.events(), [Event::Disconnected { reason: Reason::Silent }]);
}

#[test]
fn silence_proves_nothing_while_the_client_does_not_read() {
    let mut bench = Bench::up();
    bench.advance(1_000);
    bench.sent(Command::Heartbeat);
    bench.core.set_reading(bench.now, false);
    for _ in 0..100 {
        bench.advance(1_000);
        bench.sent(Command::Heartbeat);
    }
    bench.core.set_reading(bench.now, true);
    assert_eq!(bench.core.status(), Status::Connected);
    bench.advance(1_000);
    bench.sent(Command::Heartbeat);
    bench.advance(10_000);
    assert_eq!(bench.core.status(), Status::Reconnecting);
}

#[test]
fn requests_are_bounded_in_number_and_in_time() {
    let mut bench = Bench::up();
    lose(&mut bench);
    for call in 1..=1_000 {
        bench.send(call, "bob");
    }
    bench.send(1_001, "bob");
    assert_eq!(bench.done(1_001), Err(Error::QueueFull));
    bench.advance(29_999);
    assert!(bench.try_done(1).is_none());
    bench.advance(1);
    assert!((1..=1_000).all(|call| bench.done(call) == Err(Error::Disconnected)));
}

#[test]
fn a_request_that_is_not_answered_times_out_and_its_late_answer_is_nobodys() {
    let mut bench = Bench::up();
    bench.ask(1, Ask::Status(vec!["bob".into()]));
    let status = bench.sent(Command::Status);
    for _ in 0..30 {
        bench.advance(1_000);
        if let Some(beat) = bench.try_sent(Command::Heartbeat) {
            bench.frame(&Frame { flags: 1, ..beat });
        }
    }
    assert_eq!(bench.done(1), Err(Error::Timeout));
    bench.frame(&status.answer(&contract::frame::wire::StatusAnswer::default()));
    assert!(bench.try_done(1).is_none());
    assert_eq!(bench.core.status(), Status::Connected);
}

#[test]
fn a_recall_on_its_way_is_not_repeated() {
    let mut bench = Bench::up();
    let id = crate::Message::from(super::from("alice", 3)).id();
    bench.ask(1, Ask::Recall(id));
    bench.sent(Command::Recall);
    lose(&mut bench);
    assert_eq!(bench.done(1), Err(Error::Disconnected));
}

#[test]
fn logout_tells_the_gateway_and_without_a_connection_says_so() {
    let mut bench = Bench::up();
    bench.core.logout(bench.now, 1);
    assert_eq!(bench.core.status(), Status::LoggingOut);
    let logout = bench.sent(Command::Logout);
    bench.frame(&Frame { flags: 1, ..logout });
    assert_eq!((bench.done(1), bench.core.status()), (Ok(Answer::Nothing), Status::LoggedOut));
    let mut bench = Bench::up();
    lose(&mut bench);
    bench.core.logout(bench.now, 1);
    assert_eq!((bench.done(1), bench.core.status()), (Err(Error::Disconnected), Status::LoggedOut));
    assert_eq!(bench.core.due(), None);
}

#[test]
fn a_request_over_the_bound_of_a_frame_is_not_sent() {
    let mut bench = Bench::up();
    let mut rng = StdRng::seed_from_u64(2);
    let noise: String = (0..100_000).map(|_| rng.random_range('!'..='~')).collect();
    bench.ask(1, Ask::Send { to: "bob".into(), body: noise, options: crate::SendOptions::default() });
    assert!(matches!(bench.done(1), Err(Error::InvalidArgument(_))));
    assert!(bench.try_sent(Command::Send).is_none());
}
