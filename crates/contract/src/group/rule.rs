//! Who may do what in which type of group: one table (contract §2.4).

use super::GroupKind;

/// What a member is in its group; the number is the store's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// One of many.
    Member = 1,
    /// Helps the owner.
    Admin = 2,
    /// Whose group it is.
    Owner = 3,
}

impl Role {
    /// The role of the store's number.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Member, Self::Admin, Self::Owner].into_iter().find(|role| *role as i64 == number)
    }

    /// The role that a caller names.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Member, Self::Admin, Self::Owner].into_iter().find(|role| role.as_str() == name)
    }

    /// As the contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Admin => "Admin",
            Self::Owner => "Owner",
        }
    }
}

/// Who acts on a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// An account that is not in it.
    Outsider,
    /// An account that is in it.
    Inside(Role),
    /// The app's back end, which needs no role.
    App,
}

impl Actor {
    /// An account by its role in the group, if it is in.
    pub fn of(role: Option<Role>) -> Self {
        role.map_or(Self::Outsider, Self::Inside)
    }

    /// Whether it stands above a member: nobody acts on equals.
    pub fn outranks(self, role: Role) -> bool {
        self > Self::Inside(role)
    }
}

/// The least that one must be for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Anybody at all.
    Anybody,
    /// In the group.
    Member,
    /// Admin or owner.
    Admin,
    /// The owner.
    Owner,
    /// The app's back end.
    App,
    /// Not even that: the type has no such operation.
    Nobody,
}

impl Least {
    /// Whether an actor is that much.
    pub fn is_met_by(self, actor: Actor) -> bool {
        match self {
            Self::Anybody => true,
            Self::Member => actor >= Actor::Inside(Role::Member),
            Self::Admin => actor >= Actor::Inside(Role::Admin),
            Self::Owner => actor >= Actor::Inside(Role::Owner),
            Self::App => actor == Actor::App,
            Self::Nobody => false,
        }
    }
}

/// What is done with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Apply to join, or join.
    Apply,
    /// Add others, or invite them; what the group's own option says comes on top.
    Invite,
    /// Name members when it is created.
    Seed,
    /// Answer who applied.
    Approve,
    /// Leave.
    Quit,
    /// Leave as its owner.
    OwnerQuit,
    /// Remove others, of lower rank.
    Kick,
    /// Keep somebody out.
    Ban,
    /// Mute others, of lower rank.
    Mute,
    /// Mute all at once.
    MuteAll,
    /// Make admins, and unmake them.
    SetAdmin,
    /// Change name, introduction, notification, picture.
    EditProfile,
    /// Change everything else that the group says of itself.
    EditRules,
    /// Give it to another owner.
    Transfer,
    /// End it.
    Disband,
    /// Bring it, its members and messages from elsewhere.
    Import,
    /// Read the list of members.
    ReadMembers,
    /// Set another member's name card, fields or receive option.
    EditMember,
    /// Write messages.
    Send,
    /// Take back the messages of others.
    RecallOthers,
    /// Change a message that was sent.
    Modify,
    /// Read what was written.
    ReadHistory,
}

use Least::{Admin as A, Anybody as Y, App as S, Member as M, Nobody as N, Owner as O};
use Operation as Op;

/// The table: an operation, and the least for it in `Private`, `Public`, `ChatRoom`, `AVChatRoom`, `Community`.
pub const RULES: [(Operation, [Least; 5]); 22] = [
    (Op::Apply, [N, Y, Y, Y, Y]),
    (Op::Invite, [M, M, M, N, M]),
    (Op::Seed, [S, S, S, N, S]),
    (Op::Approve, [A, A, A, N, A]),
    (Op::Quit, [M, M, M, M, M]),
    (Op::OwnerQuit, [M, N, N, N, N]),
    (Op::Kick, [O, A, A, N, A]),
    (Op::Ban, [N, N, N, O, N]),
    (Op::Mute, [N, A, A, A, A]),
    (Op::MuteAll, [O, A, A, O, A]),
    (Op::SetAdmin, [N, O, O, N, O]),
    (Op::EditProfile, [M, A, A, O, A]),
    (Op::EditRules, [O, A, A, O, A]),
    (Op::Transfer, [O, O, O, N, O]),
    (Op::Disband, [S, O, O, O, O]),
    (Op::Import, [S, S, S, N, S]),
    (Op::ReadMembers, [M, M, M, N, M]),
    (Op::EditMember, [O, A, A, N, A]),
    (Op::Send, [M, M, M, M, M]),
    (Op::RecallOthers, [A, A, A, N, A]),
    (Op::Modify, [M, M, M, N, M]),
    (Op::ReadHistory, [M, M, M, N, M]),
];

impl Operation {
    /// The least that one must be for it in a type of group.
    pub fn least(self, kind: GroupKind) -> Least {
        RULES.iter().find(|(operation, _)| *operation == self).map_or(Least::Nobody, |(_, row)| row[kind as usize - 1])
    }

    /// Whether an actor may do it in a type of group.
    pub fn is_allowed(self, kind: GroupKind, actor: Actor) -> bool {
        self.least(kind).is_met_by(actor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_row_in_the_order_of_the_list() {
        for (index, (operation, _)) in RULES.iter().enumerate() {
            assert_eq!(*operation as usize, index, "{operation:?}");
        }
        assert_eq!(Op::ReadHistory as usize + 1, RULES.len());
    }

    #[test]
    fn whoever_is_more_may_not_less() {
        let actors = [
            Actor::Outsider,
            Actor::Inside(Role::Member),
            Actor::Inside(Role::Admin),
            Actor::Inside(Role::Owner),
            Actor::App,
        ];
        for (operation, _) in RULES {
            for kind in GroupKind::ALL {
                let may: Vec<bool> = actors.iter().map(|actor| operation.is_allowed(kind, *actor)).collect();
                assert!(may.is_sorted(), "{operation:?} {kind:?} {may:?}");
            }
        }
    }

    #[test]
    fn nobody_acts_on_equals() {
        assert!(Actor::Inside(Role::Owner).outranks(Role::Admin) && Actor::App.outranks(Role::Owner));
        assert!(!Actor::Inside(Role::Admin).outranks(Role::Admin));
        assert!(!Actor::Outsider.outranks(Role::Member));
    }
}
