//! A small terminal client, to try things by hand: `noroshi chat --as alice`.
//!
//! It reads the credentials that development mode keeps, signs its own UserSig, and then shows what comes and sends
//! what is typed: `bob: hello` writes to bob, `@harbour: hello` into a group, a line without a name to whom was written
//! last. `group`: what is done in groups, and how it looks.

mod group;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use client::{Client, Event, Events, Seal, Settings};
use contract::{AppId, Failure, Result, user_sig};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{print, reason, refuse};
use crate::clock::Clock;

/// A UserSig of the terminal lives for a day.
const SIG_S: i64 = 86_400;
/// How long a login may take, tries included; the client itself would try for ever.
const LOGIN_WAIT: Duration = Duration::from_secs(10);

/// How long `/wait` waits.
const WORDS_WAIT: Duration = Duration::from_secs(10);
/// Lines among which `/wait` looks first.
const LINES_KEPT: usize = 200;

const HELP: &str = "  bob: hello      write to bob; then plain lines go to bob as well
  @club: hi @bob  write into the group club and mention bob; @all mentions all
  /to bob         plain lines go to bob from now on, or with /to @club to the group
  /list           conversations with unread counts
  /history bob    the last twenty messages with bob, or with /history @club in the group
  /read bob       mark everything from bob as read, or with /read @club in the group
  /status bob     how bob is reached
  /group          groups: what there is to do with them
  /token apns T   while away, reach this device by that channel's token T
  /wait WORDS     until something comes that contains the words, ten seconds at most
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
    let mut terminal = Terminal { client, user: user.to_owned(), to: None, shown: VecDeque::new() };
    loop {
        tokio::select! {
            // What has come is shown before the next line is obeyed.
            biased;
            event = events.next() => match event {
                Some(event) => if !terminal.show(&event) { break },
                None => break,
            },
            line = lines.next_line() => match line {
                Ok(Some(line)) => {
                    if line.trim() == "/quit" { break }
                    if let Err(error) = terminal.obey(&mut events, line.trim()).await {
                        print(&format!("! {}", reason(&error)));
                    }
                }
                Ok(None) | Err(_) => break,
            },
        }
    }
    terminal.client.shutdown().await;
    Ok(())
}

/// Who is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    Account(String),
    Group(String),
}

impl Peer {
    /// A group has an `@` before its id.
    fn of(name: &str) -> Self {
        match name.strip_prefix('@') {
            Some(group) => Self::Group(group.to_owned()),
            None => Self::Account(name.to_owned()),
        }
    }
}

struct Terminal {
    client: Client,
    user: String,
    /// Where lines without a name go.
    to: Option<Peer>,
    /// What was shown of what came, until it is waited for.
    shown: VecDeque<String>,
}

impl Terminal {
    /// Shows an event; answers whether the session goes on.
    fn show(&mut self, event: &Event) -> bool {
        for line in lines_of(&self.user, event) {
            print(&line);
            self.shown.push_back(line);
            if self.shown.len() > LINES_KEPT {
                self.shown.pop_front();
            }
        }
        !matches!(event, Event::Kicked { .. } | Event::UserSigExpired)
    }

    /// Waits until something was shown that contains these words; what came before it is not waited for again.
    async fn wait(&mut self, events: &mut Events, words: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + WORDS_WAIT;
        loop {
            while let Some(line) = self.shown.pop_front() {
                if line.contains(words) {
                    return Ok(());
                }
            }
            match tokio::time::timeout_at(deadline, events.next()).await {
                Ok(Some(event)) => drop(self.show(&event)),
                Ok(None) | Err(_) => return Err(refuse(format!("nothing came with: {words}"))),
            }
        }
    }

    async fn obey(&mut self, events: &mut Events, line: &str) -> Result<()> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let client = &self.client;
        match word {
            "" => {}
            "/help" => print(HELP),
            "/wait" => self.wait(events, rest.trim()).await?,
            "/to" => self.to = Some(Peer::of(rest.trim())),
            "/group" => group::obey(client, rest.trim()).await?,
            "/list" => {
                for conversation in client.conversations().await.map_err(broken)? {
                    let last = conversation.last.map(|message| message.text()).unwrap_or_default();
                    print(&format!("  {} ({} unread) {last}", conversation.peer, conversation.unread));
                }
                group::list(client).await?;
            }
            "/history" => match Peer::of(rest) {
                Peer::Group(id) => group::history(client, &id).await?,
                Peer::Account(name) => {
                    for message in client.history(&name, None, 20).await.map_err(broken)? {
                        print(&format!("  {}: {}", message.from, message.text()));
                    }
                }
            },
            "/read" => match Peer::of(rest) {
                Peer::Group(id) => client.groups().read(&id, 0).await.map_err(broken)?,
                Peer::Account(name) => client.mark_read(&name).await.map_err(broken)?,
            },
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
            _ => self.write(line).await?,
        }
        Ok(())
    }

    /// Writes a line to whom it names, or to whom was written last.
    async fn write(&mut self, line: &str) -> Result<()> {
        let text = match line.split_once(':') {
            Some((name, text)) if !name.contains(' ') => {
                self.to = Some(Peer::of(name));
                text.trim()
            }
            _ => line,
        };
        match &self.to {
            Some(Peer::Account(name)) => drop(self.client.send_text(name, text).await.map_err(broken)?),
            Some(Peer::Group(id)) => group::write(&self.client, id, text).await?,
            None => print("! write `name: text` first"),
        }
        Ok(())
    }
}

/// How an event looks.
fn lines_of(user: &str, event: &Event) -> Vec<String> {
    let line = match event {
        Event::Message(message) if message.from == user => format!("{user} → {}: {}", message.to, message.text()),
        Event::Message(message) => format!("{}: {}", message.from, message.text()),
        Event::Read { reader, .. } if reader != user => format!("· {reader} has read your messages"),
        Event::Recalled { by, .. } => format!("· {by} recalled a message"),
        Event::Disconnected { .. } => "· the connection is gone; trying again".to_owned(),
        Event::Pushed(push) => format!("· notification: {} {}", push.title, push.body),
        Event::Group(event) => return group::lines_of(user, event),
        Event::Kicked { code, text } => format!("! the session is over: {code} {text}"),
        Event::UserSigExpired => "! the UserSig is void".to_owned(),
        _ => return Vec::new(),
    };
    vec![line]
}

fn broken(error: client::Error) -> contract::Error {
    Failure::Unavailable(error.to_string()).into()
}
