//! `noroshi sandbox`: the vendors' push services, played, without a node: for senders of any kind.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ::sandbox::{Authority, Sandbox, SandboxSettings, faults};
use contract::{Failure, Result};

use super::{asked_to_stop, print};
use crate::dev::{make_private_folder, places, write};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the certificate authority is kept, and `credentials.json` says where everything is.
    #[arg(long, default_value = "noroshi-sandbox")]
    data: PathBuf,
    /// The control API's port; the rooms take the ports behind it. 0 takes free ones.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Apple's room on a port of its own: some clients know 443 only.
    #[arg(long)]
    apns_port: Option<u16>,
    /// A file of fault rules, TOML or JSON.
    #[arg(long)]
    faults: Option<PathBuf>,
}

pub(super) async fn run(args: &Args) -> Result<()> {
    make_private_folder(&args.data)?;
    let unavailable = |what: &str| {
        let what = what.to_owned();
        move |error: std::io::Error| Failure::Unavailable(format!("{what}: {error}"))
    };
    let rules = match &args.faults {
        Some(file) => faults::read(file).map_err(unavailable(&file.display().to_string()))?,
        None => Vec::new(),
    };
    let settings = SandboxSettings { faults: rules, authority: Some(authority(args)?), ..settings(args) };
    let stop = asked_to_stop();
    let sandbox = Sandbox::start(settings).await.map_err(unavailable("the sandbox"))?;
    let ca_file = args.data.join("ca.pem");
    write(&ca_file, sandbox.ca_pem())?;
    let text = serde_json::json!({ "sandbox": places(&sandbox, &ca_file) }).to_string();
    let credentials_file = args.data.join("credentials.json");
    write(&credentials_file, &text)?;
    print(&text);
    stop.await;
    sandbox.shutdown().await;
    std::fs::remove_file(&credentials_file).map_err(unavailable(&credentials_file.display().to_string()))?;
    Ok(())
}

fn settings(args: &Args) -> SandboxSettings {
    // Where one port is given, each room has the next.
    let at = |place: u16| match args.port {
        0 => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        first => SocketAddr::from((Ipv4Addr::LOCALHOST, first.saturating_add(place))),
    };
    let apns = args.apns_port.map_or_else(|| at(1), |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    SandboxSettings {
        api: at(0),
        apns,
        apns_development: at(2),
        fcm: at(3),
        huawei: at(4),
        honor: at(5),
        harmony: at(6),
        xiaomi: at(7),
        oppo: at(8),
        vivo: at(9),
        ..SandboxSettings::default()
    }
}

/// The authority of the last time, so that clients need not be told of a new one.
fn authority(args: &Args) -> Result<Authority> {
    let (certificate, key) = (args.data.join("ca.pem"), args.data.join("ca-key.pem"));
    let failed = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", args.data.display()));
    if certificate.exists() && key.exists() {
        let (certificate, key) = (std::fs::read_to_string(certificate), std::fs::read_to_string(key));
        return Ok(Authority::from_pem(&certificate.map_err(failed)?, &key.map_err(failed)?).map_err(failed)?);
    }
    let fresh = Authority::generate().map_err(failed)?;
    write(&key, fresh.key_pem())?;
    Ok(fresh)
}
