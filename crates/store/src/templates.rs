//! Templates: texts with placeholders, by which pushes are made.

use contract::{Millis, Result, limit};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Unique in the app.
    pub id: i64,
    /// Unique in the app as well.
    pub name: String,
    /// For people.
    pub description: String,
    /// The first line.
    pub title: String,
    /// The text.
    pub content: String,
    /// Where a tap leads; empty for nowhere.
    pub uri: String,
    /// Whether that is an activity of the app instead of a URL, as the contract numbers it.
    pub jump: i64,
    /// The names of the placeholders.
    pub variables: Vec<String>,
    /// Whether it is pushed without being shown.
    pub is_silent: bool,
    /// How it is shown, as the contract numbers it.
    pub style: i64,
    /// Addresses of pictures by channel, as JSON; empty for none.
    pub images: String,
    /// The same of icons.
    pub icons: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed last.
    pub changed_at: Millis,
}

impl FromRow for Template {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let variables: String = row.get(7)?;
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            description: row.get(2)?,
            title: row.get(3)?,
            content: row.get(4)?,
            uri: row.get(5)?,
            jump: row.get(6)?,
            variables: variables.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            is_silent: row.get(8)?,
            style: row.get(9)?,
            images: row.get(10)?,
            icons: row.get(11)?,
            created_at: row.get(12)?,
            changed_at: row.get(13)?,
        })
    }
}

/// Adds a template. Answers false if its name or its id is taken.
pub fn add(tx: &mut Tx<'_>, template: &Template) -> Result<bool> {
    let app = tx.app();
    let added = tx.run(
        sql!(
            "INSERT INTO push_templates (app, id, name, description, title, content, uri, jump, variables, silent, style,
                 images, icons, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING"
        ),
        (
            app,
            template.id,
            &template.name,
            &template.description,
            &template.title,
            &template.content,
            &template.uri,
            template.jump,
            template.variables.join(","),
            template.is_silent,
            template.style,
            &template.images,
            &template.icons,
            template.created_at,
            template.changed_at,
        ),
    )?;
    Ok(added > 0)
}

/// Reads a template by its id.
pub fn get(snapshot: &mut Snapshot<'_>, id: i64) -> Result<Option<Template>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT id, name, description, title, content, uri, jump, variables, silent, style, images, icons, created_at,
                 changed_at
             FROM push_templates WHERE app = $1 AND id = $2"
        ),
        (app, id),
    )
}

/// Reads a template by its name.
pub fn named(snapshot: &mut Snapshot<'_>, name: &str) -> Result<Option<Template>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT id, name, description, title, content, uri, jump, variables, silent, style, images, icons, created_at,
                 changed_at
             FROM push_templates WHERE app = $1 AND name = $2"
        ),
        (app, name),
    )
}

/// Takes a template away. Answers false if there was none.
pub fn remove(tx: &mut Tx<'_>, id: i64) -> Result<bool> {
    let app = tx.app();
    Ok(tx.run(sql!("DELETE FROM push_templates WHERE app = $1 AND id = $2"), (app, id))? > 0)
}

/// Counts the templates of the app.
pub fn count(snapshot: &mut Snapshot<'_>) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(sql!("SELECT COUNT(*) FROM push_templates WHERE app = $1"), (app,))?;
    Ok(count)
}

/// Lists templates, the newest first.
pub fn list(snapshot: &mut Snapshot<'_>, skip: i64, count: usize) -> Result<Vec<Template>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, name, description, title, content, uri, jump, variables, silent, style, images, icons, created_at,
                 changed_at
             FROM push_templates WHERE app = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3"
        ),
        (app, count.min(limit::STORE_PAGE) as i64, skip),
    )
}
