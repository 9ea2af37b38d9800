//! Groups by the client library over the gateway: what members do, what they hear, and what only a device is refused.

use std::time::Duration;

use client::{
    Client, Error, Event, Events, GroupCreateRequest, GroupEvent, GroupMemberChange, GroupSendRequest, Settings,
    TopicRequest,
};
use contract::codes::{Common, Group, Row};
use contract::ledger::{How, note};
use serde_json::json;
use store::groups::{FieldLevel, FieldRule};

use super::{ask, history, make, say};
use crate::harness::{APP, Im};

/// A device of an account, with what it hears.
struct Phone {
    client: Client,
    events: Events,
}

impl Phone {
    async fn new(im: &Im, account: &str) -> Self {
        let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, format!("phone-{account}"));
        let client = Client::new(settings).expect("a client");
        let events = client.events().expect("events");
        client.login(account, &im.sig(account)).await.expect("logs in");
        Self { client, events }
    }

    /// What it hears next of groups.
    async fn hears(&mut self) -> GroupEvent {
        let next = async {
            loop {
                if let Some(Event::Group(event)) = self.events.next().await {
                    return *event;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), next).await.expect("it hears something")
    }

    /// The next message or tip that it hears.
    async fn message(&mut self) -> client::GroupMessage {
        loop {
            if let GroupEvent::Message(notice) = self.hears().await {
                return notice.message.expect("a message");
            }
        }
    }

    /// The next notification of a kind.
    async fn notice(&mut self, kind: u32) -> client::SystemNotice {
        loop {
            if let GroupEvent::Notice(notice) = self.hears().await
                && notice.kind == kind
            {
                return notice;
            }
        }
    }

    async fn end(self) {
        self.client.shutdown().await;
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: client::Result<T>, code: impl Into<&'static Row>) {
    let row = code.into();
    let number = row.number();
    assert!(
        matches!(&outcome, Err(Error::Refused { code, .. }) if Some(*code) == number),
        "{outcome:?}, not {number:?}"
    );
    note(row, How::Frame);
}

both! {
    async fn members_hear_messages_tips_and_changes(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        let (mut ann, mut bo) = (Phone::new(&im, "ann").await, Phone::new(&im, "bo").await);
        let new = GroupCreateRequest { r#type: "Public".into(), name: "n".into(), group: "g".into(), ..Default::default() };
        assert_eq!(ann.client.groups().create(&new).await.expect("made"), "g");
        assert_eq!(ann.notice(6).await.group, "g");
        ask(&im, "add_group_member", json!({ "GroupId": "g", "MemberList": [{ "Member_Account": "bo" }] })).await.ok();
        assert!(ann.message().await.tip && bo.message().await.tip, "both hear who came");
        assert_eq!(bo.notice(7).await.r#type, "Public");
        let sent = ann.client.groups().send_text("g", "hello").await.expect("sent");
        assert_eq!(sent.seq, 2);
        let heard = bo.message().await;
        assert_eq!((heard.from.as_str(), heard.seq, heard.tip), ("ann", 2, false));
        let back = bo.client.groups().send_text("g", "hi").await.expect("sent");
        assert_eq!(ann.message().await.seq, back.seq);
        ann.client.groups().recall("g", &[sent.seq], "typo").await.expect("recalled");
        loop {
            if let GroupEvent::Changed(change) = bo.hears().await
                && !change.recalled.is_empty()
            {
                assert_eq!((change.recalled, change.reason.as_str(), change.by.as_str()), (vec![2], "typo", "ann"));
                break;
            }
        }
        let page = bo.client.groups().history("g", 0, 10).await.expect("history");
        assert_eq!(page.messages.iter().map(|it| (it.seq, it.recalled)).collect::<Vec<_>>(), [(3, false), (2, true), (1, false)]);
        let info = bo.client.groups().info(&["g", "no such"]).await.expect("info");
        assert_eq!((info[0].members, info[0].unread, info[1].code), (2, 0, Group::GroupIdInvalid.row().number().expect("one")));
        ask(&im, "destroy_group", json!({ "GroupId": "g" })).await.ok();
        assert_eq!(bo.notice(5).await.group, "g");
        refused(bo.client.groups().send_text("g", "x").await, Group::GroupUnknown);
        ann.end().await;
        bo.end().await;
    }

    async fn a_meeting_is_joined_freely_and_a_club_by_asking_unless_they_say_otherwise(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        let (ann, bo) = (Phone::new(&im, "ann").await, Phone::new(&im, "bo").await);
        for (id, kind) in [("meeting", "ChatRoom"), ("club", "Public")] {
            let new = GroupCreateRequest { r#type: kind.into(), name: "n".into(), group: id.into(), ..Default::default() };
            ann.client.groups().create(&new).await.expect("made");
        }
        assert_eq!(bo.client.groups().join("meeting", "").await, Ok(None), "in at once");
        assert!(bo.client.groups().join("club", "let me in").await.expect("asked").is_some());
        let closed = json!({ "GroupId": "meeting", "ApplyJoinOption": "DisableApply" });
        ask(&im, "modify_group_base_info", closed).await.ok();
        let cy = Phone::new(&im, "cy").await;
        refused(cy.client.groups().join("meeting", "").await, Group::OperationForbidden);
        ann.end().await;
        bo.end().await;
        cy.end().await;
    }

    async fn a_targeted_message_is_for_its_receivers_and_counts_for_nobody(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Public", "ann", &["bo", "cy"]).await;
        let (ann, mut bo, mut cy) = (Phone::new(&im, "ann").await, Phone::new(&im, "bo").await, Phone::new(&im, "cy").await);
        let secret = GroupSendRequest { group: "g".into(), body: client::text("for bo"), random: 1, targets: vec!["bo".into()], ..Default::default() };
        let seq = ann.client.groups().send(&secret).await.expect("sent").seq;
        ann.client.groups().send_text("g", "for all").await.expect("sent");
        assert_eq!((bo.message().await.seq, bo.message().await.seq), (seq, seq + 1));
        assert_eq!(cy.message().await.seq, seq + 1, "the other one is not for it");
        let seen = cy.client.groups().history("g", 0, 10).await.expect("history");
        assert_eq!(seen.messages.iter().map(|it| it.seq).collect::<Vec<_>>(), [seq + 1]);
        let info = bo.client.groups().info(&["g"]).await.expect("info");
        assert_eq!(info[0].unread, 1);
        for phone in [ann, bo, cy] {
            phone.end().await;
        }
    }

    async fn one_applies_and_an_admin_answers_once(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        let (mut ann, mut bo) = (Phone::new(&im, "ann").await, Phone::new(&im, "bo").await);
        let number = bo.client.groups().join("g", "please").await.expect("asked").expect("it needs approval");
        let asked = ann.notice(1).await;
        assert_eq!((asked.request, asked.operator.as_str(), asked.text.as_str()), (number, "bo", "please"));
        let waiting = ann.client.groups().requests(Some("g")).await.expect("a list");
        assert_eq!((waiting.len(), waiting[0].account.as_str()), (1, "bo"));
        refused(bo.client.groups().answer("g", number, true, "").await, Group::OperationForbidden);
        refused(ann.client.groups().answer("g", number, true, &"x".repeat(257)).await, Group::FieldInvalid);
        ann.client.groups().answer("g", number, true, "welcome").await.expect("granted");
        assert_eq!(bo.notice(2).await.text, "welcome");
        refused(ann.client.groups().answer("g", number, false, "").await, Group::RequestHandled);
        refused(bo.client.groups().join("g", "").await, Group::AlreadyMember);
        assert_eq!(history(&im, "g").await, [(1, "tip 1".to_owned())]);
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "MaxMemberNum": 2, "ApplyJoinOption": "FreeAccess" })).await.ok();
        let cy = Phone::new(&im, "cy").await;
        refused(cy.client.groups().join("g", "").await, Group::GroupFull);
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "MaxMemberNum": 9 })).await.ok();
        assert_eq!(cy.client.groups().join("g", "").await.expect("in"), None);
        for phone in [ann, bo, cy] {
            phone.end().await;
        }
    }

    async fn whoever_is_invited_may_be_asked_first(im: Im) {
        im.app(|settings, _| settings.groups.asks_invited = true).await;
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "InviteJoinOption": "FreeAccess" })).await.ok();
        let (mut ann, mut bo) = (Phone::new(&im, "ann").await, Phone::new(&im, "bo").await);
        assert_eq!(ann.client.groups().invite("g", &["bo"]).await.expect("asked"), [("bo".to_owned(), 3)]);
        let number = bo.notice(12).await.request;
        let own = bo.client.groups().requests(None).await.expect("a list");
        assert_eq!((own.len(), own[0].number), (1, number));
        bo.client.groups().answer("g", number, true, "").await.expect("consents");
        assert_eq!(ann.notice(13).await.operator, "bo");
        assert_eq!(super::role(&im, "g", "bo").await, "Member");
        ann.end().await;
        bo.end().await;
    }

    async fn what_a_role_or_a_type_does_not_allow_is_refused(im: Im) {
        im.import(&["ann", "bo", "eve"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        make(&im, "p", "Private", "ann", &["bo"]).await;
        let (ann, bo, eve) = (Phone::new(&im, "ann").await, Phone::new(&im, "bo").await, Phone::new(&im, "eve").await);
        refused(ann.client.groups().quit("g").await, Group::OwnerMayNotLeave);
        refused(eve.client.groups().quit("g").await, Group::OperationForbidden);
        refused(eve.client.groups().send_text("g", "x").await, Group::OperationForbidden);
        refused(eve.client.groups().join("p", "").await, Group::OperationForbidden);
        refused(eve.client.groups().history("g", 0, 1).await, Group::OperationForbidden);
        refused(bo.client.groups().kick("g", &["ann"], "").await, Group::OperationForbidden);
        refused(bo.client.groups().invite("g", &["eve"]).await, Group::OperationForbidden);
        refused(bo.client.groups().transfer("g", "bo").await, Group::OperationForbidden);
        refused(bo.client.groups().disband("g").await, Group::OperationForbidden);
        refused(ann.client.groups().disband("p").await, Group::OperationForbidden);
        let rise = GroupMemberChange { group: "g".into(), account: "bo".into(), role: Some("Admin".into()), ..Default::default() };
        refused(bo.client.groups().change_member(&rise).await, Group::OperationForbidden);
        ann.client.groups().change_member(&rise).await.expect("the owner may");
        let mute = GroupMemberChange { role: None, mute_seconds: Some(60), ..rise };
        ann.client.groups().change_member(&mute).await.expect("muted");
        refused(bo.client.groups().send_text("g", "x").await, Group::SenderMuted);
        ann.client.groups().quit("p").await.expect("the owner of a private group may leave");
        assert_eq!(super::info(&im, "p").await["Owner_Account"], "");
        bo.client.groups().quit("g").await.expect("leaves");
        assert_eq!(super::role(&im, "g", "bo").await, "NotMember");
        for phone in [ann, bo, eve] {
            phone.end().await;
        }
    }

    async fn what_cannot_be_deleted_or_recalled_by_a_device(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "Name": "other" })).await.ok();
        let bo = Phone::new(&im, "bo").await;
        let groups = bo.client.groups();
        let old = groups.send_text("g", "old").await.expect("sent").seq;
        refused(groups.delete("g", &[1]).await, Group::DeleteUnsupported);
        refused(groups.delete("g", &[99]).await, Group::MessageToDeleteUnknown);
        refused(groups.delete("g", &vec![old; 31]).await, Group::DeleteBatchTooLarge);
        refused(groups.delete("live", &[1]).await, Group::GroupWithoutDelete);
        refused(groups.recall("live", &[1], "").await, Group::GroupWithoutRecall);
        refused(groups.recall("g", &[99], "").await, Group::MessageUnknown);
        refused(groups.recall("g", &[1], "").await, Group::RecallUnsupported);
        let others = say(&im, "g", "ann", 7, "ann's") .await as u64;
        refused(groups.recall("g", &[others], "").await, Group::OperationForbidden);
        im.clock.advance(121_000);
        refused(groups.recall("g", &[old], "").await, Group::RecallTooLate);
        groups.delete("g", &[old]).await.expect("deleted");
        let page = groups.history("g", 0, 10).await.expect("history");
        assert!(!page.messages.iter().any(|message| message.seq == old));
        bo.end().await;
    }

    async fn receipts_reach_the_sender(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let (mut ann, bo) = (Phone::new(&im, "ann").await, Phone::new(&im, "bo").await);
        let wanted = GroupSendRequest { group: "g".into(), body: client::text("read me"), random: 5, receipt_wanted: true, ..Default::default() };
        let seq = ann.client.groups().send(&wanted).await.expect("sent").seq;
        bo.client.groups().give_receipts("g", &[seq]).await.expect("given");
        loop {
            if let GroupEvent::Receipts(notice) = ann.hears().await {
                assert_eq!((notice.reader.as_str(), notice.tallies[0].read, notice.tallies[0].unread), ("bo", 1, 0));
                break;
            }
        }
        assert_eq!(ann.client.groups().readers("g", seq, true, "").await.expect("names"), (vec!["bo".to_owned()], true));
        refused(bo.client.groups().give_receipts("g", &[99]).await, Group::ReceiptUnknown);
        ann.end().await;
        bo.end().await;
    }

    async fn what_a_device_says_of_groups_is_held_to_the_apps_words(im: Im) {
        im.import(&["ann"]).await;
        let write = im.node().store.write(APP, |tx| store::words::add(tx, &[("rude".to_owned(), store::words::Action::Block)]));
        write.await.expect("a word");
        im.node().moderation.reload(APP).await.expect("reads words");
        let ann = Phone::new(&im, "ann").await;
        let groups = ann.client.groups();
        let new = GroupCreateRequest { r#type: "Community".into(), name: "fine".into(), group: "@TGS#_g".into(), topics: true, ..Default::default() };
        refused(groups.create(&GroupCreateRequest { name: "so rude".into(), ..new.clone() }).await, Common::TextForbidden);
        refused(groups.create(&GroupCreateRequest { introduction: "so rude".into(), ..new.clone() }).await, Common::TextForbidden);
        groups.create(&new).await.expect("made");
        let card = GroupMemberChange { group: "@TGS#_g".into(), account: "ann".into(), name_card: Some("rude".into()), ..Default::default() };
        refused(groups.change_member(&card).await, Common::TextForbidden);
        let topic = TopicRequest { group: "@TGS#_g".into(), name: Some("rude".into()), ..Default::default() };
        refused(groups.create_topic(&topic).await, Common::TextForbidden);
        let made = groups.create_topic(&TopicRequest { name: Some("fine".into()), ..topic.clone() }).await.expect("made");
        refused(groups.change_topic(&TopicRequest { topic: made, ..topic }).await, Common::TextForbidden);
        ann.end().await;
    }

    async fn a_declared_field_is_shown_to_those_who_may_read_it(im: Im) {
        let levels = [("all", FieldLevel::Member), ("led", FieldLevel::Admin), ("own", FieldLevel::Owner), ("app", FieldLevel::App)];
        im.app(|settings, _| {
            for (key, reads) in levels {
                let rule = FieldRule { reads, writes: FieldLevel::Member };
                settings.groups.fields.insert(key.into(), rule.clone());
                settings.groups.member_fields.insert(key.into(), rule);
            }
        }).await;
        im.import(&["ann", "bo", "cy", "eve"]).await;
        make(&im, "g", "Public", "ann", &["bo", "cy"]).await;
        let data: Vec<_> = levels.iter().map(|(key, _)| json!({ "Key": key, "Value": "v" })).collect();
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "AppDefinedData": data })).await.ok();
        let member = json!({ "GroupId": "g", "Member_Account": "cy", "AppMemberDefinedData": data });
        ask(&im, "modify_group_member_info", member).await.ok();
        let admin = json!({ "GroupId": "g", "Member_Account": "bo", "Role": "Admin" });
        ask(&im, "modify_group_member_info", admin).await.ok();
        for (name, expected) in [("ann", &["all", "led", "own"][..]), ("bo", &["all", "led"]), ("cy", &["all"]), ("eve", &[])] {
            let phone = Phone::new(&im, name).await;
            let keys = |fields: &std::collections::HashMap<String, String>| {
                let mut keys: Vec<String> = fields.keys().cloned().collect();
                keys.sort();
                keys
            };
            let info = phone.client.groups().info(&["g"]).await.expect("info");
            assert_eq!(keys(&info[0].fields), expected, "{name} of the group");
            if name != "eve" {
                let (found, _) = phone.client.groups().members("g", "", 10).await.expect("members");
                let cy = found.iter().find(|member| member.account == "cy").expect("cy is in");
                assert_eq!(keys(&cy.fields), expected, "{name} of cy");
            }
            phone.end().await;
        }
    }
}
