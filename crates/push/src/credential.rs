//! Which channel an app's credential makes: the register of channels, one line each.
//!
//! A credential is named by its businessID; 0 stands for the only one of a channel. Its print changes whenever
//! something in it does, so that the engine knows when to make the channel anew.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::AppId;
use contract::notification::Stage;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use store::apps::{App, Credential};

use crate::channel::{Channel, Clock};
use crate::channels::{Access, Malformed, Tuning, apns, fcm, harmony, honor, huawei, oppo, vivo, xiaomi};

/// Makes channels of credentials.
pub trait ChannelFactory: Send + Sync {
    /// A number that changes whenever the credential does.
    fn print(&self, app: AppId, channel: &str, credential: i64) -> u64;

    /// Makes the channel.
    fn open(&self, app: AppId, channel: &str, credential: i64) -> Result<Opened, Trouble>;
}

/// A channel, ready to send.
pub struct Opened {
    /// The channel.
    pub channel: Arc<dyn Channel>,
    /// Notifications per second that its vendor takes from one app.
    pub rate: u32,
}

/// Why there is no channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The app has no such credential.
    Unknown,
    /// The credential cannot be used; with the reason.
    Invalid(String),
    /// No request can be put together with the key file; with the reason.
    KeyFileInvalid(String),
}

/// Tells an app's settings and secrets.
pub type Apps = Arc<dyn Fn(AppId) -> Option<Arc<App>> + Send + Sync>;

/// The register.
struct Entry {
    channel: &'static str,
    rate: u32,
    open: Open,
}

/// Makes a channel of a credential and its secrets.
type Open = fn(&Credentials, &Credential, &BTreeMap<String, String>) -> Result<Arc<dyn Channel>, Trouble>;

/// Every channel, in alphabetical order. A name with `-voip` takes the tokens that ring.
const REGISTER: &[Entry] = &[
    // Apple publishes no number; its connections carry about this much, and it says so when it is too much.
    Entry { channel: "apns", rate: 4_000, open: open_apns },
    Entry { channel: "apns-voip", rate: 4_000, open: open_apns },
    // 600,000 a minute for a project.
    Entry { channel: "fcm", rate: 10_000, open: open_fcm },
    // Per kind of notification and app; the vendor tells it in its console.
    Entry { channel: "harmony", rate: 6_000, open: open_harmony },
    // 3,000 calls a second and no more; each carries what one claim holds.
    Entry { channel: "honor", rate: 300_000, open: open_honor },
    // Devices a second: the least that a formula over an app's users gives.
    Entry { channel: "huawei", rate: 6_000, open: open_huawei },
    // The least of what apps get by their users.
    Entry { channel: "oppo", rate: 5_000, open: open_oppo },
    // Likewise.
    Entry { channel: "vivo", rate: 3_000, open: open_vivo },
    // 500 calls a second is the least that an app gets; each carries what one claim holds.
    Entry { channel: "xiaomi", rate: 100_000, open: open_xiaomi },
];

/// The ending of a channel whose tokens are for calls only.
const VOIP: &str = "-voip";

/// Whether a channel takes the tokens that are for calls only.
pub fn is_voip(channel: &str) -> bool {
    channel.ends_with(VOIP)
}

/// Makes channels of the apps' own settings.
pub struct Credentials {
    apps: Apps,
    roots: Arc<RootCertStore>,
    clock: Clock,
}

impl Credentials {
    /// `roots` are trusted where a credential names no certificate authority of its own.
    pub fn new(apps: Apps, roots: Arc<RootCertStore>, clock: Clock) -> Self {
        Self { apps, roots, clock }
    }
}

impl ChannelFactory for Credentials {
    fn print(&self, app: AppId, channel: &str, credential: i64) -> u64 {
        let Some(app) = (self.apps)(app) else { return 0 };
        let mut hash = DefaultHasher::new();
        let mut add = |(id, credential): (i64, &Credential)| {
            (id, &credential.channel, &credential.settings, app.secrets.credentials.get(&id)).hash(&mut hash);
        };
        match (find(&app, channel, credential), pair(&app, channel, credential)) {
            (Some(found), _) => add(found),
            (None, Some(pair)) => pair.into_iter().for_each(add),
            (None, None) => return 1,
        }
        hash.finish()
    }

    fn open(&self, app: AppId, channel: &str, credential: i64) -> Result<Opened, Trouble> {
        let app = (self.apps)(app).ok_or(Trouble::Unknown)?;
        let Some((id, credential)) = find(&app, channel, credential) else {
            let pair = pair(&app, channel, credential).ok_or(Trouble::Unknown)?;
            let [production, development] = pair.map(|found| self.open_one(&app, channel, found));
            let (production, development) = (production?, development?);
            let rate = production.rate.min(development.rate);
            let both = apns::Stages::Both { production: production.channel, development: development.channel };
            return Ok(Opened { channel: Arc::new(both), rate });
        };
        self.open_one(&app, channel, (id, credential))
    }
}

impl Credentials {
    fn open_one(&self, app: &App, channel: &str, (id, credential): (i64, &Credential)) -> Result<Opened, Trouble> {
        let entry = REGISTER.iter().find(|entry| entry.channel == channel).ok_or(Trouble::Unknown)?;
        let none = BTreeMap::new();
        let secrets = app.secrets.credentials.get(&id).unwrap_or(&none);
        let rate = match setting(credential, "rate") {
            None => entry.rate,
            Some(rate) => rate.parse().ok().filter(|rate| *rate > 0).ok_or_else(|| invalid("rate is a number"))?,
        };
        Ok(Opened { channel: (entry.open)(self, credential, secrets)?, rate })
    }
}

/// Finds a credential by its businessID, or the only one of a channel. Calls use the credential of their channel.
fn find<'a>(app: &'a App, channel: &str, credential: i64) -> Option<(i64, &'a Credential)> {
    let own = channel.strip_suffix(VOIP).unwrap_or(channel);
    let fits = |found: &Credential| found.channel == channel || found.channel == own;
    let all = &app.settings.credentials;
    if credential != 0 {
        return all.get(&credential).filter(|found| fits(found)).map(|found| (credential, found));
    }
    let mut fitting = all.iter().filter(|(_, found)| fits(found));
    let (id, found) = fitting.next()?;
    fitting.next().is_none().then_some((*id, found))
}

/// The two credentials of a channel that together stand for its only one: one for each service of the vendor.
fn pair<'a>(app: &'a App, channel: &str, credential: i64) -> Option<[(i64, &'a Credential); 2]> {
    let own = channel.strip_suffix(VOIP).unwrap_or(channel);
    let fits = |found: &Credential| found.channel == channel || found.channel == own;
    let all: Vec<_> = app.settings.credentials.iter().filter(|(_, found)| fits(found)).collect();
    let of = |wanted: &str| {
        let mut fitting =
            all.iter().filter(|(_, found)| setting(found, "environment").is_some_and(|own| own == wanted));
        fitting.next().map(|(id, found)| (**id, *found)).filter(|_| fitting.next().is_none())
    };
    let is_both = credential == 0 && all.len() == 2;
    is_both.then(|| Some([of("production")?, of("development")?])).flatten()
}

/// Where the vendor's two services are, as far as the credential is good for them. A certificate is for one, unless its
/// owner says that it is for both; so is a key that somebody has put into an environment.
fn apns_places(credential: &Credential, has_key: bool) -> Result<[Option<String>; 2], Trouble> {
    let own = |name: &str| setting(credential, name).cloned();
    let base_url = own("base_url");
    let or = |usual: &str| Some(base_url.clone().unwrap_or_else(|| usual.to_owned()));
    match setting(credential, "environment").map(String::as_str) {
        Some("production") => Ok([or(apns::PRODUCTION), None]),
        Some("development") => Ok([None, or(apns::DEVELOPMENT)]),
        is_both @ (Some("both") | None) => {
            // Whoever plays the one service elsewhere says where the other one is.
            let usual = (base_url.is_none() && (has_key || is_both.is_some())).then(|| apns::DEVELOPMENT.to_owned());
            Ok([or(apns::PRODUCTION), own("development_url").or(usual)])
        }
        Some(_) => Err(Trouble::Invalid("the environment is production, development or both".into())),
    }
}

fn open_apns(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let setting = |name: &str| setting(credential, name);
    let open = |base_url: String| -> Result<Arc<dyn Channel>, Trouble> {
        let settings = apns::Settings {
            credential: apns_credential(setting("key_id"), setting("team_id"), secrets)?,
            topic: setting("topic").cloned(),
            base_url,
            roots: roots_of(all, credential)?,
            clock: Arc::clone(&all.clock),
            tuning: apns::Tuning::default(),
        };
        let channel = apns::Apns::new(settings).map_err(|fault| Trouble::Invalid(fault.to_string()))?;
        Ok(Arc::new(channel))
    };
    let stages = match apns_places(credential, secrets.contains_key("p8"))? {
        [Some(production), Some(development)] => {
            apns::Stages::Both { production: open(production)?, development: open(development)? }
        }
        [Some(production), None] => apns::Stages::One(Stage::Production, open(production)?),
        [None, Some(development)] => apns::Stages::One(Stage::Development, open(development)?),
        [None, None] => return Err(Trouble::Unknown),
    };
    Ok(Arc::new(stages))
}

fn apns_credential(
    key_id: Option<&String>,
    team_id: Option<&String>,
    secrets: &BTreeMap<String, String>,
) -> Result<apns::Credential, Trouble> {
    let invalid = |fault: apns::CredentialFault| Trouble::Invalid(fault.to_string());
    if let Some(p8) = secrets.get("p8") {
        let (Some(key), Some(team)) = (key_id, team_id) else {
            return Err(Trouble::Invalid("a signing key needs key_id and team_id".into()));
        };
        return Ok(apns::Credential::Key { p8: p8.clone(), key: key.clone(), team: team.clone() });
    }
    if let Some(p12) = secrets.get("p12") {
        let bytes = STANDARD.decode(p12).map_err(|_| Trouble::Invalid("the p12 is not in base64".into()))?;
        let password = secrets.get("password").map_or("", String::as_str);
        return apns::Credential::from_p12(&bytes, password).map_err(invalid);
    }
    match secrets.get("pem") {
        Some(pem) => apns::Credential::from_pem(pem).map_err(invalid),
        None => Err(Trouble::Invalid("a p8, a p12 or a pem is needed".into())),
    }
}

fn open_fcm(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let settings = fcm::Settings {
        access: access(all, credential, fcm::BASE_URL, "")?,
        key_file: secret(secrets, "key_file"),
        package_name: setting(credential, "package_name").cloned(),
    };
    // A published class of its own tells that no request can be put together.
    let channel = fcm::Fcm::new(settings).map_err(|malformed| Trouble::KeyFileInvalid(malformed.to_string()))?;
    Ok(Arc::new(channel))
}

fn open_oppo(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let settings = oppo::Settings {
        access: access(all, credential, oppo::BASE_URL, "")?,
        app_key: text(credential, "app_key"),
        master_secret: secret(secrets, "master_secret"),
    };
    Ok(Arc::new(oppo::Oppo::new(settings)?))
}

fn open_vivo(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let settings = vivo::Settings {
        access: access(all, credential, vivo::BASE_URL, "")?,
        app_id: text(credential, "app_id"),
        app_key: text(credential, "app_key"),
        app_secret: secret(secrets, "app_secret"),
    };
    Ok(Arc::new(vivo::Vivo::new(settings)?))
}

fn open_harmony(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let settings = harmony::Settings {
        access: access(all, credential, harmony::BASE_URL, "")?,
        key_file: secret(secrets, "key_file"),
        client_id: setting(credential, "client_id").cloned(),
    };
    Ok(Arc::new(harmony::Harmony::new(settings)?))
}

fn open_xiaomi(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let settings = xiaomi::Settings {
        access: access(all, credential, xiaomi::BASE_URL, "")?,
        app_secret: secret(secrets, "app_secret"),
        package_name: text(credential, "package_name"),
    };
    Ok(Arc::new(xiaomi::Xiaomi::new(settings)?))
}

fn open_honor(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let settings = honor::Settings {
        access: access(all, credential, honor::BASE_URL, honor::AUTH_URL)?,
        app_id: text(credential, "app_id"),
        client_id: text(credential, "client_id"),
        client_secret: secret(secrets, "client_secret"),
        badge_class: setting(credential, "badge_class").cloned(),
    };
    Ok(Arc::new(honor::Honor::new(settings)?))
}

fn open_huawei(
    all: &Credentials,
    credential: &Credential,
    secrets: &BTreeMap<String, String>,
) -> Result<Arc<dyn Channel>, Trouble> {
    let settings = huawei::Settings {
        access: access(all, credential, huawei::BASE_URL, huawei::AUTH_URL)?,
        app_id: text(credential, "app_id"),
        app_secret: secret(secrets, "app_secret"),
        project_id: setting(credential, "project_id").cloned(),
        badge_class: setting(credential, "badge_class").cloned(),
    };
    Ok(Arc::new(huawei::Huawei::new(settings)?))
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Invalid(malformed.to_string())
    }
}

/// A setting that is there and not empty.
fn setting<'a>(credential: &'a Credential, name: &str) -> Option<&'a String> {
    credential.settings.get(name).filter(|text| !text.is_empty())
}

/// A setting without the blanks that are copied with it from a console; the channel says what it cannot do without.
fn text(credential: &Credential, name: &str) -> String {
    setting(credential, name).map_or("", |text| text.trim()).to_owned()
}

/// A secret, likewise.
fn secret(secrets: &BTreeMap<String, String>, name: &str) -> String {
    secrets.get(name).map_or("", |text| text.trim()).to_owned()
}

fn invalid(text: &str) -> Trouble {
    Trouble::Invalid(text.to_owned())
}

/// What all vendors are told alike: `base_url`, `auth_url`, `ca_pem`, `defaults`.
fn access(all: &Credentials, credential: &Credential, base_url: &str, auth_url: &str) -> Result<Access, Trouble> {
    let own = |name: &str, other: &str| setting(credential, name).map_or(other, String::as_str).to_owned();
    let defaults = match setting(credential, "defaults") {
        None => serde_json::Map::new(),
        Some(text) => serde_json::from_str(text).map_err(|_| invalid("defaults is a JSON object"))?,
    };
    Ok(Access {
        base_url: own("base_url", base_url),
        auth_url: own("auth_url", auth_url),
        roots: roots_of(all, credential)?,
        callback_url: setting(credential, "callback_url").cloned(),
        clock: Arc::clone(&all.clock),
        tuning: Tuning::default(),
        defaults,
    })
}

/// The credential's own certificate authority, or those of all.
fn roots_of(all: &Credentials, credential: &Credential) -> Result<Arc<RootCertStore>, Trouble> {
    Ok(match setting(credential, "ca_pem") {
        Some(pem) => Arc::new(roots(pem)?),
        None => Arc::clone(&all.roots),
    })
}

/// Reads certificate authorities from PEM text.
pub fn roots(pem: &str) -> Result<RootCertStore, Trouble> {
    let malformed = || Trouble::Invalid("the certificate authority is not in PEM".into());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|_| malformed())?).map_err(|_| malformed())?;
    }
    if roots.is_empty() { Err(malformed()) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use contract::Millis;
    use store::apps::{AppSecrets, AppSettings};

    use super::*;

    fn app(credentials: &[(i64, &str)]) -> App {
        let credentials = credentials
            .iter()
            .map(|(id, channel)| (*id, Credential { channel: (*channel).into(), settings: BTreeMap::new() }))
            .collect();
        let settings = AppSettings { credentials, ..AppSettings::default() };
        App { id: AppId(1), version: 1, settings, secrets: AppSecrets::default() }
    }

    fn factory(app: App) -> Credentials {
        let app = Arc::new(app);
        let apps: Apps = Arc::new(move |id| (id == app.id).then(|| Arc::clone(&app)));
        Credentials::new(apps, Arc::new(RootCertStore::empty()), Arc::new(|| Millis(0)))
    }

    #[test]
    fn a_credential_is_found_by_its_number_or_as_the_only_one_of_its_channel() {
        let check = |credentials: &[(i64, &str)], channel: &str, id: i64, expected: Option<i64>| {
            let app = app(credentials);
            assert_eq!(find(&app, channel, id).map(|(id, _)| id), expected, "{credentials:?} {channel} {id}");
        };
        check(&[(3, "apns"), (4, "other")], "apns", 3, Some(3));
        check(&[(3, "apns"), (4, "other")], "apns", 4, None);
        check(&[(3, "apns"), (4, "other")], "apns", 0, Some(3));
        check(&[(3, "apns"), (4, "apns")], "apns", 0, None);
        check(&[(3, "apns")], "apns-voip", 3, Some(3));
        check(&[], "apns", 0, None);
    }

    #[test]
    fn a_credential_that_is_not_there_differs_from_one_that_cannot_be_used() {
        let factory = factory(app(&[(3, "apns")]));
        assert_eq!(factory.open(AppId(1), "apns", 9).err(), Some(Trouble::Unknown));
        assert_eq!(factory.open(AppId(2), "apns", 3).err(), Some(Trouble::Unknown));
        assert!(matches!(factory.open(AppId(1), "apns", 3), Err(Trouble::Invalid(_))));
    }

    #[test]
    fn the_print_follows_the_secrets() {
        let mut changed = app(&[(3, "apns")]);
        changed.secrets.credentials.insert(3, BTreeMap::from([("pem".into(), "x".into())]));
        let before = factory(app(&[(3, "apns")]));
        assert_eq!(before.print(AppId(1), "apns", 3), before.print(AppId(1), "apns", 0));
        assert_ne!(before.print(AppId(1), "apns", 3), factory(changed).print(AppId(1), "apns", 3));
    }
}
