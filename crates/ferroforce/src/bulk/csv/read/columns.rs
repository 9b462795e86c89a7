//! The header: names of columns, and the parents that they lead through.

use super::row::Row;
use crate::error::{Error, Result};

/// The columns of a text. `Account.Name` is both a column of that name and the
/// `Name` of a parent `Account`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    names: Vec<Box<str>>,
    tree: Vec<Node>,
}

/// A column, or a parent with columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: Box<str>,
    pub(crate) place: NodePlace,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodePlace {
    Column(usize),
    Parent(Vec<Node>),
}

impl Columns {
    /// Reads the record that is the header.
    pub(crate) fn read(header: Row<'_>) -> Result<Self> {
        let cells = header
            .cells(header.cells.len())
            .map_err(|error| Error::decode(format!("the header: {}", error.message())))?;
        Ok(Self::new(
            (0..cells.len()).map(|index| cells.get(index).into()),
        ))
    }

    pub(crate) fn new(names: impl IntoIterator<Item = Box<str>>) -> Self {
        let names: Vec<Box<str>> = names.into_iter().collect();
        let mut tree = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if name.split('.').count() > DEEPEST {
                tree.push(Node::column(name, index));
            } else {
                insert(&mut tree, name, index);
            }
        }
        Self { names, tree }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    pub(crate) fn tree(&self) -> &[Node] {
        &self.tree
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.names
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name))
    }
}

/// How many names a path may have: Salesforce's lead through five parents. What is deeper
/// is a column of its full name alone, or a header could be as deep as a stack is not.
const DEEPEST: usize = 16;

impl Node {
    fn column(name: &str, index: usize) -> Self {
        Self {
            name: name.into(),
            place: NodePlace::Column(index),
        }
    }
}

fn insert(nodes: &mut Vec<Node>, name: &str, index: usize) {
    let Some((parent, rest)) = name.split_once('.') else {
        nodes.push(Node::column(name, index));
        return;
    };
    let known = nodes.iter_mut().find_map(|node| match &mut node.place {
        NodePlace::Parent(nodes) if *node.name == *parent => Some(nodes),
        _ => None,
    });
    if let Some(known) = known {
        insert(known, rest, index);
        return;
    }
    let mut below = Vec::new();
    insert(&mut below, rest, index);
    nodes.push(Node {
        name: parent.into(),
        place: NodePlace::Parent(below),
    });
}
