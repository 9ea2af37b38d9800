//! What an account has.

pub mod check_certificate;
pub mod list_summary_apps;
