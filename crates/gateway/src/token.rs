//! SET_TOKEN: by which channel a device is reached while it has no connection.

use contract::frame::Frame;
use contract::frame::wire::TokenRequest;
use contract::{Error, Fault, Result, limit};
use store::apps::App;
use store::deliveries::SELF_BUILT;
use store::devices::{self, Token};

use crate::request::Call;

/// Sets or removes the token of the device for a channel.
pub(crate) async fn set(call: &Call, frame: &Frame) -> Result<()> {
    let max = limit::REGISTRATION_BYTES;
    if frame.body.len() > max {
        return Err(Fault::RegistrationTooLong { max }.into());
    }
    let request: TokenRequest = frame.read()?;
    let (account, device) = (call.session.account.clone(), call.session.device.clone());
    let stored = if request.remove {
        let channel = request.channel;
        call.bind(move |tx| devices::remove_token(tx, &account, &device, &channel)).await
    } else {
        let token = check(&call.app, request, call)?;
        let stored = call.bind(move |tx| devices::set_token(tx, &account, &token)).await;
        call.hub.front.arrived(call.app.id, &call.session.account, &call.session.device);
        stored
    };
    stored.map_err(|error| match error {
        Error::Failure(failure) => {
            tracing::warn!(%failure, "a device token could not be stored");
            Fault::TokenStoreUnavailable.into()
        }
        fault @ Error::Fault(_) => fault,
    })
}

fn check(app: &App, request: TokenRequest, call: &Call) -> Result<Token, Fault> {
    let device = call.session.device.clone();
    let token = if request.channel == SELF_BUILT {
        device.to_string()
    } else {
        if !has_credential(app, &request) {
            return Err(Fault::CredentialMissing);
        }
        request.token
    };
    if token.is_empty() {
        return Err(Fault::TokenEmpty);
    }
    let max = limit::DEVICE_TOKEN_BYTES;
    if token.len() > max {
        return Err(Fault::TokenTooLong { max });
    }
    Ok(Token { device, channel: request.channel, token, credential: request.credential, bound_at: call.now })
}

fn has_credential(app: &App, request: &TokenRequest) -> bool {
    let credentials = &app.settings.credentials;
    if request.credential == 0 {
        credentials.values().any(|credential| credential.channel == request.channel)
    } else {
        credentials.get(&request.credential).is_some_and(|credential| credential.channel == request.channel)
    }
}
