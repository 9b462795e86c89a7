//! Values that are JSON already, as those of a [`Record`](crate::Record): no digit of a
//! number gets lost.

use std::borrow::Cow;

use super::nested::{ATTRIBUTES, check_parent};
use super::refusal::Refusal;
use super::sheet::Sheet;
use crate::sobject::Members;

/// What serde_json calls a value that it hands on as text.
pub(super) const RAW: &str = "$serde_json::private::RawValue";

/// Writes a row from a JSON object.
pub(super) fn row(sheet: &mut Sheet, json: &str) -> Result<(), Refusal> {
    if !json.trim_start().starts_with('{') {
        return Err(Refusal::new("a row is written from a JSON object"));
    }
    members(sheet, json)
}

fn members(sheet: &mut Sheet, json: &str) -> Result<(), Refusal> {
    let Members(members) = serde_json::from_str(json).map_err(unreadable)?;
    members
        .iter()
        .try_for_each(|(key, value)| cell(sheet, key, value.get()))
}

/// Writes a value into the column `key`, or, where it is an object, the fields of that
/// parent into theirs.
pub(super) fn cell(sheet: &mut Sheet, key: &str, json: &str) -> Result<(), Refusal> {
    match json.as_bytes().first() {
        Some(b'n') => sheet.put_null(key),
        Some(b'"') => {
            let text: Cow<'_, str> = match &json[1..json.len() - 1] {
                plain if !plain.contains('\\') => plain.into(),
                _ => serde_json::from_str::<String>(json)
                    .map_err(unreadable)?
                    .into(),
            };
            sheet.put(key, |sheet| {
                sheet.text(&text);
                Ok(())
            })
        }
        Some(b'{') if key == ATTRIBUTES => Ok(()),
        Some(b'{') => {
            check_parent(sheet, key)?;
            sheet.row.parent.push_str(key);
            let written = members(sheet, json);
            sheet.row.parent.clear();
            written
        }
        Some(b'[') => Err(Refusal::new(format!(
            "its field {key}: a list is no value of a field"
        ))),
        // A number or a truth value, as it was written.
        _ => sheet.put(key, |sheet| {
            sheet.text(json);
            Ok(())
        }),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn unreadable(error: serde_json::Error) -> Refusal {
    Refusal::new(format!("its JSON cannot be read: {error}"))
}
