//! The records of a request, in chunks of consecutive ones of the same type.

use super::{MOST_RECORDS, too_many_records};
use crate::composite::input::{Input, missing};
use crate::composite::too_much;
use crate::error::{ApiError, excerpt};
use crate::record;
use crate::record::document::{Document, Token};
use crate::rest::{ApiRequest, Context, UploadParts};
use crate::schema::{Field, FieldType, Object};
use crate::store::blobs::Blob;

const MOST_CHUNKS: usize = 10;

/// The body of a request that writes records.
pub(super) struct Body<'s, 'a> {
    pub(super) all_or_none: bool,
    pub(super) records: Vec<Record<'s, 'a>>,
}

/// A record as it was sent, and the object that it is of.
pub(super) struct Record<'s, 'a> {
    pub(super) object: &'s Object,
    pub(super) document: Document<'a>,
    /// What another part of the request holds for one of its fields.
    pub(super) blob: Option<(&'s Field, &'a Blob)>,
}

impl<'s, 'a> Body<'s, 'a> {
    pub(super) fn read(context: &Context<'s>, request: &'a ApiRequest) -> Result<Self, ApiError> {
        let parts = UploadParts::of(request)?;
        let mut input = Input::new(Document::parse(parts.json)?);
        let all_or_none = input.flag("allOrNone")?;
        let records = input.list("records")?;
        input.end()?;
        if records.len() > MOST_RECORDS {
            return Err(too_many_records(MOST_RECORDS));
        }
        let records = records
            .into_iter()
            .map(|record| Record::read(context, parts, record))
            .collect::<Result<_, _>>()?;
        let body = Self {
            all_or_none,
            records,
        };
        if body.chunks().count() > MOST_CHUNKS {
            return Err(too_much(
                "Cannot have more than 10 chunks in a single operation. Please rearrange the \
                 data to reduce chunking.",
            ));
        }
        Ok(body)
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &[Record<'s, 'a>]> {
        self.records
            .chunk_by(|one, next| one.object.name == next.object.name)
    }
}

impl<'s, 'a> Record<'s, 'a> {
    fn read(
        context: &Context<'s>,
        parts: UploadParts<'a>,
        token: Token<'a>,
    ) -> Result<Self, ApiError> {
        let document = token.document()?;
        let name = document
            .type_name()?
            .ok_or_else(|| missing("attributes.type"))?;
        let object = context.schema.object(&name).ok_or_else(|| {
            let name = excerpt(&name);
            let message = format!("sObject type '{name}' is not supported.");
            ApiError::bad_request("INVALID_TYPE", message)
        })?;
        let part = document.attribute("binaryPartName")?;
        let field = document.attribute("binaryPartNameAlias")?;
        let blob = match (part, field) {
            (None, None) => None,
            (Some(part), Some(field)) => {
                let field = blob_field(object, &field)?;
                Some((field, parts.blob(&part)?))
            }
            (Some(_), None) => return Err(missing("attributes.binaryPartNameAlias")),
            (None, Some(_)) => return Err(missing("attributes.binaryPartName")),
        };
        Ok(Self {
            object,
            document,
            blob,
        })
    }

    /// Takes a member out, named in whatever letter case.
    pub(super) fn without(&self, name: &str) -> (Document<'a>, Option<Token<'a>>) {
        let (taken, members): (Vec<_>, Vec<_>) = self
            .document
            .members
            .iter()
            .cloned()
            .partition(|(known, _)| known.eq_ignore_ascii_case(name));
        let taken = taken.into_iter().next().map(|(_, token)| token);
        (Document { members }, taken)
    }
}

/// The field of a name, if it takes blobs.
fn blob_field<'s>(object: &'s Object, name: &str) -> Result<&'s Field, ApiError> {
    object
        .field(name)
        .filter(|field| field.field_type == FieldType::Base64)
        .ok_or_else(|| record::no_such_column(object, name))
}
