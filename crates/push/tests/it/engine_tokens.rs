//! Token hygiene: a vendor's word that a token is dead, how far it reaches, and when it is not believed.

use contract::codes::{OfflinePush, PushCommon};
use push::channel::{Status, Verdict};
use push::engine::{Audience, Request};
use store::devices;

use crate::bench::{APP, Bench, HOUR, device, is, until, user};

const DEAD: Status = Status { family: "apns", number: 2011 };

async fn has_token(bench: &Bench, account: &str) -> bool {
    let account = user(account);
    let read = move |snapshot: &mut store::Snapshot<'_>| devices::tokens_of(snapshot, &account);
    !bench.store.read(APP, read).await.unwrap().is_empty()
}

#[tokio::test]
async fn a_dead_token_is_dropped_with_the_vendors_words_kept() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.always("token", Verdict::Gone { status: DEAD, since: None });
    let task = bench.push(APP, &["bob"]).await;
    let delivery = bench.ends(APP, task).await;
    assert_eq!(delivery.status.map(|status| status.number), Some(2011));
    assert_eq!(Some(delivery.class), OfflinePush::TokenInvalid.row().number());
    assert!(!has_token(&bench, "bob").await);
}

#[tokio::test]
async fn a_token_that_was_bound_after_the_vendors_moment_is_kept() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let bound_at = bench.now();
    for (since, is_kept) in [(bound_at.plus(-1), true), (bound_at, false)] {
        vendor.always("token", Verdict::Gone { status: DEAD, since: Some(since) });
        let task = bench.push(APP, &["bob"]).await;
        bench.ends(APP, task).await;
        assert_eq!(has_token(&bench, "bob").await, is_kept, "{since:?}");
    }
}

#[tokio::test]
async fn a_token_that_was_removed_meanwhile_ends_the_delivery() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let away = Verdict::Later { status: DEAD, scope: push::channel::Scope::Token, after_ms: Some(1_000) };
    vendor.then(away);
    let task = bench.push(APP, &["bob"]).await;
    bench.sees(APP, task, |delivery| delivery.attempts == 1).await;
    let write = |tx: &mut store::Tx<'_>| devices::remove_token(tx, &user("bob"), &device("phone"), "vendor");
    bench.store.write(APP, write).await.unwrap();
    bench.advance(1_000);
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::NONE));
    assert_eq!(Some(delivery.class), OfflinePush::TokenInvalid.row().number());
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn tokens_are_kept_when_too_many_die_at_once() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("alive")).await;
    let task = bench.push(APP, &["bob"]).await;
    bench.ends(APP, task).await;
    let names: Vec<String> = (0..100).map(|number| format!("d{number}")).collect();
    for name in &names {
        bench.bind(APP, name, name, Some(name)).await;
        vendor.always(name, Verdict::Gone { status: DEAD, since: None });
    }
    let audience = Audience::Accounts(names.iter().map(|name| user(name)).collect());
    let expires_at = bench.now().plus(HOUR);
    let task = bench.engine.push(APP, Request { audience, expires_at, ..bench.request(&[]) }).await.unwrap();
    let all_ended = async || bench.deliveries(APP, task).await.iter().all(|delivery| delivery.ended_at.0 != 0);
    until("all end", all_ended).await;
    let mut kept = 0;
    for name in &names {
        kept += usize::from(has_token(&bench, name).await);
    }
    assert_eq!(kept, 40, "60 of the last 200 sends may drop their token");
}
