//! The bodies of this contract. What a call is refused for by its action is told with HTTP 200 in the body, in one of
//! three shapes; only the gate's refusals have the envelope that all products share.

use contract::codes::{self, Family, Row, Surface};
use contract::{Error, Fault};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// In which shape an action answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `PushResult` with a flag of its own.
    Push,
    /// `Code` 100, with its text in `Msg`.
    Template,
    /// `Code` 100, with its text in `Message`.
    State,
    /// `ResultContent` with the data.
    Query,
    /// `ResultContent` is a text.
    Cancel,
}

/// The code of success where it is a number.
pub const SUCCESS: &str = "100";

/// What a push, a binding or a revocation answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Pushed {
    /// `OK`.
    result_code: &'static str,
    /// Empty.
    result_message: &'static str,
    /// What came of it.
    push_result: PushResult,
}

/// What came of a push.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct PushResult {
    /// `true`.
    success: bool,
    /// Empty.
    result_msg: &'static str,
    /// The number of the message or of the task, or the id of the planned push; empty where there is none.
    data: String,
}

impl Pushed {
    /// A good answer with what it is about.
    pub fn with(data: impl Into<String>) -> Self {
        let push_result = PushResult { success: true, result_msg: "", data: data.into() };
        Self { result_code: "OK", result_message: "", push_result }
    }
}

/// What an action on templates answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Kept<T> {
    /// `true`.
    success: bool,
    /// `100`.
    code: &'static str,
    /// `SUCCESS`.
    msg: &'static str,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

impl<T> Kept<T> {
    /// A good answer with what was asked for.
    pub fn with(data: Option<T>) -> Self {
        Self { success: true, code: SUCCESS, msg: "SUCCESS", data }
    }
}

/// What a question about a device answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Stated<T> {
    /// `true`.
    success: bool,
    /// `100`.
    code: &'static str,
    /// `SUCCESS`.
    message: &'static str,
    /// What was asked for.
    data: Option<T>,
}

impl<T> Stated<T> {
    /// A good answer with what was asked for.
    pub fn with(data: Option<T>) -> Self {
        Self { success: true, code: SUCCESS, message: "SUCCESS", data }
    }
}

/// What a query answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Found<T> {
    /// `OK`.
    result_code: &'static str,
    /// Empty.
    result_message: &'static str,
    /// What was found.
    result_content: Content<T>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Content<T> {
    /// What was asked for.
    data: T,
}

impl<T> Found<T> {
    /// A good answer with what was found.
    pub fn with(data: T) -> Self {
        Self { result_code: "OK", result_message: "", result_content: Content { data } }
    }
}

/// How an action spells an error in its body; none if it is not for the body.
pub fn refusal(shape: Shape, error: &Error) -> Option<Map<String, Value>> {
    let family = match shape {
        Shape::Template | Shape::State => Family::MpaasTemplate,
        Shape::Push | Shape::Query | Shape::Cancel => Family::MpaasPush,
    };
    let (row, what) = match error {
        Error::Fault(fault) => {
            let fault = own(family, fault);
            (codes::render(family, &fault), detail(&fault))
        }
        Error::Failure(failure) => (codes::failure(family, failure), None),
    };
    if row.surface != Surface::Mpaas {
        return None;
    }
    let (code, name) = (row.code.to_string(), name_of(row));
    let said = what.map_or_else(|| name.clone(), |what| format!("{name}: {what}"));
    let body = match shape {
        Shape::Push => json!({ "ResultCode": code, "ResultMessage": name,
            "PushResult": { "Success": false, "ResultMsg": said } }),
        Shape::Template => json!({ "Success": false, "Code": code, "Msg": said }),
        Shape::State => json!({ "Success": false, "Code": code, "Message": said }),
        Shape::Query => json!({ "ResultCode": code, "ResultMessage": said }),
        Shape::Cancel => json!({ "ResultCode": code, "ResultMessage": said, "ResultContent": "" }),
    };
    match body {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// The name of a result as the contract writes it.
pub fn name_of(row: &Row) -> String {
    row.text.to_ascii_uppercase()
}

/// What a fault knows more of: callers of this contract complain that its results hide the cause.
fn detail(fault: &Fault) -> Option<String> {
    match fault {
        Fault::FieldMissing { field } | Fault::FieldInvalid { field } | Fault::FieldEmpty { field } => {
            Some((*field).to_owned())
        }
        Fault::FieldTooLong { field, max } | Fault::FieldItemsTooMany { field, max } => {
            Some(format!("{field}, at most {max}"))
        }
        Fault::TemplateValueMissing { name } => Some(name.clone()),
        Fault::TargetsTooMany { max }
        | Fault::ExtendedTooMany { max }
        | Fault::TargetExtendedTooMany { max }
        | Fault::PushContentTooLong { max }
        | Fault::PushPayloadTooLong { max }
        | Fault::TemplateQuota { max }
        | Fault::ScheduleQuota { max } => Some(format!("at most {max}")),
        Fault::ExpiryTooLong { max } => Some(format!("at most {max} seconds")),
        _ => None,
    }
}

/// Faults of parameters that have a number of their own here.
fn own(family: Family, fault: &Fault) -> Fault {
    let (Fault::FieldMissing { field }
    | Fault::FieldEmpty { field }
    | Fault::FieldBlank { field }
    | Fault::FieldInvalid { field }
    | Fault::FieldTooLong { field, .. }
    | Fault::FieldItemsTooMany { field, .. }) = fault
    else {
        return fault.clone();
    };
    let is_gone = matches!(fault, Fault::FieldMissing { .. } | Fault::FieldEmpty { .. } | Fault::FieldBlank { .. });
    match (*field, fault) {
        ("AppId" | "WorkspaceId", _) => {
            if is_gone {
                Fault::InstanceMissing
            } else {
                Fault::AppUnknown
            }
        }
        ("TenantId", _) => Fault::TenantInvalid,
        ("DeliveryToken", _) if is_gone => Fault::DeliveryTokenMissing,
        ("UserId", _) if is_gone => Fault::BoundUserMissing,
        ("OsType", _) => Fault::OsTypeInvalid,
        ("DeliveryType", _) => Fault::DeliveryTypeInvalid,
        ("TaskName", _) if is_gone => Fault::TaskNameEmpty,
        ("ExpiredSeconds", _) => Fault::ExpiryInvalid,
        ("TargetMsgkey" | "TargetMsg" | "Target" | "MsgKey" | "Msgkey", _) if is_gone => Fault::TargetEmpty,
        ("TargetMsg", Fault::FieldItemsTooMany { max, .. }) => Fault::TargetsTooMany { max: *max },
        ("ExtendedParams", _) => Fault::ExtendedInvalid,
        ("TemplateName", _) if family == Family::MpaasTemplate => {
            if is_gone {
                Fault::TemplateNameMissing
            } else {
                Fault::TemplateNameInvalid
            }
        }
        ("TemplateName", _) if is_gone => Fault::TemplateMissing,
        ("Title", _) if family == Family::MpaasTemplate => Fault::TemplateTitleInvalid,
        ("Content", _) if family == Family::MpaasTemplate => Fault::TemplateContentInvalid,
        ("Title" | "Content", _) if is_gone => Fault::PushTextMissing,
        _ => fault.clone(),
    }
}

#[cfg(test)]
mod tests {
    use contract::Failure;

    use super::*;

    #[test]
    fn each_shape_tells_a_refusal_in_its_own_way() {
        let of = |shape| Value::Object(refusal(shape, &Fault::TemplateUnknown.into()).expect("for the body"));
        assert_eq!(
            of(Shape::Push),
            json!({ "ResultCode": "3022", "ResultMessage": "TEMPLATE_NOT_EXIST",
            "PushResult": { "Success": false, "ResultMsg": "TEMPLATE_NOT_EXIST" } })
        );
        assert_eq!(of(Shape::Template), json!({ "Success": false, "Code": "3022", "Msg": "TEMPLATE_NOT_EXIST" }));
        assert_eq!(of(Shape::State)["Message"], "TEMPLATE_NOT_EXIST");
        assert_eq!(of(Shape::Query), json!({ "ResultCode": "3022", "ResultMessage": "TEMPLATE_NOT_EXIST" }));
        assert_eq!(of(Shape::Cancel)["ResultContent"], "");
    }

    #[test]
    fn what_the_gate_spells_is_not_for_the_body() {
        assert_eq!(refusal(Shape::Push, &Fault::NonceUsed.into()), None);
        assert_eq!(refusal(Shape::Push, &Fault::CallThrottled.into()), None);
        assert_eq!(refusal(Shape::Push, &Failure::Unavailable(String::new()).into()), None);
        let inside = refusal(Shape::Push, &Failure::Internal("disk".into()).into()).expect("for the body");
        assert_eq!((&inside["ResultCode"], &inside["ResultMessage"]), (&json!("9000"), &json!("SYSTEM_ERROR")));
    }

    #[test]
    fn a_parameter_has_its_own_number_in_its_family() {
        let check = |shape, fault: Fault, code: &str| {
            let body = refusal(shape, &fault.clone().into()).expect("for the body");
            let found = body.get("ResultCode").or_else(|| body.get("Code")).expect("a code");
            assert_eq!(found, code, "{fault:?}");
        };
        let missing = |field| Fault::FieldMissing { field };
        check(Shape::Push, missing("AppId"), "3003");
        check(Shape::Push, Fault::FieldEmpty { field: "WorkspaceId" }, "3003");
        check(Shape::Push, Fault::FieldTooLong { field: "AppId", max: 64 }, "3007");
        check(Shape::Template, Fault::FieldTooLong { field: "AppId", max: 64 }, "8012");
        check(Shape::Template, missing("TemplateName"), "3037");
        check(Shape::Push, missing("TemplateName"), "3025");
        check(Shape::Template, missing("Title"), "3040");
        check(Shape::Push, missing("Title"), "3024");
        check(Shape::Push, Fault::FieldInvalid { field: "StrategyContent" }, "3028");
        check(Shape::Push, Fault::FieldItemsTooMany { field: "TargetMsg", max: 9 }, "3029");
    }
}
