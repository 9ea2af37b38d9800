//! Both of the vendor's services under one credential: each notification goes to the one for the builds that it names.
//!
//! The two know different tokens, and each says of the other's that it is bad. So where a caller has chosen the service,
//! a bad token ends its notification and stays: it may be good for the other one.

use std::sync::Arc;

use contract::notification::Stage;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};

use super::verdict;
use crate::channel::{Answer, Channel, Limits, Outgoing, Recall, Said, Scope, Verdict};

/// The services for which there is a credential.
pub enum Stages {
    /// One alone.
    One(Stage, Arc<dyn Channel>),
    /// Both.
    Both {
        /// For the builds that everybody has; for what names none, too.
        production: Arc<dyn Channel>,
        /// For the builds that are tried.
        development: Arc<dyn Channel>,
    },
}

impl Stages {
    fn usual(&self) -> &Arc<dyn Channel> {
        match self {
            Self::One(_, channel) | Self::Both { production: channel, .. } => channel,
        }
    }

    /// Whether a message goes to the service for builds that are tried; none if there is no credential for its service.
    fn is_for_trial(&self, outgoing: &Outgoing) -> Option<bool> {
        match (self, outgoing.notification.stage) {
            (Self::One(own, _), Some(stage)) if *own != stage => None,
            (Self::One(..), _) => Some(false),
            (Self::Both { .. }, stage) => Some(stage == Some(Stage::Development)),
        }
    }

    async fn sort(&self, batch: &[Outgoing]) -> Vec<Answer> {
        let which: Vec<Option<bool>> = batch.iter().map(|outgoing| self.is_for_trial(outgoing)).collect();
        let of = |wanted: bool| -> Vec<Outgoing> {
            let fits = batch.iter().zip(&which).filter(|(_, which)| **which == Some(wanted));
            fits.map(|(outgoing, _)| outgoing.clone()).collect()
        };
        let (usual, trial) = (of(false), of(true));
        let (usual, trial) = match self {
            Self::Both { production, development } => {
                join(production.deliver(&usual), development.deliver(&trial)).await
            }
            Self::One(_, channel) => (channel.deliver(&usual).await, Vec::new()),
        };
        let (mut usual, mut trial) = (usual.into_iter(), trial.into_iter());
        let answers = which.into_iter().zip(batch).map(|(which, outgoing)| match which {
            None => Some(elsewhere()),
            Some(false) => usual.next().map(|answer| self.spare(outgoing, answer)),
            Some(true) => trial.next().map(|answer| self.spare(outgoing, answer)),
        });
        // A channel that answers too few is told by the number of answers.
        answers.map_while(|answer| answer).collect()
    }

    /// Spares a token that is bad for the chosen service and may be good for the other one.
    fn spare(&self, outgoing: &Outgoing, answer: Answer) -> Answer {
        let is_chosen = matches!(self, Self::Both { .. }) && outgoing.notification.stage.is_some();
        match answer.verdict {
            Verdict::Gone { status: status @ verdict::BAD_DEVICE_TOKEN, .. } if is_chosen && !answer.said.is_local => {
                Answer { verdict: Verdict::Refused { status, scope: Scope::Token }, ..answer }
            }
            _ => answer,
        }
    }
}

/// The app has no credential for the service that the notification names.
fn elsewhere() -> Answer {
    let verdict = Verdict::Refused { status: verdict::BAD_CERTIFICATE_ENVIRONMENT, scope: Scope::Message };
    Answer { verdict, said: Said::local("BadCertificateEnvironment") }
}

impl Channel for Stages {
    fn limits(&self) -> Limits {
        self.usual().limits()
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        if batch.iter().all(|outgoing| outgoing.notification.stage.is_none()) {
            return self.usual().deliver(batch);
        }
        self.sort(batch).boxed()
    }

    fn recall<'a>(&'a self, recalls: &'a [Recall]) -> Option<BoxFuture<'a, Vec<Answer>>> {
        self.usual().recall(recalls)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        match self {
            Self::One(_, channel) => channel.close(),
            Self::Both { production, development } => {
                let ended = join(production.close(), development.close());
                ended.map(|((), ())| ()).boxed()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::Millis;
    use contract::notification::Notification;
    use futures_util::future::ready;
    use parking_lot::Mutex;

    use super::*;

    /// Notes which tokens it was given, and calls those bad that end in `x`.
    #[derive(Default)]
    struct Service(Mutex<Vec<String>>);

    impl Channel for Service {
        fn limits(&self) -> Limits {
            Limits { batch_max: 10, payload_bytes_max: 10, can_add_badge: false }
        }

        fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
            self.0.lock().extend(batch.iter().map(|one| one.token.clone()));
            let bad = Verdict::Gone { status: verdict::BAD_DEVICE_TOKEN, since: None };
            let verdict = |one: &Outgoing| if one.token.ends_with('x') { bad } else { Verdict::Accepted };
            ready(batch.iter().map(|one| Answer { verdict: verdict(one), said: Said::new("", &*one.token) }).collect())
                .boxed()
        }

        fn close(&self) -> BoxFuture<'_, ()> {
            ready(()).boxed()
        }
    }

    fn message(token: &str, stage: Option<Stage>) -> Outgoing {
        let notification = Arc::new(Notification { stage, ..Notification::default() });
        Outgoing { id: [0; 16], token: token.into(), notification, expires_at: Millis(0), attempt: 1 }
    }

    #[tokio::test]
    async fn each_notification_goes_to_the_service_that_it_names_and_answers_keep_their_order() {
        let (production, development) = (Arc::new(Service::default()), Arc::new(Service::default()));
        let both = Stages::Both {
            production: Arc::clone(&production) as Arc<dyn Channel>,
            development: Arc::clone(&development) as Arc<dyn Channel>,
        };
        let batch = [
            message("a", Some(Stage::Development)),
            message("bx", Some(Stage::Production)),
            message("c", None),
            message("dx", Some(Stage::Development)),
            message("ex", None),
        ];
        let answers = both.deliver(&batch).await;
        let said: Vec<&str> = answers.iter().map(|answer| answer.said.text.as_str()).collect();
        assert_eq!(said, ["a", "bx", "c", "dx", "ex"]);
        assert_eq!(*production.0.lock(), ["bx", "c", "ex"]);
        assert_eq!(*development.0.lock(), ["a", "dx"]);
        let spared = Verdict::Refused { status: verdict::BAD_DEVICE_TOKEN, scope: Scope::Token };
        assert_eq!((answers[1].verdict, answers[3].verdict), (spared, spared));
        assert!(matches!(answers[4].verdict, Verdict::Gone { .. }), "nobody has chosen the service");
    }

    #[tokio::test]
    async fn without_a_credential_for_the_service_nothing_is_sent() {
        let service = Arc::new(Service::default());
        let one = Stages::One(Stage::Production, Arc::clone(&service) as Arc<dyn Channel>);
        let batch =
            [message("a", Some(Stage::Development)), message("bx", Some(Stage::Production)), message("c", None)];
        let answers = one.deliver(&batch).await;
        assert_eq!(answers[0], elsewhere());
        assert!(matches!(answers[1].verdict, Verdict::Gone { .. }), "there is no other service that may know it");
        assert_eq!(*service.0.lock(), ["bx", "c"]);
    }
}
