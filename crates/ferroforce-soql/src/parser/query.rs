//! The clauses of a query.

use super::{Parser, Result};
use crate::ast::{
    CategoryFilter, CategorySelector, Condition, ForClause, From, GroupBy, Grouping, Literal,
    LookupBinding, NullsOrder, OrderBy, OrderKey, Query, Select, SelectItem, SortDirection,
    Subquery, TrackingUpdate, Typeof, TypeofBranch, Using, With, WithArgument, WithValue,
};
use crate::lexer::{Kind, token_at};

impl Parser<'_> {
    pub(super) fn query(&mut self) -> Result<Query> {
        let start = self.token.span.start;
        let select = self.select()?;
        let from = self.from()?;
        let filter = self.filter()?;
        let mut with = Vec::new();
        while self.at("WITH") {
            with.push(self.with(with.is_empty())?);
        }
        let group_by = self.group_by()?;
        let order_by = self.order_by()?;
        let limit = self.integer_after("LIMIT")?;
        let offset = self.integer_after("OFFSET")?;
        let bind = self.lookup_bindings()?;
        let for_clauses = self.for_clauses()?;
        let update = self.tracking_updates()?;
        let all_rows = self.apex() && self.eat_pair("ALL", "ROWS");
        Ok(Query {
            select,
            from,
            filter,
            with,
            group_by,
            order_by,
            limit,
            offset,
            bind,
            for_clauses,
            update,
            all_rows,
            span: self.since(start),
        })
    }

    fn select(&mut self) -> Result<Select> {
        self.expect("SELECT")?;
        if self.at("COUNT") {
            let open = self.peek();
            if open.kind == Kind::Symbol('(')
                && token_at(self.source, open.span.end).kind == Kind::Symbol(')')
            {
                for _ in 0..3 {
                    self.advance();
                }
                return Ok(Select::Count);
            }
        }
        self.list(Self::select_item).map(Select::Items)
    }

    fn select_item(&mut self) -> Result<SelectItem> {
        if self.eat_symbol('(') {
            let query = Box::new(self.nested(Self::query)?);
            self.expect_symbol(')')?;
            let alias = self.alias()?;
            return Ok(SelectItem::Subquery(Subquery { query, alias }));
        }
        if self.at_typeof() {
            let expression = self.type_of()?;
            let alias = self.alias()?;
            return Ok(SelectItem::Typeof { expression, alias });
        }
        if self.at_distance() {
            let call = self.distance()?;
            let alias = self.alias()?;
            return Ok(SelectItem::Distance { call, alias });
        }
        let field = self.field()?;
        let alias = self.alias()?;
        Ok(SelectItem::Field { field, alias })
    }

    /// Whether TYPEOF is next, and not a field of that name.
    fn at_typeof(&self) -> bool {
        if !self.at("TYPEOF") {
            return false;
        }
        let relationship = self.peek();
        self.is_name(relationship)
            && self.token_is(token_at(self.source, relationship.span.end), "WHEN")
    }

    fn type_of(&mut self) -> Result<Typeof> {
        let start = self.advance().span.start;
        let relationship = self.path()?;
        let mut branches = Vec::new();
        while self.eat("WHEN") {
            let object = self.path()?;
            self.expect("THEN")?;
            let fields = self.list(Self::path)?;
            branches.push(TypeofBranch { object, fields });
        }
        let otherwise = if self.eat("ELSE") {
            self.list(Self::path)?
        } else {
            Vec::new()
        };
        self.expect("END")?;
        Ok(Typeof {
            relationship,
            branches,
            otherwise,
            span: self.since(start),
        })
    }

    pub(super) fn from(&mut self) -> Result<Vec<From>> {
        self.expect("FROM")?;
        self.list(Self::source_object)
    }

    fn source_object(&mut self) -> Result<From> {
        let object = self.path()?;
        let alias = if self.eat("AS") {
            Some(self.name()?)
        } else if self.at_clause() {
            None
        } else {
            self.alias()?
        };
        let using = if self.eat("USING") {
            self.usings()?
        } else {
            Vec::new()
        };
        Ok(From {
            object,
            alias,
            using,
        })
    }

    /// Whether a clause begins here with a word that could also be an alias.
    fn at_clause(&self) -> bool {
        let next = self.peek();
        if self.at("GROUP") || self.at("ORDER") {
            return self.token_is(next, "BY");
        }
        if self.at("OFFSET") {
            return matches!(next.kind, Kind::Integer | Kind::Symbol('+' | '-' | ':'));
        }
        self.apex() && self.at_pair("ALL", "ROWS")
    }

    /// What follows USING. A comma may also begin the next object.
    pub(super) fn usings(&mut self) -> Result<Vec<Using>> {
        let mut all = vec![self.using()?];
        while self.at_symbol(',') {
            let word = self.peek();
            let name = token_at(self.source, word.span.end);
            let goes_on = self.token_is(word, "SCOPE") || self.token_is(word, "LOOKUP");
            if !goes_on || !self.is_name(name) {
                break;
            }
            self.advance();
            all.push(self.using()?);
        }
        Ok(all)
    }

    fn using(&mut self) -> Result<Using> {
        if self.eat("SCOPE") {
            self.name().map(Using::Scope)
        } else if self.eat("LOOKUP") {
            self.path().map(Using::Lookup)
        } else {
            Err(self.unexpected())
        }
    }

    /// WHERE, if it is next.
    pub(super) fn filter(&mut self) -> Result<Option<Condition>> {
        if self.eat("WHERE") {
            self.conditions().map(Some)
        } else {
            Ok(None)
        }
    }

    /// WITH: a filter if it is the first one, or else a keyword.
    fn with(&mut self, first: bool) -> Result<With> {
        if first && (self.with_starts_filter() || self.peek_is_category()) {
            return self.with_filter();
        }
        self.advance();
        let name = self.path()?;
        if !self.at_symbol('(') {
            return Ok(With::Keyword(name));
        }
        let arguments = self.parenthesized(Self::with_argument)?;
        Ok(With::Call { name, arguments })
    }

    /// Whether `WITH name =` is next.
    fn with_starts_filter(&self) -> bool {
        let name = self.peek();
        token_at(self.source, name.span.end).kind == Kind::Symbol('=')
    }

    /// Whether `WITH DATA CATEGORY` is next.
    fn peek_is_category(&self) -> bool {
        let data = self.peek();
        self.token_is(data, "DATA")
            && self.token_is(token_at(self.source, data.span.end), "CATEGORY")
    }

    /// `WITH name = value` or `WITH DATA CATEGORY …`
    pub(super) fn with_filter(&mut self) -> Result<With> {
        self.expect("WITH")?;
        if self.eat_pair("DATA", "CATEGORY") {
            return self.category_filters().map(With::DataCategory);
        }
        let name = self.path()?;
        self.expect_symbol('=')?;
        let value = self.with_value()?;
        Ok(With::Equals { name, value })
    }

    pub(super) fn with_value(&mut self) -> Result<WithValue> {
        if self.at_symbol(':') {
            self.bind().map(WithValue::Bind)
        } else {
            self.string().map(WithValue::String)
        }
    }

    /// `name = value` inside the parentheses of a WITH clause.
    pub(super) fn with_argument(&mut self) -> Result<WithArgument> {
        let name = self.path()?;
        self.expect_symbol('=')?;
        let value = if self.token.kind == Kind::String {
            Literal::String(self.string()?)
        } else if self.token.kind == Kind::Integer {
            Literal::Number(self.number()?)
        } else if self.eat("TRUE") {
            Literal::Boolean(true)
        } else if self.eat("FALSE") {
            Literal::Boolean(false)
        } else {
            return Err(self.unexpected());
        };
        Ok(WithArgument { name, value })
    }

    /// What follows `DATA CATEGORY`.
    pub(super) fn category_filters(&mut self) -> Result<Vec<CategoryFilter>> {
        let mut filters = vec![self.category_filter()?];
        while self.eat("AND") {
            filters.push(self.category_filter()?);
        }
        Ok(filters)
    }

    fn category_filter(&mut self) -> Result<CategoryFilter> {
        let group = self.path()?;
        let selector = [
            CategorySelector::At,
            CategorySelector::Above,
            CategorySelector::Below,
            CategorySelector::AboveOrBelow,
        ]
        .into_iter()
        .find(|selector| self.at(selector.as_str()))
        .ok_or_else(|| self.unexpected())?;
        self.advance();
        let categories = if self.at_symbol('(') {
            self.parenthesized(Self::path)?
        } else {
            vec![self.path()?]
        };
        Ok(CategoryFilter {
            group,
            selector,
            categories,
        })
    }

    fn group_by(&mut self) -> Result<Option<GroupBy>> {
        if !self.eat("GROUP") {
            return Ok(None);
        }
        self.expect("BY")?;
        let grouping = if self.eat("ROLLUP") {
            Grouping::Rollup
        } else if self.eat("CUBE") {
            Grouping::Cube
        } else {
            Grouping::Plain
        };
        let fields = if grouping == Grouping::Plain {
            self.list(Self::field)?
        } else {
            self.parenthesized(Self::field)?
        };
        let having = if self.eat("HAVING") {
            Some(self.conditions()?)
        } else {
            None
        };
        Ok(Some(GroupBy {
            grouping,
            fields,
            having,
        }))
    }

    /// ORDER BY, if it is next.
    pub(super) fn order_by(&mut self) -> Result<Vec<OrderBy>> {
        if !self.eat("ORDER") {
            return Ok(Vec::new());
        }
        self.expect("BY")?;
        self.list(Self::order_key)
    }

    fn order_key(&mut self) -> Result<OrderBy> {
        let key = if self.at_distance() {
            OrderKey::Distance(self.distance()?)
        } else {
            OrderKey::Field(self.field()?)
        };
        let direction = if self.eat("ASC") {
            Some(SortDirection::Ascending)
        } else if self.eat("DESC") {
            Some(SortDirection::Descending)
        } else {
            None
        };
        let nulls = if !self.eat("NULLS") {
            None
        } else if self.eat("FIRST") {
            Some(NullsOrder::First)
        } else if self.eat("LAST") {
            Some(NullsOrder::Last)
        } else {
            return Err(self.unexpected());
        };
        Ok(OrderBy {
            key,
            direction,
            nulls,
        })
    }

    /// BIND, if it is next.
    pub(super) fn lookup_bindings(&mut self) -> Result<Vec<LookupBinding>> {
        if !self.eat("BIND") {
            return Ok(Vec::new());
        }
        self.list(|parser| {
            let field = parser.path()?;
            parser.expect_symbol('=')?;
            let value = parser.literal()?;
            Ok(LookupBinding { field, value })
        })
    }

    fn for_clauses(&mut self) -> Result<Vec<ForClause>> {
        let mut clauses = Vec::new();
        while self.at("FOR") && (self.apex() || clauses.is_empty()) {
            self.advance();
            clauses.push(if self.eat("VIEW") {
                ForClause::View
            } else if self.eat("REFERENCE") {
                ForClause::Reference
            } else if self.apex() && self.eat("UPDATE") {
                ForClause::Update
            } else {
                return Err(self.unexpected());
            });
        }
        Ok(clauses)
    }

    /// UPDATE, if it is next.
    pub(super) fn tracking_updates(&mut self) -> Result<Vec<TrackingUpdate>> {
        if !self.eat("UPDATE") {
            return Ok(Vec::new());
        }
        self.list(|parser| {
            if parser.eat("TRACKING") {
                Ok(TrackingUpdate::Tracking)
            } else if parser.eat("VIEWSTAT") {
                Ok(TrackingUpdate::Viewstat)
            } else {
                Err(parser.unexpected())
            }
        })
    }
}
