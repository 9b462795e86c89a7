//! Names of a query resolved against the schema, and the tables they are found in.

use std::fmt::Write;

use ferroforce_soql::ast::{From, Path};

use super::Compiler;
use super::operand::{Kind, Operand};
use crate::error::ApiError;
use crate::schema::{Field, FieldType, Object};

/// How many relationships a path may follow upwards.
const MOST_LEVELS: usize = 5;

/// How many tables SQLite joins in one statement, with some held back.
const MOST_TABLES: usize = 60;

/// What polymorphic references have in common: the fields of the object `Name`.
const NAME_FIELDS: [&str; 12] = [
    "Id",
    "Name",
    "FirstName",
    "LastName",
    "Email",
    "Phone",
    "Title",
    "Alias",
    "Username",
    "IsActive",
    "ProfileId",
    "UserRoleId",
];

/// The parents that the object `Name` has. Those of the types behind it are reached by TYPEOF.
const NAME_PARENTS: [&str; 2] = ["Profile", "UserRole"];

/// The tables of one SELECT: the queried object first, then the parents that were asked for.
#[derive(Default)]
pub(super) struct Tables<'a> {
    list: Vec<Table<'a>>,
    /// Aliases of FROM and the tables that they stand for.
    aliases: Vec<(String, usize)>,
}

/// An object in the statement, and how it is reached.
pub(super) struct Table<'a> {
    /// The name of the table in the statement; a parent of many types has one for each, with the
    /// number of the type behind.
    pub(super) alias: String,
    /// The object; for a polymorphic reference all objects that it may refer to.
    pub(super) objects: Vec<&'a Object>,
    /// The table and reference field that lead here; none for the queried object.
    pub(super) link: Option<(usize, &'a Field)>,
}

impl<'a> Table<'a> {
    pub(super) fn object(&self) -> Option<&'a Object> {
        match self.objects.as_slice() {
            [object] => Some(object),
            _ => None,
        }
    }

    /// The name that errors use.
    fn entity(&self) -> &str {
        self.object().map_or("Name", |object| &object.name)
    }

    /// The alias of each type's table, with its object.
    pub(super) fn members(&self) -> impl Iterator<Item = (String, &'a Object)> {
        let single = self.objects.len() == 1;
        self.objects
            .iter()
            .enumerate()
            .map(move |(index, &object)| {
                let alias = if single {
                    self.alias.clone()
                } else {
                    format!("{}_{index}", self.alias)
                };
                (alias, object)
            })
    }

    /// SQL for the record's id, null if there is no record.
    pub(super) fn id(&self) -> String {
        let ids: Vec<String> = self.members().map(|(a, _)| format!("{a}.\"Id\"")).collect();
        coalesced(&ids)
    }

    /// SQL for the name of the record's type.
    pub(super) fn type_name(&self) -> String {
        if let Some(object) = self.object() {
            return format!("'{}'", object.name);
        }
        let mut sql = String::from("CASE");
        for (alias, object) in self.members() {
            let _ = write!(
                sql,
                " WHEN {alias}.\"Id\" IS NOT NULL THEN '{}'",
                object.name
            );
        }
        sql + " END"
    }
}

fn coalesced(columns: &[String]) -> String {
    match columns {
        [column] => column.clone(),
        _ => format!("coalesce({})", columns.join(", ")),
    }
}

/// A name of a table or column, quoted for SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl<'a> Tables<'a> {
    pub(super) fn new(alias: String, object: &'a Object) -> Self {
        Self {
            list: vec![Table {
                alias,
                objects: vec![object],
                link: None,
            }],
            aliases: Vec::new(),
        }
    }

    pub(super) fn get(&self, index: usize) -> &Table<'a> {
        &self.list[index]
    }

    pub(super) fn root(&self) -> &'a Object {
        self.list[0].objects[0]
    }

    /// What follows FROM: the object's table and its joins.
    pub(super) fn sql(&self) -> String {
        let root = &self.list[0];
        let mut sql = format!("{} AS {}", quoted(&self.root().name), root.alias);
        for table in &self.list[1..] {
            let Some((parent, field)) = table.link else {
                continue;
            };
            let from: Vec<String> = self.list[parent]
                .members()
                .filter(|(_, object)| object.field(&field.name).is_some())
                .map(|(alias, _)| format!("{alias}.{}", quoted(&field.name)))
                .collect();
            for (alias, object) in table.members() {
                let _ = write!(
                    sql,
                    " LEFT JOIN {} AS {alias} ON {alias}.\"Id\" = {}",
                    quoted(&object.name),
                    coalesced(&from),
                );
            }
        }
        sql
    }
}

impl<'a> Compiler<'a> {
    /// The object of FROM, and its aliases in the tables made for it.
    pub(super) fn enter(&mut self, object: &'a Object, from: &[From]) -> Result<(), ApiError> {
        let alias = self.fresh_alias();
        self.tables = Tables::new(alias, object);
        let Some((first, others)) = from.split_first() else {
            return Ok(());
        };
        if let Some(alias) = &first.alias {
            self.tables.aliases.push((alias.text.clone(), 0));
        }
        for other in others {
            let segments: Vec<_> = other.object.segments().collect();
            let skipped = usize::from(self.names_root(segments[0].0).is_some());
            let mut table = self.names_root(segments[0].0).unwrap_or(0);
            for &(segment, span) in &segments[skipped..] {
                table = self
                    .parent(table, segment)?
                    .ok_or_else(|| self.source.no_relationship(span, segment))?;
            }
            if let Some(alias) = &other.alias {
                self.tables.aliases.push((alias.text.clone(), table));
            }
        }
        Ok(())
    }

    /// The table that a path's first segment stands for, if it is an alias or the object's name.
    fn names_root(&self, segment: &str) -> Option<usize> {
        let tables = &self.tables;
        tables
            .aliases
            .iter()
            .find(|(alias, _)| alias.eq_ignore_ascii_case(segment))
            .map(|&(_, table)| table)
            .or_else(|| {
                tables
                    .root()
                    .name
                    .eq_ignore_ascii_case(segment)
                    .then_some(0)
            })
    }

    /// The table that a relationship leads to, joined if it is new; `None` if there is no such
    /// relationship.
    pub(super) fn parent(
        &mut self,
        table: usize,
        relationship: &str,
    ) -> Result<Option<usize>, ApiError> {
        let source = &self.tables.list[table];
        let has_it = |name: &&str| name.eq_ignore_ascii_case(relationship);
        if source.object().is_none() && !NAME_PARENTS.iter().any(has_it) {
            return Ok(None);
        }
        let Some(field) = source
            .objects
            .iter()
            .find_map(|object| object.parent(relationship))
        else {
            return Ok(None);
        };
        let objects: Vec<&Object> = field
            .reference_to
            .iter()
            .filter_map(|name| self.schema.object(name))
            .map(|object| &**object)
            .collect();
        if objects.is_empty() {
            return Ok(None);
        }
        self.join(table, field, objects).map(Some)
    }

    /// The table of a reference's objects, joined if it is new.
    pub(super) fn join(
        &mut self,
        table: usize,
        field: &'a Field,
        objects: Vec<&'a Object>,
    ) -> Result<usize, ApiError> {
        let known = self.tables.list.iter().position(|known| {
            let same = |(one, other): (&&Object, &&Object)| one.name == other.name;
            known
                .link
                .is_some_and(|(from, by)| from == table && by.name == field.name)
                && known.objects.len() == objects.len()
                && known.objects.iter().zip(&objects).all(same)
        });
        if let Some(known) = known {
            return Ok(known);
        }
        self.joined += objects.len();
        if self.joined > MOST_TABLES {
            return Err(ApiError::bad_request(
                "QUERY_TOO_COMPLICATED",
                "Query is too complicated: too many relationships.",
            ));
        }
        let alias = self.fresh_alias();
        self.tables.list.push(Table {
            alias,
            objects,
            link: Some((table, field)),
        });
        Ok(self.tables.list.len() - 1)
    }

    fn fresh_alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }

    /// A field path as SQL.
    pub(super) fn operand(&mut self, path: &Path) -> Result<Operand<'a>, ApiError> {
        let first = path.segments().next().map_or("", |(segment, _)| segment);
        let is_alone = first.len() == path.text.len();
        match self.names_root(first).filter(|_| !is_alone) {
            Some(table) => self.operand_from(table, path, 1),
            None => self.operand_from(0, path, 0),
        }
    }

    /// A field path as SQL that goes on from a table after some segments.
    pub(super) fn operand_from(
        &mut self,
        table: usize,
        path: &Path,
        skipped: usize,
    ) -> Result<Operand<'a>, ApiError> {
        let mut table = table;
        let segments: Vec<_> = path.segments().skip(skipped).collect();
        let Some(((column, _), relationships)) = segments.split_last() else {
            return Err(self.source.no_column(path.span, &path.text, ""));
        };
        if relationships.len() > MOST_LEVELS {
            return Err(super::fault::malformed(
                "Relationship path is too long: at most five levels of parents can be queried",
            ));
        }
        for &(segment, _) in relationships {
            table = self
                .parent(table, segment)?
                .ok_or_else(|| self.source.no_relationship(path.span, segment))?;
        }
        self.column(table, column).ok_or_else(|| {
            let entity = self.tables.list[table].entity();
            self.source.no_column(path.span, column, entity)
        })
    }

    /// A column of a table as SQL, if the table's object has that field.
    fn column(&self, table: usize, name: &str) -> Option<Operand<'a>> {
        let source = &self.tables.list[table];
        if let Some(object) = source.object() {
            let field = object.field(name).filter(|field| {
                field.is_stored()
                    || matches!(field.field_type, FieldType::Address | FieldType::Location)
            })?;
            return Some(Operand::of_field(table, &source.alias, field));
        }
        if name.eq_ignore_ascii_case("Type") {
            let sql = source.type_name();
            return Some(Operand {
                table,
                name: "Type".to_owned(),
                key: format!("upper({sql})"),
                value: sql,
                kind: Kind::Text,
                field: None,
            });
        }
        let shared = NAME_FIELDS
            .iter()
            .find(|field| field.eq_ignore_ascii_case(name))?;
        let members: Vec<Operand<'a>> = source
            .members()
            .filter_map(|(alias, object)| {
                let field = object.field(shared)?;
                Some(Operand::of_field(table, &alias, field))
            })
            .collect();
        let first = members.first()?;
        let values: Vec<String> = members.iter().map(|each| each.value.clone()).collect();
        let keys: Vec<String> = members.iter().map(|each| each.key.clone()).collect();
        Some(Operand {
            table,
            name: (*shared).to_owned(),
            value: coalesced(&values),
            key: coalesced(&keys),
            kind: first.kind,
            field: None,
        })
    }
}
