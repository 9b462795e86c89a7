//! SOSL: what stands in the records' texts, found over SQLite's full-text index.
//!
//! A term is read by [`term`] and written as an expression of the index by [`matching`];
//! [`index`] keeps the index. What RETURNING asks of an object, the query engine answers.
//! Records come in the order in which they were created, unless they are sorted: their
//! relevance is not weighed. Neither does the index know word stems, synonyms or misspellings.

mod clauses;
mod fault;
mod fields;
mod highlight;
pub(crate) mod index;
mod limits;
mod matching;
mod metadata;
mod term;
#[cfg(test)]
mod tests;

use ferroforce_soql::ast::{IntegerValue, Returning, ReturningFields, SearchGroup, SearchTerm};
use ferroforce_soql::{Search, parse_search};
use rusqlite::Connection;

pub(crate) use clauses::OBJECT_SINCE;
pub(crate) use fault::MALFORMED;
pub(crate) use fields::is_in_default_scope;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::query::{Returned, Scope, compile_returning, returned_object};
use crate::schema::{Object, Schema};
use clauses::Clauses;
use term::Expression;

/// How many characters a search may have.
const MOST_CHARACTERS: usize = 100_000;

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The records' JSON, with commas between them.
    records: Vec<u8>,
    metadata: Option<Json>,
}

impl Found {
    /// The answer's JSON, as this version of the API writes it.
    pub(crate) fn body(&self, version: u16) -> Vec<u8> {
        if version < OBJECT_SINCE {
            return [b"[", &self.records[..], b"]"].concat();
        }
        let metadata = self.metadata.as_ref().map_or(String::new(), |metadata| {
            format!(",\"metadata\":{metadata}")
        });
        [
            b"{\"searchRecords\":[",
            &self.records[..],
            b"]",
            metadata.as_bytes(),
            b"}",
        ]
        .concat()
    }
}

/// Runs a search of a user who sees `schema` of the `whole`.
pub(crate) fn run(
    db: &Connection,
    whole: &Schema,
    schema: &Schema,
    sosl: &str,
    scope: &Scope,
) -> Result<Found, ApiError> {
    if sosl.chars().nth(MOST_CHARACTERS).is_some() {
        return Err(fault::malformed(
            "SOSL statements cannot be longer than 100000 characters.",
        ));
    }
    let search = parse_search(sosl)
        .map_err(|error| ApiError::bad_request(error.code().as_str(), error.to_string()))?;
    let SearchTerm::Braced(term) = &search.term else {
        return Err(ApiError::unsupported("bind variables"));
    };
    let expression = Expression::read(term)
        .map_err(|error| fault::of_term(sosl, search.term_span.start + 1, term, error))?;
    let runner = Runner {
        db,
        whole,
        schema,
        sosl,
        scope,
        version: scope.version.number(),
        expression,
    };
    runner.run(&search)
}

struct Runner<'a> {
    db: &'a Connection,
    whole: &'a Schema,
    schema: &'a Schema,
    sosl: &'a str,
    scope: &'a Scope,
    version: u16,
    expression: Expression,
}

/// One object that is asked for.
struct Asked<'a> {
    object: &'a Object,
    fields: Option<&'a ReturningFields>,
    /// How its records are read; none if nothing can match the term.
    plan: Option<Returned>,
    /// The records that were found.
    ids: Vec<RecordId>,
}

impl<'a> Runner<'a> {
    fn run(&self, search: &Search) -> Result<Found, ApiError> {
        let clauses = Clauses::of(search, self.version)?;
        let limit = match &search.limit {
            None => None,
            Some(IntegerValue::Literal { value, .. }) if *value >= 0 => Some(*value),
            Some(IntegerValue::Literal { .. }) => {
                return Err(fault::malformed("SOSL limit should be a positive number"));
            }
            Some(_) => return Err(ApiError::unsupported("bind variables")),
        };
        let mut asked = self.asked(&search.returning)?;
        if clauses.snippets && asked.iter().any(|each| each.object.name == "Case") {
            return Err(ApiError::unsupported("WITH SNIPPET for cases"));
        }
        let group = search.group.unwrap_or(SearchGroup::All);
        let objects = asked.len();
        for each in &mut asked {
            self.find(each, group, objects)?;
        }
        let found: Vec<usize> = asked.iter().map(|each| each.ids.len()).collect();
        let places = limits::overall(self.version, limit);
        for (each, share) in asked.iter_mut().zip(limits::share(&found, places)) {
            each.ids.truncate(share);
        }
        let mut records = Vec::new();
        for each in &asked {
            self.write(each, clauses.highlight, &mut records)?;
        }
        let metadata = clauses.labels.then(|| {
            let named = !search.returning.is_empty();
            let shown = asked.iter().filter(|each| named || !each.ids.is_empty());
            metadata::labels(self.schema, shown.map(|each| (each.object, each.fields)))
        });
        Ok(Found { records, metadata })
    }

    /// The objects of RETURNING, or all that are searched without it.
    fn asked<'s>(&self, returning: &'s [Returning]) -> Result<Vec<Asked<'s>>, ApiError>
    where
        'a: 's,
    {
        let mut asked: Vec<Asked<'s>> = Vec::new();
        for each in returning {
            let object = returned_object(self.schema, self.sosl, &each.object)?;
            if asked.iter().any(|known| known.object.name == object.name) {
                return Err(fault::malformed(format!(
                    "RETURNING names {} more than once",
                    object.name
                )));
            }
            let fields = each.fields.as_ref();
            if returning.len() > 1 && fields.is_some_and(|fields| fields.offset.is_some()) {
                return Err(fault::malformed(
                    "OFFSET can be used only when one object is searched",
                ));
            }
            asked.push(Asked::new(object, fields));
        }
        if returning.is_empty() {
            let schema: &'a Schema = self.schema;
            let objects = schema
                .objects()
                .filter(|object| is_in_default_scope(object));
            asked.extend(objects.map(|object| Asked::new(object, None)));
        }
        Ok(asked)
    }

    /// Finds the records of one of several objects.
    fn find(
        &self,
        asked: &mut Asked<'_>,
        group: SearchGroup,
        objects: usize,
    ) -> Result<(), ApiError> {
        let object = asked.object;
        let words = matching::expression(
            self.db,
            &self.expression,
            &fields::seen_columns(group, object, self.whole)?,
            fields::joins_words_by_or(object),
        )?;
        // What matches nothing is resolved too: its mistakes are told whatever is found.
        let nothing = words.is_none();
        let words = words.unwrap_or_default();
        let plan = compile_returning(
            self.schema,
            self.sosl,
            self.scope,
            object,
            asked.fields,
            words,
        )
        .map_err(as_search_error)?;
        if !nothing {
            asked.ids = plan.ids(self.db)?;
            let narrowed = asked
                .fields
                .is_some_and(|fields| fields.filter.is_some() || !fields.order_by.is_empty());
            asked.ids.truncate(limits::of_each(objects, narrowed));
            asked.plan = Some(plan);
        }
        Ok(())
    }

    /// Writes the records that were found of an object.
    fn write(
        &self,
        asked: &Asked<'_>,
        highlight: bool,
        records: &mut Vec<u8>,
    ) -> Result<(), ApiError> {
        let Some(plan) = &asked.plan else {
            return Ok(());
        };
        let mut add = |texts: &[u8]| {
            if !texts.is_empty() {
                if !records.is_empty() {
                    records.push(b',');
                }
                records.extend_from_slice(texts);
            }
        };
        let read = |ids: &[RecordId]| plan.records(self.db, self.scope.version, ids);
        let highlighted = if highlight && highlight::applies_to(asked.object, self.version) {
            highlight::MOST_RECORDS.min(asked.ids.len())
        } else {
            0
        };
        let literals = self.expression.literals();
        let (first, others) = asked.ids.split_at(highlighted);
        for id in first {
            let record = read(std::slice::from_ref(id))?;
            add(&highlight::highlighted(
                &record,
                asked.object,
                &literals,
                self.version,
            ));
        }
        add(&read(others)?);
        Ok(())
    }
}

impl<'a> Asked<'a> {
    fn new(object: &'a Object, fields: Option<&'a ReturningFields>) -> Self {
        Self {
            object,
            fields,
            plan: None,
            ids: Vec::new(),
        }
    }
}

/// What is malformed in a search is a search.
fn as_search_error(error: ApiError) -> ApiError {
    match error.items() {
        [item] if item.code == "MALFORMED_QUERY" => fault::malformed(item.message.clone()),
        _ => error,
    }
}
