//! Which fields a search looks in.

use ferroforce_soql::ast::SearchGroup;

use crate::error::ApiError;
use crate::schema::{Field, FieldType, Object, Schema};

/// A column of the index: every searched field's words are in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Email,
    Phone,
    Other,
}

impl Column {
    pub(super) const ALL: [Self; 4] = [Self::Name, Self::Email, Self::Phone, Self::Other];

    /// The column's name in SQL.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Other => "other",
        }
    }
}

/// What `IN NAME FIELDS` looks in besides the field that names the record.
const NAMES_TOO: [(&str, &[&str]); 8] = [
    ("Account", &["Website", "Site"]),
    ("Case", &["SuppliedName", "SuppliedCompany", "Subject"]),
    ("Contact", &["AssistantName"]),
    ("Event", &["Subject"]),
    ("Lead", &["Company"]),
    ("Note", &["Title"]),
    ("Task", &["Subject"]),
    ("User", &["CommunityNickname"]),
];

/// Objects that are found only if RETURNING names them, and then by all their fields.
const ASKED_FOR_BY_NAME: [&str; 4] = ["ContentDocument", "ContentVersion", "Document", "Product2"];

/// The column that holds the words of a field; none for a field that is not searched: texts,
/// emails, phones and addresses of the web are, picklists, numbers and dates are not.
pub(super) fn column(object: &Object, field: &Field) -> Option<Column> {
    if !field.is_stored() || field.encrypted {
        return None;
    }
    match field.field_type {
        FieldType::Email => Some(Column::Email),
        FieldType::Phone => Some(Column::Phone),
        FieldType::String | FieldType::Textarea | FieldType::Url | FieldType::Combobox => {
            let named_too = NAMES_TOO.iter().any(|(name, fields)| {
                *name == object.name && fields.contains(&field.name.as_str())
            });
            Some(if field.name_field || named_too {
                Column::Name
            } else {
                Column::Other
            })
        }
        _ => None,
    }
}

/// The columns that a group of fields stands for.
pub(super) fn columns(group: SearchGroup, object: &Object) -> &'static [Column] {
    if !is_in_default_scope(object) {
        return &Column::ALL;
    }
    match group {
        SearchGroup::Name => &[Column::Name],
        SearchGroup::Email => &[Column::Email],
        SearchGroup::Phone => &[Column::Phone],
        SearchGroup::Sidebar => &[Column::Name, Column::Email, Column::Phone],
        _ => &Column::ALL,
    }
}

/// The columns of a group that a user who sees `object` of the `whole` schema may look in.
pub(super) fn seen_columns(
    group: SearchGroup,
    object: &Object,
    whole: &Schema,
) -> Result<Vec<Column>, ApiError> {
    let of = |object: &Object, wanted: Column| {
        let fields = object.fields.iter();
        fields
            .filter(|field| column(object, field) == Some(wanted))
            .count()
    };
    let mut seen = Vec::new();
    for &column in columns(group, object) {
        let all = whole
            .object(&object.name)
            .map_or(0, |object| of(object, column));
        let visible = of(object, column);
        // Which of a column's fields a word stands in, the index does not tell.
        if visible > 0 && visible < all {
            return Err(ApiError::unsupported(format_args!(
                "searches of {} for users from whom some of its fields are hidden",
                object.name
            )));
        }
        if visible > 0 {
            seen.push(column);
        }
    }
    Ok(seen)
}

/// Whether a search without RETURNING finds the object's records.
pub(crate) fn is_in_default_scope(object: &Object) -> bool {
    object.searchable && !ASKED_FOR_BY_NAME.contains(&object.name.as_str())
}

/// Whether words that no operator joins may stand alone: any of them finds a document, and only
/// all of them another record.
pub(super) fn joins_words_by_or(object: &Object) -> bool {
    object.name == "Document"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_searched_field_is_in_one_group() {
        let schema = Schema::standard().unwrap();
        for (object, field, expected) in [
            ("Account", "Name", Some(Column::Name)),
            ("Account", "Website", Some(Column::Name)),
            ("Account", "BillingCity", Some(Column::Other)),
            ("Account", "BillingAddress", None),
            ("Account", "Industry", None),
            ("Account", "Phone", Some(Column::Phone)),
            ("Account", "AnnualRevenue", None),
            ("Account", "OwnerId", None),
            ("Case", "Subject", Some(Column::Name)),
            ("Case", "CaseNumber", Some(Column::Name)),
            ("Contact", "Email", Some(Column::Email)),
            ("Contact", "Description", Some(Column::Other)),
            ("Task", "Subject", Some(Column::Name)),
        ] {
            let object = schema.object(object).unwrap();
            let found = column(object, object.field(field).unwrap());
            assert_eq!(found, expected, "{field}");
        }
    }

    #[test]
    fn products_are_searched_by_name_only_and_in_all_fields() {
        let schema = Schema::standard().unwrap();
        let product = schema.object("Product2").unwrap();
        assert!(product.searchable && !is_in_default_scope(product));
        assert_eq!(columns(SearchGroup::Email, product), Column::ALL);
        let account = schema.object("Account").unwrap();
        assert!(is_in_default_scope(account));
        assert_eq!(columns(SearchGroup::Email, account), [Column::Email]);
        assert!(!is_in_default_scope(schema.object("Organization").unwrap()));
    }
}
