//! Attributes, counters, topics and permission groups as devices use them.

use contract::codes::Group;
use contract::frame::wire::{
    Attribute, AttributeChange, Attributes, AttributesNotice, AttributesRequest, Counter, CounterMode, Counters,
    CountersChange, CountersNotice, CountersRequest, GroupChangeNotice, GroupChangeRequest, GroupJoinRequest,
    GroupMessageNotice, GroupOutcomes, GroupSendAnswer, GroupSendRequest, PermissionGroupRef, PermissionGroupRequest,
    PermissionGroups, PermissionGroupsRequest, PermissionMembers, PermissionMembersRequest, PermissionTopics,
    PermissionTopicsRequest, TopicHeads, TopicHeadsRequest, TopicMask, TopicNotice, TopicRead, TopicRef, TopicRequest,
    Topics, TopicsRequest,
};
use contract::frame::{Command, Frame};
use contract::group::{GroupId, GroupKind, Permission};
use contract::{Error, Fault, Millis, UserId};
use gateway::Front;

use crate::live::{group, of};
use crate::world::{APP, Device, World, is_refusal};

fn writing(group: &str, version: u64, change: AttributeChange, pairs: &[(&str, &str)]) -> AttributesRequest {
    let pair = |(key, value): &(&str, &str)| Attribute { key: (*key).into(), value: (*value).into() };
    AttributesRequest {
        group: group.into(),
        change: change.into(),
        attributes: pairs.iter().map(pair).collect(),
        version,
    }
}

async fn write(device: &mut Device, version: u64, change: AttributeChange, pairs: &[(&str, &str)]) -> Frame {
    device.call(Command::AttributesWrite, &writing("club", version, change, pairs)).await
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[tokio::test]
async fn who_writes_attributes_must_have_seen_them() {
    use AttributeChange::{
        AttributeClear as Clear, AttributeDelete as Delete, AttributeModify as Modify, AttributeReplace as Replace,
    };
    let world = World::new().await;
    let (mut ann, mut bob, mut eve) =
        (world.device("ann", "a").await, world.device("bob", "b").await, world.device("eve", "e").await);
    group(&world, "club", GroupKind::Public, "ann", &["bob"]).await;
    let version: Attributes = write(&mut ann, 0, Modify, &[("stage", "ann"), ("mic", "1")]).await.read().unwrap();
    assert_eq!(version.version, 1);
    ann.forget();
    let notice: AttributesNotice = loop {
        let frame = bob.any_notice().await;
        if frame.command() == Command::AttributesChanged {
            break frame.read().unwrap();
        }
    };
    assert_eq!((notice.version, notice.by.as_str(), notice.attributes.len()), (1, "ann", 2));
    is_refusal(&write(&mut bob, 0, Modify, &[("mic", "2")]).await, Group::AttributeConflict);
    assert_eq!(write(&mut bob, 1, Replace, &[("mic", "2")]).await.code, 0);
    let read: Attributes = ann.call(Command::AttributesGet, &of("club")).await.read().unwrap();
    assert_eq!((read.version, read.attributes[0].value.as_str(), read.attributes.len()), (2, "2", 1));
    is_refusal(&write(&mut bob, 2, Delete, &[("stage", "")]).await, Group::AttributeUnknown);
    assert_eq!(write(&mut bob, 2, Delete, &[("mic", "")]).await.code, 0);
    assert_eq!(write(&mut bob, 3, Clear, &[]).await.code, 0);
    is_refusal(&write(&mut bob, 4, Modify, &[(&text(33), "")]).await, Group::AttributeKeyTooLong);
    is_refusal(&write(&mut bob, 4, Modify, &[("k", &text(4_001))]).await, Group::AttributeValueTooLong);
    is_refusal(&write(&mut bob, 4, Modify, &[]).await, Group::FieldInvalid);
    let keys: Vec<String> = (0..17).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
    is_refusal(&write(&mut bob, 4, Modify, &many).await, Group::AttributesTooMany);
    let long = text(4_000);
    let large: Vec<(&str, &str)> = keys[..5].iter().map(|key| (key.as_str(), &*long)).collect();
    is_refusal(&write(&mut bob, 4, Modify, &large).await, Group::AttributesTooLong);
    // Four writes of this second are done; the fifth is the last.
    assert_eq!(write(&mut bob, 4, Modify, &[("k", "")]).await.code, 0);
    is_refusal(&write(&mut bob, 5, Modify, &[("k", "")]).await, Group::AttributesThrottled);
    world.desk.advance(1_000);
    assert_eq!(write(&mut bob, 5, Modify, &[("k", "")]).await.code, 0);
    is_refusal(&write(&mut eve, 6, Modify, &[("k", "")]).await, Group::OperationForbidden);
    is_refusal(&eve.call(Command::AttributesGet, &of("club")).await, Group::OperationForbidden);
}

#[tokio::test]
async fn a_guest_of_a_live_room_has_its_attributes_as_long_as_it_is_there() {
    let world = World::new().await;
    let mut bob = world.device("bob", "b").await;
    world.device("ann", "a").await;
    group(&world, "show", GroupKind::Live, "ann", &[]).await;
    is_refusal(&bob.call(Command::AttributesGet, &of("show")).await, Group::OperationForbidden);
    assert_eq!(bob.call(Command::LiveEnter, &of("show")).await.code, 0);
    let request = writing("show", 0, AttributeChange::AttributeModify, &[("song", "one")]);
    assert_eq!(bob.call(Command::AttributesWrite, &request).await.code, 0);
    assert_eq!(bob.call(Command::LiveLeave, &of("show")).await.code, 0);
    is_refusal(&bob.call(Command::AttributesGet, &of("show")).await, Group::OperationForbidden);
}

fn counting(mode: CounterMode, pairs: &[(&str, i64)]) -> CountersChange {
    let counter = |(key, value): &(&str, i64)| Counter { key: (*key).into(), value: *value };
    CountersChange { group: "club".into(), mode: mode.into(), counters: pairs.iter().map(counter).collect() }
}

#[tokio::test]
async fn counters_are_raised_by_all_and_told_to_all() {
    use CounterMode::{CounterDecrease as Less, CounterIncrease as More, CounterSet as Set};
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    group(&world, "club", GroupKind::Public, "ann", &["bob"]).await;
    let change = async |device: &mut Device, mode, pairs: &[(&str, i64)]| -> Vec<(String, i64)> {
        let answer = device.call(Command::CountersChange, &counting(mode, pairs)).await;
        assert_eq!(answer.code, 0, "{}", answer.text);
        let counters: Counters = answer.read().unwrap();
        counters.counters.into_iter().map(|counter| (counter.key, counter.value)).collect()
    };
    assert_eq!(change(&mut ann, More, &[("likes", 3)]).await, [("likes".to_owned(), 3)]);
    assert_eq!(change(&mut bob, Less, &[("likes", 5)]).await, [("likes".to_owned(), -2)]);
    assert_eq!(change(&mut bob, Set, &[("likes", i64::MAX)]).await, [("likes".to_owned(), i64::MAX)]);
    is_refusal(&bob.call(Command::CountersChange, &counting(More, &[("likes", 1)])).await, Group::FieldInvalid);
    let keys: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let all: Vec<(&str, i64)> = keys.iter().map(|key| (key.as_str(), 1)).collect();
    is_refusal(&bob.call(Command::CountersChange, &counting(Set, &all)).await, Group::CountersTooMany);
    assert_eq!(change(&mut bob, Set, &all[..19]).await.len(), 19);
    ann.is_silent().await;
    let told: Vec<CountersNotice> = ann
        .forget()
        .iter()
        .filter(|frame| frame.command() == Command::CountersChanged)
        .map(|frame| frame.read().unwrap())
        .collect();
    assert_eq!((told.len(), told[1].by.as_str(), told[1].counters[0].value), (4, "bob", -2));
    let asked =
        |keys: &[&str]| CountersRequest { group: "club".into(), keys: keys.iter().map(ToString::to_string).collect() };
    let read: Counters = ann.call(Command::CountersGet, &asked(&["3", "no such"])).await.read().unwrap();
    assert_eq!((read.counters.len(), read.counters[0].value), (1, 1));
    assert_eq!(ann.call(Command::CountersDelete, &asked(&["likes"])).await.code, 0);
    let read: Counters = ann.call(Command::CountersGet, &asked(&[])).await.read().unwrap();
    assert_eq!(read.counters.len(), 19);
    assert_eq!(ann.call(Command::CountersDelete, &asked(&[])).await.code, 0);
    let read: Counters = ann.call(Command::CountersGet, &asked(&[])).await.read().unwrap();
    assert_eq!(read.counters.len(), 0);
    world.desk.change(|settings| settings.plan = "standard".into());
    is_refusal(&ann.call(Command::CountersGet, &asked(&[])).await, Group::FeatureMissing);
}

const HOME: &str = "@TGS#_home";

fn topic(id: &str, name: &str) -> TopicRequest {
    let name = (!name.is_empty()).then(|| name.to_owned());
    TopicRequest { group: HOME.into(), topic: id.into(), name, ..TopicRequest::default() }
}

fn naming(topics: &[&str]) -> TopicsRequest {
    TopicsRequest { group: HOME.into(), topics: topics.iter().map(ToString::to_string).collect() }
}

async fn topics(device: &mut Device, names: &[&str]) -> Vec<(String, i32)> {
    let answer = device.call(Command::TopicGet, &naming(names)).await;
    assert_eq!(answer.code, 0, "{}", answer.text);
    let topics: Topics = answer.read().unwrap();
    topics.topics.into_iter().map(|topic| (topic.name, topic.code)).collect()
}

#[tokio::test]
async fn the_owner_of_a_community_makes_topics_and_its_members_see_them() {
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    group(&world, HOME, GroupKind::Community, "ann", &["bob"]).await;
    group(&world, "club", GroupKind::Public, "ann", &["bob"]).await;
    let news = format!("{HOME}@TOPIC#_news");
    let answer: TopicRef = ann.call(Command::TopicCreate, &topic(&news, "News")).await.read().unwrap();
    assert_eq!(answer.topic, news);
    let chosen: TopicRef = ann.call(Command::TopicCreate, &topic("", "Chat")).await.read().unwrap();
    assert!(chosen.topic.starts_with(&format!("{HOME}@TOPIC#_@TOPIC#")), "{}", chosen.topic);
    is_refusal(&ann.call(Command::TopicCreate, &topic(&news, "News")).await, Group::GroupIdOwned);
    is_refusal(&ann.call(Command::TopicCreate, &topic("", "")).await, Group::FieldInvalid);
    is_refusal(&ann.call(Command::TopicCreate, &topic("", &text(31))).await, Group::FieldInvalid);
    is_refusal(&ann.call(Command::TopicCreate, &topic("elsewhere@TOPIC#_a", "A")).await, Group::FieldInvalid);
    is_refusal(&bob.call(Command::TopicCreate, &topic("", "Mine")).await, Group::OperationForbidden);
    let elsewhere = TopicRequest { group: "club".into(), ..topic("", "A") };
    is_refusal(&ann.call(Command::TopicCreate, &elsewhere).await, Group::CommunityDisabled);
    bob.is_silent().await;
    let changes: Vec<i32> = bob
        .forget()
        .iter()
        .filter(|frame| frame.command() == Command::TopicChanged)
        .map(|frame| frame.read::<TopicNotice>().unwrap().change)
        .collect();
    assert_eq!(changes, [1, 1]);
    let renamed = TopicRequest { introduction: Some("what is new".into()), muted: Some(true), ..topic(&news, "Notes") };
    is_refusal(&bob.call(Command::TopicChange, &renamed).await, Group::OperationForbidden);
    assert_eq!(ann.call(Command::TopicChange, &renamed).await.code, 0);
    let unknown = format!("{HOME}@TOPIC#_none");
    let seen = topics(&mut bob, &[&news, &unknown, "club"]).await;
    let code = |row: Group| row.row().number().unwrap();
    let expected = [("Notes", 0), ("", code(Group::GroupUnknown)), ("", code(Group::FieldInvalid))];
    assert_eq!(seen, expected.map(|(name, code)| (name.to_owned(), code)));
    assert_eq!(topics(&mut bob, &[]).await.len(), 2);
    let read = TopicRead { group: HOME.into(), topic: news.clone(), seq: 7 };
    let read: TopicRead = bob.call(Command::TopicRead, &read).await.read().unwrap();
    assert_eq!(read.seq, 0, "no further than there are messages");
    let gone: GroupOutcomes = ann.call(Command::TopicDelete, &naming(&[&news, &news])).await.read().unwrap();
    let codes: Vec<i32> = gone.items.into_iter().map(|item| item.code).collect();
    assert_eq!(codes, [0, code(Group::TopicDeleted)]);
    assert_eq!(topics(&mut bob, &[&news]).await[0].1, code(Group::GroupUnknown));
    world.desk.change(|settings| settings.groups.has_communities = false);
    is_refusal(&ann.call(Command::TopicGet, &naming(&[])).await, Group::CommunityDisabled);
}

fn permission(id: &str, name: &str, mask: Permission) -> PermissionGroupRequest {
    let name = (!name.is_empty()).then(|| name.to_owned());
    PermissionGroupRequest { group: HOME.into(), id: id.into(), name, permission: Some(mask.0), custom: None }
}

fn members(id: &str, accounts: &[&str], remove: bool) -> PermissionMembersRequest {
    let accounts = accounts.iter().map(ToString::to_string).collect();
    PermissionMembersRequest { group: HOME.into(), id: id.into(), accounts, remove, after: String::new() }
}

#[tokio::test]
async fn a_permission_group_gives_its_members_what_it_says_and_no_more() {
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    let home = group(&world, HOME, GroupKind::Community, "ann", &["bob"]).await;
    let turn_on = move |tx: &mut store::Tx<'_>| {
        let mut group = store::groups::get(tx, &contract::group::GroupId::trusted(HOME))?.unwrap();
        assert_eq!(group.conversation, home);
        group.has_permissions = true;
        store::groups::save(tx, &group)
    };
    world.store.write(crate::world::APP, turn_on).await.unwrap();
    let stewards = "@PMG#_stewards";
    let mask = Permission::TOPICS.with(Permission::GROUP_MEMBERS);
    let made: PermissionGroupRef =
        ann.call(Command::PermissionGroupCreate, &permission(stewards, "Stewards", mask)).await.read().unwrap();
    assert_eq!(made.id, stewards);
    let again = ann.call(Command::PermissionGroupCreate, &permission(stewards, "Stewards", mask)).await;
    is_refusal(&again, Group::GroupIdTaken);
    is_refusal(&ann.call(Command::PermissionGroupCreate, &permission("x", "X", mask)).await, Group::FieldInvalid);
    is_refusal(&ann.call(Command::PermissionGroupCreate, &permission("", "", mask)).await, Group::FieldInvalid);
    let own: PermissionGroupRef =
        ann.call(Command::PermissionGroupCreate, &permission("", "Lords", Permission::ALL)).await.read().unwrap();
    is_refusal(&bob.call(Command::TopicCreate, &topic("", "Bob's")).await, Group::OperationForbidden);
    let moved: GroupOutcomes = ann
        .call(Command::PermissionMembersChange, &members(stewards, &["bob", "nobody", "bob"], false))
        .await
        .read()
        .unwrap();
    assert_eq!(moved.items.iter().map(|item| item.result).collect::<Vec<_>>(), [1, 0, 2]);
    let made: TopicRef = bob.call(Command::TopicCreate, &topic("", "Bob's")).await.read().unwrap();
    // Who says who is in a permission group cannot give more than it has: it would end up with everything.
    let more = bob.call(Command::PermissionMembersChange, &members(&own.id, &["bob"], false)).await;
    is_refusal(&more, Group::OperationForbidden);
    is_refusal(
        &bob.call(Command::PermissionGroupChange, &permission(stewards, "", Permission::ALL)).await,
        Group::OperationForbidden,
    );
    // And who may change permission groups puts nothing into them that it has not.
    let more = Permission::GROUPS.with(Permission::TOPICS).with(Permission::GROUP_MEMBERS);
    assert_eq!(ann.call(Command::PermissionGroupChange, &permission(stewards, "", more)).await.code, 0);
    let grab = bob.call(Command::PermissionGroupChange, &permission(stewards, "", Permission::ALL)).await;
    is_refusal(&grab, Group::OperationForbidden);
    let grab = bob.call(Command::PermissionGroupCreate, &permission("", "Mine", Permission::BAN)).await;
    is_refusal(&grab, Group::OperationForbidden);
    let page: PermissionMembers =
        bob.call(Command::PermissionMembers, &members(stewards, &[], false)).await.read().unwrap();
    assert_eq!((page.accounts, page.next.as_str()), (vec!["bob".to_owned()], ""));
    let masks = |mask: i64| PermissionTopicsRequest {
        group: HOME.into(),
        id: stewards.into(),
        topics: vec![TopicMask { topic: made.topic.clone(), permission: mask, code: 0 }],
        remove: false,
    };
    let set: GroupOutcomes = ann.call(Command::PermissionTopicsChange, &masks(8)).await.read().unwrap();
    assert_eq!(set.items[0].code, 0);
    let refused: GroupOutcomes = bob.call(Command::PermissionTopicsChange, &masks(64)).await.read().unwrap();
    assert_eq!(Some(refused.items[0].code), Group::OperationForbidden.row().number());
    let read: PermissionTopics = bob.call(Command::PermissionTopics, &masks(0)).await.read().unwrap();
    assert_eq!(read.topics[0].permission, 8);
    let all = PermissionGroupsRequest { group: HOME.into(), ids: Vec::new(), after: String::new() };
    let groups: PermissionGroups = bob.call(Command::PermissionGroupGet, &all).await.read().unwrap();
    assert_eq!(groups.groups.iter().map(|group| group.members).sum::<u64>(), 1);
    let gone = PermissionGroupsRequest { ids: vec![stewards.into(), stewards.into()], ..all };
    let gone: GroupOutcomes = ann.call(Command::PermissionGroupDelete, &gone).await.read().unwrap();
    let invalid = Group::FieldInvalid.row().number().unwrap();
    assert_eq!(gone.items.iter().map(|item| item.code).collect::<Vec<_>>(), [0, invalid]);
    is_refusal(&bob.call(Command::TopicCreate, &topic("", "More")).await, Group::OperationForbidden);
}

#[tokio::test]
async fn a_message_of_a_topic_reaches_the_members_of_its_community() {
    let world = World::new().await;
    let (mut ann, mut bob, mut eve) =
        (world.device("ann", "a").await, world.device("bob", "b").await, world.device("eve", "e").await);
    group(&world, HOME, GroupKind::Community, "ann", &["bob"]).await;
    let news = format!("{HOME}@TOPIC#_news");
    assert_eq!(ann.call(Command::TopicCreate, &topic(&news, "News")).await.code, 0);
    let message = |number: u32| GroupSendRequest {
        group: news.clone(),
        random: number,
        body: text_body(number),
        ..GroupSendRequest::default()
    };
    is_refusal(&eve.call(Command::GroupSend, &message(1)).await, Group::OperationForbidden);
    let sent: GroupSendAnswer = bob.call(Command::GroupSend, &message(2)).await.read().unwrap();
    assert_eq!(sent.seq, 1);
    let told: GroupMessageNotice = loop {
        let frame = ann.any_notice().await;
        if frame.command() == Command::GroupMessage {
            break frame.read().unwrap();
        }
    };
    assert_eq!((told.group, told.message.unwrap().seq), (news.clone(), 1));
    assert!(!eve.forget().iter().any(|frame| frame.command() == Command::GroupMessage));
    // Not even the back end's switch for all lets a plain member through, the owner it does.
    let muted = TopicRequest { muted: Some(true), ..topic(&news, "") };
    assert_eq!(ann.call(Command::TopicChange, &muted).await.code, 0);
    is_refusal(&bob.call(Command::GroupSend, &message(3)).await, Group::SenderMuted);
    assert_eq!(ann.call(Command::GroupSend, &message(4)).await.code, 0);
    let read = TopicRead { group: HOME.into(), topic: news.clone(), seq: 0 };
    let read: TopicRead = bob.call(Command::TopicRead, &read).await.read().unwrap();
    assert_eq!(read.seq, 2);
    let seen: Topics = bob.call(Command::TopicGet, &naming(&[&news])).await.read().unwrap();
    assert_eq!((seen.topics[0].seq, seen.topics[0].read_seq), (2, 2));
}

fn text_body(number: u32) -> String {
    format!(r#"[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"message {number}"}}}}]"#)
}

fn letter(group: &str, number: u32) -> GroupSendRequest {
    GroupSendRequest { group: group.to_owned(), random: number, body: text_body(number), ..GroupSendRequest::default() }
}

/// Reads everything that moved in the topics of a community behind a place; answers where to go on.
async fn heads(device: &mut Device, after: (i64, String)) -> (Vec<(String, i32, u64, u64, u32)>, (i64, String)) {
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let ask = TopicHeadsRequest { group: HOME.into(), after_at: after.0, after_topic: after.1 };
        let page: TopicHeads = device.call(Command::TopicHeads, &ask).await.read().unwrap();
        found.extend(page.topics.into_iter().map(|it| (it.topic, it.code, it.seq, it.read_seq, it.unread)));
        after = (page.next_at, page.next_topic);
        if page.finished {
            return (found, after);
        }
    }
}

#[tokio::test]
async fn a_device_that_was_away_learns_what_moved_in_topics_and_what_is_unread() {
    let world = World::new().await;
    let (mut ann, mut bob) = (world.device("ann", "a").await, world.device("bob", "b").await);
    group(&world, HOME, GroupKind::Community, "ann", &["bob"]).await;
    let [news, talk, old] = ["news", "talk", "old"].map(|name| format!("{HOME}@TOPIC#_{name}"));
    for id in [&news, &talk, &old] {
        assert_eq!(ann.call(Command::TopicCreate, &topic(id, "t")).await.code, 0);
    }
    for number in 0..3 {
        world.desk.advance(1_000);
        assert_eq!(ann.call(Command::GroupSend, &letter(&news, number)).await.code, 0);
    }
    world.desk.advance(1_000);
    assert_eq!(bob.call(Command::GroupSend, &letter(&talk, 9)).await.code, 0);
    let start = (0, String::new());
    let (found, known) = heads(&mut bob, start.clone()).await;
    let mut sorted = found.clone();
    sorted.sort_unstable();
    let all = [(news.clone(), 0, 3, 0, 3), (old.clone(), 0, 0, 0, 0), (talk.clone(), 0, 1, 0, 0)];
    assert_eq!(sorted, all, "its own message is not unread");
    // Long afterwards nothing moved; then one topic did, one was read elsewhere, one was deleted.
    world.desk.advance(60_000);
    assert_eq!(ann.call(Command::GroupSend, &letter(&talk, 10)).await.code, 0);
    world.desk.advance(1_000);
    let mut pad = world.device_on("bob", "pad", 5).await;
    let read = TopicRead { group: HOME.into(), topic: news.clone(), seq: 2 };
    assert_eq!(pad.call(Command::TopicRead, &read).await.code, 0);
    let told: GroupChangeNotice = loop {
        let frame = bob.any_notice().await;
        if frame.command() == Command::GroupChanged {
            break frame.read().unwrap();
        }
    };
    assert_eq!((told.group, told.read), (news.clone(), 2), "its other device is told at once");
    world.desk.advance(1_000);
    let gone = TopicsRequest { group: HOME.into(), topics: vec![old.clone()] };
    assert_eq!(ann.call(Command::TopicDelete, &gone).await.code, 0);
    let (found, known) = heads(&mut bob, known).await;
    let unknown = Group::GroupUnknown.row().number().expect("a number");
    let moved = [(talk.clone(), 0, 2, 0, 1), (news.clone(), 0, 3, 2, 1), (old.clone(), unknown, 0, 0, 0)];
    assert_eq!(found, moved, "in the order in which it happened");
    world.desk.advance(60_000);
    // What came lately is told twice, because it may have been committed late; nothing is told for ever.
    let (again, known) = heads(&mut bob, known).await;
    assert!(again.iter().all(|head| found.contains(head)), "{again:?}");
    assert_eq!(ann.call(Command::GroupSend, &letter(&news, 11)).await.code, 0);
    let (found, _) = heads(&mut bob, known).await;
    assert!(found.contains(&(news.clone(), 0, 4, 2, 2)), "{found:?}");
    // Whoever comes later has nothing of before unread.
    let mut eve = world.device("eve", "e").await;
    world.desk.advance(1_000);
    assert_eq!(
        eve.call(Command::GroupJoin, &GroupJoinRequest { group: HOME.into(), ..Default::default() }).await.code,
        0
    );
    world.desk.advance(1_000);
    assert_eq!(ann.call(Command::GroupSend, &letter(&talk, 12)).await.code, 0);
    let (mut found, _) = heads(&mut eve, start).await;
    found.sort_unstable();
    assert_eq!(
        found,
        [(news.clone(), 0, 4, 0, 0), (talk.clone(), 0, 3, 0, 1)],
        "deleted topics are not told of at first"
    );
    let seen: Topics = bob.call(Command::TopicGet, &naming(&[&news])).await.read().unwrap();
    assert_eq!(seen.topics[0].unread, 2);
    let outsider = TopicHeadsRequest { group: HOME.into(), ..Default::default() };
    let mut fay = world.device("fay", "f").await;
    is_refusal(&fay.call(Command::TopicHeads, &outsider).await, Group::OperationForbidden);
}

#[tokio::test]
async fn who_is_muted_in_a_community_is_so_in_its_topics_whenever_it_is_decided() {
    let world = World::new().await;
    let mut ann = world.device("ann", "a").await;
    for name in ["bob", "eve"] {
        world.device(name, name).await;
    }
    let home = group(&world, HOME, GroupKind::Community, "ann", &["bob", "eve"]).await;
    let news = format!("{HOME}@TOPIC#_news");
    assert_eq!(ann.call(Command::TopicCreate, &topic(&news, "News")).await.code, 0);
    // The append decides again, under its locks: a draft that passed before somebody was muted does not pass there.
    let draft = |sender: &str, number: u32| store::append::Draft {
        sender: UserId::trusted(sender),
        receiver: UserId::trusted(sender),
        group: Some(Box::new(store::append::IntoGroup {
            id: GroupId::trusted(&news),
            conversation: contract::ConversationId::group(&news, 0),
            extra: store::groups::messages::Extra::default(),
            operator: UserId::trusted(sender),
            robots: Vec::new(),
            readers: None,
        })),
        msg_seq: None,
        msg_random: number,
        at: world.desk.now(),
        kind: store::append::DraftKind::Live,
        body: text_body(number),
        cloud: String::new(),
        flags: 1,
        expires_at: Millis(0),
        push: None,
        origin: Some(contract::DeviceId::trusted("phone")),
        is_admin: false,
        friends_only: false,
        told: None,
    };
    assert_eq!(world.store.send(APP, draft("bob", 1)).await.unwrap().seq.0, 1);
    let mute = move |tx: &mut store::Tx<'_>| {
        store::groups::members::mute(tx, home, &[UserId::trusted("bob")], Millis(i64::MAX))
    };
    world.store.write(APP, mute).await.unwrap();
    let refused = |sent: contract::Result<store::append::Sent>| matches!(sent, Err(Error::Fault(Fault::MutedInGroup)));
    assert!(refused(world.store.send(APP, draft("bob", 2)).await));
    assert_eq!(world.store.send(APP, draft("eve", 3)).await.unwrap().seq.0, 2);
    let change = GroupChangeRequest { group: HOME.into(), muted: Some(true), ..GroupChangeRequest::default() };
    assert_eq!(ann.call(Command::GroupChange, &change).await.code, 0);
    assert!(refused(world.store.send(APP, draft("eve", 4)).await));
    assert_eq!(world.store.send(APP, draft("ann", 5)).await.unwrap().seq.0, 3, "the owner speaks");
}
