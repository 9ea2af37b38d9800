//! No sequence of requests raises a plain member's role: requests by chance, as rules, over the gateway and by REST.

use chat::group::member::{add, join, kick, quit};
use chat::group::{By, Scope, create, profile, request, role};
use contract::group::{GroupId, GroupKind, Role};
use contract::{DeviceId, Error, UserId};
use store::groups::members;
use store::testing::Dice;

use client::{
    AttributeChange, Client, Error as Refused, GroupChangeRequest, GroupCreateRequest, GroupMemberChange,
    PermissionGroupRequest,
};
use contract::codes::Common;
use serde_json::{Value, json};

use super::conflicts::{KINDS, NAMES as PHONES, phones};
use super::{ask, make};
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

/// One request of a device over the gateway; whether it is refused does not matter, that it is answered does.
async fn by_device(clients: &[Client], who: usize, target: &str, id: &str, what: u64) {
    let groups = clients[who].groups();
    let member = |role: &str| GroupMemberChange {
        group: id.into(),
        account: target.into(),
        role: Some(role.into()),
        ..GroupMemberChange::default()
    };
    let done = match what {
        0 => groups.change_member(&member("Admin")).await,
        1 => groups.change_member(&member("Owner")).await,
        2 => groups.change_member(&member("Member")).await,
        3 => groups.transfer(id, target).await,
        4 => groups.invite(id, &[target]).await.map(drop),
        5 => groups.kick(id, &[target], "").await,
        6 => groups.join(id, "please").await.map(drop),
        7 => groups.quit(id).await,
        8 => groups.answer(id, 1, true, "").await,
        9 => groups.disband(id).await,
        10 => {
            let new = GroupCreateRequest {
                group: id.into(),
                r#type: "Public".into(),
                name: "mine".into(),
                ..Default::default()
            };
            groups.create(&new).await.map(drop)
        }
        11 => {
            let change = GroupChangeRequest {
                group: id.into(),
                muted: Some(true),
                name: Some("mine".into()),
                ..Default::default()
            };
            groups.change(&change).await
        }
        12 => {
            let group = PermissionGroupRequest { group: id.into(), id: "@PMG#_a".into(), ..Default::default() };
            groups.create_permission_group(&group).await.map(drop)
        }
        13 => groups.move_permission_members(id, "@PMG#_a", &[target], false).await.map(drop),
        14 => groups
            .write_attributes(id, 0, AttributeChange::AttributeModify, &[("Owner_Account", target)])
            .await
            .map(drop),
        15 => groups.ban(id, &[target], 60, "").await,
        16 => groups.enter(id).await.map(drop),
        _ => groups.send_text(id, "let me in").await.map(drop),
    };
    assert!(matches!(done, Ok(()) | Err(Refused::Refused { .. })), "{what}: {done:?}");
}

/// One request by REST in the name of an account that is no administrator: nobody but the app's back end asks there.
async fn by_sig(im: &Im, who: &str, id: &str, what: u64) {
    let service = if what == 5 { "group_open_avchatroom_http_svc" } else { "group_open_http_svc" };
    let (command, body): (&str, Value) = match what {
        0 => ("modify_group_member_info", json!({ "GroupId": id, "Member_Account": who, "Role": "Admin" })),
        1 => ("change_group_owner", json!({ "GroupId": id, "NewOwner_Account": who })),
        2 => ("create_group", json!({ "GroupId": id, "Type": "Public", "Name": "n", "Owner_Account": who })),
        3 => (
            "import_group_member",
            json!({ "GroupId": id, "MemberList": [{ "Member_Account": who, "Role": "Admin" }] }),
        ),
        4 => ("destroy_group", json!({ "GroupId": id })),
        _ => ("modify_admin", json!({ "GroupId": id, "CommandType": 1, "Admin_Account": [who] })),
    };
    im.call_as(who, &im.sig(who), &format!("{service}/{command}"), body).await.fails(Common::NotAdmin);
}

/// What the app's back end does meanwhile, which gives no role to anybody.
async fn by_app(im: &Im, target: &str, id: &str, what: u64) {
    let (command, body) = match what {
        0 => ("add_group_member", json!({ "GroupId": id, "MemberList": [{ "Member_Account": target }] })),
        1 if target != PHONES[0] => ("delete_group_member", json!({ "GroupId": id, "MemberToDel_Account": [target] })),
        2 => ("import_group_member", json!({ "GroupId": id, "MemberList": [{ "Member_Account": target }] })),
        3 => ("forbid_send_msg", json!({ "GroupId": id, "Members_Account": [target], "MuteTime": 5 })),
        _ => ("send_group_msg", super::letter(id, target, what as u32, "said for it")),
    };
    let answer = ask(im, command, body).await.value();
    assert!(answer["ErrorCode"].is_i64(), "{command}: {answer}");
}

/// Who is more than a member, as the app's back end sees it.
async fn leaders(im: &Im, id: &str, kind: &str) -> Vec<String> {
    let owner = super::info(im, id).await["Owner_Account"].as_str().expect("an owner").to_owned();
    let admins = if kind == "AVChatRoom" {
        let list = im.call("group_open_avchatroom_http_svc/get_admin_list", json!({ "GroupId": id })).await.ok();
        list["Admin_List"].as_array().expect("a list").len()
    } else {
        let body = json!({ "GroupId": id, "User_Account": PHONES });
        let roles = ask(im, "get_role_in_group", body).await.ok();
        let list = roles["UserIdList"].as_array().expect("a list").clone();
        list.iter()
            .filter(|it| it["Role"] == "Admin" || (it["Role"] == "Owner" && it["Member_Account"] != "ann"))
            .count()
    };
    assert_eq!(admins, 0, "{kind}");
    vec![owner]
}

both! {
    async fn no_sequence_of_requests_by_gateway_and_rest_raises_a_plain_member(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 100_000).await;
        let clients = phones(&im).await;
        let mut dice = Dice::new("roles by requests");
        for kind in KINDS.map(GroupKind::as_str).into_iter().chain(["AVChatRoom"]) {
            let id = if kind == "Community" { "@TGS#_c" } else { kind };
            let members: &[&str] = if kind == "AVChatRoom" { &[] } else { &["bo", "cy"] };
            make(&im, id, kind, "ann", members).await;
            for round in 0..90 {
                im.clock.advance(100);
                let who = 1 + dice.between(0, 3) as usize;
                let target = PHONES[dice.between(0, 4) as usize];
                let way = dice.between(0, 10);
                let what = dice.next();
                match way {
                    0..=5 => by_device(&clients, who, target, id, what % 18).await,
                    6..=7 => by_sig(&im, PHONES[who], id, what % 6).await,
                    _ => by_app(&im, target, id, what % 5).await,
                }
                assert_eq!(leaders(&im, id, kind).await, ["ann"], "{kind} {round}: {way} {what}");
            }
        }
        for client in clients {
            client.shutdown().await;
        }
    }
}
