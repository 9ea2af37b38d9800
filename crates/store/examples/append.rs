//! Measures sends a second: the store on SQLite, a hand-written loop over the same file, and the store on PostgreSQL.
//!
//! `cargo run --release -p store --example append -- FOLDER STORED SECONDS [POSTGRES_URL]`
//!
//! FOLDER and the database are empty at first: a second run would send the same messages, which are known then.
//! 512 callers send 300-byte messages to 300,000 conversations of 100,000 accounts, drawn log-uniformly, which is close
//! to a Zipf distribution. STORED messages are there before the clock starts. The phases alternate twice.
//!
//! On 2 cores (Xeon VM, 24 GB, virtual disk), quiet, 1,000,000 stored, 8 s: the store on SQLite 18,500 and 18,300 sends a
//! second, by hand 14,400 and 15,000 (its checkpoints run inside its commits). 200,000 stored, 6 s, PostgreSQL 15 on the
//! same cores: 21,700 and 20,700.
#![expect(clippy::print_stdout, reason = "a measurement is printed")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails has no result")]
#![expect(clippy::cast_precision_loss, reason = "rates are rounded anyway")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contract::{AppId, ConversationId, Millis, Result, UserId};
use rusqlite::{Connection, params};
use store::append::{Draft, DraftKind};
use store::{Hooks, Settings, Store, sql};

const APP: AppId = AppId(1);
const ACCOUNTS: u64 = 100_000;
const CONVERSATIONS: f64 = 300_000.0;
const CALLERS: u64 = 512;
const START: i64 = 1_800_000_000_000;

/// A small generator with a printed seed would be overkill: the sequence is fixed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pair(&mut self) -> (UserId, UserId) {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let conversation = CONVERSATIONS.powf(unit) as u64;
        let user = |salt: u64| UserId::trusted(&format!("u{}", conversation.wrapping_mul(salt) % ACCOUNTS));
        (user(0x9e37_79b9_7f4a_7c15), user(0xc2b2_ae3d_27d4_eb4f))
    }

    fn body(&mut self) -> String {
        format!("[{{\"MsgType\":\"TIMTextElem\",\"Text\":\"{:016x}{}\"}}]", self.next(), "x".repeat(240))
    }
}

fn hooks() -> Hooks {
    Hooks { decide: |_, _| Ok(()), announce: Arc::new(|_, _| {}) }
}

async fn accounts(store: &Store) -> Result<()> {
    for part in 0..ACCOUNTS / 1_000 {
        store
            .write(APP, move |tx| {
                tx.many(
                    sql!(
                        "INSERT INTO accounts (app, id, created_at) VALUES ($1, $2, 0)
                         ON CONFLICT (app, id) DO NOTHING"
                    ),
                    (part * 1_000..(part + 1) * 1_000).map(|n| (APP, format!("u{n}"))),
                )
            })
            .await?;
    }
    Ok(())
}

/// Sends from all callers for a while, or until so many are stored; answers sends a second.
async fn sends(store: &Store, seconds: u64, most: u64, from: i64) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let (store, done) = (store.clone(), Arc::clone(&done));
        callers.spawn(async move {
            let mut dice = Dice(0x1234_5678_9abc_def1 ^ (caller << 32) ^ from as u64);
            while Instant::now() < end && done.load(Ordering::Relaxed) < most {
                let (sender, receiver) = dice.pair();
                let draft = Draft {
                    sender,
                    receiver,
                    msg_seq: Some(dice.next() as u32),
                    msg_random: dice.next() as u32,
                    at: Millis(from).plus(began.elapsed().as_millis() as i64),
                    kind: DraftKind::Live,
                    body: dice.body(),
                    cloud: String::new(),
                    flags: 0x13,
                    expires_at: Millis(from),
                    push: None,
                    origin: None,
                    is_admin: false,
                };
                assert!(!store.send(APP, draft).await.unwrap().duplicate);
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// The same work by hand: one thread, 256 messages a transaction, prepared statements, nothing else.
fn by_hand(path: &Path, seconds: u64, most: u64, from: i64, is_durable: bool) -> f64 {
    let conn = Connection::open(path).unwrap();
    conn.set_prepared_statement_cache_capacity(64);
    let durable = if is_durable { "FULL" } else { "OFF" };
    conn.execute_batch(&format!("PRAGMA cache_size = -262144; PRAGMA synchronous = {durable}")).unwrap();
    let run = |text: &str, values: &[&dyn rusqlite::ToSql]| conn.prepare_cached(text).unwrap().execute(values).unwrap();
    let mut dice = Dice(from as u64 | 1);
    let began = Instant::now();
    let mut done = 0;
    while began.elapsed().as_secs() < seconds && done < most {
        run("BEGIN IMMEDIATE", &[]);
        let now = from + began.elapsed().as_millis() as i64;
        for _ in 0..256 {
            let (sender, receiver) = dice.pair();
            let id = ConversationId::pair(&sender, &receiver).0;
            for user in [&sender, &receiver] {
                let _: (i64, i64) = conn
                    .prepare_cached("SELECT deleted_at, reach FROM accounts WHERE app = ?1 AND id = ?2")
                    .unwrap()
                    .query_row(params![APP.0, user.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                    .unwrap();
            }
            let seq: i64 = conn
                .prepare_cached(
                    "INSERT INTO conversations (app, id, kind, low, high, seq, last_at, last_seq, moved_at)
                     VALUES (?1, ?2, 0, ?3, ?4, 1, ?5, 1, ?5)
                     ON CONFLICT (app, id) DO UPDATE SET seq = seq + 1, last_at = ?5, last_seq = seq + 1, moved_at = ?5
                     RETURNING seq",
                )
                .unwrap()
                .query_row(
                    params![
                        APP.0,
                        id,
                        sender.as_str().min(receiver.as_str()),
                        sender.as_str().max(receiver.as_str()),
                        now
                    ],
                    |row| row.get(0),
                )
                .unwrap();
            let (msg_seq, random) = (dice.next() as u32, dice.next() as u32);
            run(
                "INSERT INTO messages (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags,
                                       expires_at, grouped, crc)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', 19, ?7, 0, ?5)",
                params![APP.0, id, seq, now / 1_000, msg_seq, random, now, sender.as_str(), dice.body()],
            );
            for (account, peer) in [(&sender, &receiver), (&receiver, &sender)] {
                run(
                    "INSERT INTO memberships (app, account, conversation, peer) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO NOTHING",
                    params![APP.0, account.as_str(), id, peer.as_str()],
                );
            }
        }
        run("COMMIT", &[]);
        done += 256;
    }
    done as f64 / began.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, stored, seconds, rest @ ..] = arguments.as_slice() else {
        println!("append FOLDER STORED SECONDS [POSTGRES_URL]");
        return;
    };
    let (stored, seconds): (u64, u64) = (stored.parse().unwrap(), seconds.parse().unwrap());
    let path = Path::new(folder).join("append.db");
    let settings = Settings::sqlite(&path);
    let store = Store::open(&settings, hooks()).await.unwrap();
    accounts(&store).await.unwrap();
    store.close().await;
    by_hand(&path, u64::MAX, stored, START, false);
    let mut from = START;
    for round in 1..=2 {
        from += 10_000_000;
        let store = Store::open(&settings, hooks()).await.unwrap();
        let ours = sends(&store, seconds, u64::MAX, from).await;
        store.close().await;
        from += 10_000_000;
        let hand = by_hand(&path, seconds, u64::MAX, from, true);
        println!("round {round}: store on SQLite {ours:.0}/s, by hand {hand:.0}/s, ratio {:.2}", ours / hand);
    }
    if let [url, ..] = rest {
        let store = Store::open(&Settings::postgres(url), hooks()).await.unwrap();
        accounts(&store).await.unwrap();
        sends(&store, 3_600, stored, from).await;
        for round in 1..=2 {
            from += 10_000_000;
            println!("round {round}: store on PostgreSQL {:.0}/s", sends(&store, seconds, u64::MAX, from).await);
        }
        store.close().await;
    }
}
