//! Queries that answer groups or a number, and not records.

use ferroforce_soql::ast::{Field, Grouping, Query, Select, SelectItem};

use super::Compiler;
use super::fault::malformed;
use super::operand::{Kind, Operand};
use super::plan::{GroupColumn, GroupsPlan, Plan, Statement};
use crate::error::ApiError;

const AGGREGATES: [&str; 6] = ["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"];

/// Whether the select list holds an aggregate function.
pub(super) fn used(query: &Query) -> bool {
    match &query.select {
        Select::Count => true,
        Select::Items(items) => items.iter().any(
            |item| matches!(item, SelectItem::Field { field, .. } if aggregate(field).is_some()),
        ),
        _ => false,
    }
}

/// The aggregate function around a field, in upper case, wherever it stands among its functions.
fn aggregate(field: &Field) -> Option<&'static str> {
    field.functions.iter().find_map(|function| {
        AGGREGATES
            .into_iter()
            .find(|aggregate| function.is(aggregate))
    })
}

impl<'a> Compiler<'a> {
    /// A query with groups, or with aggregate functions over all that it finds.
    pub(super) fn aggregate(&mut self, query: &Query) -> Result<Plan, ApiError> {
        self.check_clauses(query)?;
        let window = self.window(query)?;
        let filter = match self.conditions(query)?.as_str() {
            "" => String::new(),
            filter => format!(" WHERE {filter}"),
        };
        let items = match &query.select {
            Select::Items(items) if query.group_by.is_some() || used(query) => items,
            _ => {
                if query.group_by.is_some() || !query.order_by.is_empty() {
                    return Err(ApiError::unsupported("COUNT() with GROUP BY or ORDER BY"));
                }
                let found = format!("SELECT 1 {}{filter}{}", self.tables.sql(), window.sql());
                return Ok(Plan::Count(Statement {
                    sql: format!("SELECT count(*) FROM ({found})"),
                    params: self.take_params()?,
                }));
            }
        };
        if query.group_by.is_none() && window.limit.is_some() {
            return Err(malformed(
                "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
            ));
        }
        let groups = self.groups(query)?;
        self.groups = Some(groups.clone());
        let mut values = Vec::new();
        let mut columns: Vec<GroupColumn> = Vec::new();
        for item in items {
            let (operand, name) = self.group_item(item)?;
            if columns.iter().any(|known| known.name == name) {
                let message = format!("duplicate alias: {name}");
                return Err(ApiError::bad_request("MALFORMED_QUERY", message));
            }
            columns.push(GroupColumn {
                name,
                kind: operand.kind,
                aggregate: !groups.contains(&operand.key),
            });
            values.push(operand.value);
        }
        let having = match query
            .group_by
            .as_ref()
            .and_then(|group| group.having.as_ref())
        {
            Some(condition) => format!(" HAVING {}", self.filter(condition)?),
            None => String::new(),
        };
        let mut order = self.order(&query.order_by)?;
        order.extend(groups.iter().cloned());
        let clause = |word: &str, keys: &[String]| match keys {
            [] => String::new(),
            keys => format!(" {word} BY {}", keys.join(", ")),
        };
        let sql = format!(
            "SELECT {} {}{filter}{}{having}{}{}",
            values.join(", "),
            self.tables.sql(),
            clause("GROUP", &groups),
            clause("ORDER", &order),
            window.sql(),
        );
        Ok(Plan::Groups(GroupsPlan {
            statement: Statement {
                sql,
                params: self.take_params()?,
            },
            columns,
        }))
    }

    /// The keys of GROUP BY; none without it.
    fn groups(&mut self, query: &Query) -> Result<Vec<String>, ApiError> {
        let Some(group_by) = &query.group_by else {
            return Ok(Vec::new());
        };
        match group_by.grouping {
            Grouping::Plain => {}
            Grouping::Rollup => return Err(ApiError::unsupported("GROUP BY ROLLUP")),
            _ => return Err(ApiError::unsupported("GROUP BY CUBE")),
        }
        group_by
            .fields
            .iter()
            .map(|field| {
                let operand = self.expression(field)?;
                if operand.field.is_some_and(|field| !field.groupable) {
                    return Err(self
                        .source
                        .not_allowed(field.span, &operand.name, "grouped"));
                }
                Ok(operand.key)
            })
            .collect()
    }

    /// An item of the select list with its name in the answer.
    fn group_item(&mut self, item: &SelectItem) -> Result<(Operand<'a>, String), ApiError> {
        let SelectItem::Field { field, alias } = item else {
            return Err(ApiError::unsupported(
                "anything but fields and functions in an aggregate query",
            ));
        };
        let operand = self.expression(field)?;
        let name = match alias {
            Some(alias) => alias.text.clone(),
            None if field.functions.is_empty() => operand.name.clone(),
            None => {
                let name = format!("expr{}", self.unnamed);
                self.unnamed += 1;
                name
            }
        };
        Ok((operand, name))
    }

    /// A field of a query with groups: a key of them, or inside an aggregate function.
    pub(super) fn grouped(
        &mut self,
        field: &Field,
        groups: &[String],
    ) -> Result<Operand<'a>, ApiError> {
        let Some(function) = aggregate(field) else {
            let operand = self.plain_expression(field)?;
            if !groups.contains(&operand.key) {
                let message = format!("Field must be grouped or aggregated: {}", field.path.text);
                return Err(ApiError::bad_request("MALFORMED_QUERY", message));
            }
            // Texts that differ by case only are in one group, of which one is shown.
            return Ok(Operand {
                value: format!("min({})", operand.value),
                ..operand
            });
        };
        if field.functions.len() > 1 {
            return Err(ApiError::unsupported(format_args!("{field}")));
        }
        let operand = self.operand(&field.path)?;
        if groups.contains(&operand.key) && operand.name == "Id" {
            let message = format!("Grouped field should not be aggregated: {}", operand.name);
            return Err(ApiError::bad_request("MALFORMED_QUERY", message));
        }
        let counts = function == "COUNT" || function == "COUNT_DISTINCT";
        let numeric = matches!(operand.kind, Kind::Integer | Kind::Double);
        let allowed = operand
            .field
            .is_none_or(|field| counts || field.aggregatable);
        let sums = function == "SUM" || function == "AVG";
        if !allowed || (sums && !numeric) {
            let message = format!(
                "field {} does not support aggregate operator {function}",
                operand.name
            );
            return Err(self.source.at(field.span, "MALFORMED_QUERY", &message));
        }
        Ok(apply(function, operand))
    }
}

fn apply<'a>(function: &str, operand: Operand<'a>) -> Operand<'a> {
    let Operand { value, key, .. } = &operand;
    let is_text = matches!(operand.kind, Kind::Text | Kind::Multipicklist);
    let (value, key, kind) = match function {
        "COUNT" => {
            let sql = format!("count({value})");
            (sql.clone(), sql, Kind::Integer)
        }
        "COUNT_DISTINCT" => {
            let sql = format!("count(DISTINCT {key})");
            (sql.clone(), sql, Kind::Integer)
        }
        // The least key tells the least text, which is put behind it to be found again.
        "MIN" | "MAX" if is_text => {
            let function = function.to_ascii_lowercase();
            let both = format!("{function}({key} || char(1) || {value})");
            let value = format!("substr({both}, instr({both}, char(1)) + 1)");
            (value, format!("{function}({key})"), operand.kind)
        }
        other => {
            let kind = if other == "SUM" || other == "AVG" {
                Kind::Double
            } else {
                operand.kind
            };
            let sql = format!("{}({value})", other.to_ascii_lowercase());
            (sql.clone(), sql, kind)
        }
    };
    Operand {
        value,
        key,
        kind,
        field: None,
        ..operand
    }
}
