//! Relations: what is asked, what answers become, and how a list of friends is kept.

use std::collections::BTreeMap;

use client::{
    AddFriend, Added, Blocked, Custom, Error, Event, FriendGroup, FriendList, Mutual, Outcome, RelationVersions,
    UpdateFriend,
};
use contract::codes;
use contract::frame::wire::{
    self, BlockPage, CustomValue, Friend, FriendAddRequest, FriendGroupChange, FriendGroups, FriendPage,
    FriendUpdateRequest, RelationAnswer, RelationCheckAnswer, RelationItems, RelationPage, RequestAccept, RequestPage,
    RequestRef, RequestsRequest, block_page, custom_value, friend_groups, relation_answer, relation_check_answer,
};
use contract::frame::{Body, Command, Frame};

use crate::gateway::{Gateway, Link, next, number};

/// Answers the next request, which must be of this kind; answers its body.
async fn serve<T: Body + Default>(link: &mut Link, command: Command, answer: &impl Body) -> T {
    let request = link.expect(command).await;
    let body = request.read().expect("the body of the command");
    link.say(request.answer(answer)).await;
    body
}

fn friend(name: &str) -> Friend {
    Friend { account: name.into(), ..Friend::default() }
}

#[tokio::test]
async fn a_wish_for_a_friend_is_fulfilled_pending_or_refused() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let relations = client.relations();
    let add = AddFriend { remark: "B".into(), group: "g".into(), wording: "hi".into(), ..AddFriend::default() };
    let (added, asked) = tokio::join!(
        relations.add_friend("bob", add.clone()),
        serve::<FriendAddRequest>(&mut link, Command::FriendAdd, &())
    );
    assert_eq!(added, Ok(Added::Friends));
    assert_eq!((asked.account.as_str(), asked.remark.as_str(), asked.group.as_str()), ("bob", "B", "g"));
    for (code, expected) in [
        (number(codes::Relation::RequestPending), Ok(Added::Pending)),
        (
            number(codes::Relation::RequestRefused),
            Err(Error::Refused { code: number(codes::Relation::RequestRefused), text: "no".into() }),
        ),
    ] {
        let refuse = async {
            let request = link.expect(Command::FriendAdd).await;
            link.say(request.refusal(code, "no")).await;
        };
        let (added, ()) = tokio::join!(relations.add_friend("bob", AddFriend::default()), refuse);
        assert_eq!(added, expected);
    }
    assert!(matches!(relations.add_friend("", add).await, Err(Error::InvalidArgument(_))));
}

#[tokio::test]
async fn a_list_is_synced_page_by_page_from_where_it_stands() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = gateway.client(gateway.settings()).await;
    let relations = client.relations();
    let mut list = FriendList::default();
    let custom = [("Tag_SNS_Custom_Level".to_owned(), CustomValue { value: Some(custom_value::Value::Number(3)) })];
    let first = FriendPage {
        friends: vec![Friend { custom: custom.into(), ..friend("bob") }, friend("carol")],
        next: 2,
        ..FriendPage::default()
    };
    let second = FriendPage { friends: vec![friend("dave")], next: 3, finished: true, ..FriendPage::default() };
    let pages = async {
        let one: RelationPage = serve(&mut link, Command::Friends, &first).await;
        let two: RelationPage = serve(&mut link, Command::Friends, &second).await;
        (one.after, two.after)
    };
    let (changed, after) = tokio::join!(relations.sync(&mut list), pages);
    assert_eq!((changed, after), (Ok(true), (0, 2)));
    assert_eq!(list.friends()["bob"].custom["Tag_SNS_Custom_Level"], Custom::Number(3));
    assert_eq!(list.friends().len(), 3);

    let notice = wire::RelationVersions { friends: 4, ..Default::default() };
    link.say(Frame::notice(Command::RelationChanged, &notice)).await;
    assert_eq!(next(&mut events).await, Event::Connected);
    assert_eq!(next(&mut events).await, Event::Relations(RelationVersions { friends: 4, ..Default::default() }));
    let third = FriendPage { removed: vec!["bob".into()], next: 4, finished: true, ..FriendPage::default() };
    let (changed, asked) =
        tokio::join!(relations.sync(&mut list), serve::<RelationPage>(&mut link, Command::Friends, &third));
    assert_eq!((changed, asked.after, list.version()), (Ok(true), 3, 4));
    assert!(!list.friends().contains_key("bob"));
}

#[tokio::test]
async fn batches_answer_for_each_account() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let relations = client.relations();
    let item = relation_answer::Item { account: "bob".into(), code: 7, text: "why".into() };
    let answer = RelationAnswer { items: vec![item] };
    let expected = Ok(vec![Outcome { account: "bob".into(), code: 7, text: "why".into() }]);
    let (done, asked) = tokio::join!(
        relations.delete_friends(&["bob"], true),
        serve::<RelationItems>(&mut link, Command::FriendDelete, &answer)
    );
    assert_eq!((&done, asked.both), (&expected, true));
    let (done, _) = tokio::join!(relations.block(&["bob"]), serve::<RelationItems>(&mut link, Command::Block, &answer));
    assert_eq!(done, expected);
    let (done, _) =
        tokio::join!(relations.unblock(&["bob"]), serve::<RelationItems>(&mut link, Command::Unblock, &answer));
    assert_eq!(done, expected);
    let (done, asked) = tokio::join!(
        relations.change_group("g", &["bob"], &["carol"]),
        serve::<FriendGroupChange>(&mut link, Command::FriendGroupChange, &answer)
    );
    assert_eq!((done, asked.add, asked.remove), (expected, vec!["bob".to_owned()], vec!["carol".to_owned()]));
    let items = [(0, wire::Mutual::Each), (9, wire::Mutual::Neither)].map(|(code, relation)| {
        let account = "bob".into();
        relation_check_answer::Item { account, code, text: String::new(), relation: relation.into() }
    });
    let checked = RelationCheckAnswer { items: items.into() };
    let (found, _) = tokio::join!(
        relations.check_friends(&["bob", "x"], true),
        serve::<RelationItems>(&mut link, Command::FriendCheck, &checked)
    );
    let unknown = Outcome { account: "bob".into(), code: 9, text: String::new() };
    assert_eq!(found, Ok(vec![Ok(Mutual::Each), Err(unknown)]));
    assert!(matches!(relations.block(&[]).await, Err(Error::InvalidArgument(_))));
    assert!(matches!(relations.delete_friends(&["a"; 101], false).await, Err(Error::InvalidArgument(_))));
    assert!(matches!(relations.create_group("", &[]).await, Err(Error::InvalidArgument(_))));
}

#[tokio::test]
async fn requests_groups_and_the_blocklist_are_read_and_changed() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let relations = client.relations();
    let waiting = wire::FriendRequest { account: "bob".into(), unread: true, ..Default::default() };
    let page = RequestPage { requests: vec![waiting], unread: 1, version: 5, finished: true, next: 0 };
    let (found, asked) =
        tokio::join!(relations.received_requests(), serve::<RequestsRequest>(&mut link, Command::Requests, &page));
    let found = found.unwrap();
    assert_eq!((found.requests[0].account.as_str(), found.unread, found.version, asked.sent), ("bob", 1, 5, false));
    let (done, asked) =
        tokio::join!(relations.read_requests(5), serve::<RelationPage>(&mut link, Command::RequestsRead, &()));
    assert_eq!((done, asked.after), (Ok(()), 5));
    let (done, asked) = tokio::join!(
        relations.accept_request("bob", "B", true),
        serve::<RequestAccept>(&mut link, Command::RequestAccept, &())
    );
    assert_eq!((done, asked.single, asked.remark.as_str()), (Ok(()), true, "B"));
    let (done, _) =
        tokio::join!(relations.refuse_request("bob"), serve::<RequestRef>(&mut link, Command::RequestRefuse, &()));
    assert_eq!(done, Ok(()));
    let (done, asked) = tokio::join!(
        relations.delete_request("bob", true),
        serve::<RequestRef>(&mut link, Command::RequestDelete, &())
    );
    assert_eq!((done, asked.sent), (Ok(()), true));
    let update = UpdateFriend {
        remark: Some(String::new()),
        custom: BTreeMap::from([("t".to_owned(), Custom::Text("x".into()))]),
        ..UpdateFriend::default()
    };
    let (done, asked) = tokio::join!(
        relations.update_friend("bob", update),
        serve::<FriendUpdateRequest>(&mut link, Command::FriendUpdate, &())
    );
    assert_eq!((done, asked.remark, asked.groups), (Ok(()), Some(String::new()), None));
    let groups = FriendGroups { groups: vec![friend_groups::Group { name: "g".into(), count: 2 }], version: 1 };
    let (found, _) =
        tokio::join!(relations.groups(), serve::<wire::FriendGroupNames>(&mut link, Command::FriendGroups, &groups));
    assert_eq!(found, Ok(vec![FriendGroup { name: "g".into(), count: 2 }]));
    let entry = block_page::Entry { account: "bob".into(), blocked_at: 9 };
    let pages = async {
        let first = BlockPage { entries: vec![entry.clone()], next: 1, ..BlockPage::default() };
        serve::<RelationPage>(&mut link, Command::Blocks, &first).await;
        let last = BlockPage { finished: true, ..BlockPage::default() };
        serve::<RelationPage>(&mut link, Command::Blocks, &last).await.after
    };
    let (found, after) = tokio::join!(relations.blocklist(), pages);
    assert_eq!((found, after), (Ok(vec![Blocked { account: "bob".into(), blocked_at: 9 }]), 1));
    let versions = wire::RelationVersions { blocks: 3, ..Default::default() };
    let (found, _) =
        tokio::join!(relations.versions(), serve::<RelationPage>(&mut link, Command::RelationVersions, &versions));
    assert_eq!(found, Ok(RelationVersions { blocks: 3, ..RelationVersions::default() }));
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_made_again_and_a_question_is() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let relations = client.relations();
    let serve_both = async {
        link.expect(Command::Block).await;
        link.expect(Command::RelationVersions).await;
        drop(link);
        let mut link = gateway.admit(Command::Resume).await;
        serve::<RelationPage>(&mut link, Command::RelationVersions, &wire::RelationVersions::default()).await;
        link
    };
    let (blocked, versions, _link) = tokio::join!(relations.block(&["bob"]), relations.versions(), serve_both);
    assert_eq!(blocked, Err(Error::Disconnected));
    assert_eq!(versions, Ok(RelationVersions::default()));
}
