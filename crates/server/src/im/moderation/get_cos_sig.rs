//! Signs links with which a back end looks at files.

use contract::codes::Family;
use contract::{Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field_fault;
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, UpTo};
use crate::media::{Purpose, known, number_of};

/// Signs links to files that accounts uploaded. They hold for 15 minutes, and open forbidden files too: whoever decides
/// about a file must see it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetCosSig {
    /// The files, 1 to 100.
    #[serde(rename = "RawURLs")]
    urls: UpTo<Wanted, { limit::LINK_BATCH }>,
}

/// A file of the list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Wanted {
    /// Comes back with the link, so that the caller finds its way; any number.
    #[serde(rename = "ResourceID")]
    id: i64,
    /// The URL as messages carry it.
    #[serde(rename = "RawURL")]
    url: String,
}

/// A link, or why there is none.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Signed {
    /// 0, or the published code that says why there is no link.
    code: i32,
    /// The same in words; empty for success.
    desc: &'static str,
    /// As the caller gave it.
    #[serde(rename = "ResourceID")]
    id: i64,
    /// The link; empty where there is none.
    #[serde(rename = "PreSigURL")]
    link: String,
}

/// The links, in the order asked.
#[derive(Serialize, JsonSchema)]
pub struct Answer {
    #[serde(rename = "PreSigURLs")]
    links: Vec<Signed>,
}

impl Action for GetCosSig {
    const NAME: &'static str = "im_cos_msg/get_cos_sig";
    const FAMILY: Family = Family::Resource;
    const CHAPTER: &'static str = "moderation";
    const FIELD_FAULT: FieldFault = field_fault;
    type Answer = Answer;
}

impl Perform for GetCosSig {
    async fn perform(self, call: Call) -> Result<Answer> {
        let wanted = self.urls.0;
        let urls: Vec<String> = wanted.iter().map(|wanted| wanted.url.clone()).collect();
        let found = known(&call.node.store, call.app.id, call.now, &urls).await?;
        let until_s = call.now.secs() + limit::LINK_S;
        let links = wanted.into_iter().zip(found).map(|(wanted, file)| match file {
            Ok(file) => {
                let link = call.node.media.link(Purpose::Look, call.app.id, &file.id, until_s);
                Signed { code: 0, desc: "", id: wanted.id, link }
            }
            Err(fault) => {
                let (code, desc) = number_of(&fault);
                Signed { code, desc, id: wanted.id, link: String::new() }
            }
        });
        Ok(Answer { links: links.collect() })
    }
}
