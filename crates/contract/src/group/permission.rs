//! What permission groups of communities may allow, one bit for each thing (contract §4.3).

/// What one may do in a community: bits of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Permission(pub i64);

impl Permission {
    /// Change what the community says of itself.
    pub const PROFILE: Self = Self(1);
    /// Remove, approve and change members.
    pub const MEMBERS: Self = Self(1 << 1);
    /// Change permission groups and what they allow in topics.
    pub const GROUPS: Self = Self(1 << 2);
    /// Say who is in a permission group.
    pub const GROUP_MEMBERS: Self = Self(1 << 3);
    /// Make, change and delete topics.
    pub const TOPICS: Self = Self(1 << 4);
    /// Mute members in all topics.
    pub const MUTE: Self = Self(1 << 5);
    /// Write in all topics.
    pub const SEND: Self = Self(1 << 6);
    /// Mention all in all topics.
    pub const MENTION_ALL: Self = Self(1 << 7);
    /// Read what was written before one joined.
    pub const PAST: Self = Self(1 << 8);
    /// Recall the messages of others.
    pub const RECALL: Self = Self(1 << 9);
    /// Keep members out.
    pub const BAN: Self = Self(1 << 10);
    /// Everything.
    pub const ALL: Self = Self(i64::MAX);

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What it means in a topic.
    pub const fn in_topic(self) -> TopicPermission {
        let mut topic = TopicPermission(0);
        let mut index = 0;
        while index < Self::IN_TOPICS.len() {
            let (everywhere, there) = Self::IN_TOPICS[index];
            if self.has(everywhere) {
                topic = topic.with(there);
            }
            index += 1;
        }
        topic
    }

    /// What holds in all topics, and what it is in one.
    const IN_TOPICS: [(Self, TopicPermission); 7] = [
        (Self::TOPICS, TopicPermission::MANAGE),
        (Self::GROUPS, TopicPermission::PERMISSIONS),
        (Self::MUTE, TopicPermission::MUTE),
        (Self::SEND, TopicPermission::SEND),
        (Self::PAST, TopicPermission::PAST),
        (Self::RECALL, TopicPermission::RECALL),
        (Self::MENTION_ALL, TopicPermission::MENTION_ALL),
    ];
}

/// What one may do in a topic: bits of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct TopicPermission(pub i64);

impl TopicPermission {
    /// Change and delete the topic.
    pub const MANAGE: Self = Self(1);
    /// Say who may do what in it.
    pub const PERMISSIONS: Self = Self(1 << 1);
    /// Mute members in it.
    pub const MUTE: Self = Self(1 << 2);
    /// Write.
    pub const SEND: Self = Self(1 << 3);
    /// Read what was written before one joined.
    pub const PAST: Self = Self(1 << 4);
    /// Recall the messages of others.
    pub const RECALL: Self = Self(1 << 5);
    /// Mention all.
    pub const MENTION_ALL: Self = Self(1 << 6);
    /// Everything.
    pub const ALL: Self = Self(i64::MAX);

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_in_all_topics_holds_in_each() {
        assert_eq!(Permission::SEND.in_topic(), TopicPermission::SEND);
        assert_eq!(Permission::PROFILE.in_topic(), TopicPermission(0));
        assert!(Permission::ALL.in_topic().has(TopicPermission(127)));
        assert!(!Permission::SEND.with(Permission::PAST).in_topic().has(TopicPermission::MENTION_ALL));
    }

    #[test]
    fn the_numbers_are_the_published_ones() {
        let bits = [Permission::TOPICS, Permission::MUTE, Permission::SEND, Permission::MENTION_ALL, Permission::BAN];
        assert_eq!(bits.map(|bit| bit.0), [16, 32, 64, 128, 1024]);
        let bits = [TopicPermission::MANAGE, TopicPermission::SEND, TopicPermission::MENTION_ALL];
        assert_eq!(bits.map(|bit| bit.0), [1, 8, 64]);
    }
}
