//! Copies while serving, and putting them back.

use std::fs;

use contract::{Error, Failure, Result};
use store::testing::{TestEngine, TestStore, permissive};
use store::{Settings, Store, restore, sql};

use crate::support::{APP, NOW, draft, number, send_all};

fn is_refused(outcome: &Result<()>, why: &str) -> bool {
    matches!(outcome, Err(Error::Failure(Failure::Unavailable(what))) if what.contains(why))
}

#[tokio::test]
async fn a_backup_made_while_serving_is_a_whole_store() {
    let store = TestStore::open(TestEngine::Sqlite, permissive()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (copy, target) = (folder.path().join("copy.db"), folder.path().join("restored.db"));
    let before = send_all(&store, (0..500).map(|n| draft("alice", &format!("r{}", n % 9), n, NOW)).collect());
    assert!(before.await.iter().all(Result::is_ok));
    let during = send_all(&store, (500..1_500).map(|n| draft("alice", &format!("r{}", n % 9), n, NOW)).collect());
    let (sent, copied) = futures_util::future::join(during, store.backup(&copy)).await;
    copied.unwrap();
    assert!(sent.iter().all(Result::is_ok));
    assert!(is_refused(&store.backup(&copy).await, "not overwritten"));

    restore(&copy, &target).unwrap();
    let restored = Store::open(&Settings::sqlite(&target), permissive()).await.unwrap();
    let count = number(&restored, APP, sql!("SELECT COUNT(*) FROM messages WHERE app = $1")).await;
    assert!((500..=1_500).contains(&count), "{count}");
    let gaps = sql!(
        "SELECT COUNT(*) FROM conversations c WHERE app = $1
         AND seq <> (SELECT COUNT(*) FROM messages m WHERE m.app = c.app AND m.conversation = c.id)"
    );
    assert_eq!(number(&restored, APP, gaps).await, 0);
    restored.close().await;
    assert!(is_refused(&restore(&copy, &target), "not overwritten"));
    let left: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.ends_with(".partial")), "{left:?}");
}

#[tokio::test]
async fn only_a_sound_backup_of_ours_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    assert!(is_refused(&restore(&file("missing"), &file("t")), "no such file"));

    let foreign = rusqlite::Connection::open(file("foreign")).unwrap();
    foreign.execute_batch("CREATE TABLE t (a)").unwrap();
    drop(foreign);
    assert!(is_refused(&restore(&file("foreign"), &file("t")), "not a backup of this program"));

    fs::write(file("noise"), vec![7; 9_000]).unwrap();
    assert!(is_refused(&restore(&file("noise"), &file("t")), "noise: "));

    let store = TestStore::open(TestEngine::Sqlite, permissive()).await.unwrap();
    let sent = send_all(&store, (0..500).map(|n| draft("alice", &format!("r{n}"), n, NOW)).collect()).await;
    assert!(sent.iter().all(Result::is_ok));
    store.backup(&file("copy")).await.unwrap();
    let mut bytes = fs::read(file("copy")).unwrap();
    // Every page but the first, which holds the schema and the header, is overwritten.
    bytes[8_192..].fill(0x5a);
    fs::write(file("damaged"), bytes).unwrap();
    let damaged = restore(&file("damaged"), &file("t"));
    assert!(matches!(damaged, Err(Error::Failure(Failure::Unavailable(_)))), "{damaged:?}");

    let newer = rusqlite::Connection::open(file("copy")).unwrap();
    newer.execute_batch("PRAGMA user_version = 9999").unwrap();
    drop(newer);
    assert!(is_refused(&restore(&file("copy"), &file("t")), "newer program"));
    assert!(!file("t").exists());
}

#[tokio::test]
async fn postgres_is_backed_up_by_its_own_tool() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    assert!(is_refused(&store.backup(std::path::Path::new("x")).await, "pg_dump"));
}
