//! The names that the records of a page have in common.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The names of a record's members, in their order.
pub(super) struct Shape(Box<[Box<str>]>);

impl Shape {
    pub(super) fn name(&self, index: usize) -> Option<&str> {
        self.0.get(index).map(|name| &**name)
    }

    /// Where a name stands: the very name, or else the first that differs in letter case only.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let at = |same: &dyn Fn(&str) -> bool| self.0.iter().position(|other| same(other));
        at(&|other| other == name).or_else(|| at(&|other| other.eq_ignore_ascii_case(name)))
    }
}

/// Where in a row the value of each name stands.
pub(super) type Cells = Box<[Range<u32>]>;

/// Lists the names, as far as an error message should.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 20;
        const LONGEST: usize = 80;

        let mut separator = "";
        for name in self.0.iter().take(MOST) {
            write!(f, "{separator}{:.LONGEST$}", &**name)?;
            separator = ", ";
        }
        match self.0.len().checked_sub(MOST) {
            None | Some(0) if self.0.is_empty() => f.write_str("no fields"),
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

/// The shape of the last record, which the next one mostly has too.
#[derive(Default)]
pub(crate) struct Shapes(Option<Arc<Shape>>);

impl Shapes {
    /// Finds the members of a JSON object.
    pub(super) fn split(&mut self, row: &[u8]) -> Result<(Arc<Shape>, Cells), serde_json::Error> {
        // Checked once here, and not once for each value.
        let text = std::str::from_utf8(row).map_err(serde_json::Error::custom)?;
        let mut json = serde_json::Deserializer::from_str(text);
        let known = self.0.as_ref().map_or(&[][..], |shape| &shape.0);
        let split = json.deserialize_map(Split { row, known })?;
        json.end()?;
        let shape = match (split.names, &self.0) {
            (None, Some(shape)) => shape.clone(),
            (names, _) => {
                let shape = Arc::new(Shape(names.unwrap_or_default().into()));
                self.0.insert(shape).clone()
            }
        };
        Ok((shape, split.cells.into()))
    }
}

struct Split<'a> {
    row: &'a [u8],
    known: &'a [Box<str>],
}

struct Found {
    /// The names, where they are not the known ones.
    names: Option<Vec<Box<str>>>,
    cells: Vec<Range<u32>>,
}

impl<'de> Visitor<'de> for Split<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut names: Option<Vec<Box<str>>> = None;
        let mut cells = Vec::with_capacity(self.known.len());
        loop {
            let expected = match names {
                None => self.known.get(cells.len()).map(|name| &**name),
                Some(_) => None,
            };
            match map.next_key_seed(Name { expected })? {
                None => break,
                Some(None) => {}
                Some(Some(name)) => names
                    .get_or_insert_with(|| self.known[..cells.len()].to_vec())
                    .push(name),
            }
            cells.push(
                self.place(map.next_value()?)
                    .ok_or_else(|| A::Error::custom("too long"))?,
            );
        }
        if names.is_none() && cells.len() < self.known.len() {
            names = Some(self.known[..cells.len()].to_vec());
        }
        Ok(Found { names, cells })
    }
}

impl Split<'_> {
    /// Where in the row the value stands, which is a part of it.
    fn place(&self, value: &RawValue) -> Option<Range<u32>> {
        let start = value
            .get()
            .as_ptr()
            .addr()
            .checked_sub(self.row.as_ptr().addr())?;
        let end = start.checked_add(value.get().len())?;
        Some(start.try_into().ok()?..end.try_into().ok()?)
    }
}

/// Reads a name: `None` if it is the expected one.
struct Name<'a> {
    expected: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<Box<str>>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<Box<str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok((self.expected != Some(name)).then(|| name.into()))
    }
}
