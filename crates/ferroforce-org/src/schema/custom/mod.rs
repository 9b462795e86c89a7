//! The objects and fields that a user's schema file adds to the standard ones.

mod declaration;
mod event;
mod field;
mod name;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use declaration::{CustomField, CustomObject, File};

use super::file::{self, FieldDeclaration, ObjectDeclaration};
use super::{Field, Object, build};

/// Adds what a file declares to the objects that there are.
pub(super) fn extend(objects: &mut Vec<Object>, text: &str) -> Result<(), String> {
    let file: File = file::parse(text)?;
    let mut prefixes = KeyPrefixes::of(objects, &file)?;
    let standard = objects.len();
    for (name, declared) in &file.0 {
        let known = objects[..standard]
            .iter()
            .position(|object| object.name.eq_ignore_ascii_case(name));
        let at = |mistake| format!("{name}: {mistake}");
        match known {
            Some(index) => add_fields(&mut objects[index], declared).map_err(at)?,
            None => objects.push(new_object(name, declared, &mut prefixes).map_err(at)?),
        }
    }
    resolve_references(objects)?;
    check_children(objects)
}

/// Gives a standard object more fields. One of its own kind, such as `External_Id__c`, may be
/// replaced.
fn add_fields(object: &mut Object, declared: &CustomObject) -> Result<(), String> {
    let refused = [
        ("label", declared.label.is_some()),
        ("plural", declared.plural.is_some()),
        ("key_prefix", declared.key_prefix.is_some()),
        ("name", declared.name.is_some()),
    ];
    if let Some((key, _)) = refused.iter().find(|(_, given)| *given) {
        return Err(format!(
            "a standard object can be given `fields`, but no other `{key}`"
        ));
    }
    let added = custom_fields(&object.label, &declared.fields.0)?;
    let mut fields = std::mem::take(&mut object.fields);
    fields.retain(|field| {
        !added
            .iter()
            .any(|new| new.name.eq_ignore_ascii_case(&field.name))
    });
    fields.extend(added);
    object.set_fields(fields);
    Ok(())
}

fn new_object(
    name: &str,
    declared: &CustomObject,
    prefixes: &mut KeyPrefixes,
) -> Result<Object, String> {
    if name.ends_with(event::SUFFIX) {
        return event::object(name, declared, prefixes);
    }
    name::check(name, "__c").map_err(|rule| {
        format!("there is no standard object of this name, and of a custom object {rule}")
    })?;
    let key_prefix = match &declared.key_prefix {
        Some(given) => given.clone(),
        None => prefixes.next('a')?,
    };
    let mut object = build::object(
        name,
        &ObjectDeclaration {
            label: declared.label.clone(),
            plural: declared.plural.clone(),
            key_prefix: Some(key_prefix),
            ..ObjectDeclaration::default()
        },
    );
    let own = custom_fields(&object.label, &declared.fields.0)?;
    let is_detail = own.iter().any(|field| field.relationship_order.is_some());
    let system = |name: &'static str| (name, FieldDeclaration::default());
    let mut common = vec![system("Id")];
    if !is_detail {
        common.push(system("OwnerId"));
    }
    common.extend([
        system("IsDeleted"),
        ("Name", name_field(&object.label, declared)?),
        system("CreatedDate"),
        system("CreatedById"),
        system("LastModifiedDate"),
        system("LastModifiedById"),
        system("SystemModstamp"),
    ]);
    let common = common.iter().map(|(name, field)| (*name, field));
    let mut fields = build::fields(&object.label, common)?;
    fields.extend(own);
    object.set_fields(fields);
    Ok(object)
}

/// A text of 80 characters, which is the id for who gives none, or a number that counts up.
fn name_field(object_label: &str, declared: &CustomObject) -> Result<FieldDeclaration, String> {
    let given = declared.name.clone().unwrap_or_default();
    field::auto_number(given.auto_number.as_ref()).map_err(|mistake| format!("name: {mistake}"))?;
    let counted = given.auto_number.is_some();
    Ok(FieldDeclaration {
        field_type: Some("string".to_owned()),
        label: Some(
            given
                .label
                .unwrap_or_else(|| format!("{object_label} Name")),
        ),
        length: Some(if counted { 30 } else { 80 }),
        auto_number: given.auto_number,
        defaulted: true,
        id_lookup: true,
        name_field: true,
        ..FieldDeclaration::default()
    })
}

fn custom_fields(
    object_label: &str,
    declared: &[(String, CustomField)],
) -> Result<Vec<Field>, String> {
    let mut full = Vec::with_capacity(declared.len());
    let mut masters = 0;
    for (name, custom) in declared {
        let declaration =
            field::declaration(name, custom).map_err(|mistake| format!("{name}: {mistake}"))?;
        masters += u32::from(declaration.master_detail);
        if masters > 2 {
            return Err(format!("{name}: an object has at most two masters"));
        }
        full.push((name.as_str(), declaration));
    }
    let mut fields = build::fields(
        object_label,
        full.iter().map(|(name, field)| (*name, field)),
    )?;
    let orders = fields
        .iter_mut()
        .filter_map(|field| field.relationship_order.as_mut());
    for (n, order) in (0..).zip(orders) {
        *order = n;
    }
    Ok(fields)
}

/// Checks that every reference leads to an object, and writes its name as the object does.
fn resolve_references(objects: &mut [Object]) -> Result<(), String> {
    let names: Vec<String> = objects.iter().map(|object| object.name.clone()).collect();
    for object in objects {
        for field in &mut object.fields {
            for target in &mut field.reference_to {
                let known = names.iter().find(|name| name.eq_ignore_ascii_case(target));
                match known {
                    Some(name) => target.clone_from(name),
                    None => {
                        return Err(format!(
                            "{}: {}: it leads to `{target}`, but there is no such object",
                            object.name, field.name
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Checks that a relationship is unique, seen from the child and from its parents.
fn check_children(objects: &[Object]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for object in objects {
        let custom = object.fields.iter().filter(|field| field.custom);
        for field in custom {
            let at = |name: &str| {
                format!(
                    "{}: {}: the relationship name `{name}` is taken",
                    object.name, field.name
                )
            };
            if let Some(name) = &field.relationship_name
                && !seen.insert((object.name.as_str(), "up", name.to_ascii_lowercase()))
            {
                return Err(at(name));
            }
            if let Some(name) = &field.child_relationship_name {
                for parent in &field.reference_to {
                    if !seen.insert((parent.as_str(), "down", name.to_ascii_lowercase())) {
                        return Err(at(name));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The key prefixes `a00`, `a01`, … of objects and `e00`, `e01`, … of events in the order of the
/// file, but those that are taken.
struct KeyPrefixes {
    taken: HashSet<String>,
    next: usize,
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl KeyPrefixes {
    fn of(objects: &[Object], file: &File) -> Result<Self, String> {
        let mut taken: HashSet<String> = objects
            .iter()
            .filter_map(|object| object.key_prefix.clone())
            .collect();
        for (name, object) in &file.0 {
            let Some(prefix) = &object.key_prefix else {
                continue;
            };
            if prefix.len() != 3 || !prefix.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(format!(
                    "{name}: `key_prefix` is `{prefix}`, but must be three letters or digits"
                ));
            }
            if !taken.insert(prefix.clone()) {
                return Err(format!("{name}: the key prefix `{prefix}` is taken"));
            }
        }
        Ok(Self { taken, next: 0 })
    }

    fn next(&mut self, first: char) -> Result<String, String> {
        loop {
            let (high, low) = (self.next / DIGITS.len(), self.next % DIGITS.len());
            let digits = (DIGITS.get(high), DIGITS.get(low));
            let (Some(&high), Some(&low)) = digits else {
                return Err("there are no more key prefixes".to_owned());
            };
            self.next += 1;
            let prefix: String = [first, high.into(), low.into()].iter().collect();
            if !self.taken.contains(&prefix) {
                return Ok(prefix);
            }
        }
    }
}
