use std::fmt;

use super::Printer;
use crate::ast::{
    CategoryFilter, Condition, ForClause, From, GroupBy, Grouping, InList, LookupBinding, Name,
    NullsOrder, Operand, OrderBy, OrderKey, Query, Select, SelectItem, SemiJoin, SortDirection,
    Subquery, TrackingUpdate, Typeof, Using, With, WithArgument,
};

impl Printer<'_> {
    pub(super) fn query(&mut self, query: &Query) -> fmt::Result {
        self.write("SELECT")?;
        match &query.select {
            Select::Count => self.write(" COUNT()")?,
            Select::Items(items) => {
                let flat = !items
                    .iter()
                    .any(|item| matches!(item, SelectItem::Subquery(_)));
                self.list(items, flat, |printer, item| printer.select_item(item))?;
            }
        }
        self.from(&query.from)?;
        self.filter(query.filter.as_ref())?;
        for with in &query.with {
            self.clause("WITH ")?;
            self.with(with)?;
        }
        if let Some(group_by) = &query.group_by {
            self.group_by(group_by)?;
        }
        self.order_by(&query.order_by)?;
        if let Some(limit) = &query.limit {
            self.clause("LIMIT ")?;
            write!(self.out, "{limit}")?;
        }
        if let Some(offset) = &query.offset {
            self.clause("OFFSET ")?;
            write!(self.out, "{offset}")?;
        }
        self.lookup_bindings(&query.bind)?;
        for clause in &query.for_clauses {
            self.clause(match clause {
                ForClause::View => "FOR VIEW",
                ForClause::Reference => "FOR REFERENCE",
                ForClause::Update => "FOR UPDATE",
            })?;
        }
        self.tracking_updates(&query.update)?;
        if query.all_rows {
            self.clause("ALL ROWS")?;
        }
        Ok(())
    }

    fn select_item(&mut self, item: &SelectItem) -> fmt::Result {
        match item {
            SelectItem::Field { field, alias } => {
                write!(self.out, "{field}")?;
                self.alias(alias.as_ref())
            }
            SelectItem::Distance { call, alias } => {
                write!(self.out, "{call}")?;
                self.alias(alias.as_ref())
            }
            SelectItem::Typeof { expression, alias } => {
                self.type_of(expression)?;
                self.alias(alias.as_ref())
            }
            SelectItem::Subquery(Subquery { query, alias }) => {
                self.in_parentheses(|printer| printer.query(query))?;
                self.alias(alias.as_ref())
            }
        }
    }

    /// Parentheses on lines of their own, unless all stays on one line.
    fn in_parentheses(&mut self, inner: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        self.write("(")?;
        if self.indent.is_none() {
            inner(self)?;
        } else {
            self.indented(|printer| {
                printer.line_break()?;
                inner(printer)
            })?;
            self.line_break()?;
        }
        self.write(")")
    }

    pub(super) fn alias(&mut self, alias: Option<&Name>) -> fmt::Result {
        match alias {
            Some(alias) => write!(self.out, " {alias}"),
            None => Ok(()),
        }
    }

    fn type_of(&mut self, expression: &Typeof) -> fmt::Result {
        write!(self.out, "TYPEOF {}", expression.relationship)?;
        for branch in &expression.branches {
            write!(self.out, " WHEN {} THEN ", branch.object)?;
            self.join(&branch.fields, ", ", |printer, field| {
                write!(printer.out, "{field}")
            })?;
        }
        if !expression.otherwise.is_empty() {
            self.write(" ELSE ")?;
            self.join(&expression.otherwise, ", ", |printer, field| {
                write!(printer.out, "{field}")
            })?;
        }
        self.write(" END")
    }

    fn from(&mut self, from: &[From]) -> fmt::Result {
        self.clause("FROM ")?;
        self.join(from, ", ", |printer, item| {
            write!(printer.out, "{}", item.object)?;
            printer.alias(item.alias.as_ref())?;
            if item.using.is_empty() {
                return Ok(());
            }
            printer.write(" USING ")?;
            printer.using(&item.using)
        })
    }

    pub(super) fn using(&mut self, using: &[Using]) -> fmt::Result {
        self.join(using, ", ", |printer, part| match part {
            Using::Scope(name) => write!(printer.out, "SCOPE {name}"),
            Using::Lookup(path) => write!(printer.out, "LOOKUP {path}"),
        })
    }

    pub(super) fn filter(&mut self, filter: Option<&Condition>) -> fmt::Result {
        match filter {
            Some(condition) => {
                self.clause("WHERE ")?;
                self.conditions(condition)
            }
            None => Ok(()),
        }
    }

    /// A condition with nothing around it.
    pub(super) fn conditions(&mut self, condition: &Condition) -> fmt::Result {
        match condition {
            Condition::And(all) => self.joined(all, "AND "),
            Condition::Or(all) => self.joined(all, "OR "),
            Condition::Not(inner) => {
                self.write("NOT ")?;
                self.condition(inner)
            }
            other => self.condition(other),
        }
    }

    fn joined(&mut self, all: &[Condition], word: &str) -> fmt::Result {
        self.indented(|printer| {
            for (index, each) in all.iter().enumerate() {
                if index > 0 {
                    printer.clause(word)?;
                }
                printer.condition(each)?;
            }
            Ok(())
        })
    }

    /// A condition among others: in parentheses if it has parts.
    fn condition(&mut self, condition: &Condition) -> fmt::Result {
        match condition {
            Condition::And(_) | Condition::Or(_) | Condition::Not(_) => {
                // A line break inside says less than the parentheses already do.
                let outer = self.indent.take();
                self.write("(")?;
                self.conditions(condition)?;
                self.indent = outer;
                self.write(")")
            }
            Condition::Comparison(comparison) => {
                match &comparison.left {
                    Operand::Field(field) => write!(self.out, "{field}")?,
                    Operand::Distance(call) => write!(self.out, "{call}")?,
                    Operand::Arithmetic(sum) => {
                        let sign = if sum.subtract { '-' } else { '+' };
                        write!(self.out, "{} {sign} {}", sum.left, sum.right)?;
                    }
                }
                let operator = comparison.operator.as_str();
                write!(self.out, " {operator} {}", comparison.right)
            }
            Condition::Like(like) => write!(self.out, "{} LIKE {}", like.field, like.value),
            Condition::In(lookup) => {
                let not = if lookup.negated { "NOT " } else { "" };
                write!(self.out, "{} {not}IN ", lookup.field)?;
                match &lookup.list {
                    InList::Values(values) => {
                        self.write("(")?;
                        self.join(values, ", ", |printer, value| {
                            write!(printer.out, "{value}")
                        })?;
                        self.write(")")
                    }
                    InList::SemiJoin(query) => {
                        self.in_parentheses(|printer| printer.semi_join(query))
                    }
                    InList::Bind(bind) => write!(self.out, "{bind}"),
                }
            }
            Condition::Includes(includes) => {
                let word = if includes.negated {
                    "EXCLUDES"
                } else {
                    "INCLUDES"
                };
                write!(self.out, "{} {word} (", includes.field)?;
                self.join(&includes.values, ", ", |printer, value| {
                    write!(printer.out, "{value}")
                })?;
                self.write(")")
            }
        }
    }

    fn semi_join(&mut self, query: &SemiJoin) -> fmt::Result {
        write!(self.out, "SELECT {}", query.field)?;
        self.from(&query.from)?;
        self.filter(query.filter.as_ref())?;
        if let Some(with) = &query.with {
            self.clause("WITH ")?;
            self.with(with)?;
        }
        Ok(())
    }

    fn with(&mut self, with: &With) -> fmt::Result {
        match with {
            With::DataCategory(filters) => {
                self.write("DATA CATEGORY ")?;
                self.category_filters(filters)
            }
            With::Equals { name, value } => write!(self.out, "{name} = {value}"),
            With::Keyword(name) => write!(self.out, "{name}"),
            With::Call { name, arguments } => {
                write!(self.out, "{name} ")?;
                self.with_arguments(arguments)
            }
        }
    }

    pub(super) fn with_arguments(&mut self, arguments: &[WithArgument]) -> fmt::Result {
        self.write("(")?;
        self.join(arguments, ", ", |printer, WithArgument { name, value }| {
            write!(printer.out, "{name} = {value}")
        })?;
        self.write(")")
    }

    pub(super) fn category_filters(&mut self, filters: &[CategoryFilter]) -> fmt::Result {
        self.join(filters, " AND ", |printer, filter| {
            write!(
                printer.out,
                "{} {} ",
                filter.group,
                filter.selector.as_str()
            )?;
            if let [category] = filter.categories.as_slice() {
                return write!(printer.out, "{category}");
            }
            printer.write("(")?;
            printer.join(&filter.categories, ", ", |printer, category| {
                write!(printer.out, "{category}")
            })?;
            printer.write(")")
        })
    }

    fn group_by(&mut self, group_by: &GroupBy) -> fmt::Result {
        self.clause("GROUP BY ")?;
        let (open, close) = match group_by.grouping {
            Grouping::Plain => ("", ""),
            Grouping::Rollup => ("ROLLUP(", ")"),
            Grouping::Cube => ("CUBE(", ")"),
        };
        self.write(open)?;
        self.join(&group_by.fields, ", ", |printer, field| {
            write!(printer.out, "{field}")
        })?;
        self.write(close)?;
        if let Some(having) = &group_by.having {
            self.clause("HAVING ")?;
            self.conditions(having)?;
        }
        Ok(())
    }

    pub(super) fn order_by(&mut self, keys: &[OrderBy]) -> fmt::Result {
        if keys.is_empty() {
            return Ok(());
        }
        self.clause("ORDER BY ")?;
        self.join(keys, ", ", |printer, key| {
            match &key.key {
                OrderKey::Field(field) => write!(printer.out, "{field}")?,
                OrderKey::Distance(call) => write!(printer.out, "{call}")?,
            }
            printer.write(match key.direction {
                None => "",
                Some(SortDirection::Ascending) => " ASC",
                Some(SortDirection::Descending) => " DESC",
            })?;
            printer.write(match key.nulls {
                None => "",
                Some(NullsOrder::First) => " NULLS FIRST",
                Some(NullsOrder::Last) => " NULLS LAST",
            })
        })
    }

    pub(super) fn lookup_bindings(&mut self, bindings: &[LookupBinding]) -> fmt::Result {
        if bindings.is_empty() {
            return Ok(());
        }
        self.clause("BIND ")?;
        self.join(bindings, ", ", |printer, LookupBinding { field, value }| {
            write!(printer.out, "{field} = {value}")
        })
    }

    pub(super) fn tracking_updates(&mut self, updates: &[TrackingUpdate]) -> fmt::Result {
        if updates.is_empty() {
            return Ok(());
        }
        self.clause("UPDATE ")?;
        self.join(updates, ", ", |printer, update| {
            printer.write(match update {
                TrackingUpdate::Tracking => "TRACKING",
                TrackingUpdate::Viewstat => "VIEWSTAT",
            })
        })
    }
}
