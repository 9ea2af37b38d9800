//! Rules for what no request can provoke: a refusal that the vendor would never give here, silence, a lost connection.
//!
//! A rule matches by room, path, token and topic and is used up after its count. Delays add up; the first
//! other effect that matches wins. Calls that send nothing (for an access token, say) are matched only by rules that
//! name a path. A rule that cannot be meant is refused when it is added ([`check`]): one that names a code which its
//! vendor does not document would test a sender against a vendor that is not there.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rules that may stand at once; a script needs a handful.
const RULES_MAX: usize = 1_000;
/// The longest delay, so that a forgotten rule cannot hold a stream for ever.
const DELAY_MS_MAX: u64 = 600_000;

/// One rule, as the control API and the file spell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The vendor's room; none means every room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// How the path ends; none means every call that sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The device token, one of those that a batch names; none means every token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The topic or package; none means every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// How many requests the rule takes; 0 means until it is cleared. None means one, and for limits 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What happens.
    #[serde(flatten)]
    pub effect: Effect,
}

/// What a rule does to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Answers with this status and reason instead of looking at the request.
    Answer {
        /// The HTTP status; none means the one that the vendor gives with the code, or 200 without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// One of the codes that the vendor documents, put into the body as the vendor writes it. Needs a room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Value>,
        /// The words beside it; none means the vendor's own. Apple's rooms take it as the reason where there is no code.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// Adds `retry-after` in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<u32>,
        /// The whole body instead: a text as it is, anything else as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// More headers.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
    /// Answers later than usual.
    Delay {
        /// By how much.
        ms: u64,
    },
    /// Reads the request and closes the connection without a word: the sender cannot know the outcome.
    Drop,
    /// Resets the stream with this HTTP/2 error code.
    Reset {
        /// 7 is REFUSED_STREAM, 8 is CANCEL.
        code: u32,
    },
    /// Says GOAWAY with a last stream below the one that matched, finishes the older ones and closes. If a newer
    /// stream was looked at before, the one that matched is answered, too: what was done is not disowned.
    GoAway,
    /// Never answers.
    Silence,
    /// Announces another cap of concurrent streams, then answers as usual.
    StreamCap {
        /// The new cap.
        streams: u32,
    },
    /// Lets so many requests pass in a second and refuses the others as the vendor refuses who is too fast.
    RateLimit {
        /// Requests in a second.
        per_s: u32,
    },
    /// Lets so many requests pass and refuses the others as the vendor refuses who has used up the day.
    Quota {
        /// Requests in all.
        requests: u32,
    },
}

/// A file of rules: `[[faults]]` tables in TOML, or an object with a `faults` list in JSON.
#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    faults: Vec<Rule>,
}

/// Reads rules from a `.json` file, or from TOML under any other name.
pub fn read(path: &Path) -> io::Result<Vec<Rule>> {
    let text = std::fs::read_to_string(path)?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let file: File = if is_json {
        serde_json::from_str(&text).map_err(io::Error::other)?
    } else {
        toml::from_str(&text).map_err(io::Error::other)?
    };
    Ok(file.faults)
}

/// A code as a room is told to answer it.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    /// As the vendor's documents write it.
    pub(crate) code: &'a str,
    /// Other words than the vendor's; empty for those.
    pub(crate) reason: &'a str,
    /// The phones that it is about: the rule's own, or all that the request names.
    pub(crate) tokens: &'a [String],
}

impl Told<'_> {
    /// The code where a vendor counts with numbers.
    pub(crate) fn number(&self) -> i64 {
        self.code.parse().unwrap_or_default()
    }

    /// The rule's words, or else the vendor's.
    pub(crate) fn text<'a>(&'a self, own: &'a str) -> &'a str {
        if self.reason.is_empty() { own } else { self.reason }
    }
}

/// A code as documents write it: vendors differ in whether it is a text or a number, rules may say it either way.
pub(crate) fn code_text(code: &Value) -> String {
    code.as_str().map_or_else(|| code.to_string(), str::to_owned)
}

/// Refuses a rule that cannot be meant. `documented` tells the codes of a room, or none if there is no such room.
pub(crate) fn check(rule: &Rule, documented: impl Fn(&str) -> Option<Vec<String>>) -> Result<(), String> {
    let known = match &rule.room {
        None => None,
        Some(room) => Some((room, documented(room).ok_or_else(|| format!("there is no room {room}"))?)),
    };
    let Effect::Answer { status, code, body, .. } = &rule.effect else { return Ok(()) };
    if status.is_some_and(|status| !(100..=599).contains(&status)) {
        return Err("an HTTP status is 100 to 599".to_owned());
    }
    let Some(code) = code.as_ref().map(code_text) else {
        let is_said = status.is_some() || body.is_some();
        return if is_said { Ok(()) } else { Err("an answer has a code, a status or a body".to_owned()) };
    };
    let Some((room, codes)) = known else { return Err(format!("code {code} is a vendor's own: name the room")) };
    if codes.contains(&code) {
        return Ok(());
    }
    Err(format!("{room} documents no code {code}; there are {}", codes.join(", ")))
}

/// What the rules decided for one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) delay_ms: u64,
    pub(crate) effect: Option<Effect>,
    /// The phone that the rule names.
    pub(crate) token: Option<String>,
}

/// The rules that stand.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Standing>>,
}

#[derive(Debug)]
struct Standing {
    rule: Rule,
    used: u32,
    /// The second that is counted, and what passed in it (or, for a quota, in all).
    second: i64,
    passed: u32,
}

/// What is known of a request before anybody judges it.
#[derive(Debug, Default)]
pub(crate) struct Aim {
    /// Sends something to phones.
    pub(crate) is_send: bool,
    pub(crate) tokens: Vec<String>,
    pub(crate) topic: String,
}

impl Aim {
    pub(crate) fn send(tokens: Vec<String>, topic: impl Into<String>) -> Self {
        Self { is_send: true, tokens, topic: topic.into() }
    }
}

impl Faults {
    /// Adds a rule behind the others; refuses when too many stand.
    pub(crate) fn add(&self, rule: Rule) -> Result<(), &'static str> {
        let mut rules = self.rules.lock();
        if rules.len() >= RULES_MAX {
            return Err("too many fault rules stand");
        }
        rules.push(Standing { rule, used: 0, second: 0, passed: 0 });
        Ok(())
    }

    /// Removes every rule.
    pub(crate) fn clear(&self) {
        self.rules.lock().clear();
    }

    /// The rules that are not used up.
    pub(crate) fn list(&self) -> Vec<Rule> {
        self.rules.lock().iter().map(|standing| standing.rule.clone()).collect()
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.lock().is_empty()
    }

    /// Takes what applies to a request and uses the rules up.
    pub(crate) fn take(&self, room: &str, path: &str, aim: &Aim, now_ms: i64) -> Decision {
        let mut decision = Decision::default();
        let mut rules = self.rules.lock();
        for standing in rules.iter_mut() {
            if !standing.rule.matches(room, path, aim) || !standing.is_due(now_ms) {
                continue;
            }
            standing.used += 1;
            if let Effect::Delay { ms } = standing.rule.effect {
                decision.delay_ms = decision.delay_ms.saturating_add(ms).min(DELAY_MS_MAX);
            } else {
                decision.effect = Some(standing.rule.effect.clone());
                decision.token.clone_from(&standing.rule.token);
                break;
            }
        }
        rules.retain(|standing| standing.rule.takes() == 0 || standing.used < standing.rule.takes());
        decision
    }
}

impl Standing {
    /// A limit is due only when what it lets pass has passed.
    fn is_due(&mut self, now_ms: i64) -> bool {
        let (second, most) = match self.rule.effect {
            Effect::RateLimit { per_s } => (now_ms.div_euclid(1_000), per_s),
            Effect::Quota { requests } => (0, requests),
            _ => return true,
        };
        if self.second != second {
            (self.second, self.passed) = (second, 0);
        }
        self.passed = self.passed.saturating_add(1);
        self.passed > most
    }
}

impl Rule {
    fn matches(&self, room: &str, path: &str, aim: &Aim) -> bool {
        let fits = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let is_path = self.path.as_deref().map_or(aim.is_send, |end| path.ends_with(end));
        let is_token = self.token.as_ref().is_none_or(|token| aim.tokens.contains(token));
        is_path && is_token && fits(&self.room, room) && fits(&self.topic, &aim.topic)
    }

    fn takes(&self) -> u32 {
        let is_limit = matches!(self.effect, Effect::RateLimit { .. } | Effect::Quota { .. });
        self.count.unwrap_or(u32::from(!is_limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(count: u32, effect: Effect) -> Rule {
        Rule { room: None, path: None, token: Some("a".into()), topic: None, count: Some(count), effect }
    }

    fn take(faults: &Faults, token: &str, now_ms: i64) -> Decision {
        faults.take("r", "/send", &Aim::send(vec!["x".into(), token.into()], "t"), now_ms)
    }

    #[test]
    fn a_rule_is_used_up_after_its_count() {
        let faults = Faults::default();
        faults.add(rule(2, Effect::Drop)).unwrap();
        assert_eq!(take(&faults, "b", 0).effect, None);
        assert_eq!(take(&faults, "a", 0).effect, Some(Effect::Drop));
        assert_eq!(take(&faults, "a", 0).effect, Some(Effect::Drop));
        assert_eq!(take(&faults, "a", 0).effect, None);
    }

    #[test]
    fn delays_add_up_before_the_first_other_effect() {
        let faults = Faults::default();
        faults.add(rule(0, Effect::Delay { ms: 5 })).unwrap();
        faults.add(rule(1, Effect::Delay { ms: 7 })).unwrap();
        faults.add(rule(1, Effect::Silence)).unwrap();
        let decision = |delay_ms, effect: Option<Effect>| {
            let token = effect.is_some().then(|| "a".to_owned());
            Decision { delay_ms, effect, token }
        };
        assert_eq!(take(&faults, "a", 0), decision(12, Some(Effect::Silence)));
        assert_eq!(take(&faults, "a", 0), decision(5, None));
    }

    #[test]
    fn a_call_that_sends_nothing_is_matched_by_its_path_only() {
        let faults = Faults::default();
        let any = |path: Option<&str>| Rule { path: path.map(Into::into), token: None, ..rule(1, Effect::Drop) };
        faults.add(any(None)).unwrap();
        assert_eq!(faults.take("r", "/oauth/token", &Aim::default(), 0).effect, None);
        faults.add(any(Some("/token"))).unwrap();
        assert_eq!(faults.take("r", "/oauth/token", &Aim::default(), 0).effect, Some(Effect::Drop));
    }

    #[test]
    fn limits_let_pass_what_they_allow() {
        let faults = Faults::default();
        faults.add(Rule { count: None, ..rule(0, Effect::RateLimit { per_s: 2 }) }).unwrap();
        let refused = |now_ms| take(&faults, "a", now_ms).effect.is_some();
        assert_eq!([0, 1, 999, 1_000, 1_001, 1_999].map(refused), [false, false, true, false, false, true]);
        faults.clear();
        faults.add(Rule { count: None, ..rule(0, Effect::Quota { requests: 1 }) }).unwrap();
        assert_eq!([0, 5_000, 90_000].map(|now_ms| take(&faults, "a", now_ms).effect.is_some()), [false, true, true]);
    }

    #[test]
    fn a_rule_that_cannot_be_meant_is_refused() {
        let documented = |room: &str| (room == "r").then(|| vec!["7".to_owned(), "BUSY".to_owned()]);
        let check = |text: &str| {
            let rule: Rule = serde_json::from_str(text).unwrap();
            super::check(&rule, documented).err().unwrap_or_default()
        };
        assert_eq!(check(r#"{"room":"r","effect":"answer","code":7}"#), "");
        assert_eq!(check(r#"{"room":"r","effect":"answer","code":"7"}"#), "");
        assert_eq!(check(r#"{"room":"r","effect":"answer","code":"BUSY"}"#), "");
        assert_eq!(check(r#"{"effect":"answer","status":500}"#), "");
        assert_eq!(check(r#"{"effect":"drop"}"#), "");
        let refused = "r documents no code 8; there are 7, BUSY";
        assert_eq!(check(r#"{"room":"r","effect":"answer","code":8}"#), refused);
        assert_eq!(check(r#"{"effect":"answer","code":7}"#), "code 7 is a vendor's own: name the room");
        assert_eq!(check(r#"{"room":"s","effect":"drop"}"#), "there is no room s");
        assert_eq!(check(r#"{"room":"r","effect":"answer"}"#), "an answer has a code, a status or a body");
        assert_eq!(check(r#"{"effect":"answer","status":7}"#), "an HTTP status is 100 to 599");
    }

    #[test]
    fn both_file_formats_hold_the_same_rules() {
        let toml: File = toml::from_str(
            "[[faults]]\ntoken = \"a\"\ncount = 2\neffect = \"answer\"\nstatus = 500\nreason = \"Oops\"\ncode = 7\n",
        )
        .unwrap();
        let json: File = serde_json::from_str(
            r#"{"faults":[{"token":"a","count":2,"effect":"answer","status":500,"reason":"Oops","code":7}]}"#,
        )
        .unwrap();
        assert_eq!(toml.faults, json.faults);
        assert_eq!(json.faults.len(), 1);
    }
}
