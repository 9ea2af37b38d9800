//! What a client is made of: where to connect, as which device, how patiently, and where to remember.

use std::path::PathBuf;
use std::time::Duration;

use contract::DeviceId;
use contract::frame::wire::Platform;

use crate::error::{Error, Result};

/// Everything that a client needs to know before login.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The gateway: `ws://host:port/ws` or `wss://…`.
    pub gateway: String,
    /// SDKAppID.
    pub app: u64,
    /// The device's own name, kept for the life of the installation: 1–64 bytes of printable ASCII.
    pub device: String,
    /// The class of the device; the rules for several terminals go by it.
    pub platform: Platform,
    /// Where messages and conversations are remembered.
    pub storage: Storage,
    /// Certificates (PEM) that a `wss` gateway's certificate must lead to. There is no built-in list.
    pub roots: Vec<u8>,
    /// Whether frames are sealed.
    pub seal: Seal,
    /// How attempts to connect follow each other.
    pub retry: Retry,
    /// How long a request may wait and travel. A repeated send is recognised by the server for two minutes, so
    /// this stays under [`Settings::REQUEST_TIMEOUT_MAX`].
    pub request_timeout: Duration,
    /// How long opening a connection may take, handshakes included.
    pub connect_timeout: Duration,
    /// How long the gateway may stay silent after a heartbeat.
    pub silence: Duration,
    /// Who confirms notifications of the self-built channel.
    pub push_confirmation: PushConfirmation,
    /// How many events wait for the application before the client stops reading.
    pub events: usize,
}

impl Settings {
    /// The bound of [`Settings::request_timeout`].
    pub const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(100);

    /// Settings with every choice left at its default: in memory, not sealed.
    pub fn new(gateway: impl Into<String>, app: u64, device: impl Into<String>) -> Self {
        Self {
            gateway: gateway.into(),
            app,
            device: device.into(),
            platform: Platform::Linux,
            storage: Storage::Memory,
            roots: Vec::new(),
            seal: Seal::Off,
            retry: Retry::default(),
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            silence: Duration::from_secs(10),
            push_confirmation: PushConfirmation::Automatic,
            events: 256,
        }
    }

    /// Refuses what cannot work, before anything is started.
    pub(crate) fn check(&self) -> Result<()> {
        DeviceId::parse(&self.device).map_err(|_| Error::InvalidArgument("device: 1-64 printable ASCII bytes"))?;
        if self.request_timeout > Self::REQUEST_TIMEOUT_MAX || self.request_timeout.is_zero() {
            return Err(Error::InvalidArgument("request_timeout: over 0 and at most 100 s"));
        }
        if self.retry.first.is_zero() || self.retry.max < self.retry.first {
            return Err(Error::InvalidArgument("retry: first must be over 0 and at most max"));
        }
        if self.connect_timeout.is_zero() || self.silence.is_zero() {
            return Err(Error::InvalidArgument("connect_timeout and silence must be over 0"));
        }
        if self.events == 0 || self.events > 65_536 {
            return Err(Error::InvalidArgument("events: 1 to 65,536"));
        }
        Ok(())
    }
}

/// Where a client remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: what is known ends with the client.
    Memory,
    /// In this directory, one file for each account. It belongs to one client at a time.
    Directory(PathBuf),
}

/// Whether frames are sealed, so that a proxy that ends TLS sees neither login nor messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// Frames travel as they are.
    Off,
    /// Frames are sealed towards the server that holds this public key; another server is not talked to.
    Pinned(Vec<u8>),
}

/// The schedule of attempts: `first`, doubled each time up to `max`, each with jitter.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// The first wait after a loss.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
    /// Each wait is this share longer or shorter, at random, so that clients do not return all at once.
    pub jitter: f64,
    /// A connection that held this long starts the schedule over.
    pub stable: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            max: Duration::from_secs(30),
            jitter: 0.2,
            stable: Duration::from_mins(1),
        }
    }
}

/// Who confirms notifications of the self-built channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushConfirmation {
    /// The client, as soon as the application's queue took the event.
    Automatic,
    /// The application, by [`crate::Client::confirm_push`].
    Application,
}
