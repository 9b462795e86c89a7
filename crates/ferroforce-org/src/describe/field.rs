//! One field of an object, with all 57 keys.

use serde::Serialize;

use crate::schema::{Field, FieldType, Object, PicklistValue};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldDescribe<'a> {
    aggregatable: bool,
    ai_prediction_field: bool,
    auto_number: bool,
    byte_length: u32,
    calculated: bool,
    calculated_formula: Option<&'a str>,
    cascade_delete: bool,
    case_sensitive: bool,
    compound_field_name: Option<&'a str>,
    controller_name: Option<&'a str>,
    createable: bool,
    custom: bool,
    default_value: Option<DefaultValue<'a>>,
    default_value_formula: Option<String>,
    defaulted_on_create: bool,
    dependent_picklist: bool,
    deprecated_and_hidden: bool,
    digits: u32,
    display_location_in_decimal: bool,
    encrypted: bool,
    external_id: bool,
    extra_type_info: Option<&'static str>,
    filterable: bool,
    filtered_lookup_info: Option<&'a str>,
    formula_treat_null_number_as_zero: bool,
    groupable: bool,
    high_scale_number: bool,
    html_formatted: bool,
    id_lookup: bool,
    inline_help_text: Option<&'a str>,
    label: &'a str,
    length: u32,
    mask: Option<&'a str>,
    mask_type: Option<&'a str>,
    name: &'a str,
    name_field: bool,
    name_pointing: bool,
    nillable: bool,
    permissionable: bool,
    picklist_values: Vec<Choice<'a>>,
    polymorphic_foreign_key: bool,
    precision: u32,
    query_by_distance: bool,
    reference_target_field: Option<&'a str>,
    reference_to: &'a [String],
    relationship_name: Option<&'a str>,
    relationship_order: Option<u32>,
    restricted_delete: bool,
    restricted_picklist: bool,
    scale: u32,
    search_prefilterable: bool,
    soap_type: &'static str,
    sortable: bool,
    #[serde(rename = "type")]
    field_type: &'static str,
    unique: bool,
    updateable: bool,
    write_requires_master_read: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DefaultValue<'a> {
    Bool(bool),
    Text(&'a str),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Choice<'a> {
    active: bool,
    default_value: bool,
    label: &'a str,
    valid_for: Option<&'a str>,
    value: &'a str,
}

impl<'a> FieldDescribe<'a> {
    pub(super) fn of(object: &Object, field: &'a Field) -> Self {
        Self {
            aggregatable: field.aggregatable,
            ai_prediction_field: false,
            auto_number: field.auto_number,
            byte_length: byte_length(field),
            calculated: field.calculated,
            calculated_formula: None,
            // Of standard lookups only the parent's list of children tells.
            cascade_delete: field.custom && field.cascade_delete,
            case_sensitive: field.case_sensitive,
            compound_field_name: field.compound_field_name.as_deref(),
            controller_name: None,
            createable: field.createable,
            custom: field.custom,
            default_value: default_value(field),
            default_value_formula: default_value_formula(field),
            defaulted_on_create: field.defaulted_on_create,
            dependent_picklist: field.dependent_picklist,
            deprecated_and_hidden: false,
            digits: field.digits,
            display_location_in_decimal: field.field_type == FieldType::Location,
            encrypted: field.encrypted,
            external_id: field.external_id,
            extra_type_info: extra_type_info(object, field),
            filterable: field.filterable,
            filtered_lookup_info: None,
            formula_treat_null_number_as_zero: false,
            groupable: field.groupable,
            high_scale_number: false,
            html_formatted: field.html_formatted,
            id_lookup: field.id_lookup,
            inline_help_text: None,
            label: &field.label,
            length: field.length,
            mask: None,
            mask_type: None,
            name: &field.name,
            name_field: field.name_field,
            name_pointing: field.name_pointing,
            nillable: field.nillable,
            permissionable: field.permissionable,
            picklist_values: field.picklist_values.iter().map(Choice::of).collect(),
            polymorphic_foreign_key: field.is_polymorphic(),
            precision: field.precision,
            query_by_distance: matches!(field.field_type, FieldType::Address | FieldType::Location),
            reference_target_field: None,
            reference_to: &field.reference_to,
            relationship_name: field.relationship_name.as_deref(),
            relationship_order: field.relationship_order,
            restricted_delete: field.custom && field.restricted_delete,
            restricted_picklist: field.restricted_picklist,
            scale: field.scale,
            search_prefilterable: is_search_prefilterable(field),
            soap_type: field.field_type.soap_type(),
            sortable: field.sortable,
            field_type: field.field_type.name(),
            unique: field.unique,
            updateable: field.updateable,
            write_requires_master_read: field.write_requires_master_read,
        }
    }
}

impl<'a> Choice<'a> {
    fn of(choice: &'a PicklistValue) -> Self {
        Self {
            active: choice.active,
            default_value: choice.default_value,
            label: &choice.label,
            valid_for: None,
            value: &choice.value,
        }
    }
}

/// A character of text takes up to three bytes, one of an id always one.
fn byte_length(field: &Field) -> u32 {
    match field.field_type {
        FieldType::Id | FieldType::Reference => field.length,
        _ => field.length.saturating_mul(3),
    }
}

/// Only yes-or-no fields and picklists show their default as it is.
fn default_value(field: &Field) -> Option<DefaultValue<'_>> {
    let given = field.default_value.as_deref();
    if field.field_type == FieldType::Boolean {
        return Some(DefaultValue::Bool(given == Some("true")));
    }
    let chosen = field
        .picklist_values
        .iter()
        .find(|choice| choice.default_value);
    chosen.map(|choice| DefaultValue::Text(&choice.value))
}

/// The default of any other field is a formula: numbers stand as they are, text in quotes.
fn default_value_formula(field: &Field) -> Option<String> {
    let given = field.default_value.as_deref()?;
    let field_type = field.field_type;
    if field_type == FieldType::Boolean || !field.picklist_values.is_empty() {
        None
    } else if field_type.is_text() {
        let escaped = given.replace('\\', "\\\\").replace('"', "\\\"");
        Some(format!("\"{escaped}\""))
    } else {
        Some(given.to_owned())
    }
}

fn extra_type_info(object: &Object, field: &Field) -> Option<&'static str> {
    let part_of_name = |field: &Field| field.compound_field_name.as_deref() == Some("Name");
    match field.field_type {
        FieldType::Textarea if field.html_formatted => Some("richtextarea"),
        FieldType::Textarea => Some("plaintextarea"),
        FieldType::Url if field.name == "PhotoUrl" => Some("imageurl"),
        // An account may become a person, and its name then has parts.
        _ if field.name_field && part_of_name(field) => Some("switchablepersonname"),
        _ if part_of_name(field) => Some("personname"),
        _ if field.name_field && field.name == "Name" && object.fields.iter().any(part_of_name) => {
            Some("personname")
        }
        _ => None,
    }
}

/// Whether searches may be narrowed to the children of one parent: by the lookups that say
/// something about the record, not those that keep the books.
fn is_search_prefilterable(field: &Field) -> bool {
    field.nillable
        && matches!(
            field.relationship_name.as_deref(),
            Some(name) if name != "MasterRecord" && name != "RecordType"
        )
        && field.field_type == FieldType::Reference
}
