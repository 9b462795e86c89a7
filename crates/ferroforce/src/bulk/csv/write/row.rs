//! A row: what has fields.

use serde::ser::{Impossible, SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use super::cell::CellSerializer;
use super::json::{self, RAW};
use super::refusal::Refusal;
use super::sheet::Sheet;
use super::text::TextSerializer;

/// Takes structs and maps.
pub(super) struct RowSerializer<'a> {
    sheet: &'a mut Sheet,
}

impl<'a> RowSerializer<'a> {
    pub(super) fn new(sheet: &'a mut Sheet) -> Self {
        Self { sheet }
    }
}

fn no_row<T>() -> Result<T, Refusal> {
    Err(Refusal::new("a row is written from a struct or a map"))
}

macro_rules! no_rows {
    ($($method:ident($($type:ty),*);)*) => {
        $(fn $method(self, $(_: $type),*) -> Result<(), Refusal> {
            no_row()
        })*
    };
}

impl<'a> Serializer for RowSerializer<'a> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Impossible<(), Refusal>;
    type SerializeTuple = Impossible<(), Refusal>;
    type SerializeTupleStruct = Impossible<(), Refusal>;
    type SerializeTupleVariant = Impossible<(), Refusal>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = StructFields<'a>;
    type SerializeStructVariant = Impossible<(), Refusal>;

    no_rows! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Refusal> {
        no_row()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Refusal> {
        no_row()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Refusal> {
        no_row()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refusal> {
        no_row()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, Refusal> {
        Ok(Fields { sheet: self.sheet })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<StructFields<'a>, Refusal> {
        Ok(StructFields {
            sheet: self.sheet,
            raw: name == RAW,
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Refusal> {
        no_row()
    }
}

/// The fields of a map.
pub(super) struct Fields<'a> {
    sheet: &'a mut Sheet,
}

impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        key.serialize(TextSerializer(&mut self.sheet.row.key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let key = std::mem::take(&mut self.sheet.row.key);
        let written = value.serialize(CellSerializer::new(self.sheet, &key));
        self.sheet.row.key = key;
        written
    }

    fn end(self) -> Result<(), Refusal> {
        Ok(())
    }
}

/// The fields of a struct, or the text of a row that is JSON already.
pub(super) struct StructFields<'a> {
    sheet: &'a mut Sheet,
    raw: bool,
}

impl SerializeStruct for StructFields<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        if self.raw {
            let mut text = String::new();
            value.serialize(TextSerializer(&mut text))?;
            return json::row(self.sheet, &text);
        }
        value.serialize(CellSerializer::new(self.sheet, key))
    }

    fn end(self) -> Result<(), Refusal> {
        Ok(())
    }
}
