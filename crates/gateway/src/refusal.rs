//! Faults become codes: the access layer's own table first, the message table for commands on messages.

use contract::codes::{self, Family, SdkAccount};
use contract::frame::Frame;
use contract::{Error, Fault};

/// The number and the text of an error.
pub(crate) fn spell(family: Family, error: &Error) -> (i32, &'static str) {
    let row = match error {
        // Only client libraries have a number for this, and they hand it to their callers as it comes.
        Error::Fault(Fault::Replaced) => SdkAccount::ReplacedByOther.row(),
        Error::Fault(fault) => codes::render(family, fault),
        Error::Failure(failure) => codes::failure(family, failure),
    };
    (row.number().expect("every code that devices meet is a number"), row.text)
}

/// The refusal of a request.
pub(crate) fn refuse(frame: &Frame, family: Family, error: &Error) -> Frame {
    if let Error::Failure(failure) = error {
        tracing::warn!(command = frame.command, %failure, "request failed");
    }
    if let Error::Fault(Fault::WebhookCustom { code, info }) = error {
        // The app chose the number and the words.
        return frame.refusal(*code, info);
    }
    let (code, text) = spell(family, error);
    frame.refusal(code, text)
}
