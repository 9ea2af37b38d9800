//! Relations from devices: requests and their answers, what changed since, blocklists, and what they mean for sends.

use contract::codes::{Access, Message, Relation, Row};
use contract::frame::wire::profile_field::Value;
use contract::frame::wire::{
    BlockPage, FriendAddRequest, FriendAnswer, FriendGroupChange, FriendGroupNames, FriendGroupRename, FriendGroups,
    FriendPage, FriendUpdateRequest, Mutual, ProfileField, ProfileNotice, ProfileSetRequest, RelationAnswer,
    RelationCheckAnswer, RelationItems, RelationPage, RelationVersions, RequestAccept, RequestPage, RequestRef,
    RequestsRequest, SendAnswer, SendRequest,
};
use contract::frame::{Command, Frame};
use contract::limit;
use store::apps::AllowType;

use crate::world::{Body, Device, World, is_refusal, text};

fn ask(account: &str) -> FriendAddRequest {
    FriendAddRequest { account: account.into(), ..FriendAddRequest::default() }
}

fn items(accounts: &[&str]) -> RelationItems {
    RelationItems { accounts: accounts.iter().map(ToString::to_string).collect(), ..RelationItems::default() }
}

fn reference(account: &str) -> RequestRef {
    RequestRef { account: account.into(), ..RequestRef::default() }
}

async fn good(device: &mut Device, command: Command, body: &impl Body) -> Frame {
    let answer = device.call(command, body).await;
    assert_eq!(answer.code, 0, "{command:?}: {}", answer.text);
    answer
}

async fn refused(device: &mut Device, command: Command, body: &impl Body, row: impl Into<&'static Row>) {
    is_refusal(&device.call(command, body).await, row);
}

async fn friends(device: &mut Device, after: i64) -> FriendPage {
    let page = RelationPage { after, ..RelationPage::default() };
    good(device, Command::Friends, &page).await.read().unwrap()
}

async fn names(device: &mut Device) -> Vec<String> {
    friends(device, 0).await.friends.into_iter().map(|friend| friend.account).collect()
}

async fn received(device: &mut Device) -> RequestPage {
    good(device, Command::Requests, &RequestsRequest::default()).await.read().unwrap()
}

/// Alice and bob, each with a device; who wants to be a friend must ask.
async fn two(world: &World) -> (Device, Device) {
    world.desk.change(|app| app.allow_type = AllowType::Confirm);
    (world.device("alice", "a").await, world.device("bob", "b").await)
}

/// Whatever notices came are of no interest.
async fn hush(device: &mut Device) {
    while !device.is_silent().await {
        device.notice(Command::RelationChanged).await;
    }
}

#[tokio::test]
async fn a_request_is_asked_looked_at_and_accepted() {
    let world = World::new().await;
    let (mut alice, mut bob) = two(&world).await;
    let request = FriendAddRequest {
        remark: "Bobby".into(),
        group: "work".into(),
        source: "AddSource_Type_Web".into(),
        wording: "hello".into(),
        ..ask("bob")
    };
    refused(&mut alice, Command::FriendAdd, &request, Relation::RequestPending).await;
    let told: RelationVersions = bob.notice(Command::RelationChanged).await.read().unwrap();
    let waiting = received(&mut bob).await;
    assert_eq!((waiting.unread, waiting.version, told.requests), (1, waiting.version, waiting.version));
    let first = &waiting.requests[0];
    assert_eq!((first.account.as_str(), first.wording.as_str(), first.unread), ("alice", "hello", true));
    assert_eq!(first.asked_at, 1_700_000_000);
    let seen = RelationPage { after: waiting.version, ..RelationPage::default() };
    good(&mut bob, Command::RequestsRead, &seen).await;
    assert_eq!(received(&mut bob).await.unread, 0);
    let sent = RequestsRequest { sent: true, ..RequestsRequest::default() };
    let sent: RequestPage = good(&mut alice, Command::Requests, &sent).await.read().unwrap();
    assert_eq!((sent.requests[0].account.as_str(), sent.finished), ("bob", true));

    let accept = RequestAccept { account: "alice".into(), remark: "Al".into(), ..RequestAccept::default() };
    good(&mut bob, Command::RequestAccept, &accept).await;
    refused(&mut bob, Command::RequestAccept, &accept, Relation::RequestUnknown).await;
    refused(&mut bob, Command::RequestRefuse, &reference("alice"), Relation::RequestUnknown).await;
    let mine = friends(&mut alice, 0).await;
    let bobby = &mine.friends[0];
    assert_eq!(
        (bobby.remark.as_str(), &bobby.groups[..], bobby.wording.as_str()),
        ("Bobby", &["work".into()][..], "hello")
    );
    assert_eq!(friends(&mut bob, 0).await.friends[0].remark, "Al");
    assert!(received(&mut bob).await.requests.is_empty());
}

#[tokio::test]
async fn a_request_may_be_refused_withdrawn_thrown_away_or_agreed_to_one_way() {
    let world = World::new().await;
    let (mut alice, mut bob) = two(&world).await;
    for (is_alices, sent) in [(false, false), (true, true)] {
        refused(&mut alice, Command::FriendAdd, &ask("bob"), Relation::RequestPending).await;
        let (device, peer) = if is_alices { (&mut alice, "bob") } else { (&mut bob, "alice") };
        let gone = RequestRef { sent, ..reference(peer) };
        good(device, Command::RequestDelete, &gone).await;
        refused(device, Command::RequestDelete, &gone, Relation::RequestGone).await;
    }
    refused(&mut bob, Command::RequestDelete, &reference("nobody"), Relation::RequestGone).await;
    refused(&mut alice, Command::FriendAdd, &ask("bob"), Relation::RequestPending).await;
    good(&mut bob, Command::RequestRefuse, &reference("alice")).await;
    assert!(names(&mut alice).await.is_empty());
    refused(&mut alice, Command::FriendAdd, &ask("bob"), Relation::RequestPending).await;
    let one_way = RequestAccept { account: "alice".into(), single: true, ..RequestAccept::default() };
    good(&mut bob, Command::RequestAccept, &one_way).await;
    assert_eq!((names(&mut alice).await, names(&mut bob).await), (vec!["bob".to_owned()], vec![]));
    let both = RelationItems { both: true, ..items(&["bob", "nobody"]) };
    let answer: RelationCheckAnswer = good(&mut alice, Command::FriendCheck, &both).await.read().unwrap();
    assert_eq!(answer.items[0].relation(), Mutual::Own);
    assert_eq!(Some(answer.items[1].code), Relation::AccountUnknown.row().number());
    let answer: RelationCheckAnswer =
        good(&mut bob, Command::FriendCheck, &RelationItems { both: true, ..items(&["alice"]) }).await.read().unwrap();
    assert_eq!(answer.items[0].relation(), Mutual::Others);
}

#[tokio::test]
async fn an_account_changes_only_what_is_its_own() {
    let world = World::new().await;
    let (mut alice, _bob) = two(&world).await;
    let mut admin = world.device("administrator", "x").await;
    let foreign = FriendAddRequest { owner: "bob".into(), single: true, ..ask("alice") };
    refused(&mut alice, Command::FriendAdd, &foreign, Relation::NotAdmin).await;
    let owner = RelationPage { owner: "bob".into(), ..RelationPage::default() };
    refused(&mut alice, Command::Friends, &owner, Relation::NotAdmin).await;
    refused(&mut alice, Command::RelationVersions, &owner, Relation::NotAdmin).await;
    good(&mut admin, Command::FriendAdd, &foreign).await;
    let page: FriendPage = good(&mut admin, Command::Friends, &owner).await.read().unwrap();
    assert_eq!(page.friends[0].account, "alice");
    let own = RelationPage { owner: "alice".into(), ..RelationPage::default() };
    good(&mut alice, Command::Friends, &own).await;
    let nobody = RelationPage { owner: "nobody".into(), ..RelationPage::default() };
    refused(&mut admin, Command::Friends, &nobody, Relation::AccountUnknown).await;
    let group = RelationPage { owner: "@TGS#1".into(), ..RelationPage::default() };
    refused(&mut admin, Command::Friends, &group, Relation::AppMismatch).await;
}

#[tokio::test]
async fn what_changed_since_a_version_brings_a_list_up_to_date() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    for name in ["bob", "carol", "dave"] {
        drop(world.device(name, name).await);
        good(&mut alice, Command::FriendAdd, &ask(name)).await;
    }
    let all = friends(&mut alice, 0).await;
    assert_eq!((all.friends.len(), all.finished, all.reset, all.total), (3, true, false, 3));
    let none = friends(&mut alice, all.next).await;
    assert_eq!((none.friends.len(), none.removed.len(), none.next), (0, 0, all.next));
    let delete = RelationItems { both: true, ..items(&["bob", "bob"]) };
    let answer: RelationAnswer = good(&mut alice, Command::FriendDelete, &delete).await.read().unwrap();
    assert_eq!(answer.items[0].code, 0);
    assert_eq!(Some(answer.items[1].code), Relation::FriendUnknown.row().number());
    let update = FriendUpdateRequest { account: "dave".into(), remark: Some("D".into()), ..Default::default() };
    good(&mut alice, Command::FriendUpdate, &update).await;
    let changed = friends(&mut alice, all.next).await;
    assert_eq!((changed.removed, changed.friends[0].remark.as_str()), (vec!["bob".to_owned()], "D"));
    assert_eq!(changed.friends.len(), 1);
    let step = RelationPage { after: all.next, count: 1, ..RelationPage::default() };
    let step: FriendPage = good(&mut alice, Command::Friends, &step).await.read().unwrap();
    assert_eq!((step.removed.len(), step.friends.len(), step.finished), (1, 0, false));
    // A version from nowhere cannot be continued.
    let future = friends(&mut alice, 1 << 40).await;
    assert_eq!((future.reset, future.friends.len()), (true, 2));
    let chosen: FriendAnswer = good(&mut alice, Command::FriendGet, &items(&["dave", "bob"])).await.read().unwrap();
    assert_eq!(chosen.items[0].friend.as_ref().map(|friend| friend.remark.as_str()), Some("D"));
    assert_eq!(Some(chosen.items[1].code), Relation::FieldInvalid.row().number());
}

#[tokio::test]
async fn a_device_that_missed_more_than_is_remembered_starts_again() {
    let world = World::with(|settings| settings.device_per_second = 1_000_000).await;
    let mut alice = world.device("alice", "a").await;
    drop(world.device("bob", "b").await);
    drop(world.device("carol", "c").await);
    good(&mut alice, Command::FriendAdd, &ask("bob")).await;
    let known = friends(&mut alice, 0).await.next;
    good(&mut alice, Command::FriendAdd, &ask("carol")).await;
    // The same friend ends again and again: what is remembered is one row, not a row a time.
    for _ in 0..5 {
        good(&mut alice, Command::FriendDelete, &items(&["carol"])).await;
        good(&mut alice, Command::FriendAdd, &ask("carol")).await;
    }
    let changed = friends(&mut alice, known).await;
    assert_eq!((changed.reset, changed.friends.len(), changed.removed.len()), (false, 1, 0));
    let count = limit::FRIEND_GRAVES as usize + 1;
    let mut accounts = Vec::new();
    for number in 0..count {
        accounts.push(contract::UserId::trusted(&format!("u{number}")));
    }
    let (now, named) = (contract::Millis(1_700_000_000_000), accounts.clone());
    let import = move |tx: &mut store::Tx<'_>| {
        named.iter().try_for_each(|user| store::accounts::import(tx, now, user).map(drop))
    };
    world.store.write(crate::world::APP, import).await.unwrap();
    for some in accounts.chunks(100) {
        for user in some {
            let one_way = FriendAddRequest { single: true, ..ask(user.as_str()) };
            good(&mut alice, Command::FriendAdd, &one_way).await;
        }
        let gone: Vec<&str> = some.iter().map(contract::UserId::as_str).collect();
        good(&mut alice, Command::FriendDelete, &items(&gone)).await;
    }
    hush(&mut alice).await;
    let again = friends(&mut alice, known).await;
    assert_eq!((again.reset, again.friends.len(), again.removed.len(), again.total), (true, 2, 0, 2));
    assert!(again.finished);
}

#[tokio::test]
async fn friend_groups_are_made_filled_renamed_and_removed() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    drop(world.device("bob", "b").await);
    good(&mut alice, Command::FriendAdd, &ask("bob")).await;
    let group = |name: &str, add: &[&str], remove: &[&str]| FriendGroupChange {
        name: name.into(),
        add: add.iter().map(ToString::to_string).collect(),
        remove: remove.iter().map(ToString::to_string).collect(),
        ..FriendGroupChange::default()
    };
    let made: RelationAnswer =
        good(&mut alice, Command::FriendGroupCreate, &group("one", &["bob", "carol"], &[])).await.read().unwrap();
    assert_eq!(made.items[0].code, 0);
    assert_eq!(Some(made.items[1].code), Relation::AccountUnknown.row().number());
    refused(&mut alice, Command::FriendGroupCreate, &group("one", &["bob"], &[]), Relation::FieldInvalid).await;
    good(&mut alice, Command::FriendGroupCreate, &group("two", &[], &[])).await;
    good(&mut alice, Command::FriendGroupChange, &group("two", &["bob"], &[])).await;
    good(&mut alice, Command::FriendGroupChange, &group("one", &[], &["bob"])).await;
    refused(&mut alice, Command::FriendGroupChange, &group("three", &["bob"], &[]), Relation::FieldInvalid).await;
    assert_eq!(friends(&mut alice, 0).await.friends[0].groups, ["two"]);
    let rename = |name: &str, new_name: &str| FriendGroupRename {
        name: name.into(),
        new_name: new_name.into(),
        ..FriendGroupRename::default()
    };
    good(&mut alice, Command::FriendGroupRename, &rename("two", "second")).await;
    refused(&mut alice, Command::FriendGroupRename, &rename("two", "x"), Relation::FieldInvalid).await;
    refused(&mut alice, Command::FriendGroupRename, &rename("one", "second"), Relation::FieldInvalid).await;
    let all: FriendGroups = good(&mut alice, Command::FriendGroups, &FriendGroupNames::default()).await.read().unwrap();
    let shown: Vec<(&str, u32)> = all.groups.iter().map(|it| (it.name.as_str(), it.count)).collect();
    assert_eq!(shown, [("one", 0), ("second", 1)]);
    let gone = FriendGroupNames { names: vec!["second".into()], ..FriendGroupNames::default() };
    good(&mut alice, Command::FriendGroupDelete, &gone).await;
    refused(&mut alice, Command::FriendGroupDelete, &gone, Relation::FieldInvalid).await;
    assert!(friends(&mut alice, 0).await.friends[0].groups.is_empty());
    let versions: RelationVersions =
        good(&mut alice, Command::RelationVersions, &RelationPage::default()).await.read().unwrap();
    assert!(versions.groups > all.version);
}

#[tokio::test]
async fn whom_an_account_blocks_cannot_write_to_it_and_need_not_know() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.device("alice", "a").await, world.device("bob", "b").await);
    bob.write("alice", 1).await;
    alice.notice(Command::Message).await;
    let answer: RelationAnswer = good(&mut alice, Command::Block, &items(&["bob"])).await.read().unwrap();
    assert_eq!(answer.items[0].code, 0);
    hush(&mut alice).await;
    // By default it looks as if it was sent; nobody gets it and nothing of it is stored.
    for online_only in [false, true] {
        let hidden = SendRequest { online_only, ..text("alice", 2) };
        let sent: SendAnswer = good(&mut bob, Command::Send, &hidden).await.read().unwrap();
        assert_eq!((sent.seq, sent.msg_seq), (0, 2));
    }
    assert!(alice.is_silent().await);
    world.desk.change(|app| app.blocked_looks_sent = false);
    for online_only in [false, true] {
        let open = SendRequest { online_only, ..text("alice", 3) };
        refused(&mut bob, Command::Send, &open, Message::BlockedByReceiver).await;
    }
    // The one who blocks may write.
    assert_eq!(alice.write("bob", 4).await.seq, 2);
    let page: BlockPage = good(&mut alice, Command::Blocks, &RelationPage::default()).await.read().unwrap();
    assert_eq!((page.entries[0].account.as_str(), page.finished), ("bob", true));
    good(&mut alice, Command::Unblock, &items(&["bob"])).await;
    let answer: RelationAnswer = good(&mut alice, Command::Unblock, &items(&["bob"])).await.read().unwrap();
    assert_eq!(Some(answer.items[0].code), Relation::FieldInvalid.row().number());
    assert_eq!(bob.write("alice", 5).await.seq, 3);
}

#[tokio::test]
async fn an_app_for_friends_refuses_strangers_each_for_what_is_missing() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.device("alice", "a").await, world.device("bob", "b").await);
    world.desk.change(|app| app.friends_only = true);
    let online = SendRequest { online_only: true, ..text("bob", 1) };
    refused(&mut alice, Command::Send, &online, Message::NotFriends).await;
    refused(&mut alice, Command::Send, &text("bob", 1), Message::NotFriends).await;
    good(&mut alice, Command::FriendAdd, &FriendAddRequest { single: true, ..ask("bob") }).await;
    refused(&mut alice, Command::Send, &text("bob", 1), Message::NotReceiversFriend).await;
    refused(&mut bob, Command::Send, &text("alice", 1), Message::NotSendersFriend).await;
    good(&mut bob, Command::FriendAdd, &FriendAddRequest { single: true, ..ask("alice") }).await;
    assert_eq!(alice.write("bob", 1).await.seq, 1);
    assert_eq!(alice.write("alice", 2).await.seq, 1, "to oneself");
    let mut admin = world.device("administrator", "x").await;
    assert_eq!(admin.write("bob", 1).await.seq, 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_before_anything_is_done() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    let many: Vec<String> = (0..101).map(|number| format!("u{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    refused(&mut alice, Command::FriendDelete, &items(&many), Relation::FieldInvalid).await;
    refused(&mut alice, Command::FriendGet, &items(&many), Relation::FieldInvalid).await;
    for command in [Command::FriendDelete, Command::FriendGet, Command::FriendCheck, Command::Block, Command::Unblock] {
        refused(&mut alice, command, &items(&[]), Relation::FieldInvalid).await;
    }
    refused(&mut alice, Command::FriendAdd, &ask("nobody"), Relation::AccountUnknown).await;
    refused(&mut alice, Command::FriendAdd, &ask(""), Relation::FieldInvalid).await;
    refused(&mut alice, Command::FriendAdd, &ask("alice"), Relation::FieldInvalid).await;
    refused(&mut alice, Command::FriendAdd, &ask("@RBT#1"), Relation::AppMismatch).await;
    refused(&mut alice, Command::RequestAccept, &RequestAccept::default(), Relation::FieldInvalid).await;
    world.desk.change(|app| app.commands_off = vec!["FRIEND_ADD".into()]);
    refused(&mut alice, Command::FriendAdd, &ask("bob"), Access::CommandDisabled).await;
}

#[tokio::test]
async fn whoever_has_an_account_among_its_friends_hears_of_its_new_profile() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.device("alice", "a").await, world.device("bob", "b").await);
    let mut carol = world.device("carol", "c").await;
    good(&mut bob, Command::FriendAdd, &FriendAddRequest { single: true, ..ask("alice") }).await;
    for device in [&mut alice, &mut bob] {
        device.is_silent().await;
        device.forget();
    }
    let nick = |text: &str| ProfileField { tag: "Tag_Profile_IM_Nick".into(), value: Some(Value::Text(text.into())) };
    let setting = |name: &str| ProfileSetRequest { account: String::new(), fields: vec![nick(name)] };
    let set = setting("Ann");
    good(&mut alice, Command::ProfileSet, &set).await;
    let notice: ProfileNotice = bob.notice(Command::ProfileChanged).await.read().unwrap();
    assert_eq!((notice.account.as_str(), notice.standard_sequence), ("alice", 1));
    assert_eq!(notice.fields, [nick("Ann")]);
    // Alice has nobody on her list, and carol is on nobody's.
    good(&mut carol, Command::ProfileSet, &set).await;
    good(&mut bob, Command::ProfileSet, &set).await;
    good(&mut bob, Command::FriendDelete, &items(&["alice"])).await;
    good(&mut alice, Command::ProfileSet, &setting("Al")).await;
    // Friends are told in the order of the changes: when bob hears of dave, he has not heard of alice.
    let mut dave = world.device("dave", "d").await;
    good(&mut bob, Command::FriendAdd, &FriendAddRequest { single: true, ..ask("dave") }).await;
    good(&mut dave, Command::ProfileSet, &setting("Dave")).await;
    loop {
        let notice = bob.any_notice().await;
        if notice.command() == Command::ProfileChanged {
            let notice: ProfileNotice = notice.read().unwrap();
            assert_eq!(notice.account, "dave", "alice is no friend any more, and carol never was");
            break;
        }
    }
    for device in [&mut alice, &mut carol] {
        device.is_silent().await;
        assert!(device.forget().iter().all(|frame| frame.command() != Command::ProfileChanged));
    }
}
