//! The hub: every connection of a node, and the doors through which the rest of the node reaches them.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use chat::group::flow::Flow;
use chat::message::{decide, gather};
use contract::codes::Family;
use contract::event::{Broadcast, Event};
use contract::frame::wire::{MoveNotice, PushNotice};
use contract::frame::{Command, Frame};
use contract::message::{Flags, Message};
use contract::{AppId, ConversationId, DeviceId, Fault, Millis, MsgKey, Result, Seq, UserId};
use parking_lot::Mutex;
use store::Store;
use store::append::{Draft, Sent};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

use crate::bucket::Logins;
use crate::chores::Chores;
use crate::circle::Circle;
use crate::drive;
use crate::front::Front;
use crate::group::attendance::Attendance;
use crate::group::fan_out::RUNNERS;
use crate::group::live::LiveRooms;
use crate::group::{FanOut, Groups, Known};
use crate::link::{End, Link};
use crate::order::Order;
use crate::refusal;
use crate::registry::{Registry, Session};
use crate::settings::Settings;
use crate::wheel::Wheel;

/// How announcements reach the other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bus {
    /// There are no other nodes.
    #[default]
    Local,
}

impl Bus {
    fn publish(self, _: AppId, _: &[Event]) {
        match self {
            Self::Local => {}
        }
    }
}

/// What became of a notification of the self-built channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The device confirmed it.
    Acked,
    /// The device has no connection here.
    NotConnected,
    /// The device did not confirm it in time.
    NoAnswer,
}

/// Numbers for the metrics; all but the first two only rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Connections that are open.
    pub connections: usize,
    /// Requests under way.
    pub requests: usize,
    /// Logins and resumes that succeeded.
    pub logins: u64,
    /// Frames that came in.
    pub frames_in: u64,
    /// Frames that were written.
    pub frames_out: u64,
    /// Connections that were cut because they did not read.
    pub stuck: u64,
    /// Connections that were silent for too long, or never logged in.
    pub silent: u64,
    /// Sessions that were kicked.
    pub kicked: u64,
    /// Memberships of groups that connections hold.
    pub seats: usize,
    /// Notices of groups that a connection was given a hint for instead.
    pub skipped: u64,
}

/// The counters as they are kept.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) connections: AtomicUsize,
    pub(crate) requests: AtomicUsize,
    pub(crate) logins: AtomicU64,
    pub(crate) frames_in: AtomicU64,
    pub(crate) frames_out: AtomicU64,
    pub(crate) stuck: AtomicU64,
    pub(crate) silent: AtomicU64,
    pub(crate) kicked: AtomicU64,
}

/// Every connection of a node.
pub struct Hub {
    pub(crate) settings: Settings,
    pub(crate) front: Arc<dyn Front>,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) wheel: Wheel,
    pub(crate) logins: Logins,
    pub(crate) chores: Chores,
    pub(crate) circle: Circle,
    /// Lists of conversations, however they are asked for.
    pub order: Order,
    /// What groups took within this second.
    pub(crate) flow: Mutex<Flow>,
    pub(crate) groups: Groups,
    pub(crate) known: Known,
    pub(crate) fan_out: FanOut,
    pub(crate) live: LiveRooms,
    pub(crate) attendance: Attendance,
    pub(crate) counts: Counts,
    bus: Bus,
    /// The moment of the latest login: of two logins one is always the later.
    login_at: Mutex<Millis>,
    is_draining: AtomicBool,
    /// Told when a connection ends.
    ended: Notify,
    /// The connections.
    tasks: Mutex<JoinSet<()>>,
    /// What serves all of them.
    keepers: Mutex<JoinSet<()>>,
}

impl Hub {
    /// Starts a hub; [`Hub::drain`] stops it.
    pub fn new(settings: Settings, front: Arc<dyn Front>, store: Store) -> Arc<Self> {
        let hub = Arc::new(Self {
            settings,
            front,
            store,
            registry: Registry::new(),
            wheel: Wheel::default(),
            logins: Logins::default(),
            chores: Chores::default(),
            circle: Circle::default(),
            order: Order::default(),
            flow: Mutex::default(),
            groups: Groups::default(),
            known: Known::default(),
            fan_out: FanOut::default(),
            live: LiveRooms::default(),
            attendance: Attendance::default(),
            counts: Counts::default(),
            bus: Bus::Local,
            login_at: Mutex::default(),
            is_draining: AtomicBool::new(false),
            ended: Notify::new(),
            tasks: Mutex::default(),
            keepers: Mutex::default(),
        });
        {
            let mut keepers = hub.keepers.lock();
            keepers.spawn(Arc::clone(&hub).watch());
            keepers.spawn(Arc::clone(&hub).work());
            keepers.spawn(Arc::clone(&hub).tell_friends());
            keepers.spawn(Arc::clone(&hub).tell_guests());
            for _ in 0..RUNNERS {
                keepers.spawn(Arc::clone(&hub).run_fan_out());
            }
        }
        hub
    }

    /// Takes over a byte stream on which the WebSocket handshake is done.
    pub fn adopt<S>(self: &Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.adopt_from(stream, None);
    }

    /// As [`Self::adopt`], where it is known whence the stream comes.
    pub fn adopt_from<S>(self: &Arc<Self>, stream: S, from: Option<IpAddr>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let now = self.front.now();
        let link = Arc::new(Link::new(now, self.settings.login_wait_ms).coming_from(from));
        let place = Place::take(self);
        // Those who are turned away get a moment to hear why; beyond that many they only hear the line go dead.
        if place.number > self.settings.connections_max.saturating_add(TURNED_AWAY_MAX) {
            return;
        }
        let is_full = place.number > self.settings.connections_max;
        if is_full || self.is_draining.load(Ordering::Acquire) {
            let last = if is_full {
                let none = Frame::default();
                refusal::refuse(&none, Family::Access, &Fault::ConnectionQuota.into())
            } else {
                self.move_notice()
            };
            link.push(last.to_bytes(), &self.settings);
            self.end(&link, End::Written);
        }
        self.wheel.add(&link, link.deadline());
        self.spawn(drive::run(place, link, stream));
    }

    /// Tells connected devices what was committed. Never waits.
    pub fn announce(&self, app: AppId, events: &[Event]) {
        self.deliver(app, events);
        self.bus.publish(app, events);
    }

    /// Tells the other nodes of a broadcast that goes by.
    pub(crate) fn publish_broadcast(&self, app: AppId, accounts: &Arc<[UserId]>, broadcast: &Arc<Broadcast>) {
        let (accounts, broadcast) = (Arc::clone(accounts), Arc::clone(broadcast));
        self.bus.publish(app, &[Event::BroadcastPassed { accounts, broadcast }]);
    }

    /// Decides about a draft by the facts of the moment, before anybody is asked and before it is queued.
    pub async fn decide(&self, app: AppId, draft: &Draft) -> Result<()> {
        let asked = draft.clone();
        let facts = self.store.read(app, move |snapshot| gather(snapshot, &asked)).await?;
        decide(draft, &facts)
    }

    /// Passes an online-only message to connected devices; nothing of it is stored.
    pub async fn pass(&self, app: AppId, draft: Draft) -> Result<Sent> {
        self.decide(app, &draft).await?;
        let flags = Flags(draft.flags).with(Flags::ONLINE_ONLY);
        let key = MsgKey { time: draft.at.secs(), seq: draft.msg_seq.unwrap_or_default(), random: draft.msg_random };
        let sent = Sent { key, seq: Seq(0), at: draft.at, duplicate: false };
        let conversation = ConversationId::pair(&draft.sender, &draft.receiver);
        self.tell_passed(app, &draft, key).await?;
        let message = Message {
            sender: draft.sender,
            receiver: draft.receiver,
            key,
            seq: Seq(0),
            at: draft.at,
            body: draft.body.into(),
            cloud: draft.cloud.into(),
            flags,
        };
        let echo = flags.has(Flags::IN_SENDER_VIEW);
        let event = Event::MessageAppended { conversation, message: Arc::new(message), origin: draft.origin, echo };
        self.announce(app, &[event]);
        Ok(sent)
    }

    /// Hands a notification to a device over its connection and waits for the confirmation.
    pub async fn push(&self, app: AppId, device: &DeviceId, notice: PushNotice, wait: Duration) -> Pushed {
        let Some(session) = self.registry.of_device(app, device).filter(|session| session.is_in()) else {
            return Pushed::NotConnected;
        };
        let (acked, answer) = oneshot::channel();
        let id: bytes::Bytes = notice.id.clone().into();
        {
            let mut acks = session.acks.lock();
            acks.retain(|(_, waiting)| !waiting.is_closed());
            if acks.len() >= ACKS_MAX {
                return Pushed::NoAnswer;
            }
            acks.push((id, acked));
        }
        self.tell(&session, &Frame::notice(Command::Pushed, &notice));
        drop(session);
        match tokio::time::timeout(wait, answer).await {
            Ok(Ok(())) => Pushed::Acked,
            Ok(Err(_)) | Err(_) => Pushed::NoAnswer,
        }
    }

    /// Sends every device elsewhere, lets requests finish, and stops. Answers how many connections had to be cut.
    pub async fn drain(&self, wait: Duration) -> usize {
        self.is_draining.store(true, Ordering::Release);
        for link in self.wheel.all() {
            self.push_bytes(&link, self.move_notice().to_bytes());
            self.end(&link, End::Drained);
        }
        let empty = async {
            loop {
                let ended = self.ended.notified();
                tokio::pin!(ended);
                ended.as_mut().enable();
                if self.connections() == 0 {
                    break;
                }
                ended.await;
            }
        };
        let is_empty = tokio::time::timeout(wait, empty).await.is_ok();
        let left = if is_empty { 0 } else { self.connections() };
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.shutdown().await;
        let mut keepers = std::mem::take(&mut *self.keepers.lock());
        self.chores.end();
        self.circle.end();
        self.fan_out.end();
        let kept = async { while keepers.join_next().await.is_some() {} };
        if tokio::time::timeout(wait, kept).await.is_err() {
            tracing::warn!("devices of this node count as connected until it starts again");
        }
        keepers.shutdown().await;
        left
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::Acquire)
    }

    /// Numbers for the metrics.
    pub fn counters(&self) -> Counters {
        let counts = &self.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counters {
            connections: self.connections(),
            requests: counts.requests.load(Ordering::Relaxed),
            logins: read(&counts.logins),
            frames_in: read(&counts.frames_in),
            frames_out: read(&counts.frames_out),
            stuck: read(&counts.stuck),
            silent: read(&counts.silent),
            kicked: read(&counts.kicked),
            seats: self.groups.taken(),
            skipped: self.fan_out.skipped(),
        }
    }

    /// Runs the write of a login. Logins get their moments in the order in which the store gets them, so that the
    /// later of two is the one that replaced the other.
    pub(crate) async fn write_login<T, F>(&self, session: &Session, write: impl FnOnce(Millis) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let mut write = Some(write);
        let mut writing = None;
        poll_fn(|cx| {
            let Some(write) = write.take() else {
                // Only a future that is done leaves nothing behind, and then this is not polled again.
                return writing.as_mut().map_or(Poll::Pending, |writing: &mut Pin<Box<F>>| writing.as_mut().poll(cx));
            };
            let mut last = self.login_at.lock();
            let now = self.front.now().max(last.plus(1));
            *last = now;
            session.begin(now);
            // The first poll puts the job into the store's queue.
            writing.insert(Box::pin(write(now))).as_mut().poll(cx)
        })
        .await
    }

    /// Queues a frame for a session.
    pub(crate) fn tell(&self, session: &Session, frame: &Frame) {
        self.push_bytes(&session.link, frame.to_bytes());
    }

    pub(crate) fn push_bytes(&self, link: &Link, frame: bytes::Bytes) {
        if !link.push(frame, &self.settings) {
            self.counts.stuck.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends a session, with the reason as its last frame.
    pub(crate) fn kick(&self, session: &Session, fault: Fault) {
        let (code, text) = refusal::spell(Family::Account, &fault.into());
        let frame = Frame { command: Command::Kicked.into(), code, text: text.into(), ..Frame::default() };
        self.counts.kicked.fetch_add(1, Ordering::Relaxed);
        session.dismiss();
        self.tell(session, &frame);
        self.end(&session.link, End::Written);
    }

    /// Ends a connection, which has a moment to read what is left for it.
    pub(crate) fn end(&self, link: &Arc<Link>, end: End) {
        let now = self.front.now();
        link.set_patience(now, self.settings.linger_ms);
        self.wheel.add(link, link.deadline());
        link.end(end);
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().spawn(task);
    }

    /// Lets go of what is left of connections that ended.
    pub(crate) fn reap(&self) {
        let mut tasks = self.tasks.lock();
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a connection's task failed");
            }
        }
    }

    fn move_notice(&self) -> Frame {
        let wait_ms = rand::random_range(0..=self.settings.move_wait_ms);
        Frame::notice(Command::Move, &MoveNotice { wait_ms })
    }
}

/// Connections over the bound that are told so at a time.
const TURNED_AWAY_MAX: usize = 1_000;
/// Notifications of one device that wait for their confirmation.
const ACKS_MAX: usize = 64;

/// Counts a connection as long as it lives.
pub(crate) struct Place {
    pub(crate) hub: Arc<Hub>,
    number: usize,
}

impl Place {
    fn take(hub: &Arc<Hub>) -> Self {
        let number = hub.counts.connections.fetch_add(1, Ordering::AcqRel) + 1;
        Self { hub: Arc::clone(hub), number }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.counts.connections.fetch_sub(1, Ordering::AcqRel);
        self.hub.ended.notify_waiters();
    }
}
