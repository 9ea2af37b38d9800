//! What is known of an account, for the operator who was asked why it does not receive.

use std::sync::Arc;

use contract::{AppId, Platform, UserId};
use serde_json::{Value, json};
use store::devices::{self, Device, Token};
use store::{accounts, conversations};

use super::ask::{self, Answer};
use super::refusal::Refusal;
use crate::node::Node;

/// `GET accounts/APP/USER`.
pub(super) async fn show(node: &Arc<Node>, app: AppId, user: &str) -> Result<Answer, Refusal> {
    let known = node.apps.get(app).ok_or(Refusal::AppUnknown)?;
    let user = ask::decode(user).and_then(|user| UserId::parse(&user).ok()).ok_or(Refusal::AccountUnknown)?;
    let (id, now) = (user.clone(), node.clock.now());
    let found = node
        .store
        .read(app, move |snapshot| {
            let Some(account) = accounts::get(snapshot, &id)? else { return Ok(None) };
            let devices = devices::of_account(snapshot, &id)?;
            let tokens = devices::tokens_of(snapshot, &id)?;
            Ok(Some((account, devices, tokens, conversations::unread_total(snapshot, &id)?)))
        })
        .await?;
    let (account, devices, tokens, unread) = found.ok_or(Refusal::AccountUnknown)?;
    let devices: Vec<_> = devices.iter().map(|one| device(one, &tokens, one.is_connected(now))).collect();
    Ok(Answer::ok(json!({
        "sdk_app_id": app.0,
        "user_id": user.as_str(),
        "is_alive": account.is_alive(),
        "deleted_at": (!account.is_alive()).then_some(account.deleted_at.0),
        "is_admin": known.is_admin(&user),
        "may_log_in": !known.settings.accounts_off.iter().any(|off| off == user.as_str()),
        "nick": account.nick,
        "face": account.face,
        "epoch": account.epoch,
        "user_sigs_void_until": (account.sig_from >= 0).then_some(account.sig_from),
        "unread": unread,
        "devices": devices,
    })))
}

/// A device. Vendors' tokens are addresses that anybody with the app's credential could write to: only that they are
/// there is shown.
fn device(device: &Device, tokens: &[Token], is_connected: bool) -> Value {
    let channels: Vec<_> = tokens
        .iter()
        .filter(|token| token.device == device.id)
        .map(|token| json!({ "channel": token.channel, "credential": token.credential, "bound_at": token.bound_at.0 }))
        .collect();
    json!({
        "id": device.id.as_str(),
        "platform": Platform::from_number(device.platform).map(Platform::as_str),
        "is_logged_in": device.is_logged_in,
        "is_connected": is_connected,
        "seen_at": device.seen_at.0,
        "channels": channels,
    })
}
