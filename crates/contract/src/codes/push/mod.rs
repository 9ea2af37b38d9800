//! Statuses of one delivery to one device, one file per channel. A number means nothing without its channel.

mod apns;
mod common;
mod fcm;
mod harmony;
mod honor;
mod huawei;
mod oppo;
mod vivo;
mod xiaomi;

pub use apns::Apns;
pub use common::PushCommon;
pub use fcm::Fcm;
pub use harmony::Harmony;
pub use honor::Honor;
pub use huawei::Huawei;
pub use oppo::Oppo;
pub use vivo::Vivo;
pub use xiaomi::Xiaomi;
