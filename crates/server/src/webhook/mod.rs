//! Webhooks: an app is asked before something happens, and told after it did.
//!
//! **How a family is wired.** One webhook is a line, a variant and a function:
//! 1. `contract::webhook`: a line in the table (`FriendAdd = "Sns.CallbackFriendAdd", "relation";`), which also lists it
//!    in `noroshi commands`; a variant of `Happening` with what happened, named in `webhook()` and `part()`.
//! 2. The rule in `chat` calls `tx.after_hook(now, &Happening::FriendsAdded { … })?` where it changes something: nothing
//!    is written unless the app has it on (`tx.wants(Webhook::…)` asks first where finding out costs something).
//! 3. `body::after` gets an arm that writes the body of the contract.
//!
//! Who acts comes from `tx.act_for(origin)`, which the surfaces call once for each transaction. A *before* webhook is a
//! function beside [`Webhooks::before_send`], called between the first decision and the transaction.
//!
//! * `switches`: what each app has on. `endpoint`, `circuit`: one app's endpoint, and when it is left alone.
//! * `before`: asks. `drain`, `pump`, `load`: tell, in order, what transactions have left; `handed`, `shelf`: what they need
//!   not read back. `key` names an event. `body`: what is said; `unread`: the counts in it.

mod before;
mod body;
mod circuit;
mod drain;
mod endpoint;
mod group;
mod handed;
mod key;
mod load;
mod pump;
mod shelf;
mod switches;
mod unread;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use contract::AppId;
use contract::event::Event;
use parking_lot::Mutex;
use store::Store;
use store::apps::App;
use tokio::sync::{Notify, Semaphore};

pub use before::Gate;
pub use endpoint::is_signed;
pub use switches::{Switches, wanted};

use crate::apps::Apps;
use crate::clock::Clock;
use crate::im::operations::tally::Tally;
use endpoint::{Endpoint, Endpoints};
use handed::Handed;
use shelf::Shelf;
use unread::Unread;

/// Calls of after webhooks under way in all apps together; one app has a small part of them.
const TOLD_MAX: usize = 2_048;

/// The webhooks of a node.
pub struct Webhooks {
    store: Store,
    apps: Arc<Apps>,
    clock: Clock,
    /// This node, as its leases name it.
    node: i64,
    /// Networks that calls may reach although they are not public.
    allowed: Arc<[String]>,
    endpoints: Endpoints,
    unread: Arc<Unread>,
    /// One for each call of an after webhook under way.
    places: Arc<Semaphore>,
    bells: Mutex<Bells>,
    /// Told when an app without a pump has something to tell.
    bell: Notify,
}

/// Who tells what is queued.
#[derive(Default)]
struct Bells {
    /// Apps that are being told now.
    pumps: HashMap<AppId, Arc<Bell>>,
    /// Apps that wait for somebody who tells them.
    rung: HashSet<AppId>,
}

/// Wakes one app's pump.
#[derive(Default)]
struct Bell {
    notify: Notify,
    handed: Handed,
    shelf: Shelf,
}

impl Webhooks {
    /// The webhooks of a node; [`Webhooks::run`] tells.
    pub fn new(
        store: Store,
        apps: Arc<Apps>,
        tally: Arc<Tally>,
        clock: Clock,
        node: i64,
        networks: &[String],
    ) -> Arc<Self> {
        metrics::counter!("noroshi_webhook_dropped_total", "why" => "too_old").increment(0);
        let unread = Arc::new(Unread::new(store.is_exclusive()));
        Arc::new(Self {
            store,
            apps,
            clock,
            node,
            allowed: networks.into(),
            endpoints: Endpoints::new(tally),
            unread,
            places: Arc::new(Semaphore::new(TOLD_MAX)),
            bells: Mutex::default(),
            bell: Notify::new(),
        })
    }

    /// Hears what was committed. Never waits.
    pub fn hear(&self, app: AppId, events: &[Event]) {
        self.unread.hear(app, events);
        if events.iter().any(|event| matches!(event, Event::WebhookQueued(_))) {
            self.ring(app, events);
        }
    }

    /// Notes whether everything that is committed is heard here, because no other node works on the store.
    pub fn be_alone(&self, is_alone: bool) {
        self.unread.be_alone(is_alone);
    }

    /// Wakes whoever tells an app's events, and hands over what was committed.
    fn ring(&self, app: AppId, events: &[Event]) {
        let mut bells = self.bells.lock();
        if let Some(bell) = bells.pumps.get(&app) {
            bell.handed.hear(events);
            bell.shelf.hear(events);
            bell.notify.notify_one();
        } else {
            bells.rung.insert(app);
            drop(bells);
            self.bell.notify_one();
        }
    }

    /// Takes a pump's bell away, unless it is a successor's by now.
    fn give_back(&self, app: AppId, bell: &Arc<Bell>) {
        let mut bells = self.bells.lock();
        if bells.pumps.get(&app).is_some_and(|held| Arc::ptr_eq(held, bell)) {
            bells.pumps.remove(&app);
        }
    }

    fn endpoint(&self, app: &App) -> Arc<Endpoint> {
        self.endpoints.of(app, &self.allowed)
    }
}
