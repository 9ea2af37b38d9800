//! Profiles and follows: what travels, what comes back, what is told.

use client::{Event, FollowList, Profile, ProfileFields, ProfileValue};
use contract::frame::wire::profile_field::Value;
use contract::frame::wire::{
    self, FollowAnswer, FollowCheckAnswer, FollowCheckRequest, FollowListAnswer, FollowListRequest, FollowNotice,
    FollowRequest, FollowType, ProfileField, ProfileGetAnswer, ProfileGetRequest, ProfileNotice, ProfileSetRequest,
    follow_answer, follow_check_answer, follow_list_answer,
};
use contract::frame::{Command, Flag, Frame};

use crate::gateway::{Gateway, Link, next};

const NICK: &str = "Tag_Profile_IM_Nick";

fn nick(text: &str) -> ProfileField {
    ProfileField { tag: NICK.into(), value: Some(Value::Text(text.into())) }
}

fn fields(text: &str) -> ProfileFields {
    ProfileFields::from([(NICK.into(), ProfileValue::Text(text.into()))])
}

async fn agree(link: &mut Link, command: Command) -> Frame {
    let request = link.expect(command).await;
    link.say(Frame { flags: Flag::Answer as u32, body: bytes::Bytes::new(), ..request.clone() }).await;
    request
}

#[tokio::test]
async fn a_profile_is_written_and_read() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let level = ("Tag_Profile_IM_Level", ProfileValue::Number(3));
    let wanted = [(NICK, ProfileValue::Text("Ann".into())), level];
    let (done, request) = tokio::join!(client.set_profile(&wanted), agree(&mut link, Command::ProfileSet));
    done.unwrap();
    let sent: ProfileSetRequest = request.read().unwrap();
    let level = ProfileField { tag: "Tag_Profile_IM_Level".into(), value: Some(Value::Number(3)) };
    assert_eq!((sent.fields, sent.account), (vec![nick("Ann"), level], String::new()));
    let answer = async {
        let request = link.expect(Command::ProfileGet).await;
        let asked: ProfileGetRequest = request.read().unwrap();
        assert_eq!((asked.accounts, asked.tags), (vec!["bob".to_owned(), "carol".into()], vec![NICK.to_owned()]));
        let bob = wire::Profile {
            account: "bob".into(),
            fields: vec![nick("Bob"), ProfileField::default()],
            standard_sequence: 4,
            ..wire::Profile::default()
        };
        let carol = wire::Profile { account: "carol".into(), code: 1, ..wire::Profile::default() };
        link.say(request.answer(&ProfileGetAnswer { profiles: vec![bob, carol] })).await;
    };
    let (profiles, ()) = tokio::join!(client.profiles(&["bob", "carol"], &[NICK]), answer);
    let profiles = profiles.unwrap();
    assert_eq!((&profiles[0].fields, profiles[0].standard_sequence), (&fields("Bob"), 4));
    assert_eq!((profiles[1].code, profiles[1].fields.len()), (1, 0));
}

#[tokio::test]
async fn follows_are_made_ended_and_listed() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    for command in [Command::FollowAdd, Command::FollowDelete] {
        let answer = async {
            let request = link.expect(command).await;
            let asked: FollowRequest = request.read().unwrap();
            let items = asked.accounts.into_iter().zip([0, 7]);
            let items = items.map(|(account, code)| follow_answer::Item { account, code }).collect();
            link.say(request.answer(&FollowAnswer { items })).await;
        };
        let names = ["bob", "carol"];
        let call = async {
            if command == Command::FollowAdd { client.follow(&names).await } else { client.unfollow(&names).await }
        };
        let (outcomes, ()) = tokio::join!(call, answer);
        assert_eq!(outcomes.unwrap(), [("bob".to_owned(), 0), ("carol".to_owned(), 7)]);
    }
    let answer = async {
        let request = link.expect(Command::FollowList).await;
        let asked: FollowListRequest = request.read().unwrap();
        assert_eq!((asked.r#type(), asked.cursor.as_str(), asked.count), (FollowType::Mutual, "x", 5));
        let item =
            follow_list_answer::Item { account: "bob".into(), time: 9, fields: vec![nick("Bob")], profile_sequence: 2 };
        link.say(request.answer(&FollowListAnswer { items: vec![item], cursor: "y".into() })).await;
    };
    let (page, ()) = tokio::join!(client.follows(FollowList::Mutual, "x", 5), answer);
    let page = page.unwrap();
    assert_eq!((page.cursor.as_str(), page.followed[0].time, &page.followed[0].fields), ("y", 9, &fields("Bob")));
    for counts in [false, true] {
        let answer = async {
            let request = link.expect(Command::FollowCheck).await;
            let asked: FollowCheckRequest = request.read().unwrap();
            assert_eq!(asked.counts, counts);
            let item = |kind: FollowType| follow_check_answer::Item {
                r#type: kind.into(),
                followers: 3,
                ..Default::default()
            };
            let items = vec![item(FollowType::Follower), item(FollowType::Mutual)];
            link.say(request.answer(&FollowCheckAnswer { items })).await;
        };
        let names = ["bob", "carol"];
        let call = async { if counts { client.follow_counts(&names).await } else { client.follow_ties(&names).await } };
        let (ties, ()) = tokio::join!(call, answer);
        let ties = ties.unwrap();
        assert_eq!((ties[0].is_followed, ties[0].is_following, ties[0].followers), (true, false, 3));
        assert!(ties[1].is_followed && ties[1].is_following);
    }
}

#[tokio::test]
async fn changes_are_told() {
    let gateway = Gateway::start().await;
    let (_client, mut events, mut link) = gateway.client(gateway.settings()).await;
    let notice =
        ProfileNotice { account: "alice".into(), fields: vec![nick("Ann")], standard_sequence: 5, custom_sequence: 1 };
    link.say(Frame::notice(Command::ProfileChanged, &notice)).await;
    let notice = FollowNotice { account: "bob".into(), target: "alice".into(), following: true, mutual: true, time: 8 };
    link.say(Frame::notice(Command::FollowChanged, &notice)).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match next(&mut events).await {
            Event::Connected => {}
            event => seen.push(event),
        }
    }
    let profile =
        Profile { account: "alice".into(), code: 0, fields: fields("Ann"), standard_sequence: 5, custom_sequence: 1 };
    assert_eq!(seen[0], Event::ProfileChanged(profile));
    let (account, target) = ("bob".to_owned(), "alice".to_owned());
    assert_eq!(seen[1], Event::FollowChanged { account, target, is_following: true, is_mutual: true, time: 8 });
}

#[tokio::test]
async fn what_the_gateway_would_refuse_is_not_asked() {
    let gateway = Gateway::start().await;
    let (client, _events, _link) = gateway.client(gateway.settings()).await;
    assert!(client.set_profile(&[]).await.is_err());
    assert!(client.profiles(&[], &[]).await.is_err());
    assert!(client.profiles(&["bob"; 101], &[]).await.is_err());
    assert!(client.profiles(&[""], &[]).await.is_err());
    assert!(client.follow(&["bob"; 21]).await.is_err());
    assert!(client.unfollow(&[]).await.is_err());
    assert!(client.follows(FollowList::Followers, "", 0).await.is_err());
    assert!(client.follow_ties(&["bob"; 101]).await.is_err());
    assert!(client.follow_counts(&["bob"; 21]).await.is_err());
}
