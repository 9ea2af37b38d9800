//! A server behind a line that breaks: away for a while, or gone just when it answers a commit.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use store::testing::{TestEngine, TestStore, permissive};
use store::{Settings, Store, sql};

use crate::support::{APP, NOW, account, draft, is_unavailable, number, put, until};

const THROUGH: u8 = 0;
const AWAY: u8 = 1;
/// The next answer to a COMMIT is swallowed and its connection cut.
const CUT_AT_COMMIT: u8 = 2;
const STOPPED: u8 = 3;

/// Forwards bytes between us and the server, as long as it likes.
struct Line {
    address: SocketAddr,
    mode: Arc<AtomicU8>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    accepting: Option<JoinHandle<()>>,
}

impl Line {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, open) = (Arc::new(AtomicU8::new(THROUGH)), Arc::new(Mutex::new(Vec::new())));
        let (at, connections) = (Arc::clone(&mode), Arc::clone(&open));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                match at.load(Ordering::SeqCst) {
                    STOPPED => return,
                    AWAY => continue,
                    _ => {}
                }
                let (near, far) = (stream.unwrap(), TcpStream::connect(server).unwrap());
                connections.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                pump(near.try_clone().unwrap(), far.try_clone().unwrap(), None);
                pump(far, near, Some(Arc::clone(&at)));
            }
        });
        Self { address, mode, open, accepting: Some(accepting) }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
        if mode == AWAY || mode == STOPPED {
            for stream in self.open.lock().unwrap().drain(..) {
                drop(stream.shutdown(Shutdown::Both));
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.set(STOPPED);
        drop(TcpStream::connect(self.address));
        self.accepting.take().unwrap().join().unwrap();
    }
}

/// Forwards one direction until either end closes.
fn pump(mut from: TcpStream, mut to: TcpStream, mode: Option<Arc<AtomicU8>>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            let answers_commit = || buffer[..len].windows(7).any(|bytes| bytes == b"COMMIT\0");
            let is_cut = mode.as_ref().is_some_and(|mode| {
                answers_commit()
                    && mode.compare_exchange(CUT_AT_COMMIT, THROUGH, Ordering::SeqCst, Ordering::SeqCst).is_ok()
            });
            if is_cut || to.write_all(&buffer[..len]).is_err() {
                break;
            }
        }
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    });
}

/// A store of its own, and a second node on it whose line can be broken.
async fn behind_a_line() -> Option<(TestStore, Store, Line)> {
    let store = TestStore::open(TestEngine::Postgres, permissive()).await?;
    let Settings::Postgres { url, statement_ms, .. } = store.settings().clone() else { panic!("PostgreSQL") };
    let config: tokio_postgres::Config = url.parse().unwrap();
    let port = config.get_ports().first().copied().unwrap_or(5_432);
    let line = Line::to(SocketAddr::from(([127, 0, 0, 1], port)));
    let broken = url.replacen(&format!(":{port}"), &format!(":{}", line.address.port()), 1);
    assert_ne!(url, broken, "the test url names its port");
    let settings = Settings::Postgres { url: broken, threads: 3, statement_ms, away_ms: 300 };
    let node = Store::open(&settings, permissive()).await.unwrap();
    Some((store, node, line))
}

#[tokio::test]
async fn jobs_are_refused_while_the_server_is_away_and_go_on_when_it_is_back() {
    let Some((_store, node, line)) = behind_a_line().await else { return };
    node.write(APP, |tx| put(tx, "before", b"x")).await.unwrap();
    node.send(APP, draft("alice", "bob", 1, NOW)).await.unwrap();
    line.set(AWAY);
    let began = std::time::Instant::now();
    assert!(is_unavailable(&node.write(APP, |tx| put(tx, "meanwhile", b"x")).await));
    assert!(is_unavailable(&node.send(APP, draft("alice", "bob", 2, NOW)).await));
    assert!(is_unavailable(
        &node.read(APP, |snapshot| snapshot.opt::<(i64,)>(sql!("SELECT COUNT(*) FROM secrets"), ())).await
    ));
    assert!(began.elapsed().as_secs() < 10);
    line.set(THROUGH);
    until("writes go on", async || node.write(APP, |tx| put(tx, "after", b"x")).await.is_ok()).await;
    until("sends go on", async || node.send(APP, draft("alice", "bob", 3, NOW)).await.is_ok()).await;
    assert_eq!(crate::support::secrets(&node).await, ["after", "before"]);
    assert_eq!(number(&node, APP, sql!("SELECT MAX(seq) FROM messages WHERE app = $1")).await, 2);
    node.close().await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unavailable_and_never_done_twice() {
    let Some((store, node, line)) = behind_a_line().await else { return };
    account(&node, "alice", 0).await;
    line.set(CUT_AT_COMMIT);
    let write = node
        .write(APP, |tx| {
            tx.run(sql!("UPDATE accounts SET reach = reach + 1 WHERE app = $1 AND id = $2"), (tx.app(), "alice"))
        })
        .await;
    assert!(is_unavailable(&write), "{write:?}");
    assert_eq!(number(&store, APP, sql!("SELECT reach FROM accounts WHERE app = $1")).await, 1);
    line.set(CUT_AT_COMMIT);
    let sent = node.send(APP, draft("alice", "bob", 1, NOW)).await;
    assert!(is_unavailable(&sent), "{sent:?}");
    assert_eq!(number(&store, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await, 1);
    // The caller asks again, as it should, and learns that the first one was stored.
    let again = node.send(APP, draft("alice", "bob", 1, NOW)).await.unwrap();
    assert!(again.duplicate);
    node.close().await;
}
