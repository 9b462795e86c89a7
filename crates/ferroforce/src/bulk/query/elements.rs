//! Cuts a JSON list of objects, which comes in pieces, and keeps no more of it than the
//! object under way.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::bulk::csv::read::LARGEST_RECORD;
use crate::error::{Error, ErrorKind, Result};

/// The objects of a list, as it comes: [`push`](Self::push) what came, and
/// [`take`](Self::take) what is there as a whole. Whether an object is one that can be
/// read is for its reader to find out.
#[derive(Debug, Default)]
pub(super) struct Elements {
    buffer: BytesMut,
    /// How far the buffer was looked at.
    at: usize,
    /// Where in the text the buffer begins.
    offset: u64,
    place: Place,
    objects: u64,
}

#[derive(Debug, Clone, Copy, Default)]
enum Place {
    #[default]
    BeforeList,
    /// Where the first object begins, or the list ends.
    First,
    /// Behind a comma.
    Next,
    Within(Within),
    BehindObject,
    BehindList,
}

/// An object that is not there as a whole.
#[derive(Debug, Clone, Copy)]
struct Within {
    start: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

/// Objects, cut and not yet read, and the text that they stand in.
#[derive(Debug, Default)]
pub(super) struct Objects {
    text: Bytes,
    places: Vec<Range<usize>>,
}

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The object at `index`, which shares the memory of the others.
    pub(super) fn get(&self, index: usize) -> Option<Bytes> {
        let place = self.places.get(index)?;
        Some(self.text.slice(place.clone()))
    }
}

impl Elements {
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// How many objects were found.
    pub(super) fn count(&self) -> u64 {
        self.objects
    }

    /// Whether the list has ended.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.place, Place::BehindList)
    }

    /// All objects that are there as a whole.
    ///
    /// # Errors
    /// A text that is no list of objects, and an object that is too large. Nothing can
    /// come behind either.
    pub(super) fn take(&mut self) -> Result<Objects> {
        let mut places = Vec::new();
        while let Some(byte) = self.buffer.get(self.at) {
            self.place = match (self.place, byte) {
                (Place::Within(within), _) => match self.pass(within) {
                    Ok(end) => {
                        places.push(within.start..end);
                        self.at = end;
                        Place::BehindObject
                    }
                    Err(within) => {
                        self.place = Place::Within(within);
                        self.at = self.buffer.len();
                        break;
                    }
                },
                (place, b' ' | b'\n' | b'\r' | b'\t') => {
                    self.at += 1;
                    place
                }
                (Place::First | Place::Next, b'{') => Place::Within(Within {
                    start: self.at,
                    depth: 0,
                    in_text: false,
                    escaped: false,
                }),
                (place, byte) => {
                    let next = match (place, byte) {
                        (Place::BeforeList, b'[') => Place::First,
                        (Place::BehindObject, b',') => Place::Next,
                        (Place::First | Place::BehindObject, b']') => Place::BehindList,
                        _ => return Err(self.no_list()),
                    };
                    self.at += 1;
                    next
                }
            };
        }
        let kept = match &mut self.place {
            Place::Within(within) => std::mem::take(&mut within.start),
            _ => self.at,
        };
        if self.at - kept > LARGEST_RECORD {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "the JSON record at byte {} is larger than {LARGEST_RECORD} bytes",
                    self.offset + as_u64(kept)
                ),
            ));
        }
        let text = self.buffer.split_to(kept).freeze();
        self.at -= kept;
        self.offset += as_u64(kept);
        self.objects += as_u64(places.len());
        Ok(Objects { text, places })
    }

    /// Where the object ends, or how far it is known.
    fn pass(&self, mut within: Within) -> std::result::Result<usize, Within> {
        let text = &self.buffer[..];
        let mut at = self.at;
        while at < text.len() {
            if std::mem::take(&mut within.escaped) {
                at += 1;
                continue;
            }
            if within.in_text {
                let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) else {
                    break;
                };
                at += found + 1;
                within.escaped = text[at - 1] == b'\\';
                within.in_text = within.escaped;
                continue;
            }
            at += 1;
            match text[at - 1] {
                b'"' => within.in_text = true,
                b'{' | b'[' => within.depth += 1,
                b'}' | b']' => {
                    within.depth -= 1;
                    if within.depth == 0 {
                        return Ok(at);
                    }
                }
                _ => {}
            }
        }
        Err(within)
    }

    fn no_list(&self) -> Error {
        Error::decode(format!(
            "the results are no JSON list of records, at byte {}",
            self.offset + as_u64(self.at)
        ))
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#" [
 {"a": "}\"]{\\", "b": [1, {"c": "é😀"}]},{} , {"d":null}
] "#;
    const OBJECTS: [&str; 3] = [
        r#"{"a": "}\"]{\\", "b": [1, {"c": "é😀"}]}"#,
        "{}",
        r#"{"d":null}"#,
    ];

    /// What is found where the text comes in these pieces, and whether it is all.
    fn found<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(Vec<String>, bool)> {
        let mut elements = Elements::default();
        let mut all = Vec::new();
        for piece in pieces {
            elements.push(piece);
            let objects = elements.take()?;
            for index in 0..objects.len() {
                let object = objects.get(index).unwrap();
                all.push(String::from_utf8(object.to_vec()).unwrap());
            }
            assert_eq!(elements.count(), as_u64(all.len()));
        }
        Ok((all, elements.is_whole()))
    }

    #[test]
    fn objects_are_found_however_the_text_is_cut() {
        let text = LIST.as_bytes();
        for size in 1..=text.len() {
            assert_eq!(
                found(text.chunks(size)).unwrap(),
                (OBJECTS.map(str::to_owned).to_vec(), true),
                "pieces of {size}"
            );
        }
        assert_eq!(found([b"[ ]".as_slice()]).unwrap(), (vec![], true));
    }

    #[test]
    fn a_list_that_is_cut_off_is_not_whole() {
        let end = LIST.rfind(']').unwrap();
        for length in 0..=end {
            let (objects, whole) = found([&LIST.as_bytes()[..length]]).unwrap();
            assert!(!whole, "cut at {length}");
            assert_eq!(objects, OBJECTS[..objects.len()]);
        }
    }

    #[test]
    fn what_is_no_list_of_objects_is_refused() {
        for text in [
            "{}",
            "null",
            "Records not found for this query",
            "[1]",
            "[{},]",
            "[,{}]",
            "[{} {}]",
            "[[]]",
            "[\"752\"]",
            "[{}]]",
            "[{}] x",
            "[{}}",
        ] {
            let error = found([text.as_bytes()]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{text}");
        }
    }

    #[test]
    fn no_more_is_kept_than_the_object_under_way() {
        let mut elements = Elements::default();
        elements.push(b"[");
        for _ in 0..1000 {
            elements.push(br#"{"a":"0123456789"},  "#);
            assert_eq!(elements.take().unwrap().len(), 1);
            assert!(elements.buffer.is_empty());
        }
        elements.push(b"{\"a\":\"");
        let large = vec![b'x'; LARGEST_RECORD];
        elements.push(&large);
        assert_eq!(elements.take().unwrap_err().kind(), ErrorKind::TooLarge);
    }
}
