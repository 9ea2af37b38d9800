//! What an app costs that nobody uses: memory of a server that knows ten thousand of them.
//!
//! The apps are made by the admin API, as an operator makes them. The server is looked at while it serves on, and again
//! after a restart on the same data, where only what it keeps of them is left.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use server::admin::client::Desk;
use tokio::task::JoinSet;

use crate::figure::Figure;
use crate::process::Server;
use crate::{Effort, Outcome};

/// Apps that are made at a time.
const UNDER_WAY: usize = 32;
/// How long the server is left alone before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(5);
/// What ten thousand apps may cost.
const GOAL_MB: f64 = 50.0;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let mut server = Server::start()?;
    tokio::time::sleep(SETTLE).await;
    let rest = server.usage()?.anonymous_kb;
    make(&server, effort.idle).await?;
    tokio::time::sleep(SETTLE).await;
    let made = server.usage()?.anonymous_kb;
    server.restart()?;
    tokio::time::sleep(SETTLE).await;
    let again = server.usage()?.anonymous_kb;
    let added = |kb: f64| (kb - rest) / 1024.0;
    Ok(vec![Figure {
        name: format!("user memory of {} idle apps", effort.idle),
        figure: format!("{:.1} MB", added(made).max(added(again))),
        goal: format!("< {:.0} MB", GOAL_MB * effort.idle as f64 / 10_000.0),
        raw: "–".into(),
        ratio: None,
        latency: "–".into(),
        note: format!("{:.1} MB in the process that made them, {:.1} MB after a restart", added(made), added(again)),
    }])
}

async fn make(server: &Server, count: usize) -> Outcome {
    let desk = Arc::new(Desk::remote(server.text("admin_api"), server.text("admin_token").to_owned())?);
    let mut tasks = JoinSet::new();
    for number in 0..count {
        if tasks.len() >= UNDER_WAY
            && let Some(made) = tasks.join_next().await
        {
            made??;
        }
        let desk = Arc::clone(&desk);
        tasks.spawn(
            async move { desk.ask(Method::POST, "apps", Some(&json!({ "name": format!("app {number}") }))).await },
        );
    }
    while let Some(made) = tasks.join_next().await {
        made??;
    }
    Ok(())
}
