//! The catalogue: how each surface spells what goes wrong.
//!
//! One file per family under `im`, `sdk` and `push` (and `openapi.rs`, `mpaas.rs`), in the published order; a row says what
//! happened, who must act and what to do, and which fault or failure it spells. From the rows come the enums by
//! which code and tests name a code, the rendering of faults ([`render`], [`failure`]), the search behind
//! `noroshi explain` ([`find`]) and the reference page ([`markdown`]).
//!
//! A number means something only together with its family, and for push with its channel: vendors reuse numbers.

#[macro_use]
mod table;

#[expect(clippy::unreadable_literal, reason = "codes are written as they are searched for")]
mod im;
mod mpaas;
mod openapi;
mod print;
#[expect(clippy::unreadable_literal, reason = "codes are written as they are searched for")]
mod push;
mod render;
#[expect(clippy::unreadable_literal, reason = "codes are written as they are searched for")]
mod sdk;

pub use im::{
    Access, Account, Common, Conversation, Data, Group, Message, OfflinePush, Operations, Profile, Relation, Resource,
};
pub use mpaas::{MpaasPush, MpaasTemplate};
pub use openapi::{OpenApiClient, OpenApiServer};
pub use print::{json, markdown, tsv};
pub use push::{Apns, Fcm, Harmony, Honor, Huawei, Oppo, PushCommon, Vivo, Xiaomi};
pub use render::{failure, render, spelling};
pub use sdk::{SdkAccount, SdkCommon, SdkGroup, SdkMessage, SdkNetwork, SdkRelation, V3};
pub use table::{Code, Raised, Row};

/// Who is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Surface {
    /// Chat as its server answers it: REST bodies and gateway frames.
    Im,
    /// Chat as its client library answers it.
    Sdk,
    /// Chat as the third generation of the client library answered it.
    SdkV3,
    /// The status of one delivery to one device.
    Push,
    /// The push OpenAPI.
    OpenApi,
    /// The results of the mPaaS push OpenAPI, in the body of its answers.
    Mpaas,
}

impl Surface {
    /// The spelling of the published tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Im => "im-server",
            Self::Sdk => "im-sdk",
            Self::SdkV3 => "im-sdk-v3",
            Self::Push => "push-status",
            Self::OpenApi => "openapi",
            Self::Mpaas => "mpaas",
        }
    }
}

/// Lists the families: the enum variant (and name of the code enum), the surface, the published spelling.
macro_rules! families {
    ($($(#[doc = $doc:literal])+ $name:ident = $surface:ident, $text:literal;)+) => {
        /// A part of a surface that numbers its codes on its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Family {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Family {
            /// Every family, in the order of the published tables.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The surface it belongs to.
            pub const fn surface(self) -> Surface {
                match self {
                    $(Self::$name => Surface::$surface,)+
                }
            }

            /// The spelling of the published tables, unique within the surface.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Its rows, in the published order.
            pub const fn rows(self) -> &'static [Row] {
                match self {
                    $(Self::$name => $name::ROWS,)+
                }
            }

            /// The row of this family's own table that spells the cause.
            fn spell(self, cause: table::Cause<'_>) -> Option<&'static Row> {
                match self {
                    $(Self::$name => $name::spell(cause),)+
                }
            }
        }
    };
}

families! {
    /// The client library: calls, parameters, local files and the local database.
    SdkCommon = Sdk, "common";
    /// The client library: login and logout.
    SdkAccount = Sdk, "account";
    /// The client library: messages, files and signaling.
    SdkMessage = Sdk, "message";
    /// The client library: groups.
    SdkGroup = Sdk, "group";
    /// The client library: profiles and friends.
    SdkRelation = Sdk, "relation";
    /// The client library: the connection.
    SdkNetwork = Sdk, "network";
    /// The gateway; only devices meet it.
    Access = Im, "access";
    /// Upload and download of files.
    Resource = Im, "resource";
    /// The checks before any service sees a call, and message content.
    Common = Im, "common";
    /// Accounts and user sigs.
    Account = Im, "account";
    /// Profiles.
    Profile = Im, "profile";
    /// Friends and blocklists.
    Relation = Im, "relation";
    /// Recent conversations.
    Conversation = Im, "conversation";
    /// One-to-one messages, push tokens and pushes to all accounts.
    Message = Im, "message";
    /// Groups.
    Group = Im, "group";
    /// Why an offline notification did not leave.
    OfflinePush = Im, "offline-push";
    /// Exported history.
    Data = Im, "data";
    /// Mutes and statistics.
    Operations = Im, "operations";
    /// The third generation of the client library.
    V3 = SdkV3, "v3";
    /// Statuses of every channel.
    PushCommon = Push, "common";
    /// Statuses of Apple's channel.
    Apns = Push, "apns";
    /// Statuses of Huawei's channel.
    Huawei = Push, "huawei";
    /// Statuses of Honor's channel.
    Honor = Push, "honor";
    /// Statuses of Xiaomi's channel.
    Xiaomi = Push, "xiaomi";
    /// Statuses of OPPO's channel.
    Oppo = Push, "oppo";
    /// Statuses of vivo's channel.
    Vivo = Push, "vivo";
    /// Statuses of Google's channel.
    Fcm = Push, "fcm";
    /// Statuses of the HarmonyOS channel.
    Harmony = Push, "harmony";
    /// The OpenAPI: what the caller must change.
    OpenApiClient = OpenApi, "client";
    /// The OpenAPI: trouble of the server.
    OpenApiServer = OpenApi, "server";
    /// mPaaS: pushes, devices, schedules and statistics.
    MpaasPush = Mpaas, "push";
    /// mPaaS: templates and the state of devices.
    MpaasTemplate = Mpaas, "template";
}

/// Every row, family by family.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    Family::ALL.iter().flat_map(|family| family.rows())
}

/// Finds what a person means by a code: a number, a text code (also with a real parameter name in it), or a name.
pub fn find(code: &str) -> Vec<&'static Row> {
    let code = code.trim();
    rows().filter(|row| row.code.matches(code) || row.name.eq_ignore_ascii_case(code)).collect()
}
