//! The offline push of a message to a group: who is called, who is not, and what it costs the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use contract::group::{GroupId, GroupKind, ReceiveOption, Role};
use contract::message::Flags;
use contract::{AppId, ConversationId, Millis, Result, Seq};
use push::channel::Channel;
use push::channels::scripted::Scripted;
use push::chat::Notice;
use push::engine::{Engine, Settings};
use store::append::{Draft, DraftKind, IntoGroup, Sent};
use store::deliveries;
use store::devices::{self, Login, Token};
use store::groups::members::{self, Member};
use store::groups::messages::{self, Extra};
use store::groups::{self, Fields, Group};
use store::statistics::{self, What};
use store::testing::TestStore;
use store::topics::{self, Card, Topic};
use store::{GROUP_PUSH, Tx, accounts, outbox, platform};

use crate::bench::{APP, CREDENTIAL, Connections, VENDOR, Vendors, device, scripted, start, until, user};

const START: i64 = 1_800_000_000_000;
/// Members of one look of the engine.
const PAGE: usize = 500;

/// A group and an engine that calls its members, on a store of either engine.
struct Hall {
    store: TestStore,
    vendor: Arc<Scripted>,
    vendors: Arc<Vendors>,
    connections: Arc<Connections>,
    time: Arc<AtomicI64>,
    group: Group,
}

impl Hall {
    async fn new(store: TestStore) -> Self {
        let (time, vendors) = (Arc::new(AtomicI64::new(START)), Arc::new(Vendors::default()));
        let (connections, vendor) = (Arc::new(Connections::default()), scripted());
        vendors.set(APP, CREDENTIAL, Ok(Arc::clone(&vendor) as Arc<dyn Channel>));
        let group = group("@TGS#_hall");
        let hall = Self { store, vendor, vendors, connections, time, group: group.clone() };
        let make = move |tx: &mut Tx<'_>| {
            groups::save(tx, &group)?;
            groups::open(tx, &group)
        };
        hall.write(make).await;
        hall.joins(&["sender"], ReceiveOption::AcceptAndNotify).await;
        hall
    }

    fn node(&self, node: i64) -> Engine {
        let settings = Settings {
            node,
            stop: Duration::from_millis(200),
            sweep: Duration::from_millis(100),
            ..Settings::default()
        };
        start(settings, &self.store, &self.vendors, &self.connections, &self.time)
    }

    fn now(&self) -> Millis {
        Millis(self.time.load(Ordering::SeqCst))
    }

    async fn write<T: Send + 'static>(&self, job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static) -> T {
        self.store.write(APP, job).await.expect("it can be written")
    }

    async fn joins(&self, names: &[impl AsRef<str>], receive: ReceiveOption) {
        let (group, now) = (self.group.clone(), self.now());
        let member = |name: &str| Member { receive, ..Member::new(user(name), Role::Member, &group, now) };
        let all: Vec<Member> = names.iter().map(|name| member(name.as_ref())).collect();
        for some in all.chunks(1_000) {
            let (some, conversation) = (some.to_vec(), group.conversation);
            self.write(move |tx| members::put(tx, conversation, &some)).await;
        }
    }

    /// Gives each account a phone with a token of its own name, which is away.
    async fn phones(&self, names: &[impl AsRef<str>]) {
        let (names, now): (Vec<String>, _) = (names.iter().map(|name| name.as_ref().to_owned()).collect(), self.now());
        let add = move |tx: &mut Tx<'_>| {
            for name in &names {
                let (account, id) = (user(name), device(name));
                accounts::import(tx, now, &account)?;
                let login = Login { device: id.clone(), account: account.clone(), platform: 1, node: 0, session: 1 };
                devices::log_in(tx, now, &login)?;
                let (channel, token) = (VENDOR.to_owned(), name.clone());
                let token = Token { device: id, channel, token, credential: CREDENTIAL, bound_at: now };
                devices::set_token(tx, &account, &token)?;
            }
            Ok(())
        };
        self.write(add).await;
    }

    /// Says something in the group, or in a topic of it.
    async fn say_in(&self, id: &GroupId, conversation: ConversationId, extra: Extra) -> Sent {
        let notice = Notice { sender: "sender".into(), text: "hello".into(), ..Notice::default() };
        let sender = user("sender");
        let into = IntoGroup {
            id: id.clone(),
            conversation,
            extra,
            operator: sender.clone(),
            robots: Vec::new(),
            readers: None,
        };
        let draft = Draft {
            sender: sender.clone(),
            receiver: sender,
            group: Some(Box::new(into)),
            msg_seq: None,
            // No two are the same message.
            msg_random: self.time.fetch_add(1, Ordering::SeqCst) as u32,
            at: self.now(),
            kind: DraftKind::Live,
            body: "[]".into(),
            cloud: String::new(),
            flags: Flags::default().0,
            expires_at: self.now().plus(1_000_000),
            push: Some(serde_json::to_string(&notice).expect("a notice")),
            origin: None,
            is_admin: false,
            friends_only: false,
            told: None,
        };
        self.store.send(APP, draft).await.expect("it is sent")
    }

    async fn say(&self, extra: Extra) -> Seq {
        let (id, conversation) = (self.group.id.clone(), self.group.conversation);
        self.say_in(&id, conversation, extra).await.seq
    }

    /// How many messages still wait for the engine.
    async fn waiting(&self) -> usize {
        let now = self.now();
        self.store.read(APP, move |snapshot| outbox::peek(snapshot, GROUP_PUSH, now, 100)).await.unwrap().len()
    }

    async fn is_through(&self) {
        until("all members are looked at", async || self.waiting().await == 0).await;
    }

    /// How many deliveries tell each account of a message.
    async fn told(&self, conversation: ConversationId, seq: Seq) -> BTreeMap<String, usize> {
        let mut told = BTreeMap::new();
        let tasks = self.store.read(APP, move |snapshot| deliveries::announcing(snapshot, conversation, seq)).await;
        for task in tasks.unwrap() {
            let mut after = -1;
            loop {
                let page =
                    self.store.read(APP, move |snapshot| deliveries::of_task(snapshot, task, after)).await.unwrap();
                let Some(last) = page.last() else { break };
                after = last.number;
                for one in page {
                    *told.entry(one.account.expect("an account").to_string()).or_default() += 1;
                }
            }
        }
        told
    }

    /// Who is called by a message, each once.
    async fn called(&self, extra: Extra) -> Vec<String> {
        let seq = self.say(extra).await;
        self.is_through().await;
        let told = self.told(self.group.conversation, seq).await;
        assert!(told.values().all(|count| *count == 1), "{told:?}");
        told.into_keys().collect()
    }
}

fn group(id: &str) -> Group {
    let id = GroupId::trusted(id);
    let kind = GroupKind::Community;
    Group {
        conversation: ConversationId::group(id.as_str(), 0),
        id,
        life: 0,
        kind,
        number: 1,
        name: "hall".into(),
        introduction: String::new(),
        notification: String::new(),
        face_url: String::new(),
        owner: None,
        created_at: Millis(START),
        ended_at: Millis(0),
        info_seq: 1,
        info_at: Millis(START),
        members: 0,
        members_max: 100_000,
        join_option: kind.capability().apply,
        invite_option: kind.capability().invite,
        is_muted: false,
        shows_past: false,
        has_topics: true,
        has_permissions: false,
        permissions: 0,
        fields: Fields::new(),
        cleared: Seq(0),
        import_number: 0,
        import_seq: Seq(0),
        seq: Seq(0),
        last_seq: Seq(0),
        last_time: 0,
        last_at: Millis(0),
    }
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number:05}")).collect()
}

fn mentions(names: &[&str]) -> Extra {
    Extra { at: names.iter().map(ToString::to_string).collect(), ..Extra::default() }
}

store::both! {
    async fn receive_options_are_respected_and_a_mention_overrides_a_mute(store: TestStore) {
        let hall = Hall::new(store).await;
        let _engine = hall.node(1);
        hall.joins(&["ann", "ben"], ReceiveOption::AcceptAndNotify).await;
        hall.joins(&["mia", "max"], ReceiveOption::AcceptNotNotify).await;
        hall.joins(&["dot"], ReceiveOption::Discard).await;
        hall.phones(&["ann", "ben", "mia", "max", "dot", "sender", "stranger"]).await;
        assert_eq!(hall.called(Extra::default()).await, ["ann", "ben"], "not the sender, and nobody from outside");
        assert_eq!(hall.called(mentions(&["mia", "dot"])).await, ["ann", "ben", "mia"]);
        let all = Extra { all: true, ..Extra::default() };
        assert_eq!(hall.called(all).await, ["ann", "ben", "max", "mia"]);
        let to = vec!["ben".to_owned(), "max".to_owned()];
        assert_eq!(hall.called(Extra { to: to.clone(), ..Extra::default() }).await, ["ben"]);
        assert_eq!(hall.called(Extra { to, at: vec!["max".into(), "ann".into()], all: false }).await, ["ben", "max"]);
        assert!(hall.vendor.seen().iter().all(|one| one.notification.body == "hello"));
        let counted = hall.store.read(APP, |snapshot| statistics::since(snapshot, 0)).await.unwrap();
        let day = statistics::day(hall.now());
        assert_eq!(counted, [(day, What::GroupNotifications, 2 + 3 + 4 + 1 + 2)]);
    }

    async fn who_is_connected_has_no_token_or_is_logged_out_is_not_called(store: TestStore) {
        let hall = Hall::new(store).await;
        let _engine = hall.node(1);
        let all = ["away", "bare", "dead", "gone", "left", "live", "both"];
        hall.joins(&all, ReceiveOption::AcceptAndNotify).await;
        hall.phones(&["away", "dead", "gone", "live", "both", "left", "sender"]).await;
        let now = hall.now();
        hall.store.write(AppId::PLATFORM, move |tx| platform::beat(tx, now, 5, "node")).await.unwrap();
        let change = move |tx: &mut Tx<'_>| {
            accounts::import(tx, now, &user("bare"))?;
            devices::log_in(tx, now, &Login {
                device: device("bare"), account: user("bare"), platform: 1, node: 0, session: 1 })?;
            // A second device that is connected does not keep the first from ringing.
            devices::log_in(tx, now, &Login {
                device: device("both-2"), account: user("both"), platform: 1, node: 5, session: 1 })?;
            store::testing::connect(tx, &device("live"), 5)?;
            // Held by a node that was never heard of: it is dead.
            store::testing::connect(tx, &device("dead"), 9)?;
            devices::log_out(tx, now, &device("gone"))?;
            devices::replace(tx, &device("left"))
        };
        hall.write(change).await;
        assert_eq!(hall.called(Extra::default()).await, ["away", "both", "dead"]);
        hall.time.fetch_add(devices::NODE_SILENCE_MS, Ordering::SeqCst);
        assert_eq!(hall.called(Extra::default()).await, ["away", "both", "dead", "live"], "its node is silent");
    }

    async fn a_topic_calls_the_members_of_its_community(store: TestStore) {
        let hall = Hall::new(store).await;
        let _engine = hall.node(1);
        hall.joins(&["ann"], ReceiveOption::AcceptAndNotify).await;
        hall.phones(&["ann", "stranger"]).await;
        let id = GroupId::trusted("@TGS#_hall@TOPIC#_news");
        let topic = Topic {
            conversation: ConversationId::group(id.as_str(), 0),
            community: hall.group.conversation,
            life: 0,
            id: id.to_string(),
            creator: user("sender"),
            card: Card::default(),
            created_at: hall.now(),
            is_muted: false,
            is_deleted: false,
        };
        let conversation = topic.conversation;
        assert!(hall.write(move |tx| topics::add(tx, &topic)).await);
        let seq = hall.say_in(&id, conversation, Extra::default()).await.seq;
        hall.is_through().await;
        assert_eq!(hall.told(conversation, seq).await, BTreeMap::from([("ann".into(), 1)]));
    }

    async fn a_message_that_was_taken_back_or_ended_with_its_group_calls_nobody(store: TestStore) {
        let hall = Hall::new(store).await;
        hall.joins(&["ann"], ReceiveOption::AcceptAndNotify).await;
        hall.phones(&["ann"]).await;
        let conversation = hall.group.conversation;
        let recalled = hall.say(Extra::default()).await;
        let now = hall.now();
        hall.write(move |tx| messages::set_flags(tx, conversation, recalled, Flags::RECALLED, now)).await;
        let engine = hall.node(1);
        hall.is_through().await;
        engine.stop().await;
        let ended = hall.say(Extra::default()).await;
        let group = Group { ended_at: hall.now(), ..hall.group.clone() };
        hall.write(move |tx| groups::save(tx, &group)).await;
        let _engine = hall.node(2);
        hall.is_through().await;
        for seq in [recalled, ended] {
            assert_eq!(hall.told(conversation, seq).await, BTreeMap::new());
        }
    }

    async fn nodes_that_come_and_go_between_pages_lose_nobody_and_tell_nobody_twice(store: TestStore) {
        let hall = Hall::new(store).await;
        let all = names("m", PAGE * 3 + 7);
        hall.joins(&all, ReceiveOption::AcceptAndNotify).await;
        for some in all.chunks(100) {
            hall.phones(some).await;
        }
        let seq = hall.say(Extra::default()).await;
        let conversation = hall.group.conversation;
        let mut seen = 0;
        // Two nodes at one row, dropped as a crash would wherever they are, each time that somebody more was told.
        for round in 0..6 {
            let nodes = [hall.node(round * 2 + 1), hall.node(round * 2 + 2)];
            until("somebody is told, or all are", async || {
                let told = hall.told(conversation, seq).await.len();
                told > seen || told == all.len()
            })
            .await;
            drop(nodes);
            seen = hall.told(conversation, seq).await.len();
        }
        let _engine = hall.node(99);
        hall.is_through().await;
        let told = hall.told(conversation, seq).await;
        assert_eq!(told.len(), all.len(), "nobody is lost");
        assert!(told.values().all(|count| *count == 1), "nobody is told twice");
    }

    async fn members_who_cannot_be_called_cost_no_turn_at_the_writer(store: TestStore) {
        let hall = Hall::new(store).await;
        // More than one run of the engine looks at.
        hall.joins(&names("m", PAGE * 34), ReceiveOption::AcceptAndNotify).await;
        hall.joins(&["mute"], ReceiveOption::AcceptNotNotify).await;
        hall.joins(&["zoe"], ReceiveOption::AcceptAndNotify).await;
        hall.phones(&["mute"]).await;
        let before = hall.store.writes();
        let seq = hall.say(Extra::default()).await;
        let engine = hall.node(1);
        hall.is_through().await;
        assert_eq!(hall.store.writes() - before, 1, "the end of the message's row, and nothing else");
        assert_eq!(hall.told(hall.group.conversation, seq).await, BTreeMap::new());
        engine.stop().await;
        // Whoever stands at the very end is found all the same.
        hall.phones(&["zoe"]).await;
        let _engine = hall.node(2);
        assert_eq!(hall.called(Extra::default()).await, ["zoe"]);
    }

    async fn a_row_that_cannot_be_read_is_dropped_and_holds_up_no_other(store: TestStore) {
        let hall = Hall::new(store).await;
        hall.joins(&["ann"], ReceiveOption::AcceptAndNotify).await;
        hall.phones(&["ann"]).await;
        let (now, conversation) = (hall.now(), Some(hall.group.conversation));
        let broken = outbox::Item {
            id: 7, part: hall.group.id.to_string(), due_at: now, payload: "?".into(), conversation, seq: Seq(1) };
        hall.write(move |tx| outbox::leave(tx, GROUP_PUSH, &broken)).await;
        let _engine = hall.node(1);
        assert_eq!(hall.called(Extra::default()).await, ["ann"]);
    }
}
