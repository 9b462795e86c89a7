//! What a later request takes from the answer to an earlier one.
//!
//! Salesforce writes a reference as `@{name.field}`, which is also a text that
//! anyone's data may hold. So a reference is written as a placeholder that nobody
//! can guess, and only placeholders become references when a composite is sent.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;
use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::op::{Decode, Response};
use crate::pipeline::{Outgoing, OutgoingBody};
use crate::sobject::{Created, Upserted};
use crate::soql::{Literal, LiteralWriter};

static COMPOSITES: AtomicU64 = AtomicU64::new(0);
static MARK: OnceLock<String> = OnceLock::new();

/// The number of a new composite: no two of a program have the same.
pub(super) fn next_number() -> u64 {
    COMPOSITES.fetch_add(1, Ordering::Relaxed)
}

/// How each placeholder of this process begins. It is made of characters that
/// stay as they are in JSON, in paths and in queries.
fn mark() -> &'static str {
    MARK.get_or_init(|| {
        let secret = RandomState::new().build_hasher().finish();
        format!("ferroforce.reference.{secret:016x}.")
    })
}

/// A request that was added to a composite, and the way to its answer.
///
/// It belongs to that composite alone: its answer is read from the composite's
/// [`Outcomes`](super::Outcomes), and its fields can stand in the requests that
/// are added behind it.
pub struct Reference<R> {
    pub(super) composite: u64,
    pub(super) index: usize,
    pub(super) name: Option<&'static str>,
    pub(super) decode: Decode<R>,
}

impl<R> Reference<R> {
    /// A field of the answer, by its path: `"AccountId"` of a record,
    /// `"records[0].Id"` of a query, `"[1].id"` of a collection.
    ///
    /// Salesforce distinguishes upper and lower case here: what was read has its
    /// id as `Id`, and what was written has it as `id`.
    pub fn field(&self, path: impl Into<Cow<'static, str>>) -> FieldReference {
        FieldReference {
            composite: self.composite,
            index: self.index,
            name: self.name,
            path: path.into(),
        }
    }

    /// Which request of its composite it is, from 0.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl Reference<Created> {
    /// The id of the record that will be created.
    pub fn id(&self) -> FieldReference {
        self.field("id")
    }
}

impl Reference<Upserted> {
    /// The id of the record that will be created or updated.
    pub fn id(&self) -> FieldReference {
        self.field("id")
    }
}

impl<R> Clone for Reference<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Reference<R> {}

impl<R> fmt::Debug for Reference<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference")
            .field("composite", &self.composite)
            .field("index", &self.index)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A field of an answer that is not there yet. It can stand wherever a later
/// request of the same composite takes a value: in a body, as the id of a record,
/// as an external id, as a value bound into a query.
///
/// As text it is a placeholder, which becomes Salesforce's `@{name.field}` when
/// the composite is sent.
#[derive(Clone)]
pub struct FieldReference {
    composite: u64,
    index: usize,
    name: Option<&'static str>,
    path: Cow<'static, str>,
}

impl fmt::Display for FieldReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.{}.", mark(), self.composite, self.index)?;
        for byte in self.path.bytes() {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(".")
    }
}

impl fmt::Debug for FieldReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "@{{{name}.{}}}", self.path),
            None => write!(f, "@{{r{}.{}}}", self.index, self.path),
        }
    }
}

impl Serialize for FieldReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Literal for FieldReference {
    fn write(&self, out: &mut LiteralWriter) {
        self.to_string().as_str().write(out);
    }
}

/// Whether `text` is one reference and nothing else.
pub(crate) fn is_reference(text: &str) -> bool {
    text.strip_prefix(mark())
        .and_then(placeholder)
        .is_some_and(|(_, rest)| rest.is_empty())
}

/// A reference leads nowhere in a request that is sent by itself.
pub(crate) fn refuse_outside(outgoing: &Outgoing) -> Result<()> {
    // While there is no composite there is no reference.
    if COMPOSITES.load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    let finder = memmem::Finder::new(mark());
    let body = match &outgoing.body {
        OutgoingBody::Bytes(bytes) => &bytes[..],
        OutgoingBody::Once(_) | OutgoingBody::Made(_) => &[],
    };
    if finder
        .find(outgoing.path_and_query.as_str().as_bytes())
        .is_some()
        || finder.find(body).is_some()
    {
        return Err(Error::invalid_input(
            "the request holds a reference to another one, which only a composite or graph can \
             resolve; add both to the same",
        ));
    }
    Ok(())
}

/// Whether there is a placeholder anywhere in `text`.
pub(super) fn found_in(text: &[u8]) -> bool {
    memmem::find(text, mark().as_bytes()).is_some()
}

struct Placeholder {
    composite: u64,
    index: usize,
    path: String,
}

/// Reads what stands behind the mark, and gives what follows it.
fn placeholder(text: &str) -> Option<(Placeholder, &str)> {
    let mut parts = text.splitn(4, '.');
    let composite = parts.next()?.parse().ok()?;
    let index = parts.next()?.parse().ok()?;
    let hex = parts.next()?;
    let rest = parts.next()?;
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    let path = String::from_utf8(bytes).ok()?;
    Some((
        Placeholder {
            composite,
            index,
            path,
        },
        rest,
    ))
}

/// The composite in which references are resolved, and which of the requests at hand
/// holds them.
pub(super) struct Scope<'a> {
    pub(super) composite: u64,
    pub(super) index: usize,
    pub(super) names: &'a [Cow<'static, str>],
    /// The places in the composite that references name, in order.
    pub(super) places: &'a [usize],
}

impl Scope<'_> {
    /// `text` with `@{name.field}` for each placeholder, and with the requests
    /// that it needs added to `needs`.
    ///
    /// # Errors
    /// Why a reference cannot be resolved.
    pub(super) fn resolve<'t>(
        &self,
        text: &'t str,
        needs: &mut Vec<usize>,
    ) -> std::result::Result<Cow<'t, str>, String> {
        let Some(mut at) = text.find(mark()) else {
            return Ok(Cow::Borrowed(text));
        };
        let (mut rest, mut out) = (text, String::with_capacity(text.len()));
        loop {
            out.push_str(&rest[..at]);
            let (found, behind) = placeholder(&rest[at + mark().len()..])
                .ok_or("holds a reference that was cut or changed")?;
            let (form, needed) = self.wire_form(&found)?;
            out.push_str(&form);
            needs.push(needed);
            rest = behind;
            match rest.find(mark()) {
                Some(next) => at = next,
                None => break,
            }
        }
        out.push_str(rest);
        Ok(Cow::Owned(out))
    }

    /// What Salesforce reads, and which of the requests it needs.
    fn wire_form(&self, found: &Placeholder) -> std::result::Result<(String, usize), String> {
        if found.composite != self.composite {
            return Err("holds a reference that belongs to another composite or graph".to_owned());
        }
        let (name, needed) = match self.places.binary_search(&found.index) {
            Ok(needed) if needed < self.index => (&self.names[needed], needed),
            _ => return Err("holds a reference to itself or to a later request".to_owned()),
        };
        if !is_path(&found.path) {
            return Err(format!(
                "refers to the field {:?}, which is no path; it is made of names with points \
                 between them and indexes, like records[0].Id",
                found.path
            ));
        }
        let point = if found.path.starts_with('[') { "" } else { "." };
        Ok((format!("@{{{name}{point}{}}}", found.path), needed))
    }
}

/// Names with points between them, each followed by any number of indexes; the
/// first name may be missing if there is an index.
fn is_path(path: &str) -> bool {
    path.split('.').enumerate().all(|(number, segment)| {
        let (name, indexes) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
        let name_fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && (!name.is_empty() || (number == 0 && !indexes.is_empty()));
        let indexes_fit = indexes.is_empty()
            || indexes.strip_suffix(']').is_some_and(|indexes| {
                indexes[1..].split("][").all(|index| {
                    !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())
                })
            });
        name_fits && indexes_fit
    })
}

/// Whether Salesforce could take something in this JSON text for a reference,
/// which none of ours is before it is resolved.
pub(super) fn is_stray_in_json(text: &str) -> bool {
    if text.contains("@{") {
        return true;
    }
    // An escaped character is the same character to whoever reads the JSON.
    text.contains("\\u00") && {
        let plain = text
            .replace("\\u0040", "@")
            .replace("\\u007b", "{")
            .replace("\\u007B", "{");
        plain.contains("@{")
    }
}

/// The same of an address, whose values are encoded.
pub(super) fn is_stray_in_address(address: &str) -> bool {
    percent_encoding::percent_decode_str(address)
        .decode_utf8_lossy()
        .contains("@{")
}

/// The decoder of a request that was refused before it was one.
pub(super) fn never<R>() -> Decode<R> {
    fn refused<R>(_: &Response) -> Result<R> {
        Err(Error::invalid_input("the request was refused"))
    }
    Decode::Whole(refused::<R>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_fields() {
        for path in ["id", "Id", "records[0].Id", "[1].id", "a[0][1].b_c.d9"] {
            assert!(is_path(path), "{path}");
        }
        for path in [
            "", ".", "a.", ".a", "a..b", "a[", "a]", "a[]", "a[x]", "a[0", "a b", "a}b", "@{a}",
            "a[0]b", "a.[0]", "ä",
        ] {
            assert!(!is_path(path), "{path}");
        }
    }

    #[test]
    fn what_salesforce_could_take_for_a_reference_is_found_however_it_is_written() {
        for text in [
            r#"{"a":"@{b.c}"}"#,
            r#"{"a":"x\u0040{b}"}"#,
            r#"{"a":"@\u007bb}"}"#,
            r#"{"a":"\u0040\u007Bb}"}"#,
            r#"{"@{a.b}":1}"#,
        ] {
            assert!(is_stray_in_json(text), "{text}");
        }
        for text in [
            r#"{"a":"@ {b}"}"#,
            r#"{"a":"x\u0041{b}"}"#,
            r#"{"a@b":"{}"}"#,
        ] {
            assert!(!is_stray_in_json(text), "{text}");
        }
        for address in ["/a/@{b}", "/a/%40%7Bb%7D", "/a/%40{b", "/a?q=x%40%7b"] {
            assert!(is_stray_in_address(address), "{address}");
        }
        assert!(!is_stray_in_address("/a/x%40example.com?q=%7B%40"));
    }

    #[test]
    fn a_placeholder_says_nothing_to_who_does_not_hold_it() {
        let reference: Reference<Created> = Reference {
            composite: 7,
            index: 2,
            name: None,
            decode: never(),
        };
        let text = reference.id().to_string();
        assert!(is_reference(&text));
        assert!(!is_reference(&text[1..]) && !is_reference(&format!("{text}x")));
        assert!(
            text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'),
            "it is the same in JSON, paths and queries: {text}"
        );
        assert_eq!(format!("{:?}", reference.id()), "@{r2.id}");
    }
}
