//! Types of groups and what each is capable of (contract §2.1, §2.6).

/// The type of a group; the number is the store's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKind {
    /// `Private` (Work): closed; whoever is in invites others.
    Private = 1,
    /// `Public`: one applies and the group's admins approve.
    Public = 2,
    /// `ChatRoom` (Meeting): one comes and goes.
    ChatRoom = 3,
    /// `AVChatRoom`: unlimited, nothing is stored, not even who is in.
    Live = 4,
    /// `Community`: very many members, with history.
    Community = 5,
}

impl GroupKind {
    /// All types in the order of the tables.
    pub const ALL: [Self; 5] = [Self::Private, Self::Public, Self::ChatRoom, Self::Live, Self::Community];

    /// The type of the store's number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }

    /// The type that a caller names, by its old name or its new one.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "Private" | "Work" => Some(Self::Private),
            "Public" => Some(Self::Public),
            "ChatRoom" | "Meeting" => Some(Self::ChatRoom),
            "AVChatRoom" => Some(Self::Live),
            "Community" => Some(Self::Community),
            _ => None,
        }
    }

    /// As answers and webhooks spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "Private",
            Self::Public => "Public",
            Self::ChatRoom => "ChatRoom",
            Self::Live => "AVChatRoom",
            Self::Community => "Community",
        }
    }

    /// What groups of the type are capable of.
    pub const fn capability(self) -> &'static Capability {
        &CAPABILITIES[self as usize - 1]
    }
}

/// What becomes of the tips that tell members what happened in their group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tips {
    /// They are messages of the group.
    Stored,
    /// Who is connected is told; nothing is kept.
    Passing,
    /// There are none.
    Off,
}

/// What groups of a type are capable of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// The type.
    pub kind: GroupKind,
    /// Messages count as unread.
    pub has_unread: bool,
    /// Messages are stored.
    pub has_history: bool,
    /// A newcomer reads what was written before, unless the group says otherwise.
    pub shows_past: bool,
    /// Whether the group may say otherwise.
    pub past_is_chosen: bool,
    /// Tips of who came and went.
    pub member_tips: Tips,
    /// Tips of a changed name, text, picture or owner.
    pub profile_tips: Tips,
    /// Tips of mutes and of admins.
    pub role_tips: Tips,
    /// The group shows itself to others than its owner with the first message only.
    pub is_dormant: bool,
    /// How members receive messages as long as they choose nothing else.
    pub receive: ReceiveOption,
    /// All may be mentioned at once.
    pub has_mention_all: bool,
    /// Messages to some members.
    pub has_targets: bool,
    /// Receipts.
    pub has_receipts: bool,
    /// Key-value pairs at messages.
    pub has_extensions: bool,
    /// Who may apply is chosen.
    pub has_join_option: bool,
    /// Who may apply as long as nobody chooses.
    pub apply: JoinOption,
    /// Who may be invited is chosen.
    pub has_invite_option: bool,
    /// Who may be invited as long as nobody chooses.
    pub invite: JoinOption,
    /// Members have a role, a name card and a place in a list that is stored.
    pub has_members: bool,
}

const USUAL: Capability = Capability {
    kind: GroupKind::Public,
    has_unread: true,
    has_history: true,
    shows_past: false,
    past_is_chosen: true,
    member_tips: Tips::Stored,
    profile_tips: Tips::Stored,
    role_tips: Tips::Stored,
    is_dormant: false,
    receive: ReceiveOption::AcceptAndNotify,
    has_mention_all: true,
    has_targets: true,
    has_receipts: true,
    has_extensions: true,
    has_join_option: true,
    apply: JoinOption::Approval,
    has_invite_option: true,
    invite: JoinOption::Nobody,
    has_members: true,
};

/// One row a type, in the order of [`GroupKind::ALL`].
const CAPABILITIES: [Capability; 5] = [
    Capability {
        kind: GroupKind::Private,
        is_dormant: true,
        has_join_option: false,
        apply: JoinOption::Free,
        invite: JoinOption::Free,
        ..USUAL
    },
    USUAL,
    Capability {
        kind: GroupKind::ChatRoom,
        has_unread: false,
        shows_past: true,
        member_tips: Tips::Off,
        role_tips: Tips::Off,
        receive: ReceiveOption::AcceptNotNotify,
        apply: JoinOption::Free,
        ..USUAL
    },
    Capability {
        kind: GroupKind::Live,
        has_unread: false,
        has_history: false,
        past_is_chosen: false,
        member_tips: Tips::Passing,
        profile_tips: Tips::Passing,
        role_tips: Tips::Off,
        receive: ReceiveOption::AcceptNotNotify,
        has_mention_all: false,
        has_targets: false,
        has_receipts: false,
        has_extensions: false,
        has_join_option: false,
        apply: JoinOption::Free,
        has_invite_option: false,
        has_members: false,
        ..USUAL
    },
    Capability {
        kind: GroupKind::Community,
        shows_past: true,
        has_targets: false,
        has_receipts: false,
        has_extensions: false,
        has_join_option: false,
        apply: JoinOption::Free,
        invite: JoinOption::Free,
        ..USUAL
    },
];

/// Who may come in, by applying or by invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinOption {
    /// Everybody, at once.
    Free = 0,
    /// Whom the group's admins approve.
    Approval = 1,
    /// Nobody.
    Nobody = 2,
}

impl JoinOption {
    /// By the store's number.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Free, Self::Approval, Self::Nobody].into_iter().find(|option| *option as i64 == number)
    }

    /// As `ApplyJoinOption` spells it.
    pub fn parse_apply(name: &str) -> Option<Self> {
        [Self::Free, Self::Approval, Self::Nobody].into_iter().find(|option| option.apply() == name)
    }

    /// As `InviteJoinOption` spells it.
    pub fn parse_invite(name: &str) -> Option<Self> {
        [Self::Free, Self::Approval, Self::Nobody].into_iter().find(|option| option.invite() == name)
    }

    /// As `ApplyJoinOption` spells it.
    pub const fn apply(self) -> &'static str {
        match self {
            Self::Free => "FreeAccess",
            Self::Approval => "NeedPermission",
            Self::Nobody => "DisableApply",
        }
    }

    /// As `InviteJoinOption` spells it.
    pub const fn invite(self) -> &'static str {
        match self {
            Self::Free => "FreeAccess",
            Self::Approval => "NeedPermission",
            Self::Nobody => "DisableInvite",
        }
    }
}

/// How a member receives the group's messages (`MsgFlag`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveOption {
    /// Online and by offline push.
    AcceptAndNotify = 0,
    /// Online only.
    AcceptNotNotify = 1,
    /// Not at all.
    Discard = 2,
}

impl ReceiveOption {
    const ALL: [Self; 3] = [Self::AcceptAndNotify, Self::AcceptNotNotify, Self::Discard];

    /// By the store's number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|option| *option as i64 == number)
    }

    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|option| option.as_str() == name)
    }

    /// As the contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptAndNotify => "AcceptAndNotify",
            Self::AcceptNotNotify => "AcceptNotNotify",
            Self::Discard => "Discard",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_own_row_and_both_of_its_names() {
        for kind in GroupKind::ALL {
            assert_eq!(kind.capability().kind, kind);
            assert_eq!(GroupKind::parse(kind.as_str()), Some(kind));
            assert_eq!(GroupKind::from_number(kind as i64), Some(kind));
        }
        assert_eq!(GroupKind::parse("Work"), Some(GroupKind::Private));
        assert_eq!(GroupKind::parse("Meeting"), Some(GroupKind::ChatRoom));
        assert_eq!(GroupKind::parse("private"), None);
    }
}
