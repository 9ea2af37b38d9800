//! What a hub is started with. Every bound may be lowered by tests and raised by operators.

use std::fmt;
use std::time::Duration;

use contract::limit;
use contract::seal::KeyPair;

/// The settings of a node's gateway.
#[derive(Clone)]
pub struct Settings {
    /// The node, as the store numbers it; never 0.
    pub node: i64,
    /// Tells devices whether the store was put back from an older copy since they were here; 0 if it never was.
    pub life: i64,
    /// What tickets are signed with; the first signs, all verify.
    pub ticket_secrets: Vec<[u8; 32]>,
    /// The static key pair of sealed connections.
    pub seal: KeyPair,
    /// Connections that the node holds.
    pub connections_max: usize,
    /// Requests of all connections under way at a time.
    pub requests_max: usize,
    /// Requests of one connection under way at a time; beyond them its socket is not read.
    pub connection_requests_max: usize,
    /// What native devices are told; web devices get a third of their silence.
    pub heartbeat_ms: i64,
    /// How long a native device may be silent.
    pub silence_ms: i64,
    /// How long a web device may be silent.
    pub silence_web_ms: i64,
    /// How long a connection may stay without a login.
    pub login_wait_ms: i64,
    /// How long the verification of a login may take.
    pub verify_wait: Duration,
    /// How long a connection that is to end may take to read what is left for it.
    pub linger_ms: i64,
    /// The largest frame after login.
    pub frame_bytes: usize,
    /// What a connection may make the node hold before login.
    pub frame_bytes_before_login: usize,
    /// Frames that wait for one connection before it counts as stuck.
    pub queue_frames: usize,
    /// Bytes that wait for one connection before it counts as stuck.
    pub queue_bytes: usize,
    /// Malformed frames, frames that cannot be opened, or refused logins that end a connection.
    pub refusals_max: u8,
    /// Logins of one account.
    pub logins_per_minute: u32,
    /// Requests of one connection altogether.
    pub device_per_second: u32,
    /// Token registrations of one connection.
    pub tokens_per_minute: u32,
    /// When the node goes away, its devices come back elsewhere within this time, spread at random.
    pub move_wait_ms: u32,
    /// How often the deadlines of connections are looked at.
    pub tick: Duration,
}

impl Settings {
    /// The settings of a node with the usual bounds.
    pub fn new(node: i64, ticket_secrets: Vec<[u8; 32]>, seal: KeyPair) -> Self {
        Self {
            node,
            life: 0,
            ticket_secrets,
            seal,
            // At 8 KB each this is 800 MB.
            connections_max: 100_000,
            requests_max: 20_000,
            connection_requests_max: 8,
            heartbeat_ms: 120_000,
            silence_ms: 400_000,
            silence_web_ms: 60_000,
            login_wait_ms: limit::LOGIN_WAIT_MS,
            verify_wait: Duration::from_secs(5),
            linger_ms: 5_000,
            frame_bytes: limit::FRAME_BYTES,
            frame_bytes_before_login: limit::FRAME_BYTES_BEFORE_LOGIN,
            queue_frames: 256,
            queue_bytes: 1024 * 1024,
            refusals_max: 3,
            logins_per_minute: 30,
            device_per_second: 1_000,
            tokens_per_minute: 10,
            move_wait_ms: 5_000,
            tick: Duration::from_millis(100),
        }
    }

    /// How long a device of a platform may be silent, and how often it is told to say something.
    pub(crate) fn rhythm(&self, is_web: bool) -> (i64, i64) {
        if is_web {
            (self.silence_web_ms, self.heartbeat_ms.min(self.silence_web_ms / 3))
        } else {
            (self.silence_ms, self.heartbeat_ms.min(self.silence_ms / 3))
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("node", &self.node).finish_non_exhaustive()
    }
}
