//! Device tokens.

use contract::codes::Message;
use contract::frame::Command;
use contract::frame::wire::TokenRequest;
use contract::{UserId, codes::Row};
use store::apps::Credential;
use store::devices::{self, Token};

use crate::world::{APP, World, is_refusal};

fn token(channel: &str, token: &str) -> TokenRequest {
    TokenRequest { channel: channel.into(), token: token.into(), credential: 0, remove: false }
}

async fn tokens(world: &World) -> Vec<Token> {
    let alice = UserId::trusted("alice");
    world.store.read(APP, move |snapshot| devices::tokens_of(snapshot, &alice)).await.unwrap()
}

fn with_credential(world: &World) {
    let credential = Credential { channel: "apns".into(), ..Credential::default() };
    world.desk.change(|app| app.credentials = [(12, credential)].into());
}

#[tokio::test]
async fn a_token_is_stored_replaced_and_removed() {
    let world = World::new().await;
    with_credential(&world);
    let mut device = world.device("alice", "phone").await;
    for request in [token("apns", "one"), TokenRequest { credential: 12, ..token("apns", "two") }] {
        assert_eq!(device.call(Command::SetToken, &request).await.code, 0);
    }
    assert_eq!(device.call(Command::SetToken, &token("noroshi", "")).await.code, 0);
    let kept: Vec<_> = tokens(&world).await.into_iter().map(|token| (token.channel, token.token)).collect();
    assert_eq!(kept, [("apns".into(), "two".into()), ("noroshi".into(), "phone".to_owned())]);
    let remove = TokenRequest { remove: true, ..token("apns", "") };
    assert_eq!(device.call(Command::SetToken, &remove).await.code, 0);
    assert_eq!(tokens(&world).await.len(), 1);
}

#[tokio::test]
async fn each_bad_token_has_its_own_refusal() {
    let world = World::with(|settings| settings.tokens_per_minute = 6).await;
    with_credential(&world);
    let mut device = world.device("alice", "phone").await;
    let mut check = async |request: TokenRequest, row: &'static Row| {
        is_refusal(&device.call(Command::SetToken, &request).await, row);
    };
    check(token("fcm", "t"), Message::CredentialMissing.row()).await;
    check(TokenRequest { credential: 13, ..token("apns", "t") }, Message::CredentialMissing.row()).await;
    check(token("apns", ""), Message::TokenEmpty.row()).await;
    check(token("apns", &"t".repeat(257)), Message::TokenTooLong.row()).await;
    check(token("apns", &"t".repeat(1_024)), Message::RegistrationTooLong.row()).await;
    world.store.close().await;
    check(token("apns", "t"), Message::TokenStoreUnavailable.row()).await;
    check(token("apns", "t"), Message::TokenThrottled.row()).await;
}
