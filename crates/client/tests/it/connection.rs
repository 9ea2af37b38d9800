//! Login, loss, resume, kick, move, heartbeats, TLS, seal, malformed frames.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, Error, Event, Reason, Seal, Status};
use contract::codes::{Access, Account, SdkAccount};
use contract::frame::wire::{LoginRequest, MoveNotice, ResumeRequest};
use contract::frame::{Command, Frame};
use contract::seal;
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::gateway::{Gateway, from_bob, next, number, places, within};

async fn connected(client: &Client) {
    within("a connection", async {
        while client.status() != Status::Connected {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn login_is_answered_and_shutdown_leaves_nothing() {
    let gateway = Gateway::start().await;
    let client = Client::new(gateway.settings()).unwrap();
    let mut events = client.events().unwrap();
    assert!(client.events().is_none());
    let serve = async {
        let mut link = gateway.accept().await;
        let login = link.expect(Command::Login).await;
        let body: LoginRequest = login.read().unwrap();
        assert_eq!((body.user_sig.as_str(), body.device.as_str()), ("sig", "device"));
        link.say(login.refusal(number(Account::UserSigUndecodable), "no")).await;
        assert!(link.is_closed().await);
        gateway.admit(Command::Login).await
    };
    let call = async {
        let refused = client.login("alice", "sig").await;
        assert_eq!(refused, Err(Error::Refused { code: number(Account::UserSigUndecodable), text: "no".into() }));
        assert_eq!(client.status(), Status::LoggedOut);
        client.login("alice", "sig").await
    };
    let (mut link, login) = tokio::join!(serve, call);
    assert_eq!(login, Ok(()));
    assert_eq!(client.status(), Status::Connected);
    assert_eq!(next(&mut events).await, Event::Connected);
    within("shutdown", client.shutdown()).await;
    assert!(link.is_closed().await);
    assert_eq!(client.login("alice", "sig").await, Err(Error::Disconnected));
}

#[tokio::test]
async fn a_lost_connection_is_resumed_without_the_application() {
    let gateway = Gateway::start().await;
    let (client, mut events, link) = gateway.client(gateway.settings()).await;
    drop(link);
    let mut link = gateway.accept().await;
    let resume = link.expect(Command::Resume).await;
    let body: ResumeRequest = resume.read().unwrap();
    assert_eq!((body.ticket, body.key), (b"ticket".to_vec(), b"key".to_vec()));
    link.say(resume.refusal(number(Access::TicketKeyExpired), "the key is over")).await;
    let _link = gateway.admit(Command::Login).await;
    connected(&client).await;
    assert_eq!(next(&mut events).await, Event::Connected);
    assert!(matches!(next(&mut events).await, Event::Disconnected { reason: Reason::Lost(_) }));
    assert!(
        matches!(next(&mut events).await, Event::Disconnected { reason: Reason::Refused { code, .. } } if code == number(Access::TicketKeyExpired))
    );
    assert_eq!(next(&mut events).await, Event::Connected);
}

#[tokio::test]
async fn dropping_the_client_closes_its_connection() {
    let gateway = Gateway::start().await;
    let (client, events, mut link) = gateway.client(gateway.settings()).await;
    drop((client, events));
    assert!(link.is_closed().await);
}

#[tokio::test]
async fn a_kicked_client_stays_away() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = gateway.client(gateway.settings()).await;
    link.say(Frame {
        command: Command::Kicked.into(),
        code: number(SdkAccount::ReplacedByOther),
        text: "elsewhere".into(),
        ..Frame::default()
    })
    .await;
    assert!(link.is_closed().await);
    assert_eq!(next(&mut events).await, Event::Connected);
    assert_eq!(next(&mut events).await, Event::Disconnected { reason: Reason::SessionOver });
    assert_eq!(
        next(&mut events).await,
        Event::Kicked { code: number(SdkAccount::ReplacedByOther), text: "elsewhere".into() }
    );
    assert_eq!(client.send_text("bob", "hi").await, Err(Error::NotLoggedIn));
    assert_eq!(client.status(), Status::LoggedOut);
}

#[tokio::test]
async fn a_user_sig_that_is_over_at_resume_is_told() {
    let gateway = Gateway::start().await;
    let (client, mut events, link) = gateway.client(gateway.settings()).await;
    drop(link);
    let mut link = gateway.accept().await;
    let resume = link.expect(Command::Resume).await;
    link.say(resume.refusal(number(Account::UserSigExpired), "expired")).await;
    while next(&mut events).await != Event::UserSigExpired {}
    assert_eq!(client.status(), Status::LoggedOut);
}

#[tokio::test]
async fn a_client_follows_a_moving_node() {
    let gateway = Gateway::start().await;
    let (client, mut events, mut link) = gateway.client(gateway.settings()).await;
    link.say(Frame::notice(Command::Move, &MoveNotice { wait_ms: 30 })).await;
    let _link = gateway.admit(Command::Resume).await;
    connected(&client).await;
    assert_eq!(next(&mut events).await, Event::Connected);
    assert_eq!(next(&mut events).await, Event::Disconnected { reason: Reason::Moved });
    assert_eq!(next(&mut events).await, Event::Connected);
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_heartbeats_is_left() {
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.silence = Duration::from_millis(100);
    let client = Client::new(settings).unwrap();
    let mut events = client.events().unwrap();
    let serve = async {
        let mut link = gateway.accept().await;
        link.admit_with(Command::Login, 50).await;
        link.expect(Command::Heads).await;
        link
    };
    let (login, mut link) = tokio::join!(client.login("alice", "sig"), serve);
    assert_eq!(login, Ok(()));
    let beat = link.next_of_all().await.unwrap();
    assert_eq!(beat.command(), Command::Heartbeat);
    assert_eq!(next(&mut events).await, Event::Connected);
    assert_eq!(next(&mut events).await, Event::Disconnected { reason: Reason::Silent });
    let _link = gateway.admit(Command::Resume).await;
    connected(&client).await;
}

#[tokio::test]
async fn a_login_where_nothing_listens_fails_in_time() {
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    drop(gateway);
    settings.request_timeout = Duration::from_millis(200);
    let client = Client::new(settings).unwrap();
    assert_eq!(within("an answer", client.login("alice", "sig")).await, Err(Error::Disconnected));
    // The cache answers all the same.
    assert_eq!(client.history("bob", None, 10).await, Ok(Vec::new()));
    assert_eq!(client.conversations().await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_sealed_connection_carries_everything_and_another_server_is_not_talked_to() {
    let keys = seal::key_pair();
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.seal = Seal::Pinned(keys.public.clone());
    settings.request_timeout = Duration::from_secs(5);
    let client = Client::new(settings).unwrap();
    let mut events = client.events().unwrap();
    let serve = async {
        let mut link = gateway.accept().await;
        link.seal(&seal::key_pair()).await;
        assert!(link.next_of_all().await.is_none());
        let mut link = gateway.accept().await;
        link.seal(&keys).await;
        link.admit(Command::Login).await;
        link.notice(&from_bob(1)).await;
        link
    };
    let (login, mut link) = tokio::join!(client.login("alice", "sig"), serve);
    assert_eq!(login, Ok(()));
    assert_eq!(places(&mut events, 1).await, [1]);
    // An open frame on a sealed connection is not believed.
    link.say_bytes(Frame::notice(Command::Message, &from_bob(2)).to_bytes().to_vec()).await;
    assert!(matches!(next(&mut events).await, Event::Disconnected { .. }));
}

#[tokio::test]
async fn a_refusal_to_seal_is_what_login_ends_with() {
    let gateway = Gateway::start().await;
    let mut settings = gateway.settings();
    settings.seal = Seal::Pinned(seal::key_pair().public);
    settings.request_timeout = Duration::from_millis(300);
    settings.retry.first = Duration::from_secs(1);
    settings.retry.max = Duration::from_secs(1);
    let client = Client::new(settings).unwrap();
    let serve = async {
        let mut link = gateway.accept().await;
        let opening = link.expect(Command::Seal).await;
        link.say(opening.refusal(number(Access::CommandDisabled), "not here")).await;
    };
    let (login, ()) = tokio::join!(client.login("alice", "sig"), serve);
    assert_eq!(login, Err(Error::Refused { code: number(Access::CommandDisabled), text: "not here".into() }));
}

#[tokio::test]
async fn a_tls_gateway_is_known_by_its_root() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let mut gateway = Gateway::start().await;
    gateway.tls = Some(Arc::new(config));
    let mut settings = gateway.settings();
    assert!(matches!(Client::new(settings.clone()), Err(Error::InvalidArgument(_))));
    settings.roots = certified.cert.pem().into_bytes();
    let (client, _events, _link) = gateway.client(settings).await;
    assert_eq!(client.status(), Status::Connected);
}

#[tokio::test]
async fn frames_that_are_none_end_the_connection_and_never_the_client() {
    let gateway = Gateway::start().await;
    let (client, _events, mut link) = gateway.client(gateway.settings()).await;
    let mut runner = TestRunner::deterministic();
    let garbage = proptest::collection::vec(any::<u8>(), 0..300);
    for _ in 0..40 {
        for _ in 0..5 {
            let bytes = garbage.new_tree(&mut runner).unwrap().current();
            link.say_bytes(bytes).await;
        }
        drop(link);
        link = gateway.admit(Command::Resume).await;
    }
    connected(&client).await;
    link.notice(&from_bob(1)).await;
}
