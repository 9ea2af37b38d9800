//! What a node promises when things go wrong around it: it is killed, its disk fills, its database goes away, its clients
//! are slow, it is told to stop.
//!
//! * `process`: the real binary as a process of its own. `traffic`: senders that remember what they were told, and
//!   compare it with what is there.
//! * `kill`, `stop`: how a process ends; `hooks`: what is told when it is killed. `walk`, `grouped`: a push to all devices, and one to a group, when it is killed. `trouble`: the store under a node. `slow`: the clients in front of it.

mod grouped;
mod hooks;
mod kill;
mod process;
mod slow;
mod stop;
mod traffic;
mod trouble;
mod walk;

use std::time::{Duration, Instant};

/// The figures of a run; the test harness shows them when asked or when the test fails.
#[expect(clippy::print_stdout, reason = "how much was tried is what such a test is worth")]
fn say(text: &str) {
    println!("{text}");
}

/// What a dead node has claimed is held for half a minute; then another takes it up.
const WAIT: Duration = Duration::from_mins(2);

/// Waits until something is so, as long as that takes where a node was killed.
async fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + WAIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "it takes too long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
