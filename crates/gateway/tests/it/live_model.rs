//! Live rooms against a model: what devices ask one after another, and two at a time, ends as some order of it would.

use std::collections::BTreeSet;

use contract::codes::Group;
use contract::frame::wire::{
    GroupChangeRequest, GroupMemberChange, GroupMembersRequest, GroupSendRequest, LiveBanRequest,
};
use contract::frame::{Command, Frame};
use contract::group::GroupKind;
use contract::{ConversationId, UserId};
use store::testing::Dice;

use crate::live::{group, of};
use crate::world::{APP, Device, World};

const ROOM: &str = "show";
/// The first one owns the room.
const NAMES: [&str; 4] = ["ann", "bob", "cy", "dee"];

/// What a device asks; the first number is who.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Enter(usize),
    Leave(usize),
    Send(usize),
    Mute(usize, usize, bool),
    MuteAll(usize, bool),
    Ban(usize, usize, bool),
    Kick(usize, usize),
    Disband(usize),
}

impl Ask {
    fn any(dice: &mut Dice) -> Self {
        let mut pick = |bound: u64| dice.between(0, bound) as usize;
        let (who, whom, is_on) = (pick(4), pick(4), pick(2) == 0);
        // What only the owner may is asked by the owner as often as by anybody.
        let boss = if pick(3) > 0 { 0 } else { who };
        match pick(20) {
            0..=4 => Self::Enter(who),
            5..=6 => Self::Leave(who),
            7..=11 => Self::Send(who),
            12..=13 => Self::Mute(boss, whom, is_on),
            14..=15 => Self::MuteAll(boss, is_on),
            16..=17 => Self::Ban(boss, whom, is_on),
            18 => Self::Kick(boss, whom),
            _ => Self::Disband(boss),
        }
    }

    const fn who(self) -> usize {
        match self {
            Self::Enter(who)
            | Self::Leave(who)
            | Self::Send(who)
            | Self::Mute(who, ..)
            | Self::MuteAll(who, _)
            | Self::Ban(who, ..)
            | Self::Kick(who, _)
            | Self::Disband(who) => who,
        }
    }

    async fn by(self, device: &mut Device, number: u32) -> Frame {
        let group = ROOM.to_owned();
        match self {
            Self::Enter(_) => device.call(Command::LiveEnter, &of(ROOM)).await,
            Self::Leave(_) => device.call(Command::LiveLeave, &of(ROOM)).await,
            Self::Send(_) => {
                let body = r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]"#.to_owned();
                let message = GroupSendRequest { group, random: number, body, ..GroupSendRequest::default() };
                device.call(Command::GroupSend, &message).await
            }
            Self::Mute(_, whom, is_on) => {
                let (account, mute_seconds) = (NAMES[whom].to_owned(), Some(if is_on { 600 } else { 0 }));
                let change = GroupMemberChange { group, account, mute_seconds, ..GroupMemberChange::default() };
                device.call(Command::GroupMemberChange, &change).await
            }
            Self::MuteAll(_, is_on) => {
                let change = GroupChangeRequest { group, muted: Some(is_on), ..GroupChangeRequest::default() };
                device.call(Command::GroupChange, &change).await
            }
            Self::Ban(_, whom, is_on) => {
                let (accounts, seconds) = (vec![NAMES[whom].to_owned()], if is_on { 600 } else { 0 });
                let ban = LiveBanRequest { group, accounts, seconds, reason: "noise".into() };
                device.call(Command::LiveBan, &ban).await
            }
            Self::Kick(_, whom) => {
                let (accounts, reason) = (vec![NAMES[whom].to_owned()], String::new());
                device.call(Command::GroupKick, &GroupMembersRequest { group, accounts, reason }).await
            }
            Self::Disband(_) => device.call(Command::GroupDisband, &of(ROOM)).await,
        }
    }
}

/// The room as somebody remembers it who saw all that happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Model {
    is_over: bool,
    guests: BTreeSet<usize>,
    banned: BTreeSet<usize>,
    muted: BTreeSet<usize>,
    all_muted: bool,
}

impl Model {
    /// Does what is asked, if the rules allow it; answers whether they do, or how they refuse.
    fn ask(&mut self, ask: Ask) -> Result<(), Group> {
        if self.is_over {
            return Err(Group::GroupUnknown);
        }
        let set = |of: &mut BTreeSet<usize>, whom: usize, is_on: bool| {
            if is_on {
                of.insert(whom)
            } else {
                of.remove(&whom)
            };
        };
        let may = |is_allowed: bool| if is_allowed { Ok(()) } else { Err(Group::OperationForbidden) };
        match ask {
            Ask::Enter(who) => {
                may(!self.banned.contains(&who))?;
                if self.guests.insert(who) { Ok(()) } else { Err(Group::AlreadyMember) }
            }
            Ask::Leave(0) => Err(Group::OwnerMayNotLeave),
            Ask::Leave(who) => may(self.guests.remove(&who)),
            Ask::Send(who) => {
                // Who is muted learns that first, in the room or not.
                if self.muted.contains(&who) || (self.all_muted && who != 0) {
                    return Err(Group::SenderMuted);
                }
                may(self.guests.contains(&who))
            }
            Ask::Mute(who, whom, is_on) => {
                may(who == 0 && whom != 0)?;
                set(&mut self.muted, whom, is_on);
                Ok(())
            }
            Ask::MuteAll(who, is_on) => {
                may(who == 0)?;
                self.all_muted = is_on;
                Ok(())
            }
            Ask::Ban(who, whom, is_on) => {
                // The owner cannot be kept out; that it is let in is no fault.
                may(who == 0 && (whom != 0 || !is_on))?;
                set(&mut self.banned, whom, is_on);
                if is_on {
                    self.guests.remove(&whom);
                }
                Ok(())
            }
            // Nobody is removed from a live room, not even by its owner.
            Ask::Kick(..) => Err(Group::FieldInvalid),
            Ask::Disband(who) => {
                may(who == 0)?;
                self.is_over = true;
                self.guests.clear();
                Ok(())
            }
        }
    }
}

struct Stage {
    world: World,
    devices: Vec<Device>,
    room: ConversationId,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        world.desk.change(|settings| settings.groups.sends_per_second = 10_000);
        let mut devices = Vec::new();
        for name in NAMES {
            devices.push(world.device(name, name).await);
        }
        let room = group(&world, ROOM, GroupKind::Live, NAMES[0], &[]).await;
        Self { world, devices, room }
    }

    /// Who is in the room, by all that says so.
    fn guests(&self) -> BTreeSet<usize> {
        let names = NAMES.map(UserId::trusted);
        let there = self.world.hub.live().present((APP, self.room), &names);
        assert_eq!(self.world.hub.counters().seats, there.len(), "seats and guests are the same");
        (0..NAMES.len()).filter(|who| there.contains(&names[*who])).collect()
    }

    /// A room of the same name, once the last one is over.
    async fn renew(&mut self, model: &mut Model) {
        if model.is_over {
            self.room = group(&self.world, ROOM, GroupKind::Live, NAMES[0], &[]).await;
            *model = Model::default();
        }
        for device in &mut self.devices {
            device.forget();
        }
        // What is muted or kept out stays so for longer than all of this takes.
        self.world.desk.advance(100);
    }
}

fn is_so(frame: &Frame, expected: Result<(), Group>) -> bool {
    let number = expected.err().map_or(Some(0), |code| code.row().number());
    number == Some(frame.code)
}

#[tokio::test]
async fn a_room_does_what_its_model_does() {
    let (mut stage, mut model, mut dice) = (Stage::new().await, Model::default(), Dice::new("live rooms"));
    let mut met = BTreeSet::new();
    for number in 0..600 {
        let ask = Ask::any(&mut dice);
        let expected = model.ask(ask);
        let answer = ask.by(&mut stage.devices[ask.who()], number).await;
        assert!(is_so(&answer, expected), "{ask:?}: {answer:?}, not {expected:?}; {model:?}");
        assert_eq!(stage.guests(), model.guests, "after {ask:?}");
        met.insert(format!("{:?} {expected:?}", std::mem::discriminant(&ask)));
        stage.renew(&mut model).await;
    }
    assert!(met.len() > 12, "{met:?}");
}

#[tokio::test]
async fn what_two_devices_ask_at_once_ends_as_one_order_of_it_would() {
    let (mut stage, mut model, mut dice) = (Stage::new().await, Model::default(), Dice::new("live rooms at once"));
    let mut doubtful = 0;
    for number in 0..400 {
        let (one, mut other) = (Ask::any(&mut dice), Ask::any(&mut dice));
        while other.who() == one.who() {
            other = Ask::any(&mut dice);
        }
        let orders = [[one, other], [other, one]].map(|order| {
            let mut after = model.clone();
            let answers = order.map(|ask| after.ask(ask));
            (after, answers)
        });
        doubtful += u32::from(orders[0].0 != orders[1].0 || orders[0].1[0] != orders[1].1[1]);
        let [first, second] = stage.devices.get_disjoint_mut([one.who(), other.who()]).expect("two devices");
        let (got_one, got_other) = tokio::join!(one.by(first, number * 2), other.by(second, number * 2 + 1));
        let guests = stage.guests();
        let fits = |(after, answers): &(Model, [Result<(), Group>; 2]), is_swapped: bool| {
            let [expected_one, expected_other] =
                if is_swapped { [answers[1], answers[0]] } else { [answers[0], answers[1]] };
            is_so(&got_one, expected_one) && is_so(&got_other, expected_other) && guests == after.guests
        };
        let [straight, swapped] = [fits(&orders[0], false), fits(&orders[1], true)];
        assert!(
            straight || swapped,
            "{one:?} {} {other:?} {} {guests:?}: neither order of {model:?} gives that",
            got_one.code,
            got_other.code
        );
        // Where both orders fit and differ in what is not seen, it is asked for.
        model = settle(
            &mut stage,
            if straight { &orders[0].0 } else { &orders[1].0 },
            straight && swapped,
            &orders[1].0,
            number,
        )
        .await;
        stage.renew(&mut model).await;
    }
    assert!(doubtful > 3, "only {doubtful} pairs depended on their order");
}

/// Which of two models is right that look alike from outside: what is muted or kept out is set to what one of them says.
async fn settle(stage: &mut Stage, one: &Model, is_doubtful: bool, other: &Model, number: u32) -> Model {
    let mut model = one.clone();
    if !is_doubtful || one == other || one.is_over {
        return model;
    }
    for whom in 1..NAMES.len() {
        let is_muted = model.muted.contains(&whom);
        for ask in [Ask::Mute(0, whom, is_muted), Ask::Ban(0, whom, model.banned.contains(&whom))] {
            assert_eq!(model.ask(ask), Ok(()));
            assert_eq!(ask.by(&mut stage.devices[0], number).await.code, 0);
        }
    }
    let all = Ask::MuteAll(0, model.all_muted);
    assert_eq!(all.by(&mut stage.devices[0], number).await.code, 0);
    model
}

#[tokio::test]
async fn owner_and_administrators_mute_guests_and_nobody_their_like() {
    let mut stage = Stage::new().await;
    let add = {
        let room = stage.room;
        move |tx: &mut store::Tx<'_>| {
            store::live_rooms::add_admins(
                tx,
                room,
                &[UserId::trusted("bob"), UserId::trusted("cy")],
                contract::Millis(0),
            )
        }
    };
    stage.world.store.write(APP, add).await.unwrap();
    let mut answers = Vec::new();
    let asks = [
        Ask::Enter(0),
        Ask::Enter(1),
        Ask::Enter(2),
        Ask::Enter(3),
        // An administrator mutes a guest, and neither another one nor the owner.
        Ask::Mute(1, 3, true),
        Ask::Send(3),
        Ask::Mute(1, 2, true),
        Ask::Mute(1, 0, true),
        Ask::Mute(3, 1, true),
        Ask::Mute(1, 3, false),
        Ask::Send(3),
        // The owner mutes an administrator; muting all leaves those who help.
        Ask::Mute(0, 1, true),
        Ask::Send(1),
        Ask::MuteAll(0, true),
        Ask::Send(3),
        Ask::Send(2),
        Ask::Send(0),
        Ask::MuteAll(3, false),
        Ask::MuteAll(0, false),
        Ask::Send(3),
    ];
    for (number, ask) in asks.into_iter().enumerate() {
        answers.push(ask.by(&mut stage.devices[ask.who()], number as u32).await.code);
    }
    let [muted, forbidden] =
        [Group::SenderMuted, Group::OperationForbidden].map(|code| code.row().number().expect("a number"));
    let expected =
        [0, 0, 0, 0, 0, muted, forbidden, forbidden, forbidden, 0, 0, 0, muted, 0, muted, 0, 0, forbidden, 0, 0];
    assert_eq!(answers, expected);
    // A mute ends by itself, before the silent connections do.
    let (group, account) = (ROOM.to_owned(), NAMES[3].to_owned());
    let briefly = GroupMemberChange { group, account, mute_seconds: Some(20), ..GroupMemberChange::default() };
    assert_eq!(stage.devices[0].call(Command::GroupMemberChange, &briefly).await.code, 0);
    assert_eq!(Ask::Send(3).by(&mut stage.devices[3], 91).await.code, muted);
    stage.world.desk.advance(20_000);
    assert_eq!(Ask::Send(3).by(&mut stage.devices[3], 92).await.code, 0);
}
