//! What a real org checks before it saves.

use std::ops::RangeInclusive;

use http::StatusCode;
use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::row::{Row, folded};
use crate::error::{ApiError, ErrorItem, excerpt};
use crate::id::RecordId;
use crate::rest::Context;
use crate::schema::{Field, FieldType};
use crate::store::table;
use crate::value::time::{date_text, datetime_text};

/// Checks the values that a client sent, field by field, and gathers all that is wrong.
pub(super) fn values(fields: &[(&Field, Value)]) -> Result<(), ApiError> {
    let mistakes = fields
        .iter()
        .filter_map(|(field, value)| mistake(field, value))
        .collect();
    ApiError::of_items(mistakes)
}

/// What is wrong with a value, if anything.
fn mistake(field: &Field, value: &Value) -> Option<ErrorItem> {
    let label = &field.label;
    let (code, message) = match value {
        Value::Text(text) => match field.field_type {
            FieldType::Reference | FieldType::Id => {
                text.parse::<RecordId>().err()?;
                (
                    "MALFORMED_ID",
                    format!("{label}: id value of incorrect type: {}", excerpt(text)),
                )
            }
            FieldType::Email if !is_email(text) => (
                "INVALID_EMAIL_ADDRESS",
                format!("{label}: invalid email address: {}", excerpt(text)),
            ),
            // The name of a blob, which has no length.
            FieldType::Base64 => return None,
            _ if is_too_long(field, text) => (
                "STRING_TOO_LONG",
                format!(
                    "{label}: data value too large: {} (max length={})",
                    excerpt(text),
                    field.length
                ),
            ),
            FieldType::Picklist | FieldType::Multipicklist => {
                let stranger = stranger(field, text)?;
                (
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    format!(
                        "{label}: bad value for restricted picklist field: {}",
                        excerpt(stranger)
                    ),
                )
            }
            _ => return None,
        },
        Value::Real(number) if is_out_of_range(field, *number) => (
            "NUMBER_OUTSIDE_VALID_RANGE",
            format!(
                "{label}: value outside of valid range on numeric field: {}",
                crate::json::Json::Double(*number)
            ),
        ),
        Value::Integer(number)
            if field.field_type == FieldType::Int && i32::try_from(*number).is_err() =>
        {
            (
                "NUMBER_OUTSIDE_VALID_RANGE",
                format!("{label}: value outside of valid range on numeric field: {number}"),
            )
        }
        Value::Integer(moment) => {
            let text = out_of_calendar(field.field_type, *moment)?;
            (
                "INVALID_TYPE_ON_FIELD_IN_RECORD",
                format!("{label}: invalid date: {text}"),
            )
        }
        _ => return None,
    };
    Some(ErrorItem::about(code, message, [&field.name]))
}

/// Lengths are counted as Java counts them.
fn is_too_long(field: &Field, text: &str) -> bool {
    let limit = usize::try_from(field.length).unwrap_or(usize::MAX);
    limit > 0 && text.len() > limit && text.encode_utf16().count() > limit
}

/// The first value of a restricted picklist that is not one of its choices.
fn stranger<'t>(field: &Field, text: &'t str) -> Option<&'t str> {
    if !field.restricted_picklist {
        return None;
    }
    let known = |value: &&str| {
        field
            .picklist_values
            .iter()
            .any(|choice| choice.value == *value)
    };
    match field.field_type {
        FieldType::Multipicklist => text.split(';').find(|value| !known(value)),
        _ => Some(text).filter(|value| !known(value)),
    }
}

/// The first and the last day that can be stored, 1700-01-01 and 4000-12-31, since 1970.
const CALENDAR: RangeInclusive<i64> = -98_615..=741_807;

/// The text of a date or a moment of a day that cannot be stored.
fn out_of_calendar(field_type: FieldType, value: i64) -> Option<String> {
    let (day, text): (_, fn(i64) -> String) = match field_type {
        FieldType::Date => (value, date_text),
        FieldType::Datetime => (value.div_euclid(86_400_000), datetime_text),
        _ => return None,
    };
    (!CALENDAR.contains(&day)).then(|| text(value))
}

fn is_out_of_range(field: &Field, number: f64) -> bool {
    // Parts of addresses and locations are called by what they are.
    let part = field.compound_field_name.as_ref().map(|_| {
        let name = &field.name;
        name.strip_suffix("__s").unwrap_or(name)
    });
    let degrees = match part {
        Some(part) if part.ends_with("Latitude") => 90.0,
        Some(part) if part.ends_with("Longitude") => 180.0,
        _ => f64::INFINITY,
    };
    if number.abs() > degrees {
        return true;
    }
    let digits = field.precision.saturating_sub(field.scale);
    digits > 0 && number.abs() >= 10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX))
}

/// Something before the at sign, a host with a dot behind it, nothing that needs quoting.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*/=?^_+-`{|}~.".contains(c);
    let labels: Vec<&str> = host.split('.').collect();
    !local.is_empty()
        && local.chars().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && labels.len() > 1
        && labels.iter().all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

/// Refuses fields that this operation may not write.
pub(super) fn writable(
    fields: &[(&Field, Value)],
    allowed: impl Fn(&Field) -> bool,
) -> Result<(), ApiError> {
    let refused: Vec<&str> = fields
        .iter()
        .filter(|(field, _)| !allowed(field))
        .map(|(field, _)| field.name.as_str())
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        format!(
            "Unable to create/update fields: {}. Please check the security settings of this \
             field and verify that it is read/write for your profile or permission set.",
            refused.join(", ")
        ),
    )
    .with_fields(refused))
}

/// Refuses a record that lacks what it must have.
pub(super) fn required<'f>(
    values: impl Iterator<Item = (&'f Field, &'f Value)>,
) -> Result<(), ApiError> {
    let missing: Vec<&str> = values
        .filter(|(field, value)| **value == Value::Null && is_required(field))
        .map(|(field, _)| field.name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(missing_fields(missing))
}

/// The error of a record that lacks these fields.
pub(super) fn missing_fields(names: Vec<&str>) -> ApiError {
    ApiError::bad_request(
        "REQUIRED_FIELD_MISSING",
        format!("Required fields are missing: [{}]", names.join(", ")),
    )
    .with_fields(names)
}

fn is_required(field: &Field) -> bool {
    !field.nillable && field.createable && field.field_type != FieldType::Boolean
}

/// Refuses references to records that are not there or not of the right object.
pub(super) fn references(
    context: &Context<'_>,
    fields: &[(&Field, Value)],
) -> Result<(), ApiError> {
    for (field, value) in fields {
        let (FieldType::Reference, Value::Text(text)) = (field.field_type, value) else {
            continue;
        };
        let Ok(id) = text.parse::<RecordId>() else {
            continue;
        };
        let target = context.whole_schema().by_key_prefix(id.key_prefix());
        let target = target.filter(|object| field.reference_to.contains(&object.name));
        let Some(target) = target else {
            return Err(ApiError::bad_request(
                "MALFORMED_ID",
                format!("{}: id value of incorrect type: {text}", field.label),
            )
            .with_fields([&field.name]));
        };
        if context.schema.object(&target.name).is_none() {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
                "insufficient access rights on cross-reference id",
            )
            .with_fields::<String>([]));
        }
        match Row::load(context.db, target, id)? {
            Some(row) if row.flag("IsDeleted") => {
                return Err(
                    ApiError::bad_request("ENTITY_IS_DELETED", "entity is deleted")
                        .with_fields::<String>([]),
                );
            }
            Some(_) => {}
            None => {
                return Err(ApiError::bad_request(
                    "INVALID_CROSS_REFERENCE_KEY",
                    "invalid cross reference id",
                )
                .with_fields::<String>([]));
            }
        }
    }
    Ok(())
}

/// Refuses a value that another record has where only one may have it.
pub(super) fn unique(context: &Context<'_>, row: &Row<'_>) -> Result<(), ApiError> {
    let id = row.text("Id").unwrap_or_default();
    for (field, value) in row.iter().filter(|(field, _)| field.unique) {
        if *value == Value::Null {
            continue;
        }
        let key = if table::has_folded_key(field) {
            folded(value)
        } else {
            value.clone()
        };
        let other: Option<String> = context
            .db
            .prepare_cached(&format!(
                "SELECT \"Id\" FROM \"{}\" WHERE {} = ?1 AND \"Id\" <> ?2{} LIMIT 1",
                row.object.name,
                table::key_column(field),
                table::and_not_deleted(row.object),
            ))?
            .query_row((key, id), |found| found.get(0))
            .optional()?;
        if let Some(other) = other {
            return Err(ApiError::bad_request(
                "DUPLICATE_VALUE",
                format!(
                    "duplicate value found: {} duplicates value on record with id: {}",
                    field.name,
                    other.get(..15).unwrap_or(&other)
                ),
            )
            .with_fields::<String>([]));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::PicklistValue;

    #[test]
    fn email_addresses_look_like_some() {
        for (text, expected) in [
            ("a@b.example", true),
            ("first.last+tag@sub.b-c.example", true),
            ("o'hara@b.example", true),
            ("a@b", false),
            ("@b.example", false),
            ("a@", false),
            ("a@b..example", false),
            (".a@b.example", false),
            ("a.@b.example", false),
            ("a b@c.example", false),
            ("a@b@c.example", false),
            ("Not a real email address", false),
        ] {
            assert_eq!(is_email(text), expected, "{text}");
        }
    }

    #[test]
    fn lengths_are_counted_in_utf_16() {
        let field = Field {
            length: 4,
            ..Field::default()
        };
        for (text, expected) in [
            ("abcd", false),
            ("abcde", true),
            ("äöüß", false),
            ("😀😀", false),
            ("😀😀x", true),
        ] {
            assert_eq!(is_too_long(&field, text), expected, "{text}");
        }
    }

    #[test]
    fn only_restricted_picklists_are_closed() {
        let mut field = Field {
            field_type: FieldType::Multipicklist,
            picklist_values: ["A", "B"]
                .map(|value| PicklistValue {
                    value: value.to_owned(),
                    label: value.to_owned(),
                    active: true,
                    default_value: false,
                })
                .to_vec(),
            ..Field::default()
        };
        assert_eq!(stranger(&field, "A;C"), None);
        field.restricted_picklist = true;
        assert_eq!(stranger(&field, "A;C;B"), Some("C"));
        assert_eq!(stranger(&field, "B;A"), None);
    }

    #[test]
    fn numbers_have_so_many_digits_before_the_point() {
        let field = Field {
            precision: 5,
            scale: 2,
            ..Field::default()
        };
        assert!(!is_out_of_range(&field, -999.99));
        assert!(is_out_of_range(&field, 1000.0));
    }
}
