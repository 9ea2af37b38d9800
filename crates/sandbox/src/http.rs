//! One connection to a room over HTTP: TLS or plain by its first byte, HTTP/2 or HTTP/1.1 by ALPN (or, plain, by its
//! preface), fault rules, bounded bodies, goodbyes.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::faults::{self, Decision, Effect, Told};
use crate::inbox::{self, Request as Kept};
use crate::listener::{Stop, stopped};
use crate::service::{Call, Hall, Limit, Reply, Service};

/// ALPN of the listeners.
pub(crate) const ALPN: &[&[u8]] = &[b"h2", b"http/1.1"];
/// Streams that a sender may have open.
const STREAMS: u32 = 100;
/// Bytes of a header list.
const HEADER_BYTES: u32 = 16 * 1_024;
/// The longest silence; a sender that waits longer than this waits for nothing.
const SILENCE: Duration = Duration::from_mins(10);
/// How long a connection that said goodbye keeps moving bytes.
const GOODBYE: Duration = Duration::from_millis(200);

/// What the requests of a connection share.
struct Line {
    service: Arc<dyn Service>,
    hall: Hall,
    number: u64,
    from: SocketAddr,
    open: AtomicU32,
    last: Mutex<Instant>,
    hang_up: Notify,
    leave: Notify,
}

/// Counts the connections of a listener.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

/// Serves a connection from its first byte to its end.
pub(crate) async fn serve(
    socket: TcpStream,
    from: SocketAddr,
    acceptor: TlsAcceptor,
    service: Arc<dyn Service>,
    hall: Hall,
    counter: Arc<Counter>,
    mut stop: Stop,
) {
    let patience = hall.patience;
    let number = counter.0.fetch_add(1, Ordering::Relaxed) + 1;
    let line = Arc::new(Line {
        service,
        hall,
        number,
        from,
        open: AtomicU32::new(0),
        last: Mutex::new(Instant::now()),
        hang_up: Notify::new(),
        leave: Notify::new(),
    });
    let greeted = tokio::select! {
        () = stopped(&mut stop) => return,
        greeted = timeout(patience.handshake, greet(socket, acceptor)) => greeted,
    };
    match greeted {
        Ok(Ok((Io::Plain(socket), is_h2))) => drive(socket, is_h2, line, stop).await,
        Ok(Ok((Io::Tls(tls), is_h2))) => drive(*tls, is_h2, line, stop).await,
        Ok(Err(error)) => debug!(%error, "a handshake failed"),
        Err(_) => debug!("a handshake took too long"),
    }
}

enum Io {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

async fn greet(socket: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<(Io, bool)> {
    /// The type of the record that begins a TLS handshake.
    const HANDSHAKE: u8 = 22;
    socket.set_nodelay(true)?;
    let mut first = [0; 3];
    let read = socket.peek(&mut first).await?;
    if read > 0 && first[0] != HANDSHAKE {
        return Ok((Io::Plain(socket), &first[..read] == b"PRI"));
    }
    let tls = acceptor.accept(socket).await?;
    let is_h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok((Io::Tls(Box::new(tls)), is_h2))
}

/// Runs the streams of one connection; they end with it.
#[derive(Clone, Default)]
struct Crew(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Crew {
    fn execute(&self, future: F) {
        let mut tasks = self.0.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(future);
    }
}

async fn drive<T>(io: T, is_h2: bool, line: Arc<Line>, stop: Stop)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let crew = Crew::default();
    let asked = Arc::clone(&line);
    let service = service_fn(move |request| handle(Arc::clone(&asked), request));
    let io = TokioIo::new(io);
    let ended = if is_h2 {
        let mut builder = http2::Builder::new(crew.clone());
        builder.timer(TokioTimer::new()).max_concurrent_streams(STREAMS).max_header_list_size(HEADER_BYTES);
        builder.initial_connection_window_size(1 << 20).initial_stream_window_size(1 << 18);
        let connection = pin!(builder.serve_connection(io, service));
        run(connection, http2::Connection::graceful_shutdown, &line, stop).await
    } else {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(line.hall.patience.idle);
        let connection = pin!(builder.serve_connection(io, service));
        run(connection, http1::Connection::graceful_shutdown, &line, stop).await
    };
    if let Err(error) = ended {
        debug!(%error, "a connection failed");
    }
    crew.0.lock().abort_all();
}

async fn run<C>(
    mut connection: Pin<&mut C>,
    goodbye: impl Fn(Pin<&mut C>),
    line: &Line,
    mut stop: Stop,
) -> Result<(), hyper::Error>
where
    C: Future<Output = Result<(), hyper::Error>>,
{
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = line.hang_up.notified() => return Ok(()),
        () = line.leave.notified() => {}
        () = idle(line) => {}
        () = stopped(&mut stop) => {
            goodbye(connection.as_mut());
            return timeout(GOODBYE, connection).await.unwrap_or(Ok(()));
        }
    }
    goodbye(connection.as_mut());
    tokio::select! {
        ended = connection => ended,
        () = line.hang_up.notified() => Ok(()),
        () = stopped(&mut stop) => Ok(()),
    }
}

/// Ends when nothing was asked for as long as the room waits.
async fn idle(line: &Line) {
    let patience = line.hall.patience.idle;
    loop {
        let until = *line.last.lock() + patience;
        tokio::time::sleep_until(until).await;
        if line.open.load(Ordering::Relaxed) == 0 && *line.last.lock() + patience <= Instant::now() {
            return;
        }
        if *line.last.lock() + patience <= Instant::now() {
            *line.last.lock() = Instant::now();
        }
    }
}

/// Why a request gets no answer.
#[derive(Debug)]
struct Cut(h2::Error);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut by a fault rule")
    }
}

impl Error for Cut {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

async fn handle(line: Arc<Line>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    line.open.fetch_add(1, Ordering::Relaxed);
    let answered = answer(&line, request).await;
    *line.last.lock() = Instant::now();
    line.open.fetch_sub(1, Ordering::Relaxed);
    answered
}

async fn answer(line: &Line, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, line.service.body_bytes()).collect();
    let body = match timeout(line.hall.patience.body, body).await {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Ok(response(Reply::html(413))),
        Ok(Err(_)) => return Ok(response(Reply::html(400))),
        Err(_) => return Ok(response(Reply::html(408))),
    };
    let call = Call {
        connection: line.number,
        from: line.from.ip(),
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or("").to_owned(),
        headers: head.headers,
        body,
    };
    let decision = decide(line, &call);
    let reply = judge(line, &call, &decision);
    keep(line, &call, reply.as_ref());
    sleep(Duration::from_millis(decision.delay_ms)).await;
    let Some(reply) = reply else { return Err(cut(line, &decision).await) };
    if decision.effect == Some(Effect::GoAway) {
        line.leave.notify_one();
    }
    Ok(response(reply))
}

fn decide(line: &Line, call: &Call) -> Decision {
    if line.hall.faults.is_empty() {
        return Decision::default();
    }
    let aim = line.service.aim(call);
    line.hall.faults.take(line.service.name(), &call.path, &aim, line.hall.clock.now_ms())
}

/// None when the sender shall not know the outcome; then nobody has judged the request.
fn judge(line: &Line, call: &Call, decision: &Decision) -> Option<Reply> {
    match &decision.effect {
        Some(Effect::Drop | Effect::Silence | Effect::Reset { .. }) => None,
        Some(Effect::Answer { status, code, reason, retry_after_s, body, headers }) => {
            let mut reply = match (body, code) {
                (Some(Value::String(text)), _) => Reply { body: text.clone(), kind: "text/html", ..Reply::html(200) },
                (Some(body), _) => Reply::json(200, body, reason.clone()),
                (None, Some(code)) => {
                    let tokens = decision.token.clone().map_or_else(|| line.service.aim(call).tokens, |one| vec![one]);
                    let code = faults::code_text(code);
                    line.service.spell(call, &Told { code: &code, reason, tokens: &tokens })
                }
                (None, None) => Reply::html(status.unwrap_or(200)),
            };
            reply.status = status.unwrap_or(reply.status);
            reply.headers.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
            Some(match retry_after_s {
                Some(seconds) => reply.header("retry-after", seconds.to_string()),
                None => reply,
            })
        }
        Some(Effect::RateLimit { .. }) => Some(line.service.limited(call, Limit::Rate)),
        Some(Effect::Quota { .. }) => Some(line.service.limited(call, Limit::Quota)),
        Some(Effect::GoAway | Effect::StreamCap { .. } | Effect::Delay { .. }) | None => {
            Some(line.service.answer(call))
        }
    }
}

/// Ends a request without an answer. HTTP/1 knows no resets; there the connection closes.
async fn cut(line: &Line, decision: &Decision) -> Cut {
    let code = match &decision.effect {
        Some(Effect::Reset { code }) => *code,
        Some(Effect::Silence) => {
            sleep(SILENCE).await;
            0
        }
        _ => {
            line.hang_up.notify_one();
            sleep(SILENCE).await;
            0
        }
    };
    Cut(h2::Error::from(h2::Reason::from(code)))
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    // A rule may name a status that is none; the vendor would then have failed, too.
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(reply.kind));
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn keep(line: &Line, call: &Call, reply: Option<&Reply>) {
    let shown = |name: &str, value: &[u8]| match name {
        "authorization" | "auth_token" | "authtoken" => "…".to_owned(),
        _ => String::from_utf8_lossy(value).into_owned(),
    };
    let body = &call.body[..call.body.len().min(inbox::BODY_BYTES)];
    let path = if call.query.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, call.query) };
    line.hall.inbox.add_request(Kept {
        room: line.service.name(),
        at_ms: line.hall.clock.now_ms(),
        connection: call.connection,
        method: call.method.to_string(),
        path,
        headers: call
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), shown(name.as_str(), value.as_bytes())))
            .collect(),
        body: String::from_utf8_lossy(body).into_owned(),
        status: reply.map_or(0, |reply| reply.status),
        reason: reply.map_or_else(|| "fault rule".to_owned(), |reply| reply.word.clone()),
    });
}
