//! Makes a template.

use contract::error::refuse;
use contract::{Error, Fault, Millis, Result};
use push::mpaas::{TEMPLATES, fresh_id};
use push::template::{self, Texts};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;
use store::templates::{self, Template};

use crate::openapi::action::{Action, Call, Perform, Product, Whose};
use crate::openapi::mpaas::answer::{self, Kept, Shape};
use crate::openapi::mpaas::parameters::{Choice, Instance, Object};

/// Makes a template. `#name#` in title, content or URI is a placeholder, if `Variables` names it or is left out; a push
/// fills it. An app has at most 100 templates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTemplate {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Its name: up to 200 letters, digits and underscores, no other template's.
    template_name: String,
    /// The content, up to 2,048 bytes.
    content: String,
    /// The title, up to 200 characters.
    title: String,
    /// What people note about it, up to 200 characters.
    desc_info: Option<String>,
    /// Where a tap leads, up to 2,048 bytes.
    uri: Option<String>,
    /// The names of the placeholders, between commas. Left out, every name between two signs is one.
    variables: Option<String>,
    /// 1: pushed without being shown. Default 0.
    show_style: Option<Choice<1>>,
    /// 0 plain (default), 1 long text, 2 with a picture.
    push_style: Option<Choice<2>>,
    /// 0: `Uri` is a URL (default). 1: it is an activity of the app.
    jump_action: Option<Choice<1>>,
    /// Addresses of pictures by channel; `defaultUrl` is for all.
    image_urls: Option<Object>,
    /// The same of icons.
    icon_urls: Option<Object>,
}

impl Action for CreateTemplate {
    const NAME: &'static str = "CreateTemplate";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "template";
    type Answer = Kept<String>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Template, error)
    }
}

impl Perform for CreateTemplate {
    async fn perform(self, call: Call) -> Result<Kept<String>> {
        let app = self.instance.app(&call)?.id;
        let template = self.checked(fresh_id(), call.now)?;
        let id = template.id;
        call.node.store.write(app, move |tx| add(tx, &template)).await?;
        Ok(Kept::with(Some(id.to_string())))
    }
}

impl CreateTemplate {
    /// The template, if its parts are good.
    fn checked(self, id: i64, now: Millis) -> Result<Template> {
        let json = |object: Option<Object>| {
            let fields = object.filter(|object| !object.0.is_empty());
            fields.map(|object| Value::Object(object.0).to_string()).unwrap_or_default()
        };
        let uri = self.uri.unwrap_or_default();
        let texts = Texts { title: self.title, content: self.content, uri };
        let description = self.desc_info.unwrap_or_default();
        template::check_name(&self.template_name)?;
        template::check_texts(&texts, &description)?;
        let variables = template::variables(&texts, self.variables.as_deref().unwrap_or_default())?;
        Ok(Template {
            id,
            name: self.template_name,
            description,
            title: texts.title,
            content: texts.content,
            uri: texts.uri,
            jump: self.jump_action.unwrap_or_default().0,
            variables,
            is_silent: self.show_style.unwrap_or_default().0 == 1,
            style: self.push_style.unwrap_or_default().0,
            images: json(self.image_urls),
            icons: json(self.icon_urls),
            created_at: now,
            changed_at: now,
        })
    }
}

fn add(tx: &mut Tx<'_>, template: &Template) -> Result<()> {
    if templates::named(tx, &template.name)?.is_some() {
        return refuse(Fault::TemplateExists);
    }
    if templates::count(tx)? >= TEMPLATES as i64 {
        return refuse(Fault::TemplateQuota { max: TEMPLATES });
    }
    // Another call may have taken the name since it was looked up.
    if templates::add(tx, template)? { Ok(()) } else { refuse(Fault::TemplateExists) }
}
