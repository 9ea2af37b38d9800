//! Messages to many: stored ones for lists, one a day for everybody, tags; and what became of each task.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::{Refusal, Room, VivoApp, message, success};
use crate::meter::DAY_MS;
use crate::random;
use crate::service::Reply;

/// Targets of one call.
const LIST: std::ops::RangeInclusive<usize> = 2..=1_000;
/// Tasks that are remembered.
const TASKS_MAX: usize = 10_000;

/// Stored messages and the counts of tasks.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    stored: BTreeMap<String, Stored>,
    counts: BTreeMap<String, Counts>,
    order: VecDeque<String>,
}

#[derive(Debug, Clone)]
struct Stored {
    app: String,
    body: Value,
    is_pushed: bool,
}

/// What became of a task's targets: all, reached, invalid, muted, offline.
#[derive(Debug)]
struct Counts {
    app: String,
    by_fate: [usize; 5],
}

impl Tasks {
    /// Adds to the counts of a task.
    pub(super) fn count(&mut self, task: &str, app: &str, more: [usize; 5]) {
        if !self.counts.contains_key(task) {
            self.order.push_back(task.to_owned());
            if self.order.len() > TASKS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.counts.remove(&oldest);
                self.stored.remove(&oldest);
            }
        }
        let counts = self.counts.entry(task.to_owned()).or_insert(Counts { app: app.to_owned(), by_fate: [0; 5] });
        counts.by_fate.iter_mut().zip(more).for_each(|(count, more)| *count += more);
    }

    /// A task as the report has it.
    pub(super) fn statistics(&self, task: &str, app: &str) -> Option<Value> {
        let counts = self.counts.get(task).filter(|counts| counts.app == app)?;
        let [send, receive, invalid, muted, offline] = counts.by_fate;
        Some(json!({
            "taskId": task, "send": send, "receive": receive, "display": receive, "click": 0,
            "targetInvalid": invalid, "targetUnSub": 0, "targetInActive": 0, "covered": 0, "controlled": muted,
            "targetOffline": offline,
        }))
    }
}

impl Room {
    /// Stores the message of a list.
    pub(super) fn save(&self, app: &VivoApp, body: &Value) -> Result<Reply, Refusal> {
        self.check(app, body, 0)?;
        let mut tasks = self.tasks.lock();
        let waiting = tasks.stored.values().filter(|it| it.app == app.app_id && !it.is_pushed).count();
        if waiting >= app.tasks_max {
            return Err(Refusal::new(10_040));
        }
        drop(tasks);
        self.use_up(app, body)?;
        let task = random::digits(18);
        tasks = self.tasks.lock();
        tasks.count(&task, &app.app_id, [0; 5]);
        tasks.stored.insert(task.clone(), Stored { app: app.app_id.clone(), body: body.clone(), is_pushed: false });
        Ok(success(&json!({ "taskId": task })))
    }

    /// Pushes a stored message to a list.
    pub(super) fn push_to_list(&self, app: &VivoApp, body: &Value) -> Result<Reply, Refusal> {
        let texts = |name: &str| -> Vec<&str> {
            body[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let (ids, aliases) = (texts("regIds"), texts("aliases"));
        if ids.is_empty() && aliases.is_empty() {
            return Err(Refusal::new(10_050));
        }
        let count = if ids.is_empty() { aliases.len() } else { ids.len() };
        if !LIST.contains(&count) {
            return Err(Refusal::new(10_252));
        }
        let task = body["taskId"].as_str().unwrap_or_default();
        let stored = self.tasks.lock().stored.get(task).filter(|it| it.app == app.app_id).map(|it| it.body.clone());
        let stored = stored.ok_or_else(|| Refusal::new(10_150))?;
        self.check(app, &stored, count)?;
        self.use_up(app, body)?;
        let (mut phones, mut invalid) = (Vec::new(), Vec::new());
        for id in &ids {
            match self.fate(app, &stored, id) {
                Ok(device) => phones.push(device),
                Err(status) => invalid.push(json!({ "status": status, "userid": id })),
            }
        }
        if ids.is_empty() {
            phones = self.where_it(app, |it| it.alias.as_deref().is_some_and(|alias| aliases.contains(&alias)));
        }
        if let Some(stored) = self.tasks.lock().stored.get_mut(task) {
            stored.is_pushed = true;
        }
        self.deliver(app, &stored, phones, task, invalid.len());
        let mut more = json!({ "requestId": body["requestId"], "taskId": task });
        if !invalid.is_empty() {
            more["invalidUsers"] = json!(invalid);
        }
        Ok(success(&more))
    }

    /// Pushes to everybody, once a day.
    pub(super) fn push_to_all(&self, app: &VivoApp, body: &Value) -> Result<Reply, Refusal> {
        message::check(body, &app.sensitive_words, &app.audited_words)?;
        if !self.meter.take(&format!("all {}", app.app_id), self.hall.clock.now_ms(), DAY_MS, 1, 1) {
            return Err(Refusal::new(10_254));
        }
        let phones = self.where_it(app, |_| true);
        self.check(app, body, phones.len())?;
        self.use_up(app, body)?;
        let task = random::digits(18);
        self.deliver(app, body, phones, &task, 0);
        Ok(success(&json!({ "taskId": task })))
    }

    /// Pushes to the phones with tags.
    pub(super) fn push_to_tags(&self, app: &VivoApp, body: &Value) -> Result<Reply, Refusal> {
        let list = |name: &str| -> Vec<&str> {
            body["tagExpression"][name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let (or, and, not) = (list("orTags"), list("andTags"), list("notTags"));
        let phones = self.where_it(app, |it| {
            (or.is_empty() || or.iter().any(|tag| it.topics.contains(*tag)))
                && and.iter().all(|tag| it.topics.contains(*tag))
                && !not.iter().any(|tag| it.topics.contains(*tag))
                && (!or.is_empty() || !and.is_empty())
        });
        self.check(app, body, phones.len())?;
        self.use_up(app, body)?;
        let task = random::digits(18);
        self.deliver(app, body, phones, &task, 0);
        Ok(success(&json!({ "taskId": task })))
    }
}
