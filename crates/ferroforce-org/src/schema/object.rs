use std::collections::HashMap;

use super::Field;
use super::file::Api;

/// An object: `Account`, `Invoice__c`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) label_plural: String,
    pub(crate) api: Api,
    /// What the ids of its records begin with; some objects have none.
    pub(crate) key_prefix: Option<String>,
    pub(crate) custom: bool,
    pub(crate) queryable: bool,
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) deletable: bool,
    pub(crate) undeletable: bool,
    pub(crate) mergeable: bool,
    pub(crate) searchable: bool,
    pub(crate) replicateable: bool,
    pub(crate) retrieveable: bool,
    pub(crate) triggerable: bool,
    pub(crate) layoutable: bool,
    pub(crate) mru_enabled: bool,
    pub(crate) feed_enabled: bool,
    pub(crate) deep_cloneable: bool,
    /// In the order of the describe.
    pub(crate) fields: Vec<Field>,
    pub(crate) children: Vec<ChildRelationship>,
    pub(crate) record_types: Vec<RecordType>,
    pub(super) positions: HashMap<String, usize>,
}

/// A lookup of another object, seen from the object that it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChildRelationship {
    pub(crate) child_object: String,
    pub(crate) field: String,
    /// What subqueries call it; some relationships have no name.
    pub(crate) relationship_name: Option<String>,
    pub(crate) cascade_delete: bool,
    pub(crate) restricted_delete: bool,
}

/// A record type; every object has the Master one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordType {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) developer_name: String,
    pub(crate) master: bool,
}

impl Object {
    /// Sets the fields and the index over their names.
    pub(crate) fn set_fields(&mut self, fields: Vec<Field>) {
        self.positions = fields
            .iter()
            .enumerate()
            .map(|(index, field)| (field.name.to_ascii_lowercase(), index))
            .collect();
        self.fields = fields;
    }

    /// Where the field of this name, in whatever letter case, stands.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(&name.to_ascii_lowercase()).copied()
    }

    /// The field of this name, in whatever letter case.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(self.position(name)?)
    }

    /// The lookup whose parent is reached by this relationship name.
    pub(crate) fn parent(&self, relationship: &str) -> Option<&Field> {
        self.fields.iter().find(|field| {
            field
                .relationship_name
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(relationship))
        })
    }

    /// The children that a subquery reaches by this relationship name.
    pub(crate) fn child(&self, relationship: &str) -> Option<&ChildRelationship> {
        self.children.iter().find(|child| {
            child
                .relationship_name
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(relationship))
        })
    }

    /// Whether its records are platform events.
    pub(crate) fn is_event(&self) -> bool {
        self.name.ends_with("__e")
    }

    /// The field that names a record: `Name`, `Subject`, `CaseNumber`.
    pub(crate) fn name_field(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.name_field)
    }
}

impl RecordType {
    /// The record type of records that have none.
    pub(crate) fn master() -> Self {
        Self {
            id: "012000000000000AAA".to_owned(),
            name: "Master".to_owned(),
            developer_name: "Master".to_owned(),
            master: true,
        }
    }
}

/// Gives every object its child relationships, in the order of child and field.
pub(super) fn derive_children(objects: &mut [Object]) {
    let mut children: HashMap<String, Vec<ChildRelationship>> = HashMap::new();
    for object in objects.iter() {
        for field in &object.fields {
            for parent in &field.reference_to {
                children
                    .entry(parent.clone())
                    .or_default()
                    .push(ChildRelationship {
                        child_object: object.name.clone(),
                        field: field.name.clone(),
                        relationship_name: field.child_relationship_name.clone(),
                        cascade_delete: field.cascade_delete,
                        restricted_delete: field.restricted_delete,
                    });
            }
        }
    }
    for object in objects {
        object.children = children.remove(&object.name).unwrap_or_default();
    }
}
