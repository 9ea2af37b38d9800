//! A round trip of one millisecond more: passes bytes on half a millisecond later, in each direction.
//!
//! Threads, because the timers of the runtime count whole milliseconds.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Outcome;

/// How much later, where nothing else is said.
const DELAY: Duration = Duration::from_micros(500);
/// Chunks on their way.
const CHUNKS: usize = 1_024;

/// Listens on a free port and passes on to another for as long as the process lives. Answers the port.
pub(crate) fn start(to: u16) -> Outcome<u16> {
    start_far(to, DELAY)
}

/// As [`start`], with another delay in each direction.
pub(crate) fn start_far(to: u16, delay: Duration) -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::Builder::new().name("proxy".into()).spawn(move || {
        for client in listener.incoming().flatten() {
            if let Ok(server) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], to))) {
                // A connection that cannot be served ends when its ends are dropped.
                drop(join(&client, &server, delay));
            }
        }
    })?;
    Ok(port)
}

fn join(client: &TcpStream, server: &TcpStream, delay: Duration) -> Outcome {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    pass(client.try_clone()?, server.try_clone()?, delay)?;
    pass(server.try_clone()?, client.try_clone()?, delay)
}

fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) -> Outcome {
    let (queue, chunks) = mpsc::sync_channel::<(Instant, Vec<u8>)>(CHUNKS);
    std::thread::Builder::new().spawn(move || {
        let mut space = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut space) {
            if queue.send((Instant::now() + delay, space[..count].to_vec())).is_err() {
                return;
            }
        }
    })?;
    std::thread::Builder::new().spawn(move || {
        while let Ok((due, bytes)) = chunks.recv() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Both));
    })?;
    Ok(())
}
