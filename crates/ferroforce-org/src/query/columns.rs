//! What `columns=true` asks for: the columns of an answer instead of its rows.

use super::plan::{Plan, RowsPlan};
use super::shape::{Item, Shape};
use crate::json::Json;

impl Plan {
    /// The answer to a query with `columns=true`.
    pub(crate) fn columns(&self) -> Json {
        let columns = match self {
            Self::Rows(plan) => shape_columns(plan, &plan.shape),
            Self::Groups(plan) => plan
                .columns
                .iter()
                .map(|column| metadata(&column.name, column.aggregate, Vec::new()))
                .collect(),
            Self::Count(_) => Vec::new(),
        };
        Json::object([("columnMetadata", Json::Array(columns))])
    }
}

fn shape_columns(plan: &RowsPlan, shape: &Shape) -> Vec<Json> {
    let column = |item: &Item| match item {
        Item::Column { name, .. } | Item::Compound { name, .. } => {
            metadata(name, false, Vec::new())
        }
        Item::Parent { name, shape } => metadata(name, false, shape_columns(plan, shape)),
        Item::OneOf { name, shapes } => {
            let mut columns: Vec<Json> = Vec::new();
            for column in shapes.iter().flat_map(|shape| shape_columns(plan, shape)) {
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
            metadata(name, false, columns)
        }
        Item::Children { name, subquery } => {
            let below = plan.children.get(*subquery).map(|child| &child.plan);
            let columns = below.map(|plan| shape_columns(plan, &plan.shape));
            metadata(name, true, columns.unwrap_or_default())
        }
    };
    shape.items.iter().map(column).collect()
}

/// One column; those of parents and children are joined columns of one that stands for them.
fn metadata(name: &str, aggregate: bool, joined: Vec<Json>) -> Json {
    Json::object([
        ("aggregate", Json::from(aggregate)),
        ("columnName", Json::from(name)),
        ("displayName", Json::from(name)),
        ("joinColumns", Json::Array(joined)),
    ])
}
