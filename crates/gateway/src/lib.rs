//! The long connection: its states, who is here, the bus.
//!
//! A WebSocket is taken over from HTTP in `upgrade` and from then on is one task of the [`Hub`]:
//!
//! * `socket`: WebSocket frames, bytes in and bytes out. `state`: what may follow what on a connection, driven by
//!   gateway frames. Neither does any IO; `drive` is the task that does it for both.
//! * `login`: how a connection gets an account. `request` and its commands `message`, `conversation`, `relation`, `profile`,
//!   `follow`, `broadcast`, `group`, `token`: what it may ask then.
//!   Rules live in `chat`; these translate frames into their words and back.
//! * `order`: lists of conversations that move while they are read. `told`: what is left for webhooks of messages that are not stored.
//! * `broadcast`: messages for many, and what a device that returns has missed of them.
//! * `link`: the bounded queue of one connection. `registry`: which account is connected where. `announce`: what was
//!   committed becomes notices. `wheel`, `chores`: everything that time or the store does for all connections at once.
//!   `circle`: friends hear of profiles. `group`: who is in a group hears of it.
//! * `front`: what the gateway asks its node. `refusal`: faults become codes. `bucket`: rates.

mod announce;
pub mod broadcast;
mod bucket;
mod chores;
mod circle;
mod conversation;
mod drive;
mod enrolment;
mod follow;
mod front;
pub mod group;
mod hub;
mod kinds;
mod link;
mod login;
mod message;
pub mod order;
mod profile;
mod refusal;
mod registry;
mod relation;
mod request;
mod settings;
pub mod socket;
pub mod state;
mod token;
mod told;
mod upgrade;
mod wheel;

pub use front::Front;
pub use group::live::{Guest, GuestPage, LiveRooms, MARK_HIDDEN, MARK_MIN, MARK_ROBOT};
pub use hub::{Bus, Counters, Hub, Pushed};
pub use settings::Settings;
