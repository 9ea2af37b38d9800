//! What the client does when the gateway refuses: the published codes of the access layer, by reaction.

use contract::codes::{Access, Account, SdkAccount};

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

/// Chooses the reaction to a code: by the access layer's rows, and by those about user sigs.
pub(crate) fn reaction(code: i32) -> Reaction {
    let access = |row: &Access| row.row().number() == Some(code);
    let any = |rows: &[Access]| rows.iter().any(access);
    let is_user_sig_over = Account::UserSigExpired.row().number() == Some(code)
        || SdkAccount::UserSigExpired.row().number() == Some(code)
        || access(&Access::TicketOtherAccount);
    if is_user_sig_over {
        Reaction::UserSigOver
    } else if any(&[
        Access::TicketKeyExpired,
        Access::TicketExpired,
        Access::TicketForged,
        Access::TicketKeyEmpty,
        Access::TicketIncomplete,
        Access::DecryptThrottled,
    ]) {
        Reaction::LogIn
    } else if any(&[Access::CookieMismatch, Access::VerifyTimeout]) {
        Reaction::Reconnect
    } else if any(&[Access::ConnectionQuota, Access::NodeBusy, Access::AccountThrottled, Access::DeviceThrottled]) {
        Reaction::BackOff
    } else {
        Reaction::GiveUp
    }
}
