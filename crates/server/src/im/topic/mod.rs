//! Topics of communities.

pub mod create_topic;
pub mod destroy_topic;
pub mod get_topic;
pub mod import_topic;
pub mod modify_topic;

use chat::ground::By;
use chat::topic::Wish;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::action::Call;
use super::fields::User;
use super::group::moderate;
use crate::moderation::Scene;

/// What a topic says of itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Card {
    /// Up to 3,000 bytes of the app's own.
    custom_string: Option<String>,
    /// The URL of its picture, up to 100 bytes.
    face_url: Option<String>,
    /// Up to 300 bytes.
    notification: Option<String>,
    /// Up to 240 bytes.
    introduction: Option<String>,
}

impl Card {
    fn wish(&self, name: Option<&str>) -> Wish {
        Wish {
            name: name.map(ToOwned::to_owned),
            face: self.face_url.clone(),
            introduction: self.introduction.clone(),
            notification: self.notification.clone(),
            custom: self.custom_string.clone(),
            is_muted: None,
        }
    }
}

/// What a call says of a topic, its texts looked through.
fn wish(call: &Call, card: &Card, name: Option<&str>) -> Result<Wish, Fault> {
    let mut wish = card.wish(name);
    moderate(call, Scene::GroupInfo, wish.texts())?;
    Ok(wish)
}

/// The id of the topic.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Made {
    topic_id: String,
}

/// In whose name a call acts; the account must exist.
fn by(call: &Call, snapshot: &mut Snapshot<'_>, from: Option<&User>) -> Result<By> {
    let Some(User(from)) = from else { return Ok(By::App(call.caller.clone())) };
    let is_alive = store::accounts::get(snapshot, from)?.is_some_and(|account| account.is_alive());
    if is_alive || call.app.is_admin(from) { Ok(By::App(from.clone())) } else { Err(Fault::AccountUnknown.into()) }
}
