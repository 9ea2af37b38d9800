#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::print_stdout)]
use contract::frame::{wire::*, *};
use contract::user_sig::{self, Claim};
use contract::*;
use futures_util::{SinkExt, StreamExt};
use gateway::*;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use store::apps::*;
struct Desk(HashMap<AppId, Arc<App>>);
fn now() -> Millis {
    Millis(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64)
}
impl Front for Desk {
    fn now(&self) -> Millis {
        now()
    }
    fn app(&self, id: AppId) -> Option<Arc<App>> {
        self.0.get(&id).cloned()
    }
    fn verify(
        &self,
        app: Arc<App>,
        user: UserId,
        sig: String,
    ) -> futures_util::future::BoxFuture<'static, Result<Claim>> {
        let n = now();
        Box::pin(async move { Ok(user_sig::verify(&sig, app.id, &user, &app.signing_keys(), n)?) })
    }
}
fn rss() -> i64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("RssAnon"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
#[tokio::main(worker_threads = 2)]
async fn main() {
    let app = AppId(1_400_000_000);
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "server" {
        let dir = tempfile::tempdir().unwrap();
        let slot: Arc<OnceLock<Weak<Hub>>> = Arc::default();
        let s2 = slot.clone();
        let hooks = store::Hooks {
            decide: chat::message::decide,
            announce: Arc::new(move |a, e| {
                if let Some(h) = s2.get().and_then(Weak::upgrade) {
                    h.announce(a, e)
                }
            }),
        };
        let st = store::Store::open(
            &store::Settings::Sqlite { path: dir.path().join("x.db"), cache_mb: 8, readers: 1 },
            hooks,
        )
        .await
        .unwrap();
        let secrets =
            AppSecrets { signing_keys: vec![SigningKey { secret: "k".into(), added_at: 0 }], ..Default::default() };
        let desk = Arc::new(Desk(HashMap::from([(
            app,
            Arc::new(App { id: app, version: 1, settings: AppSettings::default(), secrets }),
        )])));
        let hub = Hub::new(Settings::new(1, vec![[1; 32]], seal::key_pair()), desk, st);
        slot.set(Arc::downgrade(&hub)).unwrap();
        let h2 = hub.clone();
        let router = axum::Router::new()
            .route("/ws", axum::routing::any(move |r: axum::extract::Request| async move { h2.serve(r) }));
        let l = tokio::net::TcpListener::bind("127.0.0.1:39517").await.unwrap();
        let mut t = tokio::task::JoinSet::new();
        t.spawn(async move { axum::serve(l, router).await.unwrap() });
        let mut last = 0;
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let c = hub.counters();
            if c.logins != last || last == 0 {
                println!("rss {} kB logins {} conns {} out {}", rss(), c.logins, c.connections, c.frames_out);
            }
            last = c.logins;
            if args.len() > 2 && c.logins >= args[2].parse::<u64>().unwrap() {
                tokio::time::sleep(std::time::Duration::from_secs(2)).await;
                println!("idle rss {} kB; link sizes", rss());
                return;
            }
        }
    }
    let n: usize = args[2].parse().unwrap();
    let t0 = std::time::Instant::now();
    let mut held = Vec::new();
    for chunk in (0..n).collect::<Vec<_>>().chunks(200) {
        let all = futures_util::future::join_all(chunk.iter().map(|i| async move {
            let tcp = tokio::net::TcpStream::connect("127.0.0.1:39517").await.unwrap();
            let (mut ws, _) = tokio_tungstenite::client_async("ws://x/ws", tcp).await.unwrap();
            let account = format!("user{i}");
            let body = LoginRequest {
                user_sig: user_sig::sign(app, "k", &account, now(), 86400),
                device: format!("0123456789-0123456789-{i}"),
                platform: 2,
                sdk_version: String::new(),
            };
            let mut f = Frame::request(Command::Login, &body);
            f.seq = 1;
            f.app = app.0 as u64;
            f.account = account;
            ws.send(tokio_tungstenite::tungstenite::Message::Binary(f.to_bytes())).await.unwrap();
            let m = ws.next().await.unwrap().unwrap();
            let f = Frame::from_bytes(m.into_data(), 1 << 20).unwrap();
            assert_eq!(f.code, 0, "{}", f.text);
            ws
        }))
        .await;
        held.extend(all);
    }
    println!("{n} logins in {:?}", t0.elapsed());
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
}
