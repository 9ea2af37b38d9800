//! A small terminal client, to try things by hand: `noroshi chat --as alice`.
//!
//! It reads the credentials that development mode keeps, signs its own UserSig, and then shows what comes and sends
//! what is typed: `bob: hello` writes to bob, a line without a name writes to whom was written last.

use std::path::PathBuf;
use std::time::Duration;

use client::{Client, Event, Seal, Settings};
use contract::{AppId, Failure, Result, user_sig};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{print, reason, refuse};
use crate::clock::Clock;

/// A UserSig of the terminal lives for a day.
const SIG_S: i64 = 86_400;
/// How long a login may take, tries included; the client itself would try for ever.
const LOGIN_WAIT: Duration = Duration::from_secs(10);

const HELP: &str = "\
  bob: hello      write to bob; then plain lines go to bob as well
  /list           conversations with unread counts
  /history bob    the last twenty messages with bob
  /read bob       mark everything from bob as read
  /status bob     how bob is reached
  /token apns T   while away, reach this device by that channel's token T
  /quit           leave; the device stays reachable by push";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The account.
    #[arg(long = "as")]
    name: String,
    /// The credentials that development mode keeps in its data folder.
    #[arg(long, default_value = "noroshi-data/credentials.json")]
    credentials: PathBuf,
}

/// Runs until the input ends or the session is over.
pub(super) async fn run(args: &Args) -> Result<()> {
    let (credentials, user) = (&args.credentials, args.name.as_str());
    let text = std::fs::read_to_string(credentials).map_err(|error| {
        let hint = "start `noroshi dev` first";
        Failure::Unavailable(format!("{}: {error}; {hint}", credentials.display()))
    })?;
    let known: Value = serde_json::from_str(&text).map_err(Failure::internal)?;
    let field = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
    let app = known["sdk_app_id"].as_i64().unwrap_or_default();
    let sig = user_sig::sign(AppId(app), &field("secret_key"), user, Clock::default().now(), SIG_S);
    let seal = hex::decode(field("gateway_seal_key")).map_or(Seal::Off, Seal::Pinned);
    let settings = Settings { seal, ..Settings::new(field("gateway"), app as u64, format!("terminal-{user}")) };
    let client = Client::new(settings).map_err(broken)?;
    let mut events = client.events().ok_or_else(|| Failure::internal("events are taken once"))?;
    let gateway = field("gateway");
    match tokio::time::timeout(LOGIN_WAIT, client.login(user, &sig)).await {
        Ok(done) => done.map_err(broken)?,
        Err(_) => return Err(refuse(format!("nothing answers at {gateway}; is `noroshi dev` running?"))),
    }
    print(&format!("You are {user}. Type /help for help."));

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut peer = None;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => if !show(user, &event) { break },
                None => break,
            },
            line = lines.next_line() => match line {
                Ok(Some(line)) => {
                    if line.trim() == "/quit" { break }
                    if let Err(error) = obey(&client, &mut peer, line.trim()).await {
                        print(&format!("! {}", reason(&error)));
                    }
                }
                Ok(None) | Err(_) => break,
            },
        }
    }
    client.shutdown().await;
    Ok(())
}

/// Shows an event; answers whether the session goes on.
fn show(user: &str, event: &Event) -> bool {
    match event {
        Event::Message(message) if message.from == user => {
            print(&format!("{user} → {}: {}", message.to, message.text()));
        }
        Event::Message(message) => print(&format!("{}: {}", message.from, message.text())),
        Event::Read { reader, .. } if reader != user => print(&format!("· {reader} has read your messages")),
        Event::Recalled { by, .. } => print(&format!("· {by} recalled a message")),
        Event::Disconnected { .. } => print("· the connection is gone; trying again"),
        Event::Pushed(push) => print(&format!("· notification: {} {}", push.title, push.body)),
        Event::Kicked { code, text } => {
            print(&format!("! the session is over: {code} {text}"));
            return false;
        }
        Event::UserSigExpired => {
            print("! the UserSig is void");
            return false;
        }
        _ => {}
    }
    true
}

async fn obey(client: &Client, peer: &mut Option<String>, line: &str) -> Result<()> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "" => {}
        "/help" => print(HELP),
        "/list" => {
            for conversation in client.conversations().await.map_err(broken)? {
                let last = conversation.last.map(|message| message.text()).unwrap_or_default();
                print(&format!("  {} ({} unread) {last}", conversation.peer, conversation.unread));
            }
        }
        "/history" => {
            for message in client.history(rest, None, 20).await.map_err(broken)? {
                print(&format!("  {}: {}", message.from, message.text()));
            }
        }
        "/read" => client.mark_read(rest).await.map_err(broken)?,
        "/status" => {
            for presence in client.user_status(&[rest]).await.map_err(broken)? {
                let status = match presence.code {
                    0 => presence.status,
                    code => format!("refused with {code}"),
                };
                print(&format!("  {}: {status}", presence.account));
            }
        }
        "/token" => {
            let (channel, token) = rest.split_once(' ').unwrap_or((rest, ""));
            client.set_push_token(channel, token.trim(), 0).await.map_err(broken)?;
        }
        _ if word.starts_with('/') => print(&format!("! there is no {word}; /help tells what there is")),
        _ => {
            let text = match line.split_once(':') {
                Some((name, text)) if !name.contains(' ') => {
                    *peer = Some(name.to_owned());
                    text.trim()
                }
                _ => line,
            };
            match peer {
                Some(peer) => drop(client.send_text(peer, text).await.map_err(broken)?),
                None => print("! write `name: text` first"),
            }
        }
    }
    Ok(())
}

fn broken(error: client::Error) -> contract::Error {
    Failure::Unavailable(error.to_string()).into()
}
