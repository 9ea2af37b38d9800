//! Reads a group's attributes, under both names that the contract has for it.

use chat::attributes::list;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::{Pair, by};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Reads all attributes of a group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupAttr {
    /// The group.
    group_id: GroupName,
}

/// The attributes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// By key.
    group_attr_ary: Vec<Pair>,
}

impl GetGroupAttr {
    fn find(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let found = list(snapshot, &self.group_id.0, &by(call))?;
        let pair = |pair: store::group_attributes::Attribute| Pair { key: pair.key, value: pair.value };
        Ok(Answer { group_attr_ary: found.pairs.into_iter().map(pair).collect() })
    }
}

impl Action for GetGroupAttr {
    const NAME: &'static str = "group_open_attr_http_svc/get_group_attr";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetGroupAttr {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        self.find(call, snapshot)
    }
}

/// Reads all attributes of a group; another name for the same.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetGroupAttrToo {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    same: GetGroupAttr,
}

impl Action for GetGroupAttrToo {
    const NAME: &'static str = "group_open_http_svc/get_group_attr";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetGroupAttrToo {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        self.same.find(call, snapshot)
    }
}
