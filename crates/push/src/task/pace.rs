//! How often all devices of an app may be meant, and what a repeated call is answered.

use contract::{Fault, Millis, Result};
use store::Tx;
use store::broadcasts;
use store::{bound_tags, device_counts, tasks};

use super::{Audience, Spec};

/// How often all devices may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The least time between two.
    pub pause_ms: i64,
    /// Within so long …
    pub window_ms: i64,
    /// … at most so many of a kind.
    pub count_max: usize,
}

/// Refuses a task to all devices that comes too soon after others of the same systems. Tasks for others pass.
pub fn check_pace(tx: &mut Tx<'_>, now: Millis, spec: &Spec, pace: Pace) -> Result<()> {
    if spec.audience != Audience::All {
        return Ok(());
    }
    // The gate of the app: two of them at once would not see each other.
    broadcasts::gate(tx)?;
    let recent = tasks::to_all(tx, now.plus(-pace.window_ms), LOOK)?;
    let mut of_kind = 0;
    for record in recent {
        let other = Spec::of(&record)?;
        let meets = spec.systems == 0 || other.systems == 0 || spec.systems & other.systems != 0;
        if !meets {
            continue;
        }
        of_kind += usize::from(other.kind == spec.kind);
        if record.created_at.0 + pace.pause_ms > now.0 || of_kind >= pace.count_max {
            return contract::error::refuse(Fault::CallThrottled);
        }
    }
    Ok(())
}

/// Tasks that are looked at: more than any pace lets through.
const LOOK: usize = 200;

/// How often tags may be pushed to in a day: to more holders than the one, so many times. The largest first.
pub type TagPaces = [(i64, usize)];

/// Refuses a task to tags that would come too often in a day for how many it reaches. Answers how many that are at most,
/// which goes into what is submitted: later ones are held against it. Days begin as the contract counts them.
pub fn check_tags(tx: &mut Tx<'_>, now: Millis, spec: &Spec, paces: &TagPaces) -> Result<i64> {
    let (Audience::Tags(expression), Some((least, _))) = (&spec.audience, paces.last()) else { return Ok(0) };
    // Few tags reach many, and nobody counts further than it matters.
    let upto = paces.first().map_or(*least, |(most, _)| *most) + 1;
    let bound = |tx: &mut Tx<'_>, upto: i64| expression.reach(&mut |tag| bound_tags::count_holders(tx, tag, upto));
    if bound(tx, least + 1)?.unwrap_or(0) <= *least {
        return Ok(0);
    }
    // The gate of the app: two of them at once would not see each other.
    broadcasts::gate(tx)?;
    let reach = bound(tx, upto)?.unwrap_or(0);
    let class = |reach: i64| paces.iter().position(|(over, _)| reach > *over);
    let Some(own) = class(reach) else { return Ok(0) };
    let begun = device_counts::day_start(device_counts::day(now));
    let mut count = 0;
    for record in tasks::to_tags(tx, begun, LOOK)? {
        count += usize::from(class(Spec::of(&record)?.reach) == Some(own));
    }
    if count >= paces[own].1 { contract::error::refuse(Fault::CallThrottled) } else { Ok(reach) }
}

/// How long a repetition is answered as the first call was.
const REPEAT_MS: i64 = 15 * 60_000;

/// Does something once for a token, and answers the same to whoever comes with it again within a quarter of an hour.
/// Calls that come at once wait for each other.
pub fn once(
    tx: &mut Tx<'_>,
    now: Millis,
    token: Option<&str>,
    run: impl FnOnce(&mut Tx<'_>) -> Result<String>,
) -> Result<String> {
    let Some(token) = token.map(str::to_ascii_lowercase) else { return run(tx) };
    if let Some(answer) = tasks::repeated(tx, now, now.plus(-REPEAT_MS), &token)? {
        return Ok(answer);
    }
    let answer = run(tx)?;
    tasks::answered(tx, &token, &answer)?;
    Ok(answer)
}
