//! Answers where the messages of an hour can be downloaded.

use contract::codes::Family;
use contract::{Fault, Millis, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, exports};

use crate::im::action::{Action, Call, Read};
use crate::media::{Purpose, history_name, hour_of, moment_text};

/// Answers the file with all one-to-one messages of an hour, or that with all messages to groups and topics. It is written
/// within half an hour after the hour is over, and kept for seven days. Messages that were recalled or imported are not in
/// it, nor tips, what was said in live rooms, and groups that had ended by then.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetHistory {
    /// `C2C` or `Group`.
    #[serde(rename = "ChatType")]
    kind: String,
    /// The hour, `YYYYMMDDHH`, in the zone of the app (UTC unless `zone_hours` says otherwise).
    #[serde(rename = "MsgTime")]
    hour: String,
}

/// A file to download.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed {
    /// A signed link.
    #[serde(rename = "URL")]
    url: String,
    /// Until when the link holds, `YYYY-MM-DD hh:mm:ss` in the zone of the app.
    #[serde(rename = "ExpireTime")]
    expires: String,
    /// Bytes of the text.
    #[serde(rename = "FileSize")]
    size: i64,
    /// MD5 of the text, in hex.
    #[serde(rename = "FileMD5")]
    md5: String,
    /// Bytes of the file as it is downloaded.
    #[serde(rename = "GzipSize")]
    gzip_size: i64,
    /// MD5 of the file as it is downloaded, in hex.
    #[serde(rename = "GzipMD5")]
    gzip_md5: String,
}

/// The files of the hour.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    file: Vec<Listed>,
}

impl Action for GetHistory {
    const NAME: &'static str = "open_msg_svc/get_history";
    const FAMILY: Family = Family::Data;
    const CHAPTER: &'static str = "operations";
    type Answer = Answer;
}

const HOUR_MS: i64 = 3_600_000;
/// A link holds so long, or as long as its file.
const LINK_MS: i64 = 24 * HOUR_MS;

impl Read for GetHistory {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let is_group = match self.kind.as_str() {
            "C2C" => false,
            "Group" => true,
            _ => return Err(Fault::FieldInvalid { field: "ChatType" }.into()),
        };
        let zone = call.app.settings.zone_hours;
        let hour = hour_of(&self.hour, zone).ok_or(Fault::FieldInvalid { field: "MsgTime" })?;
        let gone_at = Millis((hour + 1) * HOUR_MS + limit::HISTORY_FILE_DAYS * 24 * HOUR_MS);
        if gone_at <= call.now {
            return Err(Fault::HistoryExpired.into());
        }
        let export = exports::get(snapshot, hour, is_group)?.ok_or(Fault::HistoryNotReady)?;
        let until = call.now.plus(LINK_MS).min(gone_at);
        let name = history_name(hour, is_group);
        Ok(Answer {
            file: vec![Listed {
                url: call.node.media.link(Purpose::History, call.app.id, &name, until.secs()),
                expires: moment_text(until, zone),
                size: export.size,
                md5: export.md5,
                gzip_size: export.gzip_size,
                gzip_md5: export.gzip_md5,
            }],
        })
    }
}
