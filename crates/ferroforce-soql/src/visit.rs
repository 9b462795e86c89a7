//! Walks over trees.

use crate::ast::{
    Bind, CategoryFilter, Condition, Coordinate, DistanceCall, Field, From, Geolocation, InList,
    IntegerValue, LikeValue, Literal, Operand, OrderBy, OrderKey, Path, Query, Search, SearchTerm,
    SearchWith, Select, SelectItem, SemiJoin, Typeof, Using, Value, ValueKind, With, WithValue,
};

/// Something that looks at every part of a tree, in the order of the text.
///
/// Each method does nothing but walk on to what lies below, which an implementation may do by the
/// `walk_` function of the same name, or leave out.
///
/// ```
/// use ferroforce_soql::ast::Path;
/// use ferroforce_soql::{Visitor, parse};
///
/// struct Names(Vec<String>);
///
/// impl Visitor for Names {
///     fn visit_path(&mut self, path: &Path) {
///         self.0.push(path.text.clone());
///     }
/// }
///
/// let mut names = Names(Vec::new());
/// names.visit_query(&parse("SELECT Id, Owner.Name FROM Case WHERE IsClosed = FALSE")?);
/// assert_eq!(names.0, ["Id", "Owner.Name", "Case", "IsClosed"]);
/// # Ok::<(), ferroforce_soql::ParseError>(())
/// ```
pub trait Visitor {
    /// A query or child subquery.
    fn visit_query(&mut self, query: &Query) {
        walk_query(self, query);
    }

    /// A search.
    fn visit_search(&mut self, search: &Search) {
        walk_search(self, search);
    }

    /// An item of a select list.
    fn visit_select_item(&mut self, item: &SelectItem) {
        walk_select_item(self, item);
    }

    /// An object of FROM.
    fn visit_from(&mut self, from: &From) {
        walk_from(self, from);
    }

    /// A condition, or a part of one.
    fn visit_condition(&mut self, condition: &Condition) {
        walk_condition(self, condition);
    }

    /// The query inside IN.
    fn visit_semi_join(&mut self, query: &SemiJoin) {
        walk_semi_join(self, query);
    }

    /// A key of ORDER BY.
    fn visit_order_by(&mut self, key: &OrderBy) {
        walk_order_by(self, key);
    }

    /// A field, perhaps inside functions.
    fn visit_field(&mut self, field: &Field) {
        self.visit_path(&field.path);
    }

    /// A call of DISTANCE.
    fn visit_distance(&mut self, call: &DistanceCall) {
        walk_distance(self, call);
    }

    /// The path of an object, a relationship, a field or a category.
    fn visit_path(&mut self, path: &Path) {
        let _ = path;
    }

    /// A value on the right of an operator.
    fn visit_value(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Literal(literal) => self.visit_literal(literal),
            ValueKind::Bind(bind) => self.visit_bind(bind),
        }
    }

    /// A literal.
    fn visit_literal(&mut self, literal: &Literal) {
        let _ = literal;
    }

    /// An Apex expression.
    fn visit_bind(&mut self, bind: &Bind) {
        let _ = bind;
    }
}

/// Visits the parts of a query.
pub fn walk_query<V: Visitor + ?Sized>(visitor: &mut V, query: &Query) {
    if let Select::Items(items) = &query.select {
        for item in items {
            visitor.visit_select_item(item);
        }
    }
    for from in &query.from {
        visitor.visit_from(from);
    }
    if let Some(filter) = &query.filter {
        visitor.visit_condition(filter);
    }
    for with in &query.with {
        walk_with(visitor, with);
    }
    if let Some(group_by) = &query.group_by {
        for field in &group_by.fields {
            visitor.visit_field(field);
        }
        if let Some(having) = &group_by.having {
            visitor.visit_condition(having);
        }
    }
    for key in &query.order_by {
        visitor.visit_order_by(key);
    }
    for number in [&query.limit, &query.offset].into_iter().flatten() {
        walk_integer(visitor, number);
    }
    for binding in &query.bind {
        visitor.visit_path(&binding.field);
        visitor.visit_literal(&binding.value);
    }
}

/// Visits the parts of a search.
pub fn walk_search<V: Visitor + ?Sized>(visitor: &mut V, search: &Search) {
    if let SearchTerm::Bind(bind) = &search.term {
        visitor.visit_bind(bind);
    }
    for returning in &search.returning {
        visitor.visit_path(&returning.object);
        let Some(fields) = &returning.fields else {
            continue;
        };
        for each in &fields.fields {
            visitor.visit_field(&each.field);
        }
        for using in &fields.using {
            walk_using(visitor, using);
        }
        for binding in &fields.bind {
            visitor.visit_path(&binding.field);
            visitor.visit_literal(&binding.value);
        }
        if let Some(filter) = &fields.filter {
            visitor.visit_condition(filter);
        }
        for key in &fields.order_by {
            visitor.visit_order_by(key);
        }
        for number in [&fields.limit, &fields.offset].into_iter().flatten() {
            walk_integer(visitor, number);
        }
    }
    for with in &search.with {
        match with {
            SearchWith::DataCategory(filters) => walk_categories(visitor, filters),
            SearchWith::Equals { value, .. } => walk_with_value(visitor, value),
            SearchWith::In { values, .. } => {
                for value in values {
                    walk_with_value(visitor, value);
                }
            }
            SearchWith::Call { arguments, .. } => {
                for argument in arguments {
                    visitor.visit_literal(&argument.value);
                }
            }
            SearchWith::Flag { .. } | SearchWith::Keyword(_) => {}
        }
    }
    for number in [&search.limit, &search.offset].into_iter().flatten() {
        walk_integer(visitor, number);
    }
}

/// Visits the parts of an item of a select list.
pub fn walk_select_item<V: Visitor + ?Sized>(visitor: &mut V, item: &SelectItem) {
    match item {
        SelectItem::Field { field, .. } => visitor.visit_field(field),
        SelectItem::Distance { call, .. } => visitor.visit_distance(call),
        SelectItem::Typeof { expression, .. } => walk_typeof(visitor, expression),
        SelectItem::Subquery(subquery) => visitor.visit_query(&subquery.query),
    }
}

fn walk_typeof<V: Visitor + ?Sized>(visitor: &mut V, expression: &Typeof) {
    visitor.visit_path(&expression.relationship);
    for branch in &expression.branches {
        visitor.visit_path(&branch.object);
        for field in &branch.fields {
            visitor.visit_path(field);
        }
    }
    for field in &expression.otherwise {
        visitor.visit_path(field);
    }
}

/// Visits the parts of an object of FROM.
pub fn walk_from<V: Visitor + ?Sized>(visitor: &mut V, from: &From) {
    visitor.visit_path(&from.object);
    for using in &from.using {
        walk_using(visitor, using);
    }
}

fn walk_using<V: Visitor + ?Sized>(visitor: &mut V, using: &Using) {
    if let Using::Lookup(path) = using {
        visitor.visit_path(path);
    }
}

/// Visits the parts of a condition.
pub fn walk_condition<V: Visitor + ?Sized>(visitor: &mut V, condition: &Condition) {
    match condition {
        Condition::And(all) | Condition::Or(all) => {
            for each in all {
                visitor.visit_condition(each);
            }
        }
        Condition::Not(inner) => visitor.visit_condition(inner),
        Condition::Comparison(comparison) => {
            match &comparison.left {
                Operand::Field(field) => visitor.visit_field(field),
                Operand::Distance(call) => visitor.visit_distance(call),
                Operand::Arithmetic(sum) => {
                    visitor.visit_path(&sum.left);
                    visitor.visit_path(&sum.right);
                }
            }
            visitor.visit_value(&comparison.right);
        }
        Condition::Like(like) => {
            visitor.visit_field(&like.field);
            match &like.value {
                LikeValue::Pattern(_) => {}
                LikeValue::Literal(literal) => visitor.visit_literal(literal),
                LikeValue::Bind(bind) => visitor.visit_bind(bind),
            }
        }
        Condition::In(lookup) => {
            visitor.visit_field(&lookup.field);
            match &lookup.list {
                InList::Values(values) => {
                    for value in values {
                        visitor.visit_value(value);
                    }
                }
                InList::SemiJoin(query) => visitor.visit_semi_join(query),
                InList::Bind(bind) => visitor.visit_bind(bind),
            }
        }
        Condition::Includes(includes) => {
            visitor.visit_field(&includes.field);
            for value in &includes.values {
                visitor.visit_value(value);
            }
        }
    }
}

/// Visits the parts of the query inside IN.
pub fn walk_semi_join<V: Visitor + ?Sized>(visitor: &mut V, query: &SemiJoin) {
    visitor.visit_field(&query.field);
    for from in &query.from {
        visitor.visit_from(from);
    }
    if let Some(filter) = &query.filter {
        visitor.visit_condition(filter);
    }
    if let Some(with) = &query.with {
        walk_with(visitor, with);
    }
}

/// Visits the parts of a key of ORDER BY.
pub fn walk_order_by<V: Visitor + ?Sized>(visitor: &mut V, key: &OrderBy) {
    match &key.key {
        OrderKey::Field(field) => visitor.visit_field(field),
        OrderKey::Distance(call) => visitor.visit_distance(call),
    }
}

/// Visits the parts of a call of DISTANCE.
pub fn walk_distance<V: Visitor + ?Sized>(visitor: &mut V, call: &DistanceCall) {
    visitor.visit_path(&call.field);
    match &call.to {
        Geolocation::Point {
            latitude,
            longitude,
        } => {
            for coordinate in [latitude, longitude] {
                if let Coordinate::Bind(bind) = coordinate {
                    visitor.visit_bind(bind);
                }
            }
        }
        Geolocation::Bind(bind) => visitor.visit_bind(bind),
    }
}

fn walk_with<V: Visitor + ?Sized>(visitor: &mut V, with: &With) {
    match with {
        With::DataCategory(filters) => walk_categories(visitor, filters),
        With::Equals { value, .. } => walk_with_value(visitor, value),
        With::Keyword(_) => {}
        With::Call { arguments, .. } => {
            for argument in arguments {
                visitor.visit_literal(&argument.value);
            }
        }
    }
}

fn walk_with_value<V: Visitor + ?Sized>(visitor: &mut V, value: &WithValue) {
    if let WithValue::Bind(bind) = value {
        visitor.visit_bind(bind);
    }
}

fn walk_categories<V: Visitor + ?Sized>(visitor: &mut V, filters: &[CategoryFilter]) {
    for filter in filters {
        visitor.visit_path(&filter.group);
        for category in &filter.categories {
            visitor.visit_path(category);
        }
    }
}

fn walk_integer<V: Visitor + ?Sized>(visitor: &mut V, number: &IntegerValue) {
    if let IntegerValue::Bind(bind) = number {
        visitor.visit_bind(bind);
    }
}
