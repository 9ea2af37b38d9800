//! Robots: accounts that only the back end speaks for.
//!
//! A robot is written to and writes like any account, and nobody logs in as one. It is made and made invalid here, not
//! by the commands for accounts; its conversations outlive it.

use contract::error::refuse;
use contract::profile::{IMAGE, NICK, SIGNATURE};
use contract::{Fault, Millis, Result, UserId, limit};
use store::apps::App;
use store::{Tx, accounts, robots};

use crate::profile;

/// What others are shown of a robot, as its profile; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub nick: Option<String>,
    /// The URL of its picture.
    pub face: Option<String>,
    /// What it says of itself.
    pub signature: Option<String>,
}

/// Makes a robot. Making it again is not an error and changes what is given.
pub fn create(tx: &mut Tx<'_>, now: Millis, app: &App, id: &UserId, card: &Card) -> Result<()> {
    let max = app.plan().allowance().robots_max;
    if max == 0 {
        return refuse(Fault::FeatureNotInPlan);
    }
    check(id, card)?;
    // Who counts and then adds is alone with that.
    accounts::hold_number(tx)?;
    if robots::is_valid(tx, id)? != Some(true) && robots::all(tx)?.len() as u64 >= max {
        return refuse(Fault::FeatureNotInPlan);
    }
    accounts::import(tx, now, id)?;
    robots::save(tx, now, id)?;
    let Card { nick, face, signature } = card;
    let texts = [(NICK, nick.as_deref()), (IMAGE, face.as_deref()), (SIGNATURE, signature.as_deref())];
    profile::import(tx, app, id, &texts)
}

/// Makes a robot invalid: it neither writes nor is written to until it is made again.
pub fn delete(tx: &mut Tx<'_>, now: Millis, id: &UserId) -> Result<()> {
    match robots::is_valid(tx, id)? {
        None => refuse(Fault::FieldInvalid { field: "Robot_Account" }),
        Some(false) => Ok(()),
        Some(true) => {
            robots::delete(tx, now, id)?;
            accounts::delete(tx, now, id)
        }
    }
}

fn check(id: &UserId, card: &Card) -> Result<(), Fault> {
    if !id.is_robot() || id.as_str().len() == UserId::RESERVED[0].len() {
        return Err(Fault::FieldInvalid { field: "UserID" });
    }
    let texts = [
        ("Nick", &card.nick, limit::PROFILE_BYTES),
        ("FaceUrl", &card.face, limit::PROFILE_BYTES),
        ("SelfSignature", &card.signature, limit::SIGNATURE_BYTES),
    ];
    for (field, text, max) in texts {
        let Some(text) = text else { continue };
        // One of the stores keeps no NUL in a text.
        if text.contains('\0') {
            return Err(Fault::FieldInvalid { field });
        }
        if text.len() > max {
            return Err(Fault::FieldTooLong { field, max });
        }
    }
    Ok(())
}
