//! The protocol core alone: frames in, acts out.

use bytes::Bytes;
use contract::frame::wire::LoginRequest;
use contract::frame::{Command, Frame};
use contract::{Millis, UserId, seal};
use gateway::Settings;
use gateway::socket::Reader;
use gateway::state::{Act, Identity, State};
use proptest::prelude::*;

use crate::world::APP;

const NOW: Millis = Millis(1_700_000_000_000);
const COOKIE: [u8; 8] = [5; 8];

fn settings() -> Settings {
    Settings::new(1, vec![[0; 32]], seal::key_pair())
}

fn identity() -> Identity {
    Identity { app: APP, account: UserId::trusted("alice"), cookie: COOKIE }
}

fn frame(command: Command) -> Bytes {
    Frame { seq: 1, command: command.into(), cookie: COOKIE.to_vec(), ..Frame::default() }.to_bytes()
}

fn logged_in(settings: &Settings) -> State {
    let mut state = State::new();
    assert!(matches!(state.take(frame(Command::Login), settings, NOW), Act::Verify(_)));
    assert!(state.admit(identity()));
    state
}

#[test]
fn a_login_is_verified_before_anything_is_served() {
    let settings = settings();
    let mut state = State::new();
    assert!(matches!(state.take(frame(Command::Send), &settings, NOW), Act::Send(_)));
    assert!(matches!(state.take(frame(Command::Login), &settings, NOW), Act::Verify(_)));
    assert!(!state.is_ready(), "nothing is taken while the verification runs");
    assert!(state.admit(identity()));
    assert!(matches!(state.take(frame(Command::Send), &settings, NOW), Act::Serve(_)));
    assert!(!state.admit(identity()), "it is in already");
}

#[test]
fn refused_logins_end_the_connection_after_a_few() {
    let settings = settings();
    let mut state = State::new();
    for is_last in [false, false, true] {
        assert!(matches!(state.take(frame(Command::Resume), &settings, NOW), Act::Verify(_)));
        assert_eq!(state.refuse(&settings), !is_last);
    }
    assert!(matches!(state, State::Closed));
}

#[test]
fn a_handshake_seals_everything_after_it_and_comes_once() {
    let settings = settings();
    let mut state = State::new();
    let (opening, first) = seal::Opening::start(&settings.seal.public).unwrap();
    let request = Frame { seq: 1, command: Command::Seal.into(), body: first.into(), ..Frame::default() };
    let Act::Agree(answer) = state.take(request.to_bytes(), &settings, NOW) else { panic!("a handshake") };
    let mut channel = opening.finish(&answer.body).unwrap();
    assert!(matches!(state, State::Sealed(_)));
    assert!(matches!(state.take(frame(Command::Login), &settings, NOW), Act::Send(_)), "in the open");
    let mut sealed = |frame: Bytes| {
        let body = channel.seal(&frame).unwrap();
        Frame { flags: contract::frame::Flag::Sealed as u32, body: body.into(), ..Frame::default() }.to_bytes()
    };
    let again = sealed(request.to_bytes());
    assert!(matches!(state.take(again, &settings, NOW), Act::Send(_)), "a second handshake");
    let login = sealed(frame(Command::Login));
    assert!(matches!(state.take(login, &settings, NOW), Act::Verify(_)));
    assert!(state.admit(identity()));
    let written = state.write(Bytes::from_static(b"secret words")).unwrap();
    assert!(!written.windows(6).any(|window| window == b"secret"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_are_refused_or_end_the_connection(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8),
        is_in in any::<bool>(),
    ) {
        let settings = settings();
        let mut state = if is_in { logged_in(&settings) } else { State::new() };
        for message in messages {
            match state.take(message.into(), &settings, NOW) {
                Act::Send(frame) | Act::Close(frame) => prop_assert!(frame.code != 0),
                Act::Agree(_) => prop_assert!(false, "noise opens no channel"),
                // Noise may by chance be the shortest frames of all, whose bodies are checked later.
                Act::Verify(frame) => {
                    prop_assert!(matches!(frame.command(), Command::Login | Command::Resume));
                    break;
                }
                Act::Serve(_) => prop_assert!(false, "noise has no cookie"),
            }
        }
    }

    #[test]
    fn frames_that_are_nearly_right_never_panic(
        command in -2..70_i32,
        flags in 0..16_u32,
        cookie in prop::collection::vec(any::<u8>(), 0..9),
        is_right_cookie in any::<bool>(),
        account in "[ -~]{0,40}",
        app in any::<u64>(),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let settings = settings();
        let cookie = if is_right_cookie { COOKIE.to_vec() } else { cookie };
        let frame = Frame { seq: 1, command, app, account, cookie, flags, body: body.into(), ..Frame::default() };
        for mut state in [State::new(), logged_in(&settings)] {
            let act = state.take(frame.to_bytes(), &settings, NOW);
            if let Act::Send(frame) | Act::Close(frame) = act {
                prop_assert!(frame.code != 0);
            }
        }
        // Whether a body is what its command says is found out by reading it, which must not panic either.
        drop(frame.read::<LoginRequest>());
    }

    #[test]
    fn any_bytes_on_the_socket_are_messages_or_an_end(bytes in prop::collection::vec(any::<u8>(), 0..600), cut in 1..50_usize) {
        let mut reader = Reader::new(100);
        'all: for part in bytes.chunks(cut) {
            reader.feed(&part[..part.len().min(reader.room())]);
            loop {
                match reader.take() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => break 'all,
                }
            }
            prop_assert!((1..=100 + 125 + 14).contains(&reader.room()));
        }
    }
}
