//! Resuming with ticket and key.

use contract::codes::{Access, Account, SdkAccount};
use contract::frame::Command;
use contract::frame::wire::LoginAnswer;
use contract::ticket::{self, Grant, KEY_LIFE_MS};
use contract::{DeviceId, Millis, UserId};
use gateway::Front;

use crate::world::{APP, World, is_refusal};

#[tokio::test]
async fn a_device_resumes_and_gets_a_fresh_key() {
    let world = World::new().await;
    let grant = world.device("alice", "phone").await.grant;
    world.desk.advance(60_000);
    let mut again = world.connect().await;
    let answer = again.resume(&grant, "alice", "phone").await;
    again.keep(&answer);
    assert_eq!(again.grant.ticket_expires_at, grant.ticket_expires_at);
    assert_eq!(again.grant.key_expires_at, grant.key_expires_at + 60_000);
    assert_ne!(again.grant.cookie, grant.cookie);
    assert!(again.is_silent().await);
}

#[tokio::test]
async fn each_flaw_of_ticket_and_key_has_its_own_refusal() {
    let world = World::new().await;
    let grant = world.device("alice", "phone").await.grant;
    let other = world.device("bob", "other").await.grant;
    let check = async |of: LoginAnswer, account: &str, device: &str, row: Access| {
        is_refusal(&world.connect().await.resume(&of, account, device).await, row);
    };
    let (ticket, key) = (grant.ticket.clone(), grant.key.clone());
    let with = |ticket: &[u8], key: &[u8]| LoginAnswer {
        ticket: ticket.to_vec(),
        key: key.to_vec(),
        ..LoginAnswer::default()
    };
    check(with(&[], &key), "alice", "phone", Access::TicketIncomplete).await;
    check(with(&ticket, &[]), "alice", "phone", Access::TicketKeyEmpty).await;
    check(with(b"forged", &key), "alice", "phone", Access::TicketForged).await;
    check(with(&ticket, &other.key), "alice", "phone", Access::TicketOtherAccount).await;
    check(grant.clone(), "bob", "phone", Access::TicketOtherAccount).await;
    check(grant.clone(), "alice", "another", Access::TicketForged).await;
    world.desk.advance(KEY_LIFE_MS);
    check(grant.clone(), "alice", "phone", Access::TicketKeyExpired).await;
    world.desk.advance(7 * KEY_LIFE_MS);
    check(grant, "alice", "phone", Access::TicketExpired).await;
}

#[tokio::test]
async fn a_kick_voids_tickets_and_a_logout_ends_the_session() {
    let world = World::new().await;
    let grant = world.device("alice", "phone").await.grant;
    world.kick("alice").await;
    let mut again = world.connect().await;
    is_refusal(&again.resume(&grant, "alice", "phone").await, Account::UserSigExpired);
    let mut bob = world.device("bob", "desk").await;
    let grant = bob.grant.clone();
    assert_eq!(bob.call(Command::Logout, &crate::world::Empty).await.code, 0);
    let mut again = world.connect().await;
    is_refusal(&again.resume(&grant, "bob", "desk").await, contract::codes::Message::SessionExpired);
}

#[tokio::test]
async fn who_was_replaced_while_away_learns_so_once_and_then_takes_the_place_back() {
    let world = World::new().await;
    let grant = world.device("alice", "old").await.grant;
    let mut new = world.device("alice", "new").await;
    let mut old = world.connect().await;
    is_refusal(&old.resume(&grant, "alice", "old").await, SdkAccount::ReplacedByOther);
    assert!(new.is_silent().await);
    let answer = old.resume(&grant, "alice", "old").await;
    old.keep(&answer);
    is_refusal(&new.notice(Command::Kicked).await, SdkAccount::ReplacedByOther);
    new.ends().await;
}

#[tokio::test]
async fn a_ticket_of_a_rotated_secret_still_resumes() {
    let world = World::with(|settings| settings.ticket_secrets = vec![[9; 32], [3; 32]]).await;
    let device = world.device("alice", "phone").await;
    let now = world.desk.now();
    let grant = Grant {
        app: APP,
        account: UserId::trusted("alice"),
        device: DeviceId::trusted("phone"),
        epoch: 0,
        signed_at: now,
        expires_at: Millis(device.grant.ticket_expires_at),
        platform: 2,
    };
    let (key, _) = ticket::key(&[[3; 32]], &grant, now);
    let old = LoginAnswer { ticket: ticket::ticket(&[[3; 32]], &grant), key, ..LoginAnswer::default() };
    let answer = world.connect().await.resume(&old, "alice", "phone").await;
    assert_eq!(answer.code, 0);
}
