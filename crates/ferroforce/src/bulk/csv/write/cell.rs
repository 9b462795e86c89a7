//! A cell: one value, or the fields of a parent.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::ser::Impossible;
use serde::{Serialize, Serializer};

use super::nested::ParentFields;
use super::refusal::Refusal;
use super::sheet::Sheet;
use crate::types::DATE_TIME;

/// Writes a value into the column `key` of a sheet.
pub(super) struct CellSerializer<'a, 'k> {
    sheet: &'a mut Sheet,
    key: &'k str,
    /// A moment, whose offset Salesforce wants in another form here than in JSON.
    moment: bool,
}

impl<'a, 'k> CellSerializer<'a, 'k> {
    pub(super) fn new(sheet: &'a mut Sheet, key: &'k str) -> Self {
        Self {
            sheet,
            key,
            moment: false,
        }
    }

    /// A value that never needs quotes.
    fn plain(self, text: &[u8]) -> Result<(), Refusal> {
        self.sheet.put(self.key, |sheet| {
            sheet.text.extend_from_slice(text);
            Ok(())
        })
    }

    fn refuse<T>(self, why: &str) -> Result<T, Refusal> {
        Err(Refusal::new(format!("its field {}: {why}", self.key)))
    }

    fn list<T>(self) -> Result<T, Refusal> {
        self.refuse(
            "a list is no value of a field; for a multi-select picklist take MultiPicklist, for \
             bytes take files::Base64",
        )
    }

    fn float(self, finite: bool, text: &str, value: impl std::fmt::Display) -> Result<(), Refusal> {
        if !finite {
            return self.refuse("Salesforce has no number that is infinite or none");
        }
        // An exponent is no part of a number in CSV.
        if text.contains('e') {
            return self.plain(value.to_string().as_bytes());
        }
        self.plain(text.as_bytes())
    }
}

macro_rules! integers {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, value: $type) -> Result<(), Refusal> {
            self.plain(itoa::Buffer::new().format(value).as_bytes())
        })*
    };
}

impl<'a, 'k> Serializer for CellSerializer<'a, 'k> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Impossible<(), Refusal>;
    type SerializeTuple = Impossible<(), Refusal>;
    type SerializeTupleStruct = Impossible<(), Refusal>;
    type SerializeTupleVariant = Impossible<(), Refusal>;
    type SerializeMap = ParentFields<'a>;
    type SerializeStruct = ParentFields<'a>;
    type SerializeStructVariant = Impossible<(), Refusal>;

    fn serialize_bool(self, value: bool) -> Result<(), Refusal> {
        self.plain(if value { b"true" } else { b"false" })
    }

    integers! {
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
    }

    fn serialize_f32(self, value: f32) -> Result<(), Refusal> {
        self.float(value.is_finite(), zmij::Buffer::new().format(value), value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Refusal> {
        self.float(value.is_finite(), zmij::Buffer::new().format(value), value)
    }

    fn serialize_char(self, value: char) -> Result<(), Refusal> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Refusal> {
        if self.moment
            && let Some(time) = value.strip_suffix("+0000")
        {
            return self.sheet.put(self.key, |sheet| {
                sheet.text(time);
                sheet.text.push(b'Z');
                Ok(())
            });
        }
        self.sheet.put(self.key, |sheet| {
            sheet.text(value);
            Ok(())
        })
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        let mut text = std::mem::take(&mut self.sheet.scratch);
        text.clear();
        if write!(text, "{value}").is_err() {
            return self.refuse("its text cannot be made");
        }
        let Self { sheet, key, moment } = self;
        let cell = CellSerializer {
            sheet: &mut *sheet,
            key,
            moment,
        };
        let written = cell.serialize_str(&text);
        sheet.scratch = text;
        written
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refusal> {
        self.sheet.put(self.key, |sheet| {
            let text = BASE64_STANDARD.encode(value);
            sheet.text.extend_from_slice(text.as_bytes());
            Ok(())
        })
    }

    fn serialize_none(self) -> Result<(), Refusal> {
        self.sheet.put_null(self.key)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refusal> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refusal> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Refusal> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        self.moment = name == DATE_TIME;
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
        self.list()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Refusal> {
        self.list()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Refusal> {
        self.list()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refusal> {
        self.list()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<ParentFields<'a>, Refusal> {
        ParentFields::new(self.sheet, self.key, "")
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<ParentFields<'a>, Refusal> {
        ParentFields::new(self.sheet, self.key, name)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Refusal> {
        self.refuse("an enum with fields is no value of a field")
    }
}
