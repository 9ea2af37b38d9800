//! Which webhooks each app has on, for those who ask at every message.

use std::collections::HashMap;

use contract::AppId;
use contract::webhook::{Wanted, Webhook};
use parking_lot::RwLock;
use store::apps::AppSettings;

/// The apps that have a webhook on; all others cost nothing here.
#[derive(Default)]
pub struct Switches(RwLock<HashMap<AppId, Wanted>>);

impl Switches {
    /// What an app has on.
    pub fn wanted(&self, app: AppId) -> Wanted {
        self.0.read().get(&app).copied().unwrap_or_default()
    }

    /// Takes over what an app's settings say.
    pub fn set(&self, app: AppId, settings: &AppSettings) {
        let wanted = wanted(settings);
        let mut apps = self.0.write();
        if wanted.is_empty() {
            apps.remove(&app);
        } else {
            apps.insert(app, wanted);
        }
    }
}

/// What settings switch on: nothing without a URL. Names that this program does not know are of a newer one.
pub fn wanted(settings: &AppSettings) -> Wanted {
    if settings.webhook.url.is_empty() {
        return Wanted::default();
    }
    let known = settings.webhook.commands.keys().filter_map(|command| Webhook::parse(command));
    known.fold(Wanted::default(), Wanted::with)
}
