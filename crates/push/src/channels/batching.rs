//! From a batch of messages to calls of a vendor that takes many tokens at once, and the small tools that the bodies of
//! such calls need.
//!
//! Messages that say the same go out in one call, up to the vendor's bound. A token stands once in a call: a second
//! message with the same words for it goes out in a call of its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use contract::Millis;
use contract::codes::OfflinePush;
use contract::notification::Notification;
use futures_util::future::join_all;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Refusal;
use super::wire::Judged;
use crate::channel::{Answer, Outgoing, Recall, Said, Scope, Status, Verdict};

/// Messages of one call.
pub(super) struct Group<'a, P> {
    pub(super) prepared: Arc<P>,
    pub(super) messages: Vec<&'a Outgoing>,
    places: Vec<usize>,
    tokens: HashSet<&'a str>,
}

/// What was made of the message before: the next mostly says the same.
type Last<'a, P> = (&'a Arc<Notification>, Millis, Result<Arc<P>, Refusal>);

/// Groups a batch. Answers the groups, and the refusals that need no wire by their places.
pub(super) fn group<'a, P: Eq + Hash>(
    batch: &'a [Outgoing],
    tokens_max: usize,
    check: impl Fn(&str) -> Result<(), Refusal>,
    prepare: impl Fn(&Outgoing) -> Result<P, Refusal>,
) -> (Vec<Group<'a, P>>, Vec<(usize, Refusal)>) {
    let mut groups: Vec<Group<'a, P>> = Vec::new();
    let mut open: HashMap<Arc<P>, Vec<usize>> = HashMap::new();
    let mut refused = Vec::new();
    let mut last: Option<Last<'a, P>> = None;
    for (place, message) in batch.iter().enumerate() {
        let prepared = match &last {
            Some((notification, expires_at, prepared))
                if Arc::ptr_eq(notification, &message.notification) && *expires_at == message.expires_at =>
            {
                prepared.clone()
            }
            _ => prepare(message).map(Arc::new),
        };
        last = Some((&message.notification, message.expires_at, prepared.clone()));
        // Without a token nothing else matters.
        let prepared = match check(&message.token).and(prepared) {
            Ok(prepared) => prepared,
            Err(answer) => {
                refused.push((place, answer));
                continue;
            }
        };
        let same = open.entry(Arc::clone(&prepared)).or_default();
        let fits = |index: &&usize| {
            let group = &groups[**index];
            group.messages.len() < tokens_max && !group.tokens.contains(&*message.token)
        };
        let index = same.iter().rev().find(fits).copied().unwrap_or(groups.len());
        if index == groups.len() {
            groups.push(Group { prepared, messages: Vec::new(), places: Vec::new(), tokens: HashSet::new() });
            same.push(index);
        }
        groups[index].messages.push(message);
        groups[index].places.push(place);
        groups[index].tokens.insert(&message.token);
    }
    (groups, refused)
}

/// Groups a batch, sends the groups side by side, and puts the answers into the batch's order.
pub(super) async fn deliver<'a, P, F>(
    batch: &'a [Outgoing],
    tokens_max: usize,
    check: impl Fn(&str) -> Result<(), Refusal>,
    prepare: impl Fn(&Outgoing) -> Result<P, Refusal>,
    send: impl Fn(Arc<P>, Vec<&'a Outgoing>) -> F,
) -> Vec<Answer>
where
    P: Eq + Hash,
    F: Future<Output = Vec<Answer>>,
{
    let (groups, refused) = group(batch, tokens_max, check, prepare);
    let mut places: Vec<Vec<usize>> = Vec::with_capacity(groups.len());
    let sent = groups.into_iter().map(|group| {
        places.push(group.places);
        send(group.prepared, group.messages)
    });
    let sent: Vec<F> = sent.collect();
    let answered = join_all(sent).await;
    let mut answers: Vec<Option<Answer>> = vec![None; batch.len()];
    for (place, answer) in refused {
        answers[place] = Some(*answer);
    }
    for (place, answer) in
        places.into_iter().zip(answered).flat_map(|(places, answers)| places.into_iter().zip(answers))
    {
        answers[place] = Some(answer);
    }
    answers.into_iter().flatten().collect()
}

/// Takes notifications back, those of one number in one call, up to the vendor's bound; puts the answers into the order of
/// the recalls. To take away twice is to take away, so a call may be repeated.
pub(super) async fn recall<'a, F>(
    recalls: &'a [Recall],
    tokens_max: usize,
    ask: impl Fn(i64, Vec<&'a str>) -> F,
) -> Vec<Answer>
where
    F: Future<Output = Judged>,
{
    let mut by_number: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (place, recall) in recalls.iter().enumerate() {
        by_number.entry(recall.notify_id).or_default().push(place);
    }
    let mut answers = vec![None; recalls.len()];
    for (number, places) in by_number {
        for places in places.chunks(tokens_max) {
            let tokens = places.iter().map(|place| recalls[*place].token.as_str()).collect();
            let judged = ask(number, tokens).await;
            for place in places {
                let own = judged.named.get(&recalls[*place].token).unwrap_or(&judged.all);
                answers[*place] = Some(own.clone());
            }
        }
    }
    answers.into_iter().flatten().collect()
}

/// The day of China's vendors begins so much before the world's.
const ZONE_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// How long it is until a time of day in China, which is never now. Today ends at 0.
pub(super) fn until_china(of_day_ms: i64, now: Millis) -> i64 {
    let left = (of_day_ms - (now.0 + ZONE_MS)).rem_euclid(DAY_MS);
    if left == 0 { DAY_MS } else { left }
}

/// A refusal by the channel itself, in the vendor's code.
#[expect(clippy::unnecessary_box_returns, reason = "a refusal travels as an error, which is small")]
pub(super) fn local(status: Status, text: impl Into<String>) -> Refusal {
    let verdict = Verdict::Refused { status, scope: Scope::Message };
    Box::new(Answer { verdict, said: Said::local(text) })
}

/// A token that the vendor would call dead, seen without asking it.
#[expect(clippy::unnecessary_box_returns, reason = "a refusal travels as an error, which is small")]
pub(super) fn gone(status: Status, text: impl Into<String>) -> Refusal {
    Box::new(Answer { verdict: Verdict::Gone { status, since: None }, said: Said::local(text) })
}

/// Puts one object over another, member by member; `null` takes a member away (RFC 7396).
pub(super) fn patch(target: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        match (target.get_mut(name), value) {
            (_, Value::Null) => {
                target.shift_remove(name);
            }
            (Some(Value::Object(own)), Value::Object(value)) => patch(own, value),
            (_, value) => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The request of a notification: the credential's defaults, what the notification says, and what it says to this vendor
/// alone.
pub(super) fn layered(
    defaults: &Map<String, Value>,
    built: &Map<String, Value>,
    notification: &Notification,
    vendor: &str,
) -> Map<String, Value> {
    let mut request = defaults.clone();
    patch(&mut request, built);
    if let Some(own) = notification.vendors.get(vendor) {
        patch(&mut request, own);
    }
    request
}

/// Writes an object with one more member at its end, which is JSON already.
pub(super) fn with_member(object: &str, name: &str, json: &str) -> String {
    let head = object.strip_suffix('}').unwrap_or(object);
    let comma = if head.ends_with('{') { "" } else { "," };
    format!("{head}{comma}\"{name}\":{json}}}")
}

/// The tokens of a call as a JSON list.
pub(super) fn tokens(messages: &[&Outgoing]) -> String {
    let tokens: Vec<&str> = messages.iter().map(|message| message.token.as_str()).collect();
    Value::from(tokens).to_string()
}

/// What the app gets beside the text, as one JSON text; a lone text goes as it is.
pub(super) fn data(notification: &Notification) -> Option<String> {
    match (&notification.ext, notification.data.is_empty()) {
        (None, true) => None,
        (Some(ext), true) => Some(ext.clone()),
        _ => Some(Value::Object(data_members(notification)).to_string()),
    }
}

/// What the app gets beside the text, as members.
pub(super) fn data_members(notification: &Notification) -> Map<String, Value> {
    let mut data = notification.data.clone();
    if let Some(ext) = &notification.ext {
        data.insert("ext".to_owned(), Value::from(ext.as_str()));
    }
    data
}

/// The number by which a notification replaces an earlier one: its own, or one that stands for its key.
pub(crate) fn notify_id(notification: &Notification) -> Option<i64> {
    let of_key = |key: &String| {
        let hash = Sha256::digest(key.as_bytes());
        // 31 bits, as Android counts; none is zero.
        i64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) >> 1).max(1)
    };
    notification.notify_id.or_else(|| notification.collapse_key.as_ref().filter(|key| !key.is_empty()).map(of_key))
}

/// What a tap opens, if that is missing although the notification says that there is something.
pub(super) fn has_no_target(notification: &Notification) -> bool {
    notification.click.target().is_some_and(str::is_empty)
}

/// A refusal of a tap that opens nothing.
#[expect(clippy::unnecessary_box_returns, reason = "a refusal travels as an error, which is small")]
pub(super) fn intent_missing(status: Status) -> Refusal {
    let mut answer = local(status, "what a tap opens is missing");
    answer.said.class = Some(OfflinePush::IntentMissing);
    answer
}

/// A life time in seconds with its unit, as some vendors write it.
pub(super) fn parse_seconds(text: &str) -> Option<f64> {
    let number = text.strip_suffix('s')?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    number.parse::<f64>().ok().filter(|seconds| is_plain && seconds.is_finite())
}

/// Cuts a text that may be cut to a bound in UTF-16 units, with three dots at its end.
pub(super) fn cut(text: &str, units_max: usize, may_cut: bool) -> String {
    const DOTS: &str = "...";
    if !may_cut || text.encode_utf16().count() <= units_max {
        return text.to_owned();
    }
    let (mut units, mut kept) = (DOTS.len(), String::new());
    for letter in text.chars() {
        units += letter.len_utf16();
        if units > units_max {
            break;
        }
        kept.push(letter);
    }
    kept + DOTS
}

/// Seconds until a moment: negative when it has passed.
pub(super) fn seconds_until(at: Millis, now: Millis) -> i64 {
    (at.0 - now.0).div_euclid(1_000)
}

/// A key by which a vendor knows a repeated call: the same words until the same moment to the same messages.
pub(super) fn call_key(prepared: &str, messages: &[&Outgoing]) -> String {
    let mut ids: Vec<&[u8; 16]> = messages.iter().map(|message| &message.id).collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(prepared.as_bytes());
    for id in ids {
        hash.update(id);
    }
    hex::encode(&hash.finalize()[..16])
}

/// A key by which a device knows a repeated notification.
pub(super) fn content_key(notification: &Notification, expires_at: Millis) -> String {
    let text = serde_json::to_string(notification).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    hash.update(expires_at.0.to_be_bytes());
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STATUS: Status = Status { family: "test", number: 1 };

    fn message(token: &str, notification: &Arc<Notification>) -> Outgoing {
        let token = token.to_owned();
        Outgoing { id: [1; 16], token, notification: Arc::clone(notification), expires_at: Millis(1), attempt: 1 }
    }

    fn says(body: &str) -> Arc<Notification> {
        Arc::new(Notification { body: body.into(), ..Notification::default() })
    }

    #[tokio::test]
    async fn equal_words_go_out_together_and_answers_keep_their_places() {
        // The two «hi» are equal, though not one and the same.
        let (one, two, bad, other) = (says("hi"), says("hi"), says("bad"), says("ho"));
        let batch = [
            message("a", &one),
            message("b", &other),
            message("c", &two),
            message("d", &bad),
            message("a", &two),
            message("e", &one),
        ];
        let prepare = |message: &Outgoing| match message.notification.body.as_str() {
            "bad" => Err(local(STATUS, "no")),
            body => Ok(body.to_owned()),
        };
        let send = async |prepared: Arc<String>, messages: Vec<&Outgoing>| {
            let call: Vec<&str> = messages.iter().map(|message| message.token.as_str()).collect();
            let text = format!("{prepared}:{}", call.join(","));
            messages.iter().map(|message| *local(STATUS, format!("{text}={}", message.token))).collect::<Vec<_>>()
        };
        let answers = deliver(&batch, 2, |_| Ok(()), prepare, send).await;
        let texts: Vec<&str> = answers.iter().map(|answer| answer.said.text.as_str()).collect();
        assert_eq!(texts, ["hi:a,c=a", "ho:b=b", "hi:a,c=c", "no", "hi:a,e=a", "hi:a,e=e"]);
    }

    #[test]
    fn an_override_replaces_members_and_takes_away() {
        let check = |target: Value, over: Value, expected: Value| {
            let mut target = target.as_object().unwrap().clone();
            patch(&mut target, over.as_object().unwrap());
            assert_eq!(Value::Object(target), expected);
        };
        check(
            json!({"a": {"b": 1, "c": 2}}),
            json!({"a": {"b": 3}, "d": [1]}),
            json!({"a": {"b": 3, "c": 2}, "d": [1]}),
        );
        check(json!({"a": 1, "b": 2}), json!({"a": null, "c": null}), json!({"b": 2}));
        check(json!({"a": 1}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}}));
    }

    #[test]
    fn a_member_is_added_to_json_text() {
        assert_eq!(with_member("{}", "token", "[1]"), r#"{"token":[1]}"#);
        assert_eq!(with_member(r#"{"a":{}}"#, "token", "[1]"), r#"{"a":{},"token":[1]}"#);
    }

    #[test]
    fn a_text_is_cut_to_its_units_with_dots_only_if_it_may() {
        assert_eq!(cut("123456", 5, true), "12...");
        assert_eq!(cut("12345", 5, true), "12345");
        assert_eq!(cut("123456", 5, false), "123456");
        assert_eq!(cut("🔥🔥🔥", 5, true), "🔥...");
        assert_eq!(cut("🔥🔥🔥", 4, true), "...");
    }

    #[test]
    fn a_call_is_known_again_whatever_the_order_of_its_messages() {
        let hi = says("hi");
        let (one, two) = (message("a", &hi), Outgoing { id: [2; 16], ..message("b", &hi) });
        assert_eq!(call_key("p", &[&one, &two]), call_key("p", &[&two, &one]));
        assert_ne!(call_key("p", &[&one]), call_key("p", &[&two]));
        assert_ne!(call_key("p", &[&one]), call_key("q", &[&one]));
        assert_ne!(content_key(&hi, Millis(1)), content_key(&hi, Millis(2)));
    }

    #[test]
    fn the_vendors_day_begins_at_midnight_in_china() {
        const HOUR_MS: i64 = 3_600_000;
        // 2027-01-15 08:00:00 UTC is 16:00 in China.
        let now = Millis(1_800_000_000_000);
        assert_eq!(until_china(0, now), 8 * HOUR_MS);
        assert_eq!(until_china(7 * HOUR_MS, now), 15 * HOUR_MS);
        assert_eq!(until_china(0, now.plus(8 * HOUR_MS)), 24 * HOUR_MS);
        assert_eq!(until_china(7 * HOUR_MS, now.plus(8 * HOUR_MS)), 7 * HOUR_MS);
    }

    #[test]
    fn an_apps_own_text_goes_as_it_is_unless_there_are_members_too() {
        let mut notification = Notification { ext: Some("{\"k\":1}".into()), ..Notification::default() };
        assert_eq!(data(&notification).as_deref(), Some("{\"k\":1}"));
        notification.data.insert("a".into(), json!(1));
        assert_eq!(data(&notification).as_deref(), Some(r#"{"a":1,"ext":"{\"k\":1}"}"#));
        assert_eq!(data(&Notification::default()), None);
    }
}
