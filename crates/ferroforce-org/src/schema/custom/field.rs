//! What the types of an org's own fields can be told.

use super::declaration::CustomField;
use super::name;
use crate::schema::FieldType;
use crate::schema::file::{AutoNumber, FieldDeclaration, Names, OnDelete, Scalar};

/// The types that a field of one's own may have.
pub(super) const TYPES: [&str; 17] = [
    "boolean",
    "currency",
    "date",
    "datetime",
    "double",
    "email",
    "encryptedstring",
    "location",
    "multipicklist",
    "percent",
    "phone",
    "picklist",
    "reference",
    "string",
    "textarea",
    "time",
    "url",
];

/// Checks a field and completes it to a full declaration.
pub(super) fn declaration(name: &str, field: &CustomField) -> Result<FieldDeclaration, String> {
    name::check(name, "__c")?;
    if field.formula.is_some() {
        return Err("formulas are not supported".to_owned());
    }
    let field_type = field_type(field)?;
    check_keys(field, field_type)?;
    check_sizes(field, field_type)?;
    check_default(field, field_type)?;
    let master_detail = field.master_detail.unwrap_or(false);
    let required = field.required.unwrap_or(false);
    let external_id = field.external_id.unwrap_or(false);
    Ok(FieldDeclaration {
        field_type: Some(field_type.name().to_owned()),
        label: field.label.clone(),
        length: match (field_type, &field.auto_number) {
            (FieldType::String, Some(_)) => Some(30),
            _ => field.length,
        },
        precision: field.precision,
        scale: field.scale,
        required: Some(required || master_detail),
        access: master_detail.then_some(crate::schema::file::Access::Create),
        default: field.default.clone(),
        unique: field.unique.unwrap_or(false),
        external_id,
        id_lookup: external_id,
        case_sensitive: field.case_sensitive.unwrap_or(false),
        values: field.values.clone(),
        restricted: field.restricted.unwrap_or(false),
        to: field.to.clone().map_or_else(Names::default, Names::One),
        relationship: field
            .relationship
            .as_deref()
            .map(name::relationship)
            .transpose()?,
        children: field
            .children
            .as_deref()
            .map(name::relationship)
            .transpose()?,
        // A required parent cannot be taken away.
        on_delete: field.on_delete.or(required.then_some(OnDelete::Restrict)),
        master_detail,
        auto_number: field.auto_number.clone(),
        ..FieldDeclaration::default()
    })
}

fn field_type(field: &CustomField) -> Result<FieldType, String> {
    let given = field.field_type.as_deref();
    let wanted = given.ok_or_else(|| format!("it needs a `type`: {}", TYPES.join(", ")))?;
    let known = TYPES
        .contains(&wanted)
        .then(|| FieldType::from_name(wanted));
    known.flatten().ok_or_else(|| {
        let hint = match wanted {
            "text" => "; a text is a `string`, a long one a `textarea`",
            "lookup" | "master_detail" => "; a lookup is a `reference`",
            "checkbox" | "bool" => "; a checkbox is a `boolean`",
            "int" | "integer" | "number" => "; a whole number is a `double` with `scale = 0`",
            _ => "",
        };
        format!(
            "a field can't have the type `{wanted}`{hint}. Types: {}",
            TYPES.join(", ")
        )
    })
}

/// Refuses what means nothing for a type.
fn check_keys(field: &CustomField, field_type: FieldType) -> Result<(), String> {
    use FieldType::{
        Currency, Double, Email, EncryptedString, Multipicklist, Percent, Picklist, Reference,
        String as Text, Textarea,
    };
    let decimal = field_type.is_decimal();
    let keyed = matches!(field_type, Text | Email | Double | Currency | Percent);
    let choice = matches!(field_type, Picklist | Multipicklist);
    let reference = field_type == Reference;
    let numbered = field.auto_number.is_some();
    let keys = [
        (
            "length",
            field.length.is_some(),
            matches!(field_type, Text | Textarea | EncryptedString) && !numbered,
        ),
        ("precision", field.precision.is_some(), decimal),
        (
            "scale",
            field.scale.is_some(),
            decimal || field_type == FieldType::Location,
        ),
        (
            "required",
            field.required.is_some(),
            field_type != FieldType::Boolean && !numbered,
        ),
        ("unique", field.unique.is_some(), keyed),
        ("external_id", field.external_id.is_some(), keyed),
        (
            "case_sensitive",
            field.case_sensitive.is_some(),
            field_type == Text,
        ),
        ("values", !field.values.is_empty(), choice),
        ("restricted", field.restricted.is_some(), choice),
        ("to", field.to.is_some(), reference),
        ("relationship", field.relationship.is_some(), reference),
        ("children", field.children.is_some(), reference),
        (
            "on_delete",
            field.on_delete.is_some(),
            reference && field.master_detail != Some(true),
        ),
        ("master_detail", field.master_detail.is_some(), reference),
        ("auto_number", numbered, field_type == Text),
        (
            "default",
            field.default.is_some(),
            !reference && !numbered && field_type != FieldType::Location,
        ),
    ];
    for (key, given, allowed) in keys {
        if given && !allowed {
            let what = if numbered && key != "auto_number" {
                "an auto number".to_owned()
            } else if field.master_detail == Some(true) {
                "a master-detail relationship".to_owned()
            } else {
                format!("the type `{}`", field_type.name())
            };
            return Err(format!("`{key}` means nothing for {what}"));
        }
    }
    if choice && field.values.is_empty() {
        return Err("a picklist needs `values`".to_owned());
    }
    if reference && field.to.is_none() {
        return Err("a reference needs `to`, the object that it leads to".to_owned());
    }
    auto_number(field.auto_number.as_ref())
}

/// Checks that a format has a place for its number.
pub(super) fn auto_number(format: Option<&AutoNumber>) -> Result<(), String> {
    match format {
        Some(AutoNumber::Format(format)) => {
            let place = format
                .split_once('{')
                .and_then(|(_, rest)| rest.split_once('}'));
            match place {
                Some((zeros, _)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => Ok(()),
                _ => Err(format!(
                    "`auto_number` is `{format}`, but a format has a place for the number, \
                     such as `INV-{{0000}}`"
                )),
            }
        }
        Some(AutoNumber::Plain(false)) => Err("`auto_number` is true or a format".to_owned()),
        _ => Ok(()),
    }
}

fn check_sizes(field: &CustomField, field_type: FieldType) -> Result<(), String> {
    let within = |key: &str, value: Option<u32>, least: u32, most: u32| match value {
        Some(value) if !(least..=most).contains(&value) => Err(format!(
            "`{key}` is {value}, but must be from {least} to {most}"
        )),
        _ => Ok(()),
    };
    let longest = match field_type {
        FieldType::Textarea => 131_072,
        FieldType::EncryptedString => 175,
        _ => 255,
    };
    within("length", field.length, 1, longest)?;
    within("precision", field.precision, 1, 18)?;
    let precision = field.precision.unwrap_or(18);
    within("scale", field.scale, 0, precision.min(17))?;
    // Two decimals are usual, so a short number has to say that it has fewer.
    if field.precision.is_some_and(|precision| precision < 2) && field.scale.is_none() {
        return Err("a `precision` of 1 needs `scale`".to_owned());
    }
    Ok(())
}

fn check_default(field: &CustomField, field_type: FieldType) -> Result<(), String> {
    let Some(default) = &field.default else {
        return Ok(());
    };
    let (fits, wanted) = match (field_type, default) {
        (FieldType::Boolean, value) => (matches!(value, Scalar::Bool(_)), "true or false"),
        (other, value) if other.is_decimal() => (
            matches!(value, Scalar::Int(_)) || matches!(value, Scalar::Double(n) if n.is_finite()),
            "a number",
        ),
        (_, value) => (matches!(value, Scalar::Text(_)), "a text"),
    };
    if !fits {
        return Err(format!(
            "its default must be {wanted}, for its type is `{}`",
            field_type.name()
        ));
    }
    let size = u32::try_from(default.text().chars().count()).unwrap_or(u32::MAX);
    match field_type {
        FieldType::String if size > field.length.unwrap_or(255) => {
            Err("its default is longer than its `length`".to_owned())
        }
        FieldType::Date | FieldType::Datetime | FieldType::Time => Err(format!(
            "fields of type `{}` have no fixed default",
            field_type.name()
        )),
        _ => Ok(()),
    }
}
