//! The main job in one go, on real input: two accounts, a message, an absence, a notification, a return.
//!
//! Everything is as a team would have it: a node with an embedded store, REST by a back end, two people with the
//! client SDK, a phone at the vendor's (the sandbox plays it); at the end a push to eight phones at once (`phones`). Each
//! step prints what really came back; the first that does not hold ends the demo with an error.

mod phones;

use std::time::Duration;

use client::{Client, Event, Events, Message, Settings, Storage};
use contract::codes::PushCommon;
use contract::frame::wire::Platform;
use contract::{ConversationId, Failure, Result, Seq, UserId};
use serde_json::{Value, json};
use store::deliveries;

use super::{log, print};
use crate::clock::Clock;
use crate::config::Log;
use crate::dev::vendors::{add_phone, inbox};
use crate::dev::{Dev, Options};
use crate::rest::Rest;

/// How long a step may take; on an idle machine each takes some milliseconds.
const WAIT: Duration = Duration::from_secs(15);

/// Runs the demo in a folder of its own, which is gone afterwards.
pub(super) async fn run() -> Result<()> {
    log(&Log { level: "error".into(), ..Log::default() });
    let folder = std::env::temp_dir().join(format!("noroshi-demo-{}", std::process::id()));
    let any = ([127, 0, 0, 1], 0).into();
    let options = Options { data: folder.join("data"), store: "sqlite".into(), http: any, https: any, admin: any };
    let dev = Dev::start(&options, Clock::default()).await?;
    let outcome = Demo::new(&dev, &folder)?.run().await;
    dev.stop().await;
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        tracing::warn!(%error, folder = %folder.display(), "the folder of the demo stays");
    }
    outcome
}

struct Demo<'a> {
    dev: &'a Dev,
    rest: Rest,
    folder: &'a std::path::Path,
}

/// A person at a device.
struct Person {
    client: Client,
    events: Events,
}

impl<'a> Demo<'a> {
    fn new(dev: &'a Dev, folder: &'a std::path::Path) -> Result<Self> {
        let http = dev.running.http.ok_or_else(|| Failure::internal("development mode serves HTTP"))?;
        let admin = dev.app.settings.admins.first().cloned().unwrap_or_default();
        let rest = Rest::new(http, dev.app.id.0, &admin, &dev.user_sig(&admin));
        Ok(Self { dev, rest, folder })
    }

    async fn run(&self) -> Result<()> {
        self.import().await?;
        let mut alice = self.log_in("alice", "alice-laptop", Platform::Pc).await?;
        let mut bob = self.log_in("bob", "bob-phone", Platform::Iphone).await?;
        let tablet = self.log_in("bob", "bob-tablet", Platform::Android).await?;
        say("alice, bob and bob's tablet are logged in over the gateway");
        let phone = self.register_phone(&bob).await?;
        tablet.client.set_push_token("noroshi", "", 0).await.map_err(broken)?;
        say("bob's phone is registered for APNs, his tablet for the self-built channel");

        let (first, _) = self.write(&alice, "hello bob").await?;
        let received = bob.next_message().await?;
        check(received.text() == "hello bob", || format!("bob received {:?}", received.text()))?;
        say(&format!("alice wrote, bob received: {:?} (MsgKey {})", received.text(), received.key));

        self.until_announced().await?;
        bob.client.shutdown().await;
        tablet.client.shutdown().await;
        self.until_away("bob").await?;
        say("bob went away with both devices");

        let mut sent = vec![first];
        let mut last = 0;
        for text in ["are you there?", "dinner at eight"] {
            let (key, seq) = self.write(&alice, text).await?;
            sent.push(key);
            last = seq;
        }
        say("alice wrote twice more");
        self.see_phone(&phone).await?;
        self.see_tablet(last).await?;

        let mut bob = self.log_in("bob", "bob-phone", Platform::Iphone).await?;
        let missed = [bob.next_message().await?.text(), bob.next_message().await?.text()];
        check(missed == ["are you there?", "dinner at eight"], || format!("bob missed {missed:?}"))?;
        say(&format!("bob came back and got what he missed, in order: {missed:?}"));
        self.agree(&mut alice, &bob, &sent).await?;
        bob.client.shutdown().await;
        alice.client.shutdown().await;
        phones::show(self).await?;
        print("\nEverything held.");
        Ok(())
    }

    async fn import(&self) -> Result<()> {
        let body = json!({"AccountList": [{"UserID": "alice", "Nick": "Alice"}, {"UserID": "bob", "Nick": "Bob"}]});
        let answer = self.call("im_open_login_svc/multiaccount_import", &body).await?;
        say(&format!("two accounts imported by REST with a UserSig: {answer}"));
        Ok(())
    }

    async fn call(&self, command: &str, body: &Value) -> Result<Value> {
        let answer = self.rest.call(command, body).await?;
        check(answer["ErrorCode"] == 0, || format!("{command} answered {answer}"))?;
        Ok(answer)
    }

    async fn log_in(&self, user: &str, device: &str, platform: Platform) -> Result<Person> {
        let gateway = self.dev.running.http.map(|address| format!("ws://{address}/ws")).unwrap_or_default();
        let settings = Settings {
            platform,
            storage: Storage::Directory(self.folder.join(device)),
            seal: client::Seal::Pinned(self.dev.running.node.seal_public.clone()),
            ..Settings::new(gateway, self.dev.app.id.0 as u64, device)
        };
        let client = Client::new(settings).map_err(broken)?;
        let events = client.events().ok_or_else(|| Failure::internal("events are taken once"))?;
        client.login(user, &self.dev.user_sig(user)).await.map_err(broken)?;
        Ok(Person { client, events })
    }

    async fn write(&self, alice: &Person, text: &str) -> Result<(String, u64)> {
        let sent = alice.client.send_text("bob", text).await.map_err(broken)?;
        Ok((sent.key.to_string(), sent.seq))
    }

    /// A phone that the vendor knows, with its token told to the gateway.
    async fn register_phone(&self, bob: &Person) -> Result<String> {
        let token = add_phone(&self.dev.sandbox, "apns")?;
        bob.client.set_push_token("apns", &token, 0).await.map_err(broken)?;
        Ok(token)
    }

    /// Waits until the node knows that no device of an account is connected.
    async fn until_away(&self, user: &str) -> Result<()> {
        let body = json!({"To_Account": [user]});
        until("the node notices that bob is away", async || {
            let answer = self.call("openim/query_online_status", &body).await?;
            Ok((answer["QueryResult"][0]["Status"] == "PushOnline").then_some(()))
        })
        .await
    }

    /// Waits until the vendor has given both notifications to the phone.
    async fn see_phone(&self, token: &str) -> Result<()> {
        let shown = until("bob's phone shows the notifications", async || {
            let all = inbox(&self.dev.sandbox, "apns", token)?;
            Ok((all.len() >= 2).then_some(all))
        })
        .await?;
        for notification in shown {
            say(&format!("bob's phone shows, by APNs: {}", notification["payload"]["aps"]["alert"]));
        }
        Ok(())
    }

    /// Looks at what the engine says of both devices, lets the tablet come back and looks again.
    async fn see_tablet(&self, seq: u64) -> Result<()> {
        self.until_status(seq, "bob-phone", PushCommon::Acked).await?;
        self.until_status(seq, "bob-tablet", PushCommon::DeviceNotOnlineOrNoResponse).await?;
        say("status of the last message: phone 2 (the vendor took it), tablet 0 (waits for its connection)");
        let mut tablet = self.log_in("bob", "bob-tablet", Platform::Android).await?;
        let mut shown = Vec::new();
        while shown.len() < 2 {
            if let Event::Pushed(push) = tablet.next_event().await? {
                shown.push(push.body);
            }
        }
        self.until_status(seq, "bob-tablet", PushCommon::Acked).await?;
        say(&format!("the tablet came back, showed {shown:?} and confirmed: status 2"));
        tablet.client.shutdown().await;
        Ok(())
    }

    /// Waits until the engine has looked at every message: one that it looks at later counts whoever left meanwhile as
    /// away, and announces what was received.
    async fn until_announced(&self) -> Result<()> {
        until("the engine has looked at the first message", async || {
            let now = self.dev.now();
            let read = move |tx: &mut store::Snapshot<'_>| store::outbox::is_due(tx, store::OFFLINE_PUSH, now);
            let is_due = self.dev.running.node.store.read(self.dev.app.id, read).await?;
            Ok((!is_due).then_some(()))
        })
        .await
    }

    /// Waits until the delivery of a message to a device has a status.
    async fn until_status(&self, seq: u64, device: &str, expected: PushCommon) -> Result<()> {
        let pair = ConversationId::pair(&UserId::trusted("alice"), &UserId::trusted("bob"));
        let expected = expected.row().number().map(i64::from);
        until(&format!("the delivery to {device} has its status"), async || {
            let read = move |tx: &mut store::Snapshot<'_>| deliveries::of_message(tx, pair, Seq(seq as i64));
            let all = self.dev.running.node.store.read(self.dev.app.id, read).await?;
            let mine = all.iter().find(|delivery| delivery.device.as_ref().is_some_and(|id| id.as_str() == device));
            Ok(mine.filter(|mine| mine.status.as_ref().map(|status| i64::from(status.number)) == expected).map(drop))
        })
        .await
    }

    /// History by REST agrees with what both clients hold.
    async fn agree(&self, alice: &mut Person, bob: &Person, sent: &[String]) -> Result<()> {
        let body = json!({"Operator_Account": "bob", "Peer_Account": "alice", "MaxCnt": 100, "MinTime": 0,
            "MaxTime": 4_000_000_000_u32});
        let answer = self.call("openim/admin_getroammsg", &body).await?;
        let by_rest: Vec<String> = answer["MsgList"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|message| message["MsgKey"].as_str().map(str::to_owned))
            .collect();
        let held = async |person: &Person, peer: &str| -> Result<Vec<String>> {
            let all = person.client.history(peer, None, 100).await.map_err(broken)?;
            Ok(all.iter().map(|message| message.key.to_string()).collect())
        };
        let (of_alice, of_bob) = (held(alice, "bob").await?, held(bob, "alice").await?);
        check(by_rest == sent && of_alice == sent && of_bob == sent, || {
            format!("sent {sent:?}, REST {by_rest:?}, alice {of_alice:?}, bob {of_bob:?}")
        })?;
        say(&format!("history by REST, alice's and bob's are the same {} messages", by_rest.len()));
        Ok(())
    }
}

impl Person {
    async fn next_event(&mut self) -> Result<Event> {
        match tokio::time::timeout(WAIT, self.events.next()).await {
            Ok(Some(event)) => Ok(event),
            Ok(None) => Err(Failure::internal("the client ended").into()),
            Err(_) => Err(Failure::Timeout("nothing came".into()).into()),
        }
    }

    async fn next_message(&mut self) -> Result<Message> {
        loop {
            if let Event::Message(message) = self.next_event().await? {
                return Ok(message);
            }
        }
    }
}

/// Asks again until something holds, within the time of a step.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let waiting = async {
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(WAIT, waiting)
        .await
        .unwrap_or_else(|_| Err(Failure::Timeout(format!("in vain: {what}")).into()))
}

fn check(holds: bool, what: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Failure::Internal(what()).into()) }
}

fn broken(error: client::Error) -> contract::Error {
    Failure::Unavailable(format!("client: {error}")).into()
}

fn say(text: &str) {
    print(&format!("  ✓ {text}"));
}
