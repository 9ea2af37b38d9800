//! The list of conversations from devices: pins, marks, deletions, groups, and what other devices hear of them.

use contract::codes::Conversation as Code;
use contract::frame::Command;
use contract::frame::wire::{
    Conversation, ConversationAnswer, ConversationClearRequest, ConversationDeleteRequest, ConversationGroup,
    ConversationGroupRequest, ConversationListRequest, ConversationMarkRequest, ConversationNotice, ConversationPage,
    ConversationPinRequest, ConversationSync, ConversationSyncRequest, MessagePage, MessageRef, Place, ReadRequest,
    SinceRequest,
};
use contract::{AppId, UserId, limit};
use store::sql;

use crate::world::{APP, Body, Device, World, is_refusal};

async fn change(device: &mut Device, command: Command, body: &impl Body) -> ConversationAnswer {
    let answer = device.call(command, body).await;
    assert_eq!(answer.code, 0, "{}", answer.text);
    answer.read().unwrap()
}

async fn list(device: &mut Device) -> Vec<Conversation> {
    let (mut items, mut request) = (Vec::new(), ConversationListRequest { count: 2, ..Default::default() });
    loop {
        let page: ConversationPage = device.call(Command::ConversationList, &request).await.read().unwrap();
        items.extend(page.items);
        if page.finished {
            return items;
        }
        let (time, index) = (page.next_time, page.next_index);
        request = ConversationListRequest { time, index, goes_on: true, ..request };
    }
}

async fn sync(device: &mut Device, after: i64) -> ConversationSync {
    let request = ConversationSyncRequest { after, count: 0 };
    device.call(Command::ConversationSync, &request).await.read().unwrap()
}

fn pin(peer: &str, pin: bool) -> ConversationPinRequest {
    ConversationPinRequest { peer: peer.into(), pin }
}

fn group(name: &str, add: &[&str]) -> ConversationGroupRequest {
    let add = add.iter().map(ToString::to_string).collect();
    ConversationGroupRequest { name: name.into(), add, ..ConversationGroupRequest::default() }
}

fn peers(items: &[Conversation]) -> Vec<&str> {
    items.iter().map(|item| item.peer.as_str()).collect()
}

/// Alice with a phone and a desk, to whom bob, carol and dave have written.
async fn world() -> (World, Device, Device) {
    let world = World::new().await;
    let phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    for peer in ["bob", "carol", "dave"] {
        world.device(peer, peer).await.write("alice", 1).await;
        desk.notice(Command::Message).await;
        world.desk.advance(1_000);
    }
    drop(phone);
    let phone = world.device_on("alice", "phone", 2).await;
    (world, phone, desk)
}

#[tokio::test]
async fn the_list_has_pins_first_and_all_that_belongs_to_each() {
    let (_world, mut phone, _desk) = world().await;
    change(&mut phone, Command::ConversationPin, &pin("bob", true)).await;
    let mark = ConversationMarkRequest { peers: vec!["carol".into()], set: 1 << 63 | 1, ..Default::default() };
    change(&mut phone, Command::ConversationMark, &mark).await;
    let made = change(&mut phone, Command::ConversationGroupCreate, &group("work", &["dave", "carol"])).await;
    let items = list(&mut phone).await;
    assert_eq!(peers(&items), ["bob", "dave", "carol"]);
    let (bob, carol) = (&items[0], &items[2]);
    assert_eq!((bob.unread, bob.place.unwrap().seq, bob.last.as_ref().map(|last| last.seq)), (1, 1, Some(1)));
    assert!(bob.state.as_ref().unwrap().pinned_at > 0);
    let state = carol.state.as_ref().unwrap();
    assert_eq!((state.marks, state.groups.as_slice()), (1 << 63 | 1, &[made.group][..]));
    assert_eq!(carol.time, carol.last.as_ref().unwrap().time);
    change(&mut phone, Command::Read, &ReadRequest { peer: "bob".into(), time: 0 }).await;
    assert_eq!(list(&mut phone).await[0].unread, 0);
}

#[tokio::test]
async fn other_devices_are_told_and_find_what_changed_by_version() {
    let (world, mut phone, mut desk) = world().await;
    let known = sync(&mut desk, 0).await;
    assert!(known.contacts.is_empty() && known.finished);
    let done = change(&mut phone, Command::ConversationPin, &pin("bob", true)).await;
    let notice: ConversationNotice = desk.notice(Command::ConversationChanged).await.read().unwrap();
    assert_eq!(notice.version, done.version);
    assert!(phone.is_silent().await);
    let news = sync(&mut desk, known.next).await;
    assert_eq!(news.contacts.iter().map(|state| state.peer.as_str()).collect::<Vec<_>>(), ["bob"]);
    assert_eq!(news.next, done.version);
    // What changes nothing is told to nobody.
    let again = change(&mut phone, Command::ConversationPin, &pin("bob", true)).await;
    assert_eq!(again.version, done.version);
    assert!(desk.is_silent().await);
    // A device that was away finds all of it: marks, groups, deletions, what was cleared and what was read.
    drop(desk);
    let mark = ConversationMarkRequest {
        peers: vec!["carol".into(), "nobody".into()],
        has_custom: true,
        custom: "note".into(),
        ..Default::default()
    };
    let marked = change(&mut phone, Command::ConversationMark, &mark).await;
    assert_eq!(marked.failed.len(), 1);
    assert_eq!(marked.failed[0].peer, "nobody");
    assert_eq!(Some(marked.failed[0].code), Code::AccountUnknown.row().number());
    change(&mut phone, Command::ConversationGroupCreate, &group("work", &["carol"])).await;
    change(&mut phone, Command::Read, &ReadRequest { peer: "carol".into(), time: 0 }).await;
    let delete = ConversationDeleteRequest { peers: vec!["bob".into()], clear: false };
    change(&mut phone, Command::ConversationDelete, &delete).await;
    change(&mut phone, Command::ConversationClear, &ConversationClearRequest { peer: "dave".into() }).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    let news = sync(&mut desk, news.next).await;
    let of = |peer: &str| news.contacts.iter().find(|state| state.peer == peer).unwrap();
    assert_eq!((of("carol").custom.as_str(), of("carol").groups.len(), of("carol").read), ("note", 1, 1));
    assert_eq!((of("bob").pinned_at, of("bob").hidden, of("bob").cleared), (0, 1, 0));
    assert_eq!((of("dave").hidden, of("dave").cleared), (0, 1));
    assert_eq!(news.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["work"]);
    let items = list(&mut desk).await;
    assert_eq!(peers(&items), ["dave", "carol"]);
    assert_eq!((items[0].unread, items[0].last.is_none()), (0, true));
}

#[tokio::test]
async fn what_changed_comes_in_pages() {
    let (_world, mut phone, _desk) = world().await;
    for peer in ["bob", "carol", "dave"] {
        change(&mut phone, Command::ConversationPin, &pin(peer, true)).await;
    }
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let request = ConversationSyncRequest { after, count: 1 };
        let page: ConversationSync = phone.call(Command::ConversationSync, &request).await.read().unwrap();
        found.extend(page.contacts.into_iter().map(|state| state.peer));
        after = page.next;
        if page.finished {
            break;
        }
    }
    assert_eq!(found, ["bob", "carol", "dave"]);
}

#[tokio::test]
async fn groups_are_renamed_changed_and_deleted() {
    let (_world, mut phone, _desk) = world().await;
    let made = change(&mut phone, Command::ConversationGroupCreate, &group("work", &["bob"])).await;
    let update = ConversationGroupRequest {
        new_name: "office".into(),
        remove: vec!["bob".into()],
        ..group("work", &["carol", "nobody"])
    };
    let updated = change(&mut phone, Command::ConversationGroupUpdate, &update).await;
    assert_eq!((updated.group, updated.failed.len()), (made.group, 1));
    let state = sync(&mut phone, 0).await;
    assert_eq!(state.groups, [ConversationGroup { id: made.group, name: "office".into() }]);
    let of = |peer: &str| state.contacts.iter().find(|state| state.peer == peer).unwrap().groups.clone();
    assert_eq!((of("bob"), of("carol")), (vec![], vec![made.group]));
    let deleted = change(&mut phone, Command::ConversationGroupDelete, &group("office", &[])).await;
    let state = sync(&mut phone, updated.version).await;
    assert_eq!((state.next, state.groups.len(), state.contacts.len()), (deleted.version, 0, 1));
    assert!(state.contacts[0].groups.is_empty());
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let (world, mut phone, _desk) = world().await;
    let own = ConversationListRequest { owner: "alice".into(), ..Default::default() };
    assert_eq!(phone.call(Command::ConversationList, &own).await.code, 0);
    let foreign = ConversationListRequest { owner: "bob".into(), ..Default::default() };
    is_refusal(&phone.call(Command::ConversationList, &foreign).await, Code::NotAdmin);
    let admin = world.desk.admin();
    let mut office = world.device(&admin, "office").await;
    let page: ConversationPage = office.call(Command::ConversationList, &foreign).await.read().unwrap();
    assert_eq!(peers(&page.items), ["alice"]);
    let nobody = ConversationListRequest { owner: "nobody".into(), ..Default::default() };
    is_refusal(&office.call(Command::ConversationList, &nobody).await, Code::AccountUnknown);
    is_refusal(&phone.call(Command::ConversationPin, &pin("nobody", true)).await, Code::AccountUnknown);
    is_refusal(&phone.call(Command::ConversationPin, &pin("", true)).await, Code::FieldInvalid);
    let of = |count: usize| vec!["bob".to_owned(); count];
    for peers in [of(0), of(limit::MARK_BATCH + 1)] {
        let delete = ConversationDeleteRequest { peers: peers.clone(), clear: false };
        is_refusal(&phone.call(Command::ConversationDelete, &delete).await, Code::MarkBatchInvalid);
        let mark = ConversationMarkRequest { peers, set: 1, ..Default::default() };
        is_refusal(&phone.call(Command::ConversationMark, &mark).await, Code::MarkBatchInvalid);
    }
    let custom = "x".repeat(limit::CUSTOM_MARK_BYTES + 1);
    let mark = ConversationMarkRequest { peers: of(1), has_custom: true, custom, ..Default::default() };
    is_refusal(&phone.call(Command::ConversationMark, &mark).await, Code::FieldInvalid);
    let long = "n".repeat(limit::CONVERSATION_GROUP_NAME_BYTES + 1);
    let create = Command::ConversationGroupCreate;
    is_refusal(&phone.call(create, &group(&long, &[])).await, Code::ConversationGroupNameTooLong);
    let unknown = Code::ConversationGroupUnknown;
    is_refusal(&phone.call(Command::ConversationGroupDelete, &group("work", &[])).await, unknown);
    is_refusal(&phone.call(Command::ConversationGroupUpdate, &group("work", &["bob"])).await, unknown);
    for number in 0..limit::CONVERSATION_GROUPS {
        change(&mut phone, create, &group(&number.to_string(), &[])).await;
    }
    is_refusal(&phone.call(create, &group("one more", &[])).await, Code::ConversationGroupQuota);
    for number in 0..limit::PINS {
        let peer = format!("peer-{number}");
        drop(world.device(&peer, &peer).await);
        change(&mut phone, Command::ConversationPin, &pin(&peer, true)).await;
    }
    is_refusal(&phone.call(Command::ConversationPin, &pin("bob", true)).await, Code::PinQuota);
    change(&mut phone, Command::ConversationPin, &pin("peer-0", false)).await;
    change(&mut phone, Command::ConversationPin, &pin("bob", true)).await;
    let breaks = |tx: &mut store::Tx<'_>| tx.run(sql!("ALTER TABLE contacts RENAME TO elsewhere"), ()).map(drop);
    world.store.write(AppId::PLATFORM, breaks).await.unwrap();
    is_refusal(&phone.call(Command::ConversationPin, &pin("bob", false)).await, Code::InternalError);
}

#[tokio::test]
async fn more_than_a_page_of_changes_is_told_page_by_page() {
    let (world, mut phone, _desk) = world().await;
    let mut bob = world.device("bob", "bob").await;
    let mut keys = Vec::new();
    for number in 2..=252 {
        keys.push(bob.write("alice", number).await);
    }
    let before = bob.write("alice", 300).await;
    let start = before.at;
    world.desk.advance(1);
    // Some share a moment, on both sides of the edges of pages.
    for (index, sent) in keys.iter().enumerate() {
        let message = MessageRef {
            from: "bob".into(),
            to: "alice".into(),
            msg_seq: sent.msg_seq,
            msg_random: sent.msg_seq,
            time: sent.time,
        };
        assert_eq!(bob.call(Command::Recall, &message).await.code, 0);
        world.desk.advance(i64::from(index % 30 == 29));
    }
    let (mut seqs, mut pages, mut after, mut behind) = (Vec::new(), 0, start, 0);
    loop {
        let request = SinceRequest {
            peer: "bob".into(),
            after: Some(Place { seq: before.seq, time: before.time }),
            count: 0,
            changed_after: after,
            changed_after_seq: behind,
        };
        let page: MessagePage = phone.call(Command::Since, &request).await.read().unwrap();
        seqs.extend(page.changed.iter().map(|message| message.seq));
        pages += 1;
        if !page.changed_more {
            break;
        }
        (after, behind) = (page.changed_next, page.changed_next_seq);
    }
    assert_eq!((seqs, pages), (keys.iter().map(|sent| sent.seq).collect::<Vec<_>>(), 3));
    let listed = world.store.read(APP, |snapshot| {
        let (alice, bob) = (UserId::trusted("alice"), UserId::trusted("bob"));
        ::chat::conversation::unread_from(snapshot, &alice, &bob)
    });
    assert_eq!(listed.await, Ok(2));
}
