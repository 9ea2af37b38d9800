//! Every statement of the crate, read from its source and prepared on both engines.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use store::Settings;
use store::testing::{TestEngine, TestStore, permissive};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::support::{APP, number};

/// Tables that belong to no app; everything else does.
const PLATFORM: [&str; 7] = ["apps", "secrets", "nodes", "audit", "schema_version", "cloud_accounts", "access_keys"];

/// A statement and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    place: String,
    sqlite: String,
    postgres: String,
}

/// Collects the literals of all `sql!` in a source text.
fn collect(place: &str, source: &str) -> Vec<Found> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |mut code, line| {
            code.push_str(line);
            code.push('\n');
            code
        });
    let mut found = Vec::new();
    for (start, _) in code.match_indices("sql!") {
        let rest = code[start + 4..].trim_start();
        let Some(rest) = rest.strip_prefix(['(', '{']) else { continue };
        let (label, text, rest) = argument(rest);
        let (sqlite, postgres) = match label {
            "" => (text.clone(), text),
            "sqlite" => {
                let (label, other, _) = argument(rest.trim_start().trim_start_matches(','));
                assert_eq!(label, "postgres", "{place}");
                (text, other)
            }
            "postgres" => (String::new(), text),
            other => panic!("{place}: {other}"),
        };
        found.push(Found { place: place.into(), sqlite, postgres });
    }
    found
}

/// Reads an optional label and a string literal.
fn argument(rest: &str) -> (&str, String, &str) {
    let quote = rest.find('"').expect("a literal");
    let label = rest[..quote].trim().trim_end_matches(':').trim();
    let mut text = String::new();
    let mut chars = rest[quote + 1..].char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (label, text, &rest[quote + 1 + at + 1..]),
            '\\' => {
                let (_, escaped) = chars.next().expect("an escaped character");
                assert!(matches!(escaped, '"' | '\\'), "an escape that this reader does not know: {escaped}");
                text.push(escaped);
            }
            other => text.push(other),
        }
    }
    panic!("a literal without an end")
}

fn all() -> Vec<Found> {
    fn walk(folder: &Path, found: &mut Vec<Found>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tx.rs") {
                found.extend(collect(&path.display().to_string(), &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 40, "the reader of statements has lost its way: {}", found.len());
    found
}

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    let store = TestStore::open(TestEngine::Sqlite, permissive()).await.unwrap();
    let conn = rusqlite::Connection::open(store.file().unwrap()).unwrap();
    let wrong: Vec<String> = all()
        .into_iter()
        .filter(|found| !found.sqlite.is_empty() && !found.sqlite.contains("schema_version"))
        .filter_map(|found| {
            let error = conn.prepare(&found.sqlite.replace('$', "?")).err()?;
            Some(format!("{}: {error}: {}", found.place, found.sqlite))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_statement_prepares_on_postgres() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let Settings::Postgres { url, .. } = store.settings() else { panic!("a store on PostgreSQL") };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let prepare = async {
        let mut wrong = Vec::new();
        for found in all() {
            if let Err(error) = client.prepare(&found.postgres).await {
                wrong.push(format!("{}: {:?}: {}", found.place, error.as_db_error(), found.postgres));
            }
        }
        wrong
    };
    let wrong = tokio::select! {
        wrong = prepare => wrong,
        ended = connection => panic!("the connection ended: {ended:?}"),
    };
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An index of what is open is tiny while nothing is, so PostgreSQL's planner prefers it to the key, and the plan outlives
/// that moment. With a million open rows each look by key would then go through all of them. So what knows a key must not
/// say what an index of some of the rows says, or say it as an expression.
#[tokio::test]
async fn a_statement_on_postgres_that_knows_a_key_does_not_go_by_an_index_of_some_rows() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let Settings::Postgres { url, .. } = store.settings() else { panic!("a store on PostgreSQL") };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let look = async {
        let set = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off";
        client.batch_execute(set).await.unwrap();
        let partial = partial_indexes(&client).await;
        assert!(partial.contains_key("deliveries_due"), "{partial:?}");
        let mut wrong = Vec::new();
        // Statements of the other engine's own append are never prepared here.
        let is_ours = |found: &&Found| !found.postgres.is_empty() && !found.place.ends_with("append/sqlite.rs");
        for found in all().iter().filter(is_ours) {
            let mut strays = Vec::new();
            stray(&plan(&client, &found.postgres).await, &partial, &mut strays);
            wrong.extend(strays.into_iter().map(|stray| format!("{}: {stray}: {}", found.place, found.postgres)));
        }
        wrong
    };
    let wrong = tokio::select! {
        wrong = look => wrong,
        ended = connection => panic!("the connection ended: {ended:?}"),
    };
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How a statement would run that is prepared before its parameters are known.
async fn plan(client: &Client, statement: &str) -> Value {
    let count = client.prepare(statement).await.unwrap().params().len();
    let nulls = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
    client.batch_execute(&format!("PREPARE looked_at AS {statement}")).await.unwrap();
    let answer = client.simple_query(&format!("EXPLAIN (FORMAT JSON) EXECUTE looked_at{nulls}")).await.unwrap();
    client.batch_execute("DEALLOCATE looked_at").await.unwrap();
    let text = answer.iter().find_map(|line| match line {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let plan: Value = serde_json::from_str(text.unwrap()).unwrap();
    plan[0]["Plan"].clone()
}

/// The indexes of some of a table's rows, each with the columns of the table's key.
async fn partial_indexes(client: &Client) -> HashMap<String, Vec<String>> {
    let rows = client
        .query(
            "SELECT c.relname::text,
                    ARRAY(SELECT a.attname::text FROM pg_index k JOIN pg_attribute a
                              ON a.attrelid = k.indrelid AND a.attnum = ANY (k.indkey::int[])
                          WHERE k.indrelid = i.indrelid AND k.indisprimary)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             WHERE c.relnamespace = current_schema()::regnamespace AND i.indpred IS NOT NULL",
            &[],
        )
        .await
        .unwrap();
    rows.into_iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Collects the scans of a plan that look at each row of such an index for a column of the key.
fn stray(node: &Value, partial: &HashMap<String, Vec<String>>, strays: &mut Vec<String>) {
    let text = |name: &str| node[name].as_str().unwrap_or_default();
    let (index, filter) = (text("Index Name"), text("Filter"));
    let is_known = |column: &String| column != "app" && filter.contains(&format!("({column} = "));
    if partial.get(index).is_some_and(|key| key.iter().any(is_known)) {
        strays.push(format!("{index} by {}, filter {filter}", text("Index Cond")));
    }
    node["Plans"].as_array().into_iter().flatten().for_each(|inner| stray(inner, partial, strays));
}

#[tokio::test]
async fn a_table_that_has_grown_on_postgres_is_analyzed() {
    let Some(store) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let fill = store::sql!(
        postgres: "INSERT INTO accounts (app, id, created_at) SELECT $1, 'u' || n, 0 FROM generate_series(1, 2000) AS n"
    );
    store.write(APP, move |tx| tx.run(fill, (tx.app(),))).await.unwrap();
    let known = store::sql!(
        postgres: "SELECT COUNT(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'accounts'
                   AND attname = 'app' AND $1 > 0"
    );
    let deadline = Instant::now() + Duration::from_mins(1);
    while number(&store, APP, known).await == 0 {
        assert!(Instant::now() < deadline, "the planner still knows nothing of the accounts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn every_statement_on_an_apps_data_names_the_app() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut tables = Vec::new();
    for entry in fs::read_dir(migrations).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        tables.extend(text.lines().filter_map(|line| {
            let name = line.strip_prefix("CREATE TABLE ")?.split_whitespace().next()?.trim_end_matches('(');
            Some(name.to_owned())
        }));
    }
    tables.retain(|table| !PLATFORM.contains(&table.as_str()));
    assert!(tables.iter().any(|table| table == "messages"), "{tables:?}");
    for found in all() {
        for text in [&found.sqlite, &found.postgres] {
            let words: Vec<&str> = text.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
            let is_tenants = words.iter().any(|word| tables.iter().any(|table| table == word));
            assert!(!is_tenants || words.contains(&"app"), "{found:?} reads an app's data without naming the app");
        }
    }
}

#[test]
fn the_reader_of_statements_sees_pairs_and_ends() {
    let source =
        "x(sql!(\"A \\\"b\\\"\")); // sql!(\"no\"\n sql!{ sqlite: \"S\",\n postgres: \"P\" }; sql!(postgres: \"Q\")";
    let texts: Vec<(String, String)> =
        collect("here", source).into_iter().map(|found| (found.sqlite, found.postgres)).collect();
    let expected = [("A \"b\"", "A \"b\""), ("no", "no"), ("S", "P"), ("", "Q")];
    assert_eq!(texts, expected.map(|(sqlite, postgres)| (sqlite.to_owned(), postgres.to_owned())));
}

#[tokio::test]
async fn no_statement_on_an_apps_data_scans_a_whole_table() {
    let store = TestStore::open(TestEngine::Sqlite, permissive()).await.unwrap();
    let conn = rusqlite::Connection::open(store.file().unwrap()).unwrap();
    // As the store's own connections plan.
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    conn.execute_batch("PRAGMA automatic_index = OFF").unwrap();
    let mut scans = Vec::new();
    for found in all().iter().filter(|found| !found.sqlite.is_empty() && !found.sqlite.contains("schema_version")) {
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", found.sqlite.replace('$', "?"))).unwrap();
        let lines: Vec<String> =
            plan.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<_, _>>().unwrap();
        let is_scan = |line: &&String| {
            // These are inner queries, bounded by the search inside them, and a list of parameters.
            let bounded = [
                "CONSTANT",
                "recent",
                "alive",
                "firsts",
                "json_each",
                "u",
                "lows",
                "highs",
                "page",
                "live",
                "imported",
            ];
            // A search that knows only the app goes through all that the app has, and so does one from a place on,
            // where the statement asks for somebody's rows.
            let talks =
                ["conversations ", "memberships ", "messages ", "contacts ", "friends ", "group_members ", "g ", "m "];
            let is_of_one = ["account =", "owner =", "friend ="].iter().any(|column| found.sqlite.contains(column));
            let is_app_only = line.ends_with("(app=?)")
                || (is_of_one && line.ends_with(">?)") && {
                    let (_, known) = line.rsplit_once('(').unwrap();
                    !known.split(" AND ").skip(1).any(|column| column.contains("=?"))
                });
            let is_whole_app = is_app_only && talks.iter().any(|table| line.contains(&format!(" {table}")));
            is_whole_app
                || line.strip_prefix("SCAN ").is_some_and(|rest| {
                    let table = rest.split_whitespace().next().unwrap_or_default();
                    // A list that came with the statement is as long as its caller made it.
                    let is_given = rest.contains("VIRTUAL TABLE");
                    !is_given && !PLATFORM.contains(&table) && !bounded.contains(&table)
                })
        };
        if let Some(line) = lines.iter().find(is_scan) {
            scans.push(format!("{}: {line}: {}", found.place, found.sqlite));
        }
    }
    assert!(scans.is_empty(), "{scans:#?}");
}
