//! WITH METADATA: the labels of what is answered.

use ferroforce_soql::ast::{Path, ReturningFields};

use crate::json::Json;
use crate::schema::{Field, Object, Schema};

/// The labels of the fields that are asked of each object.
pub(super) fn labels<'a>(
    schema: &Schema,
    asked: impl Iterator<Item = (&'a Object, Option<&'a ReturningFields>)>,
) -> Json {
    let entities: Json = asked
        .map(|(object, fields)| {
            let labels: Vec<Json> = match fields {
                None => object
                    .field("Id")
                    .map(|field| label(&field.name, field))
                    .into_iter()
                    .collect(),
                Some(fields) => fields
                    .fields
                    .iter()
                    .filter_map(|each| {
                        let (name, field) = resolve(schema, object, &each.field.path)?;
                        Some(label(&name, field))
                    })
                    .collect(),
            };
            Json::object([
                ("entityName", Json::from(&object.name)),
                ("fieldMetadata", Json::Array(labels)),
            ])
        })
        .collect();
    Json::object([("entityMetadata", entities)])
}

fn label(name: &str, field: &Field) -> Json {
    Json::object([("label", Json::from(&field.label)), ("name", name.into())])
}

/// The field at the end of a path, and the path in the schema's letter case.
fn resolve<'s>(schema: &'s Schema, object: &'s Object, path: &Path) -> Option<(String, &'s Field)> {
    let mut object = object;
    let mut name = String::new();
    let segments: Vec<&str> = path.segments().map(|(segment, _)| segment).collect();
    let (last, relationships) = segments.split_last()?;
    for relationship in relationships {
        let lookup = object.parent(relationship)?;
        name.push_str(lookup.relationship_name.as_deref()?);
        name.push('.');
        object = schema.object(lookup.reference_to.first()?)?;
    }
    let field = object.field(last)?;
    name.push_str(&field.name);
    Some((name, field))
}
