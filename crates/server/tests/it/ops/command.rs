//! The commands of the binary, on a store of their own and on that of a node that serves.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use server::clock::Clock;
use server::node::{Node, Running};

use crate::ops::office::{Installation, noroshi, stderr};

/// Serves an installation in this process and notes in its file where.
pub(crate) async fn start(installation: &Installation) -> Running {
    let config = installation.config();
    server::dev::make_private_folder(&config.data).expect("the folder is made");
    let node = Node::open(&config, Clock::default()).await.expect("the node opens");
    let running = Running::start(node, &config, None).await.expect("the node starts");
    let (http, admin) = (running.http.expect("HTTP"), running.admin.expect("admin"));
    installation.edit("http = \"127.0.0.1:0\"", &format!("http = \"{http}\""));
    installation.edit("admin = \"127.0.0.1:0\"", &format!("admin = \"{admin}\""));
    running
}

#[test]
fn init_makes_closed_files_and_overwrites_nothing() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let target = folder.path().join("new \"folder\"");
    let dir = target.to_str().expect("UTF-8");
    let output = noroshi(&["init", "--dir", dir]);
    assert!(output.status.success(), "{}", stderr(&output));
    let names = ["master.key", "admin.token", "noroshi.toml"];
    let read = || names.map(|name| std::fs::read_to_string(target.join(name)).expect("the file is there"));
    let made = read();
    for name in names {
        let mode = target.join(name).metadata().expect("the file is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!String::from_utf8_lossy(&output.stdout).contains(made[0].trim()), "the key is not printed");
    let config = server::config::Config::read(&target.join("noroshi.toml")).expect("the file is read");
    assert_eq!((config.data.clone(), config.problems()), (target.join("data"), Vec::new()));
    assert_eq!(config.secrets.master_key().expect("the key is found"), made[0].trim());
    assert_eq!(config.secrets.admin_token().expect("the token is found"), made[1].trim());

    let again = noroshi(&["init", "--dir", dir]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("is not overwritten"));
    assert_eq!(read(), made);
    // One file that is there is enough; the others are not made beside it.
    for name in &names[..2] {
        std::fs::remove_file(target.join(name)).expect("removed");
    }
    assert_eq!(noroshi(&["init", "--dir", dir]).status.code(), Some(1));
    assert!(!target.join("master.key").exists());
}

/// Goes through the life of an app; the answers are the same whoever gives them.
fn walk(installation: &Installation, id: &str) {
    let key = installation.path().join("key.txt");
    std::fs::write(&key, "the-key-of-the-cloud\n").expect("written");
    let key = format!("@{}", key.display());
    let create = [
        "app",
        "create",
        "--sdk-app-id",
        id,
        "--secret-key",
        &key,
        "--access-key-id",
        "LTAI5t",
        "--access-key-secret",
        "sss",
        "--mpaas-app-id",
        id,
        "--workspace-id",
        "PROD",
        "--name",
        "Shop",
        "--admin",
        "root",
        "--admin",
        "deputy",
    ];
    let made = installation.json(&create);
    assert_eq!(made["secrets"]["secret_keys"], json!(["the-key-of-the-cloud"]));
    assert_eq!(made["secrets"]["access_keys"], json!([{ "id": "LTAI5t", "secret": "sss" }]));
    assert_eq!((&made["admins"], &made["workspace_id"]), (&json!(["root", "deputy"]), &json!("PROD")));
    let again = installation.run(&["app", "create", "--sdk-app-id", id]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("an app has this id already"), "{}", stderr(&again));
    assert!(installation.ok(&["app", "list"]).contains(&format!("{id}\tShop\tactive\tunlimited\n")));
    walk_keys(installation, id);
    walk_settings(installation, id, &key);
}

fn walk_keys(installation: &Installation, id: &str) {
    assert!(installation.json(&["app", "show", id]).get("secrets").is_none());
    let rotated = installation.json(&["app", "rotate", id]);
    assert_eq!(rotated["signing_keys"].as_array().map(Vec::len), Some(2));
    let old = rotated["signing_keys"][1]["key"].as_str().expect("the old key").to_owned();
    let left = installation.json(&["app", "delete-key", id, &old]);
    assert_eq!(left["signing_keys"].as_array().map(Vec::len), Some(1));
    let rotated = installation.json(&["app", "rotate", id, "--retire", "--secret-key", "third-third-third"]);
    assert_eq!(rotated["signing_keys"].as_array().map(Vec::len), Some(1));
    let shown = installation.json(&["app", "show", id, "--secrets"]);
    assert_eq!(shown["secrets"]["secret_keys"], json!(["third-third-third"]));
}

fn walk_settings(installation: &Installation, id: &str, key: &str) {
    let planned =
        installation.json(&["app", "plan", id, "flagship", "--from", "2026-01-01", "--until", "2027-01-01T00:00:00Z"]);
    assert_eq!(
        (&planned["plan"], &planned["plan_from"], &planned["plan_until"]),
        (&json!("flagship"), &json!(1_767_225_600_000_i64), &json!(1_798_761_600_000_i64))
    );
    let set = installation.json(&["app", "set", id, "name=My shop", "rate_total=9", "status=disabled"]);
    assert_eq!((&set["name"], &set["rate_total"], &set["status"]), (&json!("My shop"), &json!(9), &json!("disabled")));

    let add = [
        "app",
        "credential",
        "add",
        id,
        "--channel",
        "apns",
        "--setting",
        "topic=com.example",
        "--secret",
        &format!("key={key}"),
    ];
    let added = installation.json(&add);
    assert_eq!((&added["id"], &added["secrets"]), (&json!(1), &json!(["key"])));
    assert_eq!(installation.json(&["app", "credential", "list", id])["credentials"], json!([added]));
    installation.json(&["app", "credential", "remove", id, "1"]);
    assert_eq!(installation.json(&["app", "credential", "list", id])["credentials"], json!([]));
}

#[test]
fn apps_are_made_and_changed_without_a_node() {
    walk(&Installation::new(), "1400000777");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apps_are_made_and_changed_through_a_node_that_serves() {
    let installation = Installation::new();
    let before = installation.json(&["app", "create"])["sdk_app_id"].clone();
    let running = start(&installation).await;
    walk(&installation, "1400000778");
    assert!(running.node.apps.get(contract::AppId(1_400_000_778)).is_some(), "the node knows at once");
    let entries = running
        .node
        .store
        .read(contract::AppId::PLATFORM, |snapshot| store::platform::entries(snapshot, i64::MAX, 100));
    let entries = entries.await.expect("the log is read");
    let by = |actor: &str| entries.iter().filter(|entry| entry.actor == actor).count();
    assert_eq!((by("command line"), entries.last().map(|entry| entry.target.clone())), (1, Some(before.to_string())));
    assert_eq!(by("admin@127.0.0.1"), entries.len() - 1);

    let url = format!("http://{}", running.admin.expect("admin"));
    let token = installation.path().join("admin.token");
    let token = token.to_str().expect("UTF-8");
    let listed = noroshi(&["app", "list", "--admin-url", &url, "--admin-token-file", token]);
    assert!(listed.status.success(), "{}", stderr(&listed));
    let wrong = installation.path().join("master.key");
    let wrong = noroshi(&["app", "list", "--admin-url", &url, "--admin-token-file", wrong.to_str().expect("UTF-8")]);
    assert!(!wrong.status.success() && stderr(&wrong).contains("TokenWrong"), "{}", stderr(&wrong));
    running.stop().await;
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let installation = Installation::new();
    let key = "ab".repeat(32);
    installation.edit("[bounds]", &format!("admin_token = \"{}\"\n[bounds]", "t0p".repeat(12)));
    installation.edit("admin_token_file = ", "# admin_token_file = ");
    installation.edit("url = \"sqlite\"", "url = \"postgres://me:hidden@db.example/noroshi\"");
    let output = super::office::binary()
        .args(["config", "--check", installation.file.to_str().expect("UTF-8")])
        .env("NOROSHI_SECRETS__MASTER_KEY", &key)
        .env("NOROSHI_BOUNDS__CALLS", "77")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
    for secret in [key.as_str(), "t0pt0p", "hidden"] {
        assert!(!text.contains(secret), "{text}");
    }
    // Two places for one secret are one too many.
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("secrets.master_key and secrets.master_key_file are both set"), "{text}");
    for line in [
        "bounds.calls = 77  # environment",
        "secrets.admin_token = (set, not shown)  # file",
        "store.url = \"postgres://…@db.example/noroshi\"  # file",
        "listen.https = (not set)  # default",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn the_example_is_printed_and_can_be_used() {
    let output = noroshi(&["config", "--example"]);
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("example.toml");
    std::fs::write(&file, &output.stdout).expect("written");
    let checked = noroshi(&["config", "--check", file.to_str().expect("UTF-8")]);
    assert!(checked.status.success(), "{}", stderr(&checked));
    let shown = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(shown.contains("listen.http = \"127.0.0.1:8080\"  # file"), "{shown}");
}
