//! Files that accounts uploaded: forbidden, allowed, looked at.

pub mod allow_banned_object;
pub mod forbid_illegal_object;
pub mod get_cos_sig;

use contract::Fault;
use serde_json::Value;

/// What is wrong with a field is said in the words of transfers.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every table of field faults")]
fn field_fault(field: &'static str, _: Option<&Value>) -> Option<Fault> {
    Some(Fault::TransferInvalid { field })
}
