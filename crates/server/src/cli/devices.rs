//! `noroshi app import`: devices that a team brings with it, from a file with one JSON object a line.

use std::io::BufRead;
use std::path::Path;

use axum::http::Method;
use contract::Result;
use serde_json::{Value, json};

use super::refuse;
use crate::admin::client::Desk;
use crate::admin::devices::BATCH;

/// A line: the longest device with all its aliases and tags.
const LINE_BYTES: usize = 64 * 1024;
/// A request, below what the admin API takes.
const REQUEST_BYTES: usize = 200 * 1024;

/// Sends the file in requests, each of which is taken whole or not at all. Lines that were taken may be sent again.
pub(super) async fn import(desk: &Desk, app: i64, file: &Path) -> Result<Value> {
    let open = std::fs::File::open(file).map_err(|error| refuse(format!("{}: {error}", file.display())))?;
    let (mut batch, mut bytes, mut first, mut imported) = (Vec::new(), 0, 1, 0);
    for (place, line) in std::io::BufReader::new(open).lines().enumerate() {
        let number = place + 1;
        let line = line.map_err(|error| refuse(format!("line {number}: {error}")))?;
        if line.trim().is_empty() {
            continue;
        }
        if line.len() > LINE_BYTES {
            return Err(refuse(format!("line {number} has more than {LINE_BYTES} bytes")));
        }
        let device: Value = serde_json::from_str(&line).map_err(|error| refuse(format!("line {number}: {error}")))?;
        if batch.len() == BATCH || bytes + line.len() > REQUEST_BYTES {
            imported += send(desk, app, std::mem::take(&mut batch), first, imported).await?;
            bytes = 0;
        }
        if batch.is_empty() {
            first = number;
        }
        bytes += line.len();
        batch.push(device);
    }
    if !batch.is_empty() {
        imported += send(desk, app, batch, first, imported).await?;
    }
    Ok(json!({ "imported": imported }))
}

async fn send(desk: &Desk, app: i64, batch: Vec<Value>, first: usize, before: usize) -> Result<usize> {
    let count = batch.len();
    let sent = desk.ask(Method::POST, &format!("apps/{app}/devices"), Some(&json!({ "devices": batch }))).await;
    match sent {
        Ok(_) => Ok(count),
        Err(error) => Err(refuse(format!("from line {first}: {error}; {before} devices before it are imported"))),
    }
}
