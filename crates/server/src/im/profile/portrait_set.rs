//! Writes fields of an account's profile.

use chat::profile::{Operator, check, set};
use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::ProfileItem;
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::User;

/// Writes fields of one account's profile: all of them, or none if one cannot be written. Fields that are not named stay
/// as they are; an empty text takes a field away. Nick and self-signature are looked through for the app's words. The
/// account's devices are told.
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

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Perform for PortraitSet {
    async fn perform(self, call: Call) -> Result<Answer> {
        let mut changes = check(&call.app, call.class(), self.items.iter().map(ProfileItem::given).collect())?;
        let (node, app, account) = (&call.node, call.app.clone(), self.account.0);
        let (noted, refusal) = match node.moderation.check_profile(app.id, &mut changes) {
            Ok(noted) => (noted, None),
            Err(fault) => (Vec::new(), Some(fault)),
        };
        let (now, owner, caller, origin) = (call.now, account.clone(), call.caller.clone(), call.origin());
        let write = move |tx: &mut Tx<'_>| {
            tx.act_for(origin);
            set(tx, now, &app, Operator { user: &caller, device: None }, &owner, &changes)?;
            // What is wrong with the account is told first; an error undoes the change.
            refusal.clone().map_or(Ok(()), |fault| Err(fault.into()))
        };
        node.store.write(call.app.id, write).await?;
        node.moderation.note_profile(call.app.id, call.now, &account, noted).await?;
        Ok(Answer { error_display: "" })
    }
}
