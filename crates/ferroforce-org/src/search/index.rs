//! The full-text index. Triggers keep it in step with the records, in the transaction that writes
//! them, whatever writes them.
//!
//! `_words` has a row with the words of each record, in a column for each group of fields, and
//! `_indexed` tells which row is which record's. Records in the recycle bin stay in the index:
//! whoever asks leaves them out.

use std::fmt::Write;

use rusqlite::{Connection, OptionalExtension};

use super::fields::{Column, column};
use crate::schema::{Object, Schema};

/// A word of its own between two fields, so that no phrase spans both. It stands for private use.
const BETWEEN_FIELDS: char = '\u{e000}';

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS \"_indexed\" (n INTEGER PRIMARY KEY, record TEXT UNIQUE NOT NULL);
    CREATE VIRTUAL TABLE IF NOT EXISTS \"_words\" USING fts5(
        name, email, phone, other,
        content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
    CREATE VIRTUAL TABLE IF NOT EXISTS \"_vocabulary\" USING fts5vocab('_words', 'row');";

/// Makes the index, and fills it with what is there if the searched fields are not those of the
/// last time.
pub(crate) fn create(db: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    db.execute_batch(TABLES)?;
    for object in schema.objects().filter(|object| object.searchable) {
        let triggers = Triggers::of(object);
        let existing: Option<String> = db
            .prepare_cached("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?1")?
            .query_row([triggers.name("words")], |row| row.get(0))
            .optional()?;
        if existing.as_ref() != Some(&triggers.insert) {
            db.execute_batch(&triggers.anew())?;
        }
    }
    Ok(())
}

/// The condition that the words of the record with the id in a column match an expression of
/// FTS5, which is a parameter.
pub(crate) fn matches(id_column: &str, expression: &str) -> String {
    format!(
        "{id_column} IN (SELECT record FROM \"_indexed\" WHERE n IN \
         (SELECT rowid FROM \"_words\" WHERE \"_words\" MATCH {expression}))"
    )
}

/// Every word of the index that begins so, in lower case, as long as `wanted` says so.
pub(super) fn words(
    db: &Connection,
    prefix: &str,
    wanted: impl Fn(&str) -> bool,
) -> rusqlite::Result<Vec<String>> {
    let mut select =
        db.prepare_cached("SELECT term FROM \"_vocabulary\" WHERE term >= ?1 AND term < ?2")?;
    let mut rows = select.query([prefix, &format!("{prefix}{}", char::MAX)])?;
    let mut words = Vec::new();
    while let Some(row) = rows.next()? {
        let word = row.get_ref(0)?.as_str()?;
        if wanted(word) {
            words.push(word.to_owned());
        }
    }
    Ok(words)
}

/// The statements that keep the words of one object's records.
struct Triggers<'a> {
    object: &'a Object,
    insert: String,
    update: String,
    delete: String,
    /// The words of each column, of a row called `new`.
    words: String,
}

impl<'a> Triggers<'a> {
    fn of(object: &'a Object) -> Self {
        let fields = |wanted: Column| {
            let fields = object
                .fields
                .iter()
                .filter(move |field| column(object, field) == Some(wanted));
            fields.map(|field| format!("\"{}\"", field.name))
        };
        let words = Column::ALL.map(|column| {
            let fields: String = fields(column).fold(String::new(), |mut list, field| {
                let _ = write!(list, ", new.{field}");
                list
            });
            match fields.as_str() {
                "" => "NULL".to_owned(),
                fields => format!("concat_ws(' {BETWEEN_FIELDS} '{fields})"),
            }
        });
        let set: Vec<String> = std::iter::zip(Column::ALL, &words)
            .map(|(column, words)| format!("{} = {words}", column.name()))
            .collect();
        let changed: Vec<String> = Column::ALL
            .into_iter()
            .flat_map(fields)
            .map(|field| format!("new.{field} IS NOT old.{field}"))
            .collect();
        let words = words.join(", ");
        let table = &object.name;
        let row = |version| format!("(SELECT n FROM \"_indexed\" WHERE record = {version}.\"Id\")");
        Self {
            object,
            insert: format!(
                "CREATE TRIGGER \"{table}.words\" AFTER INSERT ON \"{table}\" BEGIN \
                 INSERT INTO \"_indexed\" (record) VALUES (new.\"Id\"); \
                 INSERT INTO \"_words\" (rowid, name, email, phone, other) \
                 VALUES ({}, {words}); END",
                row("new")
            ),
            update: format!(
                "CREATE TRIGGER \"{table}.words changed\" AFTER UPDATE ON \"{table}\" \
                 WHEN {} BEGIN UPDATE \"_words\" SET {} WHERE rowid = {}; END",
                if changed.is_empty() {
                    "0".to_owned()
                } else {
                    changed.join(" OR ")
                },
                set.join(", "),
                row("new")
            ),
            delete: format!(
                "CREATE TRIGGER \"{table}.words gone\" AFTER DELETE ON \"{table}\" BEGIN \
                 DELETE FROM \"_words\" WHERE rowid = {}; \
                 DELETE FROM \"_indexed\" WHERE record = old.\"Id\"; END",
                row("old")
            ),
            words,
        }
    }

    fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.object.name)
    }

    /// Makes the triggers in the place of older ones, and indexes the records that are there.
    fn anew(&self) -> String {
        let table = &self.object.name;
        let theirs = format!("record IN (SELECT \"Id\" FROM \"{table}\")");
        let drop: String = ["words", "words changed", "words gone"]
            .map(|what| format!("DROP TRIGGER IF EXISTS \"{}\";", self.name(what)))
            .concat();
        format!(
            "{drop}{insert};{update};{delete};
             DELETE FROM \"_words\" WHERE rowid IN (SELECT n FROM \"_indexed\" WHERE {theirs});
             DELETE FROM \"_indexed\" WHERE {theirs};
             INSERT INTO \"_indexed\" (record) SELECT \"Id\" FROM \"{table}\" ORDER BY \"Id\";
             INSERT INTO \"_words\" (rowid, name, email, phone, other)
             SELECT n, {words} FROM \"{table}\" AS new JOIN \"_indexed\" ON record = new.\"Id\";",
            insert = self.insert,
            update = self.update,
            delete = self.delete,
            words = self.words,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Field, FieldType};
    use crate::store::table;

    fn schema(fields: &[(&str, FieldType)]) -> Schema {
        let fields = fields.iter().map(|&(name, field_type)| Field {
            name: name.to_owned(),
            field_type,
            name_field: name == "Name",
            ..Field::default()
        });
        let mut object = Object::default();
        object.name = "Thing__c".to_owned();
        object.searchable = true;
        object.set_fields(fields.collect());
        Schema::new(vec![object])
    }

    const FIELDS: [(&str, FieldType); 4] = [
        ("Id", FieldType::Id),
        ("Name", FieldType::String),
        ("Code__c", FieldType::String),
        ("Size__c", FieldType::Double),
    ];

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        table::create(&db, &schema(&FIELDS)).unwrap();
        create(&db, &schema(&FIELDS)).unwrap();
        db
    }

    fn found(db: &Connection, expression: &str) -> Vec<String> {
        let sql = format!(
            "SELECT \"Id\" FROM Thing__c WHERE {} ORDER BY 1",
            matches("\"Id\"", "?1")
        );
        let mut select = db.prepare(&sql).unwrap();
        let ids = select.query_map([expression], |row| row.get(0)).unwrap();
        ids.map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_written_can_be_found() {
        let db = database();
        db.execute_batch(
            "INSERT INTO Thing__c (Id, Name, Code__c) VALUES ('1', 'Red Ball', 'Alpha'), ('2', 'Blue ball', NULL)",
        )
        .unwrap();
        assert_eq!(found(&db, "ball"), ["1", "2"]);
        assert_eq!(found(&db, "{name} : alpha"), [""; 0]);
        assert_eq!(found(&db, "{name other} : alpha"), ["1"]);
        db.execute_batch("UPDATE Thing__c SET Name = 'Red Cube', Size__c = 1 WHERE Id = '1'")
            .unwrap();
        assert_eq!(found(&db, "ball"), ["2"]);
        assert_eq!(found(&db, "cube AND alpha"), ["1"]);
        db.execute_batch("DELETE FROM Thing__c WHERE Id = '1'")
            .unwrap();
        assert_eq!(found(&db, "cube OR ball"), ["2"]);
        let left: i64 = db
            .query_row("SELECT count(*) FROM \"_indexed\"", [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 1);
    }

    #[test]
    fn what_is_rolled_back_is_not_found() {
        let db = database();
        db.execute_batch("BEGIN; INSERT INTO Thing__c (Id, Name) VALUES ('1', 'Ball'); ROLLBACK")
            .unwrap();
        assert_eq!(found(&db, "ball"), [""; 0]);
    }

    #[test]
    fn phrases_do_not_span_fields() {
        let fields = [
            ("Id", FieldType::Id),
            ("A__c", FieldType::String),
            ("B__c", FieldType::String),
        ];
        let db = Connection::open_in_memory().unwrap();
        table::create(&db, &schema(&fields)).unwrap();
        create(&db, &schema(&fields)).unwrap();
        db.execute_batch("INSERT INTO Thing__c (Id, A__c, B__c) VALUES ('1', 'red', 'ball')")
            .unwrap();
        assert_eq!(found(&db, "\"red ball\""), [""; 0]);
        assert_eq!(found(&db, "red ball"), ["1"]);
    }

    #[test]
    fn records_are_indexed_anew_when_other_fields_are_searched() {
        let db = Connection::open_in_memory().unwrap();
        let before = schema(&FIELDS[..2]);
        table::create(&db, &before).unwrap();
        db.execute_batch("INSERT INTO Thing__c (Id, Name) VALUES ('1', 'Ball')")
            .unwrap();
        // Records older than the index.
        create(&db, &before).unwrap();
        assert_eq!(found(&db, "{name} : ball"), ["1"]);
        let mut object = (**schema(&FIELDS).object("Thing__c").unwrap()).clone();
        let mut fields = object.fields.clone();
        fields[1].name_field = false;
        object.set_fields(fields);
        let after = Schema::new(vec![object]);
        table::create(&db, &after).unwrap();
        for _ in 0..2 {
            create(&db, &after).unwrap();
            assert_eq!(found(&db, "{name} : ball"), [""; 0]);
            assert_eq!(found(&db, "{other} : ball"), ["1"]);
        }
        let written = db.total_changes();
        create(&db, &after).unwrap();
        assert_eq!(db.total_changes(), written);
        db.execute_batch("UPDATE Thing__c SET Code__c = 'alpha'")
            .unwrap();
        assert_eq!(found(&db, "alpha AND ball"), ["1"]);
    }

    #[test]
    fn the_vocabulary_is_read_by_its_beginning() {
        let db = database();
        db.execute_batch(
            "INSERT INTO Thing__c (Id, Name) VALUES ('1', 'John joan jon Johan ÉTÉ été')",
        )
        .unwrap();
        let four = |word: &str| word.chars().count() == 4;
        assert_eq!(words(&db, "jo", four).unwrap(), ["joan", "john"]);
        assert_eq!(words(&db, "ét", |_| true).unwrap(), ["été"]);
    }
}
