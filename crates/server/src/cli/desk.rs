//! How a command reaches the apps: through a node that serves, or straight into the store when none does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use contract::Result;

use super::refuse;
use crate::admin::client::Desk;
use crate::clock::Clock;
use crate::config::{Config, Secrets};
use crate::dev::make_private_folder;
use crate::node::Node;

/// Where to ask.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Way {
    /// The TOML file of the node. If a node has the store open, its admin API is asked, else the store itself.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// The admin API of a node, such as http://127.0.0.1:8081.
    #[arg(long, global = true)]
    admin_url: Option<String>,
    /// A file with the admin token; otherwise the configuration's, or NOROSHI_SECRETS__ADMIN_TOKEN.
    #[arg(long, global = true)]
    admin_token_file: Option<PathBuf>,
}

impl Way {
    /// Opens the desk to ask at.
    pub(super) async fn open(&self) -> Result<Desk> {
        let config = self.config.as_deref().map(Config::read).transpose()?;
        if let Some(url) = &self.admin_url {
            return Desk::remote(url, self.token(config.as_ref())?);
        }
        let config = config.ok_or_else(|| refuse("say --config FILE or --admin-url URL"))?;
        open(&config, || self.token(Some(&config))).await
    }

    fn token(&self, config: Option<&Config>) -> Result<String> {
        if let Some(file) = &self.admin_token_file {
            let secrets = Secrets { admin_token_file: Some(file.clone()), ..Secrets::default() };
            return secrets.admin_token();
        }
        if let Some(config) = config {
            return config.secrets.admin_token();
        }
        std::env::var("NOROSHI_SECRETS__ADMIN_TOKEN")
            .map_err(|_| refuse("say --admin-token-file FILE or set NOROSHI_SECRETS__ADMIN_TOKEN"))
    }
}

/// Asks the node that has the embedded store open, if there is one.
pub(super) async fn open(config: &Config, token: impl FnOnce() -> Result<String>) -> Result<Desk> {
    config.ensure()?;
    if store::is_held(&config.store())? {
        let address = config.listen.admin.ok_or_else(|| {
            refuse("a node has the store open and listens for no operators (listen.admin is off): stop it first")
        })?;
        return Desk::remote(&format!("http://{}", reachable(address)), token()?);
    }
    make_private_folder(&config.data)?;
    Ok(Desk::Own(Node::open(config, Clock::default()).await?))
}

/// Where a listener on all addresses is reached from its own machine.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A value as it stands, or with `@` before it the content of a file: command lines are seen by everybody on the
/// machine. One line end at the end of a file belongs to its editor.
pub(super) fn value_or_file(text: &str) -> Result<String> {
    let Some(file) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    let content = std::fs::read_to_string(Path::new(file)).map_err(|error| refuse(format!("{file}: {error}")))?;
    let content = content.strip_suffix('\n').unwrap_or(&content);
    Ok(content.strip_suffix('\r').unwrap_or(content).to_owned())
}
