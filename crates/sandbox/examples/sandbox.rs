//! Starts the sandbox, prints one line of JSON with its addresses, and stops when its standard input ends.
//!
//! `cargo run -p sandbox --example sandbox -- FOLDER` writes `ca.pem` into the folder; the second argument may name a
//! file of fault rules.

use std::io::{self, Write};
use std::path::PathBuf;

use sandbox::{Sandbox, SandboxSettings, faults};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().unwrap_or_else(std::env::temp_dir);
    let rules = arguments.next().map_or_else(|| Ok(Vec::new()), |path| faults::read(&path))?;
    let sandbox = Sandbox::start(SandboxSettings { faults: rules, ..SandboxSettings::default() }).await?;
    let ca_file = folder.join("ca.pem");
    std::fs::write(&ca_file, sandbox.ca_pem())?;
    let line = json!({
        "api_url": sandbox.api_url(),
        "apns_url": sandbox.apns_url(),
        "apns_development_url": sandbox.apns_development_url(),
        "ca_file": ca_file,
    });
    writeln!(io::stdout(), "{line}")?;
    io::stdout().flush()?;
    let ended = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink()));
    ended.await.map_err(io::Error::other)??;
    sandbox.shutdown().await;
    Ok(())
}
