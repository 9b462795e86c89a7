//! From declarations to objects and fields: what a file does not say, the type says.

use std::collections::HashSet;

use super::file::{
    Access, AutoNumber, Choice, FieldDeclaration, ObjectDeclaration, OnDelete, Scalar,
};
use super::{Field, FieldType, Object, PicklistValue, RecordType, well_known};

/// An object without its fields.
pub(super) fn object(name: &str, declared: &ObjectDeclaration) -> Object {
    let custom = is_custom(name);
    let label = declared.label.clone().unwrap_or_else(|| label(name));
    Object {
        name: name.to_owned(),
        api: declared.api,
        label_plural: declared
            .plural
            .clone()
            .unwrap_or_else(|| format!("{label}s")),
        label,
        key_prefix: declared.key_prefix.clone(),
        custom,
        queryable: true,
        createable: declared.createable.unwrap_or(true),
        updateable: declared.updateable.unwrap_or(true),
        deletable: declared.deletable.unwrap_or(true),
        undeletable: declared.undeletable.unwrap_or(true),
        mergeable: declared.mergeable.unwrap_or(false),
        searchable: declared.searchable.unwrap_or(true),
        replicateable: true,
        retrieveable: true,
        triggerable: declared.triggerable.unwrap_or(true),
        layoutable: declared.layoutable.unwrap_or(true),
        mru_enabled: declared.mru_enabled.unwrap_or(false),
        feed_enabled: declared.feed_enabled.unwrap_or(false),
        deep_cloneable: declared.deep_cloneable.unwrap_or(false),
        record_types: vec![RecordType::master()],
        ..Object::default()
    }
}

/// The fields of an object; a declared one may stand for several, as addresses do.
pub(super) fn fields<'d>(
    object_label: &str,
    declared: impl IntoIterator<Item = (&'d str, &'d FieldDeclaration)>,
) -> Result<Vec<Field>, String> {
    let mut fields = Vec::new();
    for (name, declaration) in declared {
        let declaration = complete(name, object_label, declaration);
        let built = field(name, &declaration).map_err(|mistake| format!("{name}: {mistake}"))?;
        fields.extend(parts(&built, &declaration));
        fields.push(built);
    }
    Ok(fields)
}

/// A declaration without a type takes the rest from the well-known field of its name.
fn complete(name: &str, object_label: &str, declared: &FieldDeclaration) -> FieldDeclaration {
    if declared.field_type.is_some() {
        return declared.clone();
    }
    let Some(known) = well_known::declaration(name, object_label) else {
        return declared.clone();
    };
    let to = if declared.to.as_slice().is_empty() {
        known.to
    } else {
        declared.to.clone()
    };
    FieldDeclaration {
        label: declared.label.clone().or(known.label),
        access: declared.access.or(known.access),
        children: declared.children.clone(),
        to,
        ..known
    }
}

fn field(name: &str, declared: &FieldDeclaration) -> Result<Field, String> {
    let Some(type_name) = &declared.field_type else {
        return Err("it needs a `type`".to_owned());
    };
    let field_type = FieldType::from_name(type_name)
        .ok_or_else(|| format!("there is no type `{type_name}`; a text is a `string`"))?;
    let custom = is_custom(name);
    let compound = field_type.is_compound();
    let reference_to = declared.to.as_slice().to_vec();
    let length = declared.length.unwrap_or_else(|| usual_length(field_type));
    let long = matches!(field_type, FieldType::Textarea) && length > 255;
    let sortable = declared
        .sortable
        .unwrap_or(!long && is_usually_sortable(field_type));
    let auto_number = !matches!(declared.auto_number, None | Some(AutoNumber::Plain(false)));
    let writable = !compound && !auto_number;
    let decimal = field_type.is_decimal();
    let nillable = field_type != FieldType::Boolean
        && !auto_number
        && !declared.required.unwrap_or(declared.master_detail);
    let createable = writable && matches!(declared.access, None | Some(Access::Create));
    let updateable = writable && matches!(declared.access, None | Some(Access::Update));
    let picklist_values = choices(declared)?;
    let on_delete = if declared.master_detail {
        OnDelete::Cascade
    } else {
        declared.on_delete.unwrap_or(OnDelete::Clear)
    };
    Ok(Field {
        name: name.to_owned(),
        label: declared
            .label
            .clone()
            .unwrap_or_else(|| field_label(name, field_type)),
        field_type,
        length,
        precision: when(decimal, declared.precision.unwrap_or(18)),
        scale: when(decimal, declared.scale.unwrap_or(2)),
        digits: when(field_type == FieldType::Int, declared.digits.unwrap_or(8)),
        nillable,
        createable,
        updateable,
        defaulted_on_create: declared.defaulted
            || auto_number
            || field_type == FieldType::Boolean
            || declared.default.is_some()
            || picklist_values.iter().any(|choice| choice.default_value),
        default_value: declared.default.as_ref().map(Scalar::text),
        unique: declared.unique,
        external_id: declared.external_id,
        id_lookup: declared.id_lookup || declared.external_id,
        case_sensitive: declared.case_sensitive,
        filterable: declared
            .filterable
            .unwrap_or(!long && is_usually_filterable(field_type)),
        sortable,
        groupable: declared
            .groupable
            .unwrap_or(sortable && is_usually_groupable(field_type)),
        aggregatable: sortable && field_type != FieldType::Boolean,
        permissionable: nillable
            && (createable || updateable || compound)
            && declared.compound.as_deref() != Some("Name"),
        custom,
        auto_number,
        auto_number_format: match &declared.auto_number {
            Some(AutoNumber::Format(format)) => Some(format.clone()),
            _ => None,
        },
        name_field: declared.name_field,
        name_pointing: reference_to.len() > 1,
        restricted_picklist: declared.restricted,
        picklist_values,
        relationship_name: relationship_name(name, declared, field_type),
        child_relationship_name: declared.children.clone(),
        relationship_order: declared.master_detail.then_some(0),
        cascade_delete: on_delete == OnDelete::Cascade,
        restricted_delete: on_delete == OnDelete::Restrict,
        reference_to,
        compound_field_name: declared.compound.clone(),
        ..Field::default()
    })
}

fn when(applies: bool, value: u32) -> u32 {
    if applies { value } else { 0 }
}

fn choices(declared: &FieldDeclaration) -> Result<Vec<PicklistValue>, String> {
    let default = declared.default.as_ref().map(Scalar::text);
    let choices: Vec<PicklistValue> = declared
        .values
        .iter()
        .map(|choice| match choice {
            Choice::Value(value) => PicklistValue {
                value: value.clone(),
                label: value.clone(),
                active: true,
                default_value: default.as_ref() == Some(value),
            },
            Choice::Full(full) => PicklistValue {
                value: full.value.clone(),
                label: full.label.as_ref().unwrap_or(&full.value).clone(),
                active: full.active,
                default_value: full.default || default.as_ref() == Some(&full.value),
            },
        })
        .collect();
    let mut seen = HashSet::new();
    if let Some(again) = choices.iter().find(|choice| !seen.insert(&choice.value)) {
        return Err(format!("it has the value `{}` twice", again.value));
    }
    if choices.iter().filter(|choice| choice.default_value).count() > 1 {
        return Err("only one of its values can be the default".to_owned());
    }
    match default {
        Some(default)
            if !choices.is_empty() && !choices.iter().any(|choice| choice.value == default) =>
        {
            Err(format!("its default `{default}` is none of its values"))
        }
        _ => Ok(choices),
    }
}

/// `AccountId` leads to `Account`, `Invoice__c` to `Invoice__r`. An empty name is none.
fn relationship_name(
    name: &str,
    declared: &FieldDeclaration,
    field_type: FieldType,
) -> Option<String> {
    if field_type != FieldType::Reference {
        return None;
    }
    match &declared.relationship {
        Some(given) => Some(given.clone()).filter(|given| !given.is_empty()),
        None => match name.strip_suffix("__c") {
            Some(stem) => Some(format!("{stem}__r")),
            None => name.strip_suffix("Id").map(str::to_owned),
        },
    }
}

/// The parts of an address or a place, which come before it.
fn parts(whole: &Field, declared: &FieldDeclaration) -> Vec<Field> {
    let part = |name: String, label: String, declaration: FieldDeclaration| {
        let declaration = FieldDeclaration {
            label: Some(label),
            compound: Some(whole.name.clone()),
            access: declared.access,
            ..declaration
        };
        field(&name, &declaration).ok()
    };
    let typed = |field_type: &str, length: Option<u32>, scale: Option<u32>| FieldDeclaration {
        field_type: Some(field_type.to_owned()),
        length,
        scale,
        ..FieldDeclaration::default()
    };
    match whole.field_type {
        FieldType::Address => {
            let prefix = whole.name.strip_suffix("Address").unwrap_or(&whole.name);
            let label = |part: &str| format!("{prefix} {part}").trim_start().to_owned();
            let accuracy = FieldDeclaration {
                values: ACCURACIES
                    .map(|value| Choice::Value(value.to_owned()))
                    .to_vec(),
                restricted: true,
                ..typed("picklist", Some(40), None)
            };
            [
                ("Street", "Street", typed("textarea", Some(255), None)),
                ("City", "City", typed("string", Some(40), None)),
                ("State", "State/Province", typed("string", Some(80), None)),
                (
                    "PostalCode",
                    "Zip/Postal Code",
                    typed("string", Some(20), None),
                ),
                ("Country", "Country", typed("string", Some(80), None)),
                ("Latitude", "Latitude", typed("double", None, Some(15))),
                ("Longitude", "Longitude", typed("double", None, Some(15))),
                ("GeocodeAccuracy", "Geocode Accuracy", accuracy),
            ]
            .into_iter()
            .filter_map(|(name, words, declaration)| {
                part(format!("{prefix}{name}"), label(words), declaration)
            })
            .collect()
        }
        FieldType::Location => {
            let stem = whole.name.strip_suffix("__c").unwrap_or(&whole.name);
            ["Latitude", "Longitude"]
                .into_iter()
                .filter_map(|name| {
                    part(
                        format!("{stem}__{name}__s"),
                        format!("{} ({name})", whole.label),
                        typed("double", None, Some(declared.scale.unwrap_or(15))),
                    )
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

const ACCURACIES: [&str; 11] = [
    "Address",
    "NearAddress",
    "Block",
    "Street",
    "ExtendedZip",
    "Zip",
    "Neighborhood",
    "City",
    "County",
    "State",
    "Unknown",
];

/// Characters that a field of this type holds when its declaration does not say.
fn usual_length(field_type: FieldType) -> u32 {
    match field_type {
        FieldType::Id | FieldType::Reference => 18,
        FieldType::Phone => 40,
        FieldType::Email => 80,
        FieldType::Multipicklist => 4099,
        FieldType::EncryptedString => 175,
        FieldType::String
        | FieldType::Picklist
        | FieldType::Combobox
        | FieldType::Textarea
        | FieldType::Url => 255,
        _ => 0,
    }
}

fn is_usually_filterable(field_type: FieldType) -> bool {
    !matches!(field_type, FieldType::Base64 | FieldType::EncryptedString)
}

fn is_usually_sortable(field_type: FieldType) -> bool {
    is_usually_filterable(field_type)
        && !field_type.is_compound()
        && field_type != FieldType::Multipicklist
}

fn is_usually_groupable(field_type: FieldType) -> bool {
    !field_type.is_decimal() && !matches!(field_type, FieldType::Datetime | FieldType::Combobox)
}

/// Whether a name ends as those of an org's own objects and fields do.
pub(super) fn is_custom(name: &str) -> bool {
    name.ends_with("__c") || name.ends_with("__s") || name.ends_with("__e")
}

/// `AnnualRevenue` is "Annual Revenue", `Due_Date__c` is "Due Date".
fn label(name: &str) -> String {
    if let Some(stem) = name
        .strip_suffix("__c")
        .or_else(|| name.strip_suffix("__e"))
    {
        return stem.replace('_', " ");
    }
    let mut label = String::with_capacity(name.len() + 4);
    let mut before_is_small = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && before_is_small {
            label.push(' ');
        }
        before_is_small = !character.is_ascii_uppercase();
        label.push(character);
    }
    label
}

/// A lookup's own label speaks of an id, yes-or-no fields drop their "Is".
fn field_label(name: &str, field_type: FieldType) -> String {
    let label = label(name);
    match field_type {
        FieldType::Reference => match label.strip_suffix(" Id") {
            Some(stem) => format!("{stem} ID"),
            None => label,
        },
        FieldType::Boolean => label.strip_prefix("Is ").unwrap_or(&label).to_owned(),
        _ => label,
    }
}
