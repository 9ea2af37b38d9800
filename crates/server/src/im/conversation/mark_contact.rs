//! Marks conversations of an account.

use chat::conversation::contact::{self, Change};
use contract::codes::Family;
use contract::{Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::conversations::contacts::Contact;

use super::{ContactItem, Done, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Sets and clears marks of up to 100 conversations, whether there are messages in them or not. An account marks at
/// most 1,000.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct MarkContact {
    /// Whose marks.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1 to 100 conversations.
    #[serde(rename = "MarkItem")]
    items: Vec<MarkItem>,
}

/// What changes for one conversation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MarkItem {
    /// 1 standard marks, 2 the custom mark, 3 both.
    opt_type: u32,
    /// The conversation.
    contact_item: ContactItem,
    /// Numbers of marks, 0 to 63, that are cleared before others are set.
    clear_mark: Option<Vec<u32>>,
    /// Numbers of marks, 0 to 63, that are set: 0 star, 1 unread, 2 folded, 3 hidden; from 32 on they are free.
    set_mark: Option<Vec<u32>>,
    /// The new custom mark, up to 256 bytes; an empty one clears it.
    custom_mark: Option<String>,
}

impl MarkItem {
    fn change(&self) -> Result<Change, Fault> {
        let (has_standard, has_custom) = match self.opt_type {
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return Err(Fault::FieldInvalid { field: "OptType" }),
        };
        let mut change = Change::default();
        if has_standard {
            change.clear = bits(self.clear_mark.as_deref(), "ClearMark")?;
            change.set = bits(self.set_mark.as_deref(), "SetMark")?;
        }
        if has_custom {
            let (field, max) = ("CustomMark", limit::CUSTOM_MARK_BYTES);
            let text = self.custom_mark.as_ref().ok_or(Fault::FieldMissing { field })?;
            if text.len() > max {
                return Err(Fault::FieldTooLong { field, max });
            }
            // One of the stores keeps no NUL in a text.
            if text.contains('\0') {
                return Err(Fault::FieldInvalid { field });
            }
            change.custom = Some(text.clone());
        }
        Ok(change)
    }
}

fn bits(numbers: Option<&[u32]>, field: &'static str) -> Result<u64, Fault> {
    numbers.unwrap_or_default().iter().try_fold(0, |bits, number| match number {
        0..=63 => Ok(bits | 1 << number),
        _ => Err(Fault::FieldInvalid { field }),
    })
}

#[derive(Serialize, JsonSchema)]
struct Item {
    /// As it was asked.
    #[serde(rename = "OptType")]
    opt_type: u32,
    #[serde(flatten)]
    done: Done,
}

/// What became of each conversation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    result_item: Vec<Item>,
    error_display: &'static str,
}

impl Action for MarkContact {
    const NAME: &'static str = "recentcontact/mark_contact";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Write for MarkContact {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let max = limit::MARK_BATCH;
        if self.items.is_empty() || self.items.len() > max {
            return Err(Fault::MarkBatchInvalid { max }.into());
        }
        let parse = |item: &MarkItem| Ok((item.contact_item.contact()?, item.change()?));
        let items: Vec<(Contact, Change)> = self.items.iter().map(parse).collect::<Result<_, Fault>>()?;
        let outcome = contact::mark(tx, &owner(call, &self.account.0), &items)?;
        let done = self.items.iter().zip(&items).zip(&outcome.refused);
        let item = |((asked, (contact, _)), refused): ((&MarkItem, &(Contact, Change)), &Option<Fault>)| Item {
            opt_type: asked.opt_type,
            done: Done::of(contact, refused.as_ref()),
        };
        Ok(Answer { result_item: done.map(item).collect(), error_display: "" })
    }
}
