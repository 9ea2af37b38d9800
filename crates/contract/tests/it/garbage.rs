//! Whatever comes from outside is refused or read, never a panic.

use contract::frame::Frame;
use contract::frame::wire::{LoginRequest, SendRequest};
use contract::seal::{self, Opening};
use contract::{AppId, Fault, Millis, MsgKey, UserId, limit, message, ticket, user_sig};
use proptest::collection::vec;
use proptest::prelude::*;

const APP: AppId = AppId(1_400_000_001);
const NOW: Millis = Millis::from_secs(1_700_000_000);

fn verify(sig: &str) -> Result<user_sig::Claim, Fault> {
    user_sig::verify(sig, APP, &UserId::trusted("alice"), &["key".to_owned()], NOW)
}

proptest! {
    #[test]
    fn a_user_sig_of_any_text_is_refused(sig in ".{0,200}") {
        prop_assert!(verify(&sig).is_err());
    }

    #[test]
    fn a_user_sig_that_was_bent_anywhere_is_refused(at in 0_usize..400, to in "[A-Za-z0-9*_-]") {
        let mut sig = user_sig::sign(APP, "key", "alice", NOW, 60);
        let at = at % sig.len();
        if sig[at..=at] != to {
            sig.replace_range(at..=at, &to);
            // What a decoder passes over (the spare bits of the last character, the packing's own header) may still say
            // the same; then it is the same claim.
            let expected = user_sig::sign(APP, "key", "alice", NOW, 60);
            if let Ok(claim) = verify(&sig) {
                prop_assert_eq!(Ok(claim), verify(&expected));
            }
        }
    }

    #[test]
    fn a_frame_of_any_bytes_is_read_or_refused(bytes in vec(any::<u8>(), 0..600)) {
        if let Ok(frame) = Frame::from_bytes(bytes.into(), 500) {
            prop_assert!(frame.body.len() <= 500);
            drop(frame.read::<LoginRequest>());
            drop(frame.read::<SendRequest>());
        }
    }

    #[test]
    fn tickets_of_any_bytes_are_refused(one in vec(any::<u8>(), 0..200), other in vec(any::<u8>(), 0..200)) {
        prop_assert!(ticket::verify(&[[7; 32]], &one, &other, "alice", APP, NOW).is_err());
    }

    #[test]
    fn a_sealed_channel_opens_nothing_but_what_was_sealed(bytes in vec(any::<u8>(), 1..300)) {
        let keys = seal::key_pair();
        let (opening, first) = Opening::start(&keys.public).expect("starts");
        prop_assert!(seal::accept(&keys, &bytes).is_err());
        let (mut server, answer) = seal::accept(&keys, &first).expect("answers");
        prop_assert!(server.open(&bytes).is_err());
        prop_assert!(opening.finish(&answer).is_ok());
    }

    #[test]
    fn a_message_key_is_its_own_text(seq: u32, random: u32, time in 0..i64::MAX) {
        let key = MsgKey { time, seq, random };
        prop_assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn a_message_key_of_any_text_is_read_or_refused(text in ".{0,60}") {
        if let Ok(key) = text.parse::<MsgKey>() {
            prop_assert!(text.len() <= limit::MSG_KEY_BYTES);
            prop_assert_eq!(key.to_string().parse::<MsgKey>(), Ok(key));
        }
    }

    #[test]
    fn a_body_of_any_json_is_checked_and_announced(text in "[\\[\\]{}\":,a-zA-Z0-9 ]{0,120}") {
        if let Ok(body) = serde_json::from_str(&text) {
            drop(message::check_body(&body));
            drop(message::announcement(&body));
        }
    }
}
