//! The IM REST surface, one file a command.

mod account_check;
mod account_delete;
mod account_import;
mod admin_getroammsg;
mod admin_msgwithdraw;
mod admin_set_msg_read;
mod batchsendmsg;
mod contact_group;
mod conversation;
mod conversation_model;
mod failures;
mod gate;
mod get_c2c_unread_msg_num;
mod importmsg;
mod input;
mod kick;
mod model;
mod multiaccount_import;
mod query_online_status;
mod querystate;
mod sendmsg;
mod user_sig;
