//! Taking pushes back: who has not got one gets nothing, for seven days.

pub mod revoke_push_message;
pub mod revoke_push_task;
