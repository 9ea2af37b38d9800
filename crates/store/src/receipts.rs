//! What vendors tell of deliveries afterwards, by their own name for the request and the device's token.

use contract::Result;

use crate::Tx;
use crate::deliveries::Status;

/// What a vendor tells of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<'a> {
    /// The vendor's channel.
    pub channel: &'a str,
    /// Its name for the request.
    pub request: &'a str,
    /// The device's token.
    pub token: &'a str,
    /// What the delivery is called from now on; none leaves it.
    pub status: Option<Status>,
    /// The coarse class of the failure.
    pub class: i32,
    /// The vendor's words.
    pub text: &'a str,
}

/// Writes down that a delivery which the vendor had taken did not arrive. Answers how many deliveries it concerns; told
/// again, it changes nothing more. A token that its device has replaced meanwhile leads to no delivery.
pub fn note(tx: &mut Tx<'_>, report: &Report<'_>) -> Result<u64> {
    let app = tx.app();
    let (family, number) = report.status.as_ref().map_or(("", 0), |status| (&*status.family, status.number));
    tx.run(
        sql!(
            "UPDATE deliveries SET class = $5, said_text = $6,
                 status = CASE WHEN CAST($7 AS TEXT) = '' THEN status ELSE CAST($8 AS BIGINT) END,
                 family = CASE WHEN CAST($7 AS TEXT) = '' THEN family ELSE CAST($7 AS TEXT) END
             WHERE app = $1 AND said_request = $2 AND said_request <> '' AND ended_at <> 0
                 AND device IN (SELECT device FROM tokens WHERE app = $1 AND channel = $3 AND token = $4)"
        ),
        (
            app,
            report.request,
            report.channel,
            report.token,
            i64::from(report.class),
            report.text,
            family,
            i64::from(number),
        ),
    )
}
