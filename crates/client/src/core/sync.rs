//! What was missed: heads after the cursor, then messages since the place of each conversation that moved.
//!
//! A conversation is delivered in the order of its places. A notice that leaves a gap is held until the gap is
//! filled by asking; what is at or before the place is known already and is dropped.

use std::collections::{BTreeMap, HashMap, VecDeque};

use contract::frame::wire::{HeadsAnswer, HeadsRequest, MessagePage, Place, SinceRequest};
use contract::frame::{Command, Frame};
use contract::limit;

use crate::core::asks::Context;
use crate::core::broadcast::Broadcasts;
use crate::core::known::{Known, KnownLine, Write};
use crate::core::link::Link;
use crate::core::notice::Told;
use crate::core::{Core, Ms};
use crate::event::Event;
use crate::message::Message;
use crate::refusal::{Reaction, reaction};

/// Conversations that are filled at the same time; more would only make the application wait elsewhere.
const FILLS_MAX: usize = 4;
/// How long a message may take from its arrival to its commit, and how far clocks of nodes may be apart.
const HEADS_OVERLAP_MS: i64 = 60_000;
/// Heads or messages of one answer: as many of the largest as fit in a frame with their envelopes.
const PAGE: u32 = (limit::FRAME_BYTES / (limit::MESSAGE_BYTES + 512)) as u32;
/// Messages held behind the gap of one conversation; what is over comes with the fill.
const HELD_MAX: usize = 64;
/// Places are numbered from 1 without holes, so no conversation gets here; the cache cannot hold more.
const SEQ_MAX: u64 = i64::MAX as u64;
/// The wait after a refusal that says "later".
pub(super) const AGAIN_MS: Ms = 1_000;

/// A conversation as far as it was delivered.
#[derive(Default)]
struct Line {
    place: Option<u64>,
    time: i64,
    /// The newest place that is known to exist.
    target: u64,
    /// Messages behind a gap, and whether the application is to be told of them.
    held: BTreeMap<u64, (Message, bool)>,
    is_filling: bool,
    is_queued: bool,
    /// The newest movement that is known, in milliseconds.
    moved_at: i64,
    /// Changes of older messages are known up to this movement.
    checked_at: i64,
    /// Of the changes in that very moment those up to this place; 0 means all of them.
    checked_seq: u64,
}

impl Line {
    /// Whether messages or changes are missing.
    fn has_gap(&self) -> bool {
        self.place.is_some_and(|place| place < self.target || self.has_changes())
    }

    fn has_changes(&self) -> bool {
        self.checked_at < self.moved_at || self.checked_seq > 0
    }

    /// Begins at a place where nothing is known: what is older comes with the history.
    fn begin(&mut self, place: u64) {
        if self.place.is_none() {
            self.place = Some(place.max(self.target.saturating_sub(limit::UNREAD_SCAN as u64)));
        }
    }
}

/// What a request for missed messages was made with.
#[derive(Clone, Copy)]
pub(super) struct Fill {
    after: u64,
    upto: u64,
    moved_at: i64,
}

/// Where the account stands. There is a line for each conversation of the account, however many it has.
#[derive(Default)]
pub(super) struct Sync {
    /// The life of the server's store that all of this is of.
    pub(super) life: u64,
    cursor: i64,
    pub(super) broadcasts: Broadcasts,
    /// Whether all heads of this connection were read.
    pub(super) is_listed: bool,
    lines: HashMap<String, Line>,
    queue: VecDeque<String>,
    filling: usize,
    pub(super) again_at: Option<Ms>,
}

impl Sync {
    pub(super) fn start(&mut self, known: Known) {
        let line = |line: KnownLine| {
            let target = line.place.map_or(0, |(seq, _)| seq).max(line.target);
            let place = line.place.map(|(seq, _)| seq);
            let time = line.place.map_or(0, |(_, time)| time);
            let (moved_at, checked_at) = (line.moved_at, line.checked_at);
            (line.peer, Line { place, time, target, moved_at, checked_at, ..Line::default() })
        };
        let broadcasts = Broadcasts::known(known.broadcasts);
        *self = Self {
            life: known.life,
            cursor: known.cursor,
            broadcasts,
            lines: known.lines.into_iter().map(line).collect(),
            ..Self::default()
        };
    }

    /// The connection is gone: what was asked is not answered.
    pub(super) fn pause(&mut self) {
        self.is_listed = false;
        self.broadcasts.pause();
        self.queue.clear();
        self.filling = 0;
        self.again_at = None;
        for line in self.lines.values_mut() {
            (line.is_filling, line.is_queued) = (false, false);
        }
    }

    /// Whether nothing is known.
    fn is_fresh(&self) -> bool {
        self.cursor == 0 && self.lines.is_empty()
    }

    pub(super) fn place(&self, peer: &str) -> u64 {
        self.lines.get(peer).and_then(|line| line.place).unwrap_or(0)
    }

    pub(super) fn due(&self) -> Option<Ms> {
        self.again_at
    }

    pub(super) fn recall_held(&mut self, peer: &str, seq: u64) {
        if let Some((message, _)) = self.lines.get_mut(peer).and_then(|line| line.held.get_mut(&seq)) {
            message.recalled = true;
        }
    }

    /// Puts the newest version of a message in the place of one that waits behind a gap.
    pub(super) fn modify_held(&mut self, peer: &str, newest: &Message) {
        if let Some((message, _)) = self.lines.get_mut(peer).and_then(|line| line.held.get_mut(&newest.seq))
            && message.version < newest.version
        {
            *message = newest.clone();
        }
    }

    fn line(&mut self, peer: &str) -> &mut Line {
        if !self.lines.contains_key(peer) {
            self.lines.insert(peer.into(), Line::default());
        }
        self.lines.get_mut(peer).expect("it was just put there")
    }
}

impl Core {
    /// The server's store was put back from an older copy: its places and versions count on from there, and what is known
    /// here would hide what is written next.
    pub(super) fn begin_anew(&mut self, life: u64) {
        let is_fresh = self.sync.is_fresh();
        self.pause_contacts();
        self.contacts.start(0, Vec::new());
        self.sync.start(Known { life, ..Known::default() });
        self.told = Told::default();
        self.write(Write::Anew { life });
        if !is_fresh {
            self.event(Event::Restored);
        }
    }

    pub(super) fn start_sync(&mut self) {
        for (peer, line) in &mut self.sync.lines {
            if line.has_gap() {
                line.is_queued = true;
                self.sync.queue.push_back(peer.clone());
            }
        }
        self.ask_heads(self.first_heads(), String::new());
        self.ask_broadcasts();
        self.fill();
    }

    pub(super) fn tick_sync(&mut self) {
        if self.sync.again_at.is_some_and(|at| self.now >= at) {
            self.sync.again_at = None;
            if matches!(self.link, Link::Up(_)) {
                if !self.sync.is_listed {
                    self.ask_heads(self.first_heads(), String::new());
                }
                self.ask_broadcasts();
                self.tick_contacts();
                self.fill();
            }
        }
    }

    /// Lets what the gateway does not answer now wait for a moment.
    pub(super) fn back_off(&mut self) {
        self.sync.again_at = Some(self.now.saturating_add(AGAIN_MS));
    }

    /// Where a listing begins: a little before the cursor. A conversation moves at the moment its message came in, and
    /// one that came in earlier may be committed later than what the cursor was taken from.
    fn first_heads(&self) -> i64 {
        (self.sync.cursor - HEADS_OVERLAP_MS).max(0)
    }

    fn ask_heads(&mut self, after: i64, behind: String) {
        let request = HeadsRequest { after, count: PAGE, after_peer: behind.clone() };
        self.ask_internal(&Frame::request(Command::Heads, &request), Context::Heads { after, behind });
    }

    pub(super) fn on_heads(&mut self, after: i64, behind: &str, frame: &Frame) {
        let Ok(answer) = frame.read::<HeadsAnswer>() else { return self.broken("heads") };
        // Which names follow which is the server's matter; that it is another one is not.
        let goes_on = answer.next > after || answer.next == after && answer.next_peer != behind;
        if !answer.finished && (!goes_on || answer.heads.is_empty()) {
            return self.broken("heads that do not go on");
        }
        let mut peers = Vec::with_capacity(answer.heads.len());
        for head in answer.heads {
            let place = head.place.unwrap_or_default().seq;
            let read = head.read.unwrap_or_default();
            if place > SEQ_MAX || read.seq > SEQ_MAX {
                return self.broken("a place that cannot be");
            }
            let peer = head.peer.clone();
            let moved_at = head.moved_at;
            self.write(Write::Head(Box::new(head)));
            let line = self.sync.line(&peer);
            line.target = line.target.max(place);
            line.moved_at = line.moved_at.max(moved_at);
            if line.place.is_none() {
                line.begin(read.seq.min(place));
                line.time = read.time;
                // Nothing was told yet that could have changed.
                line.checked_at = line.moved_at;
                self.write(Write::Checked { peer: peer.clone(), at: moved_at });
                let line = self.sync.line(&peer);
                // Kept, so that a restart before the fill does not begin elsewhere.
                let seq = line.place.unwrap_or(0);
                self.write(Write::Place { peer: peer.clone(), seq, time: read.time });
            }
            self.settle(&peer);
            peers.push(peer);
        }
        self.sync.cursor = self.sync.cursor.max(answer.next);
        self.write(Write::Cursor(self.sync.cursor));
        if answer.finished {
            self.end_list();
        } else {
            self.ask_heads(answer.next, answer.next_peer);
        }
        self.changed(peers);
    }

    /// All heads are known: a conversation that was not among them is new.
    fn end_list(&mut self) {
        self.sync.is_listed = true;
        let new: Vec<String> =
            self.sync.lines.iter().filter(|(_, line)| line.place.is_none()).map(|(peer, _)| peer.clone()).collect();
        for peer in new {
            self.sync.line(&peer).begin(0);
            self.settle(&peer);
        }
        self.ask_contacts();
    }

    pub(super) fn on_heads_refused(&mut self, code: i32) {
        match reaction(code) {
            Reaction::BackOff => self.sync.again_at = Some(self.now.saturating_add(AGAIN_MS)),
            _ if self.on_session_refused(code, "") => {}
            _ => {
                tracing::warn!(code, "the gateway refuses to list conversations");
                self.end_list();
            }
        }
    }

    /// Delivers what is held and follows the place; asks for what is missing before the rest.
    fn settle(&mut self, peer: &str) {
        let mut ready = Vec::new();
        let line = self.sync.line(peer);
        let Some(mut place) = line.place else { return };
        while let Some(entry) = line.held.first_entry() {
            let seq = *entry.key();
            if seq > place.saturating_add(1) {
                break;
            }
            let (message, is_told) = entry.remove();
            if seq > place {
                place = seq;
                line.place = Some(seq);
                line.time = message.key.time;
                ready.push((message, is_told));
            }
        }
        line.target = line.target.max(place);
        let wants = line.has_gap() && !line.is_filling && !line.is_queued;
        line.is_queued |= wants;
        for (message, is_told) in ready {
            self.deliver(peer, message, is_told);
        }
        if wants {
            self.sync.queue.push_back(peer.into());
            self.fill();
        }
    }

    fn deliver(&mut self, peer: &str, message: Message, is_told: bool) {
        let place = Some((message.seq, message.key.time));
        // Its version is told with it.
        let _is_new = self.told.version(&message);
        self.write(Write::Message { peer: peer.into(), message: message.clone(), place });
        if is_told {
            self.event(Event::Message(message));
        }
        self.changed(vec![peer.into()]);
    }

    /// Asks for the conversations that have gaps, a few at a time.
    fn fill(&mut self) {
        while self.sync.filling < FILLS_MAX && self.sync.again_at.is_none() && matches!(self.link, Link::Up(_)) {
            let Some(peer) = self.sync.queue.pop_front() else { return };
            let line = self.sync.line(&peer);
            line.is_queued = false;
            if !line.has_gap() || line.is_filling {
                continue;
            }
            line.is_filling = true;
            let (upto, moved_at) = (line.target, line.moved_at);
            let checked = if line.has_changes() { (line.checked_at, line.checked_seq) } else { (0, 0) };
            let (changed_after, changed_after_seq) = checked;
            let after = line.place.unwrap_or(0);
            let place = Some(Place { seq: after, time: line.time });
            self.sync.filling += 1;
            let request =
                SinceRequest { peer: peer.clone(), after: place, count: PAGE, changed_after, changed_after_seq };
            self.ask_internal(
                &Frame::request(Command::Since, &request),
                Context::Since { peer, fill: Fill { after, upto, moved_at } },
            );
        }
    }

    pub(super) fn on_since(&mut self, peer: &str, fill: Fill, frame: &Frame) {
        let Ok(page) = frame.read::<MessagePage>() else { return self.broken("page") };
        self.end_fill(peer);
        let mut messages: Vec<Message> = page.messages.into_iter().map(Message::from).collect();
        messages.sort_by_key(|message| message.seq);
        if messages.last().is_some_and(|message| message.seq > SEQ_MAX) {
            return self.broken("a place that cannot be");
        }
        // Its messages may all have come by notice meanwhile; what counts is that it goes on from where it was asked.
        let goes_on = messages.last().is_some_and(|message| message.seq > fill.after);
        for message in messages {
            let is_mine = message.from == self.me();
            let is_sending = is_mine && self.calls.is_sending(message.key.seq, message.key.random);
            let line = self.sync.line(peer);
            let is_told = line.held.remove(&message.seq).map_or(!is_sending, |(_, is_told)| is_told);
            if line.place.is_some_and(|place| message.seq <= place) {
                continue;
            }
            line.place = Some(message.seq);
            line.time = message.key.time;
            self.deliver(peer, message, is_told);
        }
        self.on_changes(peer, page.changed);
        if page.changed_more {
            let (at, seq) = (page.changed_next, page.changed_next_seq);
            if !self.checked_in_part(peer, at, seq) {
                return self.broken("changes that do not go on");
            }
        } else {
            self.checked(peer, fill.moved_at);
        }
        if page.finished {
            self.reach(peer, fill.upto);
        } else if !goes_on {
            return self.broken("a page that does not go on");
        }
        self.settle(peer);
        self.fill();
    }

    fn checked(&mut self, peer: &str, at: i64) {
        let line = self.sync.line(peer);
        if line.checked_at < at || line.checked_seq > 0 {
            let at = line.checked_at.max(at);
            (line.checked_at, line.checked_seq) = (at, 0);
            self.write(Write::Checked { peer: peer.into(), at });
        }
    }

    /// Changes are known up to a place within a moment. Answers whether that is more than before. A restart begins with
    /// the whole moment again.
    fn checked_in_part(&mut self, peer: &str, at: i64, seq: u64) -> bool {
        let line = self.sync.line(peer);
        if seq == 0 || (at, seq) <= (line.checked_at, line.checked_seq) {
            return false;
        }
        (line.checked_at, line.checked_seq) = (at, seq);
        self.write(Write::Checked { peer: peer.into(), at: at.saturating_sub(1) });
        true
    }

    fn end_fill(&mut self, peer: &str) {
        self.sync.line(peer).is_filling = false;
        self.sync.filling = self.sync.filling.saturating_sub(1);
    }

    /// Nothing is missing up to a place: what the server did not send there is not for this account. What is
    /// held there was sent, and is delivered.
    fn reach(&mut self, peer: &str, upto: u64) {
        let line = self.sync.line(peer);
        let later = line.held.split_off(&upto.saturating_add(1));
        let held = std::mem::replace(&mut line.held, later);
        let place = line.place.unwrap_or(0);
        let reached = place.max(upto);
        line.place = Some(reached);
        let time = line.time;
        for (seq, (message, is_told)) in held {
            if seq > place {
                self.deliver(peer, message, is_told);
            }
        }
        if reached > place {
            self.write(Write::Place { peer: peer.into(), seq: reached, time });
        }
    }

    pub(super) fn on_since_refused(&mut self, peer: &str, fill: Fill, code: i32) {
        self.end_fill(peer);
        match reaction(code) {
            Reaction::BackOff => {
                self.sync.again_at = Some(self.now.saturating_add(AGAIN_MS));
                self.settle(peer);
            }
            _ if self.on_session_refused(code, "") => {}
            _ => {
                tracing::warn!(code, "the gateway refuses what was missed in a conversation");
                self.checked(peer, fill.moved_at);
                self.reach(peer, fill.upto);
                self.settle(peer);
                self.fill();
            }
        }
    }

    pub(super) fn on_message(&mut self, message: Message) {
        if message.seq == 0 || message.online_only {
            return self.event(Event::Message(message));
        }
        let is_told = message.from != self.me() || !self.calls.is_sending(message.key.seq, message.key.random);
        self.arrive(message, is_told);
    }

    /// A message of this client was stored.
    pub(super) fn on_own(&mut self, message: Message) {
        let peer = message.peer(self.me()).to_owned();
        if message.seq <= self.sync.place(&peer) {
            // It came by notice or fill before its answer.
            return self.write(Write::Message { peer, message, place: None });
        }
        self.arrive(message, false);
    }

    fn arrive(&mut self, message: Message, is_told: bool) {
        if message.seq > SEQ_MAX {
            return self.broken("a place that cannot be");
        }
        let peer = message.peer(self.me()).to_owned();
        let is_listed = self.sync.is_listed;
        let line = self.sync.line(&peer);
        let seq = message.seq;
        if line.place.is_some_and(|place| seq <= place) {
            return;
        }
        line.target = line.target.max(seq);
        if line.held.len() < HELD_MAX || !is_told {
            line.held.insert(seq, (message, is_told));
        }
        if is_listed {
            line.begin(0);
        }
        self.settle(&peer);
    }
}
