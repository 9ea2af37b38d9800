//! Apps and phones of a room over HTTP, and the part of the control API that all these rooms share.
//!
//! | call under the room's name | does |
//! | --- | --- |
//! | `POST apps` `{…}` | registers an app: what the body leaves out is made up; answers its credentials |
//! | `GET apps`, `GET apps/{id}` | shows them |
//! | `PATCH apps/{id}` `{…}` | changes one |
//! | `POST devices` `{app?, token?, alias?, account?, topics?, platform?, is_test?, count?}` | adds a phone, or so many |
//! | `GET devices` | lists phones |
//! | `PATCH devices/{token}` `{…}` | changes one |
//! | `PUT devices/{token}/state` `{state, since_ms?}` | what befell it |
//! | `GET devices/{token}/inbox` | what it got |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::StatusCode;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Answer, Wrong, parse};
use crate::room::Phone;
use crate::service::Hall;

/// Apps and phones that a room holds at most, each.
const REGISTERED_MAX: usize = 200_000;
/// Phones that one call adds.
const COUNT_MAX: usize = 10_000;
/// Aliases, topics and tokens are short.
const NAME_BYTES: usize = 4_096;

/// An app as the vendor's console has it: its credentials and what it may do.
pub(crate) trait App: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What may befall a phone; the first is that nothing did.
    const STATES: &'static [&'static str];

    /// A new one with secrets of its own.
    fn fresh() -> Self;

    /// By which the vendor calls it.
    fn id(&self) -> &str;

    /// A token as the vendor's phones get it.
    fn new_token() -> String;

    /// Whether a text could be a token at all.
    fn is_token(text: &str) -> bool;
}

/// A phone with an app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) token: String,
    pub(crate) app: String,
    pub(crate) state: String,
    /// When it came into this state.
    pub(crate) since_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    #[serde(default)]
    pub(crate) topics: BTreeSet<String>,
    pub(crate) platform: String,
    /// Registered for tests in the vendor's console.
    pub(crate) is_test: bool,
}

/// What a room has registered.
pub(crate) struct Desk<A> {
    books: Mutex<Books<A>>,
}

struct Books<A> {
    apps: BTreeMap<String, Arc<A>>,
    devices: BTreeMap<String, Device>,
}

#[derive(Deserialize)]
struct NewState {
    state: String,
    since_ms: Option<i64>,
}

impl<A: App> Desk<A> {
    pub(crate) fn new() -> Self {
        Self { books: Mutex::new(Books { apps: BTreeMap::new(), devices: BTreeMap::new() }) }
    }

    /// An app by its id.
    pub(crate) fn app(&self, id: &str) -> Option<Arc<A>> {
        self.books.lock().apps.get(id).cloned()
    }

    /// The first app that fits.
    pub(crate) fn find(&self, fits: impl Fn(&A) -> bool) -> Option<Arc<A>> {
        self.books.lock().apps.values().find(|app| fits(app)).cloned()
    }

    /// Looks at the phone of each token, in their order.
    pub(crate) fn look<T>(&self, tokens: &[&str], mut see: impl FnMut(&str, Option<&Device>) -> T) -> Vec<T> {
        let books = self.books.lock();
        tokens.iter().map(|token| see(token, books.devices.get(*token))).collect()
    }

    /// One phone.
    pub(crate) fn device(&self, token: &str) -> Option<Device> {
        self.books.lock().devices.get(token).cloned()
    }

    /// The tokens of the phones that fit.
    pub(crate) fn tokens(&self, fits: impl Fn(&Device) -> bool) -> Vec<String> {
        let books = self.books.lock();
        books.devices.values().filter(|device| fits(device)).map(|device| device.token.clone()).collect()
    }

    /// Changes a phone that is there.
    pub(crate) fn change<T>(&self, token: &str, change: impl FnOnce(&mut Device) -> T) -> Option<T> {
        self.books.lock().devices.get_mut(token).map(change)
    }

    pub(crate) fn phones(&self) -> Vec<Phone> {
        let books = self.books.lock();
        let phone = |device: &Device| Phone {
            token: device.token.clone(),
            app: device.app.clone(),
            state: device.state.clone(),
            is_there: device.state != GONE,
        };
        books.devices.values().map(phone).collect()
    }

    pub(crate) fn clear(&self) {
        let mut books = self.books.lock();
        books.apps.clear();
        books.devices.clear();
    }

    /// Registers an app made of the call's body.
    pub(crate) fn add_app(&self, body: &[u8]) -> Result<Arc<A>, Wrong> {
        let app = Arc::new(merge(&A::fresh(), body)?);
        let mut books = self.books.lock();
        has_room(books.apps.len(), 1)?;
        books.apps.insert(app.id().to_owned(), Arc::clone(&app));
        Ok(app)
    }

    /// Answers what all rooms have in common.
    pub(crate) fn control(&self, hall: &Hall, room: &str, method: &str, path: &[&str], body: &[u8]) -> Answer {
        match (method, path) {
            ("POST", ["apps"]) => Ok(json!(*self.add_app(body)?)),
            ("GET", ["apps"]) => {
                let apps: Vec<Value> = self.books.lock().apps.values().map(|app| json!(**app)).collect();
                Ok(json!({ "apps": apps }))
            }
            ("GET", ["apps", id]) => Ok(json!(*self.app(id).ok_or_else(Wrong::unknown)?)),
            ("PATCH", ["apps", id]) => self.change_app(id, body),
            ("POST", ["devices"]) => self.add_devices(body, hall.clock.now_ms()),
            ("GET", ["devices"]) => {
                let devices: Vec<Device> = self.books.lock().devices.values().cloned().collect();
                Ok(json!({ "devices": devices }))
            }
            ("GET", ["devices", token]) => Ok(json!(self.device(token).ok_or_else(Wrong::unknown)?)),
            ("PATCH", ["devices", token]) => self.change_device(token, body),
            ("PUT", ["devices", token, "state"]) => self.set_state(token, parse(body)?, hall.clock.now_ms()),
            ("GET", ["devices", token, "inbox"]) => Ok(json!({ "notifications": hall.inbox.of(room, token) })),
            _ => Err(Wrong::unknown()),
        }
    }

    fn change_app(&self, id: &str, body: &[u8]) -> Answer {
        let mut books = self.books.lock();
        let old = books.apps.get(id).ok_or_else(Wrong::unknown)?;
        let app: A = merge(&**old, body)?;
        let answer = json!(app);
        books.apps.remove(id);
        books.apps.insert(app.id().to_owned(), Arc::new(app));
        Ok(answer)
    }

    fn add_devices(&self, body: &[u8], now_ms: i64) -> Answer {
        let mut wanted: Value = if body.is_empty() { json!({}) } else { parse(body)? };
        let fields = wanted.as_object_mut().ok_or_else(|| bad("a phone is an object"))?;
        let count = fields.remove("count");
        let mut books = self.books.lock();
        let only = books.apps.keys().next().filter(|_| books.apps.len() == 1).cloned();
        let blank = Device {
            token: A::new_token(),
            app: only.unwrap_or_default(),
            state: A::STATES[0].to_owned(),
            since_ms: now_ms,
            alias: None,
            account: None,
            topics: BTreeSet::new(),
            platform: "android".to_owned(),
            is_test: false,
        };
        let device: Device = merge_value(&blank, &wanted)?;
        if !books.apps.contains_key(&device.app) {
            return Err(bad("no such app: register it first, and name it if there are several"));
        }
        check(&device, A::STATES)?;
        if !A::is_token(&device.token) {
            return Err(bad("the vendor gives no such tokens"));
        }
        let Some(count) = count else {
            has_room(books.devices.len(), 1)?;
            let answer = json!(device);
            books.devices.insert(device.token.clone(), device);
            return Ok(answer);
        };
        let count = count.as_u64().map_or(0, |count| count as usize);
        if !(1..=COUNT_MAX).contains(&count) {
            return Err(bad("count is 1 to 10000"));
        }
        has_room(books.devices.len(), count)?;
        let mut tokens = Vec::with_capacity(count);
        for _ in 0..count {
            let device = Device { token: A::new_token(), ..device.clone() };
            tokens.push(device.token.clone());
            books.devices.insert(device.token.clone(), device);
        }
        Ok(json!({ "tokens": tokens }))
    }

    fn change_device(&self, token: &str, body: &[u8]) -> Answer {
        let mut books = self.books.lock();
        let old = books.devices.get(token).ok_or_else(Wrong::unknown)?;
        let mut device: Device = merge(old, body)?;
        token.clone_into(&mut device.token);
        check(&device, A::STATES)?;
        let answer = json!(device);
        books.devices.insert(device.token.clone(), device);
        Ok(answer)
    }

    fn set_state(&self, token: &str, new: NewState, now_ms: i64) -> Answer {
        let mut books = self.books.lock();
        let device = books.devices.get_mut(token).ok_or_else(Wrong::unknown)?;
        let changed = Device { state: new.state, since_ms: new.since_ms.unwrap_or(now_ms), ..device.clone() };
        check(&changed, A::STATES)?;
        *device = changed;
        Ok(json!(device))
    }
}

/// The state of a phone that has the app no more.
pub(crate) const GONE: &str = "unregistered";
/// Nothing befell the phone.
pub(crate) const ACTIVE: &str = "active";

fn check(device: &Device, states: &[&str]) -> Result<(), Wrong> {
    if !states.contains(&device.state.as_str()) {
        return Err(bad(format!("a state is one of {}", states.join(", "))));
    }
    let names = [Some(&device.token), device.alias.as_ref(), device.account.as_ref()];
    let is_short = names.into_iter().flatten().chain(&device.topics).all(|name| name.len() <= NAME_BYTES);
    if is_short { Ok(()) } else { Err(bad("a name is too long")) }
}

/// Puts the fields of a body over an object; a field that the object does not have is a mistake of the caller.
fn merge<T: Serialize + DeserializeOwned>(base: &T, body: &[u8]) -> Result<T, Wrong> {
    let over: Value = if body.is_empty() { json!({}) } else { parse(body)? };
    merge_value(base, &over)
}

fn merge_value<T: Serialize + DeserializeOwned>(base: &T, over: &Value) -> Result<T, Wrong> {
    const OPTIONAL: [&str; 2] = ["alias", "account"];
    let mut merged = json!(base);
    let (Some(fields), Some(over)) = (merged.as_object_mut(), over.as_object()) else {
        return Err(bad("the body is an object"));
    };
    for (name, value) in over {
        if !fields.contains_key(name) && !OPTIONAL.contains(&name.as_str()) {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            return Err(bad(format!("no field {name}; there are {}", known.join(", "))));
        }
        fields.insert(name.clone(), value.clone());
    }
    serde_json::from_value(merged).map_err(|error| bad(error.to_string()))
}

fn has_room(count: usize, more: usize) -> Result<(), Wrong> {
    if count + more <= REGISTERED_MAX {
        return Ok(());
    }
    Err(Wrong::new(StatusCode::INSUFFICIENT_STORAGE, "the room is full: reset it"))
}

/// A call that cannot be meant.
pub(crate) fn bad(text: impl Into<String>) -> Wrong {
    Wrong::new(StatusCode::BAD_REQUEST, text)
}
