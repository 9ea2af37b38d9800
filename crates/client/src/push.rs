//! The device as push sees it: registered, named by aliases and tags, with what its user did with notifications.
//!
//! Its account is the one that is logged in; an app's back end reaches it by the device's name, its account, its
//! aliases or its tags.

use contract::frame::wire::{self, push_report, tag_holder};
use contract::frame::{Body, Command, Frame};
use contract::limit;

use crate::client::Client;
use crate::error::{Error, Result};

/// The system of a device, as push tells devices apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PushOs {
    /// What the class of the login says.
    #[default]
    ByPlatform = 0,
    /// iOS.
    Ios = 1,
    /// Android.
    Android = 2,
    /// HarmonyOS.
    Harmony = 3,
}

/// What a device says of itself; at most 64 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushDevice {
    /// Its system.
    pub os: PushOs,
    /// Who made it.
    pub brand: String,
    /// What it is called.
    pub model: String,
    /// The version of its system.
    pub os_version: String,
    /// The version of the app on it.
    pub app_version: String,
}

/// Something that the app shows live, or may begin to.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LiveActivity {
    /// As the app's back end names it; with `starts` what the attributes of such activities are.
    pub name: String,
    /// By which the vendor reaches it.
    pub token: String,
    /// Which credential of the app the token belongs to; 0 means the only one of the channel.
    pub credential: i64,
    /// Whether the token begins new activities.
    pub starts: bool,
}

/// The token stays out of logs.
impl std::fmt::Debug for LiveActivity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, credential, starts, .. } = self;
        f.debug_struct("LiveActivity")
            .field("name", name)
            .field("credential", credential)
            .field("starts", starts)
            .finish_non_exhaustive()
    }
}

/// What push knows of the device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushState {
    /// The name by which a back end pushes to it.
    pub device: String,
    /// Its account.
    pub account: String,
    /// Its aliases.
    pub aliases: Vec<String>,
    /// Its own tags.
    pub tags: Vec<String>,
    /// Its phone number; empty means none.
    pub phone: String,
    /// Whether its user wants no notifications.
    pub muted: bool,
    /// Whether it is registered.
    pub registered: bool,
}

/// What carries a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagged {
    /// This device.
    Device,
    /// The account that is logged in.
    Account,
    /// One of the device's aliases.
    Alias(String),
}

impl From<&Tagged> for wire::TagHolder {
    fn from(tagged: &Tagged) -> Self {
        let (kind, alias) = match tagged {
            Tagged::Device => (tag_holder::Kind::Device, ""),
            Tagged::Account => (tag_holder::Kind::Account, ""),
            Tagged::Alias(alias) => (tag_holder::Kind::Alias, alias.as_str()),
        };
        Self { kind: kind.into(), alias: alias.into() }
    }
}

/// Calls on push of the device that is logged in.
#[derive(Clone)]
pub struct Pushes(pub(crate) Client);

impl Pushes {
    /// Registers the device, new or with what changed. Tokens of vendors go by [`Client::set_push_token`].
    pub async fn register(&self, device: PushDevice) -> Result<()> {
        let PushDevice { os, brand, model, os_version, app_version } = device;
        let texts = [&brand, &model, &os_version, &app_version];
        if texts.iter().any(|text| text.len() > limit::DEVICE_TEXT_BYTES) {
            return Err(Error::InvalidArgument("device: at most 64 bytes each"));
        }
        let body = wire::PushRegistration { os: os as u32, brand, model, os_version, app_version };
        self.tell(Command::PushRegister, &body).await
    }

    /// Takes the device off push; what is bound to it stays for its next registration.
    pub async fn withdraw(&self) -> Result<()> {
        self.tell(Command::PushWithdraw, &()).await
    }

    /// Gives the device 1–10 more aliases of at most 128 bytes; one that it has stays.
    pub async fn add_aliases(&self, aliases: &[&str]) -> Result<()> {
        self.tell(Command::AliasAdd, &wire::Aliases { aliases: few(aliases, limit::ALIAS_BATCH)? }).await
    }

    /// Takes 1–10 aliases off the device.
    pub async fn remove_aliases(&self, aliases: &[&str]) -> Result<()> {
        self.tell(Command::AliasRemove, &wire::Aliases { aliases: few(aliases, limit::ALIAS_BATCH)? }).await
    }

    /// Takes every alias off the device.
    pub async fn clear_aliases(&self) -> Result<()> {
        self.tell(Command::AliasRemove, &wire::Aliases::default()).await
    }

    /// Hangs 1–10 tags of at most 128 characters on the device, its account or one of its aliases.
    pub async fn add_tags(&self, tagged: &Tagged, tags: &[&str]) -> Result<()> {
        let body = wire::PushTags { holder: Some(tagged.into()), tags: few(tags, limit::PUSH_TAG_BATCH)? };
        self.tell(Command::TagAdd, &body).await
    }

    /// Takes 1–10 tags off again.
    pub async fn remove_tags(&self, tagged: &Tagged, tags: &[&str]) -> Result<()> {
        let body = wire::PushTags { holder: Some(tagged.into()), tags: few(tags, limit::PUSH_TAG_BATCH)? };
        self.tell(Command::TagRemove, &body).await
    }

    /// Lists the tags of the device, its account or one of its aliases.
    pub async fn tags(&self, tagged: &Tagged) -> Result<Vec<String>> {
        let answer: wire::PushTags = self.ask(Command::TagList, &wire::TagHolder::from(tagged)).await?;
        Ok(answer.tags)
    }

    /// Notes the phone number of the device for supplementary short messages; none takes it away.
    pub async fn set_phone(&self, phone: Option<&str>) -> Result<()> {
        let phone = Some(phone.unwrap_or_default().to_owned());
        self.tell(Command::PushSet, &wire::PushSettings { phone, muted: None }).await
    }

    /// Says whether the user wants no notifications.
    pub async fn set_muted(&self, muted: bool) -> Result<()> {
        self.tell(Command::PushSet, &wire::PushSettings { phone: None, muted: Some(muted) }).await
    }

    /// Names what the app shows live, by the token that the vendor gave for it; again when the token changes.
    pub async fn set_activity(&self, activity: &LiveActivity) -> Result<()> {
        let LiveActivity { name, token, credential, starts } = activity;
        if name.is_empty() || token.is_empty() {
            return Err(Error::InvalidArgument("name and token: not empty"));
        }
        let (name, token) = (name.clone(), token.clone());
        let body = wire::LiveActivity { name, token, credential: *credential, starts: *starts, remove: false };
        self.tell(Command::PushActivity, &body).await
    }

    /// Forgets what the app does not show any more.
    pub async fn remove_activity(&self, name: &str, starts: bool) -> Result<()> {
        let body = wire::LiveActivity { name: name.to_owned(), starts, remove: true, ..wire::LiveActivity::default() };
        self.tell(Command::PushActivity, &body).await
    }

    /// Shows what push knows of the device.
    pub async fn state(&self) -> Result<PushState> {
        let answer: wire::PushState = self.ask(Command::PushState, &()).await?;
        let wire::PushState { device, account, aliases, tags, phone, muted, registered } = answer;
        Ok(PushState { device, account, aliases, tags, phone, muted, registered })
    }

    /// Reports that the user opened a notification.
    pub async fn report_opened(&self, id: &[u8]) -> Result<()> {
        self.report(id, push_report::Kind::Opened).await
    }

    /// Reports that the user swiped a notification away.
    pub async fn report_ignored(&self, id: &[u8]) -> Result<()> {
        self.report(id, push_report::Kind::Ignored).await
    }

    async fn report(&self, id: &[u8], kind: push_report::Kind) -> Result<()> {
        if id.len() != 16 {
            return Err(Error::InvalidArgument("id: 16 bytes"));
        }
        self.tell(Command::PushReport, &wire::PushReport { id: id.to_vec(), kind: kind.into() }).await
    }

    async fn tell(&self, command: Command, body: &impl Body) -> Result<()> {
        self.0.plain(Frame::request(command, body)).await.map(drop)
    }

    async fn ask<T: Body + Default>(&self, command: Command, body: &impl Body) -> Result<T> {
        let answer = self.0.plain(Frame::request(command, body)).await?;
        answer.read().map_err(|_| Error::Protocol("an answer about push cannot be read".into()))
    }
}

/// 1 to `max` texts.
fn few(texts: &[&str], max: usize) -> Result<Vec<String>> {
    if texts.is_empty() || texts.len() > max {
        return Err(Error::InvalidArgument("1 to 10 texts"));
    }
    Ok(texts.iter().map(|text| (*text).to_owned()).collect())
}
