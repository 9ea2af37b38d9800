//! Live rooms: who is in them, what its guests are told, who is kept out.

use chat::group::create::{New, create};
use chat::group::profile::Change;
use chat::group::{By, Scope};
use contract::codes::Group;
use contract::event::Event;
use contract::frame::wire::{
    GroupMemberChange, GroupRef, GroupSendRequest, LiveBanRequest, LiveEntered, LiveGuests, LiveGuestsRequest,
    LiveOnline, LiveTraffic,
};
use contract::frame::{Command, Frame};
use contract::group::{GroupEvent, GroupId, GroupKind};
use contract::{ConversationId, UserId};
use gateway::Front;
use store::apps::{App, AppSecrets, AppSettings};

use crate::world::{APP, Device, World, eventually, is_refusal};

/// Makes a group, owned by `owner`, with members.
pub(crate) async fn group(world: &World, id: &str, kind: GroupKind, owner: &str, members: &[&str]) -> ConversationId {
    let mut new = New::plain(kind);
    new.id = Some(GroupId::trusted(id));
    new.owner = Some(UserId::trusted(owner));
    new.has_topics = kind == GroupKind::Community;
    new.profile = Change { name: Some(id.to_owned()), ..Change::default() };
    let member = |name: &&str| (UserId::trusted(name), contract::group::Role::Member, store::groups::Fields::new());
    new.members = members.iter().map(member).collect();
    let (now, by) = (world.desk.now(), By::App(UserId::trusted("administrator")));
    let app = App { id: APP, version: 1, settings: AppSettings::default(), secrets: AppSecrets::default() };
    let made = world.store.write(APP, move |tx| create(tx, &Scope::of(&app, now), &by, &new, false)).await;
    made.unwrap().conversation
}

pub(crate) fn of(group: &str) -> GroupRef {
    GroupRef { group: group.into() }
}

async fn enter(device: &mut Device, room: &str) -> LiveEntered {
    let answer = device.call(Command::LiveEnter, &of(room)).await;
    assert_eq!(answer.code, 0, "{}", answer.text);
    answer.read().unwrap()
}

async fn guests(device: &mut Device, room: &str) -> Vec<String> {
    let request = LiveGuestsRequest { group: room.into(), after: 0 };
    let page: LiveGuests = device.call(Command::LiveGuests, &request).await.read().unwrap();
    assert_eq!(page.next, 0);
    page.guests.into_iter().map(|guest| guest.account).collect()
}

async fn traffic(device: &mut Device) -> LiveTraffic {
    loop {
        let frame = device.any_notice().await;
        if frame.command() == Command::LiveTraffic {
            return frame.read().unwrap();
        }
    }
}

#[tokio::test]
async fn a_guest_is_in_as_long_as_its_connection_is() {
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    let room = group(&world, "show", GroupKind::Live, "ann", &[]).await;
    assert_eq!((enter(&mut ann, "show").await.role, enter(&mut bob, "show").await.online), (3, 2));
    is_refusal(&bob.call(Command::LiveEnter, &of("show")).await, Group::AlreadyMember);
    let mut seen = traffic(&mut ann).await;
    while seen.online < 2 {
        seen = traffic(&mut ann).await;
    }
    assert!(seen.came.contains(&"bob".to_owned()), "{seen:?}");
    assert_eq!(guests(&mut ann, "show").await, ["bob", "ann"]);
    drop(bob);
    eventually("the guest is gone", async || world.hub.live().online((APP, room)) == 1).await;
    let mut seen = traffic(&mut ann).await;
    while seen.went.is_empty() {
        seen = traffic(&mut ann).await;
    }
    assert_eq!((seen.went, seen.online), (vec!["bob".to_owned()], 1));
    let mut bob = world.device("bob", "b").await;
    is_refusal(&bob.call(Command::LiveOnline, &of("show")).await, Group::OperationForbidden);
    enter(&mut bob, "show").await;
    let online: LiveOnline = bob.call(Command::LiveOnline, &of("show")).await.read().unwrap();
    assert_eq!(online.online, 2);
    bob.call(Command::LiveLeave, &of("show")).await;
    is_refusal(&bob.call(Command::LiveLeave, &of("show")).await, Group::OperationForbidden);
    is_refusal(&ann.call(Command::LiveLeave, &of("show")).await, Group::OwnerMayNotLeave);
    assert_eq!(world.hub.counters().seats, 1);
}

#[tokio::test]
async fn only_a_live_room_is_entered_and_only_by_who_is_not_kept_out() {
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    let room = group(&world, "show", GroupKind::Live, "ann", &[]).await;
    group(&world, "club", GroupKind::Public, "ann", &["bob"]).await;
    is_refusal(&bob.call(Command::LiveEnter, &of("club")).await, Group::OperationForbidden);
    is_refusal(&bob.call(Command::LiveEnter, &of("never was")).await, Group::GroupIdInvalid);
    enter(&mut bob, "show").await;
    let ban = |accounts: &[&str], seconds| LiveBanRequest {
        group: "show".into(),
        accounts: accounts.iter().map(ToString::to_string).collect(),
        seconds,
        reason: "noise".into(),
    };
    is_refusal(&bob.call(Command::LiveBan, &ban(&["ann"], 60)).await, Group::OperationForbidden);
    is_refusal(&ann.call(Command::LiveBan, &ban(&["ann"], 60)).await, Group::OperationForbidden);
    is_refusal(&ann.call(Command::LiveBan, &ban(&["nobody"], 60)).await, Group::AccountUnknown);
    is_refusal(&ann.call(Command::LiveBan, &ban(&["bob"; 21], 60)).await, Group::AccountsTooMany);
    assert_eq!(ann.call(Command::LiveBan, &ban(&["bob"], 60)).await.code, 0);
    let over: GroupRef = loop {
        let frame = bob.any_notice().await;
        if frame.command() == Command::LiveOver {
            break frame.read().unwrap();
        }
    };
    assert_eq!((over.group.as_str(), world.hub.live().online((APP, room))), ("show", 0));
    is_refusal(&bob.call(Command::LiveEnter, &of("show")).await, Group::OperationForbidden);
    world.desk.advance(60_000);
    enter(&mut bob, "show").await;
    assert_eq!(ann.call(Command::LiveBan, &ban(&["bob"], 60)).await.code, 0);
    assert_eq!(ann.call(Command::LiveBan, &ban(&["bob"], 0)).await.code, 0);
    enter(&mut bob, "show").await;
}

#[tokio::test]
async fn a_room_that_ends_lets_everybody_go() {
    let world = World::new().await;
    let mut bob = world.device("bob", "b").await;
    world.device("ann", "a").await;
    group(&world, "show", GroupKind::Live, "ann", &[]).await;
    enter(&mut bob, "show").await;
    let (now, by) = (world.desk.now(), By::App(UserId::trusted("administrator")));
    let app = App { id: APP, version: 1, settings: AppSettings::default(), secrets: AppSecrets::default() };
    let id = GroupId::trusted("show");
    let end = move |tx: &mut store::Tx<'_>| chat::group::create::disband(tx, &Scope::of(&app, now), &by, &id);
    world.store.write(APP, end).await.unwrap();
    while bob.any_notice().await.command() != Command::LiveOver {}
    is_refusal(&bob.call(Command::LiveEnter, &of("show")).await, Group::GroupUnknown);
    assert_eq!(world.hub.counters().seats, 0);
}

#[tokio::test]
async fn who_is_in_a_group_hears_it_and_who_left_does_not() {
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    let club = group(&world, "club", GroupKind::Public, "ann", &["bob"]).await;
    let counted = || {
        let event = GroupEvent::Counters {
            group: GroupId::trusted("club"),
            conversation: club,
            counters: vec![("likes".into(), 1)],
            are_gone: false,
            by: UserId::trusted("ann"),
        };
        world.hub.announce(APP, &[Event::Group(event)]);
    };
    counted();
    let heard = async |device: &mut Device| {
        device.is_silent().await;
        device.forget().iter().filter(|frame| frame.command() == Command::CountersChanged).count()
    };
    assert_eq!((heard(&mut ann).await, heard(&mut bob).await), (1, 1));
    // A device that comes in later hears its groups from the start.
    let mut desk = world.device_on("bob", "desk", 4).await;
    counted();
    assert_eq!((heard(&mut bob).await, heard(&mut desk).await), (1, 1));
    let (conversation, left) = (club, vec![UserId::trusted("bob")]);
    let members = GroupEvent::Members {
        group: GroupId::trusted("club"),
        conversation,
        joined: Vec::new(),
        left,
        are_members: false,
    };
    world.hub.announce(APP, &[Event::Group(members)]);
    counted();
    assert_eq!((heard(&mut ann).await, heard(&mut bob).await, heard(&mut desk).await), (2, 0, 0));
    assert_eq!(world.hub.counters().seats, 1);
}

#[tokio::test]
async fn a_large_group_is_told_in_order_and_a_device_that_does_not_read_gets_a_hint() {
    let world = World::with(|settings| settings.queue_frames = 64).await;
    let mut devices = Vec::new();
    for number in 0..100 {
        devices.push(world.device(&format!("u{number}"), &format!("d{number}")).await);
    }
    // Its pipe holds next to nothing, and nobody reads from it.
    let mut lazy = world.connect_with(64).await;
    let desk = contract::frame::wire::LoginRequest { platform: 4, ..world.login("u0", "lazy") };
    lazy.log_in("u0", &desk).await;
    let names: Vec<String> = (1..100).map(|number| format!("u{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let club = group(&world, "club", GroupKind::Public, "u0", &names).await;
    let sent = 200;
    for number in 0..sent {
        let event = GroupEvent::Counters {
            group: GroupId::trusted("club"),
            conversation: club,
            counters: vec![("n".into(), number)],
            are_gone: false,
            by: UserId::trusted("u0"),
        };
        world.hub.announce(APP, &[Event::Group(event)]);
        // As fast as the readers are: what a line holds is a bound, not a goal.
        if number % 50 == 49 {
            for device in &mut devices {
                device.is_silent().await;
            }
        }
    }
    for device in &mut devices {
        device.is_silent().await;
        let frames = device.forget();
        let value = |frame: &Frame| {
            let notice: contract::frame::wire::CountersNotice = frame.read().unwrap();
            notice.counters[0].value
        };
        let counted: Vec<i64> =
            frames.iter().filter(|frame| frame.command() == Command::CountersChanged).map(value).collect();
        let hints = frames.iter().filter(|frame| frame.command() == Command::GroupGap).count();
        assert!(counted.is_sorted(), "{counted:?}");
        assert!(counted.len() as i64 == sent || hints > 0, "{} of {sent} and no hint", counted.len());
    }
    assert!(world.hub.counters().skipped > 0, "the lazy one could not be given everything");
    assert_eq!(world.hub.counters().stuck, 0, "and nobody was cut");
    let answer = lazy.call(Command::Heartbeat, &crate::world::Empty).await;
    assert_eq!(answer.code, 0);
    let kinds: Vec<Command> = lazy.forget().iter().map(Frame::command).collect();
    assert!(kinds.contains(&Command::GroupGap), "{kinds:?}");
}

#[tokio::test]
async fn who_turned_a_groups_messages_off_does_not_hear_it_until_they_are_on_again() {
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    group(&world, "club", GroupKind::Public, "ann", &["bob"]).await;
    let receive = |option: &str| GroupMemberChange {
        group: "club".into(),
        account: "bob".into(),
        receive: Some(option.into()),
        ..GroupMemberChange::default()
    };
    let heard = async |ann: &mut Device, bob: &mut Device, number: u32| {
        let text = format!(r#"[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"{number}"}}}}]"#);
        let letter = GroupSendRequest { group: "club".into(), random: number, body: text, ..Default::default() };
        assert_eq!(ann.call(Command::GroupSend, &letter).await.code, 0);
        bob.is_silent().await;
        bob.forget().iter().filter(|frame| frame.command() == Command::GroupMessage).count()
    };
    assert_eq!(bob.call(Command::GroupMemberChange, &receive("AcceptNotNotify")).await.code, 0);
    assert!(heard(&mut ann, &mut bob, 1).await > 0);
    assert_eq!(bob.call(Command::GroupMemberChange, &receive("Discard")).await.code, 0);
    assert_eq!(heard(&mut ann, &mut bob, 2).await, 0);
    // Nor does a device that comes in later.
    let mut desk = world.device_on("bob", "desk", 4).await;
    assert_eq!(heard(&mut ann, &mut desk, 3).await, 0);
    assert_eq!(bob.call(Command::GroupMemberChange, &receive("AcceptAndNotify")).await.code, 0);
    assert_eq!((heard(&mut ann, &mut bob, 4).await, heard(&mut ann, &mut desk, 5).await), (1, 2));
}
