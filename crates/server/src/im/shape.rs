//! What is read as any JSON, because its parts are checked in the documented order of their codes: how it looks to those
//! who read the reference.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// `MsgBody`: the elements of a message.
#[derive(Debug)]
pub struct Elements;

impl JsonSchema for Elements {
    fn schema_name() -> Cow<'static, str> {
        "MsgBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        // What was recalled is shown without its elements.
        let least = usize::from(generator.contract().is_deserialize());
        let kinds = [
            ("TIMTextElem", "`Text`"),
            ("TIMLocationElem", "`Desc`, `Latitude`, `Longitude`"),
            ("TIMFaceElem", "`Index`, `Data`"),
            ("TIMCustomElem", "`Data`, `Desc`, `Ext`, `Sound`; at most one in a message"),
            ("TIMSoundElem", "`Url`, `UUID`, `Size`, `Second`, `Download_Flag`"),
            ("TIMImageElem", "`UUID`, `ImageFormat`, `ImageInfoArray`"),
            ("TIMFileElem", "`Url`, `UUID`, `FileSize`, `FileName`, `Download_Flag`"),
            ("TIMVideoFileElem", "`VideoUrl`, `VideoUUID`, `VideoSize`, `VideoSecond`, `VideoFormat`, `Thumb…`"),
            ("TIMRelayElem", "`Title`, `MsgNum`, `CompatibleText`, `AbstractList`, `MsgList`"),
        ];
        let names: Vec<_> = kinds.iter().map(|(kind, _)| *kind).collect();
        let contents: Vec<_> = kinds.iter().map(|(kind, content)| format!("{kind}: {content}")).collect();
        json_schema!({
            "type": "array",
            "minItems": least,
            "items": {
                "type": "object",
                "required": ["MsgType", "MsgContent"],
                "properties": {
                    "MsgType": { "type": "string", "enum": names, "description": "What the element is." },
                    "MsgContent": {
                        "type": "object",
                        "description": format!("What the type demands. {}.", contents.join(". ")),
                    },
                },
            },
        })
    }
}

/// `OfflinePushInfo`: how an offline notification looks.
#[derive(Debug)]
pub struct PushInfo;

impl JsonSchema for PushInfo {
    fn schema_name() -> Cow<'static, str> {
        "OfflinePushInfo".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = |what: &str| serde_json::json!({ "type": "string", "description": what });
        let number = |what: &str| serde_json::json!({ "type": "integer", "description": what });
        let object = |what: &str| serde_json::json!({ "type": "object", "description": what });
        json_schema!({
            "type": "object",
            "properties": {
                "PushFlag": number("0 pushes, 1 does not."),
                "Title": text("The title; absent means the sender's UserID."),
                "Desc": text("The text; absent means that of the message."),
                "Ext": text("What the app gets when the notification is opened."),
                "ApnsInfo": object("What only Apple's channel knows."),
                "AndroidInfo": object("What only the channels of Android phones know."),
                "HarmonyInfo": object("What only the HarmonyOS channel knows."),
            },
        })
    }
}
