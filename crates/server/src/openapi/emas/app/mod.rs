//! What an account has.

pub mod list_summary_apps;
