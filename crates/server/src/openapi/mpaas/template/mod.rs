//! Templates: texts with placeholders, which pushes name.

pub mod create_template;
pub mod delete_template;
pub mod get_template;
pub mod list_template_page;

use contract::error::refuse;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::templates::{self, Template};

/// Which template.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Which {
    /// By its id …
    template_id: Option<i64>,
    /// … or by its name; the id is looked at first.
    template_name: Option<String>,
}

impl Which {
    /// Reads the template.
    pub fn find(&self, snapshot: &mut Snapshot<'_>) -> Result<Template> {
        let found = match (self.template_id, self.template_name.as_deref()) {
            (Some(id), _) => templates::get(snapshot, id)?,
            (None, Some(name)) if !name.is_empty() => templates::named(snapshot, name)?,
            (None, _) => return refuse(Fault::TemplateNameMissing),
        };
        found.ok_or_else(|| Fault::TemplateUnknown.into())
    }
}

/// A template as it is answered: texts throughout.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Shown {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The title.
    title: String,
    /// The content.
    content: String,
    /// What people note about it.
    desc_info: String,
    /// Where a tap leads.
    uri: String,
    /// The names of the placeholders, between commas.
    variables: String,
    /// `1` if it is pushed without being shown, else `0`.
    show_style: String,
    /// `0` plain, `1` long text, `2` with a picture.
    push_style: String,
    /// `0` if `Uri` is a URL, `1` if it is an activity of the app.
    action: String,
    /// Addresses of pictures as a JSON object, or empty.
    image_urls: String,
    /// The same of icons.
    icon_urls: String,
    /// When it was made, in milliseconds.
    gmt_create: String,
    /// When it was changed last, in milliseconds.
    gmt_modified: String,
}

impl From<Template> for Shown {
    fn from(one: Template) -> Self {
        Self {
            id: one.id.to_string(),
            name: one.name,
            title: one.title,
            content: one.content,
            desc_info: one.description,
            uri: one.uri,
            variables: one.variables.join(","),
            show_style: i64::from(one.is_silent).to_string(),
            push_style: one.style.to_string(),
            action: one.jump.to_string(),
            image_urls: one.images,
            icon_urls: one.icons,
            gmt_create: one.created_at.0.to_string(),
            gmt_modified: one.changed_at.0.to_string(),
        }
    }
}
