//! The phone number of a device, for the supplementary short message.

pub mod bind_phone;
pub mod unbind_phone;
