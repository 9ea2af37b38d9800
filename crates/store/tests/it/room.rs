//! No room is left: nothing acknowledged is lost, and the writer goes on when there is room again.

use contract::{AppId, Error, Failure, Result};
use store::testing::{TestEngine, TestStore, permissive};
use store::{Store, sql};

use crate::support::{APP, NOW, draft, number, put, send_all};

/// Lets the file grow, or not.
async fn let_grow(store: &Store, may_grow: bool) {
    let set: Result<()> = store
        .write(AppId::PLATFORM, move |tx| {
            // SQLite raises the bound to what the file has already.
            let bound =
                if may_grow { sql!("PRAGMA max_page_count = 1073741823") } else { sql!("PRAGMA max_page_count = 1") };
            tx.one::<(i64,)>(bound, ()).map(|_| ())
        })
        .await;
    set.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_said_and_the_next_send_after_it_succeeds() {
    let mut store = TestStore::open(TestEngine::Sqlite, permissive()).await.unwrap();
    let large = |seq: u32| {
        let mut draft = draft("alice", &format!("r{}", seq % 50), seq, NOW);
        draft.body = format!("[\"{}\"]", "x".repeat(3_000));
        draft
    };
    let mut stored = 0;
    for sent in send_all(&store, (0..300).map(large).collect()).await {
        assert!(!sent.unwrap().duplicate);
        stored += 1;
    }
    for round in 1..=3_u32 {
        let_grow(&store, false).await;
        let sends = (0..300).map(|n| large(round * 1_000 + n)).collect();
        let mut refused = 0;
        for sent in send_all(&store, sends).await {
            match sent {
                Ok(_) => stored += 1,
                Err(Error::Failure(Failure::Full(_))) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused > 0);
        let job = store.write(APP, |tx| put(tx, "large", &vec![0; 1 << 20])).await;
        assert!(matches!(job, Err(Error::Failure(Failure::Full(_)))), "{job:?}");
        let_grow(&store, true).await;
        for sent in send_all(&store, (0..50).map(|n| large(round * 1_000 + 500 + n)).collect()).await {
            assert!(!sent.unwrap().duplicate);
            stored += 1;
        }
    }
    store.reopen(permissive()).await;
    assert_eq!(number(&store, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await, stored);
    let gaps = sql!(
        "SELECT COUNT(*) FROM conversations c WHERE app = $1
         AND seq <> (SELECT COUNT(*) FROM messages m WHERE m.app = c.app AND m.conversation = c.id)"
    );
    assert_eq!(number(&store, APP, gaps).await, 0);
}

#[tokio::test]
async fn the_log_is_kept_short_while_the_store_writes() {
    let store = TestStore::open(TestEngine::Sqlite, permissive()).await.unwrap();
    let file = store.file().unwrap();
    let log = file.with_file_name("noroshi.db-wal");
    let mut largest = 0;
    for round in 0..60 {
        store.write(APP, move |tx| put(tx, &round.to_string(), &vec![1; 4 << 20])).await.unwrap();
        largest = largest.max(std::fs::metadata(&log).unwrap().len());
    }
    // 240 MB went through a log that begins anew at 64 MB, or at 128 MB if the disk cannot keep up.
    assert!(largest < 150 << 20, "{largest}");
    store.close().await;
    assert!(!log.exists() || std::fs::metadata(&log).unwrap().len() == 0);
}
