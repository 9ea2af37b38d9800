//! Lists templates.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Snapshot, templates};

use super::Shown;
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{self, Shape};
use crate::openapi::mpaas::parameters::{Instance, Page};

/// Templates of a page where the caller does not say.
const USUAL: usize = 10;
/// Templates of a page: as many as an app may have.
const MOST: usize = 100;

/// Lists the app's templates, the newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ListTemplatePage {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// From 1, which is the default.
    current_page: Option<i64>,
    /// 1 to 100; default 10.
    page_size: Option<i64>,
}

/// A page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// `true`.
    success: bool,
    /// `100`.
    code: &'static str,
    /// `SUCCESS`.
    msg: &'static str,
    /// The templates.
    data: Vec<Shown>,
    /// The page.
    current_page: i64,
    /// Its length.
    page_size: usize,
    /// How many there are altogether.
    total_size: i64,
}

impl Action for ListTemplatePage {
    const NAME: &'static str = "ListTemplatePage";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "template";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Template, error)
    }
}

impl Read for ListTemplatePage {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        self.instance.app(call)?;
        let page = Page::of(("CurrentPage", self.current_page), ("PageSize", self.page_size), USUAL, MOST)?;
        let data = templates::list(snapshot, page.skip(), page.size)?.into_iter().map(Shown::from).collect();
        let total_size = templates::count(snapshot)?;
        Ok(Answer {
            success: true,
            code: answer::SUCCESS,
            msg: "SUCCESS",
            data,
            current_page: page.number,
            page_size: page.size,
            total_size,
        })
    }
}
