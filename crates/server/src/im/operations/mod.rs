//! What an app's owner wants to know of the installation: statistics, addresses, files of history.
//!
//! `tally` counts on every node in memory; `getappinfo` reads what all nodes have written down.

pub mod get_history;
pub mod get_ip_list;
pub mod getappinfo;
pub mod tally;
