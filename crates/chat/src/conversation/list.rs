//! The list of conversations: pinned ones first where that is asked for, then the others, newest first.
//!
//! A page goes on strictly behind a place in the order of the last messages, so a conversation that moves up while
//! somebody pages is neither shown twice nor pushes another one out.

use contract::{ConversationId, Result, UserId, limit};
use store::conversations::contacts::{self, Contact, State};
use store::conversations::list::{Beginning, Cursor, Line, SETTLE_BATCH, Start, UNSETTLED_MANY, UNSETTLED_MAX};
use store::conversations::{self, list};
use store::{Snapshot, Tx};

use super::{Listed, describe};

/// Conversations that one page looks at; of more that are deleted or pinned it leaves the rest to the next page.
const LOOKED_AT: usize = 2_000;

/// Settled conversations that are read at once: a page, and one more to know whether there is another.
const READ_AT_ONCE: usize = limit::CONVERSATION_PAGE + 1;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Go on strictly behind this place; [`Cursor::START`] for the newest.
    pub behind: Cursor,
    /// Leave out the pinned ones, which stand elsewhere.
    pub without_pinned: bool,
    /// Also those that have no message to show.
    pub with_empty: bool,
    /// Also groups.
    pub with_groups: bool,
    /// How many; a few more come if their cursors could not tell them apart.
    pub count: usize,
    /// How many the list of the account has at all.
    pub max: Option<usize>,
}

impl Asked {
    /// Where reading starts. Where the list has an end, one must count from its beginning to know where that is.
    const fn start(&self) -> Cursor {
        if self.max.is_some() { Cursor::START } else { self.behind }
    }
}

/// A conversation of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub conversation: ConversationId,
    /// The other side.
    pub peer: Contact,
    /// Seconds, of the newest message that moves the list; 0 if there is none.
    pub time: i64,
    /// Its place in the order.
    pub cursor: Cursor,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The conversations.
    pub entries: Vec<Entry>,
    /// Where the next page goes on.
    pub next: Cursor,
    /// There is no next page.
    pub is_complete: bool,
    /// Many conversations moved since somebody looked: whoever has the time should [`settle`] them.
    pub is_loose: bool,
}

/// The number by which a cursor tells conversations of one second apart, from 1 to 2³⁰, so that it fits wherever callers
/// keep it. Conversations that share second and number stand on one page.
pub const fn index_of(cursor: &Cursor) -> i64 {
    let [a, b, c, d, ..] = cursor.id;
    (u32::from_be_bytes([a, b, c, d]) >> 2) as i64 + 1
}

/// The cursor behind all conversations of a second up to a number of [`index_of`]; the start for zeros.
pub fn cursor_of(time: i64, index: i64) -> Cursor {
    if (time, index) == (0, 0) {
        return Cursor::START;
    }
    let mut id = [0; 16];
    let first = u32::try_from(index.saturating_sub(1).max(0)).unwrap_or(u32::MAX >> 2).min(u32::MAX >> 2) << 2;
    id[..4].copy_from_slice(&first.to_be_bytes());
    Cursor { time, id }
}

/// Reads what a page and the pinned conversations are made of.
pub fn begin(snapshot: &mut Snapshot<'_>, account: &UserId, asked: &Asked) -> Result<Beginning> {
    let start = Start {
        behind: asked.start(),
        settled: READ_AT_ONCE,
        unsettled: UNSETTLED_MAX + 1,
        groups: if asked.with_groups { contract::group::JOINED_PAGE } else { 0 },
    };
    list::begin(snapshot, account, &start)
}

/// Makes a page of the list. None means that too many conversations moved since somebody looked: they have to be put
/// into order by [`settle`] first.
pub fn page(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    asked: &Asked,
    beginning: Beginning,
) -> Result<Option<Page>> {
    let Beginning { settled: first, unsettled: mut loose, groups, pinned, .. } = beginning;
    if loose.len() > UNSETTLED_MAX {
        return Ok(None);
    }
    let is_loose = loose.len() > UNSETTLED_MANY;
    loose.extend(groups);
    let pins = if asked.without_pinned { pinned.into_iter().map(|state| state.contact).collect() } else { Vec::new() };
    let mut at = asked.start();
    loose.retain(|line| line.cursor() < at);
    loose.sort_unstable_by_key(|line| std::cmp::Reverse(line.cursor()));
    let mut loose = loose.into_iter().peekable();
    let mut gathering =
        Gathering { asked, pins, is_loose, entries: Vec::new(), edge: asked.behind, looked_at: 0, rank: 0 };
    let mut page = first;
    loop {
        let is_last = page.len() < READ_AT_ONCE;
        let mut settled = page.into_iter().peekable();
        while let Some(line) = newest(&mut loose, &mut settled, is_last) {
            at = line.cursor();
            match gathering.take(line) {
                Taken::GoOn => {}
                Taken::Full => return Ok(Some(gathering.page(false))),
                Taken::Over => return Ok(Some(gathering.page(true))),
            }
        }
        if is_last {
            return Ok(Some(gathering.page(true)));
        }
        page = list::settled(snapshot, account, at, READ_AT_ONCE)?;
    }
}

/// Takes the newer one of two ordered lists. What is loose may lie behind what was not read yet of the other list, so it
/// comes alone only when that is all read.
fn newest(
    loose: &mut std::iter::Peekable<impl Iterator<Item = Line>>,
    settled: &mut std::iter::Peekable<impl Iterator<Item = Line>>,
    is_last: bool,
) -> Option<Line> {
    match (loose.peek().map(Line::cursor), settled.peek().map(Line::cursor)) {
        (Some(one), Some(other)) if one > other => loose.next(),
        (_, Some(_)) => settled.next(),
        (Some(_), None) if is_last => loose.next(),
        _ => None,
    }
}

enum Taken {
    GoOn,
    Full,
    Over,
}

/// A page in the making.
struct Gathering<'a> {
    asked: &'a Asked,
    pins: Vec<Contact>,
    is_loose: bool,
    entries: Vec<Entry>,
    /// The last place that was looked at.
    edge: Cursor,
    looked_at: usize,
    rank: usize,
}

impl Gathering<'_> {
    fn take(&mut self, line: Line) -> Taken {
        let cursor = line.cursor();
        let is_full = self.entries.len() >= self.asked.count || self.looked_at >= LOOKED_AT;
        if is_full && (cursor.time, index_of(&cursor)) != (self.edge.time, index_of(&self.edge)) {
            return Taken::Full;
        }
        let (is_listed, is_empty) = (line.is_listed(), line.is_empty());
        let is_pinned = line.peer.as_ref().is_some_and(|peer| self.pins.contains(peer));
        let is_wanted = is_listed && (self.asked.with_empty || !is_empty) && !is_pinned;
        if let (true, Some(peer)) = (is_wanted, line.peer) {
            self.rank += 1;
            if self.asked.max.is_some_and(|max| self.rank > max) {
                return Taken::Over;
            }
            if cursor < self.asked.behind {
                self.entries.push(Entry { conversation: line.conversation, peer, time: cursor.time, cursor });
            }
        }
        if cursor < self.asked.behind {
            self.edge = cursor;
            self.looked_at += 1;
        }
        Taken::GoOn
    }

    fn page(self, is_complete: bool) -> Page {
        Page { entries: self.entries, next: self.edge, is_complete, is_loose: self.is_loose }
    }
}

/// The key of an account's conversation with a contact; of a group that of its first life, which no pair has.
pub fn conversation_of(account: &UserId, contact: &Contact) -> ConversationId {
    match contact {
        Contact::User(peer) => ConversationId::pair(account, peer),
        Contact::Group(id) => ConversationId::group(id, 0),
    }
}

/// Makes the entries of the pinned conversations, newest first; those without a message only if they are asked for.
pub fn pinned(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    beginning: &Beginning,
    with_empty: bool,
) -> Result<Vec<Entry>> {
    let mut entries = pinned_groups(beginning, with_empty);
    let users = beginning.pinned.iter().filter_map(|state| match &state.contact {
        Contact::User(peer) => Some((ConversationId::pair(account, peer), peer.clone())),
        Contact::Group(_) => None,
    });
    let users: Vec<_> = users.collect();
    let ids: Vec<_> = users.iter().map(|(id, _)| *id).collect();
    let heads = if ids.is_empty() { Vec::new() } else { conversations::among(snapshot, account, &ids)? };
    for (conversation, peer) in users {
        let head = heads.iter().find(|head| head.conversation == conversation);
        if with_empty || head.is_some_and(|head| head.is_listed() && !head.is_empty()) {
            let time = head.map_or(0, |head| head.last.time);
            let cursor = Cursor { time, id: conversation.0 };
            entries.push(Entry { conversation, peer: Contact::User(peer), time, cursor });
        }
    }
    entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.cursor));
    Ok(entries)
}

/// The groups among the pinned conversations that the account is in.
fn pinned_groups(beginning: &Beginning, with_empty: bool) -> Vec<Entry> {
    let is_pinned = |line: &&Line| beginning.pinned.iter().any(|state| Some(&state.contact) == line.peer.as_ref());
    let is_shown = |line: &&Line| with_empty || (line.is_listed() && !line.is_empty());
    let entry = |line: &Line| {
        let (cursor, conversation) = (line.cursor(), line.conversation);
        Some(Entry { conversation, peer: line.peer.clone()?, time: cursor.time, cursor })
    };
    beginning.groups.iter().filter(is_pinned).filter(is_shown).filter_map(entry).collect()
}

/// Puts some of the conversations that moved into order; answers whether there may be more.
pub fn settle(tx: &mut Tx<'_>, account: &UserId) -> Result<bool> {
    Ok(list::settle(tx, account)? >= SETTLE_BATCH)
}

/// A conversation of the list with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its entry.
    pub entry: Entry,
    /// The head, unread and last message; none of a pinned contact without a conversation.
    pub listed: Option<Listed>,
    /// What the account has set for it.
    pub state: State,
}

/// Adds to entries what devices show of them.
pub fn show(snapshot: &mut Snapshot<'_>, account: &UserId, entries: Vec<Entry>) -> Result<Vec<Shown>> {
    let ids: Vec<_> = entries.iter().map(|entry| entry.conversation).collect();
    let heads = conversations::among(snapshot, account, &ids)?;
    let mut listed: std::collections::HashMap<_, _> =
        describe(snapshot, account, heads)?.into_iter().map(|listed| (listed.head.conversation, listed)).collect();
    let states = states(snapshot, account, entries.iter().map(|entry| &entry.peer))?;
    let shown = entries.into_iter().zip(states).map(|(entry, state)| {
        let listed = listed.remove(&entry.conversation);
        Shown { entry, listed, state }
    });
    Ok(shown.collect())
}

/// Reads what the account has set for peers, in their order.
pub fn states<'a>(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    peers: impl Iterator<Item = &'a Contact>,
) -> Result<Vec<State>> {
    let contacts: Vec<Contact> = peers.cloned().collect();
    let found = contacts::among(snapshot, account, &contacts)?;
    let mut found: std::collections::HashMap<_, _> =
        found.into_iter().map(|state| (state.contact.clone(), state)).collect();
    Ok(contacts.into_iter().map(|contact| found.remove(&contact).unwrap_or_else(|| State::none(contact))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_lies_behind_all_that_share_its_number() {
        for first in [0_u32, 1, 3, 4, 5, 0x7fff_ffff, u32::MAX - 3, u32::MAX] {
            for rest in [0_u8, 1, 255] {
                let mut id = [rest; 16];
                id[..4].copy_from_slice(&first.to_be_bytes());
                let cursor = Cursor { time: 7, id };
                let index = index_of(&cursor);
                assert!((1..=1 << 30).contains(&index));
                let next = cursor_of(7, index);
                assert!(next <= cursor, "{first} {rest}");
                assert_eq!(index_of(&next), index);
            }
        }
        assert_eq!(cursor_of(0, 0), Cursor::START);
        assert_eq!(index_of(&cursor_of(5, i64::MAX)), 1 << 30);
    }
}
