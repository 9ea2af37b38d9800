//! Live rooms, attributes, counters, topics and permission groups.

use contract::frame::Command;
use contract::frame::wire::{
    Attribute, AttributeChange, Attributes, AttributesRequest, Counter, CounterMode, Counters, CountersChange,
    CountersRequest, GroupOutcomes, LiveBanRequest, LiveEntered, LiveGuests, LiveGuestsRequest, LiveOnline,
    PermissionGroupRef, PermissionGroupRequest, PermissionGroups, PermissionGroupsRequest, PermissionMembers,
    PermissionMembersRequest, PermissionTopics, PermissionTopicsRequest, TopicHeads, TopicHeadsRequest, TopicMask,
    TopicRead, TopicRef, TopicRequest, Topics, TopicsRequest,
};

use super::{Groups, reference};
use crate::error::Result;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<Attribute> {
    pairs.iter().map(|(key, value)| Attribute { key: (*key).into(), value: (*value).into() }).collect()
}

fn pairs(counters: Counters) -> Vec<(String, i64)> {
    counters.counters.into_iter().map(|counter| (counter.key, counter.value)).collect()
}

/// Live rooms. One is in as long as the connection lasts: whoever was reconnected comes in again.
impl Groups {
    /// Comes into a live room; answers who one is there and what was said last.
    pub async fn enter(&self, room: &str) -> Result<LiveEntered> {
        self.ask(Command::LiveEnter, &reference(room)).await
    }

    /// Leaves a live room.
    pub async fn leave(&self, room: &str) -> Result<()> {
        self.tell(Command::LiveLeave, &reference(room)).await
    }

    /// A page of who is in a live room, the latest first; `after` is 0 or the last page's `next`.
    pub async fn guests(&self, room: &str, after: u64) -> Result<LiveGuests> {
        self.ask(Command::LiveGuests, &LiveGuestsRequest { group: room.into(), after }).await
    }

    /// How many are in a live room.
    pub async fn online(&self, room: &str) -> Result<u32> {
        let answer: LiveOnline = self.ask(Command::LiveOnline, &reference(room)).await?;
        Ok(answer.online)
    }

    /// Keeps accounts out of a live room for some seconds; 0 lets them in again.
    pub async fn ban(&self, room: &str, accounts: &[&str], seconds: u32, reason: &str) -> Result<()> {
        let accounts = names(accounts);
        let ask = LiveBanRequest { group: room.into(), accounts, seconds, reason: reason.into() };
        self.tell(Command::LiveBan, &ask).await
    }
}

/// Attributes and counters.
impl Groups {
    /// All attributes of a group, with the version that a change of them names.
    pub async fn attributes(&self, group: &str) -> Result<Attributes> {
        self.ask(Command::AttributesGet, &reference(group)).await
    }

    /// Changes attributes on the version that is known; if there is a newer one, nothing is changed. Answers the new one.
    pub async fn write_attributes(
        &self,
        group: &str,
        version: u64,
        change: AttributeChange,
        pairs: &[(&str, &str)],
    ) -> Result<u64> {
        let attributes = attributes(pairs);
        let ask = AttributesRequest { group: group.into(), change: change.into(), attributes, version };
        let answer: Attributes = self.ask(Command::AttributesWrite, &ask).await?;
        Ok(answer.version)
    }

    /// Counters of a group; none named means all.
    pub async fn counters(&self, group: &str, keys: &[&str]) -> Result<Vec<(String, i64)>> {
        self.ask(Command::CountersGet, &CountersRequest { group: group.into(), keys: names(keys) }).await.map(pairs)
    }

    /// Changes counters; answers their new values.
    pub async fn count(&self, group: &str, mode: CounterMode, counters: &[(&str, i64)]) -> Result<Vec<(String, i64)>> {
        let counters = counters.iter().map(|(key, value)| Counter { key: (*key).into(), value: *value }).collect();
        let ask = CountersChange { group: group.into(), mode: mode.into(), counters };
        self.ask(Command::CountersChange, &ask).await.map(pairs)
    }

    /// Deletes counters; none named means all.
    pub async fn delete_counters(&self, group: &str, keys: &[&str]) -> Result<()> {
        self.tell(Command::CountersDelete, &CountersRequest { group: group.into(), keys: names(keys) }).await
    }
}

/// Topics and permission groups of communities.
impl Groups {
    /// Makes a topic; answers its id.
    pub async fn create_topic(&self, topic: &TopicRequest) -> Result<String> {
        let made: TopicRef = self.ask(Command::TopicCreate, topic).await?;
        Ok(made.topic)
    }

    /// Topics as the account sees them; none named means all.
    pub async fn topics(&self, community: &str, topics: &[&str]) -> Result<Topics> {
        self.ask(Command::TopicGet, &TopicsRequest { group: community.into(), topics: names(topics) }).await
    }

    /// Topics of a community that moved behind what is known: new messages, marks that another device moved, deletions.
    /// Each with its unread messages. Begin with nothing and go on behind what the last answer says; it is worth asking
    /// after every login and every [`Gap`](crate::GroupEvent::Gap).
    pub async fn topic_heads(&self, community: &str, after_at: i64, after_topic: &str) -> Result<TopicHeads> {
        let ask = TopicHeadsRequest { group: community.into(), after_at, after_topic: after_topic.into() };
        self.ask(Command::TopicHeads, &ask).await
    }

    /// Changes a topic; absent fields stay.
    pub async fn change_topic(&self, topic: &TopicRequest) -> Result<()> {
        self.tell(Command::TopicChange, topic).await
    }

    /// Deletes topics; answers what became of each.
    pub async fn delete_topics(&self, community: &str, topics: &[&str]) -> Result<GroupOutcomes> {
        self.ask(Command::TopicDelete, &TopicsRequest { group: community.into(), topics: names(topics) }).await
    }

    /// Says that a topic was read up to a place, 0 for all of it; answers the place.
    pub async fn read_topic(&self, community: &str, topic: &str, seq: u64) -> Result<u64> {
        let ask = TopicRead { group: community.into(), topic: topic.into(), seq };
        let answer: TopicRead = self.ask(Command::TopicRead, &ask).await?;
        Ok(answer.seq)
    }

    /// Makes a permission group; answers its id.
    pub async fn create_permission_group(&self, group: &PermissionGroupRequest) -> Result<String> {
        let made: PermissionGroupRef = self.ask(Command::PermissionGroupCreate, group).await?;
        Ok(made.id)
    }

    /// Permission groups that are named, or a page of all behind an id.
    pub async fn permission_groups(&self, community: &str, ids: &[&str], after: &str) -> Result<PermissionGroups> {
        let ask = PermissionGroupsRequest { group: community.into(), ids: names(ids), after: after.into() };
        self.ask(Command::PermissionGroupGet, &ask).await
    }

    /// Changes a permission group; absent fields stay.
    pub async fn change_permission_group(&self, group: &PermissionGroupRequest) -> Result<()> {
        self.tell(Command::PermissionGroupChange, group).await
    }

    /// Removes permission groups; answers what became of each.
    pub async fn delete_permission_groups(&self, community: &str, ids: &[&str]) -> Result<GroupOutcomes> {
        let ask = PermissionGroupsRequest { group: community.into(), ids: names(ids), after: String::new() };
        self.ask(Command::PermissionGroupDelete, &ask).await
    }

    /// A page of who is in a permission group, behind an account.
    pub async fn permission_members(&self, community: &str, id: &str, after: &str) -> Result<PermissionMembers> {
        let ask = PermissionMembersRequest {
            group: community.into(),
            id: id.into(),
            after: after.into(),
            ..PermissionMembersRequest::default()
        };
        self.ask(Command::PermissionMembers, &ask).await
    }

    /// Puts accounts into a permission group, or takes them out; answers what became of each.
    pub async fn move_permission_members(
        &self,
        community: &str,
        id: &str,
        accounts: &[&str],
        remove: bool,
    ) -> Result<GroupOutcomes> {
        let ask = PermissionMembersRequest {
            group: community.into(),
            id: id.into(),
            accounts: names(accounts),
            remove,
            after: String::new(),
        };
        self.ask(Command::PermissionMembersChange, &ask).await
    }

    /// What a permission group allows in topics; none named means all of which something is said.
    pub async fn topic_permissions(&self, community: &str, id: &str, topics: &[&str]) -> Result<PermissionTopics> {
        let mask = |topic: &&str| TopicMask { topic: (*topic).into(), ..TopicMask::default() };
        let topics = topics.iter().map(mask).collect();
        let ask = PermissionTopicsRequest { group: community.into(), id: id.into(), topics, remove: false };
        self.ask(Command::PermissionTopics, &ask).await
    }

    /// Says what a permission group allows in topics, or takes it back; answers what became of each.
    pub async fn set_topic_permissions(
        &self,
        community: &str,
        id: &str,
        topics: &[(&str, i64)],
        remove: bool,
    ) -> Result<GroupOutcomes> {
        let mask = |(topic, permission): &(&str, i64)| TopicMask {
            topic: (*topic).into(),
            permission: *permission,
            ..TopicMask::default()
        };
        let topics = topics.iter().map(mask).collect();
        let ask = PermissionTopicsRequest { group: community.into(), id: id.into(), topics, remove };
        self.ask(Command::PermissionTopicsChange, &ask).await
    }
}
