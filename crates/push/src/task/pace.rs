//! How often all devices of an app may be meant, and what a repeated call is answered.

use contract::{Fault, Millis, Result};
use store::Tx;
use store::broadcasts;
use store::tasks;

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
