//! What two ask at once ends as one order of it would: groups of every type with members against a model that reads the
//! same table, asked over the gateway. (Live rooms have a test of their own at the gateway, because who is in one is known
//! only there.)

use std::collections::{BTreeMap, BTreeSet};

use client::{Client, Error, GroupChangeRequest, GroupMemberChange, Settings};
use contract::UserId;
use contract::codes::Group as Code;
use contract::group::{Actor, GroupId, GroupKind, Operation, Role};
use serde_json::json;
use store::groups::members;
use store::testing::Dice;

use super::ask;
use crate::harness::{APP, Im};

pub(super) const NAMES: [&str; 4] = ["ann", "bo", "cy", "dee"];

/// The types whose members are kept.
pub(super) const KINDS: [GroupKind; 4] =
    [GroupKind::Private, GroupKind::Public, GroupKind::ChatRoom, GroupKind::Community];

/// What a device asks; the first number is who.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Transfer(usize, usize),
    Kick(usize, usize),
    Send(usize),
    Join(usize),
    Quit(usize),
    Disband(usize),
    SetAdmin(usize, usize, bool),
    Invite(usize, usize),
    Mute(usize, usize, bool),
    MuteAll(usize, bool),
}

impl Ask {
    fn any(dice: &mut Dice, model: &Model) -> Self {
        let mut pick = |bound: u64| dice.between(0, bound) as usize;
        let (any, whom, is_on) = (pick(4), pick(4), pick(2) == 0);
        // The owner asks as often as everybody else together.
        let who = model.owner().filter(|_| pick(2) == 0).unwrap_or(any);
        match pick(24) {
            0..=3 => Self::Transfer(who, whom),
            4..=6 => Self::Kick(who, whom),
            7..=11 => Self::Send(any),
            12..=14 => Self::Join(any),
            15..=16 => Self::Quit(any),
            17 => Self::Disband(who),
            18..=19 => Self::SetAdmin(who, whom, is_on),
            20..=21 => Self::Invite(who, whom),
            22 => Self::Mute(who, whom, is_on),
            _ => Self::MuteAll(who, is_on),
        }
    }

    pub(super) const fn who(self) -> usize {
        match self {
            Self::Transfer(who, _)
            | Self::Kick(who, _)
            | Self::Send(who)
            | Self::Join(who)
            | Self::Quit(who)
            | Self::Disband(who)
            | Self::SetAdmin(who, ..)
            | Self::Invite(who, _)
            | Self::Mute(who, ..)
            | Self::MuteAll(who, _) => who,
        }
    }

    /// Asks it of a group; answers the code, 0 if it was done.
    pub(super) async fn of(self, clients: &[Client], group: &str) -> i32 {
        let groups = clients[self.who()].groups();
        let change = |account: usize| GroupMemberChange {
            group: group.into(),
            account: NAMES[account].into(),
            ..GroupMemberChange::default()
        };
        let done = match self {
            Self::Transfer(_, whom) => groups.transfer(group, NAMES[whom]).await,
            Self::Kick(_, whom) => groups.kick(group, &[NAMES[whom]], "").await,
            Self::Send(_) => groups.send_text(group, "x").await.map(drop),
            Self::Join(_) => groups.join(group, "").await.map(drop),
            Self::Quit(_) => groups.quit(group).await,
            Self::Disband(_) => groups.disband(group).await,
            Self::SetAdmin(_, whom, is_on) => {
                let role = Some(if is_on { "Admin" } else { "Member" }.to_owned());
                groups.change_member(&GroupMemberChange { role, ..change(whom) }).await
            }
            Self::Invite(_, whom) => groups.invite(group, &[NAMES[whom]]).await.map(drop),
            Self::Mute(_, whom, is_on) => {
                let mute_seconds = Some(if is_on { 600 } else { 0 });
                groups.change_member(&GroupMemberChange { mute_seconds, ..change(whom) }).await
            }
            Self::MuteAll(_, is_on) => {
                let change =
                    GroupChangeRequest { group: group.into(), muted: Some(is_on), ..GroupChangeRequest::default() };
                groups.change(&change).await
            }
        };
        match done {
            Ok(()) => 0,
            Err(Error::Refused { code, .. }) => code,
            Err(error) => panic!("{self:?}: {error}"),
        }
    }
}

/// A group as somebody remembers it who saw all that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    kind: GroupKind,
    is_over: bool,
    roles: BTreeMap<usize, Role>,
    /// A mute outlives leaving.
    muted: BTreeSet<usize>,
    all_muted: bool,
}

type Answer = Result<(), Code>;

impl Model {
    fn new(kind: GroupKind) -> Self {
        let roles = BTreeMap::from([(0, Role::Owner), (1, Role::Member), (2, Role::Member)]);
        Self { kind, is_over: false, roles, muted: BTreeSet::new(), all_muted: false }
    }

    fn owner(&self) -> Option<usize> {
        self.roles.iter().find(|(_, role)| **role == Role::Owner).map(|(who, _)| *who)
    }

    fn may(&self, operation: Operation, who: usize) -> Answer {
        let actor = Actor::of(self.roles.get(&who).copied());
        if operation.is_allowed(self.kind, actor) { Ok(()) } else { Err(Code::OperationForbidden) }
    }

    fn is_above(&self, who: usize, whom: usize) -> bool {
        let actor = Actor::of(self.roles.get(&who).copied());
        self.roles.get(&whom).is_some_and(|role| actor.outranks(*role))
    }

    fn ask(&mut self, ask: Ask) -> Answer {
        if self.is_over {
            return Err(Code::GroupUnknown);
        }
        let forbidden = Err(Code::OperationForbidden);
        match ask {
            Ask::Transfer(who, whom) => {
                self.may(Operation::Transfer, who)?;
                if !self.roles.contains_key(&whom) {
                    return Err(Code::FieldInvalid);
                }
                if let Some(old) = self.owner() {
                    self.roles.insert(old, Role::Member);
                }
                self.roles.insert(whom, Role::Owner);
            }
            Ask::Kick(who, whom) => {
                self.may(Operation::Kick, who)?;
                if self.roles.contains_key(&whom) && !self.is_above(who, whom) {
                    return forbidden;
                }
                self.roles.remove(&whom);
            }
            Ask::Send(who) => {
                self.may(Operation::Send, who)?;
                let is_plain = self.roles[&who] == Role::Member;
                if self.muted.contains(&who) || (self.all_muted && is_plain) {
                    return Err(Code::SenderMuted);
                }
            }
            Ask::SetAdmin(who, whom, is_on) => {
                let Some(role) = self.roles.get(&whom).copied() else { return forbidden };
                self.may(Operation::SetAdmin, who)?;
                if role == Role::Owner {
                    return forbidden;
                }
                self.roles.insert(whom, if is_on { Role::Admin } else { Role::Member });
            }
            Ask::Mute(who, whom, is_on) => {
                self.may(Operation::Mute, who)?;
                if !self.is_above(who, whom) {
                    return forbidden;
                }
                if is_on {
                    self.muted.insert(whom)
                } else {
                    self.muted.remove(&whom)
                };
            }
            Ask::MuteAll(who, is_on) => {
                self.may(Operation::MuteAll, who)?;
                self.all_muted = is_on;
            }
            _ => return self.come_or_go(ask),
        }
        Ok(())
    }

    fn come_or_go(&mut self, ask: Ask) -> Answer {
        let forbidden = Err(Code::OperationForbidden);
        match ask {
            Ask::Join(who) => {
                if !Operation::Apply.is_allowed(self.kind, Actor::Outsider) {
                    return forbidden;
                }
                if self.roles.contains_key(&who) {
                    return Err(Code::AlreadyMember);
                }
                self.roles.insert(who, Role::Member);
            }
            Ask::Quit(who) => {
                match self.roles.get(&who) {
                    None => return forbidden,
                    Some(Role::Owner) if self.may(Operation::OwnerQuit, who).is_err() => {
                        return Err(Code::OwnerMayNotLeave);
                    }
                    Some(_) => self.roles.remove(&who),
                };
                self.is_over = self.roles.is_empty();
            }
            Ask::Disband(who) => {
                self.may(Operation::Disband, who)?;
                (self.is_over, self.roles) = (true, BTreeMap::new());
            }
            Ask::Invite(who, whom) => {
                self.may(Operation::Invite, who)?;
                self.roles.entry(whom).or_insert(Role::Member);
            }
            _ => panic!("{ask:?} concerns those who are there"),
        }
        Ok(())
    }
}

fn is_so(code: i32, expected: Answer) -> bool {
    expected.err().map_or(Some(0), |code| code.row().number()) == Some(code)
}

pub(super) async fn phones(im: &Im) -> Vec<Client> {
    im.import(&NAMES).await;
    let mut clients = Vec::new();
    for name in NAMES {
        let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, format!("phone-{name}"));
        let client = Client::new(settings).expect("a client");
        client.login(name, &im.sig(name)).await.expect("logs in");
        clients.push(client);
    }
    clients
}

async fn begin(im: &Im, id: &str, kind: GroupKind) -> Model {
    let members: Vec<_> = NAMES[1..3].iter().map(|name| json!({ "Member_Account": name })).collect();
    let body = json!({ "GroupId": id, "Type": kind.as_str(), "Name": "n", "Owner_Account": NAMES[0],
        "MemberList": members, "ApplyJoinOption": "FreeAccess", "InviteJoinOption": "FreeAccess" });
    ask(im, "create_group", body).await.ok();
    // A group of work sleeps until somebody speaks.
    super::say(im, id, NAMES[0], 1, "hello").await;
    Model::new(kind)
}

/// What is stored of a group: who is what, who is muted, whether all are.
async fn seen(im: &Im, id: &str, kind: GroupKind) -> Model {
    let id = GroupId::trusted(id);
    let read = im.node().store.read(APP, move |snapshot| {
        let group = store::groups::get(snapshot, &id)?.expect("a group");
        let found =
            if group.is_alive() { members::page(snapshot, group.conversation, "", &[], 0, 100)? } else { vec![] };
        assert!(!group.is_alive() || group.members == found.len() as i64, "the count is that of the rows");
        let owners: Vec<_> = found.iter().filter(|it| it.role == Role::Owner).map(|it| it.account.clone()).collect();
        assert!(!group.is_alive() || owners == Vec::from_iter(group.owner.clone()), "one owner, who is the group's");
        let mut muted = BTreeSet::new();
        for (who, name) in NAMES.iter().enumerate() {
            if members::muted_until(snapshot, group.conversation, &UserId::trusted(name))?.0 > 0 {
                muted.insert(who);
            }
        }
        let number = |account: &UserId| NAMES.iter().position(|name| *name == account.as_str()).expect("one of us");
        let roles = found.iter().map(|member| (number(&member.account), member.role)).collect();
        Ok(Model { kind, is_over: !group.is_alive(), roles, muted, all_muted: group.is_muted })
    });
    read.await.expect("a group")
}

both! {
    async fn what_two_ask_at_once_ends_as_one_order_of_it_would(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 100_000).await;
        let clients = phones(&im).await;
        let mut dice = Dice::new("conflicts");
        for kind in KINDS {
            let id = if kind == GroupKind::Community { "@TGS#_c" } else { kind.as_str() };
            let (mut model, mut doubtful) = (begin(&im, id, kind).await, 0);
            for round in 0..80 {
                im.clock.advance(100);
                let orders = |one: Ask, other: Ask| {
                    [[one, other], [other, one]].map(|order| {
                        let mut after = model.clone();
                        let [first, second] = order.map(|ask| after.ask(ask));
                        (after, first, second)
                    })
                };
                let (mut one, mut other) = (Ask::any(&mut dice, &model), Ask::any(&mut dice, &model));
                // Half of the pairs are looked for among those that depend on their order.
                for _ in 0..if round % 2 == 0 { 1 } else { 100 } {
                    let [(straight, _, _), (swapped, _, _)] = orders(one, other);
                    if other.who() != one.who() && straight != swapped {
                        break;
                    }
                    (one, other) = (Ask::any(&mut dice, &model), Ask::any(&mut dice, &model));
                }
                while other.who() == one.who() {
                    other = Ask::any(&mut dice, &model);
                }
                let [(straight, to_one, to_other), (swapped, to_other_first, to_one_last)] = orders(one, other);
                doubtful += u32::from(straight != swapped || to_one != to_one_last || to_other != to_other_first);
                let (got_one, got_other) = tokio::join!(one.of(&clients, id), other.of(&clients, id));
                let mut found = seen(&im, id, kind).await;
                if found.is_over {
                    // What was muted in it is nobody's matter any more.
                    (found.muted, found.all_muted) = (straight.muted.clone(), straight.all_muted);
                }
                let same = |after: &Model| {
                    after.is_over && found.is_over || *after == found
                };
                let fits = same(&straight) && is_so(got_one, to_one) && is_so(got_other, to_other)
                    || same(&swapped) && is_so(got_one, to_one_last) && is_so(got_other, to_other_first);
                assert!(fits, "{kind:?} {round}: {one:?} {got_one} {other:?} {got_other} {found:?}: no order of {model:?} gives that");
                model = found;
                // A group whose owner has gone has little to quarrel about: now and then it begins anew.
                if round % 16 == 15 && !model.is_over {
                    ask(&im, "destroy_group", json!({ "GroupId": id })).await.ok();
                    model.is_over = true;
                }
                if model.is_over {
                    model = begin(&im, id, kind).await;
                }
            }
            assert!(doubtful > 3, "{kind:?}: only {doubtful} pairs depended on their order");
        }
        for client in clients {
            client.shutdown().await;
        }
    }
}
