//! What a command is: a name, a family, a body and what it does.
//!
//! A command is a [`Read`], which never waits for a writer; a [`Write`], which is one transaction; or a [`Perform`],
//! which sends messages or takes several steps. A line in [`super::COMMANDS`] makes it reachable.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use chat::profile::Class;
use contract::codes::Family;
use contract::webhook::Origin;
use contract::{Failure, Fault, Millis, Result, UserId};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::apps::App;
use store::{Snapshot, Tx};

use super::fields::{self, FieldFault};
use crate::node::Node;

/// Who calls what, and when.
#[derive(Clone)]
pub struct Call {
    /// This node.
    pub node: Arc<Node>,
    /// The app that is called.
    pub app: Arc<App>,
    /// The account whose UserSig was verified: an administrator of the app, or an account that the app lets call.
    pub caller: UserId,
    /// The moment of the call.
    pub now: Millis,
    /// `nettype` in the URL, which one command reads.
    pub net_type: Option<String>,
    /// Whence it came.
    pub from: IpAddr,
}

impl Call {
    /// What the caller may read and write of profiles: an ordinary account no more than from a device.
    pub fn class(&self) -> Class {
        if self.app.is_admin(&self.caller) { Class::Admin } else { Class::Device }
    }

    /// Who acts, as webhooks tell it.
    pub fn origin(&self) -> Origin {
        Origin::rest(self.from)
    }
}

/// What every command says of itself. Its reference page is made of the type: the comment on the type says what the
/// command does, the comments on its fields what they mean and what bounds them.
pub trait Action: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// `service/command` as it stands in the URL.
    const NAME: &'static str;
    /// Whose codes its faults are spelt with.
    const FAMILY: Family;
    /// Which chapter of the published list it stands in; its `family` column.
    const CHAPTER: &'static str;
    /// Old field names that are still sent, each with the one that holds; the new one wins.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];
    /// The faults of single fields.
    const FIELD_FAULT: FieldFault = |_, _| None;
    /// What is answered besides the envelope.
    type Answer: Serialize + JsonSchema + Send + 'static;

    /// Whether an account that is no administrator may make this call, because all of it is its own. Asked only where
    /// the app lets ordinary accounts call.
    fn is_own(&self, _caller: &UserId) -> bool {
        false
    }

    /// The envelope's `ActionStatus` when the answer is good.
    fn status(_answer: &Self::Answer) -> &'static str {
        "OK"
    }
}

/// A command that only reads.
pub trait Read: Action {
    /// Reads.
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Self::Answer>;
}

/// A command that is one transaction.
pub trait Write: Action {
    /// Writes; may be run again.
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Self::Answer>;
}

/// A command that sends, or takes several steps.
pub trait Perform: Action {
    /// Does it.
    fn perform(self, call: Call) -> impl Future<Output = Result<Self::Answer>> + Send;
}

/// An answer without fields of its own.
#[derive(Serialize, JsonSchema)]
pub struct Done {}

/// A command in the table.
pub struct Command {
    /// `service/command`.
    pub name: &'static str,
    /// Whose codes its faults are spelt with.
    pub family: Family,
    /// Its chapter in the published list.
    pub chapter: &'static str,
    /// Old field names that are still read, each with the one that holds.
    pub aliases: &'static [(&'static str, &'static str)],
    /// What the body is.
    pub body: fn(&mut SchemaGenerator) -> Schema,
    /// What is answered besides the envelope.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
    /// Does what the command does and answers the body.
    pub run: fn(Call, Map<String, Value>) -> Answering,
}

/// The answer in the making.
pub type Answering = Pin<Box<dyn Future<Output = Result<Bytes>> + Send>>;

impl Command {
    /// A command that only reads.
    pub const fn read<A: Read>() -> Self {
        Self::of::<A>(|call, body| {
            Box::pin(async move {
                let action: A = parse(&call, body)?;
                let store = call.node.store.clone();
                let answer = store.read(call.app.id, move |snapshot| action.read(&call, snapshot)).await?;
                good::<A>(&answer)
            })
        })
    }

    /// A command that is one transaction.
    pub const fn write<A: Write>() -> Self {
        Self::of::<A>(|call, body| {
            Box::pin(async move {
                let action: A = parse(&call, body)?;
                let (store, app) = (call.node.store.clone(), call.app.id);
                let write = move |tx: &mut Tx<'_>| {
                    tx.act_for(call.origin());
                    action.write(&call, tx)
                };
                let answer = store.write(app, write).await?;
                good::<A>(&answer)
            })
        })
    }

    /// A command that sends, or takes several steps.
    pub const fn perform<A: Perform>() -> Self {
        Self::of::<A>(|call, body| {
            Box::pin(async move {
                let action: A = parse(&call, body)?;
                let answer = action.perform(call).await?;
                good::<A>(&answer)
            })
        })
    }

    const fn of<A: Action>(run: fn(Call, Map<String, Value>) -> Answering) -> Self {
        Self {
            name: A::NAME,
            family: A::FAMILY,
            chapter: A::CHAPTER,
            aliases: A::ALIASES,
            body: A::json_schema,
            answer: A::Answer::json_schema,
            run,
        }
    }
}

fn parse<A: Action>(call: &Call, mut body: Map<String, Value>) -> Result<A> {
    for (old, new) in A::ALIASES {
        if !body.contains_key(*new)
            && let Some(value) = body.remove(*old)
        {
            body.insert((*new).into(), value);
        }
    }
    let action: A = fields::read(body, A::FIELD_FAULT)?;
    if call.app.is_admin(&call.caller) || action.is_own(&call.caller) {
        Ok(action)
    } else {
        Err(Fault::AdminRequired.into())
    }
}

/// Puts the envelope around an answer. An answer is an object; its fields follow those of the envelope.
fn good<A: Action>(answer: &A::Answer) -> Result<Bytes> {
    let fields = serde_json::to_string(answer).map_err(Failure::internal)?;
    let fields = fields.strip_prefix('{').ok_or_else(|| Failure::internal("an answer is not an object"))?;
    let comma = if fields == "}" { "" } else { "," };
    let status = A::status(answer);
    Ok(format!(r#"{{"ActionStatus":"{status}","ErrorCode":0,"ErrorInfo":""{comma}{fields}"#).into())
}
