//! The reference pages of both products, one a chapter, made of the actions' own types: a summary, the parameters and
//! the answer with their bounds, the quota, the codes.

use std::collections::{BTreeMap, BTreeSet};

use contract::codes::Family;
use contract::rate;
use schemars::generate::Contract;
use serde_json::Value;

use super::action::{Command, Product};
use super::commands;
use crate::im::openapi::{schema, summary_of};
use crate::im::reference::{anchor, cell, codes, fields, table};

/// How the pages come about; stands on each.
const ORIGIN: &str = "Derived from the actions' types in `crates/server/src/openapi`; change it there and run `UPDATE=1 cargo test -p server reference`.";

/// What a product is called, and how it is called.
const fn title(product: Product) -> (&'static str, &'static str) {
    match product {
        Product::Emas => ("EMAS push OpenAPI", "`Version=2016-08-01`"),
        Product::Mpaas => {
            ("mPaaS push OpenAPI", "`Version=2020-10-28`, or `2020-07-10` and `2019-08-21` for older clients")
        }
    }
}

/// The schema of an action's parameters.
pub fn params_of(command: &Command) -> Value {
    schema(command.params, Contract::Deserialize)
}

/// The schema of what an action answers besides the request's id.
pub fn answer_of(command: &Command) -> Value {
    schema(command.answer, Contract::Serialize)
}

/// Every page by its path in `docs/reference`. A product without an action has none.
pub fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for product in Product::ALL.into_iter().filter(|product| !commands(*product).is_empty()) {
        let surface = product.as_str();
        let chapters: BTreeSet<&str> = commands(product).iter().map(|command| command.chapter).collect();
        pages.extend(chapters.into_iter().map(|chapter| (format!("{surface}/{chapter}.md"), page(product, chapter))));
        pages.insert(format!("{surface}.md"), index(product));
    }
    pages
}

fn index(product: Product) -> String {
    let (title, version) = title(product);
    let surface = product.as_str();
    let mut text = format!(
        "# {title}\n\n{ORIGIN}\n\nEvery action is called at `/` by GET or POST with {version} and `Action`, its parameters in \
         the query, in a form, or both, signed by RPC signature 1.0 (HMAC-SHA1) or ACS3-HMAC-SHA256, or with a bearer \
         token. Answers are JSON, or XML where `Format=XML`; `RequestId` names the call. A refusal has its code's HTTP \
         status and `Code`, `Message`, `HostId`, `Recommend`. Quotas hold for cloud accounts whose operator says so.\n\n\
         Every call may meet the codes of [client](codes.md#openapi--client) and [server](codes.md#openapi--server).\n\n\
         | action | chapter | what it does |\n| --- | --- | --- |\n"
    );
    for command in commands(product) {
        let (summary, _) = summary_of(&params_of(command));
        let (name, chapter) = (command.name, command.chapter);
        let line =
            format!("| [`{name}`]({surface}/{chapter}.md#{}) | {chapter} | {} |\n", anchor(name), cell(&summary));
        text.push_str(&line);
    }
    text
}

fn page(product: Product, chapter: &str) -> String {
    let (title, _) = title(product);
    let mut text = format!("# {title}: {chapter}\n\n{ORIGIN}\n");
    for command in commands(product).iter().filter(|command| command.chapter == chapter) {
        text.push_str(&section(command));
    }
    text.push_str("\n## Codes\n");
    if product == Product::Mpaas {
        text.push_str(&codes(Family::MpaasPush));
        text.push_str(&codes(Family::MpaasTemplate));
    }
    text.push_str(&codes(Family::OpenApiClient));
    text.push_str(&codes(Family::OpenApiServer));
    text
}

fn section(command: &Command) -> String {
    let (params, answer) = (params_of(command), answer_of(command));
    let (_, description) = summary_of(&params);
    let name = command.name;
    let mut text = format!("\n## {name}\n\n{description}\n\n");
    let quota = match rate::of_action(name) {
        rate if rate.per_ms == 1_000 => format!("{}/s", rate.count),
        rate => format!("{} in {} s", rate.count, rate.per_ms / 1_000),
    };
    let line = format!(
        "`Action={name}` · `Version={}` · quota {quota} · granted as `{}` · codes of \
         [client](../codes.md#openapi--client)\n",
        command.versions.first().unwrap_or(&""),
        command.grant(),
    );
    text.push_str(&line);
    text.push_str(&table("field", &fields(&params), "\nThe action has no parameters.\n"));
    text.push_str(&table("answer", &fields(&answer), "\nNothing is answered but `RequestId`.\n"));
    text
}
