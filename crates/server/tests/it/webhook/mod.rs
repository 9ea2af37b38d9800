//! Webhooks, from the side of the app that is asked and told.
//!
//! * `receiver`: the app's endpoint, strict about what it is sent. `before`: what is asked. `after`: what is told, in
//!   which order, and that nothing is lost. `families`: both, of profiles, relations and the like. `groups`, `topics`,
//!   `group_events`: both, of groups; `group_order`: that groups have the same guarantees. `guard`: where calls
//!   may go. `mutual`: calls that show a certificate. `settings`: how operators switch them on.

mod after;
mod before;
mod families;
mod group_events;
mod group_order;
mod groups;
mod guard;
mod mutual;
mod pushed;
pub(crate) mod receiver;
mod refused;
mod settings;
mod topics;
