//! Devices follow accounts; both sides are told.

use contract::codes::Relation;
use contract::frame::Command;
use contract::frame::wire::{
    FollowAnswer, FollowCheckAnswer, FollowCheckRequest, FollowListAnswer, FollowListRequest, FollowNotice,
    FollowRequest, FollowType, follow_check_answer, profile_field,
};

use crate::world::{Device, World, is_refusal};

fn naming(accounts: &[&str]) -> FollowRequest {
    FollowRequest { accounts: accounts.iter().map(ToString::to_string).collect() }
}

fn checking(accounts: &[&str], counts: bool) -> FollowCheckRequest {
    FollowCheckRequest { accounts: accounts.iter().map(ToString::to_string).collect(), counts }
}

fn listing(kind: FollowType, cursor: &str, count: u32) -> FollowListRequest {
    FollowListRequest { r#type: kind.into(), cursor: cursor.into(), count }
}

async fn follow(device: &mut Device, accounts: &[&str]) -> Vec<i32> {
    let answer: FollowAnswer = device.call(Command::FollowAdd, &naming(accounts)).await.read().unwrap();
    assert_eq!(answer.items.iter().map(|item| item.account.as_str()).collect::<Vec<_>>(), accounts);
    answer.items.iter().map(|item| item.code).collect()
}

async fn list(device: &mut Device, kind: FollowType, count: u32) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = device.call(Command::FollowList, &listing(kind, &cursor, count)).await;
        let page: FollowListAnswer = page.read().unwrap();
        names.extend(page.items.into_iter().map(|item| item.account));
        cursor = page.cursor;
        if cursor.is_empty() {
            return names;
        }
    }
}

async fn notice(device: &mut Device) -> (String, String, bool, bool) {
    let notice: FollowNotice = device.notice(Command::FollowChanged).await.read().unwrap();
    (notice.account, notice.target, notice.following, notice.mutual)
}

#[tokio::test]
async fn both_sides_hear_of_a_follow_but_not_the_device_that_did_it() {
    let world = World::new().await;
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    // Another account's device of the same name is another device.
    let mut bob = world.device_on("bob", "other", 4).await;
    assert_eq!(follow(&mut phone, &["bob"]).await, [0]);
    let expected = ("alice".to_owned(), "bob".to_owned(), true, false);
    assert_eq!((notice(&mut desk).await, notice(&mut bob).await), (expected.clone(), expected));
    assert_eq!(follow(&mut bob, &["alice"]).await, [0]);
    let expected = ("bob".to_owned(), "alice".to_owned(), true, true);
    assert_eq!((notice(&mut phone).await, notice(&mut desk).await), (expected.clone(), expected));
    assert_eq!(follow(&mut phone, &["bob"]).await, [0]);
    phone.call(Command::FollowDelete, &naming(&["bob"])).await;
    let expected = ("alice".to_owned(), "bob".to_owned(), false, false);
    assert_eq!((notice(&mut desk).await, notice(&mut bob).await), (expected.clone(), expected));
    assert!(phone.is_silent().await && desk.is_silent().await && bob.is_silent().await);
}

#[tokio::test]
async fn a_device_sees_its_lists_and_ties() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    for name in ["bob", "carol", "dave"] {
        let mut device = world.device(name, name).await;
        if name != "bob" {
            assert_eq!(follow(&mut device, &["alice"]).await, [0]);
            alice.notice(Command::FollowChanged).await;
        }
        world.desk.advance(1_000);
    }
    assert_eq!(follow(&mut alice, &["bob", "carol"]).await, [0, 0]);
    for count in [0, 1, 2] {
        assert_eq!(list(&mut alice, FollowType::Following, count).await, ["carol", "bob"]);
        assert_eq!(list(&mut alice, FollowType::Follower, count).await, ["dave", "carol"]);
        assert_eq!(list(&mut alice, FollowType::Mutual, count).await, ["carol"]);
    }
    let check = checking(&["bob", "carol", "dave", "nobody", "alice"], true);
    let answer: FollowCheckAnswer = alice.call(Command::FollowCheck, &check).await.read().unwrap();
    let kinds: Vec<FollowType> = answer.items.iter().map(follow_check_answer::Item::r#type).collect();
    let strangers = FollowType::Strangers;
    assert_eq!(kinds, [FollowType::Following, FollowType::Mutual, FollowType::Follower, strangers, strangers]);
    assert_eq!(Some(answer.items[3].code), Relation::AccountUnknown.row().number());
    let own = &answer.items[4];
    assert_eq!((own.followers, own.following, own.mutual), (2, 2, 1));
    let plain: FollowCheckAnswer = alice.call(Command::FollowCheck, &checking(&["alice"], false)).await.read().unwrap();
    assert_eq!(plain.items[0].followers, 0);
}

#[tokio::test]
async fn a_list_shows_profiles() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    world.device("bob", "b").await;
    let (app, user) = (gateway::Front::app(&*world.desk, crate::world::APP).unwrap(), contract::UserId::trusted("bob"));
    let now = gateway::Front::now(&*world.desk);
    let import = move |tx: &mut store::Tx<'_>| ::chat::account::import(tx, now, &app, &user, Some("Bob"), None);
    world.store.write(crate::world::APP, import).await.unwrap();
    follow(&mut alice, &["bob"]).await;
    let page: FollowListAnswer =
        alice.call(Command::FollowList, &listing(FollowType::Following, "", 10)).await.read().unwrap();
    let item = &page.items[0];
    assert_eq!((item.account.as_str(), item.time, item.profile_sequence), ("bob", now.secs(), 1));
    assert_eq!(item.fields[0].value, Some(profile_field::Value::Text("Bob".into())));
}

#[tokio::test]
async fn what_cannot_be_followed_or_asked_is_refused() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    for command in [Command::FollowAdd, Command::FollowDelete] {
        is_refusal(&alice.call(command, &naming(&[])).await, Relation::FieldInvalid);
        is_refusal(&alice.call(command, &naming(&["bob"; 21])).await, Relation::FieldInvalid);
    }
    is_refusal(&alice.call(Command::FollowCheck, &checking(&[], false)).await, Relation::FieldInvalid);
    is_refusal(&alice.call(Command::FollowCheck, &checking(&["bob"; 101], false)).await, Relation::FieldInvalid);
    is_refusal(&alice.call(Command::FollowCheck, &checking(&["bob"; 21], true)).await, Relation::FieldInvalid);
    let bad = [
        listing(FollowType::Strangers, "", 1),
        listing(FollowType::Follower, "x", 1),
        listing(FollowType::Follower, "", 1_001),
        FollowListRequest { r#type: 9, ..FollowListRequest::default() },
    ];
    for request in bad {
        is_refusal(&alice.call(Command::FollowList, &request).await, Relation::FieldInvalid);
    }
    let codes = follow(&mut alice, &["alice", "nobody", ""]).await;
    let code = |row: Relation| row.row().number().unwrap();
    assert_eq!(codes, [code(Relation::FieldInvalid), code(Relation::AccountUnknown), code(Relation::FieldInvalid)]);
    world.desk.change(|settings| settings.has_follow = false);
    is_refusal(&alice.call(Command::FollowAdd, &naming(&["bob"])).await, Relation::FollowDisabled);
    is_refusal(&alice.call(Command::FollowList, &listing(FollowType::Mutual, "", 1)).await, Relation::FollowDisabled);
}
