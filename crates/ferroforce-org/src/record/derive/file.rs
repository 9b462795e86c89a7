//! Files: a document, and its versions.

use rusqlite::types::Value;

use super::parent;
use crate::error::ApiError;
use crate::record::new_row;
use crate::record::row::Row;
use crate::rest::Context;
use crate::store::{blobs, ids};

/// A version of a file belongs to a document, which it makes if it is the first.
pub(super) fn version(context: &Context<'_>, row: &mut Row<'_>) -> Result<(), ApiError> {
    let path = row.text("PathOnClient").unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, Some(extension.to_lowercase())),
        _ => (name, None),
    };
    if *row.get("Title") == Value::Null {
        row.set("Title", stem.to_owned());
    }
    row.set("ContentSize", size(row, "VersionData"));
    row.set("FileType", file_type(extension.as_deref()));
    row.set("FileExtension", extension.map_or(Value::Null, Value::Text));
    row.set("ContentModifiedDate", context.now);
    row.set("ContentModifiedById", context.user.id.to_string());
    row.set("IsLatest", true);
    let mut number = 1;
    if let Some(mut document) = parent(context, row, "ContentDocumentId")? {
        if let Some(mut last) = parent(context, &document, "LatestPublishedVersionId")? {
            let last_number = last
                .text("VersionNumber")
                .and_then(|n| n.parse::<u32>().ok());
            number = last_number.unwrap_or(0).saturating_add(1);
            last.set("IsLatest", false);
            last.replace(context.db)?;
        }
        describe(&mut document, row);
        document.replace(context.db)?;
    } else if *row.get("ContentDocumentId") == Value::Null
        && let Some(object) = context.org.schema.object("ContentDocument")
    {
        let mut document = new_row(context, object);
        let id = ids::next(context.db, object)?.to_string();
        document.set("Id", id.clone());
        describe(&mut document, row);
        document.insert(context.db)?;
        link(context, &id, row)?;
        row.set("ContentDocumentId", id);
    }
    row.set("VersionNumber", number.to_string());
    Ok(())
}

/// A version may get other bytes, and other words about it; its document follows the latest.
pub(super) fn changed(context: &Context<'_>, row: &mut Row<'_>) -> Result<(), ApiError> {
    row.set("ContentSize", size(row, "VersionData"));
    if row.flag("IsLatest")
        && let Some(mut document) = parent(context, row, "ContentDocumentId")?
    {
        describe(&mut document, row);
        document.replace(context.db)?;
    }
    Ok(())
}

/// A new document is shared with its owner, and with where it was published first.
fn link(context: &Context<'_>, document: &str, version: &Row<'_>) -> Result<(), ApiError> {
    let Some(object) = context.org.schema.object("ContentDocumentLink") else {
        return Ok(());
    };
    let owner = version.text("OwnerId");
    let place = version
        .text("FirstPublishLocationId")
        .filter(|place| Some(*place) != owner);
    for (entity, share_type) in [(owner, "I"), (place, "V")] {
        let Some(entity) = entity else { continue };
        let mut link = new_row(context, object);
        link.set("Id", ids::next(context.db, object)?.to_string());
        link.set("ContentDocumentId", document.to_owned());
        link.set("LinkedEntityId", entity.to_owned());
        link.set("ShareType", share_type.to_owned());
        link.set("Visibility", "AllUsers".to_owned());
        link.insert(context.db)?;
    }
    Ok(())
}

/// Attachments and documents know how long they are.
pub(super) fn length(row: &mut Row<'_>) {
    row.set("BodyLength", size(row, "Body"));
}

/// How many bytes a blob has.
fn size(row: &Row<'_>, field: &str) -> i64 {
    i64::try_from(blobs::length(row.get(field))).unwrap_or(i64::MAX)
}

/// A document looks like its latest version.
fn describe(document: &mut Row<'_>, version: &Row<'_>) {
    for field in [
        "Title",
        "Description",
        "ContentSize",
        "FileType",
        "FileExtension",
        "ContentModifiedDate",
    ] {
        document.set(field, version.get(field).clone());
    }
    document.set("LatestPublishedVersionId", version.get("Id").clone());
}

/// What the platform calls a kind of file.
fn file_type(extension: Option<&str>) -> String {
    match extension {
        None => "UNKNOWN".to_owned(),
        Some("txt") => "TEXT".to_owned(),
        Some("docx") => "WORD_X".to_owned(),
        Some("xlsx") => "EXCEL_X".to_owned(),
        Some("pptx") => "POWER_POINT_X".to_owned(),
        Some(extension) => extension.to_uppercase(),
    }
}
