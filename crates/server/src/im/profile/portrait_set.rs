//! Writes fields of an account's profile.

use chat::profile::{Class, Operator, check, set};
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::ProfileItem;
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Writes fields of one account's profile: all of them, or none if one cannot be written. Fields that are not named stay
/// as they are; an empty text takes a field away. The account's devices are told.
///
/// Standard fields: `Tag_Profile_IM_Nick`, `_SelfSignature`, `_Image` (text, 500 bytes), `_Location` (text, 16 bytes),
/// `_Gender` (`Gender_Type_Unknown`, `Gender_Type_Female`, `Gender_Type_Male`), `_AllowType`
/// (`AllowType_Type_NeedConfirm`, `AllowType_Type_AllowAny`, `AllowType_Type_DenyAny`), `_AdminForbidType`
/// (`AdminForbid_Type_None`, `AdminForbid_Type_SendOut`; only back ends write it), `_BirthDay`, `_Language`,
/// `_MsgSettings`, `_Level` and `_Role` (numbers of 32 bits). Custom ones, `Tag_Profile_Custom_` and a keyword, are
/// declared in the app's settings and hold text of at most 500 bytes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PortraitSet {
    /// Whose profile.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1–64 fields; of two values for one field the later holds.
    #[serde(rename = "ProfileItem")]
    items: Vec<ProfileItem>,
}

/// Nothing but success.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Always empty.
    error_display: &'static str,
}

impl Action for PortraitSet {
    const NAME: &'static str = "profile/portrait_set";
    const FAMILY: Family = Family::Profile;
    const CHAPTER: &'static str = "profile";
    type Answer = Answer;
}

impl Write for PortraitSet {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let changes = check(&call.app, Class::Admin, self.items.iter().map(ProfileItem::given).collect())?;
        let by = Operator { user: &call.caller, device: None };
        set(tx, call.now, &call.app, by, &self.account.0, &changes)?;
        Ok(Answer { error_display: "" })
    }
}
