//! WHERE as SQL.
//!
//! Salesforce's logic has two values: a comparison with null is false, and its negation true.
//! SQL's has three, so that every negation here takes null for false first, unless the org is told
//! otherwise.

use ferroforce_soql::Span;
use ferroforce_soql::ast::{
    Comparison, Condition, Field, InCondition, InList, IncludesCondition, LikeCondition,
    LikePattern, LikeValue, Literal, Operand as Left, Operator, PatternPart, SemiJoin, Value,
    ValueKind,
};
use rusqlite::types::Value as SqlValue;

use super::Compiler;
use super::fault::malformed;
use super::names::Tables;
use super::operand::{Kind, Operand};
use super::value::Comparand;
use crate::error::ApiError;

/// How many semi-joins a query may have.
const MOST_SEMI_JOINS: usize = 2;

/// Objects that semi-joins cannot look into.
const NO_SEMI_JOINS: [&str; 6] = [
    "Task",
    "Event",
    "Note",
    "Attachment",
    "ActivityHistory",
    "OpenActivity",
];

/// Where a condition stands, which decides whether a semi-join may stand there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// WHERE itself, or joined by AND to its other parts.
    Top,
    /// Below OR.
    Or,
    /// In parentheses of its own.
    Nested,
    /// In a semi-join.
    SemiJoin,
}

impl<'a> Compiler<'a> {
    /// The condition of WHERE.
    pub(super) fn filter(&mut self, condition: &Condition) -> Result<String, ApiError> {
        self.condition(condition, Level::Top, true)
    }

    fn condition(
        &mut self,
        condition: &Condition,
        level: Level,
        outermost: bool,
    ) -> Result<String, ApiError> {
        let below = |joined: Level| match level {
            Level::SemiJoin => Level::SemiJoin,
            _ if outermost => joined,
            Level::Or => Level::Or,
            _ if joined == Level::Or => Level::Or,
            _ => Level::Nested,
        };
        match condition {
            Condition::And(parts) => self.joined(parts, " AND ", below(Level::Top)),
            Condition::Or(parts) => self.joined(parts, " OR ", below(Level::Or)),
            Condition::Not(inner) => {
                let inner = self.condition(inner, below(Level::Nested), false)?;
                Ok(self.negated(&inner))
            }
            Condition::Comparison(comparison) => self.comparison(comparison),
            Condition::Like(like) => self.like(like),
            Condition::In(lookup) => self.lookup(lookup, level),
            Condition::Includes(includes) => self.includes(includes),
            _ => Err(ApiError::unsupported("this condition")),
        }
    }

    fn joined(
        &mut self,
        parts: &[Condition],
        word: &str,
        level: Level,
    ) -> Result<String, ApiError> {
        let parts = parts
            .iter()
            .map(|part| self.condition(part, level, false))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(balanced(&parts, word))
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<String, ApiError> {
        let span = comparison.span;
        let operator = comparison.operator;
        let operand = match &comparison.left {
            Left::Field(field) => self.filterable(field)?,
            Left::Distance(call) => {
                if !matches!(operator, Operator::Less | Operator::Greater) {
                    let message = "DISTANCE can be compared by < and > only";
                    return Err(self.source.at(span, "MALFORMED_QUERY", message));
                }
                self.distance(call)?
            }
            _ => return Err(ApiError::unsupported("arithmetic in WHERE")),
        };
        if operand.kind == Kind::Boolean
            && comparison.right.kind == ValueKind::Literal(Literal::Null)
        {
            // A boolean is never null: asked for null it is false.
            let value = match operator {
                Operator::Equal => 0,
                Operator::NotEqual => 1,
                _ => return Ok("0".to_owned()),
            };
            return Ok(format!("{} = {value}", operand.key));
        }
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        if !equality && matches!(operand.kind, Kind::Boolean | Kind::Multipicklist) {
            return Err(self.bad_operator(span, operand.kind));
        }
        let comparand = self.comparand(&operand, &comparison.right, span)?;
        Ok(self.compared(&operand.key, operator, comparand))
    }

    fn compared(&mut self, key: &str, operator: Operator, comparand: Comparand) -> String {
        match comparand {
            Comparand::Null => match operator {
                Operator::Equal => format!("{key} IS NULL"),
                Operator::NotEqual => format!("{key} IS NOT NULL"),
                _ => "0".to_owned(),
            },
            Comparand::One(value) => {
                let value = self.bind(value);
                match operator {
                    Operator::NotEqual if self.scope.readings.negations_drop_nulls => {
                        format!("{key} <> {value}")
                    }
                    Operator::NotEqual => format!("{key} IS NOT {value}"),
                    other => format!("{key} {} {value}", other.as_str()),
                }
            }
            Comparand::Range(range) => {
                let (word, bound) = match operator {
                    Operator::Less => ("<", range.start),
                    Operator::LessOrEqual => ("<", range.end),
                    Operator::Greater => (">=", range.end),
                    Operator::GreaterOrEqual => (">=", range.start),
                    _ => {
                        let start = self.bind(SqlValue::Integer(range.start));
                        let end = self.bind(SqlValue::Integer(range.end));
                        let inside = format!("({key} >= {start} AND {key} < {end})");
                        return if operator == Operator::NotEqual {
                            self.negated(&inside)
                        } else {
                            inside
                        };
                    }
                };
                let bound = self.bind(SqlValue::Integer(bound));
                format!("{key} {word} {bound}")
            }
        }
    }

    fn like(&mut self, like: &LikeCondition) -> Result<String, ApiError> {
        let operand = self.filterable(&like.field)?;
        match operand.kind {
            Kind::Text => {}
            // SQLite's LIKE knows no case.
            Kind::ExactText => {
                return Err(ApiError::unsupported("LIKE on a case-sensitive field"));
            }
            kind => return Err(self.bad_operator(like.span, kind)),
        }
        match &like.value {
            LikeValue::Pattern(pattern) => {
                let pattern = sql_pattern(pattern);
                self.check_length(like.value_span, &pattern)?;
                let pattern = self.bind(SqlValue::Text(pattern));
                Ok(format!("{} LIKE {pattern} ESCAPE '\\'", operand.key))
            }
            LikeValue::Literal(Literal::Null) => Ok(format!("{} IS NULL", operand.key)),
            LikeValue::Literal(_) => {
                Err(self.source.wrong_type(like.span, &operand.name, "string"))
            }
            _ => Err(ApiError::unsupported("bind variables")),
        }
    }

    fn lookup(&mut self, lookup: &InCondition, level: Level) -> Result<String, ApiError> {
        let inside = match &lookup.list {
            InList::Values(values) => {
                let operand = self.filterable(&lookup.field)?;
                self.one_of(&operand, values, lookup.span)?
            }
            InList::SemiJoin(query) => self.semi_join(&lookup.field, query, level)?,
            _ => return Err(ApiError::unsupported("bind variables")),
        };
        Ok(if lookup.negated {
            self.negated(&inside)
        } else {
            inside
        })
    }

    fn one_of(
        &mut self,
        operand: &Operand<'_>,
        values: &[Value],
        span: Span,
    ) -> Result<String, ApiError> {
        let mut ones = Vec::new();
        let mut others = Vec::new();
        for value in values {
            match self.comparand(operand, value, span)? {
                Comparand::One(value) => ones.push(self.bind(value)),
                // As in a comparison, null stands for false.
                Comparand::Null if operand.kind == Kind::Boolean => {
                    ones.push(self.bind(SqlValue::Integer(0)));
                }
                other => others.push(self.compared(&operand.key, Operator::Equal, other)),
            }
        }
        if !ones.is_empty() {
            others.push(format!("{} IN ({})", operand.key, ones.join(", ")));
        }
        Ok(balanced(&others, " OR "))
    }

    fn semi_join(
        &mut self,
        field: &Field,
        query: &SemiJoin,
        level: Level,
    ) -> Result<String, ApiError> {
        match level {
            Level::Top => {}
            Level::Or => {
                return Err(malformed(
                    "Semi join sub-selects are not allowed with the 'OR' operator",
                ));
            }
            Level::Nested => {
                return Err(malformed(
                    "Semi join sub-selects are only allowed at the top level WHERE expressions \
                     and not in nested WHERE expressions.",
                ));
            }
            Level::SemiJoin => {
                return Err(malformed(
                    "Nesting of semi join sub-selects is not supported",
                ));
            }
        }
        self.semi_joins += 1;
        if self.semi_joins > MOST_SEMI_JOINS {
            return Err(malformed("Maximum 2 semi join sub-selects are allowed"));
        }
        if query.with.is_some() {
            return Err(ApiError::unsupported("WITH in a semi-join"));
        }
        let left = self.filterable(field)?;
        if left.kind != Kind::Id {
            let message = format!(
                "The left operand of a semi join must be an id or reference field, cannot use: '{}'",
                left.name
            );
            return Err(ApiError::bad_request("MALFORMED_QUERY", message));
        }
        let outer_object = self.tables.root();
        let [from, ..] = query.from.as_slice() else {
            return Err(ApiError::unsupported("FROM without an object"));
        };
        let object = self.object(&from.object)?;
        if std::ptr::eq(object, outer_object) {
            return Err(malformed(
                "The inner and outer selects should not be on the same object type",
            ));
        }
        if NO_SEMI_JOINS.contains(&object.name.as_str()) {
            let message = format!(
                "Entity '{}' is not supported for semi join inner selects",
                object.name
            );
            return Err(ApiError::bad_request("MALFORMED_QUERY", message));
        }
        if !query.field.functions.is_empty() || query.field.path.segments().count() > 2 {
            return Err(malformed(
                "inner select field cannot have more than one level of relationships",
            ));
        }
        let outer = std::mem::replace(&mut self.tables, Tables::new(String::new(), object));
        let inner = self.inner_select(query, object);
        self.tables = outer;
        Ok(format!("{} IN ({})", left.key, inner?))
    }

    fn inner_select(
        &mut self,
        query: &SemiJoin,
        object: &'a crate::schema::Object,
    ) -> Result<String, ApiError> {
        self.enter(object, &query.from)?;
        let operand = self.filterable(&query.field)?;
        if operand.kind != Kind::Id {
            let name = &operand.name;
            return Err(ApiError::bad_request(
                "MALFORMED_QUERY",
                format!("semi join sub selects can only query id fields, cannot use: '{name}'"),
            ));
        }
        let filter = match &query.filter {
            Some(condition) => Some(self.condition(condition, Level::SemiJoin, false)?),
            None => None,
        };
        let mut all = vec![format!("{} IS NOT NULL", operand.value)];
        all.extend(self.deleted_filter());
        all.extend(filter.map(|filter| format!("({filter})")));
        Ok(format!(
            "SELECT {} FROM {} WHERE {}",
            operand.value,
            self.tables.sql(),
            all.join(" AND ")
        ))
    }

    fn includes(&mut self, includes: &IncludesCondition) -> Result<String, ApiError> {
        let operand = self.filterable(&includes.field)?;
        if operand.kind != Kind::Multipicklist {
            return Err(self.bad_operator(includes.span, operand.kind));
        }
        let mut any = Vec::new();
        for value in &includes.values {
            any.push(match self.comparand(&operand, value, includes.span)? {
                Comparand::One(SqlValue::Text(wanted)) => {
                    let all: Vec<String> = wanted
                        .split(';')
                        .map(|one| {
                            let one = self.bind(SqlValue::Text(format!(";{};", one.trim())));
                            format!("instr(';' || {} || ';', {one}) > 0", operand.key)
                        })
                        .collect();
                    balanced(&all, " AND ")
                }
                _ => format!("{} IS NULL", operand.key),
            });
        }
        let inside = balanced(&any, " OR ");
        Ok(if includes.negated {
            self.negated(&inside)
        } else {
            inside
        })
    }

    /// The negation of a condition, in which a comparison with null counts as false, unless it
    /// is to stay unknown as in SQL.
    fn negated(&self, condition: &str) -> String {
        if self.scope.readings.negations_drop_nulls {
            format!("NOT ({condition})")
        } else {
            format!("NOT ifnull({condition}, 0)")
        }
    }

    /// The field as an operand, unless it can't be filtered by.
    fn filterable(&mut self, field: &Field) -> Result<Operand<'a>, ApiError> {
        if let Some(function) = field.function()
            && (function.is("FORMAT") || function.is("convertCurrency"))
        {
            let message = format!("{function}() can be used in SELECT only");
            return Err(self.source.at(field.span, "MALFORMED_QUERY", &message));
        }
        let operand = self.expression(field)?;
        if operand.kind == Kind::Address {
            return Err(malformed_address());
        }
        let allowed = operand.field.is_none_or(|field| field.filterable);
        if allowed && !matches!(operand.kind, Kind::Location | Kind::Blob) {
            return Ok(operand);
        }
        Err(self
            .source
            .not_allowed(field.span, &operand.name, "filtered"))
    }

    fn bad_operator(&self, span: Span, kind: Kind) -> ApiError {
        let message = format!("invalid operator on {} field", kind.name());
        self.source
            .at(span, "INVALID_QUERY_FILTER_OPERATOR", &message)
    }
}

fn malformed_address() -> ApiError {
    ApiError::bad_request(
        "INVALID_FIELD",
        "Address fields can only be filtered using Distance expressions",
    )
}

/// Joins conditions so that they nest as little as possible: SQLite bounds the depth of what it
/// parses, and a query may hold thousands of conditions.
fn balanced(parts: &[String], word: &str) -> String {
    match parts {
        [] => "0".to_owned(),
        [only] => only.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({}{word}{})", balanced(left, word), balanced(right, word))
        }
    }
}

/// The pattern as SQLite writes it, its case folded like that of the keys it is matched with.
fn sql_pattern(pattern: &LikePattern) -> String {
    let mut sql = String::new();
    for part in &pattern.parts {
        match part {
            PatternPart::AnyText => sql.push('%'),
            PatternPart::AnyCharacter => sql.push('_'),
            PatternPart::Text(text) => {
                for character in text.to_uppercase().chars() {
                    if matches!(character, '%' | '_' | '\\') {
                        sql.push('\\');
                    }
                    sql.push(character);
                }
            }
            _ => {}
        }
    }
    sql
}
