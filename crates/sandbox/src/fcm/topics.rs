//! Topics: subscriptions in batches, and the conditions of messages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::refusal::{self, Refusal};
use super::{Project, Room};
use crate::desk::{App, GONE};
use crate::service::{Call, Form, Reply};

/// Phones of one batch, topics of one condition, topics of one phone.
const BATCH_MAX: usize = 1_000;
const CONDITION_MAX: usize = 5;
const TOPICS_MAX: usize = 2_000;

impl Room {
    /// Subscribes phones to a topic, or takes them out of it.
    pub(super) fn batch(&self, call: &Call, is_add: bool) -> Result<Reply, Refusal> {
        if call.header("access_token_auth") != "true" {
            return Err(refusal::missing_credential());
        }
        let project = self.caller(call)?;
        let bad = || Refusal::new(Reply::json(400, &json!({ "error": "InvalidArgument" }), "InvalidArgument"));
        let body = call.json().ok_or_else(bad)?;
        let topic = body["to"].as_str().and_then(|to| to.strip_prefix("/topics/")).ok_or_else(bad)?;
        let tokens = body["registration_tokens"].as_array().ok_or_else(bad)?;
        if !is_topic(topic) || tokens.is_empty() || tokens.len() > BATCH_MAX {
            return Err(bad());
        }
        let results: Vec<Value> = tokens
            .iter()
            .map(|token| match self.subscribe(&project, token.as_str().unwrap_or_default(), topic, is_add) {
                Ok(()) => json!({}),
                Err(error) => json!({ "error": error }),
            })
            .collect();
        Ok(Reply::json(200, &json!({ "results": results }), ""))
    }

    /// The newer way, one phone at a time: `POST …/topicSubscriptions?topic_name=` and `DELETE …/topicSubscriptions/{topic}`.
    pub(super) fn subscription(
        &self,
        call: &Call,
        wanted: &str,
        token: &str,
        topic: &[&str],
    ) -> Result<Reply, Refusal> {
        let project = self.caller(call)?;
        if project.project_id != wanted {
            return Err(refusal::no_permission(wanted));
        }
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (is_add, topic) = match (call.method.as_str(), topic) {
            ("POST", []) => {
                let query = Form::parse(&call.query).unwrap_or_default();
                (true, query.text("topic_name").to_owned())
            }
            ("DELETE", [topic]) => (false, decode(topic)),
            _ => return Ok(Reply::html(404)),
        };
        if !is_topic(&topic) {
            return Err(refusal::bad_field("topic_name", "Topic name contains invalid characters."));
        }
        let token = decode(token);
        match self.subscribe(&project, &token, &topic, is_add) {
            Ok(()) if is_add => {
                let name = format!("projects/{wanted}/registrations/{token}/topicSubscriptions/{topic}");
                Ok(Reply::json(200, &json!({ "name": name }), ""))
            }
            Ok(()) => Ok(Reply::json(200, &json!({}), "")),
            Err("INVALID_ARGUMENT") => Err(refusal::bad_token()),
            Err("TOO_MANY_TOPICS") => Err(refusal::quota("Topics per registration")),
            Err(_) => Err(refusal::unregistered()),
        }
    }

    fn subscribe(&self, project: &Project, token: &str, topic: &str, is_add: bool) -> Result<(), &'static str> {
        let known = self.desk.change(token, |device| {
            if device.app != project.project_id || device.state == GONE {
                return Err("NOT_FOUND");
            }
            if is_add && device.topics.len() >= TOPICS_MAX {
                return Err("TOO_MANY_TOPICS");
            }
            if is_add {
                device.topics.insert(topic.to_owned());
            } else {
                device.topics.remove(topic);
            }
            Ok(())
        });
        known.unwrap_or(Err(if Project::is_token(token) { "NOT_FOUND" } else { "INVALID_ARGUMENT" }))
    }
}

/// `[a-zA-Z0-9-_.~%]+`, of at most 900 characters.
pub(super) fn is_topic(name: &str) -> bool {
    !name.is_empty() && name.len() <= 900 && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.~%".contains(&c))
}

/// Who is meant: topics under `&&`, `||`, `!` and parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    In(String),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    /// None when the text cannot be read or names too many topics.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text, topics: 0, depth: 0 };
        let condition = parser.or()?;
        (parser.rest.trim().is_empty() && parser.topics <= CONDITION_MAX).then_some(condition)
    }

    /// Whether a phone with these topics is meant.
    pub(super) fn holds(&self, topics: &BTreeSet<String>) -> bool {
        match self {
            Self::In(topic) => topics.contains(topic),
            Self::Not(inner) => !inner.holds(topics),
            Self::And(left, right) => left.holds(topics) && right.holds(topics),
            Self::Or(left, right) => left.holds(topics) || right.holds(topics),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    topics: usize,
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(word).map(|rest| self.rest = rest).is_some()
    }

    fn or(&mut self) -> Option<Condition> {
        let mut left = self.and()?;
        while self.take("||") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Condition> {
        let mut left = self.one()?;
        while self.take("&&") {
            left = Condition::And(Box::new(left), Box::new(self.one()?));
        }
        Some(left)
    }

    fn one(&mut self) -> Option<Condition> {
        self.depth += 1;
        if self.depth > 32 {
            return None;
        }
        if self.take("!") {
            return Some(Condition::Not(Box::new(self.one()?)));
        }
        if self.take("(") {
            let inner = self.or()?;
            return self.take(")").then_some(inner);
        }
        let quote = if self.take("'") { '\'' } else { self.take("\"").then_some('"')? };
        let (topic, rest) = self.rest.split_once(quote)?;
        let topic = topic.to_owned();
        self.rest = rest;
        self.topics += 1;
        (is_topic(&topic) && self.take("in") && self.take("topics")).then_some(Condition::In(topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_read_as_it_is_written() {
        let holds = |text: &str, topics: &[&str]| {
            let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
            Condition::parse(text).map(|condition| condition.holds(&topics))
        };
        let text = "'dogs' in topics && ('cats' in topics || !('birds' in topics))";
        assert_eq!(holds(text, &["dogs"]), Some(true));
        assert_eq!(holds(text, &["dogs", "birds"]), Some(false));
        assert_eq!(holds(text, &["dogs", "birds", "cats"]), Some(true));
        for bad in ["", "'a'", "'a' in topics &&", "('a' in topics", "'a b' in topics", "'a' in topics x"] {
            assert_eq!(holds(bad, &[]), None, "{bad}");
        }
        let six = ["'a' in topics"; 6].join(" || ");
        assert_eq!(holds(&six, &["a"]), None, "five topics are the most");
    }
}
