//! Requests about profiles and follows: what travels, and what comes back.

use contract::frame::wire::{
    FollowAnswer, FollowCheckAnswer, FollowCheckRequest, FollowListAnswer, FollowListRequest, FollowRequest,
    ProfileGetAnswer, ProfileGetRequest, ProfileSetRequest,
};
use contract::frame::{Command, Frame};

use crate::core::Answer;
use crate::core::calls::malformed;
use crate::error::Result;
use crate::social::{FollowList, FollowPage, FollowTie, Followed, Profile, ProfileValue, fields_of, wire_fields};

/// What the application asks for. Each may be repeated: the second time changes nothing more.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    SetProfile(Vec<(String, ProfileValue)>),
    Profiles { accounts: Vec<String>, tags: Vec<String> },
    Follow(Vec<String>),
    Unfollow(Vec<String>),
    Follows { list: FollowList, cursor: String, count: u32 },
    FollowTies { accounts: Vec<String>, counts: bool },
}

/// What an answer has to be understood as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Done,
    Profiles,
    Outcomes,
    Page,
    Ties,
}

/// The frame of a request, and what its answer has to be understood with.
pub(super) fn request(ask: Ask) -> (Frame, Kind) {
    match ask {
        Ask::SetProfile(fields) => {
            let body = ProfileSetRequest { fields: wire_fields(fields), account: String::new() };
            (Frame::request(Command::ProfileSet, &body), Kind::Done)
        }
        Ask::Profiles { accounts, tags } => {
            (Frame::request(Command::ProfileGet, &ProfileGetRequest { accounts, tags }), Kind::Profiles)
        }
        Ask::Follow(accounts) => (Frame::request(Command::FollowAdd, &FollowRequest { accounts }), Kind::Outcomes),
        Ask::Unfollow(accounts) => (Frame::request(Command::FollowDelete, &FollowRequest { accounts }), Kind::Outcomes),
        Ask::Follows { list, cursor, count } => {
            let body = FollowListRequest { r#type: list.wire().into(), cursor, count };
            (Frame::request(Command::FollowList, &body), Kind::Page)
        }
        Ask::FollowTies { accounts, counts } => {
            (Frame::request(Command::FollowCheck, &FollowCheckRequest { accounts, counts }), Kind::Ties)
        }
    }
}

/// What an answer brings.
pub(super) fn answer(kind: Kind, frame: &Frame) -> Result<Answer> {
    match kind {
        Kind::Profiles => {
            let answer: ProfileGetAnswer = frame.read().map_err(|_| malformed("profiles"))?;
            Ok(Answer::Profiles(answer.profiles.into_iter().map(Profile::from).collect()))
        }
        Kind::Outcomes => {
            let answer: FollowAnswer = frame.read().map_err(|_| malformed("follow"))?;
            Ok(Answer::Follow(answer.items.into_iter().map(|item| (item.account, item.code)).collect()))
        }
        Kind::Page => {
            let answer: FollowListAnswer = frame.read().map_err(|_| malformed("follows"))?;
            let followed = answer.items.into_iter().map(|item| Followed {
                account: item.account,
                time: item.time,
                fields: fields_of(item.fields),
                profile_sequence: item.profile_sequence,
            });
            Ok(Answer::Follows(FollowPage { followed: followed.collect(), cursor: answer.cursor }))
        }
        Kind::Ties => {
            let answer: FollowCheckAnswer = frame.read().map_err(|_| malformed("follow check"))?;
            Ok(Answer::FollowTies(answer.items.into_iter().map(FollowTie::from).collect()))
        }
        Kind::Done => Ok(Answer::Nothing),
    }
}
