//! What an app does not want to be said or shown: words in texts, files by digest or URL.
//!
//! A [`Filter`] is made of an app's lists, off the request path, and shared from then on. All words are found in one
//! pass over the text, whatever their number: a [`sieve`] looks at each place for the beginning of a word, in memory
//! that stays close to the processor, and only where there is one the automaton of all words is walked. (The automaton
//! alone took three times as long with 100,000 words: nearly every byte of a text was a miss of the cache.)
//!
//! Words and texts are compared in a normal form; see `form`. A word is found wherever it stands: many languages have no
//! spaces to look for.

mod form;
mod sieve;

use std::collections::HashSet;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};
use contract::{AppId, Error, Failure, Fault, Result, profile};
use serde_json::{Map, Value};
use store::Store;
use store::append::Draft;
use store::words::{Action, Mark};

pub use self::form::normal;
use self::form::{WayBack, normal_form};
use self::sieve::Sieve;
use crate::message::{decide, gather};

/// An app's lists, ready to be asked.
pub struct Filter {
    app: AppId,
    /// The version of the lists.
    pub version: i64,
    words: Option<Words>,
    blocked: HashSet<Mark>,
}

struct Words {
    sieve: Sieve,
    machine: AhoCorasick,
    /// By pattern: the word as the operator wrote it and what it does.
    entries: Vec<(Box<str>, Action)>,
}

/// What a text that may pass comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passed {
    /// The text with its words replaced; none if it stays as it is.
    pub replaced: Option<String>,
    /// The words that an operator is told of, each once.
    pub review: Vec<String>,
}

/// What a message that may pass comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Words were replaced in it.
    pub is_changed: bool,
    /// The words that an operator is told of, each once.
    pub review: Vec<String>,
}

impl Filter {
    /// Makes a filter. It takes a while with many words.
    pub fn new(app: AppId, version: i64, words: Vec<(String, Action)>, blocked: HashSet<Mark>) -> Result<Self> {
        let (patterns, entries): (Vec<String>, Vec<_>) = words
            .into_iter()
            .map(|(word, action)| (normal(&word), (word.into_boxed_str(), action)))
            .filter(|(pattern, _)| !pattern.is_empty())
            .unzip();
        if patterns.is_empty() {
            return Ok(Self { app, version, words: None, blocked });
        }
        let machine = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Anchored)
            // A table of all transitions would be some hundred times the words; this one stays within tens of MB.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns)
            .map_err(Failure::internal)?;
        Ok(Self { app, version, words: Some(Words { sieve: Sieve::of(&patterns), machine, entries }), blocked })
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.words.is_none() && self.blocked.is_empty()
    }

    /// Bytes that the words take, for the metrics.
    pub fn bytes(&self) -> usize {
        self.words.as_ref().map_or(0, |words| words.machine.memory_usage() + words.sieve.bytes())
    }

    /// Looks for words in a text.
    pub fn check_text(&self, text: &str) -> Result<Passed, Fault> {
        self.words.as_ref().map_or_else(|| Ok(Passed::default()), |words| words.check(text))
    }

    /// Looks for words and blocked files in a message, and replaces in it what is to be replaced.
    pub fn check_body(&self, body: &mut Value) -> Result<Checked, Fault> {
        let mut checked = Checked::default();
        if self.words.is_some() {
            self.check_elements(body, &mut checked, DEPTH_MAX)?;
        }
        if !self.blocked.is_empty() && self.has_blocked(body, DEPTH_MAX) {
            return Err(Fault::ImageForbidden);
        }
        checked.review.sort_unstable();
        checked.review.dedup();
        Ok(checked)
    }

    /// Whether a file is blocked, by digest or URL.
    pub fn is_blocked(&self, kind: &str, mark: &str) -> bool {
        !self.blocked.is_empty() && self.blocked.contains(&Mark { kind: kind.to_owned(), mark: mark.to_owned() })
    }

    fn check_elements(&self, body: &mut Value, checked: &mut Checked, depth: usize) -> Result<(), Fault> {
        let Some(elements) = body.as_array_mut() else { return Ok(()) };
        for element in elements {
            let kind = element.get("MsgType").and_then(Value::as_str).unwrap_or_default().to_owned();
            let Some(content) = element.get_mut("MsgContent").and_then(Value::as_object_mut) else { continue };
            for field in texts_of(&kind) {
                self.check_value(content, field, checked)?;
            }
            if kind == "TIMStreamElem" {
                self.check_chunks(content, checked)?;
            }
            if depth > 0
                && let Some(forwarded) = content.get_mut("MsgList").and_then(Value::as_array_mut)
            {
                for message in forwarded {
                    if let Some(body) = message.get_mut("MsgBody") {
                        self.check_elements(body, checked, depth - 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The chunks of a stream as it is opened are joined already: there is one.
    fn check_chunks(&self, content: &mut Map<String, Value>, checked: &mut Checked) -> Result<(), Fault> {
        let chunks = content.get_mut("Chunks").and_then(Value::as_array_mut);
        chunks
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
            .try_for_each(|chunk| self.check_value(chunk, "Markdown", checked))
    }

    fn check_value(&self, content: &mut Map<String, Value>, field: &str, checked: &mut Checked) -> Result<(), Fault> {
        match content.get_mut(field) {
            Some(Value::String(text)) => self.check_one(text, checked),
            Some(Value::Array(texts)) => texts.iter_mut().try_for_each(|text| match text {
                Value::String(text) => self.check_one(text, checked),
                _ => Ok(()),
            }),
            _ => Ok(()),
        }
    }

    fn check_one(&self, text: &mut String, checked: &mut Checked) -> Result<(), Fault> {
        let passed = self.check_text(text)?;
        if let Some(replaced) = passed.replaced {
            *text = replaced;
            checked.is_changed = true;
        }
        checked.review.extend(passed.review);
        Ok(())
    }

    fn has_blocked(&self, body: &Value, depth: usize) -> bool {
        let contents = body.as_array().into_iter().flatten().filter_map(|element| element.get("MsgContent"));
        contents.into_iter().any(|content| self.names_blocked(content, depth))
    }

    /// Whether one of the fields by which contents name files names a blocked one.
    fn names_blocked(&self, content: &Value, depth: usize) -> bool {
        let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let is_url = |value: &Value, field: &str| text(value, field).is_some_and(|url| self.is_url_blocked(&url));
        let is_digest =
            |field: &str| text(content, field).is_some_and(|uuid| self.is_blocked("md5", &uuid.to_ascii_lowercase()));
        let list = |field: &str| content.get(field).and_then(Value::as_array).into_iter().flatten();
        ["Url", "VideoUrl", "ThumbUrl"].iter().any(|field| is_url(content, field))
            || ["UUID", "VideoUUID", "ThumbUUID"].iter().any(|field| is_digest(field))
            || list("ImageInfoArray").any(|info| is_url(info, "URL"))
            || (depth > 0
                && list("MsgList")
                    .filter_map(|message| message.get("MsgBody"))
                    .any(|body| self.has_blocked(body, depth - 1)))
    }

    /// Whether a URL means a blocked file; query and fragment are of no consequence.
    pub fn is_url_blocked(&self, url: &str) -> bool {
        self.is_blocked("url", &url_mark(self.app, url))
    }
}

/// What a URL is compared by: query and fragment are of no consequence, and a file of this installation is the same
/// under every name that the installation has.
pub fn url_mark(app: AppId, url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    own_file(app, url).map_or_else(|| bare.to_owned(), |id| format!("/media/{app}/{id}"))
}

/// The id of the uploaded file that a URL of a message names, whatever host it names.
pub fn own_file(app: AppId, url: &str) -> Option<&str> {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let (before, id) = bare.rsplit_once('/')?;
    let is_id = id.len() == FILE_ID_BYTES && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_id && before.ends_with(&format!("/media/{app}"))).then_some(id)
}

/// Hex digits of the id of a file.
pub const FILE_ID_BYTES: usize = 32;

/// The refusal of a message by its content. Whether it may be sent at all is asked first: of two faults that is the one
/// that a caller hears, as if it had been decided before the content was looked at.
pub async fn refusal(store: &Store, app: AppId, draft: &Draft, fault: Fault) -> Error {
    let asked = draft.clone();
    match store.read(app, move |snapshot| gather(snapshot, &asked)).await.and_then(|facts| decide(draft, &facts)) {
        Ok(()) => fault.into(),
        Err(error) => error,
    }
}

/// How deep forwarded messages are looked into; the size of a message bounds the rest.
const DEPTH_MAX: usize = 8;

/// A text of a profile that an operator is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The text as it was given.
    pub text: String,
    /// The words that were found in it.
    pub words: Vec<String>,
}

/// Looks for words in what an account wants to say of itself, nick and self-signature, and replaces in it what is to be
/// replaced. Answers what an operator is told of once the profile is changed.
pub fn check_profile(
    changes: &mut [(String, profile::Value)],
    check: impl Fn(&str) -> Result<Passed, Fault>,
) -> Result<Vec<Noted>, Fault> {
    let mut noted = Vec::new();
    for (tag, value) in changes {
        let profile::Value::Text(text) = value else { continue };
        if tag != profile::NICK && tag != profile::SIGNATURE {
            continue;
        }
        let passed = check(text)?;
        if !passed.review.is_empty() {
            noted.push(Noted { text: text.clone(), words: passed.review });
        }
        if let Some(replaced) = passed.replaced {
            *text = replaced;
        }
    }
    Ok(noted)
}

/// The fields of an element that people read. The `Data` of a custom element is between programs and is left alone.
fn texts_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "TIMTextElem" => &["Text"],
        "TIMCustomElem" | "TIMLocationElem" => &["Desc"],
        "TIMFileElem" => &["FileName"],
        "TIMStreamElem" => &["CompatibleText"],
        "TIMRelayElem" => &["Title", "CompatibleText", "AbstractList"],
        _ => &[],
    }
}

impl Words {
    fn check(&self, text: &str) -> Result<Passed, Fault> {
        let folded = normal_form(text);
        let (mut spans, mut review) = (Vec::new(), Vec::<u32>::new());
        let mut way_back = None;
        for start in self.sieve.hits(folded.as_bytes()) {
            let input = Input::new(folded.as_bytes()).span(start..folded.len()).anchored(Anchored::Yes);
            let mut state = OverlappingState::start();
            loop {
                self.machine
                    .try_find_overlapping(input.clone(), &mut state)
                    .expect("the machine was built for searches of this kind");
                let Some(found) = state.get_match() else { break };
                let number = found.pattern().as_u32();
                let Some((_, action)) = self.entries.get(number as usize) else { continue };
                match action {
                    Action::Block => return Err(Fault::TextForbidden),
                    Action::Replace => {
                        let way = way_back.get_or_insert_with(|| WayBack::of(text, &folded));
                        cover(&mut spans, way.written(start, found.end()));
                    }
                    Action::Review => review.push(number),
                }
            }
            // A text of one letter may hold thousands of finds of few words.
            if review.len() >= FOUND_MAX {
                review.sort_unstable();
                review.dedup();
                review.truncate(FOUND_MAX / 2);
            }
        }
        review.sort_unstable();
        review.dedup();
        let word = |number: u32| self.entries.get(number as usize).map(|(word, _)| word.to_string());
        let mut review: Vec<String> = review.into_iter().filter_map(word).collect();
        review.sort_unstable();
        Ok(Passed { replaced: (!spans.is_empty()).then(|| replace(text, &spans)), review })
    }
}

/// Finds of words for review that are kept at a time; nobody reads so many.
const FOUND_MAX: usize = 4_096;

/// Adds a span to those that are covered, which neither touch nor overlap. Finds come in the order of their starts.
fn cover(spans: &mut Vec<(usize, usize)>, (start, end): (usize, usize)) {
    match spans.last_mut().filter(|last| start <= last.1) {
        Some(last) => last.1 = last.1.max(end),
        None => spans.push((start, end)),
    }
}

/// Puts an asterisk for every character within the spans.
fn replace(text: &str, spans: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for &(start, end) in spans {
        out.push_str(&text[done..start]);
        out.extend(std::iter::repeat_n('*', text[start..end].chars().count()));
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filter(words: &[(&str, Action)]) -> Filter {
        let words = words.iter().map(|(word, action)| ((*word).to_owned(), *action)).collect();
        Filter::new(AppId(7), 1, words, HashSet::new()).expect("words make a filter")
    }

    #[test]
    fn a_word_is_found_however_it_is_written() {
        let filter = filter(&[("Badword", Action::Block), ("禁句", Action::Block), ("café", Action::Block)]);
        let check = |text: &str, is_found: bool| assert_eq!(filter.check_text(text).is_err(), is_found, "{text}");
        check("a badword here", true);
        check("BADWORD", true);
        check("ＢａｄＷｏｒｄ", true);
        check("bad\u{200b}word", true);
        check("b\u{fe0f}adword", true);
        check("これは禁句です", true);
        check("CAFÉ", true);
        check("cafe\u{301}", true);
        check("cafe", false);
        check("bad word", false);
        check("禁止句", false);
        check("", false);
    }

    #[test]
    fn a_replacement_leaves_the_rest_of_the_text_alone() {
        let filter = filter(&[
            ("bad", Action::Replace),
            ("adder", Action::Replace),
            ("가", Action::Replace),
            ("ﬁn", Action::Replace),
        ]);
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(filter.check_text(text).expect("passes").replaced.as_deref(), expected, "{text}");
        };
        check("Fine: BAD and ba\u{200d}d", Some("***e: *** and ****"));
        check("badder", Some("******"));
        check("good Ü", None);
        check("ÄBＡDÖ", Some("Ä***Ö"));
        check("각 가", Some("각 *"));
        check("x e\u{301} bad", Some("x e\u{301} ***"));
    }

    #[test]
    fn a_blocked_word_within_another_blocks_and_reviews_are_told_once() {
        let both = filter(&[("badword", Action::Replace), ("adwo", Action::Block)]);
        assert_eq!(both.check_text("a badword"), Err(Fault::TextForbidden));
        let told = filter(&[("Gold", Action::Review), ("gold coin", Action::Review)]);
        let passed = told.check_text("gold coin, GOLD").expect("passes");
        assert_eq!((passed.review, passed.replaced), (vec!["Gold".to_owned(), "gold coin".to_owned()], None));
    }

    #[test]
    fn the_texts_of_a_message_are_those_that_people_read() {
        let filter = filter(&[("bad", Action::Replace)]);
        let mut body = json!([
            { "MsgType": "TIMTextElem", "MsgContent": { "Text": "bad" } },
            { "MsgType": "TIMCustomElem", "MsgContent": { "Desc": "bad", "Data": "bad", "Ext": "bad" } },
            { "MsgType": "TIMRelayElem", "MsgContent": { "Title": "bad", "AbstractList": ["x bad"], "MsgList": [
                { "MsgBody": [{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "bad" } }] }] } },
        ]);
        assert_eq!(filter.check_body(&mut body), Ok(Checked { is_changed: true, review: Vec::new() }));
        let expected = json!([
            { "MsgType": "TIMTextElem", "MsgContent": { "Text": "***" } },
            { "MsgType": "TIMCustomElem", "MsgContent": { "Desc": "***", "Data": "bad", "Ext": "bad" } },
            { "MsgType": "TIMRelayElem", "MsgContent": { "Title": "***", "AbstractList": ["x ***"], "MsgList": [
                { "MsgBody": [{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "***" } }] }] } },
        ]);
        assert_eq!(body, expected);
    }

    #[test]
    fn a_file_is_known_by_digest_and_by_url() {
        let digest = "0cc175b9c0f1b6a831c399e269772661";
        let mark = |kind: &str, mark: &str| Mark { kind: kind.into(), mark: mark.into() };
        let blocked = HashSet::from([mark("md5", digest), mark("url", "https://x.test/a.png")]);
        let filter = Filter::new(AppId(7), 1, Vec::new(), blocked).expect("a filter");
        let check = |content: Value, is_blocked: bool| {
            let mut body = json!([{ "MsgType": "TIMImageElem", "MsgContent": content }]);
            let outcome = filter.check_body(&mut body);
            assert_eq!(outcome == Err(Fault::ImageForbidden), is_blocked, "{body}");
        };
        check(json!({ "UUID": digest.to_uppercase(), "ImageInfoArray": [] }), true);
        check(json!({ "UUID": "x", "ImageInfoArray": [{ "URL": "https://x.test/a.png?sign=1#x" }] }), true);
        check(json!({ "UUID": "x", "ImageInfoArray": [{ "URL": "https://x.test/b.png" }] }), false);
        check(json!({ "Url": "https://x.test/a.png", "UUID": "x" }), true);
    }

    #[test]
    fn an_uploaded_file_is_the_same_under_every_host() {
        let id = "0123456789abcdef0123456789abcdef";
        let check = |url: &str, expected: Option<&str>| assert_eq!(own_file(AppId(7), url), expected, "{url}");
        check(&format!("https://a.test/media/7/{id}?e=1"), Some(id));
        check(&format!("http://b.test:1/x/media/7/{id}"), Some(id));
        check(&format!("http://b.test/media/8/{id}"), None);
        check(&format!("http://b.test/media/7/{id}0"), None);
        check(&format!("/media/7/{}", id.to_uppercase()), None);
        check("", None);
        assert_eq!(url_mark(AppId(7), &format!("https://a.test/media/7/{id}?e=1")), format!("/media/7/{id}"));
    }

    /// Letters of every kind that the normal form treats apart, in an order that is the same in every run.
    fn babble(seed: &mut u64, length: usize) -> String {
        const LETTERS: [&str; 16] =
            ["a", "b", "A", "ａ", "Ｂ", "e\u{301}", "é", "\u{200b}", "가", "각", "ᄀ", "ᅡ", "ﬁ", "禁", "ß", "\u{fe0f}"];
        let mut next = || {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*seed >> 33) as usize
        };
        (0..length).map(|_| LETTERS[next() % LETTERS.len()]).collect()
    }

    #[test]
    fn the_filter_agrees_with_a_search_word_by_word() {
        let mut seed = 7;
        for round in 0..300 {
            let words: Vec<String> = (0..=round % 20).map(|n| babble(&mut seed, 1 + n % 4)).collect();
            let text = babble(&mut seed, 30);
            let list = |action| words.iter().map(|word| (word.clone(), action)).collect();
            let make = |action| Filter::new(AppId(7), 1, list(action), HashSet::new()).expect("a filter");
            let folded = normal(&text);
            let is_in = words.iter().map(|word| normal(word)).any(|word| !word.is_empty() && folded.contains(&word));
            assert_eq!(make(Action::Block).check_text(&text).is_err(), is_in, "{words:?} {text:?}");
            let passed = make(Action::Replace).check_text(&text).expect("passes");
            assert_eq!(passed.replaced.is_some(), is_in, "{words:?} {text:?}");
            if let Some(replaced) = passed.replaced {
                assert_eq!(replaced.chars().count(), text.chars().count(), "{words:?} {text:?} {replaced:?}");
                let kept = |(one, other): (char, char)| one == other || other == '*';
                assert!(text.chars().zip(replaced.chars()).all(kept), "{words:?} {text:?} {replaced:?}");
            }
        }
    }

    #[test]
    fn many_words_are_one_pass() {
        let words = (0..20_000).map(|n| (format!("word{n}x"), Action::Review)).collect();
        let filter = Filter::new(AppId(7), 1, words, HashSet::new()).expect("a filter");
        let text = "nothing of that sort ".repeat(50) + "word777x";
        assert_eq!(filter.check_text(&text).expect("passes").review, ["word777x"]);
    }
}
