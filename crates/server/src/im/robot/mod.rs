//! Robots: accounts that only the back end speaks for.

pub mod create_robot;
pub mod delete_robot;
pub mod get_all_robots;
pub mod send_stream_msg;
