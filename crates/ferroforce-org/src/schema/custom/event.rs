//! Platform events, which are published and never read as records.

use super::declaration::CustomObject;
use super::{KeyPrefixes, custom_fields, name};
use crate::schema::file::{FieldDeclaration, ObjectDeclaration};
use crate::schema::{Object, build};

/// What the name of an event ends in.
pub(super) const SUFFIX: &str = "__e";

pub(super) fn object(
    name: &str,
    declared: &CustomObject,
    prefixes: &mut KeyPrefixes,
) -> Result<Object, String> {
    name::check(name, SUFFIX)?;
    if declared.name.is_some() {
        return Err("an event has no field `Name`".to_owned());
    }
    let key_prefix = match &declared.key_prefix {
        Some(given) => given.clone(),
        None => prefixes.next('e')?,
    };
    let never = Some(false);
    let built = build::object(
        name,
        &ObjectDeclaration {
            label: declared.label.clone(),
            plural: declared.plural.clone(),
            key_prefix: Some(key_prefix),
            updateable: never,
            deletable: never,
            undeletable: never,
            searchable: never,
            layoutable: never,
            ..ObjectDeclaration::default()
        },
    );
    let mut object = Object {
        queryable: false,
        replicateable: false,
        retrieveable: false,
        ..built
    };
    let read_only = |label: &str| FieldDeclaration {
        field_type: Some("string".to_owned()),
        label: Some(label.to_owned()),
        access: Some(crate::schema::file::Access::Read),
        filterable: Some(false),
        ..FieldDeclaration::default()
    };
    let common = [
        ("Id", FieldDeclaration::default()),
        ("ReplayId", read_only("Replay ID")),
        ("CreatedDate", FieldDeclaration::default()),
        ("CreatedById", FieldDeclaration::default()),
        ("EventUuid", read_only("Event UUID")),
    ];
    let common = common.iter().map(|(name, field)| (*name, field));
    let mut fields = build::fields(&object.label, common)?;
    let own = custom_fields(&object.label, &declared.fields.0)?;
    if let Some(field) = own.iter().find(|field| !field.reference_to.is_empty()) {
        return Err(format!("{}: an event has no references", field.name));
    }
    fields.extend(own);
    object.set_fields(fields);
    Ok(object)
}
