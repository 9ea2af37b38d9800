//! Small helpers that read like sentences.

use std::sync::Arc;

use contract::message::Flags;
use contract::{AppId, Error, Failure, Millis, Result, UserId};
use store::append::{Draft, DraftKind, Sent};
use store::{Store, Tx, sql};

pub(crate) const APP: AppId = AppId(1_400_000_001);
pub(crate) const OTHER: AppId = AppId(1_400_000_002);
pub(crate) const NOW: Millis = Millis(1_800_000_000_000);

pub(crate) fn user(id: &str) -> UserId {
    UserId::trusted(id)
}

/// A live draft without surprises.
pub(crate) fn draft(sender: &str, receiver: &str, msg_seq: u32, at: Millis) -> Draft {
    Draft {
        sender: user(sender),
        receiver: user(receiver),
        group: None,
        msg_seq: Some(msg_seq),
        msg_random: 7,
        at,
        kind: DraftKind::Live,
        body: format!("[\"{sender} {msg_seq}\"]"),
        cloud: String::new(),
        flags: Flags::COUNTS.with(Flags::IN_SENDER_VIEW).with(Flags::MOVES_LIST).0,
        expires_at: at.plus(1_000),
        push: None,
        origin: None,
        is_admin: false,
        friends_only: false,
        told: None,
    }
}

pub(crate) fn import(sender: &str, receiver: &str, msg_seq: u32, at: Millis) -> Draft {
    Draft { kind: DraftKind::Import { counts: false, came_at: NOW }, ..draft(sender, receiver, msg_seq, at) }
}

pub(crate) async fn send(store: &Store, draft: Draft) -> Sent {
    store.send(APP, draft).await.expect("the send is stored")
}

/// Stores an account; `reach` is its number of reachable devices.
pub(crate) async fn account(store: &Store, id: &str, reach: i64) {
    let id = user(id);
    store
        .write(APP, move |tx| {
            tx.run(
                sql!(
                    "INSERT INTO accounts (app, id, created_at, reach) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (app, id) DO UPDATE SET reach = $4"
                ),
                (tx.app(), &id, NOW, reach),
            )
        })
        .await
        .expect("the account is stored");
}

/// Reads one number.
pub(crate) async fn number(store: &Store, app: AppId, sql: store::Sql) -> i64 {
    store.read(app, move |snapshot| snapshot.one::<(i64,)>(sql, (snapshot.app(),))).await.expect("a number").0
}

/// Writes a secret, which is the smallest row there is.
pub(crate) fn put(tx: &mut Tx<'_>, name: &str, value: &[u8]) -> Result<u64> {
    tx.run(sql!("INSERT INTO secrets (name, value) VALUES ($1, $2)"), (name, value))
}

pub(crate) async fn secrets(store: &Store) -> Vec<String> {
    let rows: Result<Vec<(String,)>> =
        store.read(APP, |snapshot| snapshot.all(sql!("SELECT name FROM secrets ORDER BY name"), ())).await;
    rows.expect("the secrets are read").into_iter().map(|row| row.0).collect()
}

pub(crate) fn is_internal<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Failure(Failure::Internal(_))))
}

pub(crate) fn is_full<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Failure(Failure::Full(_))))
}

pub(crate) fn is_unavailable<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Failure(Failure::Unavailable(_))))
}

/// Waits, within a bound, until something is true.
pub(crate) async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_true().await {
        assert!(std::time::Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Runs many sends at once and answers their outcomes in order.
pub(crate) async fn send_all(store: &Store, drafts: Vec<Draft>) -> Vec<Result<Sent>> {
    let store = Arc::new(store.clone());
    let sends = drafts.into_iter().map(|draft| {
        let store = Arc::clone(&store);
        async move { store.send(APP, draft).await }
    });
    futures_util::future::join_all(sends).await
}
