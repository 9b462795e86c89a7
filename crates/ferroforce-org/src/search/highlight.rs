//! WITH HIGHLIGHT: the texts in which the term was found, with `<mark>` around its words.

use std::fmt::Write;

use serde_json::Value as JsonValue;

use super::matching::is_word_character;
use crate::json::Json;
use crate::schema::{Field, FieldType, Object};

/// How many records of an object are highlighted.
pub(super) const MOST_RECORDS: usize = 25;

/// The first versions of the API that highlight, and that highlight what is custom.
pub(super) const SINCE: u16 = 39;
const CUSTOM_SINCE: u16 = 40;

/// Standard objects that are highlighted.
const OBJECTS: [&str; 7] = [
    "Account",
    "Campaign",
    "Contact",
    "Lead",
    "Opportunity",
    "Quote",
    "User",
];

/// Whether an object's records are highlighted.
pub(super) fn applies_to(object: &Object, version: u16) -> bool {
    OBJECTS.contains(&object.name.as_str()) || (object.custom && version >= CUSTOM_SINCE)
}

/// A record's JSON with the highlighted texts of its fields behind it, in the order of their
/// names.
pub(super) fn highlighted(
    record: &[u8],
    object: &Object,
    literals: &[String],
    version: u16,
) -> Vec<u8> {
    let mut out = record.to_vec();
    let Ok(JsonValue::Object(members)) = serde_json::from_slice(record) else {
        return out;
    };
    let phrases: Vec<Vec<String>> = literals
        .iter()
        .map(|literal| words(literal).map(|(_, word)| folded(word)).collect())
        .filter(|phrase: &Vec<String>| !phrase.is_empty())
        .collect();
    let mut texts: Vec<(&String, String)> = members
        .iter()
        .filter(|(name, _)| {
            object
                .field(name)
                .is_some_and(|field| shows_marks(field, version))
        })
        .filter_map(|(name, value)| Some((name, marked(value.as_str()?, &phrases)?)))
        .collect();
    texts.sort_unstable();
    if !texts.is_empty() {
        out.pop();
        for (name, text) in texts {
            let member = Json::from(format!("highlight.{name}"));
            // Writing to memory can't fail.
            let text = format!(",{member}:{}", Json::from(text));
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'}');
    }
    out
}

fn shows_marks(field: &Field, version: u16) -> bool {
    matches!(
        field.field_type,
        FieldType::String | FieldType::Email | FieldType::Textarea
    ) && !field.html_formatted
        && !field.calculated
        && (!field.custom || version >= CUSTOM_SINCE)
}

/// The text with marks, if any of the phrases is in it. What would be HTML in it is escaped.
fn marked(text: &str, phrases: &[Vec<String>]) -> Option<String> {
    let words: Vec<(usize, &str)> = words(text).collect();
    let keys: Vec<String> = words.iter().map(|(_, word)| folded(word)).collect();
    let mut found = vec![false; words.len()];
    for phrase in phrases {
        for (start, window) in keys.windows(phrase.len()).enumerate() {
            if window == phrase {
                found[start..start + phrase.len()].fill(true);
            }
        }
    }
    if !found.contains(&true) {
        return None;
    }
    let mut out = String::new();
    let mut end = 0;
    for ((start, word), found) in words.into_iter().zip(found) {
        if found {
            let before = escaped(&text[end..start]);
            let _ = write!(out, "{before}<mark>{}</mark>", escaped(word));
            end = start + word.len();
        }
    }
    out.push_str(&escaped(&text[end..]));
    Some(out)
}

/// The words of a text and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|character| !is_word_character(character))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}

fn folded(word: &str) -> String {
    word.to_lowercase()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str, literals: &[&str]) -> Option<String> {
        let phrases: Vec<Vec<String>> = literals
            .iter()
            .map(|literal| words(literal).map(|(_, word)| folded(word)).collect())
            .collect();
        marked(text, &phrases)
    }

    #[test]
    fn words_and_phrases_are_marked() {
        let marked = |text, literals| marks(text, literals).unwrap();
        assert_eq!(
            marked("Salesforce.com", &["salesforce"]),
            "<mark>Salesforce</mark>.com"
        );
        assert_eq!(
            marked("in San Francisco, san", &["san francisco"]),
            "in <mark>San</mark> <mark>Francisco</mark>, san"
        );
        assert_eq!(
            marked("<b>École & été</b>", &["ÉTÉ"]),
            "&lt;b&gt;École &amp; <mark>été</mark>&lt;/b&gt;"
        );
        assert_eq!(marks("Sales force", &["salesforce"]), None);
        assert_eq!(marks("", &["x"]), None);
    }
}
