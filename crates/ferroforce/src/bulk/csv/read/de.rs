//! Rows as types of the user's.
//!
//! An empty cell is null. A parent whose cells are all empty is null too, so
//! that a type reads the same rows here as those of a query. Names with points
//! in a type (`#[serde(rename = "Account.Name")]`), maps, tuples and sequences
//! take the columns as they are.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::columns::{Columns, Node, NodePlace};
use super::row::Cells;

/// Why a row does not fit a type, and in which column.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub(crate) message: String,
    pub(crate) column: Option<usize>,
}

impl Misfit {
    fn at(mut self, column: usize) -> Self {
        self.column.get_or_insert(column);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            column: None,
        }
    }
}

pub(crate) fn decode<'de, T: Deserialize<'de>>(
    columns: &'de Columns,
    cells: Cells<'de>,
) -> Result<T, Misfit> {
    T::deserialize(RowReader { columns, cells })
}

/// What serde_json calls a text that is to stay JSON.
const RAW_JSON: &str = "$serde_json::private::RawValue";

struct RowReader<'de> {
    columns: &'de Columns,
    cells: Cells<'de>,
}

impl<'de> RowReader<'de> {
    fn flat(self) -> Flat<'de> {
        Flat {
            names: self.columns.names(),
            cells: self.cells,
            index: 0,
        }
    }

    fn nested(self) -> Nested<'de> {
        Nested {
            nodes: self.columns.tree(),
            cells: self.cells,
            value: None,
        }
    }
}

impl<'de> Deserializer<'de> for RowReader<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_map(self.flat())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        if fields.iter().any(|field| field.contains('.')) {
            visitor.visit_map(self.flat())
        } else {
            visitor.visit_map(self.nested())
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(self.flat())
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(self.flat())
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_seq(self.flat())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        if name == RAW_JSON {
            return Err(de::Error::custom(
                "a row of CSV is no JSON, which a Record is made of: the method `records` makes \
                 them",
            ));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct map enum identifier ignored_any
    }
}

/// The columns by their names as they are.
struct Flat<'de> {
    names: &'de [Box<str>],
    cells: Cells<'de>,
    index: usize,
}

impl<'de> Flat<'de> {
    fn value<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        let index = self.index;
        self.index += 1;
        seed.deserialize(Cell(self.cells.get(index)))
            .map_err(|misfit| misfit.at(index))
    }
}

impl<'de> MapAccess<'de> for Flat<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some(name) = self.names.get(self.index) else {
            return Ok(None);
        };
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        self.value(seed)
    }
}

impl<'de> SeqAccess<'de> for Flat<'de> {
    type Error = Misfit;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Misfit> {
        if self.index == self.names.len() {
            return Ok(None);
        }
        self.value(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.names.len() - self.index)
    }
}

/// Columns and parents.
struct Nested<'de> {
    nodes: &'de [Node],
    cells: Cells<'de>,
    value: Option<&'de NodePlace>,
}

impl<'de> MapAccess<'de> for Nested<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((node, rest)) = self.nodes.split_first() else {
            return Ok(None);
        };
        self.nodes = rest;
        self.value = Some(&node.place);
        seed.deserialize(BorrowedStrDeserializer::new(&node.name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        match self.value.take() {
            Some(NodePlace::Column(index)) => seed
                .deserialize(Cell(self.cells.get(*index)))
                .map_err(|misfit| misfit.at(*index)),
            Some(NodePlace::Parent(nodes)) => seed.deserialize(Parent {
                nodes,
                cells: self.cells,
            }),
            None => Err(de::Error::custom("a value was read without its name")),
        }
    }
}

struct Parent<'de> {
    nodes: &'de [Node],
    cells: Cells<'de>,
}

/// Whether all cells below are empty.
pub(super) fn is_null(nodes: &[Node], cells: Cells<'_>) -> bool {
    nodes.iter().all(|node| match &node.place {
        NodePlace::Column(index) => cells.is_empty(*index),
        NodePlace::Parent(nodes) => is_null(nodes, cells),
    })
}

impl<'de> Deserializer<'de> for Parent<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_map(Nested {
            nodes: self.nodes,
            cells: self.cells,
            value: None,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if is_null(self.nodes, self.cells) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

struct Cell<'de>(Cow<'de, str>);

impl<'de> Cell<'de> {
    fn refuse<V: Visitor<'de>>(&self, visitor: &V) -> Misfit {
        de::Error::invalid_type(Unexpected::Str(&self.0), visitor)
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }
}

/// A whole number that is written with a point or an exponent, as numbers of
/// Salesforce are that have no decimals: `47.0`, `1.0E7`.
#[cold]
fn whole(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number: f64 = text.parse().ok()?;
    if number.fract() != 0.0 || number.abs() > EXACT {
        return None;
    }
    format!("{number:.0}").parse().ok()
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            if let Ok(number) = self.0.parse::<$type>() {
                return visitor.$visit(number);
            }
            match whole(&self.0).and_then(|number| <$type>::try_from(number).ok()) {
                Some(number) => visitor.$visit(number),
                None => Err(self.refuse(&visitor)),
            }
        })*
    };
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            match self.0.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(self.refuse(&visitor)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Cell<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.is_empty() {
            visitor.visit_unit()
        } else {
            self.text(visitor)
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.eq_ignore_ascii_case("true") {
            visitor.visit_bool(true)
        } else if self.0.eq_ignore_ascii_case("false") {
            visitor.visit_bool(false)
        } else {
            Err(self.refuse(&visitor))
        }
    }

    whole_numbers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
    }

    parsed! {
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
        deserialize_char visit_char char,
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Cow::Owned(text) => visitor.visit_byte_buf(text.into_bytes()),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.is_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.is_empty() {
            visitor.visit_unit()
        } else {
            Err(self.refuse(&visitor))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    // What holds several values comes as one text, and whoever reads it splits it.
    forward_to_deserialize_any! { seq tuple tuple_struct map struct }
}

impl<'de> EnumAccess<'de> for Cell<'de> {
    type Error = Misfit;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Misfit> {
        let variant = match self.0 {
            Cow::Borrowed(text) => seed.deserialize(BorrowedStrDeserializer::new(text))?,
            Cow::Owned(text) => seed.deserialize(text.into_deserializer())?,
        };
        Ok((variant, Unit))
    }
}

/// A variant without data: a cell has no room for more.
struct Unit;

impl<'de> VariantAccess<'de> for Unit {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Misfit> {
        Err(de::Error::invalid_type(
            Unexpected::UnitVariant,
            &"a variant with a value",
        ))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Misfit> {
        Err(de::Error::invalid_type(
            Unexpected::UnitVariant,
            &"a variant with values",
        ))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Misfit> {
        Err(de::Error::invalid_type(
            Unexpected::UnitVariant,
            &"a variant with fields",
        ))
    }
}
