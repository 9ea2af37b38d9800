//! mPaaS Message Push: the actions of version 2020-10-28 and of two older ones.

use super::action::Command;

/// Every action of the product, sorted by name.
pub static ACTIONS: &[Command] = &[];
