//! Devices write their own profiles and read everybody's; others of the account are told.

use contract::codes::{self, Profile as Codes};
use contract::frame::Command;
use contract::frame::wire::profile_field::Value;
use contract::frame::wire::{
    Profile, ProfileField, ProfileGetAnswer, ProfileGetRequest, ProfileNotice, ProfileSetRequest,
};
use store::apps::ProfileField as Declared;

use crate::world::{Device, World, is_refusal};

const NICK: &str = "Tag_Profile_IM_Nick";
const LEVEL: &str = "Tag_Profile_IM_Level";
const HOBBY: &str = "Tag_Profile_Custom_Hobby";
const SECRET: &str = "Tag_Profile_Custom_Secret";

fn text(tag: &str, text: &str) -> ProfileField {
    ProfileField { tag: tag.into(), value: Some(Value::Text(text.into())) }
}

fn number(tag: &str, number: u32) -> ProfileField {
    ProfileField { tag: tag.into(), value: Some(Value::Number(number)) }
}

fn setting(fields: &[ProfileField]) -> ProfileSetRequest {
    ProfileSetRequest { fields: fields.to_vec(), account: String::new() }
}

fn getting(accounts: &[&str], tags: &[&str]) -> ProfileGetRequest {
    let list = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    ProfileGetRequest { accounts: list(accounts), tags: list(tags) }
}

async fn get(device: &mut Device, accounts: &[&str], tags: &[&str]) -> Vec<Profile> {
    let answer: ProfileGetAnswer = device.call(Command::ProfileGet, &getting(accounts, tags)).await.read().unwrap();
    answer.profiles
}

fn declare(world: &World) {
    world.desk.change(|settings| {
        settings.profile_fields.insert("Hobby".into(), Declared::default());
        let secret = Declared { app_reads: false, app_writes: false, ..Declared::default() };
        settings.profile_fields.insert("Secret".into(), secret);
    });
}

#[tokio::test]
async fn a_device_writes_and_every_device_reads() {
    let world = World::new().await;
    declare(&world);
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    let fields = [text(NICK, "Ann"), number(LEVEL, 7), text(HOBBY, "go")];
    assert_eq!(alice.call(Command::ProfileSet, &setting(&fields)).await.code, 0);
    let named = ProfileSetRequest { account: "alice".into(), ..setting(&[text(NICK, "Bea")]) };
    assert_eq!(alice.call(Command::ProfileSet, &named).await.code, 0);
    let profiles = get(&mut bob, &["alice", "nobody", "bob"], &[]).await;
    let hers = &profiles[0];
    assert_eq!((hers.account.as_str(), hers.code, hers.standard_sequence, hers.custom_sequence), ("alice", 0, 2, 1));
    assert_eq!(hers.fields, [number(LEVEL, 7), text(NICK, "Bea"), text(HOBBY, "go")]);
    assert_eq!(Some(profiles[1].code), Codes::AccountUnknown.row().number());
    assert_eq!((profiles[2].code, profiles[2].fields.len()), (0, 0));
    assert_eq!(get(&mut bob, &["alice"], &[HOBBY]).await[0].fields, [text(HOBBY, "go")]);
}

#[tokio::test]
async fn the_other_devices_of_the_account_hear_what_changed_and_its_origin_does_not() {
    let world = World::new().await;
    declare(&world);
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    let mut bob = world.device("bob", "other").await;
    phone.call(Command::ProfileSet, &setting(&[text(NICK, "Ann"), number(LEVEL, 1)])).await;
    let notice: ProfileNotice = desk.notice(Command::ProfileChanged).await.read().unwrap();
    assert_eq!((notice.account.as_str(), notice.standard_sequence, notice.custom_sequence), ("alice", 1, 0));
    assert_eq!(notice.fields, [number(LEVEL, 1), text(NICK, "Ann")]);
    // What is as it was is no news.
    phone.call(Command::ProfileSet, &setting(&[text(NICK, "Ann")])).await;
    phone.call(Command::ProfileSet, &setting(&[text(NICK, ""), text(HOBBY, "go")])).await;
    let notice: ProfileNotice = desk.notice(Command::ProfileChanged).await.read().unwrap();
    assert_eq!((notice.fields, notice.custom_sequence), (vec![text(NICK, ""), text(HOBBY, "go")], 1));
    assert!(phone.is_silent().await && desk.is_silent().await && bob.is_silent().await);
}

#[tokio::test]
async fn what_the_back_end_keeps_to_itself_no_device_hears_of() {
    let world = World::new().await;
    declare(&world);
    let mut alice = world.device("alice", "a").await;
    let user = contract::UserId::trusted("alice");
    let app = gateway::Front::app(&*world.desk, crate::world::APP).unwrap();
    let write = move |tx: &mut store::Tx<'_>| {
        let value = |text: &str| contract::profile::Value::Text(text.into());
        let changes = [(SECRET.to_owned(), value("x")), (NICK.to_owned(), value("Ann"))];
        let by = ::chat::profile::Operator { user: &user, device: None };
        ::chat::profile::set(tx, contract::Millis(1_700_000_000_000), &app, by, &user, &changes)
    };
    world.store.write(crate::world::APP, write).await.unwrap();
    let notice: ProfileNotice = alice.notice(Command::ProfileChanged).await.read().unwrap();
    assert_eq!((notice.fields, notice.custom_sequence), (vec![text(NICK, "Ann")], 1));
    assert_eq!(get(&mut alice, &["alice"], &[]).await[0].fields, [text(NICK, "Ann")]);
}

#[tokio::test]
async fn each_bad_write_and_read_has_its_own_refusal() {
    let world = World::new().await;
    declare(&world);
    let mut alice = world.device("alice", "a").await;
    world.device("bob", "b").await;
    let other = ProfileSetRequest { account: "bob".into(), ..setting(&[text(NICK, "Ann")]) };
    is_refusal(&alice.call(Command::ProfileSet, &other).await, Codes::NotAdmin);
    let cases = [
        (vec![], Codes::FieldInvalid),
        (vec![text(NICK, "x"); 65], Codes::FieldInvalid),
        (vec![text(SECRET, "x")], Codes::FieldUnwritable),
        (vec![text("Tag_Profile_IM_AdminForbidType", "AdminForbid_Type_None")], Codes::FieldUnwritable),
        (vec![text("Tag_Profile_Custom_Else", "x")], Codes::TagUnknown),
        (vec![text(NICK, &"x".repeat(501))], Codes::ProfileTooLong),
        (vec![text("Tag_Profile_IM_Gender", "x")], Codes::ValueInvalid),
        (vec![number(NICK, 1)], Codes::ValueTypeInvalid),
        (vec![text(LEVEL, "1")], Codes::ValueTypeInvalid),
        (vec![ProfileField { tag: NICK.into(), value: None }], Codes::ValueTypeInvalid),
    ];
    for (fields, code) in cases {
        is_refusal(&alice.call(Command::ProfileSet, &setting(&fields)).await, code);
    }
    is_refusal(&alice.call(Command::ProfileGet, &getting(&[], &[])).await, Codes::TargetMissing);
    is_refusal(&alice.call(Command::ProfileGet, &getting(&["bob"; 101], &[])).await, Codes::FieldInvalid);
    is_refusal(&alice.call(Command::ProfileGet, &getting(&["bob"], &[SECRET])).await, Codes::FieldUnreadable);
    is_refusal(&alice.call(Command::ProfileGet, &getting(&["bob"], &["x"])).await, Codes::TagUnknown);
    assert_eq!(
        get(&mut alice, &["alice", ""], &[]).await[1].code,
        codes::Profile::AccountUnknown.row().number().unwrap()
    );
}

#[tokio::test]
async fn profiles_that_do_not_fit_into_a_frame_are_asked_for_in_parts() {
    let world = World::new().await;
    world.desk.change(|settings| {
        settings.profile_fields = (b'a'..=b't').map(|it| (char::from(it).to_string(), Declared::default())).collect();
    });
    let mut alice = world.device("alice", "a").await;
    let long = "x".repeat(500);
    let fields: Vec<ProfileField> =
        (b'a'..=b't').map(|it| text(&format!("Tag_Profile_Custom_{}", char::from(it)), &long)).collect();
    assert_eq!(alice.call(Command::ProfileSet, &setting(&fields)).await.code, 0);
    is_refusal(&alice.call(Command::ProfileGet, &getting(&["alice"; 100], &[])).await, Codes::FieldInvalid);
    assert_eq!(get(&mut alice, &["alice"; 20], &[]).await.len(), 20);
    assert_eq!(get(&mut alice, &["alice"; 100], &["Tag_Profile_Custom_a"]).await.len(), 100);
}
