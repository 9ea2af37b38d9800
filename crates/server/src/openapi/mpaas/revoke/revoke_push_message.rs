//! Takes one message back.

use contract::{Error, Result};
use push::mpaas::{KEY_BYTES, TARGET_BYTES, run};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;

use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::Text;
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Takes a message of the last seven days back from one target: what has not reached it does not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RevokePushMessage {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// The caller's own key of the message.
    message_id: Text<KEY_BYTES>,
    /// The device or the user, as it was pushed to.
    target_id: Text<TARGET_BYTES>,
}

impl Action for RevokePushMessage {
    const NAME: &'static str = "RevokePushMessage";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "revoke";
    type Answer = Pushed;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Push, error)
    }
}

impl Write for RevokePushMessage {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Pushed> {
        self.instance.open_app(call)?;
        run::revoke_message(tx, call.now, &self.message_id.0, &self.target_id.0)?;
        Ok(Pushed::with(""))
    }
}
