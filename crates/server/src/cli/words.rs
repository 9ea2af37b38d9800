//! `noroshi app words …`, `noroshi app reviews …`: what an app does not want to be said.

use std::path::PathBuf;

use axum::http::Method;
use clap::Subcommand;
use contract::{Result, limit};
use serde_json::{Value, json};

use super::{print, refuse};
use crate::admin::client::Desk;

/// Words.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add words; one that is there gets the new action.
    Add {
        /// SDKAppID.
        id: i64,
        /// block refuses the text, replace puts asterisks, review lets it pass and tells an operator.
        #[arg(long, default_value = "block")]
        action: String,
        /// The words.
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Print all words, each with its action.
    List {
        /// SDKAppID.
        id: i64,
    },
    /// Take words away.
    Remove {
        /// SDKAppID.
        id: i64,
        /// The words.
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Add the lines of a file: a word, or a word, a tab and its action.
    Import {
        /// SDKAppID.
        id: i64,
        /// UTF-8 text.
        file: PathBuf,
        /// The action of words without one.
        #[arg(long, default_value = "block")]
        action: String,
    },
}

/// Texts that passed and that an operator should look at.
#[derive(Debug, Subcommand)]
pub(super) enum Reviews {
    /// Print those that wait, newest first.
    List {
        /// SDKAppID.
        id: i64,
        /// open, passed or blocked.
        #[arg(long, default_value = "open")]
        state: String,
    },
    /// Let one stay.
    Pass {
        /// SDKAppID.
        id: i64,
        /// As `list` prints it.
        review: i64,
    },
    /// Take one away: a message is recalled, a nick emptied.
    Block {
        /// SDKAppID.
        id: i64,
        /// As `list` prints it.
        review: i64,
    },
}

pub(super) async fn run(desk: &Desk, command: Command) -> Result<Value> {
    match command {
        Command::Add { id, action, words } => {
            add(desk, id, words.into_iter().map(|word| (word, action.clone())).collect()).await
        }
        Command::List { id } => list(desk, id).await,
        Command::Remove { id, words } => {
            let mut answer = Value::Null;
            for batch in words.chunks(limit::WORD_BATCH) {
                let body = json!({ "words": batch });
                answer = desk.ask(Method::DELETE, &format!("apps/{id}/words"), Some(&body)).await?;
            }
            Ok(answer)
        }
        Command::Import { id, file, action } => {
            let text =
                std::fs::read_to_string(&file).map_err(|error| refuse(format!("{}: {error}", file.display())))?;
            let words = lines(&text, &action);
            if words.is_empty() {
                return Err(refuse(format!("{}: no word in it", file.display())));
            }
            add(desk, id, words).await
        }
    }
}

/// The words of a file.
fn lines(text: &str, action: &str) -> Vec<(String, String)> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match line.split_once('\t') {
            Some((word, own)) => (word.trim().to_owned(), own.trim().to_owned()),
            None => (line.trim().to_owned(), action.to_owned()),
        })
        .collect()
}

/// Adds words in batches; the node builds its filter after the last one.
async fn add(desk: &Desk, id: i64, words: Vec<(String, String)>) -> Result<Value> {
    let mut answer = Value::Null;
    let mut batches = words.chunks(limit::WORD_BATCH).peekable();
    while let Some(batch) = batches.next() {
        let words: Vec<_> = batch.iter().map(|(word, action)| json!({ "word": word, "action": action })).collect();
        let body = json!({ "words": words, "more": batches.peek().is_some() });
        answer = desk.ask(Method::POST, &format!("apps/{id}/words"), Some(&body)).await?;
    }
    Ok(answer)
}

async fn list(desk: &Desk, id: i64) -> Result<Value> {
    let mut after = String::new();
    loop {
        let page = desk.ask(Method::GET, &format!("apps/{id}/words?limit=1000&after={after}"), None).await?;
        for entry in page["words"].as_array().into_iter().flatten() {
            print(&format!(
                "{}\t{}",
                entry["word"].as_str().unwrap_or_default(),
                entry["action"].as_str().unwrap_or_default()
            ));
        }
        match page["next"].as_str() {
            Some(next) => after = escape(next),
            None => return Ok(json!({ "words": page["count"], "version": page["version"] })),
        }
    }
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        escaped.push('%');
        escaped.push_str(&hex::encode([byte]));
        escaped
    })
}

pub(super) async fn review(desk: &Desk, command: Reviews) -> Result<Value> {
    match command {
        Reviews::List { id, state } => {
            desk.ask(Method::GET, &format!("apps/{id}/reviews?limit=1000&state={state}"), None).await
        }
        Reviews::Pass { id, review } => decide(desk, id, review, "pass").await,
        Reviews::Block { id, review } => decide(desk, id, review, "block").await,
    }
}

async fn decide(desk: &Desk, id: i64, review: i64, decision: &str) -> Result<Value> {
    desk.ask(Method::POST, &format!("apps/{id}/reviews/{review}"), Some(&json!({ "decision": decision }))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_word_or_a_word_with_its_action() {
        let own = |word: &str, action: &str| (word.to_owned(), action.to_owned());
        let expected = [own("one", "block"), own("two words", "review"), own("three", "block")];
        assert_eq!(lines("one\n\n two words \t review\n three\n", "block"), expected);
    }
}
