//! Rules for what no request can provoke: a refusal that the vendor would never give here, silence, a lost connection.
//!
//! A rule matches by room, token and topic and is used up after its count. Delays add up; the first
//! other effect that matches wins.

use std::io;
use std::path::Path;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

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
    /// The device token; none means every token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The topic or package; none means every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// How many requests the rule takes; 0 means until it is cleared.
    #[serde(default = "once")]
    pub count: u32,
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
        /// The HTTP status.
        status: u16,
        /// The vendor's word for it.
        #[serde(default)]
        reason: String,
        /// Adds `retry-after` in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<u32>,
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
}

/// A file of rules: `[[faults]]` tables in TOML, or an object with a `faults` list in JSON.
#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    faults: Vec<Rule>,
}

fn once() -> u32 {
    1
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

/// What the rules decided for one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) delay_ms: u64,
    pub(crate) effect: Option<Effect>,
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
}

impl Faults {
    /// Adds a rule behind the others; refuses when too many stand.
    pub(crate) fn add(&self, rule: Rule) -> Result<(), &'static str> {
        let mut rules = self.rules.lock();
        if rules.len() >= RULES_MAX {
            return Err("too many fault rules stand");
        }
        rules.push(Standing { rule, used: 0 });
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

    /// Takes what applies to a request and uses the rules up.
    pub(crate) fn take(&self, room: &str, token: &str, topic: &str) -> Decision {
        let mut decision = Decision::default();
        let mut rules = self.rules.lock();
        for standing in rules.iter_mut() {
            if !standing.rule.matches(room, token, topic) {
                continue;
            }
            standing.used += 1;
            if let Effect::Delay { ms } = standing.rule.effect {
                decision.delay_ms = decision.delay_ms.saturating_add(ms).min(DELAY_MS_MAX);
            } else {
                decision.effect = Some(standing.rule.effect.clone());
                break;
            }
        }
        rules.retain(|standing| standing.rule.count == 0 || standing.used < standing.rule.count);
        decision
    }
}

impl Rule {
    fn matches(&self, room: &str, token: &str, topic: &str) -> bool {
        let fits = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        fits(&self.room, room) && fits(&self.token, token) && fits(&self.topic, topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(count: u32, effect: Effect) -> Rule {
        Rule { room: None, token: Some("a".into()), topic: None, count, effect }
    }

    #[test]
    fn a_rule_is_used_up_after_its_count() {
        let faults = Faults::default();
        faults.add(rule(2, Effect::Drop)).unwrap();
        assert_eq!(faults.take("r", "b", "t").effect, None);
        assert_eq!(faults.take("r", "a", "t").effect, Some(Effect::Drop));
        assert_eq!(faults.take("r", "a", "t").effect, Some(Effect::Drop));
        assert_eq!(faults.take("r", "a", "t").effect, None);
    }

    #[test]
    fn delays_add_up_before_the_first_other_effect() {
        let faults = Faults::default();
        faults.add(rule(0, Effect::Delay { ms: 5 })).unwrap();
        faults.add(rule(1, Effect::Delay { ms: 7 })).unwrap();
        faults.add(rule(1, Effect::Silence)).unwrap();
        assert_eq!(faults.take("r", "a", "t"), Decision { delay_ms: 12, effect: Some(Effect::Silence) });
        assert_eq!(faults.take("r", "a", "t"), Decision { delay_ms: 5, effect: None });
    }

    #[test]
    fn both_file_formats_hold_the_same_rules() {
        let toml: File = toml::from_str(
            "[[faults]]\ntoken = \"a\"\ncount = 2\neffect = \"answer\"\nstatus = 500\nreason = \"Oops\"\n",
        )
        .unwrap();
        let json: File = serde_json::from_str(
            r#"{"faults":[{"token":"a","count":2,"effect":"answer","status":500,"reason":"Oops"}]}"#,
        )
        .unwrap();
        assert_eq!(toml.faults, json.faults);
        assert_eq!(json.faults.len(), 1);
    }
}
