//! What the gateway asks of the node: the time, the apps, who speaks; and the secrets that all nodes share.

use std::sync::{Arc, OnceLock};

use contract::event::Event;
use contract::seal::{self, KeyPair};
use contract::user_sig::Claim;
use contract::{AppId, Failure, Millis, Result, UserId};
use futures_util::future::BoxFuture;
use gateway::Hub;
use store::apps::App;
use store::{Store, platform};

use crate::apps::Apps;
use crate::clock::Clock;
use crate::rates::Rates;
use crate::sigs::Sigs;
use crate::vault::{Vault, random};

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
}

impl gateway::Front for Front {
    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn app(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.get(id)
    }

    fn verify(&self, app: Arc<App>, user: UserId, sig: String) -> BoxFuture<'static, Result<Claim>> {
        let (store, sigs, rates, now) =
            (self.store.clone(), Arc::clone(&self.sigs), Arc::clone(&self.rates), self.clock.now());
        Box::pin(async move { sigs.verify(&store, &rates, &app, &user, &sig, now).await })
    }
}

/// Hears what was committed before the callers do. The store is opened before the hub, so the hub comes later.
pub struct Ears {
    /// Void UserSigs are noted here.
    pub sigs: Arc<Sigs>,
    /// Connected devices are told by this.
    pub hub: OnceLock<Arc<Hub>>,
}

impl Ears {
    /// Passes on what was committed; never waits.
    pub fn hear(&self, app: AppId, events: &[Event]) {
        for event in events {
            if let Event::EpochRaised { account, sig_from, .. } = event {
                self.sigs.void(app, account, *sig_from);
            }
        }
        if let Some(hub) = self.hub.get() {
            hub.announce(app, events);
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

async fn shared(store: &Store, vault: &Vault, name: &'static str, fresh: &[u8]) -> Result<Vec<u8>> {
    let sealed = vault.seal(fresh)?;
    let held = store.write(AppId::PLATFORM, move |tx| platform::add_secret(tx, name, &sealed)).await?;
    vault.open(&held)
}
