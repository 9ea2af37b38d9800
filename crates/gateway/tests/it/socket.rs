//! A real listener on the loopback, and a WebSocket library of other people's making.

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use contract::frame::Command;
use contract::frame::wire;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::client_async;

use crate::world::{Device, World, eventually, text};

async fn listen(world: &World) -> (std::net::SocketAddr, JoinSet<()>) {
    let hub = world.hub.clone();
    let router = Router::new().route("/ws", any(move |request: Request| async move { hub.serve(request) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, tasks)
}

async fn connect(address: std::net::SocketAddr) -> Device<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (socket, _) = client_async(format!("ws://{address}/ws"), stream).await.unwrap();
    Device::new(socket)
}

#[tokio::test]
async fn two_devices_talk_over_real_sockets() {
    let world = World::new().await;
    let (address, _tasks) = listen(&world).await;
    let mut alice = connect(address).await;
    alice.log_in("alice", &world.login("alice", "a")).await;
    let mut bob = connect(address).await;
    bob.log_in("bob", &world.login("bob", "b")).await;
    for number in 1..=20 {
        alice.write("bob", number).await;
        let message: wire::Message = bob.notice(Command::Message).await.read().unwrap();
        assert_eq!(message.body, text("bob", number).body);
    }
    drop(alice);
    eventually("alice's place is free", async || world.hub.connections() == 1).await;
    world.kick("bob").await;
    bob.notice(Command::Kicked).await;
    bob.ends().await;
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_by_http() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new().await;
    let (address, _tasks) = listen(&world).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(world.hub.connections(), 0);
}
