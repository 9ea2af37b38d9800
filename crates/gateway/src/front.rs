//! What the gateway asks the node that it is part of.

use std::sync::Arc;

use chat::message::change::Named;
use chat::moderation::{Checked, Noted, Passed};
use contract::frame::wire::{LinkAnswer, LinkRequest, UploadAnswer, UploadRequest};
use contract::group::{GroupId, GroupKind};
use contract::user_sig::Claim;
use contract::webhook::{FriendQuestion, GroupQuestion, Origin};
use contract::{AppId, DeviceId, Fault, Millis, MsgKey, Result, UserId, profile};
use futures_util::future::BoxFuture;
use serde_json::Value;
use store::append::Draft;
use store::apps::App;

use crate::group::{Asked, Post};

/// What a hub asks the node that it is part of.
pub trait Front: Send + Sync {
    /// The moment.
    fn now(&self) -> Millis;
    /// An app, if it exists.
    fn app(&self, id: AppId) -> Option<Arc<App>>;
    /// Verifies a UserSig of an account.
    fn verify(&self, app: Arc<App>, user: UserId, sig: String) -> BoxFuture<'static, Result<Claim>>;
    /// Looks for what an app does not want to be said, and replaces in a message what is to be replaced. A node without
    /// lists lets everything pass.
    fn check_body(&self, _: AppId, _: &mut Value) -> Result<Checked, Fault> {
        Ok(Checked::default())
    }
    /// As [`Self::check_body`], of what an account wants to say of itself; answers what an operator is told of.
    fn check_profile(&self, _: AppId, _: &mut [(String, profile::Value)]) -> Result<Vec<Noted>, Fault> {
        Ok(Vec::new())
    }
    /// Notes what an operator should look at of what an account says of itself.
    fn note_profile(&self, _: AppId, _: &UserId, _: Vec<Noted>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    /// As [`Self::check_body`], of a piece of a message.
    fn check_text(&self, _: AppId, _: &str) -> Result<Passed, Fault> {
        Ok(Passed::default())
    }
    /// Notes a message that an operator should look at, with its text and the words that were found in it.
    fn note(&self, _: AppId, _: &Named, _: &str, _: &[String]) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    /// As [`Self::note`], of a message in a group: who wrote it, what names it if it is stored, and what it says.
    fn note_in_group(
        &self,
        _: AppId,
        _: &GroupId,
        _: (&UserId, Option<MsgKey>, &str),
        _: &[String],
    ) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    /// Answers where an account may send a file; a node without files refuses.
    fn offer(&self, _: Arc<App>, _: UserId, _: UploadRequest) -> BoxFuture<'static, Result<UploadAnswer>> {
        Box::pin(async { Err(Fault::RequestIllegal.into()) })
    }
    /// Answers where files may be read; a node without files refuses.
    fn links(&self, _: AppId, _: LinkRequest) -> BoxFuture<'static, Result<LinkAnswer>> {
        Box::pin(async { Err(Fault::RequestIllegal.into()) })
    }
    /// Asks the app's webhook before a message is delivered: the draft, perhaps rewritten; none if it is not to be
    /// delivered and its sender is not to learn it.
    fn before_send(
        &self,
        app: Arc<App>,
        origin: Origin,
        draft: Draft,
        push_info: Option<serde_json::Value>,
        is_online_only: bool,
    ) -> BoxFuture<'static, Result<Option<Draft>>>;
    /// Asks about a message to a group, where the app wants to be asked.
    fn before_post(&self, _: Arc<App>, _: Origin, _: GroupKind, post: Post) -> BoxFuture<'static, Result<Asked>> {
        Box::pin(async { Ok(Asked::Pass(Box::new(post))) })
    }

    /// Asks about a group, where the app wants to be asked; answers who may not be added.
    fn before_group(&self, _: Arc<App>, _: Origin, _: GroupQuestion) -> BoxFuture<'static, Result<Vec<UserId>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Asks the app's webhook before a device changes who is whose friend; a node without webhooks asks nobody.
    fn before_friends(&self, _: Arc<App>, _: Origin, _: FriendQuestion) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    /// Hears that a device of an account can be reached from now on: it came in, or registered a token. Never waits.
    fn arrived(&self, app: AppId, account: &UserId, device: &DeviceId);
}
