//! A client with its session: asks, renews a refused token once, and tells what trouble on the way means.

use std::collections::HashMap;

use contract::Millis;
use contract::codes::{Family, PushCommon, Row};

use super::{Call, Client, Reply, Session, Trouble};
use crate::channel::{Answer, Clock, Outgoing, Said, Scope, Status, Verdict};

/// NONE of the common table: nobody knows, or the vendor's number is none of its table.
pub(crate) const NONE: Status = Status::of(PushCommon::NONE.row());

/// The way to a vendor.
pub(crate) struct Line {
    pub(crate) client: Client,
    /// None where every call bears the secret itself.
    pub(crate) session: Option<Session>,
    pub(crate) clock: Clock,
}

/// What a vendor's answer means for the messages of a call.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// For all that are not named.
    pub(crate) all: Answer,
    /// For tokens that fared otherwise.
    pub(crate) named: HashMap<String, Answer>,
    /// The session's token was refused, and a new one may help.
    pub(crate) is_session_refused: bool,
}

impl Judged {
    /// All fared the same.
    pub(crate) fn all(verdict: Verdict, said: Said) -> Self {
        Self::from(Answer { verdict, said })
    }

    /// A new token may help.
    pub(crate) fn session_refused(status: Status, said: Said) -> Self {
        let verdict = Verdict::Refused { status, scope: Scope::App };
        Self { is_session_refused: true, ..Self::all(verdict, said) }
    }

    /// One answer for each message, in their order.
    pub(crate) fn answers(&self, messages: &[&Outgoing]) -> Vec<Answer> {
        let own = |message: &&Outgoing| self.named.get(&message.token).unwrap_or(&self.all).clone();
        messages.iter().map(own).collect()
    }
}

impl From<Answer> for Judged {
    fn from(all: Answer) -> Self {
        Self { all, named: HashMap::new(), is_session_refused: false }
    }
}

impl Line {
    /// Calls and judges the answer. A token that is refused is renewed once: the vendor has not looked at the message.
    /// A call whose outcome is not known may only be repeated if the vendor knows a repetition as one.
    pub(crate) async fn ask(
        &self,
        is_repeatable: bool,
        build: impl Fn(&str, Millis) -> Call,
        judge: impl Fn(&Reply, Millis) -> Judged,
    ) -> Judged {
        let mut is_renewed = false;
        loop {
            let now = (self.clock)();
            let token = match &self.session {
                None => None,
                Some(session) => match session.token(now).await {
                    Ok(token) => Some(token),
                    Err(answer) => return (*answer).into(),
                },
            };
            let call = build(token.as_deref().unwrap_or_default(), now);
            let judged = match self.client.call(&call).await {
                Ok(reply) => judge(&reply, (self.clock)()),
                Err(trouble) => return lost(trouble, is_repeatable).into(),
            };
            match (&self.session, token) {
                (Some(session), Some(token)) if judged.is_session_refused && !is_renewed => {
                    session.give_up(&token);
                    is_renewed = true;
                }
                _ => return judged,
            }
        }
    }

    pub(crate) async fn close(&self) {
        self.client.close().await;
        if let Some(session) = &self.session {
            session.close().await;
        }
    }
}

/// What trouble on the way means.
pub(crate) fn lost(trouble: Trouble, is_repeatable: bool) -> Answer {
    let (verdict, text) = match trouble {
        Trouble::Unavailable { text, after_ms } => {
            (Verdict::Later { status: NONE, scope: Scope::Node, after_ms }, text)
        }
        Trouble::Closed(text) if is_repeatable => {
            (Verdict::Later { status: NONE, scope: Scope::Node, after_ms: None }, text)
        }
        Trouble::Closed(text) => (Verdict::Refused { status: NONE, scope: Scope::Node }, text),
    };
    Answer { verdict, said: Said::local(text) }
}

/// The published code of a vendor's number.
pub(crate) fn listed<T: Copy + Into<&'static Row>>(all: &[T], number: i64) -> Option<T> {
    all.iter().copied().find(|code| {
        let row: &Row = (*code).into();
        row.number().is_some_and(|own| i64::from(own) == number)
    })
}

/// A number that the vendor uses and its published table does not have: kept where it cannot be mistaken for one of
/// the common table.
pub(crate) fn unlisted(family: Family, number: i64) -> Status {
    match i32::try_from(number) {
        Ok(number) if number > 2 => Status { family: family.as_str(), number },
        _ => NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unlisted_number_is_kept_unless_it_could_be_mistaken() {
        let check = |number: i64, expected: Option<i32>| {
            let status = unlisted(Family::Xiaomi, number);
            assert_eq!((status != NONE).then_some(status.number), expected, "{number}");
        };
        check(65_009, Some(65_009));
        check(2, None);
        check(-1, None);
        check(i64::MAX, None);
    }

    #[test]
    fn a_published_number_is_found_in_its_own_table_alone() {
        use contract::codes::{Fcm, Xiaomi};
        assert_eq!(listed(Xiaomi::ALL, 10_001), Some(Xiaomi::SystemError));
        assert_eq!(listed(Fcm::ALL, 10_001), None);
    }

    #[test]
    fn an_unknown_outcome_is_only_tried_again_where_the_vendor_knows_repetitions() {
        let closed = |is_repeatable| lost(Trouble::Closed("t".into()), is_repeatable).verdict;
        assert_eq!(closed(true), Verdict::Later { status: NONE, scope: Scope::Node, after_ms: None });
        assert_eq!(closed(false), Verdict::Refused { status: NONE, scope: Scope::Node });
        let unsent = lost(Trouble::Unavailable { text: "t".into(), after_ms: Some(5) }, false);
        assert_eq!(unsent.verdict, Verdict::Later { status: NONE, scope: Scope::Node, after_ms: Some(5) });
        assert!(unsent.said.is_local);
    }
}
