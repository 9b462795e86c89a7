//! How objects are laid out in tables.
//!
//! An object is a table, a stored field a column, both by their API names. A text that is
//! compared regardless of case has a second column, `"<Field>$"`, with the text in upper case.
//! Names cannot hold a quote, so they are quoted plainly.

use rusqlite::Connection;

use crate::schema::{Field, FieldType, Object, Schema};

/// The SQL type of a field's column.
fn column_type(field: &Field) -> &'static str {
    match field.field_type {
        FieldType::Boolean
        | FieldType::Int
        | FieldType::Long
        | FieldType::Date
        | FieldType::Datetime
        | FieldType::Time => "INTEGER",
        FieldType::Double | FieldType::Currency | FieldType::Percent => "REAL",
        FieldType::Base64 => "BLOB",
        _ => "TEXT",
    }
}

/// Whether a field has the second column.
pub(crate) fn has_folded_key(field: &Field) -> bool {
    field.field_type.is_text() && !field.case_sensitive && field.is_stored()
}

/// The column by which values of a field are compared.
pub(crate) fn key_column(field: &Field) -> String {
    if has_folded_key(field) {
        format!("\"{}$\"", field.name)
    } else {
        format!("\"{}\"", field.name)
    }
}

/// Every column of a table with its type, in order.
fn columns(object: &Object) -> impl Iterator<Item = (String, &'static str)> {
    object
        .fields
        .iter()
        .filter(|field| field.is_stored())
        .flat_map(|field| {
            let sql_type = if field.name == "Id" {
                "TEXT PRIMARY KEY NOT NULL"
            } else {
                column_type(field)
            };
            let folded = has_folded_key(field).then(|| (format!("\"{}$\"", field.name), "TEXT"));
            std::iter::once((format!("\"{}\"", field.name), sql_type)).chain(folded)
        })
}

/// Makes the tables, columns and indexes of a schema that are not there yet.
pub(crate) fn create(db: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    for object in schema.objects() {
        let table = &object.name;
        let definitions: Vec<String> = columns(object)
            .map(|(column, sql_type)| format!("{column} {sql_type}"))
            .collect();
        db.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS \"{table}\" ({})",
            definitions.join(", ")
        ))?;
        let existing: Vec<String> = db
            .prepare_cached("SELECT '\"' || name || '\"' FROM pragma_table_info(?)")?
            .query_map([table], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for (column, sql_type) in columns(object).filter(|(column, _)| !existing.contains(column)) {
            db.execute_batch(&format!(
                "ALTER TABLE \"{table}\" ADD COLUMN {column} {sql_type}"
            ))?;
        }
        for field in object.fields.iter().filter(|field| is_indexed(field)) {
            db.execute_batch(&format!(
                "CREATE INDEX IF NOT EXISTS \"{table}.{}\" ON \"{table}\" ({})",
                field.name,
                key_column(field)
            ))?;
        }
    }
    Ok(())
}

/// Whether records are found by a field without looking at all of them.
pub(crate) fn is_indexed(field: &Field) -> bool {
    field.field_type == FieldType::Reference
        || field.external_id
        || field.unique
        || (field.id_lookup && field.name != "Id")
}

/// Reads the stored fields of the row with an id, in order.
pub(crate) fn select_row(object: &Object) -> String {
    let stored = object.fields.iter().filter(|field| field.is_stored());
    let columns: Vec<String> = stored.map(|field| format!("\"{}\"", field.name)).collect();
    format!(
        "SELECT {} FROM \"{}\" WHERE \"Id\" = ?1",
        columns.join(", "),
        object.name
    )
}

/// Writes a new row, all of its columns in order.
pub(crate) fn insert_row(object: &Object) -> String {
    let (columns, places): (Vec<_>, Vec<_>) =
        columns(object).map(|(column, _)| (column, "?")).unzip();
    let (columns, places) = (columns.join(", "), places.join(", "));
    format!(
        "INSERT INTO \"{}\" ({columns}) VALUES ({places})",
        object.name
    )
}

/// Writes a row over the one with its id, all of its columns in order.
pub(crate) fn update_row(object: &Object) -> String {
    let columns: Vec<String> = columns(object).map(|(column, _)| column).collect();
    let id = columns
        .iter()
        .position(|column| column == "\"Id\"")
        .map_or(1, |at| at + 1);
    let set: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{column} = ?{}", at + 1))
        .collect();
    format!(
        "UPDATE \"{}\" SET {} WHERE \"Id\" = ?{id}",
        object.name,
        set.join(", ")
    )
}

/// A condition that leaves out what is in the recycle bin, for objects that have one.
pub(crate) fn and_not_deleted(object: &Object) -> &'static str {
    if object.field("IsDeleted").is_some() {
        " AND \"IsDeleted\" = 0"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(fields: &[(&str, FieldType)]) -> Schema {
        let fields = fields.iter().map(|&(name, field_type)| Field {
            name: name.to_owned(),
            field_type,
            ..Field::default()
        });
        let mut object = Object::default();
        object.name = "Thing__c".to_owned();
        object.set_fields(fields.collect());
        Schema::new(vec![object])
    }

    fn columns_of(db: &Connection) -> Vec<String> {
        let mut select = db
            .prepare("SELECT name || ' ' || type FROM pragma_table_info('Thing__c')")
            .unwrap();
        let columns = select.query_map([], |row| row.get(0)).unwrap();
        columns.map(Result::unwrap).collect()
    }

    #[test]
    fn texts_have_a_second_column_and_new_fields_are_added() {
        let db = Connection::open_in_memory().unwrap();
        let id = ("Id", FieldType::Id);
        let parent = ("Parent__c", FieldType::Reference);
        create(&db, &schema(&[id, parent])).unwrap();
        assert_eq!(columns_of(&db), ["Id TEXT", "Parent__c TEXT"]);
        let (name, size) = (("Name", FieldType::String), ("Size__c", FieldType::Double));
        let place = ("Place__c", FieldType::Location);
        for _ in 0..2 {
            create(&db, &schema(&[id, name, parent, size, place])).unwrap();
            assert_eq!(
                columns_of(&db),
                [
                    "Id TEXT",
                    "Parent__c TEXT",
                    "Name TEXT",
                    "Name$ TEXT",
                    "Size__c REAL"
                ]
            );
        }
    }
}
