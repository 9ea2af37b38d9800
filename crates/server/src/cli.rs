//! The commands of the binary.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use contract::{Failure, Result, codes};

use crate::clock::Clock;
use crate::config::{self, Config, Log};
use crate::node::{Node, Running};
use crate::{chat_terminal, demo, dev, im, tls};

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
    Dev(DevArgs),
    /// Show the main job in one go: write, receive, be away, be notified, come back.
    Demo,
    /// Chat in the terminal, as an account of the app of development mode.
    Chat {
        /// The account.
        #[arg(long = "as")]
        name: String,
        /// The credentials that development mode keeps in its data folder.
        #[arg(long, default_value = "noroshi-data/credentials.json")]
        credentials: PathBuf,
    },
    /// Serve as a configuration file says.
    Serve {
        /// The TOML file; `noroshi config --example` prints a commented one.
        #[arg(long)]
        config: PathBuf,
    },
    /// Show the configuration.
    Config {
        /// Print the commented example with every value.
        #[arg(long)]
        example: bool,
    },
    /// Explain a published code: a number, a text code, or a name.
    Explain {
        /// For example 70001, -10009, BadDeviceToken or SignatureDoesNotMatch.
        #[arg(allow_hyphen_values = true)]
        code: String,
    },
    /// List all published codes.
    Codes {
        /// tsv, json or md.
        #[arg(long, default_value = "tsv")]
        format: String,
    },
    /// List the commands that the server serves.
    Commands {
        /// tsv.
        #[arg(long, default_value = "tsv")]
        format: String,
    },
}

#[derive(Debug, clap::Args)]
struct DevArgs {
    /// The data folder; it is made if it is not there.
    #[arg(long, default_value = "noroshi-data")]
    data: PathBuf,
    /// Plain HTTP; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// HTTPS; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8443")]
    https: SocketAddr,
    /// The operators' listener; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8081")]
    admin: SocketAddr,
    /// Write where everything is, with all secrets, as JSON, once everything listens.
    #[arg(long)]
    credentials: Option<PathBuf>,
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
                complain(&error.to_string());
                ExitCode::FAILURE
            }
        }
    }

    async fn execute(self) -> Result<ExitCode> {
        let command = self.command.unwrap_or_else(|| {
            let defaults = <DevArgs as clap::FromArgMatches>::from_arg_matches(
                &<DevArgs as clap::Args>::augment_args(clap::Command::new("dev")).get_matches_from(["dev"]),
            );
            Command::Dev(defaults.expect("every argument of development mode has a default"))
        });
        match command {
            Command::Dev(args) => serve_dev(args).await?,
            Command::Demo => {
                log(&Log { level: "error".into(), ..Log::default() });
                demo::run().await?;
            }
            Command::Chat { name, credentials } => chat_terminal::run(&credentials, &name).await?,
            Command::Serve { config } => serve(Config::read(&config)?).await?,
            Command::Config { example: true } => print(config::EXAMPLE),
            Command::Config { example: false } => {
                return Err(Failure::Unavailable("say --example to see every value with its meaning".into()).into());
            }
            Command::Explain { code } => return Ok(explain(&code)),
            Command::Codes { format } => print(&match format.as_str() {
                "tsv" => codes::tsv(),
                "json" => codes::json(),
                "md" => codes::markdown(),
                other => return Err(Failure::Unavailable(format!("no format {other}: tsv, json or md")).into()),
            }),
            Command::Commands { format } => match format.as_str() {
                "tsv" => print(&im::commands_tsv()),
                other => return Err(Failure::Unavailable(format!("no format {other}: tsv")).into()),
            },
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn serve_dev(args: DevArgs) -> Result<()> {
    log(&Log { level: "warn".into(), ..Log::default() });
    let options = dev::Options { data: args.data, http: args.http, https: args.https, admin: args.admin };
    let dev = dev::Dev::start(&options, Clock::default()).await?;
    if let Some(file) = args.credentials {
        dev::write(&file, &dev.credentials().to_string())?;
    }
    print(&dev.greeting());
    asked_to_stop().await;
    dev.stop().await;
    Ok(())
}

async fn serve(config: Config) -> Result<()> {
    log(&config.log);
    let tls = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => Some(tls::server(&tls::read(certificate, key)?)?),
        (None, None) if config.listen.https.is_none() => None,
        _ => return Err(Failure::Unavailable("HTTPS needs tls.certificate and tls.key".into()).into()),
    };
    let node = Node::open(&config, Clock::default()).await?;
    let running = Running::start(node, &config, tls).await?;
    asked_to_stop().await;
    running.stop().await;
    Ok(())
}

/// Waits for SIGINT or SIGTERM.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

fn log(settings: &Log) {
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.level)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if settings.format == "json" { builder.json().init() } else { builder.init() }
}

fn explain(code: &str) -> ExitCode {
    let rows = codes::find(code);
    if rows.is_empty() {
        complain(&format!("no published code is called {code}"));
        return ExitCode::FAILURE;
    }
    for row in rows {
        let (surface, family, code) = row.key();
        print(&format!("{code}  {}  ({surface}, {family})\n  {}\n  {}\n", row.name, row.text, row.explain));
    }
    ExitCode::SUCCESS
}

/// Prints what a command answers. A reader that has seen enough (`noroshi codes | head`) is no error.
pub fn print(text: &str) {
    use std::io::Write;
    drop(writeln!(std::io::stdout(), "{}", text.trim_end()));
}

#[expect(clippy::print_stderr, reason = "why a command failed goes to standard error")]
fn complain(text: &str) {
    eprintln!("noroshi: {text}");
}
