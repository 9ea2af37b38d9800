//! What an app's lists of words and files say of a text.

use serde::{Deserialize, Serialize};

use crate::id::UserId;

/// What an app's lists said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Where the text stands, as the contract names places.
    pub scene: String,
    /// Whose it is.
    pub account: UserId,
    /// Whom or what it is for; empty where it is for everybody.
    pub contact: String,
    /// The beginning of it.
    pub text: String,
    /// The message that carries it; empty if none does.
    pub msg_key: String,
    /// Which entries of the lists it met.
    pub words: Vec<String>,
    /// Whether it was refused; otherwise somebody should look at it.
    pub is_blocked: bool,
}
