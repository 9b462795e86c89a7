//! One record of one object, as it is stored.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{Field, Object};
use crate::store::table;

/// The stored values of a record, one per field of its object, in order. Compound fields,
/// which are computed, are null.
#[derive(Debug, Clone)]
pub(crate) struct Row<'s> {
    pub(crate) object: &'s Object,
    values: Vec<Value>,
}

impl<'s> Row<'s> {
    /// A row of nulls.
    pub(crate) fn empty(object: &'s Object) -> Self {
        let values = vec![Value::Null; object.fields.len()];
        Self { object, values }
    }

    /// Reads the record with this id, deleted or not.
    pub(crate) fn load(
        db: &Connection,
        object: &'s Object,
        id: RecordId,
    ) -> Result<Option<Self>, ApiError> {
        let mut select = db.prepare_cached(&table::select_row(object))?;
        let row = select.query_row([id.as_str()], |row| {
            let mut found = Self::empty(object);
            let stored = object.fields.iter().zip(&mut found.values);
            for (column, (_, value)) in stored.filter(|(field, _)| field.is_stored()).enumerate() {
                *value = row.get(column)?;
            }
            Ok(found)
        });
        Ok(row.optional()?)
    }

    /// Writes the row as a new one.
    pub(crate) fn insert(&self, db: &Connection) -> Result<(), ApiError> {
        let mut insert = db.prepare_cached(&table::insert_row(self.object))?;
        insert.execute(params_from_iter(self.cells()))?;
        Ok(())
    }

    /// Writes the row over the one with the same id.
    pub(crate) fn replace(&self, db: &Connection) -> Result<(), ApiError> {
        let mut update = db.prepare_cached(&table::update_row(self.object))?;
        update.execute(params_from_iter(self.cells()))?;
        Ok(())
    }

    /// Takes the row out of the table.
    pub(crate) fn remove(&self, db: &Connection) -> Result<(), ApiError> {
        let delete = format!("DELETE FROM \"{}\" WHERE \"Id\" = ?1", self.object.name);
        db.prepare_cached(&delete)?.execute([self.text("Id")])?;
        Ok(())
    }

    /// The value of every column of the table, folded keys included.
    fn cells(&self) -> impl Iterator<Item = Value> {
        let stored = self
            .object
            .fields
            .iter()
            .zip(&self.values)
            .filter(|(f, _)| f.is_stored());
        stored.flat_map(|(field, value)| {
            let folded = table::has_folded_key(field).then(|| folded(value));
            std::iter::once(value.clone()).chain(folded)
        })
    }

    /// The value of a field; null if there is no such field.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.object
            .position(name)
            .and_then(|at| self.values.get(at))
            .unwrap_or(&Value::Null)
    }

    /// The text of a field that has one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a boolean field is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        *self.get(name) == Value::Integer(1)
    }

    /// Sets a field, if the object has it.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(slot) = self
            .object
            .position(name)
            .and_then(|at| self.values.get_mut(at))
        {
            *slot = value.into();
        }
    }

    /// The id of the record.
    pub(crate) fn id(&self) -> Option<RecordId> {
        self.text("Id")?.parse().ok()
    }

    /// The fields with their values, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'s Field, &Value)> {
        self.object.fields.iter().zip(&self.values)
    }
}

/// The key by which a text is compared and sorted regardless of case.
pub(crate) fn folded(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.to_uppercase()),
        other => other.clone(),
    }
}
