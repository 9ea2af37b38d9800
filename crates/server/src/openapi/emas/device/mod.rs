//! What is known of devices.

pub mod check_device;
pub mod check_devices;
pub mod query_device_info;
pub mod query_devices_by_account;
pub mod query_devices_by_alias;
