//! How often tags may be pushed to, by how many have them.

use contract::{Fault, Result};
use push::task::{self, Audience, Spec};
use store::Tx;
use store::bound_tags::{self, Holder};
use store::testing::TestStore;

use crate::bench::HOUR;
use crate::tasks::{Deck, spec};

store::both! {
    async fn tags_that_many_have_are_pushed_to_only_so_often_a_day(store: TestStore) {
        let deck = Deck::new(store);
        let now = deck.now();
        let bind = move |tx: &mut Tx<'_>| {
            let holders: Vec<String> = (0..12).map(|number| format!("d{number}")).collect();
            for (tag, count) in [("few", 3), ("some", 6), ("many", 12)] {
                bound_tags::add(tx, now, &[tag.to_owned()])?;
                bound_tags::bind(tx, now, Holder::Device, &holders[..count], &[tag.to_owned()])?;
            }
            Ok(())
        };
        deck.write(bind).await.unwrap();
        let ask = async |value: &str| {
            let (now, id) = (deck.now(), task::fresh_id());
            let tags = Audience::Tags(task::Expression::parse(value, "TargetValue").unwrap());
            let asked = spec(tags);
            deck.write(move |tx| {
                let reach = task::check_tags(tx, now, &asked, &[(10, 1), (5, 2), (3, 3)])?;
                task::submit(tx, now, id, &Spec { reach, ..asked.clone() }).map(|_| reach)
            }).await
        };
        let throttled = |outcome: Result<i64>| {
            matches!(outcome, Err(contract::Error::Fault(Fault::CallThrottled)))
        };
        for _ in 0..5 {
            assert_eq!(ask("few").await, Ok(0), "few are never too many");
        }
        assert_eq!(ask("many").await, Ok(11), "nobody counts further than it matters");
        assert!(throttled(ask("many").await));
        assert_eq!(ask("some").await, Ok(6), "another size has limits of its own");
        assert_eq!(ask(r#"{"and":[{"tag":"many"},{"tag":"some"}]}"#).await, Ok(6));
        assert!(throttled(ask("some").await));
        assert_eq!(ask(r#"{"and":[{"tag":"many"},{"tag":"few"}]}"#).await, Ok(0), "the rarest counts");
        deck.advance(24 * HOUR);
        assert_eq!(ask("many").await, Ok(11), "a new day");
    }
}
