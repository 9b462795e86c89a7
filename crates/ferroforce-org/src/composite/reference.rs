//! References of one subrequest to the answer of another: `@{account.id}`,
//! `@{found.records[0].Id}`.

use std::collections::HashMap;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::outcome::Outcome;
use crate::error::{ApiError, excerpt};
use crate::record::document::{Scalar, Token};
use crate::rest::ApiVersion;

/// What earlier subrequests answered.
#[derive(Debug)]
pub(super) struct Answers {
    version: ApiVersion,
    by_id: HashMap<String, Answer>,
}

#[derive(Debug)]
struct Answer {
    body: Option<Bytes>,
    /// Whether it is a record that was read by its id or key.
    record: bool,
}

impl Answers {
    /// None yet. The version is the one of the request as a whole.
    pub(super) fn new(version: ApiVersion) -> Self {
        Self {
            version,
            by_id: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, id: &str, outcome: &Outcome, record: bool) {
        if is_legal(id) {
            let body = outcome.body.clone();
            self.by_id.insert(id.to_owned(), Answer { body, record });
        }
    }

    /// The body of a subrequest with values in place of its references.
    pub(super) fn in_json(&self, body: &str) -> Result<String, ApiError> {
        let mut out = String::with_capacity(body.len());
        let mut rest = body;
        while let Some(start) = rest.find('"') {
            let (before, quoted) = rest.split_at(start);
            let (quoted, after) = quoted.split_at(end_of_string(quoted));
            out.push_str(before);
            let is_name = after.trim_start().starts_with(':');
            match text_with_references(quoted).filter(|_| !is_name) {
                Some(text) => out.push_str(&self.value_of(&text)?),
                None => out.push_str(quoted),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The URL of a subrequest with values in place of its references.
    pub(super) fn in_url(&self, url: &str) -> Result<String, ApiError> {
        let url = unmasked(url);
        let mut out = String::with_capacity(url.len());
        for piece in pieces(&url) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Reference(reference) => {
                    let value = self.find(reference)?;
                    out.extend(utf8_percent_encode(&plain(&value), NOT_IN_URL));
                }
            }
        }
        Ok(out)
    }

    /// The JSON of a text in which there are references. One that is a reference and nothing
    /// else takes its type.
    fn value_of(&self, text: &str) -> Result<String, ApiError> {
        if let [Piece::Reference(reference)] = pieces(text).as_slice() {
            return self.find(reference);
        }
        let mut out = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Reference(reference) => out.push_str(&plain(&self.find(reference)?)),
            }
        }
        Ok(quoted(&out))
    }

    /// The JSON scalar that a reference stands for.
    fn find(&self, reference: &str) -> Result<String, ApiError> {
        let name = name_of(reference);
        let nothing = || no_value(name, reference);
        let answer = self.by_id.get(name).ok_or_else(nothing)?;
        let steps = steps(&reference[name.len()..]).ok_or_else(nothing)?;
        let body = answer.body.as_deref().ok_or_else(nothing)?;
        let mut token = Token::parse(body)?;
        for step in steps {
            let next = match step {
                Step::Member(name) => token.document().ok().and_then(|members| members.get(name)),
                Step::Element(at) => token.elements().ok().and_then(|all| all.get(at).copied()),
            };
            token = next.ok_or_else(nothing)?;
        }
        match token.scalar()? {
            Scalar::Object | Scalar::Array => Err(nothing()),
            Scalar::Null if !answer.record || self.version.number() < 52 => Err(nothing()),
            _ => Ok(token.text().to_owned()),
        }
    }
}

/// What stays as it is when a value is put into a URL.
const NOT_IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Whether answers can be referred to by this id.
pub(super) fn is_legal(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// What a message says of an id that cannot be referred to.
pub(super) fn must_be_legal(id: &str) -> String {
    let id = excerpt(id);
    format!(
        "Provided referenceId ('{id}') must start with a letter or a number, and it can contain \
         only letters, numbers and underscores ('_')."
    )
}

/// The ids that a URL refers to.
pub(super) fn named_in_url(url: &str) -> Vec<String> {
    named_in(&unmasked(url))
}

/// The ids that a body refers to.
pub(super) fn named_in_json(body: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = body;
    while let Some(start) = rest.find('"') {
        let (string, after) = rest[start..].split_at(end_of_string(&rest[start..]));
        if !after.trim_start().starts_with(':')
            && let Some(text) = text_with_references(string)
        {
            names.extend(named_in(&text));
        }
        rest = after;
    }
    names
}

fn named_in(text: &str) -> Vec<String> {
    let names = pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Reference(reference) => Some(name_of(reference).to_owned()),
        Piece::Text(_) => None,
    });
    names.collect()
}

/// The halt of a subrequest that refers to what is not there.
fn no_value(name: &str, reference: &str) -> ApiError {
    let message = format!(
        "Invalid reference specified. No value for {} found in {}. {}",
        excerpt(reference),
        excerpt(name),
        must_be_legal(reference)
    );
    ApiError::bad_request("PROCESSING_HALTED", message)
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// What is between the braces.
    Reference(&'t str),
}

/// Cuts a text at its references.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{")
        && let Some((reference, after)) = after.split_once('}')
    {
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Reference(reference));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// A URL in which references are written plainly, however much of them was percent-encoded.
fn unmasked(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(next) = rest.chars().next() {
        let opened = after_any(rest, &["@", "%40"]).and_then(|rest| after_any(rest, &["{", "%7B"]));
        if let Some(inside) = opened
            && let Some(end) = inside
                .char_indices()
                .find(|&(at, _)| after_any(&inside[at..], &["}", "%7D"]).is_some())
        {
            let (reference, close) = inside.split_at(end.0);
            let reference = percent_decode_str(reference).decode_utf8_lossy();
            out.push_str("@{");
            out.push_str(&reference);
            out.push('}');
            rest = after_any(close, &["}", "%7D"]).unwrap_or_default();
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// What is behind any of these beginnings, in whatever letter case.
fn after_any<'t>(text: &'t str, beginnings: &[&str]) -> Option<&'t str> {
    beginnings.iter().find_map(|beginning| {
        let start = text.get(..beginning.len())?;
        start
            .eq_ignore_ascii_case(beginning)
            .then(|| &text[beginning.len()..])
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Step<'t> {
    Member(&'t str),
    Element(usize),
}

/// The id at the front of a reference.
fn name_of(reference: &str) -> &str {
    let end = reference.find(['.', '[']).unwrap_or(reference.len());
    &reference[..end]
}

/// The way behind the id: `.records[0].Id`. There is at least one step.
fn steps(mut path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    while !path.is_empty() {
        if let Some(rest) = path.strip_prefix('.') {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            steps.push(Step::Member(name));
            path = after;
        } else {
            let (number, after) = path.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Element(number.parse().ok()?));
            path = after;
        }
    }
    (!steps.is_empty()).then_some(steps)
}

/// How long the JSON string is that a text begins with.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// What a JSON string says, if it may hold references.
fn text_with_references(string: &str) -> Option<String> {
    // An escape can stand for any character.
    if !string.contains("@{") && !string.contains("\\u") {
        return None;
    }
    serde_json::from_str(string)
        .ok()
        .filter(|text: &String| text.contains("@{"))
}

/// A JSON scalar as a part of a text.
fn plain(json: &str) -> String {
    match json {
        "null" => String::new(),
        _ => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    }
}

fn quoted(text: &str) -> String {
    crate::json::Json::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::rest::Reply;

    fn answers(version: &str) -> Answers {
        let mut answers = Answers::new(ApiVersion::from_segment(version, false).unwrap());
        let mut add = |id: &str, body: &'static str, record: bool| {
            let outcome = Outcome::of(Ok(Reply::json_text(body)));
            answers.add(id, &outcome, record);
        };
        add("acc", r#"{"id":"001","success":true,"errors":[]}"#, false);
        add(
            "row",
            r#"{"Name":"A \"b\" / c","Phone":null,"Revenue":5.6E9,"Active":false,"Address":{"city":"Graz"}}"#,
            true,
        );
        add(
            "found",
            r#"{"totalSize":1,"done":true,"records":[{"Id":"003","Phone":null}]}"#,
            false,
        );
        add("list", r#"[{"id":"002"},{"id":"003"}]"#, false);
        let nothing = Outcome::of(Ok(Reply::empty(StatusCode::NO_CONTENT)));
        answers.add("empty", &nothing, false);
        answers.add(
            "bad-id",
            &Outcome::of(Ok(Reply::json_text(r#"{"id":"1"}"#))),
            false,
        );
        answers
    }

    #[test]
    fn references_in_bodies_become_values() {
        let answers = answers("v66.0");
        for (body, expected) in [
            (r#"{"AccountId":"@{acc.id}"}"#, r#"{"AccountId":"001"}"#),
            (
                r#"{"N":"@{row.Revenue}", "A" : "@{row.Active}"}"#,
                r#"{"N":5.6E9, "A" : false}"#,
            ),
            (r#"{"a":["x","@{list[1].id}"]}"#, r#"{"a":["x","003"]}"#),
            (
                r#"{"Title":"CTO of @{row.Name} in @{row.Address.city}."}"#,
                r#"{"Title":"CTO of A \"b\" / c in Graz."}"#,
            ),
            (
                r#"{"x":"@{row.Phone}","y":"<@{row.Phone}>"}"#,
                r#"{"x":null,"y":"<>"}"#,
            ),
            (r#"{"x":"\u0040{acc.id}"}"#, r#"{"x":"001"}"#),
            (r#"{"@{acc.id}":"\\"}"#, r#"{"@{acc.id}":"\\"}"#),
            (r#"{"x":"a@b.c @{ no end"}"#, r#"{"x":"a@b.c @{ no end"}"#),
            ("[1,null,\"\u{e4}\\n\"]", "[1,null,\"\u{e4}\\n\"]"),
        ] {
            assert_eq!(answers.in_json(body).as_deref(), Ok(expected), "{body}");
        }
    }

    #[test]
    fn references_in_urls_may_be_encoded() {
        let answers = answers("v66.0");
        for (url, expected) in [
            ("/sobjects/Account/@{acc.id}", "/sobjects/Account/001"),
            (
                "/sobjects/Account/@%7Bacc.id%7D?fields=Id",
                "/sobjects/Account/001?fields=Id",
            ),
            ("/a/%40%7bfound.records%5B0%5D.Id%7d/b", "/a/003/b"),
            (
                "/q?q=WHERE+Name='@{row.Name}'+AND",
                "/q?q=WHERE+Name='A%20%22b%22%20/%20c'+AND",
            ),
            ("/a/x@y.z/@", "/a/x@y.z/@"),
            ("/a/\u{e4}@{acc.id}\u{e4}", "/a/\u{e4}001\u{e4}"),
            ("/a/@{acc.id", "/a/@{acc.id"),
        ] {
            assert_eq!(answers.in_url(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_is_not_there_halts() {
        let answers = answers("v66.0");
        for reference in [
            "acc.Id",
            "Acc.id",
            "acc",
            "acc.",
            "acc.id.x",
            "acc[0]",
            "list[2].id",
            "list[x].id",
            "list[-1].id",
            "list.id",
            "found.records[0].Name",
            "found.records",
            "row.Address",
            "empty.id",
            "none.id",
            "",
            "acc id",
            "bad-id.id",
            "found.records[0].Phone",
        ] {
            let error = answers.in_url(&format!("/@{{{reference}}}")).unwrap_err();
            assert_eq!(error.items()[0].code, "PROCESSING_HALTED", "{reference}");
        }
        let error = answers.in_json(r#"{"x":"@{acc.Id}"}"#).unwrap_err();
        assert_eq!(
            error.items()[0].message,
            "Invalid reference specified. No value for acc.Id found in acc. Provided referenceId \
             ('acc.Id') must start with a letter or a number, and it can contain only letters, \
             numbers and underscores ('_')."
        );
    }

    #[test]
    fn null_is_a_value_from_version_52_on() {
        let body = r#"{"x":"@{row.Phone}"}"#;
        assert_eq!(
            answers("v52.0").in_json(body).as_deref(),
            Ok(r#"{"x":null}"#)
        );
        assert!(answers("v51.0").in_json(body).is_err());
    }

    #[test]
    fn the_ids_that_are_referred_to_are_known_before() {
        assert_eq!(named_in_url("/a/@{b.id}/@%7Bc[0].id%7D"), ["b", "c"]);
        assert_eq!(
            named_in_json(r#"{"@{no.x}":"@{b.id} @{c.id}","x":"\"@{d.id}"}"#),
            ["b", "c", "d"]
        );
    }

    proptest::proptest! {
        #[test]
        fn bodies_without_references_stay(text in "[^@]*", key in "[^@]*") {
            let body = serde_json::json!({key: [text, 1, null]}).to_string();
            proptest::prop_assert_eq!(answers("v66.0").in_json(&body), Ok(body));
        }

        #[test]
        fn urls_without_references_stay(url in "[^@%]*") {
            proptest::prop_assert_eq!(answers("v66.0").in_url(&url), Ok(url));
        }

        #[test]
        fn no_text_is_too_strange(text: String) {
            let _ = answers("v66.0").in_url(&text);
            let _ = answers("v66.0").in_json(&text);
        }
    }
}
