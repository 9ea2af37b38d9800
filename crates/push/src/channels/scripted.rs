//! A channel that plays any verdict by script: the engine's double of a vendor.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::channel::{Answer, Channel, Limits, Outgoing, Recall, Said, Verdict};

/// Messages that are kept for the test to look at.
const SEEN_MAX: usize = 100_000;

/// Answers with the script's verdicts in order, and accepts everything once the script has ended.
#[derive(Debug)]
pub struct Scripted {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Answer>,
    by_token: Vec<(String, Answer)>,
    delay: Duration,
    seen: VecDeque<Outgoing>,
    /// None while the vendor cannot take anything back.
    recalled: Option<VecDeque<Recall>>,
    batch_largest: usize,
    is_closed: bool,
}

impl Scripted {
    /// A channel with an empty script.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// Adds a verdict for the next message that has none of its own.
    pub fn then(&self, verdict: Verdict) {
        self.state.lock().script.push_back(answer(verdict));
    }

    /// Gives a token the same verdict every time; the later call wins.
    pub fn always(&self, token: &str, verdict: Verdict) {
        let mut state = self.state.lock();
        state.by_token.retain(|(known, _)| known != token);
        state.by_token.push((token.to_owned(), answer(verdict)));
    }

    /// Makes every batch take this long.
    pub fn delay(&self, delay: Duration) {
        self.state.lock().delay = delay;
    }

    /// Lets the vendor take notifications back from now on.
    pub fn can_recall(&self) {
        self.state.lock().recalled.get_or_insert_default();
    }

    /// What was taken back, oldest first.
    pub fn recalled(&self) -> Vec<Recall> {
        self.state.lock().recalled.iter().flatten().cloned().collect()
    }

    /// How many messages the largest batch had.
    pub fn batch_largest(&self) -> usize {
        self.state.lock().batch_largest
    }

    /// What was sent, oldest first.
    pub fn seen(&self) -> Vec<Outgoing> {
        self.state.lock().seen.iter().cloned().collect()
    }

    /// Whether the channel was closed.
    pub fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }
}

fn answer(verdict: Verdict) -> Answer {
    let said = verdict.status().map_or_else(Said::default, |status| Said::new(status.number.to_string(), "scripted"));
    Answer { verdict, said }
}

impl State {
    fn take(&mut self, outgoing: &Outgoing) -> Answer {
        if self.seen.len() >= SEEN_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(outgoing.clone());
        self.say(&outgoing.token)
    }

    fn take_back(&mut self, recall: &Recall) -> Answer {
        let kept = self.recalled.get_or_insert_default();
        if kept.len() >= SEEN_MAX {
            kept.pop_front();
        }
        kept.push_back(recall.clone());
        self.say(&recall.token)
    }

    fn say(&mut self, token: &str) -> Answer {
        let own = self.by_token.iter().find(|(known, _)| known == token).map(|(_, answer)| answer.clone());
        own.or_else(|| self.script.pop_front()).unwrap_or_else(|| answer(Verdict::Accepted))
    }
}

impl Channel for Scripted {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let delay = self.state.lock().delay;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let mut state = self.state.lock();
            state.batch_largest = state.batch_largest.max(batch.len());
            batch.iter().map(|outgoing| state.take(outgoing)).collect()
        }
        .boxed()
    }

    fn recall<'a>(&'a self, recalls: &'a [Recall]) -> Option<BoxFuture<'a, Vec<Answer>>> {
        self.state.lock().recalled.as_ref()?;
        let recalled = async move {
            let mut state = self.state.lock();
            recalls.iter().map(|recall| state.take_back(recall)).collect()
        };
        Some(recalled.boxed())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.state.lock().is_closed = true;
        std::future::ready(()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use contract::Millis;

    use super::*;
    use crate::channel::{Scope, Status};

    #[tokio::test]
    async fn a_token_keeps_its_verdict_and_the_others_follow_the_script() {
        let status = Status { family: "test", number: 7 };
        let gone = Verdict::Gone { status, since: None };
        let later = Verdict::Later { status, scope: Scope::Node, after_ms: Some(5) };
        let limits = Limits { batch_max: 10, payload_bytes_max: 10, can_add_badge: false };
        let channel = Scripted::new(limits);
        channel.always("dead", gone);
        channel.then(later);
        let message = |token: &str| Outgoing {
            id: [0; 16],
            token: token.to_owned(),
            notification: Arc::default(),
            expires_at: Millis(0),
            attempt: 1,
        };
        let batch = [message("dead"), message("a"), message("dead"), message("b")];
        let verdicts: Vec<Verdict> = channel.deliver(&batch).await.into_iter().map(|answer| answer.verdict).collect();
        assert_eq!(verdicts, [gone, later, gone, Verdict::Accepted]);
        assert_eq!(channel.seen().len(), 4);
        channel.close().await;
        assert!(channel.is_closed());
    }
}
