//! What the client does when the gateway refuses: the published codes of the access layer, by reaction.

/// What follows from a refusal of login, resume or heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Ticket and key are of no use: log in with the kept user sig.
    LogIn,
    /// The user sig is of no use either: the application must bring another.
    UserSigOver,
    /// The connection is of no use: open another, keeping ticket and key.
    Reconnect,
    /// The gateway has too much work: try again later.
    BackOff,
    /// Trying again cannot help.
    GiveUp,
}

/// Ticket or key: expired, forged, incomplete, empty; the sealed key is wrong; neither was sent.
const LOG_IN: [i32; 6] = [-10_001, -10_003, -10_004, -10_005, -10_008, -10_106];
/// The user sig is expired or void, or its ticket belongs to another account.
const USER_SIG_OVER: [i32; 4] = [70_001, 70_052, 6_206, -10_006];
/// The cookie is not this connection's; a verification step took too long.
const RECONNECT: [i32; 2] = [-10_009, -10_007];
/// Too many connections, too much load, too many calls.
const BACK_OFF: [i32; 4] = [-302, -10_114, -10_113, -20_009];

/// Chooses the reaction to a code.
pub(crate) fn reaction(code: i32) -> Reaction {
    if LOG_IN.contains(&code) {
        Reaction::LogIn
    } else if USER_SIG_OVER.contains(&code) {
        Reaction::UserSigOver
    } else if RECONNECT.contains(&code) {
        Reaction::Reconnect
    } else if BACK_OFF.contains(&code) {
        Reaction::BackOff
    } else {
        Reaction::GiveUp
    }
}
