//! Development mode: one command, no configuration, everything on loopback.
//!
//! The data folder keeps what has to survive a restart: the store, the master key, a certificate authority. The app
//! is an ordinary one, made at the first start. Nothing of this is fit for the outside, so nothing listens there.
//! `vendors` makes it known in every room of the sandbox.

pub mod vendors;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contract::{AppId, Error, Failure, Millis, Result, user_sig};
use sandbox::{Sandbox, SandboxSettings};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::apps::{AccessKey, App, AppSecrets, AppSettings, SigningKey};

use crate::clock::Clock;
use crate::config::{Config, Listen, Outbound, StoreConfig};
use crate::node::{Node, Running};
use crate::tls;
use crate::vault::{Vault, random};

/// How development mode is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder.
    pub data: PathBuf,
    /// The store, as the configuration names it.
    pub store: String,
    /// Plain HTTP; port 0 takes a free one.
    pub http: SocketAddr,
    /// HTTPS; port 0 takes a free one.
    pub https: SocketAddr,
    /// The operators' listener.
    pub admin: SocketAddr,
}

/// What the folder keeps beside the store.
#[derive(Serialize, Deserialize)]
struct Kept {
    master_key: String,
    admin_token: String,
    ca: String,
    certificate: String,
    key: String,
    app: i64,
}

/// Development mode, serving.
pub struct Dev {
    /// The node.
    pub running: Running,
    /// The app that was made for trying.
    pub app: Arc<App>,
    /// The certificate authority to trust.
    pub ca_file: PathBuf,
    /// What the admin API asks.
    pub admin_token: String,
    /// The vendors' services, played.
    pub sandbox: Sandbox,
    /// Says where everything is as long as it is there.
    credentials_file: PathBuf,
    clock: Clock,
}

/// The bundle, or the package, of the phones in the sandbox.
pub const BUNDLE: &str = "dev.noroshi.example";

/// What `noroshi env` tells a shell: variables, each with the place of its value in the credentials.
pub const VARIABLES: [(&str, &str); 8] = [
    ("NOROSHI_HTTP", "/http"),
    ("NOROSHI_APP", "/sdk_app_id"),
    ("NOROSHI_ADMIN", "/admin"),
    ("NOROSHI_USER_SIG", "/admin_user_sig"),
    ("NOROSHI_GATEWAY", "/gateway"),
    ("NOROSHI_ADMIN_API", "/admin_api"),
    ("NOROSHI_ADMIN_TOKEN", "/admin_token"),
    ("NOROSHI_SANDBOX", "/sandbox/api"),
];

/// A UserSig for trying lives this long.
const SIG_S: i64 = 180 * 86_400;

impl Dev {
    /// Starts everything.
    pub async fn start(options: &Options, clock: Clock) -> Result<Self> {
        for address in [options.http, options.https, options.admin] {
            if !address.ip().is_loopback() {
                let what = format!("development mode listens on loopback only, not on {address}");
                return Err(Failure::Unavailable(what).into());
            }
        }
        make_private_folder(&options.data)?;
        let mut kept = Kept::open(&options.data)?;
        let config = Config {
            data: options.data.clone(),
            name: "dev".into(),
            store: StoreConfig { url: options.store.clone(), ..StoreConfig::default() },
            listen: Listen { http: Some(options.http), https: Some(options.https), admin: Some(options.admin) },
            secrets: crate::config::Secrets {
                master_key: Some(kept.master_key.clone()),
                admin_token: Some(kept.admin_token.clone()),
                ..crate::config::Secrets::default()
            },
            // Whoever develops has the receiver beside it.
            outbound: Outbound { networks: vec!["127.0.0.0/8".into(), "::1".into()] },
            ..Config::default()
        };
        if store::is_held(&config.store())? {
            let what = format!(
                "a node serves from {} already: use that one, stop it, or take another folder with --data",
                options.data.display()
            );
            return Err(Failure::Unavailable(what).into());
        }
        let credentials_file = options.data.join("credentials.json");
        // Of a node that was killed: whoever waits for the file must not read where that one was.
        remove(&credentials_file)?;
        let node = Node::open(&config, clock.clone()).await?;
        let app = ensure_app(&node, &mut kept, &options.data, clock.now()).await?;
        let sandbox = Sandbox::start(SandboxSettings::default())
            .await
            .map_err(|error| Failure::Unavailable(format!("the vendor sandbox: {error}")))?;
        // Receipts of the vendors come back to this node.
        sandbox.control("PUT", "/receipts", &json!({ "ca_pem": kept.ca })).map_err(Failure::internal)?;
        let ca_file = options.data.join("ca.pem");
        write(&ca_file, &kept.ca)?;
        write(&options.data.join("sandbox-ca.pem"), sandbox.ca_pem())?;
        let tls = tls::server(&tls::Pem { certificate: kept.certificate, key: kept.key })?;
        let running = match Running::start(node, &config, Some(tls)).await {
            Ok(running) => running,
            Err(Error::Failure(Failure::Unavailable(what))) => {
                let hint = "choose others with --http, --https and --admin; port 0 takes a free one";
                return Err(Failure::Unavailable(format!("{what}; {hint}")).into());
            }
            Err(error) => return Err(error),
        };
        let app = vendors::enrol(&running.node, &app, &sandbox, running.http).await?;
        let dev = Self { running, app, ca_file, admin_token: kept.admin_token, sandbox, credentials_file, clock };
        write(&dev.credentials_file, &dev.credentials().to_string())?;
        Ok(dev)
    }

    /// Stops everything, in order.
    pub async fn stop(self) {
        if let Err(error) = remove(&self.credentials_file) {
            tracing::warn!(%error, "the credentials of a node that stops stay behind");
        }
        self.running.stop().await;
        self.sandbox.shutdown().await;
    }

    /// The moment.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// A UserSig of an account of the app.
    pub fn user_sig(&self, user: &str) -> String {
        let key = self.app.signing_keys().first().cloned().unwrap_or_default();
        user_sig::sign(self.app.id, &key, user, self.clock.now(), SIG_S)
    }

    /// What scripts need, as one JSON object.
    pub fn credentials(&self) -> serde_json::Value {
        let url = |scheme: &str, address: Option<SocketAddr>| address.map(|address| format!("{scheme}://{address}"));
        let admin = self.app.settings.admins.first().cloned().unwrap_or_default();
        let access_key = self.app.secrets.access_keys.first();
        json!({
            "http": url("http", self.running.http),
            "https": url("https", self.running.https),
            "ca_file": absolute(&self.ca_file),
            "sdk_app_id": self.app.id.0,
            "secret_key": self.app.signing_keys().first(),
            "admin_user_sig": self.user_sig(&admin),
            "admin": admin,
            "access_key_id": access_key.map(|key| &key.id),
            "access_key_secret": access_key.map(|key| &key.secret),
            "gateway": self.running.http.map(|address| format!("ws://{address}/ws")),
            "gateway_seal_key": hex::encode(&self.running.node.seal_public),
            "app_key": self.app.id.0,
            "mpaas_app_id": self.app.settings.mpaas_app_id,
            "workspace_id": self.app.settings.workspace_id,
            "sandbox": places(&self.sandbox, &self.ca_file.with_file_name("sandbox-ca.pem")),
            "admin_api": url("http", self.running.admin),
            "admin_token": self.admin_token,
        })
    }

    /// What a person reads at the start.
    pub fn greeting(&self) -> String {
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let all = self.credentials();
        let (http, admin, sig) = (text(&all["http"]), text(&all["admin"]), text(&all["admin_user_sig"]));
        let id = self.app.id;
        let call = |command: &str, body: &str| {
            format!(
                "curl -s '{http}/v4/{command}?sdkappid={id}&identifier={admin}&usersig={sig}&contenttype=json' -d '{body}'"
            )
        };
        let import = call("im_open_login_svc/multiaccount_import", r#"{"Accounts":["alice","bob"]}"#);
        let body = r#"{"From_Account":"alice","To_Account":"bob","MsgRandom":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}]}"#;
        let send = call("openim/sendmsg", body);
        let history = call(
            "openim/admin_getroammsg",
            r#"{"Operator_Account":"bob","Peer_Account":"alice","MaxCnt":10,"MinTime":0,"MaxTime":4000000000}"#,
        );
        format!(
            "noroshi is ready (development mode: loopback only, throw-away secrets)\n\
             \n  HTTP        {http}\n  HTTPS       {}   (trust {})\n\
             \n  SDKAppID    {id}\n  secret key  {}\n  admin       {admin}\n  UserSig     {sig}\n\
             \nTry:\n  {import}\n  {send}\n  {history}\n\
             \nIn other terminals, in this folder: noroshi chat --as alice, noroshi chat --as bob.\n\
             With eval \"$(noroshi env)\" a shell knows all of the above.\n\
             The phones of the sandbox: {}\nCtrl-C stops.\n",
            text(&all["https"]),
            self.ca_file.display(),
            text(&all["secret_key"]),
            text(&all["sandbox"]["api"]),
        )
    }
}

/// Where the rooms of a sandbox are, as one JSON object: the control API, a base URL per vendor, whom to trust.
pub fn places(sandbox: &Sandbox, ca_file: &Path) -> serde_json::Value {
    let mut places = json!({ "api": sandbox.api_url() });
    for (room, url) in sandbox.urls() {
        places[room] = json!(url);
    }
    places["ca_file"] = json!(absolute(ca_file));
    places
}

fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

impl Kept {
    /// Reads what the folder keeps, or makes it.
    fn open(data: &Path) -> Result<Self> {
        let file = data.join("dev.json");
        if file.exists() {
            let text = std::fs::read_to_string(&file).map_err(unreadable(&file))?;
            return serde_json::from_str(&text).map_err(|error| {
                let hint = "move the folder away to begin anew, or take another with --data";
                Failure::Unavailable(format!("{}: {error}; {hint}", file.display())).into()
            });
        }
        // A fresh master key would open nothing in there; and it may be somebody's real store.
        if data.join("noroshi.db").exists() {
            let what = format!(
                "{} holds a store that development mode did not make, or has lost its {}: take another folder with --data",
                data.display(),
                file.display()
            );
            return Err(Failure::Unavailable(what).into());
        }
        let (ca, pem) = tls::for_development()?;
        let kept = Self {
            master_key: Vault::fresh_key(),
            admin_token: hex::encode(random::<24>()),
            ca,
            certificate: pem.certificate,
            key: pem.key,
            app: 0,
        };
        kept.save(data)?;
        Ok(kept)
    }

    fn save(&self, data: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(Failure::internal)?;
        write(&data.join("dev.json"), &text)
    }
}

async fn ensure_app(node: &Node, kept: &mut Kept, data: &Path, now: Millis) -> Result<Arc<App>> {
    if let Some(app) = node.apps.get(AppId(kept.app)) {
        return Ok(app);
    }
    // An SDKAppID as the cloud gives them: ten digits that begin with 14.
    let id = AppId(1_400_000_000 + i64::from(u32::from_le_bytes(random()) % 99_999_999));
    let settings = AppSettings {
        name: "development".into(),
        mpaas_app_id: format!("DEV{}", hex::encode_upper(random::<6>())),
        workspace_id: "default".into(),
        ..AppSettings::default()
    };
    let secrets = fresh_secrets(now);
    node.apps.add(now, id, settings, secrets).await?;
    kept.app = id.0;
    kept.save(data)?;
    node.apps.get(id).ok_or_else(|| Failure::internal("the app that was added is not there").into())
}

/// Secrets of a new app.
pub fn fresh_secrets(now: Millis) -> AppSecrets {
    AppSecrets {
        signing_keys: vec![SigningKey { secret: hex::encode(random::<32>()), added_at: now.0 }],
        access_keys: vec![AccessKey {
            id: format!("LTAI{}", hex::encode(random::<10>())),
            secret: hex::encode(random::<15>()),
        }],
        ..AppSecrets::default()
    }
}

/// Makes a folder that only its owner looks into, if it is not there.
pub fn make_private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| {
        Failure::Unavailable(format!("the folder {} cannot be made: {error}", folder.display())).into()
    })
}

/// Writes a file that only its owner reads, whole or not at all.
pub fn write(file: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let draft = file.with_extension("draft");
    let save = || -> std::io::Result<()> {
        let mut to = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        to.write_all(text.as_bytes())?;
        to.sync_all()?;
        std::fs::rename(&draft, file)
    };
    save().map_err(unreadable(file))
}

/// Removes a file, if it is there.
fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unreadable(file)(error)),
        _ => Ok(()),
    }
}

fn unreadable(file: &Path) -> impl Fn(std::io::Error) -> contract::Error + '_ {
    move |error| Failure::Unavailable(format!("{}: {error}", file.display())).into()
}
