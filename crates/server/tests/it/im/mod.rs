//! The IM REST surface, one file a command.

mod account_check;
mod account_delete;
mod account_import;
mod admin_getroammsg;
mod admin_msgwithdraw;
mod admin_set_msg_read;
mod batchsendmsg;
mod bodies;
mod failures;
mod follow;
mod gate;
mod get_c2c_unread_msg_num;
mod importmsg;
mod input;
mod kick;
mod model;
mod multiaccount_import;
mod mute;
mod operations;
mod plans;
mod profile;
mod query_online_status;
mod querystate;
mod relation;
mod sendmsg;
mod user_sig;
