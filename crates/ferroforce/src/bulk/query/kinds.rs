//! What the columns of results are, by the descriptions of the objects.

use std::sync::Arc;
use std::time::Duration;

use crate::bulk::csv::read::{Columns, Kind};
use crate::client::Salesforce;
use crate::describe::{DescribeCache, FieldDescribe, FieldType, SObjectDescribe};
use crate::error::Result;

/// The kind of each column. A column that no description knows is text.
pub(super) async fn kinds(
    client: &Salesforce,
    object: &str,
    columns: &Columns,
) -> Result<Vec<Kind>> {
    // Only for as long as this takes.
    let described = client.describe_cache().trust_for(Duration::MAX);
    let root = described.get(object).await?;
    let mut kinds = Vec::with_capacity(columns.len());
    for name in columns.names() {
        kinds.push(kind(&described, &root, name).await?);
    }
    Ok(kinds)
}

async fn kind(described: &DescribeCache, root: &Arc<SObjectDescribe>, path: &str) -> Result<Kind> {
    let mut object = Arc::clone(root);
    let mut rest = path;
    while let Some((relationship, behind)) = rest.split_once('.') {
        let leads = |field: &&FieldDescribe| {
            let name = field.relationship_name.as_deref();
            name.is_some_and(|name| name.eq_ignore_ascii_case(relationship))
        };
        let Some(field) = object.fields.iter().find(leads) else {
            return Ok(Kind::Text);
        };
        // Parents of several types have the fields in common that a query can name.
        let Some(parent) = field.reference_to.first() else {
            return Ok(Kind::Text);
        };
        object = described.get(parent).await?;
        rest = behind;
    }
    Ok(object
        .field(rest)
        .map_or(Kind::Text, |field| of(&field.field_type)))
}

fn of(field: &FieldType) -> Kind {
    match field {
        FieldType::Boolean => Kind::Boolean,
        field if field.is_number() => Kind::Number,
        _ => Kind::Text,
    }
}
