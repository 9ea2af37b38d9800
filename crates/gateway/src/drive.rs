//! The task of one connection: moves bytes between its socket, its state and its queue.
//!
//! Written as one `poll`, because everything a connection waits for (socket both ways, requests under way, notices)
//! must make progress beside the others, and because a future of this shape is small: an idle connection holds no
//! buffer at all.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use contract::frame::Frame;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::hub::Place;
use crate::link::{End, Link};
use crate::login::{self, Admission};
use crate::registry::Session;
use crate::request;
use crate::socket::{self, Incoming, Reader, Status};
use crate::state::{Act, State};

/// What a request or a verification comes to.
pub(crate) enum Outcome {
    /// The device is in.
    Admitted(Box<Admission>),
    /// The device is not let in.
    Refused(Frame),
    /// The answer.
    Answer(Frame),
    /// The answer, after which the connection ends.
    Last(Frame),
    /// Somebody else answers.
    Later,
}

/// Runs a connection until it ends.
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(place: Place, link: Arc<Link>, stream: S) {
    let input = Reader::new(place.hub.settings.frame_bytes_before_login);
    let mut connection = Connection {
        place,
        link,
        stream,
        input,
        output: Vec::new(),
        written: 0,
        is_unflushed: false,
        is_saying_bye: false,
        state: State::new(),
        admission: None,
        under_way: Vec::new(),
    };
    poll_fn(|cx| connection.poll(cx)).await;
}

struct Connection<S> {
    place: Place,
    link: Arc<Link>,
    stream: S,
    input: Reader,
    /// What is being written; empty at rest.
    output: Vec<u8>,
    written: usize,
    is_unflushed: bool,
    /// The close frame is in the output; nothing follows it.
    is_saying_bye: bool,
    state: State,
    /// Its end tells the registry and the store.
    admission: Option<login::Presence>,
    under_way: Vec<BoxFuture<'static, Outcome>>,
}

/// Bytes that are gathered for one write.
const WRITE_BYTES: usize = 32 * 1024;
const READ_BYTES: usize = 4 * 1024;
/// Messages and reads of one round.
const READS: usize = 32;
/// Rounds that a connection makes before others have their turn.
const ROUNDS: usize = 16;

/// A connection is over; there is nobody left to tell why.
struct Over;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.link.register(cx.waker());
        for _ in 0..ROUNDS {
            match self.round(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(Over) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Goes once through everything. Answers whether anything moved.
    fn round(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        if self.link.ends() == End::Cut {
            return Err(Over);
        }
        let mut moved = self.poll_requests(cx);
        moved |= self.poll_read(cx)?;
        moved |= self.poll_write(cx)?;
        Ok(moved)
    }

    /// Requests are polled in their order, so that what each of them queues first thing stays in order too.
    fn poll_requests(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        let mut index = 0;
        while index < self.under_way.len() {
            match self.under_way[index].as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(outcome) => {
                    drop(self.under_way.remove(index));
                    self.finish(outcome);
                    moved = true;
                }
            }
        }
        if self.under_way.is_empty() && self.under_way.capacity() > 0 {
            self.under_way = Vec::new();
        }
        moved
    }

    fn finish(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Admitted(admission) => self.admit(*admission),
            Outcome::Refused(frame) => {
                self.queue(&frame);
                if !self.state.refuse(&self.place.hub.settings) {
                    self.end(End::Written);
                }
            }
            Outcome::Answer(frame) => self.queue(&frame),
            Outcome::Last(frame) => {
                self.queue(&frame);
                self.end(End::Written);
            }
            Outcome::Later => {}
        }
    }

    /// The answer goes out before the first notice, and nothing that is committed from here on is missed: what came
    /// before is in the store, where the device looks next.
    fn admit(&mut self, admission: Admission) {
        let hub = Arc::clone(&self.place.hub);
        let Admission { presence, identity, answer, epoch, silence_ms } = admission;
        if !self.state.admit(identity) {
            return;
        }
        self.input.set_max(hub.settings.frame_bytes);
        if self.link.ends() == End::Never {
            self.link.set_patience(hub.front.now(), silence_ms);
        }
        hub.counts.logins.fetch_add(1, Ordering::Relaxed);
        self.queue(&answer);
        presence.come_in(epoch);
        self.admission = Some(presence);
    }

    fn queue(&self, frame: &Frame) {
        self.place.hub.push_bytes(&self.link, frame.to_bytes());
    }

    fn end(&self, end: End) {
        self.place.hub.end(&self.link, end);
    }

    /// Reads as long as what comes can be worked on: a device that asks too much waits in its own socket.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        let mut moved = false;
        for _ in 0..READS {
            if !self.may_read() {
                break;
            }
            match self.input.take() {
                Ok(Some(incoming)) => {
                    moved = true;
                    self.on_incoming(incoming);
                    continue;
                }
                Ok(None) => {}
                Err(status) => {
                    self.say_bye(status);
                    return Ok(true);
                }
            }
            let mut space = [MaybeUninit::<u8>::uninit(); READ_BYTES];
            let room = self.input.room().min(READ_BYTES);
            let mut bytes = ReadBuf::uninit(&mut space[..room]);
            match Pin::new(&mut self.stream).poll_read(cx, &mut bytes) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) if !bytes.filled().is_empty() => {
                    self.input.feed(bytes.filled());
                    moved = true;
                }
                // The peer hung up; what it asked before that is still done.
                Poll::Ready(Ok(())) if !self.under_way.is_empty() => {
                    self.end(End::Drained);
                    return Ok(true);
                }
                Poll::Ready(_) => return Err(Over),
            }
        }
        Ok(moved)
    }

    fn may_read(&self) -> bool {
        let is_busy = self.under_way.len() >= self.place.hub.settings.connection_requests_max;
        self.state.is_ready() && !is_busy && self.link.ends() == End::Never && !self.is_saying_bye
    }

    fn on_incoming(&mut self, incoming: Incoming) {
        let hub = &self.place.hub;
        let now = hub.front.now();
        if self.admission.is_some() {
            self.link.hear(now);
        }
        match incoming {
            Incoming::Message(message) => {
                hub.counts.frames_in.fetch_add(1, Ordering::Relaxed);
                let act = self.state.take(message, &hub.settings, now);
                self.act(act);
            }
            // Only the latest ping needs an answer, so one that finds the line busy gets none.
            Incoming::Ping(payload) if self.output.is_empty() => socket::write_pong(&payload, &mut self.output),
            Incoming::Ping(_) | Incoming::Pong => {}
            // What was asked before is still done.
            Incoming::Close => self.end(End::Drained),
        }
    }

    fn act(&mut self, act: Act) {
        let hub = &self.place.hub;
        match act {
            Act::Send(frame) => self.queue(&frame),
            Act::Agree(frame) => {
                hub.counts.frames_out.fetch_add(1, Ordering::Relaxed);
                socket::write_message(&frame.to_bytes(), &mut self.output);
            }
            Act::Close(frame) => {
                self.queue(&frame);
                self.end(End::Written);
            }
            Act::Verify(frame) => {
                let is_sealed = matches!(&self.state, State::Verifying(state) if state.is_sealed());
                let (hub, link) = (Arc::clone(hub), Arc::clone(&self.link));
                self.under_way.push(Box::pin(login::enter(hub, link, frame, is_sealed)));
            }
            Act::Serve(frame) => {
                if let Some(session) = self.session() {
                    let hub = Arc::clone(hub);
                    self.under_way.push(Box::pin(request::serve(hub, session, frame)));
                }
            }
        }
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.admission.as_ref().map(|presence| Arc::clone(presence.session()))
    }

    /// Gathers what waits, writes it, and ends the connection when that was asked for and everything is out.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        let mut moved = false;
        loop {
            if self.output.len() == self.written {
                self.output = Vec::new();
                self.written = 0;
                if !self.gather()? {
                    break;
                }
            }
            match Pin::new(&mut self.stream).poll_write(cx, &self.output[self.written..]) {
                Poll::Pending => return Ok(moved),
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.written += count;
                    self.is_unflushed = true;
                    moved = true;
                }
                Poll::Ready(_) => return Err(Over),
            }
        }
        if self.is_unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Pending => return Ok(moved),
                Poll::Ready(Ok(())) => self.is_unflushed = false,
                Poll::Ready(Err(_)) => return Err(Over),
            }
        }
        if self.is_saying_bye {
            return match Pin::new(&mut self.stream).poll_shutdown(cx) {
                Poll::Pending => Ok(moved),
                Poll::Ready(_) => Err(Over),
            };
        }
        let is_finished = match self.link.ends() {
            End::Never => false,
            End::Drained => self.under_way.is_empty(),
            End::Written | End::Cut => true,
        };
        if is_finished && self.link.is_empty() {
            self.say_bye(Status::Normal);
            moved = true;
        }
        Ok(moved)
    }

    /// Takes frames from the queue into the output. Answers whether there is anything to write.
    fn gather(&mut self) -> Result<bool, Over> {
        if self.is_saying_bye {
            return Ok(false);
        }
        let mut frames: Vec<Bytes> = Vec::new();
        self.link.take(WRITE_BYTES, &mut frames);
        self.place.hub.counts.frames_out.fetch_add(frames.len() as u64, Ordering::Relaxed);
        for frame in frames {
            let bytes = self.state.write(frame).map_err(|_| Over)?;
            socket::write_message(&bytes, &mut self.output);
        }
        Ok(!self.output.is_empty())
    }

    fn say_bye(&mut self, status: Status) {
        if !self.is_saying_bye {
            self.is_saying_bye = true;
            socket::write_close(status, &mut self.output);
            self.end(End::Written);
        }
    }
}
