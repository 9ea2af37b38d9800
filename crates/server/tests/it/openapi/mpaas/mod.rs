//! The mPaaS OpenAPI from the outside: results in the body, in three shapes.

mod devices;
mod pushes;
mod refusals;
mod results;
mod schedules;
mod templates;

use contract::codes::Row;
use contract::ledger::{How, note};
use serde_json::{Value, json};

use super::{KEY_ID, KEY_SECRET, Reply, Signer};
use crate::harness::Im;

/// The app as the calls name it.
pub(crate) const APP_ID: &str = "ONEX570DA89211721";
/// Its environment.
pub(crate) const WORKSPACE: &str = "test";

/// Calls actions on the app.
pub(crate) struct Caller<'a> {
    im: &'a Im,
    signer: Signer,
}

/// Gives the app its key and its names, and answers who calls.
pub(crate) async fn caller(im: &Im) -> Caller<'_> {
    im.app(|settings, secrets| {
        APP_ID.clone_into(&mut settings.mpaas_app_id);
        WORKSPACE.clone_into(&mut settings.workspace_id);
        secrets.access_keys = vec![store::apps::AccessKey { id: KEY_ID.into(), secret: KEY_SECRET.into() }];
    })
    .await;
    Caller { im, signer: Signer { version: "2020-10-28", ..Signer::own() } }
}

impl Caller<'_> {
    /// By another version.
    pub(crate) fn of_version(&self, version: &'static str) -> Self {
        Self { im: self.im, signer: Signer { version, ..self.signer.clone() } }
    }

    /// Calls an action on the app.
    pub(crate) async fn call(&self, action: &str, params: &[(&str, &str)]) -> Told {
        let mut all = vec![("AppId", APP_ID), ("WorkspaceId", WORKSPACE)];
        all.retain(|(name, _)| !params.iter().any(|(own, _)| own == name));
        all.extend(params);
        self.plain(action, &all).await
    }

    /// Calls an action with these parameters alone.
    pub(crate) async fn plain(&self, action: &str, params: &[(&str, &str)]) -> Told {
        Told { what: format!("{action} {params:?}"), reply: self.signer.call_plain(self.im, action, params).await }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Told {
    what: String,
    pub(crate) reply: Reply,
}

impl Told {
    #[track_caller]
    fn value(&self) -> Value {
        let value = self.reply.value();
        assert_eq!(self.reply.0.head().status, 200, "{}: {value}", self.what);
        assert_eq!(value["RequestId"].as_str().map(str::len), Some(36), "{value}");
        value
    }

    /// What a push, a binding or a revocation answers.
    #[track_caller]
    pub(crate) fn pushed(&self) -> String {
        let value = self.value();
        assert_eq!(value["ResultCode"], "OK", "{}: {value}", self.what);
        assert_eq!((&value["ResultMessage"], &value["PushResult"]["ResultMsg"]), (&json!(""), &json!("")));
        assert_eq!(value["PushResult"]["Success"], true, "{value}");
        value["PushResult"]["Data"].as_str().expect("a text").to_owned()
    }

    /// What an action on templates or devices answers.
    #[track_caller]
    pub(crate) fn kept(&self) -> Value {
        let value = self.value();
        assert_eq!((&value["Success"], &value["Code"]), (&json!(true), &json!("100")), "{}: {value}", self.what);
        let text = value.get("Msg").or_else(|| value.get("Message"));
        assert_eq!(text, Some(&json!("SUCCESS")), "{value}");
        value
    }

    /// What a query answers.
    #[track_caller]
    pub(crate) fn found(&self) -> Value {
        let value = self.value();
        assert_eq!(
            (&value["ResultCode"], &value["ResultMessage"]),
            (&json!("OK"), &json!("")),
            "{}: {value}",
            self.what
        );
        value["ResultContent"]["Data"].clone()
    }

    /// Checks that the call was refused with a result, in the shape of its action.
    #[track_caller]
    pub(crate) fn fails(&self, row: impl Into<&'static Row>) {
        self.fails_by(row, How::Request);
    }

    /// As [`Self::fails`], where the trouble that is answered was made.
    #[track_caller]
    pub(crate) fn fails_by(&self, row: impl Into<&'static Row>, how: How) {
        let (row, value) = (row.into(), self.value());
        let (number, name) = (row.code.to_string(), row.text.to_ascii_uppercase());
        let told = |text: &Value| {
            let text = text.as_str().expect("a text");
            let rest = text.strip_prefix(&name);
            assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(": ")), "{}: {value}", self.what);
        };
        if value.get("Code").is_some() {
            assert_eq!((&value["Code"], &value["Success"]), (&json!(number), &json!(false)), "{}: {value}", self.what);
            told(value.get("Msg").or_else(|| value.get("Message")).expect("a text"));
        } else {
            assert_eq!(value["ResultCode"], number, "{}: {value}, not {}", self.what, row.name);
            told(&value["ResultMessage"]);
            if let Some(push) = value.get("PushResult") {
                assert_eq!(push["Success"], false, "{value}");
                told(&push["ResultMsg"]);
            }
        }
        note(row, how);
    }
}
