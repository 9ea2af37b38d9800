//! Chooses the row that spells a fault or a failure.
//!
//! The family of the action is asked first, then what its surface shares. A fault without any spelling becomes the
//! family's internal error, so that a caller always gets an answer in its own words; a test keeps that from happening.

use super::table::Cause;
use super::{Family, MpaasPush, OpenApiServer, PushCommon, Row, SdkCommon, Surface};
use crate::error::Failure;
use crate::fault::Fault;

/// The row in which `family` answers `fault`.
pub fn render(family: Family, fault: &Fault) -> &'static Row {
    spelling(family, fault).unwrap_or_else(|| failure(family, &Failure::Internal(String::new())))
}

/// The row in which `family` answers `fault`, or none if no table that it falls back on spells it.
pub fn spelling(family: Family, fault: &Fault) -> Option<&'static Row> {
    spell(family, Cause::Fault(fault))
}

/// The row in which `family` admits `failure`: the caller learns whether waiting helps, the log gets the rest.
pub fn failure(family: Family, failure: &Failure) -> &'static Row {
    spell(family, Cause::Failure(failure)).unwrap_or_else(|| match family.surface() {
        Surface::Im => super::Account::InternalError.row(),
        Surface::Sdk | Surface::SdkV3 => SdkCommon::InternalError.row(),
        Surface::Push => PushCommon::NONE.row(),
        Surface::OpenApi => OpenApiServer::InternalError.row(),
        Surface::Mpaas => MpaasPush::SystemError.row(),
    })
}

fn spell(family: Family, cause: Cause<'_>) -> Option<&'static Row> {
    shared(family.surface()).iter().fold(family.spell(cause), |found, next| found.or_else(|| next.spell(cause)))
}

/// The tables that every family of a surface falls back on.
///
/// In chat these are the gateway's own table, then the accounts' (user sigs are checked there whatever the command
/// is), then the profiles', because an imported account brings a nick. The next two are for devices: any frame may
/// meet a limit of the access layer, and a login may bring a push token. The last is the groups': the contract has one
/// number for every operation but a message that an app's webhook refuses, and it stands there.
const fn shared(surface: Surface) -> &'static [Family] {
    match surface {
        Surface::Im => {
            &[Family::Common, Family::Account, Family::Profile, Family::Access, Family::Message, Family::Group]
        }
        Surface::OpenApi => &[Family::OpenApiClient, Family::OpenApiServer],
        Surface::Mpaas => &[Family::MpaasPush, Family::OpenApiClient, Family::OpenApiServer],
        Surface::Sdk | Surface::SdkV3 | Surface::Push => &[],
    }
}
