//! The shape of a record in an answer: which column goes where.

use super::operand::Kind;

/// A record, with its fields in the order in which they were selected.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// The column of the record's type, or its name if it is always the same.
    pub(super) type_name: TypeName,
    /// The column of the record's id.
    pub(super) id: usize,
    pub(super) items: Vec<Item>,
}

#[derive(Debug)]
pub(super) enum TypeName {
    Always(String),
    Column(usize),
}

impl TypeName {
    /// The name, if it is always the same; `Name` if it is not.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Always(name) => name,
            Self::Column(_) => "Name",
        }
    }
}

impl Default for TypeName {
    fn default() -> Self {
        Self::Always(String::new())
    }
}

/// One member of a record.
#[derive(Debug)]
pub(super) enum Item {
    /// A value in a column.
    Column {
        name: String,
        kind: Kind,
        column: usize,
    },
    /// A value made of several columns, null if all of them are.
    Compound {
        name: String,
        parts: Vec<(String, Kind, usize)>,
        /// Whether it is null already if one of them is.
        whole: bool,
    },
    /// A parent record, null if there is none.
    Parent { name: String, shape: Shape },
    /// A parent record in the first of these shapes that it has the type of, null if in none.
    OneOf { name: String, shapes: Vec<Shape> },
    /// Child records, null if there are none: the rows of this subquery of the plan.
    Children { name: String, subquery: usize },
}

impl Item {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Column { name, .. }
            | Self::Compound { name, .. }
            | Self::Parent { name, .. }
            | Self::OneOf { name, .. }
            | Self::Children { name, .. } => name,
        }
    }
}
