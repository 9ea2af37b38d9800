//! What every room has: a name, a part of the control API, phones.

use crate::api::Answer;

/// A vendor's room.
pub(crate) trait Room: Send + Sync {
    /// The name in rules, lists and paths of the control API.
    fn name(&self) -> &'static str;

    /// Answers a call of the control API under the room's name.
    fn control(&self, method: &str, path: &[&str], body: &[u8]) -> Answer;

    /// The codes that the vendor documents, as its answers write them: what fault rules may name.
    fn codes(&self) -> Vec<String>;

    /// Every phone, by token.
    fn phones(&self) -> Vec<Phone>;

    /// Forgets everything that was registered.
    fn reset(&self);
}

/// A phone as the page shows it.
#[derive(Debug, Clone)]
pub(crate) struct Phone {
    pub(crate) token: String,
    /// The app, and where it lives if that matters.
    pub(crate) app: String,
    pub(crate) state: String,
    /// Whether the phone still has the app.
    pub(crate) is_there: bool,
}
