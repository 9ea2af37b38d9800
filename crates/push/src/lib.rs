//! The rules of delivery: what is pushed to which device, by which channel, and what became of it.
//!
//! * `chat`, `notice`: from a message's offline push to a notification.
//! * `engine`: drains what is queued, by lease. `delivery`: what an answer means for a delivery; pure.
//! * `task`: a notification for an audience at a time. `audience`: who that is, in pages by key. `ways`: by which lanes a
//!   device is reached; pure.
//! * `recall`: what is taken back from phones.
//! * `report`: what devices tell of a notification after it was sent; `callback`: what vendors do. `results`: what the app is
//!   told of all that.
//! * `broadcast`: one notification for an audience of any size, in chunks under a lease, without a row for each device.
//! * `live`: what apps show live, and which token leads to it.
//! * `mpaas`, `template`: pushes as the mPaaS OpenAPI asks for them.
//! * `channel`: what a vendor's channel is; `channels`: the channels, a folder each.
//! * `binding`, `tag`: what is bound to a device, and what carries a tag: the identity graph of push.
//! * `credential`: which channel an app's credential makes.

pub mod audience;
pub mod binding;
pub mod broadcast;
pub mod callback;
pub mod channel;
pub mod channels;
pub mod chat;
pub mod credential;
pub mod delivery;
pub mod engine;
pub mod live;
pub mod mpaas;
pub mod notice;
pub mod recall;
pub mod report;
mod results;
pub mod tag;
pub mod task;
pub mod template;
pub mod ways;
