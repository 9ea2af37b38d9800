//! The schema: made once, by whoever comes first, and never by an older program over a newer one.

use contract::{Error, Failure};
use store::Store;
use store::testing::{TestEngine, TestStore, on_server, permissive};

use crate::support::{APP, put, secrets};

fn asks_for_a_newer_program<T>(outcome: &contract::Result<T>) -> bool {
    matches!(outcome, Err(Error::Failure(Failure::Unavailable(what))) if what.contains("newer program"))
}

#[tokio::test]
async fn a_store_opens_again_with_its_data() {
    for engine in [TestEngine::Sqlite, TestEngine::Postgres] {
        let Some(mut store) = TestStore::open(engine, permissive()).await else { continue };
        store.write(APP, |tx| put(tx, "kept", b"x")).await.unwrap();
        store.reopen(permissive()).await;
        assert_eq!(secrets(&store).await, ["kept"]);
    }
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let store = TestStore::open(TestEngine::Sqlite, permissive()).await.unwrap();
    store.close().await;
    let file = rusqlite::Connection::open(store.file().unwrap()).unwrap();
    file.execute_batch("PRAGMA user_version = 9999").unwrap();
    drop(file);
    assert!(asks_for_a_newer_program(&Store::open(store.settings(), permissive()).await));
}

#[tokio::test]
async fn a_file_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let opened = Store::open(&store::Settings::sqlite(&path), permissive()).await;
    assert!(matches!(opened, Err(Error::Failure(Failure::Unavailable(what))) if what.contains("another program")));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let store::Settings::Postgres { url, .. } = store.settings().clone() else { panic!("a store on PostgreSQL") };
    on_server(url, "INSERT INTO schema_version (version) VALUES (9999)".into()).unwrap();
    assert!(asks_for_a_newer_program(&Store::open(store.settings(), permissive()).await));
}

#[tokio::test]
async fn many_nodes_may_start_at_once_on_an_empty_database() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let store::Settings::Postgres { url, statement_ms, away_ms, .. } = store.settings().clone() else {
        panic!("a store on PostgreSQL")
    };
    // The same schema name with a suffix, made empty; it goes with the test's own.
    let name = url.rsplit("%3D").next().unwrap().to_owned();
    on_server(url.clone(), format!("CREATE SCHEMA {name}_empty")).unwrap();
    let empty = store::Settings::Postgres { url: format!("{url}_empty"), threads: 2, statement_ms, away_ms };
    let starts = (0..6).map(|_| Store::open(&empty, permissive()));
    let nodes = futures_util::future::join_all(starts).await;
    for (number, node) in nodes.iter().enumerate() {
        node.as_ref().unwrap().write(APP, move |tx| put(tx, &number.to_string(), b"x")).await.unwrap();
    }
    assert_eq!(secrets(nodes[0].as_ref().unwrap()).await.len(), 6);
    for node in nodes {
        node.unwrap().close().await;
    }
    on_server(url, format!("DROP SCHEMA {name}_empty CASCADE")).unwrap();
}
