//! One HTTP/2 connection of the room: handshakes in bounded time, the announced cap of streams, resets and GOAWAY.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{Reason, RecvStream};
use http::Response;
use parking_lot::Mutex;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::auth::{Session, certified};
use super::wire::{Told, Wire};
use super::{Asked, Environment, Reply, Room};
use crate::faults::Effect;
use crate::listener::{Stop, stopped};

/// How long a connection that said GOAWAY keeps moving bytes.
const GOODBYE: Duration = Duration::from_millis(200);
/// Streams that a sender may have open once it has proved itself, and before.
const STREAMS: u32 = 1_000;
const STREAMS_UNPROVEN: u32 = 1;
/// A stream over the cap waits this long: the reset of an older one may have come in the same packet, and its task may
/// not have run yet.
const GRACE: Duration = Duration::from_millis(250);
/// Bytes of a body that are read, so that a payload over its bound is refused in words.
const BODY_BYTES: usize = 64 * 1_024;
/// Bytes of a header list.
const HEADER_BYTES: u32 = 16 * 1_024;

/// What a stream asks of its connection.
enum Order {
    Cap(u32),
    /// Says goodbye; the streams above the last one come one by one to be kept unanswered.
    GoAway,
    Keep(SendResponse<Bytes>),
    Close,
}

/// What the streams of a connection share.
struct Shared {
    room: Arc<Room>,
    session: Mutex<Session>,
    connection: u64,
    /// Streams that wait for their answer.
    open: AtomicU32,
    freed: Notify,
    /// The last stream that was looked at. Held while one is judged, so that a GOAWAY never disowns what was done.
    judged: Mutex<u32>,
    told: Arc<Told>,
    orders: mpsc::Sender<Order>,
}

/// Serves a connection from the TLS handshake to its end.
pub(crate) async fn serve(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    room: Arc<Room>,
    environment: Environment,
    mut stop: Stop,
) {
    let patience = room.hall.patience;
    let shaking = shake_hands(socket, acceptor, room, environment);
    let shaken = tokio::select! {
        () = stopped(&mut stop) => return,
        shaken = timeout(patience.handshake, shaking) => shaken,
    };
    match shaken {
        Ok(Ok((connection, shared, orders))) => drive(connection, shared, orders, stop).await,
        Ok(Err(error)) => debug!(%error, "a handshake failed"),
        Err(_) => debug!("a handshake took too long"),
    }
}

type Connection = server::Connection<Wire<tokio_rustls::server::TlsStream<TcpStream>>, Bytes>;

async fn shake_hands(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    room: Arc<Room>,
    environment: Environment,
) -> std::io::Result<(Connection, Arc<Shared>, mpsc::Receiver<Order>)> {
    socket.set_nodelay(true)?;
    let tls = acceptor.accept(socket).await?;
    let chain: Vec<CertificateDer<'static>> = tls.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
    let certificate = chain.first().map(|leaf| {
        let is_trusted = room.authority.is_issuer_of(&chain, room.hall.clock.now_unix());
        certified(leaf, is_trusted, environment)
    });
    let is_proven = certificate.as_ref().is_some_and(Result::is_ok);
    let told = Told::new(if is_proven { STREAMS } else { STREAMS_UNPROVEN });
    let connection = server::Builder::new()
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .initial_connection_window_size(1 << 20)
        .handshake(Wire::new(tls, Arc::clone(&told)))
        .await
        .map_err(std::io::Error::other)?;
    let (sender, orders) = mpsc::channel(STREAMS as usize);
    let shared = Shared {
        connection: room.next_connection(),
        session: Mutex::new(Session::new(environment, certificate)),
        room,
        open: AtomicU32::new(0),
        freed: Notify::new(),
        judged: Mutex::new(0),
        told,
        orders: sender,
    };
    Ok((connection, Arc::new(shared), orders))
}

async fn drive(mut connection: Connection, shared: Arc<Shared>, mut orders: mpsc::Receiver<Order>, mut stop: Stop) {
    let mut streams = JoinSet::new();
    // Streams above the last one of our GOAWAY: kept open and never answered.
    let mut refused = Vec::new();
    let mut is_leaving = false;
    let idle = shared.room.hall.patience.idle;
    let mut idle_at = Instant::now() + idle;
    let mut end_at: Option<Instant> = None;
    let mut is_cap_due = false;
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    idle_at = Instant::now() + idle;
                    if is_leaving {
                        refused.push(respond);
                    } else {
                        admit(&mut streams, &shared, request, respond);
                    }
                }
                Some(Err(error)) => {
                    debug!(%error, "a connection failed");
                    return;
                }
                None => return,
            },
            Some(order) = orders.recv() => match order {
                Order::Cap(cap) => {
                    shared.told.cap.store(cap, Ordering::Relaxed);
                    is_cap_due = true;
                }
                Order::GoAway => {
                    is_leaving = true;
                    connection.graceful_shutdown();
                }
                Order::Keep(respond) => refused.push(respond),
                Order::Close => return,
            },
            Some(_) = streams.join_next(), if !streams.is_empty() => {}
            () = sleep_until(idle_at), if end_at.is_none() && streams.is_empty() => {
                connection.graceful_shutdown();
                end_at = Some(Instant::now() + GOODBYE);
            }
            () = stopped(&mut stop), if end_at.is_none() => {
                connection.graceful_shutdown();
                end_at = Some(Instant::now() + GOODBYE);
            }
            () = at(end_at) => return,
        }
        // h2 refuses a second SETTINGS before the first is acknowledged; then the next turn announces it.
        if is_cap_due {
            is_cap_due = connection.set_initial_window_size(WINDOW).is_err();
        }
        if is_leaving && streams.is_empty() && end_at.is_none() {
            end_at = Some(Instant::now() + GOODBYE);
        }
    }
}

/// The window that h2 has anyway: setting it only makes h2 send a SETTINGS frame, which `wire` turns into the cap.
const WINDOW: u32 = 65_535;

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

fn admit(
    streams: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    let shared = Arc::clone(shared);
    streams.spawn(async move {
        // Who had not heard of the cap could not obey it, and waits instead.
        let is_early = respond.stream_id().as_u32() <= shared.told.early_stream.load(Ordering::Relaxed);
        let patience = if is_early { shared.room.hall.patience.idle } else { GRACE };
        let Ok(place) = timeout(patience, take_place(&shared)).await else {
            return respond.send_reset(Reason::REFUSED_STREAM);
        };
        let (head, mut body) = request.into_parts();
        let read = timeout(shared.room.hall.patience.body, read_body(&mut body)).await;
        let Ok(Some(body)) = read else {
            respond.send_reset(Reason::CANCEL);
            return;
        };
        let asked = Asked {
            connection: shared.connection,
            method: head.method,
            path: head.uri.path().to_owned(),
            headers: head.headers,
            body,
        };
        match judge(&shared, &asked, respond.stream_id().as_u32()) {
            Some(reply) => carry_out(&shared, place, reply, respond).await,
            None => send(&shared, Order::Keep(respond)).await,
        }
    });
}

/// None when the stream is above the last one of our GOAWAY: then nobody has looked at it.
fn judge(shared: &Shared, asked: &Asked, stream: u32) -> Option<Reply> {
    let mut judged = shared.judged.lock();
    if stream > shared.told.last_stream.load(Ordering::Relaxed) {
        return None;
    }
    let reply = shared.room.answer(asked, &shared.session, stream > *judged);
    if matches!(reply.decision.effect, Some(Effect::GoAway)) {
        shared.told.last_stream.store(*judged, Ordering::Relaxed);
    } else {
        *judged = stream.max(*judged);
    }
    Some(reply)
}

/// A stream's place under the cap, free again before the sender can see the answer.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.freed.notify_one();
    }
}

async fn take_place(shared: &Arc<Shared>) -> Place {
    let is_below = |open: u32| (open < shared.told.cap.load(Ordering::Relaxed)).then_some(open + 1);
    while shared.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_below).is_err() {
        shared.freed.notified().await;
    }
    Place(Arc::clone(shared))
}

/// None when the sender gave up.
async fn read_body(body: &mut RecvStream) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.ok()?;
        body.flow_control().release_capacity(chunk.len()).ok()?;
        read.extend_from_slice(&chunk);
        if read.len() > BODY_BYTES {
            break;
        }
    }
    Some(read)
}

async fn carry_out(shared: &Shared, place: Place, reply: Reply, mut respond: SendResponse<Bytes>) {
    sleep(Duration::from_millis(reply.decision.delay_ms)).await;
    let cap = match &reply.decision.effect {
        Some(Effect::Drop) => return send(shared, Order::Close).await,
        Some(Effect::GoAway) => {
            send(shared, Order::GoAway).await;
            if reply.is_disowned {
                return send(shared, Order::Keep(respond)).await;
            }
            None
        }
        Some(Effect::Reset { code }) => return respond.send_reset(Reason::from(*code)),
        Some(Effect::Silence) => {
            // The sender ends this, by a reset or by closing.
            let _ended = poll_fn(|cx| respond.poll_reset(cx)).await;
            return;
        }
        Some(Effect::StreamCap { streams }) => Some(*streams),
        // The first accepted push proves the provider token.
        _ if reply.is_proof && shared.told.cap.load(Ordering::Relaxed) == STREAMS_UNPROVEN => Some(STREAMS),
        _ => None,
    };
    if let Some(cap) = cap {
        send(shared, Order::Cap(cap)).await;
    }
    drop(place);
    if let Err(error) = write(&mut respond, &reply) {
        debug!(%error, "an answer could not be written");
    }
}

/// A connection that is gone needs no orders.
async fn send(shared: &Shared, order: Order) {
    let _gone = shared.orders.send(order).await;
}

fn write(respond: &mut SendResponse<Bytes>, reply: &Reply) -> Result<(), h2::Error> {
    let mut head = Response::builder().header("apns-id", &reply.id);
    if let Some(unique_id) = &reply.unique_id {
        head = head.header("apns-unique-id", unique_id);
    }
    let Err(refusal) = &reply.outcome else {
        let head = head.status(200).body(()).expect("an id that came as a header value is one");
        return respond.send_response(head, true).map(drop);
    };
    if let Some(seconds) = refusal.retry_after_s {
        head = head.header("retry-after", seconds);
    }
    // A rule may name a status that is none; the vendor would then have failed, too.
    let status = http::StatusCode::from_u16(refusal.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let head = head.status(status).header("content-type", "application/json").body(());
    let head = head.expect("an id that came as a header value is one");
    let mut body = respond.send_response(head, false)?;
    body.send_data(Bytes::from(refusal.body().to_string()), true)
}
