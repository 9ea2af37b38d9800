//! Tags, which devices, accounts and aliases carry.

pub mod bind_tag;
pub mod list_tags;
pub mod query_tags;
pub mod remove_tag;
pub mod unbind_tag;

use contract::limit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::bound_tags::Holder;

use crate::openapi::fields::{Letters, Listed, Text};

/// What carries a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum KeyType {
    /// Devices.
    Device,
    /// Accounts.
    Account,
    /// Aliases.
    Alias,
}

impl KeyType {
    /// The same as the store knows it.
    pub const fn holder(self) -> Holder {
        match self {
            Self::Device => Holder::Device,
            Self::Account => Holder::Account,
            Self::Alias => Holder::Alias,
        }
    }
}

/// What carries tags: at most as many bytes as the longest of the three kinds.
pub(super) type Key = Text<{ limit::ALIAS_BYTES }>;
/// Up to a thousand of them.
pub(super) type Keys = Listed<Key, { limit::TAG_HOLDERS }>;
/// A tag.
pub(super) type Tag = Letters<{ limit::PUSH_TAG_LETTERS }>;
/// Up to ten of them.
pub(super) type Tags = Listed<Tag, { limit::PUSH_TAG_BATCH }>;

/// The texts of keys.
pub(super) fn keys(keys: &Keys) -> Vec<String> {
    keys.0.iter().map(|key| key.0.clone()).collect()
}

/// The texts of tags.
pub(super) fn tags(tags: &Tags) -> Vec<String> {
    tags.0.iter().map(|tag| tag.0.clone()).collect()
}

/// A list of tags, wrapped as the contract wraps lists.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TagInfos {
    /// In the order of the alphabet.
    tag_info: Vec<TagInfo>,
}

/// One tag.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TagInfo {
    /// The tag.
    tag_name: String,
}

impl TagInfos {
    /// Wraps tags.
    pub fn new(tags: Vec<String>) -> Self {
        Self { tag_info: tags.into_iter().map(|tag_name| TagInfo { tag_name }).collect() }
    }
}
