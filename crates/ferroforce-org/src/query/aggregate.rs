//! Queries that answer groups or a number, and not records.

use ferroforce_soql::ast::{Field, Grouping, Name, Query, Select, SelectItem};

use super::Compiler;
use super::fault::malformed;
use super::function::is_currency;
use super::operand::{Kind, Operand};
use super::plan::{GroupColumn, GroupsPlan, Plan, Statement};
use crate::error::ApiError;

pub(super) const AGGREGATES: [&str; 6] = ["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"];

/// How many fields ROLLUP and CUBE take.
const MOST_TOTALLED: usize = 3;

/// The keys of GROUP BY in one set of groups.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    keys: Vec<String>,
    /// The keys over which this set makes totals.
    left_out: Vec<String>,
}

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
        if !query.for_clauses.is_empty() {
            return Err(ApiError::unsupported(
                "FOR VIEW and FOR REFERENCE in an aggregate query",
            ));
        }
        let window = self.window(query)?;
        let filter = match self.conditions(query)?.as_str() {
            "" => String::new(),
            filter => format!(" WHERE {filter}"),
        };
        let items = match &query.select {
            Select::Items(items) if query.group_by.is_some() || used(query) => items,
            _ => {
                if query.group_by.is_some() || !query.order_by.is_empty() {
                    return Err(malformed("COUNT() can't be used with GROUP BY or ORDER BY"));
                }
                let found = format!(
                    "SELECT 1 FROM {}{filter}{}",
                    self.tables.sql(),
                    window.sql()
                );
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
        let keys = self.group_keys(query)?;
        let grouping = query.group_by.as_ref().map(|group_by| group_by.grouping);
        let mut branches = Vec::new();
        let mut columns = Vec::new();
        let mut order = Vec::new();
        for shown in grouping_sets(grouping, keys.len()) {
            let pick = |wanted: bool| {
                let picked = keys
                    .iter()
                    .zip(&shown)
                    .filter(|&(_, &shown)| shown == wanted);
                picked.map(|(key, _)| key.clone()).collect::<Vec<_>>()
            };
            self.groups = Some(Groups {
                keys: pick(true),
                left_out: pick(false),
            });
            let branch = self.group_set(query, items, &keys, &filter)?;
            branches.push(branch.sql);
            columns = branch.columns;
            order = branch.order;
        }
        let sql = format!(
            "SELECT * FROM ({}){}{}",
            branches.join(" UNION ALL "),
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

    /// The SELECT of one set of groups. What rows are sorted by follows its columns.
    fn group_set(
        &mut self,
        query: &Query,
        items: &[SelectItem],
        keys: &[String],
        filter: &str,
    ) -> Result<Branch, ApiError> {
        self.unnamed = 0;
        let groups = self.groups.clone().unwrap_or_default();
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
                aggregate: !keys.contains(&operand.key) && operand.key != "NULL",
            });
            values.push(operand.value);
        }
        let mut order = Vec::new();
        for key in self.order(&query.order_by)? {
            order.push(format!("\"order{}\"{}", order.len(), key.direction));
            values.push(format!("{} AS \"order{}\"", key.value, order.len() - 1));
        }
        // Groups that compare alike keep one order, with totals behind what they are totals of.
        for key in keys {
            let shown = groups.keys.contains(key);
            order.push(format!("\"order{}\" NULLS LAST", order.len()));
            let value = if shown { key } else { "NULL" };
            values.push(format!("{value} AS \"order{}\"", order.len() - 1));
        }
        let condition = query.group_by.as_ref().and_then(|by| by.having.as_ref());
        let having = match condition {
            Some(condition) => format!(" HAVING {}", self.filter(condition)?),
            None => String::new(),
        };
        let grouped = if groups.keys.is_empty() && !keys.is_empty() {
            // The total over all is one group too, unless there is nothing.
            " GROUP BY NULL".to_owned()
        } else {
            clause("GROUP", &groups.keys)
        };
        let sql = format!(
            "SELECT {} FROM {}{filter}{grouped}{having}",
            values.join(", "),
            self.tables.sql(),
        );
        Ok(Branch {
            sql,
            columns,
            order,
        })
    }

    /// The keys of GROUP BY; none without it.
    fn group_keys(&mut self, query: &Query) -> Result<Vec<String>, ApiError> {
        let Some(group_by) = &query.group_by else {
            return Ok(Vec::new());
        };
        if group_by.grouping != Grouping::Plain && group_by.fields.len() > MOST_TOTALLED {
            return Err(malformed("ROLLUP and CUBE take at most three fields"));
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
        let (field, alias) = match item {
            SelectItem::Field { field, alias } => (field, alias),
            SelectItem::Subquery(_) | SelectItem::Typeof { .. } => {
                return Err(malformed(
                    "aggregate queries can't hold subqueries or TYPEOF",
                ));
            }
            _ => {
                return Err(ApiError::unsupported(
                    "anything but fields and functions of fields in an aggregate query",
                ));
            }
        };
        let operand = self.expression(field)?;
        let name = match alias {
            Some(alias) => alias.text.clone(),
            None if field.functions.is_empty() => operand.name.clone(),
            None => self.unnamed(),
        };
        Ok((operand, name))
    }

    /// A field of a query with groups: a key of them, or inside an aggregate function.
    pub(super) fn grouped(
        &mut self,
        field: &Field,
        groups: &Groups,
    ) -> Result<Operand<'a>, ApiError> {
        if field
            .function()
            .is_some_and(|function| function.is("GROUPING"))
        {
            return self.is_total(field, groups);
        }
        let Some(function) = aggregate(field) else {
            let operand = self.plain_expression(field)?;
            if groups.left_out.contains(&operand.key) {
                return Ok(Operand {
                    value: "NULL".to_owned(),
                    key: "NULL".to_owned(),
                    field: None,
                    ..operand
                });
            }
            if !groups.keys.contains(&operand.key) {
                return Err(not_grouped(field));
            }
            // Texts that differ by case only are in one group, of which one is shown.
            return Ok(Operand {
                value: format!("min({})", operand.value),
                ..operand
            });
        };
        if let [outer, inner] = field.functions.as_slice() {
            return self.around_aggregate(field, outer, inner, groups);
        }
        let operand = self.operand(&field.path)?;
        if groups.keys.contains(&operand.key) && operand.name == "Id" {
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

    /// FORMAT or convertCurrency of an aggregate function, or the other way round.
    fn around_aggregate(
        &mut self,
        field: &Field,
        outer: &Name,
        inner: &Name,
        groups: &Groups,
    ) -> Result<Operand<'a>, ApiError> {
        let plain = self.operand(&field.path)?;
        let only = |function: &Name| {
            let mut field = field.clone();
            field.functions = vec![function.clone()];
            field
        };
        if outer.is("FORMAT") {
            let operand = self.grouped(&only(inner), groups)?;
            if let Some(formatted) = self.formatted(&operand, plain.field)? {
                return Ok(formatted);
            }
        }
        let (aggregate, currency) = if inner.is("convertCurrency") {
            (outer, true)
        } else {
            (inner, outer.is("convertCurrency"))
        };
        if currency && is_currency(plain.field) {
            return self.grouped(&only(aggregate), groups);
        }
        Err(ApiError::unsupported(format_args!("{field}")))
    }

    /// GROUPING: 1 in the totals over a field, and else 0.
    fn is_total(&mut self, field: &Field, groups: &Groups) -> Result<Operand<'a>, ApiError> {
        let operand = self.operand(&field.path)?;
        // Not plain numbers, which ORDER BY would take for columns.
        let value = if groups.left_out.contains(&operand.key) {
            "abs(1)"
        } else if groups.keys.contains(&operand.key) {
            "abs(0)"
        } else {
            return Err(not_grouped(field));
        };
        Ok(Operand {
            value: value.to_owned(),
            key: value.to_owned(),
            kind: Kind::Integer,
            field: None,
            ..operand
        })
    }
}

/// The SELECT of one set of groups.
struct Branch {
    sql: String,
    columns: Vec<GroupColumn>,
    order: Vec<String>,
}

/// A clause of keys, or nothing without keys.
fn clause(word: &str, keys: &[String]) -> String {
    match keys {
        [] => String::new(),
        keys => format!(" {word} BY {}", keys.join(", ")),
    }
}

/// Which of the fields are grouped by, for each set of groups that a grouping makes.
fn grouping_sets(grouping: Option<Grouping>, fields: usize) -> Vec<Vec<bool>> {
    match grouping {
        Some(Grouping::Rollup) => (0..=fields)
            .map(|left_out| (0..fields).map(|field| field + left_out < fields).collect())
            .collect(),
        Some(Grouping::Cube) => (0..1_u32 << fields)
            .map(|left_out| {
                (0..fields)
                    .map(|field| left_out >> field & 1 == 0)
                    .collect()
            })
            .collect(),
        _ => vec![vec![true; fields]],
    }
}

pub(super) fn not_grouped(field: &Field) -> ApiError {
    let message = format!("Field must be grouped or aggregated: {}", field.path.text);
    ApiError::bad_request("MALFORMED_QUERY", message)
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
