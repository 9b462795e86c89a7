//! Where the rows of a page stand in its text.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Where the elements of a JSON array stand in the text that it was read from. Pages are
/// many and rows are more, so each takes eight bytes.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// The address of the first one.
    first: usize,
    spans: Vec<Span>,
}

/// Counted from the first one.
#[derive(Debug)]
struct Span {
    start: u32,
    length: u32,
}

impl Spans {
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Where the element at `index` stands in `text`, in which all of them do.
    pub(super) fn get(&self, index: usize, text: &[u8]) -> Option<Range<usize>> {
        let span = self.spans.get(index)?;
        let start = self.first - text.as_ptr().addr() + span.start as usize;
        Some(start..start + span.length as usize)
    }

    /// Leaves out so many in front.
    pub(super) fn leave_out(&mut self, count: usize) {
        self.spans.drain(..count);
    }
}

impl<'de> Deserialize<'de> for Spans {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Spans;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Spans, A::Error> {
        let mut found = Spans::default();
        while let Some(element) = array.next_element::<&'de RawValue>()? {
            let text = element.get();
            let address = text.as_ptr().addr();
            if found.spans.is_empty() {
                found.first = address;
            }
            let (Ok(start), Ok(length)) = (
                u32::try_from(address - found.first),
                u32::try_from(text.len()),
            ) else {
                return Err(A::Error::custom("a page of more than 4 GiB"));
            };
            found.spans.push(Span { start, length });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_where_they_stand() {
        let text = r#"  [ {"a": [1, "]"]} , 2,null ,"é" ] "#;
        let mut spans: Spans = serde_json::from_str(text).unwrap();
        let at = |spans: &Spans, index| spans.get(index, text.as_bytes()).map(|range| &text[range]);
        assert_eq!(spans.len(), 4);
        assert_eq!(at(&spans, 0), Some(r#"{"a": [1, "]"]}"#));
        assert_eq!(at(&spans, 3), Some(r#""é""#));
        assert_eq!(at(&spans, 4), None);
        spans.leave_out(2);
        assert_eq!(at(&spans, 0), Some("null"));
        assert_eq!(spans.len(), 2);
    }
}
