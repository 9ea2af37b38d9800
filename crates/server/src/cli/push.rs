//! `noroshi push status`: what became of a push, and what its codes mean. What is printed is JSON.

use axum::http::Method;
use clap::Subcommand;
use contract::Result;

use super::desk::Way;
use super::{print_json, refuse};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    way: Way,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a push by the number that its call answered, a device by its id, or a message of chat as
    /// SENDER/RECEIVER/SEQUENCE, each status with its explanation.
    Status {
        /// The app.
        app: i64,
        /// The push, the device, or the message.
        id: String,
        /// What became of the push on this device alone.
        #[arg(long)]
        device: Option<String>,
    },
}

pub(super) async fn run(args: Args) -> Result<()> {
    let Command::Status { app, id, device } = args.command;
    let parts: Vec<String> = id.split('/').map(encoded).collect();
    if !matches!(parts.len(), 1 | 3) {
        return Err(refuse("name a push, a device, or a message as SENDER/RECEIVER/SEQUENCE"));
    }
    let query = device.map(|device| format!("?device={}", encoded(&device))).unwrap_or_default();
    let desk = args.way.open().await?;
    let done = desk.ask(Method::GET, &format!("apps/{app}/push/{}{query}", parts.join("/")), None).await;
    desk.close().await;
    print_json(&done?);
    Ok(())
}

/// A part of a path, whatever is in it.
fn encoded(part: &str) -> String {
    let one =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    part.bytes().map(one).collect()
}
