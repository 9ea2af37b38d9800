//! What was missed, in order and nothing twice.

use contract::codes::{Access, Account};
use contract::frame::wire::{
    HeadsAnswer, HeadsRequest, LoginAnswer, MessagePage, MessageRef, PushAck, PushNotice, ReadNotice, RecallNotice,
    ReceiptNotice, SinceRequest,
};
use contract::frame::{Command, Frame};

use super::{Bench, from, head, login_answer, number};
use crate::core::{Ask, Known, KnownLine, Output, Write};
use crate::event::{Event, Reason, Status};

fn known(place: u64) -> Known {
    let line = KnownLine {
        peer: "bob".into(),
        place: Some((place, place.cast_signed())),
        target: place,
        moved_at: 3,
        checked_at: 3,
    };
    Known { cursor: 60_003, lines: vec![line], ..Known::default() }
}

/// Answers the oldest request for what was missed; answers after which place it asked.
fn page(bench: &mut Bench, seqs: &[u64], finished: bool) -> u64 {
    let request = bench.sent(Command::Since);
    let since: SinceRequest = request.read().unwrap();
    let messages = seqs.iter().map(|seq| from(&since.peer, *seq)).collect();
    bench.frame(&request.answer(&MessagePage { messages, finished, ..MessagePage::default() }));
    since.after.unwrap().seq
}

#[test]
fn messages_in_order_are_told_once_with_their_place() {
    let mut bench = Bench::up();
    for seq in [1, 2, 2, 1, 3] {
        bench.notice(from("bob", seq));
    }
    let places: Vec<u64> = bench
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Write(Write::Message { place: Some((seq, _)), .. }) => Some(*seq),
            _ => None,
        })
        .collect();
    assert_eq!(places, [1, 2, 3]);
    assert_eq!(bench.told(), [1, 2, 3]);
}

#[test]
fn a_gap_is_filled_before_what_follows_it_is_told() {
    let mut bench = Bench::up();
    bench.notice(from("bob", 1));
    bench.notice(from("bob", 4));
    bench.notice(from("bob", 5));
    assert_eq!(bench.told(), [1]);
    assert_eq!(page(&mut bench, &[2, 3, 4, 5], true), 1);
    assert_eq!(bench.told(), [2, 3, 4, 5]);
    bench.notice(from("bob", 6));
    assert_eq!(bench.told(), [6]);
    assert!(bench.try_sent(Command::Since).is_none());
}

#[test]
fn a_late_notice_closes_the_gap_and_the_fill_tells_nothing_twice() {
    let mut bench = Bench::up();
    bench.notice(from("bob", 1));
    bench.notice(from("bob", 3));
    bench.notice(from("bob", 2));
    assert_eq!(bench.told(), [1, 2, 3]);
    page(&mut bench, &[2, 3], true);
    assert_eq!(bench.told(), Vec::<u64>::new());
}

#[test]
fn a_place_that_is_not_for_this_account_does_not_stop_what_follows() {
    let mut bench = Bench::up();
    bench.notice(from("bob", 1));
    bench.notice(from("bob", 4));
    // Neither the second nor the third is shown to this account, and the page is older than the fourth.
    page(&mut bench, &[], true);
    assert_eq!(bench.told(), [1, 4]);
}

#[test]
fn what_moved_while_a_page_was_on_its_way_is_asked_for_again() {
    let mut bench = Bench::up();
    bench.notice(from("bob", 1));
    bench.notice(from("bob", 3));
    bench.notice(from("bob", 6));
    page(&mut bench, &[2, 3], true);
    assert_eq!(bench.told(), [1, 2, 3]);
    assert_eq!(page(&mut bench, &[4, 5, 6], true), 3);
    assert_eq!(bench.told(), [4, 5, 6]);
}

#[test]
fn after_a_return_heads_come_after_the_cursor_and_pages_after_the_place() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", known(10));
    bench.enter(Command::Login);
    let heads = bench.sent(Command::Heads);
    assert_eq!(heads.read::<HeadsRequest>(), Ok(HeadsRequest { after: 3, count: 20, ..HeadsRequest::default() }));
    let answer =
        HeadsAnswer { heads: vec![head("bob", 13, 10)], next: 60_009, finished: false, ..HeadsAnswer::default() };
    bench.frame(&heads.answer(&answer));
    let heads = bench.sent(Command::Heads);
    assert_eq!(heads.read::<HeadsRequest>().unwrap().after, 60_009);
    bench.frame(&heads.answer(&HeadsAnswer {
        heads: Vec::new(),
        next: 60_009,
        finished: true,
        ..HeadsAnswer::default()
    }));
    assert!(bench.outputs.contains(&Output::Write(Write::Cursor(60_009))));
    // A notice overtakes the pages.
    bench.notice(from("bob", 14));
    assert_eq!(page(&mut bench, &[11, 12], false), 10);
    assert_eq!(page(&mut bench, &[13, 14], true), 12);
    assert_eq!(bench.told(), [11, 12, 13, 14]);
    assert!(bench.try_sent(Command::Since).is_none());
}

#[test]
fn a_new_device_begins_where_the_account_has_read() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known::default());
    bench.enter(Command::Login);
    // Before the list is known, nobody can say what is missing.
    bench.notice(from("bob", 8));
    assert!(bench.try_sent(Command::Since).is_none());
    bench.list(vec![head("bob", 8, 5), head("carol", 9, 9), head("dave", 5_000, 0)]);
    assert_eq!(page(&mut bench, &[6, 7, 8], true), 5);
    assert_eq!(bench.told(), [6, 7, 8]);
    assert_eq!(page(&mut bench, &[4_001], true), 4_000);
    assert!(bench.try_sent(Command::Since).is_none());
}

#[test]
fn a_fill_that_a_lost_connection_cut_off_goes_on_after_the_resume() {
    let mut bench = Bench::up_with(known(1));
    bench.notice(from("bob", 5));
    page(&mut bench, &[2, 3], false);
    bench.sent(Command::Since);
    bench.core.lost(bench.now, Reason::Lost("gone".into()));
    bench.advance(500);
    bench.enter(Command::Resume);
    bench.list(Vec::new());
    assert_eq!(page(&mut bench, &[4, 5], true), 3);
    assert_eq!(bench.told(), [2, 3, 4, 5]);
}

#[test]
fn a_page_that_does_not_go_on_ends_the_connection() {
    let mut bench = Bench::up();
    bench.notice(from("bob", 1));
    bench.notice(from("bob", 4));
    page(&mut bench, &[], false);
    assert_eq!(bench.core.status(), Status::Reconnecting);
}

#[test]
fn a_page_whose_messages_all_came_by_notice_meanwhile_is_no_standstill() {
    let mut bench = Bench::up();
    bench.notice(from("bob", 4));
    for seq in 1..=3 {
        bench.notice(from("bob", seq));
    }
    bench.notice(from("bob", 9));
    assert_eq!(page(&mut bench, &[1, 2, 3, 4], false), 0);
    assert_eq!(page(&mut bench, &[5, 6, 7, 8, 9], true), 4);
    assert_eq!(bench.told(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn what_was_edited_or_extended_while_the_device_was_away_is_told() {
    let mut bench = Bench::up_with(known(4));
    bench.core.lost(bench.now, Reason::Lost("gone".into()));
    bench.advance(4_000);
    bench.enter(Command::Resume);
    bench.events();
    bench.list(vec![contract::frame::wire::Head { moved_at: 9, ..head("bob", 4, 4) }]);
    let request = bench.sent(Command::Since);
    let edited = contract::frame::wire::Message { body: "[]".into(), version: 2, extended: true, ..from("bob", 2) };
    let changed = vec![edited.clone()];
    bench.frame(&request.answer(&MessagePage { finished: true, changed, ..MessagePage::default() }));
    let edited = crate::Message::from(edited);
    assert_eq!(bench.events(), [Event::ExtensionsStale { message: edited.id() }, Event::Modified(edited)]);
}

#[test]
fn what_changed_while_the_device_was_away_is_asked_for_and_told_once() {
    let mut bench = Bench::up_with(known(4));
    let recalled = contract::frame::wire::Message { recalled: true, ..from("bob", 2) };
    let receipted = contract::frame::wire::Message { read_by_peer: true, ..from("alice", 3) };
    let change = |bench: &mut Bench, expected: i64| {
        let request = bench.sent(Command::Since);
        assert_eq!(request.read::<SinceRequest>().unwrap().changed_after, expected);
        let changed = vec![recalled.clone(), receipted.clone()];
        bench.frame(&request.answer(&MessagePage { finished: true, changed, ..MessagePage::default() }));
    };
    let back = |bench: &mut Bench, moved_at: i64| {
        bench.core.lost(bench.now, Reason::Lost("gone".into()));
        bench.advance(4_000);
        bench.enter(Command::Resume);
        bench.events();
        bench.list(vec![contract::frame::wire::Head { moved_at, ..head("bob", 4, 4) }]);
    };
    back(&mut bench, 9);
    change(&mut bench, 3);
    assert!(bench.outputs.contains(&Output::Write(Write::Checked { peer: "bob".into(), at: 9 })));
    let key = crate::Message::from(receipted.clone()).key;
    let recall = Event::Recalled { message: crate::Message::from(recalled.clone()).id(), seq: 2, by: "bob".into() };
    assert_eq!(bench.events(), [recall, Event::Receipts { reader: "bob".into(), keys: vec![key] }]);
    back(&mut bench, 9);
    assert!(bench.try_sent(Command::Since).is_none());
    back(&mut bench, 11);
    change(&mut bench, 9);
    assert_eq!(bench.events(), Vec::new());
}

#[test]
fn places_that_cannot_be_and_heads_that_do_not_go_on_end_the_connection() {
    for seq in [u64::MAX, i64::MAX as u64 + 1] {
        let mut bench = Bench::up();
        bench.notice(from("bob", seq));
        assert_eq!(bench.core.status(), Status::Reconnecting);
        let mut bench = Bench::new();
        bench.core.login(0, 0, "alice", "sig", Known::default());
        bench.enter(Command::Login);
        bench.list(vec![head("bob", seq, 1)]);
        assert_eq!(bench.core.status(), Status::Reconnecting);
    }
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", known(1));
    bench.enter(Command::Login);
    let heads = bench.sent(Command::Heads);
    bench.frame(&heads.answer(&HeadsAnswer {
        heads: vec![head("bob", 1, 1)],
        next: 3,
        finished: false,
        ..HeadsAnswer::default()
    }));
    assert_eq!(bench.core.status(), Status::Reconnecting);
}

#[test]
fn a_notice_that_overtakes_the_login_answer_is_left_to_the_heads() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known::default());
    assert!(bench.connects());
    bench.core.opened(0);
    let login = bench.sent(Command::Login);
    bench.notice(from("bob", 1));
    bench.frame(&login.answer(&super::login_answer()));
    bench.list(vec![head("bob", 1, 0)]);
    page(&mut bench, &[1], true);
    assert_eq!(bench.told(), [1]);
}

#[test]
fn own_messages_are_told_only_if_another_device_sent_them() {
    let mut bench = Bench::up();
    bench.notice(from("alice", 1));
    assert_eq!(bench.told(), [1]);
    bench.send(1, "bob");
    let request = bench.sent(Command::Send);
    bench.accept(&request, 2);
    assert!(bench.done(1).is_ok());
    bench.notice(from("bob", 3));
    assert_eq!(bench.told(), [3]);
    assert!(bench.try_sent(Command::Since).is_none());
}

#[test]
fn an_own_message_that_a_fill_brings_before_its_answer_is_not_told() {
    let mut bench = Bench::up();
    bench.notice(from("bob", 1));
    bench.send(1, "bob");
    let request = bench.sent(Command::Send);
    let sent: contract::frame::wire::SendRequest = request.read().unwrap();
    bench.notice(from("bob", 3));
    let since = bench.sent(Command::Since);
    let own = contract::frame::wire::Message { msg_seq: sent.msg_seq, msg_random: sent.msg_random, ..from("alice", 2) };
    bench.frame(&since.answer(&MessagePage {
        messages: vec![own, from("bob", 3)],
        finished: true,
        ..MessagePage::default()
    }));
    bench.accept(&request, 2);
    assert_eq!(bench.told(), [1, 3]);
    assert!(bench.done(1).is_ok());
}

#[test]
fn an_answer_that_overtakes_a_notice_does_not_tell_the_own_message() {
    let mut bench = Bench::up();
    bench.send(1, "bob");
    let request = bench.sent(Command::Send);
    bench.accept(&request, 2);
    bench.notice(from("bob", 1));
    assert_eq!(bench.told(), [1]);
    page(&mut bench, &[1, 2], true);
    assert_eq!(bench.told(), Vec::<u64>::new());
    bench.notice(from("bob", 3));
    assert_eq!(bench.told(), [3]);
}

#[test]
fn a_fill_that_is_refused_for_now_is_asked_again_and_one_that_is_refused_for_good_is_not() {
    let mut bench = Bench::up_with(known(1));
    bench.notice(from("bob", 3));
    let since = bench.sent(Command::Since);
    bench.frame(&since.refusal(number(Access::AccountThrottled), "later"));
    assert!(bench.try_sent(Command::Since).is_none());
    bench.advance(1_000);
    let since = bench.sent(Command::Since);
    assert_eq!(bench.told(), Vec::<u64>::new());
    bench.frame(&since.refusal(number(Account::AccountUnknown), "no"));
    assert_eq!(bench.told(), [3]);
}

#[test]
fn reads_recalls_and_receipts_are_kept_and_told() {
    let mut bench = Bench::up_with(known(4));
    let reference = MessageRef { from: "bob".into(), to: "alice".into(), msg_seq: 4, msg_random: 1, time: 4 };
    let read = |reader: &str, peer: &str| ReadNotice { reader: reader.into(), peer: peer.into(), time: 4, seq: 4 };
    bench.frame(&Frame::notice(Command::ReadUpTo, &read("bob", "alice")));
    bench.frame(&Frame::notice(Command::ReadUpTo, &read("alice", "bob")));
    let recall = RecallNotice { message: Some(reference.clone()), seq: 4, by: "bob".into() };
    bench.frame(&Frame::notice(Command::Recalled, &recall));
    let receipts = ReceiptNotice { reader: "bob".into(), messages: vec![reference.clone()] };
    bench.frame(&Frame::notice(Command::Receipts, &receipts));
    let writes: Vec<Output> = bench
        .outputs
        .iter()
        .filter(|output| matches!(output, Output::Write(_)))
        .map(|output| match output {
            Output::Write(write) => Output::Write(write.clone()),
            _ => unreachable!("only writes are left"),
        })
        .collect();
    let id = crate::MessageId::from(reference);
    let bob = || "bob".to_owned();
    assert_eq!(
        writes,
        [
            Output::Write(Write::ReadByPeer { peer: bob(), time: 4 }),
            Output::Write(Write::ReadByMe { peer: bob(), seq: 4 }),
            Output::Write(Write::Recalled { peer: bob(), id: id.clone() }),
            Output::Write(Write::Receipts { peer: bob(), keys: vec![id.key] }),
        ]
    );
    assert_eq!(bench.events().len(), 4);
}

#[test]
fn a_notification_is_confirmed_when_it_was_taken_and_not_shown_again_after_that() {
    let mut bench = Bench::up();
    let notice = Frame::notice(Command::Pushed, &PushNotice { id: b"p".to_vec(), ..PushNotice::default() });
    bench.frame(&notice);
    assert!(bench.try_sent(Command::PushAck).is_none());
    assert!(matches!(bench.events().as_slice(), [Event::Pushed(push)] if push.id == b"p"));
    bench.core.push_taken(bench.now, b"p");
    assert_eq!(bench.sent(Command::PushAck).read::<PushAck>().unwrap().id, b"p");
    bench.frame(&notice);
    assert_eq!(bench.events(), Vec::new());
    assert_eq!(bench.sent(Command::PushAck).read::<PushAck>().unwrap().id, b"p");
}

#[test]
fn an_application_that_confirms_by_itself_is_waited_for() {
    let mut settings = crate::Settings::new("ws://gateway", 7, "device");
    settings.push_confirmation = crate::PushConfirmation::Application;
    let mut bench = Bench::with(&settings);
    bench.core.login(0, 0, "alice", "sig", Known::default());
    bench.enter(Command::Login);
    bench.frame(&Frame::notice(Command::Pushed, &PushNotice { id: b"p".to_vec(), ..PushNotice::default() }));
    bench.core.push_taken(bench.now, b"p");
    assert!(bench.try_sent(Command::PushAck).is_none());
    bench.ask(1, Ask::ConfirmPush(b"p".to_vec()));
    let confirmation = bench.sent(Command::PushAck);
    bench.frame(&Frame { flags: 1, ..confirmation });
    assert!(bench.done(1).is_ok());
}

proptest::proptest! {
    /// Whatever order and repetition notices come in, and wherever gaps are, the application sees each message
    /// once and in order.
    #[test]
    fn each_message_is_told_once_and_in_order(notices in proptest::collection::vec(1_u64..30, 1..80)) {
        let mut bench = Bench::up();
        let mut newest = 0;
        let mut told = Vec::new();
        for seq in notices {
            newest = newest.max(seq);
            bench.notice(from("bob", seq));
            told.extend(bench.told());
            // Fills are answered late: after every third notice.
            if seq % 3 == 0 && let Some(request) = bench.try_sent(Command::Since) {
                let after = request.read::<SinceRequest>().unwrap().after.unwrap().seq;
                let messages: Vec<_> = (after + 1..=newest).take(4).map(|seq| from("bob", seq)).collect();
                let finished = messages.last().is_none_or(|message| message.seq == newest);
                bench.frame(&request.answer(&MessagePage { messages, finished, ..MessagePage::default() }));
                told.extend(bench.told());
            }
        }
        while let Some(request) = bench.try_sent(Command::Since) {
            let after = request.read::<SinceRequest>().unwrap().after.unwrap().seq;
            let messages = (after + 1..=newest).map(|seq| from("bob", seq)).collect();
            bench.frame(&request.answer(&MessagePage { messages, finished: true, ..MessagePage::default() }));
            told.extend(bench.told());
        }
        proptest::prop_assert_eq!(told, (1..=newest).collect::<Vec<_>>());
    }

    /// Frames of any content never break the core, whatever state it is in.
    #[test]
    fn no_frame_breaks_the_core(
        frames in proptest::collection::vec(
            (0_i32..60, 0_u32..4, 0_u32..8, -20_010_i32..3, proptest::collection::vec(proptest::num::u8::ANY, 0..40)),
            1..40,
        ),
    ) {
        let mut bench = Bench::up();
        bench.send(1, "bob");
        for (command, seq, flags, code, body) in frames {
            let code = if code % 4 == 0 { code } else { 0 };
            bench.frame(&Frame { command, seq, flags, code, body: body.into(), ..Frame::default() });
            bench.advance(700);
            // What is due must be done by then, or the driver would spin.
            proptest::prop_assert!(bench.core.due().is_none_or(|due| due > bench.now), "{:?}", bench.core.due());
            bench.core.opened(bench.now);
            bench.core.set_reading(bench.now, seq % 2 == 0);
        }
        proptest::prop_assert!(bench.outputs.len() < 10_000);
    }
}

#[test]
fn a_store_with_another_life_makes_the_device_begin_from_nothing_once() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known { life: 4, ..known(120) });
    let enter = |bench: &mut Bench, way: Command, life: u64| {
        assert!(bench.connects());
        bench.core.opened(bench.now);
        let request = bench.sent(way);
        bench.frame(&request.answer(&LoginAnswer { life, ..login_answer() }));
    };
    enter(&mut bench, Command::Login, 9);
    assert_eq!(bench.events()[..2], [Event::Restored, Event::Connected]);
    assert!(bench.outputs.contains(&Output::Write(Write::Anew { life: 9 })));
    let heads = bench.sent(Command::Heads);
    assert_eq!(heads.read::<HeadsRequest>().map(|asked| asked.after), Ok(0), "all of them");
    assert!(bench.try_sent(Command::Since).is_none(), "nothing is known that could have a gap");
    bench.frame(&heads.answer(&HeadsAnswer {
        heads: vec![head("bob", 101, 99)],
        next: 5,
        finished: true,
        ..HeadsAnswer::default()
    }));
    assert_eq!(page(&mut bench, &[100, 101], true), 99);
    assert_eq!(bench.told(), [100, 101], "their places are below what the device had");
    // The same number again is the same life.
    bench.core.lost(bench.now, Reason::Silent);
    bench.advance(120_000);
    enter(&mut bench, Command::Resume, 9);
    assert!(!bench.events().contains(&Event::Restored));
}

#[test]
fn a_device_that_knows_nothing_takes_a_life_on_without_a_word() {
    let mut bench = Bench::new();
    bench.core.login(0, 0, "alice", "sig", Known::default());
    assert!(bench.connects());
    bench.core.opened(0);
    let request = bench.sent(Command::Login);
    bench.frame(&request.answer(&LoginAnswer { life: 9, ..login_answer() }));
    assert!(!bench.events().contains(&Event::Restored));
    assert!(bench.outputs.contains(&Output::Write(Write::Anew { life: 9 })));
}
