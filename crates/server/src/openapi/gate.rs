//! Who is let in, and in which order the reasons for not letting somebody in are found (aliyun-openapi reference, §5).

use std::net::IpAddr;
use std::sync::Arc;

use contract::openapi::{Credentials, Params, Request, Target};
use contract::{Fault, Millis, Result};
use store::apps::{App, Status};
use store::nonces::Nonce;
use subtle::ConstantTimeEq;

use super::action::{Call, Command, Product};
use super::cloud::{Caller, Key, is_in_force};
use super::find;
use crate::node::Node;

/// A call with the same time stamp is let in for so long; so long its nonce is kept.
const NONCE_MS: i64 = 15 * 60 * 1_000;

/// Finds what is called.
pub(super) fn target(request: &Request<'_>, params: &Params) -> Result<&'static Command, Fault> {
    let target = Target::of(request, params)?;
    let product = Product::of_version(&target.version).ok_or(Fault::ProductUnknown)?;
    find(product, &target.action)
        .filter(|command| command.versions.contains(&&*target.version))
        .ok_or(Fault::CommandUnknown)
}

/// Lets a caller in, or says why not.
pub(super) async fn admit(
    node: &Arc<Node>,
    request: &Request<'_>,
    params: &Params,
    command: &'static Command,
    from: IpAddr,
) -> Result<Call> {
    let now = node.clock.now();
    let credentials = Credentials::of(request, params)?;
    credentials.check_time(now)?;
    let (key, nonce) = prove(node, &credentials, now)?;
    let caller = node.clouds.caller(key);
    let call = Call::new(node, caller.clone(), now, from, nonce).placed(params);
    // A call that was made before is told that before everything that follows.
    match check(node, &caller, command) {
        Ok(()) => Ok(call),
        Err(fault) => {
            call.spend_now().await?;
            Err(fault.into())
        }
    }
}

/// Proves the signature or the token; answers the key and the nonce that is to be used up.
fn prove(node: &Node, credentials: &Credentials, now: Millis) -> Result<(Arc<Key>, Option<Nonce>), Fault> {
    match credentials {
        Credentials::Bearer(token) => {
            let key = node.clouds.bearer(token).filter(|key| is_in_force(key, now));
            Ok((key.ok_or(Fault::AccessKeyUnknown)?, None))
        }
        Credentials::Signed { key: id, token, nonce, at, .. } => {
            let key = node.clouds.key(id).filter(|key| is_in_force(key, now)).ok_or(Fault::AccessKeyUnknown)?;
            check_token(&key, token.as_deref())?;
            credentials.verify(&key.secrets.secret)?;
            // It is written down, and one of the stores takes no NUL.
            if nonce.contains('\0') {
                return Err(Fault::FieldInvalid { field: "SignatureNonce" });
            }
            let until = at.plus(NONCE_MS).max(now.plus(NONCE_MS));
            Ok((key, Some(Nonce { key: id.clone(), text: nonce.clone(), until })))
        }
    }
}

/// A temporary key needs its token; another one has none.
fn check_token(key: &Key, token: Option<&str>) -> Result<(), Fault> {
    let field = "SecurityToken";
    match (key.secrets.token.as_str(), token) {
        ("", None) => Ok(()),
        ("", Some(_)) => Err(Fault::FieldInvalid { field }),
        (_, None) => Err(Fault::FieldMissing { field }),
        (own, Some(token)) if bool::from(own.as_bytes().ct_eq(token.as_bytes())) => Ok(()),
        _ => Err(Fault::FieldInvalid { field }),
    }
}

/// What the account may: its state, its rights, its quotas.
fn check(node: &Node, caller: &Caller, command: &'static Command) -> Result<(), Fault> {
    caller.check_state()?;
    if !caller.may(&command.grant(), None) {
        return Err(Fault::ActionForbidden);
    }
    node.quotas.check(caller, command.name)
}

/// What the app's own settings forbid.
pub(super) fn check_app(app: &App, action: &str, from: IpAddr, now: Millis) -> Result<(), Fault> {
    if !matches!(app.settings.status, Status::Active | Status::Arrears) {
        return Err(Fault::AppDisabled);
    }
    if app.settings.commands_off.iter().any(|off| off == action) {
        return Err(Fault::CommandDisabled);
    }
    if app.settings.status == Status::Arrears || !app.is_paid(now) {
        return Err(Fault::PlanExpired);
    }
    if !crate::address::is_allowed(&app.settings.addresses, from) {
        return Err(Fault::AddressForbidden);
    }
    Ok(())
}
