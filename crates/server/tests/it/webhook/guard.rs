//! Where calls may go: nowhere near the node unless its operator has said so.

use contract::codes::Common;
use store::apps::OnFailure;
use store::testing::TestEngine;

use super::receiver::Receiver;
use crate::harness::{Im, message};

const BEFORE: &str = "C2C.CallbackBeforeSendMsg";

#[tokio::test]
async fn what_is_not_public_is_not_called_unless_the_operator_allows_it() {
    let closed = Im::start_with(TestEngine::Sqlite, |config| config.outbound.networks.clear());
    let im = closed.await.expect("SQLite is always tested");
    let receiver = Receiver::start().await;
    im.import(&["alice", "bob"]).await;
    let port = receiver.address.port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"] {
        let hook = receiver.hook(&[BEFORE], OnFailure::Refuse);
        let url = format!("http://{host}:{port}/hooks?from=noroshi");
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.webhook.url.clone_from(&url);
        })
        .await;
        im.call("openim/sendmsg", message("alice", "bob", 1, host)).await.fails(Common::WebhookFailed);
    }
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn a_name_that_leads_to_an_allowed_network_is_called() {
    let open = Im::start_with(TestEngine::Sqlite, |config| config.outbound.networks = vec!["127.0.0.0/8".into()]);
    let im = open.await.expect("SQLite is always tested");
    let receiver = Receiver::start().await;
    im.import(&["alice", "bob"]).await;
    let (hook, port) = (receiver.hook(&[BEFORE], OnFailure::Refuse), receiver.address.port());
    im.app(move |settings, secrets| {
        hook(settings, secrets);
        settings.webhook.url = format!("http://localhost:{port}/hooks?from=noroshi");
    })
    .await;
    im.text("alice", "bob", 1, "x").await;
    im.text("alice", "bob", 2, "y").await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].connection, seen[1].connection, "a connection is kept");
}
