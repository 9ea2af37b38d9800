//! Templates of pushes: texts with placeholders `#name#`, checked when they are made and filled when they are pushed.
//! Pure.
//!
//! What stands between two signs counts as a placeholder only if the template lists it: `#1 of 3#` is a text like any
//! other. A template that lists nothing is taken to mean every name between two signs.

use std::collections::BTreeMap;

use contract::{Fault, limit};

/// The name of a template, in characters.
pub const NAME_LETTERS: usize = 200;
/// What people note about a template, in characters.
pub const DESCRIPTION_LETTERS: usize = 200;
/// A title; the longest that a channel shows is a fifth of it.
pub const TITLE_LETTERS: usize = 200;
/// A content: no channel carries more than this altogether.
pub const CONTENT_BYTES: usize = 2_048;
/// The name of a placeholder, in characters.
const VARIABLE_LETTERS: usize = 64;
/// Placeholders of one template.
const VARIABLES: usize = 50;

/// The texts of a template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    /// The first line.
    pub title: String,
    /// The text.
    pub content: String,
    /// Where a tap leads; empty for nowhere.
    pub uri: String,
}

impl Texts {
    fn all(&self) -> [&str; 3] {
        [&self.title, &self.content, &self.uri]
    }
}

/// Checks the name of a new template.
pub fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::TemplateNameMissing);
    }
    let fits = name.chars().count() <= NAME_LETTERS && name.chars().all(|char| char.is_alphanumeric() || char == '_');
    if fits { Ok(()) } else { Err(Fault::TemplateNameInvalid) }
}

/// Checks the texts of a new template, in the order of the contract's numbers: content, title, description, URI.
pub fn check_texts(texts: &Texts, description: &str) -> Result<(), Fault> {
    if texts.content.is_empty() || texts.content.len() > CONTENT_BYTES {
        return Err(Fault::TemplateContentInvalid);
    }
    if texts.title.is_empty() || texts.title.chars().count() > TITLE_LETTERS {
        return Err(Fault::TemplateTitleInvalid);
    }
    if description.chars().count() > DESCRIPTION_LETTERS {
        return Err(Fault::TemplateDescriptionInvalid);
    }
    if texts.uri.len() > limit::URL_BYTES {
        return Err(Fault::TemplateUriInvalid);
    }
    Ok(())
}

/// The placeholders of a new template: those that its maker lists, parted by commas, or all that its texts seem to have.
pub fn variables(texts: &Texts, listed: &str) -> Result<Vec<String>, Fault> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !found.iter().any(|own| own == name) {
            found.push(name.to_owned());
        }
    };
    if listed.trim().is_empty() {
        texts.all().into_iter().flat_map(placeholders).for_each(&mut add);
    } else {
        for name in listed.split(',').map(|name| name.trim().trim_matches('#')) {
            if !is_variable(name) {
                return Err(Fault::FieldInvalid { field: "Variables" });
            }
            add(name);
        }
    }
    if found.len() > VARIABLES { Err(Fault::FieldInvalid { field: "Variables" }) } else { Ok(found) }
}

/// Fills the placeholders of a template. Each that stands in a text must have a value; values that nobody asks for are
/// of no consequence, and a value is not looked through for placeholders again.
pub fn fill(texts: &Texts, variables: &[String], values: &BTreeMap<String, String>) -> Result<Texts, Fault> {
    let fill = |text: &str| {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = next_placeholder(rest) {
            if variables.iter().any(|own| own == name) {
                let value = values.get(name).ok_or_else(|| Fault::TemplateValueMissing { name: name.to_owned() })?;
                filled.push_str(before);
                filled.push_str(value);
                rest = after;
            } else {
                // The closing sign may open the next placeholder.
                let kept = before.len() + 1 + name.len();
                filled.push_str(&rest[..kept]);
                rest = &rest[kept..];
            }
        }
        filled.push_str(rest);
        Ok(filled)
    };
    Ok(Texts { title: fill(&texts.title)?, content: fill(&texts.content)?, uri: fill(&texts.uri)? })
}

fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = next_placeholder(rest) {
        found.push(name);
        rest = after;
    }
    found
}

/// The first name between two signs: what stands before it, the name, what stands after it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find('#')?;
        let close = open + 1 + text[open + 1..].find('#')?;
        let name = &text[open + 1..close];
        if is_variable(name) {
            return Some((&text[..open], name, &text[close + 1..]));
        }
        from = close;
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= VARIABLE_LETTERS
        && name.chars().all(|char| char.is_alphanumeric() || char == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(title: &str, content: &str, uri: &str) -> Texts {
        Texts { title: title.into(), content: content.into(), uri: uri.into() }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_name_has_letters_digits_and_underscores_of_any_script() {
        for good in ["order_paid", "群发模板", "A1", &"x".repeat(200)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        assert_eq!(check_name(""), Err(Fault::TemplateNameMissing));
        for bad in ["a,b", "a b", "a-b", &"x".repeat(201)] {
            assert_eq!(check_name(bad), Err(Fault::TemplateNameInvalid), "{bad}");
        }
    }

    #[test]
    fn each_text_has_its_fault_and_the_first_is_told() {
        let check = |title: &str, content: &str, description: &str, uri: &str, expected: Result<(), Fault>| {
            assert_eq!(check_texts(&texts(title, content, uri), description), expected);
        };
        check("t", "c", "", "", Ok(()));
        check(&"题".repeat(200), &"c".repeat(2_048), &"d".repeat(200), &"u".repeat(2_048), Ok(()));
        check("", "", &"d".repeat(201), "", Err(Fault::TemplateContentInvalid));
        check("t", &"c".repeat(2_049), "", "", Err(Fault::TemplateContentInvalid));
        check("", "c", &"d".repeat(201), "", Err(Fault::TemplateTitleInvalid));
        check(&"t".repeat(201), "c", "", "", Err(Fault::TemplateTitleInvalid));
        check("t", "c", &"d".repeat(201), &"u".repeat(2_049), Err(Fault::TemplateDescriptionInvalid));
        check("t", "c", "", &"u".repeat(2_049), Err(Fault::TemplateUriInvalid));
    }

    #[test]
    fn listed_placeholders_are_filled_and_others_stay() {
        let all = texts("Hello #name#", "#name#, order #order# of #shop# #", "app://o/#order#");
        let named = variables(&all, "name, #order#").unwrap();
        assert_eq!(named, ["name", "order"]);
        let filled = fill(&all, &named, &values(&[("name", "#order#"), ("order", "7"), ("other", "x")])).unwrap();
        assert_eq!(filled, texts("Hello #order#", "#order#, order 7 of #shop# #", "app://o/7"));
        let missing = fill(&all, &named, &values(&[("name", "x")]));
        assert_eq!(missing, Err(Fault::TemplateValueMissing { name: "order".into() }));
    }

    #[test]
    fn a_template_that_lists_nothing_means_all_names() {
        let all = texts("#a#", "50 # off, # or #b# ##c#", "");
        assert_eq!(variables(&all, "").unwrap(), ["a", "b", "c"]);
        let filled = fill(&all, &variables(&all, " ").unwrap(), &values(&[("a", "1"), ("b", "2"), ("c", "")])).unwrap();
        assert_eq!((filled.title.as_str(), filled.content.as_str()), ("1", "50 # off, # or 2 #"));
    }

    #[test]
    fn what_is_listed_must_be_names() {
        let refused = Err(Fault::FieldInvalid { field: "Variables" });
        let many = (0..51).map(|number| format!("v{number}")).collect::<Vec<_>>().join(",");
        for bad in ["a,,b", "a b", "a-b", &"x".repeat(65), &many] {
            assert_eq!(variables(&Texts::default(), bad), refused, "{bad}");
        }
        assert_eq!(variables(&Texts::default(), "a,a"), Ok(vec!["a".to_owned()]));
    }

    #[test]
    fn a_placeholder_that_is_not_listed_may_share_its_sign_with_one_that_is() {
        let all = texts("#x#a#", "c", "");
        let filled = fill(&all, &["a".to_owned()], &values(&[("a", "1")])).unwrap();
        assert_eq!(filled.title, "#x1");
    }
}
