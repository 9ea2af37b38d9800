//! What the gateway asks of the node: the time, the apps, who speaks; and the secrets that all nodes share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chat::message::change::Named;
use chat::moderation::{Checked, Noted, Passed};
use contract::event::Event;
use contract::frame::wire::{LinkAnswer, LinkRequest, PushNotice, UploadAnswer, UploadRequest};
use contract::group::{GroupId, GroupKind};
use contract::notification::Notification;
use contract::seal::{self, KeyPair};
use contract::user_sig::Claim;
use contract::webhook::{FriendQuestion, GroupQuestion, Origin};
use contract::{AppId, DeviceId, Failure, Fault, Millis, MsgKey, Result, UserId, profile};
use futures_util::future::BoxFuture;
use gateway::group::{Asked, Post};
use gateway::{Hub, Pushed};
use push::broadcast::Broadcasts;
use push::delivery::Acked;
use push::engine::Engine;
use serde_json::Value;
use store::append::Draft;
use store::apps::App;
use store::{Store, platform};
use tokio::sync::mpsc;

use crate::apps::Apps;
use crate::clock::Clock;
use crate::im::operations::tally::Tally;
use crate::media::Media;
use crate::moderation::{Moderation, Scene, Suspect};
use crate::rates::Rates;
use crate::sigs::Sigs;
use crate::vault::{Vault, random};
use crate::webhook::{Gate, Webhooks};

/// The node as its gateway sees it.
pub struct Front {
    /// What is remembered.
    pub store: Store,
    /// The apps.
    pub apps: Arc<Apps>,
    /// The time.
    pub clock: Clock,
    /// Who speaks.
    pub sigs: Arc<Sigs>,
    /// How often.
    pub rates: Arc<Rates>,
    /// Who is asked before a message is delivered.
    pub webhooks: Arc<Webhooks>,
    /// Devices that have just become reachable, for the delivery engine.
    pub arrivals: mpsc::Sender<Arrival>,
    /// Files.
    pub media: Arc<Media>,
    /// What apps do not want to be said.
    pub moderation: Arc<Moderation>,
}

/// A device that has just become reachable.
pub type Arrival = (AppId, UserId, DeviceId);

impl gateway::Front for Front {
    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn app(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.get(id)
    }

    fn arrived(&self, app: AppId, account: &UserId, device: &DeviceId) {
        if self.arrivals.try_send((app, account.clone(), device.clone())).is_err() {
            // The next arrival of the device finds what is left.
            tracing::warn!(%app, "more devices arrive than the delivery engine is told of");
        }
    }

    fn check_body(&self, app: AppId, body: &mut Value) -> Result<Checked, Fault> {
        self.moderation.check_body(app, body)
    }

    fn check_profile(&self, app: AppId, changes: &mut [(String, profile::Value)]) -> Result<Vec<Noted>, Fault> {
        self.moderation.check_profile(app, changes)
    }

    fn note_profile(&self, app: AppId, account: &UserId, noted: Vec<Noted>) -> BoxFuture<'static, Result<()>> {
        let (moderation, now, account) = (Arc::clone(&self.moderation), self.clock.now(), account.clone());
        Box::pin(async move { moderation.note_profile(app, now, &account, noted).await })
    }

    fn check_text(&self, app: AppId, text: &str) -> Result<Passed, Fault> {
        self.moderation.check_text(app, Scene::C2C, text)
    }

    fn note(&self, app: AppId, named: &Named, body: &str, words: &[String]) -> BoxFuture<'static, Result<()>> {
        let (moderation, now) = (Arc::clone(&self.moderation), self.clock.now());
        let suspect = Suspect::named(named, body, words);
        Box::pin(async move { moderation.note(app, now, suspect).await })
    }

    fn note_in_group(
        &self,
        app: AppId,
        group: &GroupId,
        (sender, key, body): (&UserId, Option<MsgKey>, &str),
        words: &[String],
    ) -> BoxFuture<'static, Result<()>> {
        let (moderation, now) = (Arc::clone(&self.moderation), self.clock.now());
        let suspect = Suspect::in_group(group, sender, body, words);
        let suspect = key.map_or(suspect.clone(), |key| suspect.with_key(key));
        Box::pin(async move { moderation.note(app, now, suspect).await })
    }

    fn offer(&self, app: Arc<App>, owner: UserId, request: UploadRequest) -> BoxFuture<'static, Result<UploadAnswer>> {
        let (media, store, now) = (Arc::clone(&self.media), self.store.clone(), self.clock.now());
        Box::pin(async move { media.offer(&store, &app, &owner, now, request).await })
    }

    fn links(&self, app: AppId, request: LinkRequest) -> BoxFuture<'static, Result<LinkAnswer>> {
        let (media, moderation) = (Arc::clone(&self.media), Arc::clone(&self.moderation));
        let (store, now) = (self.store.clone(), self.clock.now());
        Box::pin(async move { media.links(&store, &moderation, app, now, request).await })
    }

    fn before_send(
        &self,
        app: Arc<App>,
        origin: Origin,
        draft: Draft,
        push_info: Option<Value>,
        is_online_only: bool,
    ) -> BoxFuture<'static, Result<Option<Draft>>> {
        let webhooks = Arc::clone(&self.webhooks);
        Box::pin(async move {
            match webhooks.before_send(&app, origin, draft, push_info.as_ref(), is_online_only).await? {
                Gate::Pass(draft) => Ok(Some(*draft)),
                Gate::Drop => Ok(None),
            }
        })
    }

    fn before_post(
        &self,
        app: Arc<App>,
        origin: Origin,
        kind: GroupKind,
        post: Post,
    ) -> BoxFuture<'static, Result<Asked>> {
        let webhooks = Arc::clone(&self.webhooks);
        Box::pin(async move { webhooks.before_post(&app, origin, kind, post).await })
    }

    fn before_group(
        &self,
        app: Arc<App>,
        origin: Origin,
        question: GroupQuestion,
    ) -> BoxFuture<'static, Result<Vec<UserId>>> {
        let webhooks = Arc::clone(&self.webhooks);
        Box::pin(async move {
            if !app.settings.webhook.has(question.webhook()) {
                return Ok(Vec::new());
            }
            webhooks.before_group(&app, origin, &question).await
        })
    }

    fn before_friends(
        &self,
        app: Arc<App>,
        origin: Origin,
        question: FriendQuestion,
    ) -> BoxFuture<'static, Result<()>> {
        let webhooks = Arc::clone(&self.webhooks);
        Box::pin(async move { webhooks.before_friends(&app, origin, &question).await })
    }

    fn verify(&self, app: Arc<App>, user: UserId, sig: String) -> BoxFuture<'static, Result<Claim>> {
        let (store, sigs, rates, now) =
            (self.store.clone(), Arc::clone(&self.sigs), Arc::clone(&self.rates), self.clock.now());
        Box::pin(async move { sigs.verify(&store, &rates, &app, &user, &sig, now).await })
    }
}

/// The self-built channel: a notification over the connection that the device holds to this node.
pub struct SelfBuilt {
    /// Connected devices.
    pub hub: Arc<Hub>,
    /// The time.
    pub clock: Clock,
}

impl push::engine::SelfBuilt for SelfBuilt {
    fn push<'a>(
        &'a self,
        app: AppId,
        device: &'a DeviceId,
        id: [u8; 16],
        notification: &'a Notification,
        deadline: Millis,
    ) -> BoxFuture<'a, Acked> {
        let extra = serde_json::to_string(&notification.data).unwrap_or_default();
        let notice = PushNotice {
            id: id.to_vec(),
            title: notification.title.clone(),
            body: notification.body.clone(),
            extra: notification.ext.clone().unwrap_or(extra),
            expires_at: deadline.0,
        };
        let wait = Duration::from_millis((deadline.0 - self.clock.now().0).max(0) as u64);
        Box::pin(async move {
            match self.hub.push(app, device, notice, wait).await {
                Pushed::Acked => Acked::Acked,
                Pushed::NotConnected => Acked::NotConnected,
                Pushed::NoAnswer => Acked::NoAnswer,
            }
        })
    }
}

/// Hears what was committed before the callers do. The store is opened before the others, so they come later.
pub struct Ears {
    /// Void UserSigs are noted here.
    pub sigs: Arc<Sigs>,
    /// Connected devices are told by this.
    pub hub: OnceLock<Arc<Hub>>,
    /// What is queued is sent by this.
    pub engine: OnceLock<Arc<Engine>>,
    /// What happens is counted here.
    pub tally: Arc<Tally>,
    /// The time.
    pub clock: Clock,
    /// What is for many goes out by this.
    pub broadcasts: OnceLock<Arc<Broadcasts>>,
    /// What is queued for webhooks is told by this.
    pub webhooks: OnceLock<Arc<Webhooks>>,
}

impl Ears {
    /// Ears that hear of void UserSigs from the beginning.
    pub fn new(sigs: Arc<Sigs>, tally: Arc<Tally>, clock: Clock) -> Self {
        Self {
            sigs,
            hub: OnceLock::new(),
            engine: OnceLock::new(),
            tally,
            clock,
            broadcasts: OnceLock::new(),
            webhooks: OnceLock::new(),
        }
    }

    /// Makes those known that come after the store. Whoever was met before stays.
    pub fn meet(&self, hub: &Arc<Hub>, engine: &Arc<Engine>, broadcasts: &Arc<Broadcasts>, webhooks: &Arc<Webhooks>) {
        drop(self.hub.set(Arc::clone(hub)));
        drop(self.engine.set(Arc::clone(engine)));
        drop(self.broadcasts.set(Arc::clone(broadcasts)));
        drop(self.webhooks.set(Arc::clone(webhooks)));
    }

    /// Passes on what was committed; never waits.
    pub fn hear(&self, app: AppId, events: &[Event]) {
        for event in events {
            if let Event::EpochRaised { account, sig_from, .. } = event {
                self.sigs.void(app, account, *sig_from);
            }
        }
        self.tally.hear(app, self.clock.now(), events);
        if let Some(hub) = self.hub.get() {
            hub.announce(app, events);
        }
        if let Some(engine) = self.engine.get() {
            engine.announced(app, events);
        }
        if let Some(broadcasts) = self.broadcasts.get() {
            broadcasts.announced(app, events);
        }
        if let Some(webhooks) = self.webhooks.get() {
            webhooks.hear(app, events);
        }
    }
}

/// What gateways sign tickets with and open sealed connections with: made by the first node, read by all.
pub async fn gateway_secrets(store: &Store, vault: &Vault) -> Result<([u8; 32], KeyPair)> {
    let ticket = shared(store, vault, "gateway.ticket", &random::<32>()).await?;
    let ticket = ticket.try_into().map_err(|_| Failure::internal("the ticket secret has a wrong length"))?;
    let fresh = seal::key_pair();
    let pair = shared(store, vault, "gateway.seal", &[fresh.private, fresh.public].concat()).await?;
    let (private, public) =
        pair.split_at_checked(32).ok_or_else(|| Failure::internal("the key pair of sealed frames is cut off"))?;
    Ok((ticket, KeyPair { private: private.to_vec(), public: public.to_vec() }))
}

/// What links to files are signed with.
pub async fn media_secret(store: &Store, vault: &Vault) -> Result<[u8; 32]> {
    let secret = shared(store, vault, "media.link", &random::<32>()).await?;
    Ok(secret.try_into().map_err(|_| Failure::internal("the secret of links has a wrong length"))?)
}

async fn shared(store: &Store, vault: &Vault, name: &'static str, fresh: &[u8]) -> Result<Vec<u8>> {
    let sealed = vault.seal(fresh)?;
    let held = store.write(AppId::PLATFORM, move |tx| platform::add_secret(tx, name, &sealed)).await?;
    vault.open(&held)
}
