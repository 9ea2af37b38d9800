//! The node itself: how it is, and a copy of its store.

use std::path::{Component, Path};
use std::sync::Arc;

use contract::{AppId, Failure};
use serde::Deserialize;
use serde_json::json;
use store::platform;

use super::ask::{Answer, Ask};
use super::audit;
use super::refusal::{Refusal, invalid};
use crate::node::Node;

/// The folder in the data folder that backups go to, and nowhere else: who holds the token need not hold the machine.
const BACKUPS: &str = "backups";

/// `GET node`.
pub(super) fn show(node: &Node) -> Answer {
    let (depths, gateway) = (node.store.depths(), node.hub.counters());
    Answer::ok(json!({
        "name": node.name,
        "id": node.id.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_s": node.started.elapsed().as_secs(),
        "store": if node.store.is_exclusive() { "sqlite" } else { "postgres" },
        "apps": node.apps.all().len(),
        "connections": node.connections(),
        "connections_max": node.places_max,
        "gateway_connections": gateway.connections,
        "gateway_seal_key": hex::encode(&node.seal_public),
        "queues": { "reads": depths.reads, "writes": depths.writes, "sends": depths.sends },
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    file: String,
}

/// `POST backup {"file": NAME}`.
pub(super) async fn backup(node: &Arc<Node>, ask: &Ask) -> Result<Answer, Refusal> {
    let Wanted { file: name } = ask.parse()?;
    if !is_file_name(&name) {
        return Err(invalid("file is a plain name without folders, at most 128 characters"));
    }
    if !node.store.is_exclusive() {
        return Err(Refusal::BackupElsewhere);
    }
    let folder = node.data.join(BACKUPS);
    crate::dev::make_private_folder(&folder)?;
    let file = folder.join(&name);
    if file.exists() {
        return Err(Refusal::FileTaken);
    }
    node.store.backup(&file).await?;
    let bytes = restrict(&file).map_err(|error| Failure::Unavailable(format!("{}: {error}", file.display())))?;
    let entry = audit::entry(node.clock.now(), ask, "backup", name, format!("{bytes} bytes"));
    node.store.write(AppId::PLATFORM, move |tx| platform::add_entry(tx, &entry)).await?;
    let path = std::path::absolute(&file).unwrap_or(file);
    Ok(Answer::created(json!({ "file": path, "bytes": bytes })))
}

/// Takes the copy from everybody but its owner, and tells its size.
fn restrict(file: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
    Ok(std::fs::metadata(file)?.len())
}

fn is_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    is_plain && name.len() <= 128 && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_goes_into_its_folder_and_nowhere_else() {
        let check = |name: &str, expected: bool| assert_eq!(is_file_name(name), expected, "{name:?}");
        check("today.db", true);
        check("2026-11-21T10.db", true);
        for bad in ["", ".", "..", "../noroshi.db", "/etc/passwd", "a/b", "a/", ".hidden", "a\0b", &"a".repeat(129)] {
            check(bad, false);
        }
    }
}
