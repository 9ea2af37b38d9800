//! What an action is: a name, a product, parameters and what it does.
//!
//! An action is a [`Read`], which never waits for a writer; a [`Write`], which is one transaction; or a [`Perform`],
//! which takes several steps. A line in the list of its product makes it reachable. Each call's nonce is used up
//! once: by a write in its own transaction, by everything else before it begins.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use contract::openapi::Params;
use contract::{AppId, Error, Failure, Fault, Millis, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::apps::App;
use store::nonces::{self, Nonce};
use store::{Snapshot, Tx};

use super::cloud::Caller;
use super::fields;
use crate::node::Node;

/// Whose actions they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Product {
    /// EMAS Mobile Push.
    Emas,
    /// mPaaS Message Push.
    Mpaas,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 2] = [Self::Emas, Self::Mpaas];

    /// As the published list calls the surface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emas => "emas",
            Self::Mpaas => "mpaas",
        }
    }

    /// What stands before the colon in the names by which actions are granted.
    pub const fn grants(self) -> &'static str {
        match self {
            Self::Emas => "mpush",
            Self::Mpaas => "mpaas",
        }
    }

    /// The versions by which it is called, the newest first.
    pub const fn versions(self) -> &'static [&'static str] {
        match self {
            Self::Emas => &["2016-08-01"],
            Self::Mpaas => &["2020-10-28", "2020-07-10", "2019-08-21"],
        }
    }

    /// The product of a version, which alone names it.
    pub fn of_version(version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.versions().contains(&version))
    }
}

/// What an action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The account that calls.
    Account,
    /// An app by its AppKey.
    App(AppId),
    /// An app by the two ids of mPaaS.
    Mpaas {
        /// `AppId`.
        app_id: String,
        /// `WorkspaceId`.
        workspace_id: String,
    },
}

/// Who calls what, and when.
#[derive(Clone)]
pub struct Call {
    /// This node.
    pub node: Arc<Node>,
    /// The access key that signed, and its account.
    pub caller: Caller,
    /// The moment of the call.
    pub now: Millis,
    /// Whence it came.
    pub from: IpAddr,
    app: Option<Arc<App>>,
    place: AppId,
    nonce: Option<Nonce>,
}

impl Call {
    /// A call that the gate let in.
    pub(super) fn new(node: &Arc<Node>, caller: Caller, now: Millis, from: IpAddr, nonce: Option<Nonce>) -> Self {
        Self { node: Arc::clone(node), caller, now, from, app: None, place: AppId::PLATFORM, nonce }
    }

    /// Notes which app's rows the call is among, before its parameters are read: a call that is refused on the way uses
    /// its nonce up where its repetition will look for it.
    pub(super) fn placed(mut self, params: &Params) -> Self {
        let app = match (params.get("AppKey"), params.get("AppId")) {
            (Some(key), _) => key.trim().parse().ok().and_then(|id| self.node.apps.get(AppId(id))),
            (None, Some(id)) => self.node.apps.of_mpaas(id, params.get("WorkspaceId").unwrap_or_default()),
            (None, None) => None,
        };
        // Nobody leaves anything in the rows of an app that is not theirs.
        self.place = app.filter(|app| self.caller.owns(app)).map_or(AppId::PLATFORM, |app| app.id);
        self
    }

    /// The app that is called.
    pub fn app(&self) -> Result<&Arc<App>> {
        self.app.as_ref().ok_or_else(|| Failure::internal("an action about no app asks for one").into())
    }

    /// Uses the nonce up within a transaction.
    fn spend(&self, tx: &mut Tx<'_>) -> Result<()> {
        match &self.nonce {
            Some(nonce) if !nonces::spend(tx, self.now, nonce)? => Err(Fault::NonceUsed.into()),
            _ => Ok(()),
        }
    }

    /// Uses the nonce up together with those of other calls.
    pub(super) async fn spend_now(&self) -> Result<()> {
        match &self.nonce {
            Some(nonce) => self.node.nonces.spend(self.place, self.now, nonce.clone()).await,
            None => Ok(()),
        }
    }

    /// Whatever the call is refused for: a call that was made before is told that first, and this one counts as made.
    async fn refuse<T>(&self, error: Error) -> Result<T> {
        if matches!(error, Error::Fault(ref fault) if *fault != Fault::NonceUsed) {
            self.spend_now().await?;
        }
        Err(error)
    }
}

/// What every action says of itself. Its reference is made of the type: the comment on the type says what the action
/// does, the comments on its fields what they mean and what bounds them.
pub trait Action: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The action's name; its case counts.
    const NAME: &'static str;
    /// Whose it is.
    const PRODUCT: Product;
    /// The versions that have it.
    const VERSIONS: &'static [&'static str] = Self::PRODUCT.versions();
    /// Which chapter of the published list it stands in; its `family` column.
    const CHAPTER: &'static str;
    /// What is answered besides the request's id.
    type Answer: Serialize + JsonSchema + Send + 'static;

    /// What the call is about.
    fn whose(&self) -> Whose;

    /// What is answered instead of the envelope of errors, with HTTP 200, where a contract tells this error in the body.
    /// Asked from the parameters on: what the gate refuses is told in the envelope.
    fn refusal(_error: &Error) -> Option<Map<String, Value>> {
        None
    }
}

/// An action that only reads.
pub trait Read: Action {
    /// Reads.
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Self::Answer>;
}

/// An action that is one transaction.
pub trait Write: Action {
    /// Whether it does little but add rows of its own, so that calls that come at once may share a transaction.
    fn is_light(&self) -> bool {
        false
    }

    /// Writes; may be run again.
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Self::Answer>;
}

/// An action that takes several steps.
pub trait Perform: Action {
    /// Does it.
    fn perform(self, call: Call) -> impl Future<Output = Result<Self::Answer>> + Send;
}

/// An answer without fields of its own.
#[derive(Serialize, JsonSchema)]
pub struct Done {}

/// An action in the list.
pub struct Command {
    /// The action's name.
    pub name: &'static str,
    /// Whose it is.
    pub product: Product,
    /// The versions that have it.
    pub versions: &'static [&'static str],
    /// Its chapter in the published list.
    pub chapter: &'static str,
    /// What the parameters are.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// What is answered besides the request's id.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
    /// Does what the action does.
    pub run: fn(Call, Params) -> Answering,
}

/// The answer in the making.
pub type Answering = Pin<Box<dyn Future<Output = Result<Map<String, Value>>> + Send>>;

impl Command {
    /// An action that only reads.
    pub const fn read<A: Read>() -> Self {
        Self::of::<A>(|call, params| {
            Box::pin(async move {
                let (action, call) = match begin::<A>(call, &params).await {
                    Ok(begun) => begun,
                    Err(error) => return finish::<A>(Err(error)),
                };
                call.spend_now().await?;
                let (store, place) = (call.node.store.clone(), call.place);
                finish::<A>(store.read(place, move |snapshot| action.read(&call, snapshot)).await)
            })
        })
    }

    /// An action that is one transaction.
    pub const fn write<A: Write>() -> Self {
        Self::of::<A>(|call, params| {
            Box::pin(async move {
                let (action, call) = match begin::<A>(call, &params).await {
                    Ok(begun) => begun,
                    Err(error) => return finish::<A>(Err(error)),
                };
                let (store, place, own) = (call.node.store.clone(), call.place, call.clone());
                let is_light = action.is_light();
                let write = move |tx: &mut Tx<'_>| {
                    own.spend(tx)?;
                    action.write(&own, tx)
                };
                call.node.nonces.touch(place);
                let written =
                    if is_light { store.write_shared(place, write).await } else { store.write(place, write).await };
                match written {
                    Ok(answer) => finish::<A>(Ok(answer)),
                    // What was written is undone, the nonce with it.
                    Err(error) => finish::<A>(call.refuse(error).await),
                }
            })
        })
    }

    /// An action that takes several steps.
    pub const fn perform<A: Perform>() -> Self {
        Self::of::<A>(|call, params| {
            Box::pin(async move {
                let (action, call) = match begin::<A>(call, &params).await {
                    Ok(begun) => begun,
                    Err(error) => return finish::<A>(Err(error)),
                };
                call.spend_now().await?;
                finish::<A>(action.perform(call).await)
            })
        })
    }

    const fn of<A: Action>(run: fn(Call, Params) -> Answering) -> Self {
        Self {
            name: A::NAME,
            product: A::PRODUCT,
            versions: A::VERSIONS,
            chapter: A::CHAPTER,
            params: A::json_schema,
            answer: A::Answer::json_schema,
            run,
        }
    }

    /// The name by which it is granted.
    pub fn grant(&self) -> String {
        format!("{}:{}", self.product.grants(), self.name)
    }
}

/// Reads the parameters and finds the app, which is the last of the gate's checks.
async fn begin<A: Action>(mut call: Call, params: &Params) -> Result<(A, Call)> {
    let action: A = match fields::read(params) {
        Ok(action) => action,
        Err(fault) => return call.refuse(fault.into()).await,
    };
    match find::<A>(&call, &action.whose()) {
        Ok(app) => {
            call.place = app.as_ref().map_or(AppId::PLATFORM, |app| app.id);
            call.app = app;
            Ok((action, call))
        }
        Err(fault) => call.refuse(fault.into()).await,
    }
}

/// Finds the app that an action is about, if it is the caller's to call.
fn find<A: Action>(call: &Call, whose: &Whose) -> Result<Option<Arc<App>>, Fault> {
    let app = match whose {
        Whose::Account => return Ok(None),
        Whose::App(id) => call.node.apps.get(*id),
        Whose::Mpaas { app_id, workspace_id } => call.node.apps.of_mpaas(app_id, workspace_id),
    };
    // Whether it is somebody else's or nobody's is not told.
    let app = app.filter(|app| call.caller.owns(app)).ok_or(Fault::AppUnknown)?;
    if !call.caller.may(&format!("{}:{}", A::PRODUCT.grants(), A::NAME), Some(app.id)) {
        return Err(Fault::ActionForbidden);
    }
    super::gate::check_app(&app, A::NAME, call.from, call.now)?;
    Ok(Some(app))
}

/// Turns an answer into its fields, or a refusal that the contract tells in the body.
fn finish<A: Action>(outcome: Result<A::Answer>) -> Result<Map<String, Value>> {
    match outcome {
        Ok(answer) => match serde_json::to_value(answer).map_err(Failure::internal)? {
            Value::Object(fields) => Ok(fields),
            _ => Err(Failure::internal("an answer is not an object").into()),
        },
        // A repetition is the gate's to refuse, whatever the action says.
        Err(Error::Fault(Fault::NonceUsed)) => Err(Fault::NonceUsed.into()),
        Err(error) => {
            let told = A::refusal(&error);
            if let (Some(_), Error::Failure(failure)) = (&told, &error) {
                tracing::error!(action = A::NAME, %failure, "a call failed");
            }
            told.ok_or(error)
        }
    }
}
