//! Who comes, who stays, who is told.

use contract::{AppId, ConversationId};

use super::*;

const KEY: Key = (AppId(1), ConversationId([7; 16]));

fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| UserId::trusted(name)).collect()
}

fn room(names: &[&str]) -> LiveRooms {
    let rooms = LiveRooms::default();
    for name in names {
        rooms.enter(KEY, &GroupId::trusted("show"), &UserId::trusted(name), Millis(1_000));
    }
    rooms
}

fn listed(rooms: &LiveRooms, mark: Option<i64>, count: usize, newest: usize) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), 0);
    loop {
        let page = rooms.guests(KEY, mark, after, count, newest);
        names.extend(page.guests.into_iter().map(|guest| guest.account.to_string()));
        after = page.next;
        if after == 0 {
            return names;
        }
    }
}

#[test]
fn an_account_is_in_a_room_as_long_as_one_of_its_connections_is() {
    let rooms = room(&["ann", "ann", "bob"]);
    let ann = UserId::trusted("ann");
    assert_eq!(rooms.online(KEY), 2);
    assert!(!rooms.depart(KEY, &ann, Millis(2_000)) && rooms.depart(KEY, &ann, Millis(2_000)));
    assert_eq!(rooms.present(KEY, &users(&["ann", "bob", "eve"])), users(&["bob"]));
    assert!(rooms.remove(KEY, &UserId::trusted("bob")));
    assert!(rooms.shards.iter().all(|shard| shard.lock().is_empty()), "nothing is kept");
}

#[test]
fn pages_of_guests_go_from_the_latest_to_the_first_and_no_further_than_they_may() {
    let rooms = room(&["a", "b", "c", "d", "e"]);
    for count in 1..6 {
        assert_eq!(listed(&rooms, None, count, 100), ["e", "d", "c", "b", "a"], "{count}");
        assert_eq!(listed(&rooms, None, count, 3), ["e", "d", "c"], "{count}");
    }
    assert_eq!(rooms.mark(KEY, 1_000, &users(&["a", "d", "x"])), Ok(users(&["a", "d"])));
    assert_eq!(rooms.mark(KEY, MARK_HIDDEN, &users(&["e"])), Ok(users(&["e"])));
    assert_eq!(listed(&rooms, Some(1_000), 1, 100), ["d", "a"]);
    assert_eq!(listed(&rooms, None, 2, 100), ["d", "c", "b", "a"]);
    rooms.unmark(KEY, 1_000, &users(&["d"]));
    assert_eq!(listed(&rooms, Some(1_000), 1, 100), ["a"]);
}

#[test]
fn a_room_has_few_marks_and_a_mark_few_guests() {
    let rooms = room(&["a"]);
    let one = users(&["a"]);
    for mark in 0..limit::LIVE_MARKS as i64 {
        assert_eq!(rooms.mark(KEY, MARK_MIN + mark, &one), Ok(one.clone()));
    }
    let fault = Fault::FieldInvalid { field: "Marks" };
    assert_eq!(rooms.mark(KEY, 5_000, &one), Err(fault.clone()));
    assert_eq!(rooms.mark(KEY, MARK_MIN, &one), Ok(one), "again is not one more");
    let many: Vec<UserId> = (0..=limit::LIVE_MARKED).map(|n| UserId::trusted(&format!("u{n}"))).collect();
    for account in &many {
        rooms.enter(KEY, &GroupId::trusted("show"), account, Millis(0));
    }
    assert_eq!(rooms.mark(KEY, MARK_MIN, &many), Err(fault));
}

#[test]
fn those_who_come_and_go_are_told_of_together_by_a_few_names() {
    let names: Vec<String> = (0..30).map(|number| format!("u{number}")).collect();
    let rooms = room(&names.iter().map(String::as_str).collect::<Vec<_>>());
    rooms.depart(KEY, &UserId::trusted("u0"), Millis(2_000));
    let traffic = rooms.traffic(Millis(2_000));
    assert_eq!((traffic.len(), traffic[0].online), (1, 29));
    assert_eq!((traffic[0].came.len(), traffic[0].went.clone()), (NAMES, users(&["u0"])));
    assert!(rooms.traffic(Millis(3_000)).is_empty());
}

#[test]
fn a_guest_that_is_kept_goes_when_its_time_is_over() {
    let rooms = room(&["ann"]);
    let robot = users(&["bot"]);
    rooms.keep(KEY, &GroupId::trusted("show"), &robot, Millis(1_000), Millis(9_000));
    assert_eq!((rooms.online(KEY), listed(&rooms, Some(MARK_ROBOT), 5, 5)), (2, vec!["bot".to_owned()]));
    rooms.traffic(Millis(8_000));
    assert_eq!(rooms.online(KEY), 2);
    assert_eq!(rooms.traffic(Millis(9_000))[0].went, robot);
    rooms.keep(KEY, &GroupId::trusted("show"), &robot, Millis(9_000), Millis(99_000));
    rooms.release(KEY, &robot);
    assert_eq!(rooms.online(KEY), 1);
}

#[test]
fn places_rise_from_one_life_of_a_room_to_the_next() {
    let rooms = room(&["ann"]);
    let now = Millis::from_secs(FIRST_SECOND + 100);
    let post = |now| rooms.next_place(KEY, now).0;
    let (one, two) = (post(now), post(now));
    assert_eq!(one + 1, two);
    rooms.end(KEY);
    rooms.enter(KEY, &GroupId::trusted("show"), &UserId::trusted("ann"), now.plus(60_000));
    assert!(post(now.plus(60_000)) > two);
    assert_eq!(rooms.next_place((AppId(2), KEY.1), now), Seq(100), "nobody is there");
}

#[test]
fn a_newcomer_finds_the_latest_messages_within_their_bounds() {
    let rooms = room(&["ann"]);
    let show = GroupId::trusted("show");
    for number in 0..30_u8 {
        rooms.remember(KEY, vec![number; 10].into());
    }
    let found = rooms.enter(KEY, &show, &UserId::trusted("bob"), Millis(0));
    assert_eq!((found.recent.len(), found.recent[0][0]), (RECENT, 10));
    rooms.remember(KEY, vec![0; RECENT_BYTES].into());
    assert_eq!(rooms.enter(KEY, &show, &UserId::trusted("bob"), Millis(0)).recent.len(), 1);
}
