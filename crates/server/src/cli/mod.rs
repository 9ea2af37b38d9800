//! The commands of the binary, one file each.

mod app;
mod backup;
mod chat;
mod cloud;
mod codes;
mod config;
mod credential;
mod demo;
mod desk;
mod dev;
mod devices;
mod doctor;
mod env;
mod init;
mod moment;
mod mpaas;
mod push;
mod receive;
mod sandbox;
mod serve;
mod webhook;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use contract::{Error, Failure, Result};

use crate::config::Log;

pub(crate) use desk::reachable;

/// Chat and mobile push that a team runs itself.
#[derive(Debug, Parser)]
#[command(name = "noroshi", version)]
pub struct Cli {
    /// Without a command, development mode starts with its defaults.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve on loopback with an embedded store and a throw-away app.
    Dev(dev::Args),
    /// Show the main job in one go: write, receive, be away, be notified, come back.
    Demo,
    /// Chat in the terminal, as an account of the app of development mode.
    Chat(chat::Args),
    /// Print what a shell needs to call a node in development mode: `eval "$(noroshi env)"`.
    Env(env::Args),
    /// Make the secrets and the configuration of a new installation; nothing is overwritten.
    Init(init::Args),
    /// Serve as a configuration file says.
    Serve(serve::Args),
    /// Show or check the configuration.
    Config(config::Args),
    /// Make, show and change apps.
    App(app::Args),
    /// Cloud accounts, which own apps and access keys of the push OpenAPIs.
    Cloud(cloud::Args),
    /// Access keys of cloud accounts.
    Key(cloud::KeyArgs),
    /// What became of pushes.
    Push(push::Args),
    /// Receive webhooks and print them, to try them out.
    Receive(receive::Args),
    /// Play the vendors' push services alone, without a node.
    Sandbox(sandbox::Args),
    /// Copy the embedded store into a file, while it serves or not.
    Backup(backup::Args),
    /// Put a backup in the place of a store that is not there.
    Restore(backup::RestoreArgs),
    /// Look for what would keep a node from serving well.
    Doctor(doctor::Args),
    /// Explain a published code: a number, a text code, or a name.
    Explain(codes::ExplainArgs),
    /// List all published codes.
    Codes(codes::CodesArgs),
    /// List the commands that the server serves.
    Commands(codes::CommandsArgs),
    /// Print the IM REST surface as an OpenAPI 3.1 document.
    Openapi,
}

impl Cli {
    /// Does what the command line says.
    pub fn run(self) -> ExitCode {
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                complain(&format!("the runtime does not start: {error}"));
                return ExitCode::FAILURE;
            }
        };
        match runtime.block_on(self.execute()) {
            Ok(code) => code,
            Err(error) => {
                complain(&reason(&error));
                ExitCode::FAILURE
            }
        }
    }

    async fn execute(self) -> Result<ExitCode> {
        match self.command.unwrap_or_else(|| Command::Dev(dev::Args::defaults())) {
            Command::Dev(args) => dev::run(args).await?,
            Command::Demo => demo::run().await?,
            Command::Chat(args) => chat::run(&args).await?,
            Command::Env(args) => env::run(&args)?,
            Command::Init(args) => init::run(&args)?,
            Command::Serve(args) => serve::run(&args).await?,
            Command::Config(args) => config::run(&args)?,
            Command::App(args) => app::run(args).await?,
            Command::Cloud(args) => cloud::run(args).await?,
            Command::Key(args) => cloud::run_key(args).await?,
            Command::Push(args) => push::run(args).await?,
            Command::Receive(args) => receive::run(args).await?,
            Command::Sandbox(args) => sandbox::run(&args).await?,
            Command::Backup(args) => backup::run(&args).await?,
            Command::Restore(args) => backup::restore(&args).await?,
            Command::Doctor(args) => return doctor::run(&args).await,
            Command::Explain(args) => return Ok(codes::explain(&args)),
            Command::Codes(args) => codes::list(&args)?,
            Command::Commands(args) => codes::commands(&args)?,
            Command::Openapi => codes::openapi(),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Hears SIGINT and SIGTERM from the call on, not only from when it is waited for.
fn asked_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let heard = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        match heard {
            [Ok(mut terminate), Ok(mut interrupt)] => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => drop(tokio::signal::ctrl_c().await),
        }
    }
}

fn log(settings: &Log) {
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.level)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // Colours are for people; a file or a collector would keep their escape codes.
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_terminal);
    if settings.format == "json" { builder.json().init() } else { builder.init() }
}

/// Why a command failed, in one line. The sentences of what cannot be reached or may not be stand for themselves.
fn reason(error: &Error) -> String {
    let text = match error {
        Error::Failure(Failure::Unavailable(what)) => what.clone(),
        other => other.to_string(),
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A command that cannot be carried out as it was given.
fn refuse(what: impl Into<String>) -> Error {
    Failure::Unavailable(what.into()).into()
}

/// Prints what a command answers. A reader that has seen enough (`noroshi codes | head`) is no error.
fn print(text: &str) {
    use std::io::Write;
    drop(writeln!(std::io::stdout(), "{}", text.trim_end()));
}

/// Prints an object for people and scripts alike.
fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}"));
}

#[expect(clippy::print_stderr, reason = "why a command failed goes to standard error")]
fn complain(text: &str) {
    eprintln!("noroshi: {text}");
}
