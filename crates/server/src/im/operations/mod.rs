//! What operators of an app fetch: files of history.

pub mod get_history;
