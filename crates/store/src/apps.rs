//! An app's settings in the shape in which they are kept.
//!
//! Everything but the secrets is plain JSON, so that an operator can read it with SQL. Every field has a default:
//! a record of an older version opens in a newer one.

use std::collections::BTreeMap;
use std::fmt;

use contract::plan::Plan;
use contract::webhook::Webhook;
use contract::{AppId, Millis, UserId};
use serde::{Deserialize, Serialize};

use crate::groups::GroupSettings;

/// One app with all that concerns it.
#[derive(Debug, Clone)]
pub struct App {
    /// SDKAppID.
    pub id: AppId,
    /// Rises with every change.
    pub version: i64,
    /// Its settings.
    pub settings: AppSettings,
    /// Its secrets.
    pub secrets: AppSecrets,
}

impl App {
    /// Its plan.
    pub fn plan(&self) -> Plan {
        Plan::parse(&self.settings.plan).unwrap_or_default()
    }

    /// Whether an account administers it.
    pub fn is_admin(&self, user: &UserId) -> bool {
        self.settings.admins.iter().any(|admin| admin == user.as_str())
    }

    /// The texts that UserSigs may be signed with.
    pub fn signing_keys(&self) -> Vec<String> {
        self.secrets.signing_keys.iter().map(|key| key.secret.clone()).collect()
    }

    /// Days for which messages are kept; none means for ever.
    pub fn history_days(&self) -> Option<i64> {
        let planned = self.plan().allowance().history_days;
        planned.into_iter().chain(self.settings.history_days).min()
    }

    /// Whether its plan covers a moment.
    pub fn is_paid(&self, now: Millis) -> bool {
        self.settings.plan_from <= now.0 && self.settings.plan_until.is_none_or(|until| now.0 < until)
    }
}

/// What an operator may look at and change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppSettings {
    /// For people.
    pub name: String,
    /// `active`, `disabled`, `stopped`, `blocked` or `arrears`.
    pub status: Status,
    /// By name; see [`Plan`].
    pub plan: String,
    /// The first moment of the plan, in milliseconds.
    pub plan_from: i64,
    /// The first moment after it; none means for ever.
    pub plan_until: Option<i64>,
    /// UserIDs of the administrators, at most ten.
    pub admins: Vec<String>,
    /// Networks (`10.0.0.0/8`, `2001:db8::/32`, or single addresses) that may call REST; empty means all.
    pub addresses: Vec<String>,
    /// Commands that are switched off, as `service/command`.
    pub commands_off: Vec<String>,
    /// UserIDs that may not log in. Who is connected goes at the next request or heartbeat.
    pub accounts_off: Vec<String>,
    /// Calls per second by `service/command`; what is not named follows the contract.
    pub rates: BTreeMap<String, u32>,
    /// Calls per second of all commands together.
    pub rate_total: Option<u32>,
    /// Calls per second of one caller, whatever it calls.
    pub rate_caller: Option<u32>,
    /// Whether ordinary accounts may call REST in their own name; what they may do there each service decides.
    pub users_may_call: bool,
    /// Whether accounts may be deleted although the plan does not include it.
    pub may_delete_accounts: bool,
    /// Whether devices may ask for the status of others.
    pub has_status: bool,
    /// Custom profile fields by keyword: the tag behind `Tag_Profile_Custom_`, 1 to 8 letters.
    pub profile_fields: BTreeMap<String, ProfileField>,
    /// Whether accounts may follow each other, where the plan includes it.
    pub has_follow: bool,
    /// Accounts that one account follows; none means as many as the plan allows.
    pub following_max: Option<u64>,
    /// Accounts that follow one account; none means any number.
    pub followers_max: Option<u64>,
    /// Mutual followers of one account; none means any number.
    pub mutual_max: Option<u64>,
    /// The company that the statistics name.
    pub company: String,
    /// Whether the app may push to all accounts, where its plan includes it.
    pub has_broadcast: bool,
    /// Seconds in which a sender may recall.
    pub recall_window_s: i64,
    /// Bytes of a message.
    pub message_bytes: usize,
    /// Whether devices may write to friends only.
    pub friends_only: bool,
    /// Whether a device that writes to somebody who blocks its account is told that the message was sent.
    pub blocked_looks_sent: bool,
    /// Who may become a friend of an account whose profile says nothing about it.
    pub allow_type: AllowType,
    /// The app's own fields of friends: what follows `Tag_SNS_Custom_`, 1 to 8 letters each, at most twenty.
    pub friend_fields: Vec<String>,
    /// Bytes of an uploaded video or file.
    pub file_bytes: u64,
    /// Bytes of an uploaded picture or sound.
    pub picture_bytes: u64,
    /// Days for which uploaded files are kept; none means for ever.
    pub file_days: Option<i64>,
    /// Days for which messages are kept, if the plan does not say fewer; none means as the plan says.
    pub history_days: Option<i64>,
    /// Whether hourly files of history are written.
    pub has_history_files: bool,
    /// Hours by which the hours of history files are ahead of UTC; 8 is what the cloud speaks.
    pub zone_hours: i64,
    /// Whether sealed frames are `required`, `allowed` or `off`.
    pub sealing: Sealing,
    /// The cloud account that owns the app: its access keys may call it by the push OpenAPIs.
    pub cloud_account: String,
    /// The ids by which the mPaaS OpenAPI knows the app.
    pub mpaas_app_id: String,
    /// See `mpaas_app_id`.
    pub workspace_id: String,
    /// How the mPaaS OpenAPI serves the app, and what it tells the app's own server.
    pub mpaas: MpaasSettings,
    /// Push credentials without their secrets, by businessID.
    pub credentials: BTreeMap<i64, Credential>,
    /// What the app says about its groups.
    pub groups: GroupSettings,
    /// Whether live rooms may be managed (bans, administrators, marks, lists of guests), where the plan includes it.
    pub has_live_management: bool,
    /// Where webhooks go, and which are on.
    pub webhook: WebhookSettings,
}

impl Default for AppSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            status: Status::Active,
            plan: Plan::Unlimited.as_str().into(),
            plan_from: 0,
            plan_until: None,
            admins: vec!["administrator".into()],
            addresses: Vec::new(),
            commands_off: Vec::new(),
            accounts_off: Vec::new(),
            rates: BTreeMap::new(),
            rate_total: None,
            rate_caller: None,
            users_may_call: false,
            may_delete_accounts: false,
            has_status: true,
            profile_fields: BTreeMap::new(),
            has_follow: true,
            following_max: None,
            followers_max: None,
            mutual_max: None,
            company: String::new(),
            has_broadcast: true,
            recall_window_s: contract::limit::RECALL_WINDOW_S,
            message_bytes: contract::limit::MESSAGE_BYTES,
            friends_only: false,
            blocked_looks_sent: true,
            allow_type: AllowType::Any,
            friend_fields: Vec::new(),
            file_bytes: contract::limit::FILE_BYTES,
            picture_bytes: contract::limit::PICTURE_BYTES,
            file_days: None,
            history_days: None,
            has_history_files: true,
            zone_hours: 0,
            sealing: Sealing::Allowed,
            cloud_account: crate::cloud::DEFAULT_ACCOUNT.into(),
            mpaas_app_id: String::new(),
            workspace_id: String::new(),
            mpaas: MpaasSettings::default(),
            credentials: BTreeMap::new(),
            groups: GroupSettings::default(),
            has_live_management: true,
            webhook: WebhookSettings::default(),
        }
    }
}

/// How the mPaaS OpenAPI serves an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MpaasSettings {
    /// The tenant that calls name; empty for any.
    pub tenant_id: String,
    /// Whether the app takes pushes by API.
    pub takes_pushes: bool,
    /// Hours by which the days of schedules and statistics are ahead of UTC; 8 is what the cloud speaks.
    pub zone_hours: i64,
    /// Where the outcome of each message is told, `http` or `https`; empty for nowhere.
    pub callback_url: String,
    /// Authorities to trust instead of the system's, as PEM.
    pub callback_ca_pem: String,
}

impl Default for MpaasSettings {
    fn default() -> Self {
        Self {
            tenant_id: String::new(),
            takes_pushes: true,
            zone_hours: 8,
            callback_url: String::new(),
            callback_ca_pem: String::new(),
        }
    }
}

impl MpaasSettings {
    /// How far days are ahead of UTC.
    pub const fn ahead_ms(&self) -> i64 {
        self.zone_hours * 3_600_000
    }
}

/// Where an app's webhooks go, and which are on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookSettings {
    /// `http` or `https`; empty switches all of them off.
    pub url: String,
    /// Authorities to trust instead of the system's, as PEM.
    pub ca_pem: String,
    /// Whether an after webhook that failed is told again.
    pub retry: bool,
    /// Seconds after which an event that could not be told is given up.
    pub keep_s: i64,
    /// Those that are on, by `CallbackCommand`.
    pub commands: BTreeMap<String, CommandSettings>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            ca_pem: String::new(),
            retry: true,
            keep_s: contract::limit::WEBHOOK_KEEP_S,
            commands: BTreeMap::new(),
        }
    }
}

impl WebhookSettings {
    /// Whether a webhook is on.
    pub fn has(&self, webhook: Webhook) -> bool {
        !self.url.is_empty() && self.commands.contains_key(webhook.command())
    }
}

/// How one webhook is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandSettings {
    /// What a before webhook that fails means.
    pub on_failure: OnFailure,
    /// Milliseconds for a call.
    pub timeout_ms: u64,
}

impl Default for CommandSettings {
    fn default() -> Self {
        Self { on_failure: OnFailure::Pass, timeout_ms: contract::limit::WEBHOOK_TIMEOUT_MS }
    }
}

/// What a before webhook that fails means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// What it was asked about happens.
    #[default]
    Pass,
    /// It does not happen.
    Refuse,
}

/// Whether an app is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is.
    #[default]
    Active,
    /// Callers of REST are refused.
    Disabled,
    /// Devices are refused.
    Stopped,
    /// Devices are refused for good: the app is on the operator's blocklist.
    Blocked,
    /// The app owes money.
    Arrears,
}

/// Who may become a friend of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllowType {
    /// Anybody, at once.
    #[default]
    Any,
    /// Whoever asks and is accepted.
    Confirm,
    /// Nobody.
    Deny,
}

impl AllowType {
    /// What a profile spells so; none for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "AllowType_Type_AllowAny" => Some(Self::Any),
            "AllowType_Type_NeedConfirm" => Some(Self::Confirm),
            "AllowType_Type_DenyAny" => Some(Self::Deny),
            _ => None,
        }
    }
}

/// Whether frames are closed to a proxy that ends TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sealing {
    /// A login in the open is refused.
    Required,
    /// As the client likes.
    #[default]
    Allowed,
    /// Sealing is refused.
    Off,
}

/// A custom profile field. It holds text; somebody must be able to read it, and somebody to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the contract declares four rights, each on its own")]
pub struct ProfileField {
    /// What the text is.
    pub kind: ProfileKind,
    /// Devices read it.
    pub app_reads: bool,
    /// Devices write it, each in its own account's profile.
    pub app_writes: bool,
    /// Back ends read it.
    pub admin_reads: bool,
    /// Back ends write it.
    pub admin_writes: bool,
}

impl Default for ProfileField {
    fn default() -> Self {
        Self { kind: ProfileKind::String, app_reads: true, app_writes: true, admin_reads: true, admin_writes: true }
    }
}

/// What the text of a custom profile field is: both travel as text and have the same bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileKind {
    /// For people.
    #[default]
    String,
    /// For programs.
    Bytes,
}

/// A credential for a push channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Credential {
    /// The channel by name.
    pub channel: String,
    /// What the channel needs besides secrets (topic, key id, environment, base URL …).
    pub settings: BTreeMap<String, String>,
}

/// What nobody may look at. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppSecrets {
    /// Keys that UserSigs are signed with, the newest first.
    pub signing_keys: Vec<SigningKey>,
    /// Access keys of the push OpenAPI.
    pub access_keys: Vec<AccessKey>,
    /// Secret parts of push credentials, by businessID.
    pub credentials: BTreeMap<i64, BTreeMap<String, String>>,
    /// What webhooks are signed with; empty means that they are not.
    pub webhook_token: String,
    /// What webhooks show of themselves where TLS asks for it: a certificate, its chain and its key, as PEM; empty for
    /// nothing.
    pub webhook_client_pem: String,
    /// What result callbacks are signed with: a private RSA key as PEM, or a secret; empty means that they are not.
    pub callback_key: String,
}

impl fmt::Debug for AppSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSecrets").finish_non_exhaustive()
    }
}

/// A key that UserSigs are signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The literal text.
    pub secret: String,
    /// When it was added.
    pub added_at: i64,
}

/// A pair for the push OpenAPI.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AccessKeyId`.
    pub id: String,
    /// `AccessKeySecret`.
    pub secret: String,
}
