//! The org's objects and fields.

mod build;
mod custom;
mod field;
mod field_type;
mod file;
mod object;
mod standard;
#[cfg(test)]
mod tests;
mod view;
mod well_known;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub(crate) use field::{Field, PicklistValue};
pub(crate) use field_type::FieldType;
use file::Api;
pub(crate) use object::{ChildRelationship, Object, RecordType};

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SchemaError(String);

/// Every object that the org knows. It does not change while the org runs.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    objects: Vec<Arc<Object>>,
    by_name: HashMap<String, usize>,
    by_key_prefix: HashMap<String, usize>,
}

/// The objects that an API reaches.
fn of_api(mut objects: Vec<Object>, api: Api) -> Vec<Object> {
    objects.retain(|object| {
        let user = matches!(object.name.as_str(), "Profile" | "User" | "UserRole");
        (user && api == Api::Tooling) || object.api == api || object.api == Api::Both
    });
    objects
}

impl Schema {
    /// Puts the objects together and works out which are children of which.
    pub(crate) fn new(mut objects: Vec<Object>) -> Self {
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        object::derive_children(&mut objects);
        let by_name = objects
            .iter()
            .enumerate()
            .map(|(index, object)| (object.name.to_ascii_lowercase(), index))
            .collect();
        let by_key_prefix = objects
            .iter()
            .enumerate()
            .filter_map(|(index, object)| Some((object.key_prefix.clone()?, index)))
            .collect();
        Self {
            objects: objects.into_iter().map(Arc::new).collect(),
            by_name,
            by_key_prefix,
        }
    }

    /// The standard objects.
    pub(crate) fn standard() -> Result<Self, SchemaError> {
        let objects = standard::objects().map_err(SchemaError)?;
        Ok(Self::new(of_api(objects, Api::Data)))
    }

    /// The objects of the Tooling API, and the users who write them.
    pub(crate) fn tooling() -> Result<Self, SchemaError> {
        let objects = standard::objects().map_err(SchemaError)?;
        Ok(Self::new(of_api(objects, Api::Tooling)))
    }

    /// The standard objects, and what a schema file adds to them.
    pub(crate) fn with_file(path: &Path) -> Result<Self, SchemaError> {
        let at = |mistake: &dyn fmt::Display| SchemaError(format!("{}: {mistake}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| at(&error))?;
        let objects = standard::objects().map_err(SchemaError)?;
        let mut objects = of_api(objects, Api::Data);
        custom::extend(&mut objects, &text).map_err(|mistake| at(&mistake))?;
        Ok(Self::new(objects))
    }

    /// The object of this name, in whatever letter case.
    pub(crate) fn object(&self, name: &str) -> Option<&Arc<Object>> {
        let index = self.by_name.get(&name.to_ascii_lowercase())?;
        self.objects.get(*index)
    }

    /// The object whose record ids begin so.
    pub(crate) fn by_key_prefix(&self, prefix: &str) -> Option<&Arc<Object>> {
        let index = self.by_key_prefix.get(prefix)?;
        self.objects.get(*index)
    }

    /// The field at the end of a path such as `Account.Owner.Name`, and its object. Where a
    /// parent can be of several objects, the first that has the rest of the path counts.
    pub(crate) fn field_at<'s>(
        &'s self,
        object: &'s Object,
        path: &str,
    ) -> Option<(&'s Object, &'s Field)> {
        let Some((parent, rest)) = path.split_once('.') else {
            return Some((object, object.field(path)?));
        };
        let mut parents = object.parent(parent)?.reference_to.iter();
        parents.find_map(|parent| self.field_at(self.object(parent)?, rest))
    }

    /// All objects in the order of their names.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.iter()
    }
}
