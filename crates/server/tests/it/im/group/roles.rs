//! No sequence of requests raises a plain member's role: requests of devices by chance, against the table.

use chat::group::member::{add, join, kick, quit};
use chat::group::{By, Scope, create, profile, request, role};
use contract::group::{GroupId, GroupKind, Role};
use contract::{DeviceId, Error, UserId};
use store::groups::members;
use store::testing::Dice;

use super::make;
use crate::harness::{APP, Im};

const NAMES: [&str; 6] = ["ann", "bo", "cy", "dee", "eve", "fay"];

/// One request of a device, whatever comes of it.
fn act(
    tx: &mut store::Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    what: u64,
    target: &UserId,
) -> contract::Result<()> {
    let who = std::slice::from_ref(target);
    let set = |role| role::Change { role: Some(role), ..role::Change::default() };
    match what {
        0 => role::change(tx, scope, by, id, target, &set(Role::Admin)).map(drop),
        1 => role::change(tx, scope, by, id, target, &set(Role::Owner)).map(drop),
        2 => role::change(tx, scope, by, id, target, &set(Role::Member)).map(drop),
        3 => role::transfer(tx, scope, by, id, target).map(drop),
        4 => add(tx, scope, by, id, who, &[], false).map(drop),
        5 => kick(tx, scope, by, id, who, "", false).map(drop),
        6 => join(tx, scope, by, id, "please").map(drop),
        7 => quit(tx, scope, by, id).map(drop),
        8 => request::answer(tx, scope, by, id, 1, true, "").map(drop),
        9 => {
            let change =
                profile::Change { is_muted: Some(true), name: Some("mine".into()), ..profile::Change::default() };
            profile::change(tx, scope, by, id, &change).map(drop)
        }
        10 => role::mute(tx, scope, by, id, who, 60).map(drop),
        _ => create::create(
            tx,
            scope,
            by,
            &create::New {
                id: Some(id.clone()),
                owner: Some(target.clone()),
                profile: profile::Change { name: Some("n".into()), ..profile::Change::default() },
                ..create::New::plain(GroupKind::Public)
            },
            false,
        )
        .map(drop),
    }
}

/// What everybody is in a group.
async fn roles(im: &Im, id: &GroupId) -> Vec<(UserId, Role)> {
    let id = id.clone();
    let read = im.node().store.read(APP, move |snapshot| {
        let group = chat::group::find(snapshot, &id)?;
        members::page(snapshot, group.conversation, "", &[], 0, 100)
    });
    read.await.expect("members").into_iter().map(|member| (member.account, member.role)).collect()
}

both! {
    async fn plain_members_never_rise_by_themselves(im: Im) {
        im.import(&NAMES).await;
        for kind in [GroupKind::Private, GroupKind::Public, GroupKind::ChatRoom, GroupKind::Community] {
            let name = if kind == GroupKind::Community { "@TGS#_c".to_owned() } else { format!("{kind:?}") };
            make(&im, &name, kind.as_str(), "ann", &["bo", "cy", "dee"]).await;
            let id = GroupId::trusted(&name);
            let mut dice = Dice::new("roles");
            for _ in 0..120 {
                // Only plain members and outsiders act: owner and admins may make others more.
                let before = roles(&im, &id).await;
                let account = UserId::trusted(NAMES[1 + dice.between(0, 5) as usize]);
                assert!(!before.iter().any(|(who, role)| *who == account && *role > Role::Member), "{before:?}");
                let by = By::User(account, DeviceId::trusted("phone"));
                let target = UserId::trusted(NAMES[dice.between(0, 6) as usize]);
                let (what, app, asked) = (dice.between(0, 12), im.app(|_, _| ()).await, id.clone());
                let now = im.clock.now();
                let done = im.node().store.write(APP, move |tx| {
                    act(tx, &Scope::of(&app, now), &by, &asked, what, &target)
                });
                if let Err(Error::Failure(failure)) = done.await {
                    panic!("{failure}");
                }
                let after = roles(&im, &id).await;
                for (who, role) in &after {
                    let was = before.iter().find(|(account, _)| account == who).map_or(Role::Member, |(_, role)| *role);
                    assert!(*role <= was, "{who} rose by {what} in {kind:?}");
                }
                assert!(after.iter().any(|(who, role)| who.as_str() == "ann" && *role == Role::Owner), "the owner stays");
            }
        }
    }
}
