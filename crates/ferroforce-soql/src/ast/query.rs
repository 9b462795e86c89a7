use super::condition::{Condition, DistanceCall};
use super::literal::{Bind, Literal};
use super::name::{Field, Name, Path};
use crate::span::Span;

/// A SOQL query, or a child subquery of one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// What is selected.
    pub select: Select,
    /// What it is selected from: one object, then perhaps relationships with aliases.
    pub from: Vec<From>,
    /// WHERE
    pub filter: Option<Condition>,
    /// WITH clauses in order.
    pub with: Vec<With>,
    /// GROUP BY
    pub group_by: Option<GroupBy>,
    /// ORDER BY; empty without it.
    pub order_by: Vec<OrderBy>,
    /// LIMIT
    pub limit: Option<IntegerValue>,
    /// OFFSET
    pub offset: Option<IntegerValue>,
    /// BIND: values for the lookup of USING LOOKUP.
    pub bind: Vec<LookupBinding>,
    /// FOR VIEW and the like; over REST at most one.
    pub for_clauses: Vec<ForClause>,
    /// UPDATE TRACKING and VIEWSTAT.
    pub update: Vec<TrackingUpdate>,
    /// ALL ROWS; only in Apex.
    pub all_rows: bool,
    /// Its place, parentheses left out.
    pub span: Span,
}

/// The select list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Select {
    /// `COUNT()`, which stands alone.
    Count,
    /// One item or more.
    Items(Vec<SelectItem>),
}

/// One item of the select list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SelectItem {
    /// A field, perhaps inside functions.
    Field {
        /// The field.
        field: Field,
        /// Its alias.
        alias: Option<Name>,
    },
    /// `DISTANCE(…)`
    Distance {
        /// The call.
        call: DistanceCall,
        /// Its alias.
        alias: Option<Name>,
    },
    /// `TYPEOF … END`
    Typeof {
        /// The expression.
        expression: Typeof,
        /// Its alias.
        alias: Option<Name>,
    },
    /// A child subquery.
    Subquery(Subquery),
}

/// A child subquery with the alias that the grammar allows it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Subquery {
    /// The query.
    pub query: Box<Query>,
    /// Its alias.
    pub alias: Option<Name>,
}

/// Fields that depend on the type of a polymorphic reference.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Typeof {
    /// The relationship.
    pub relationship: Path,
    /// One branch for each WHEN, at least one.
    pub branches: Vec<TypeofBranch>,
    /// The fields after ELSE; empty without it.
    pub otherwise: Vec<Path>,
    /// From TYPEOF to END.
    pub span: Span,
}

/// `WHEN object THEN fields`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TypeofBranch {
    /// The object type.
    pub object: Path,
    /// The fields to select for it.
    pub fields: Vec<Path>,
}

/// An object or relationship in FROM.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct From {
    /// The object, the child relationship of a subquery, or in the old alias form a relationship
    /// path such as `c.Account`.
    pub object: Path,
    /// Its alias.
    pub alias: Option<Name>,
    /// USING
    pub using: Vec<Using>,
}

/// A part of USING.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Using {
    /// `SCOPE mine`
    Scope(Name),
    /// `LOOKUP Object__c.Field__c`
    Lookup(Path),
}

/// A WITH clause.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum With {
    /// `DATA CATEGORY …`, one filter or more.
    DataCategory(Vec<CategoryFilter>),
    /// `name = value`, such as `UserId = '005…'`.
    Equals {
        /// The name.
        name: Path,
        /// The value.
        value: WithValue,
    },
    /// `USER_MODE`, `SECURITY_ENFORCED` and the like.
    Keyword(Path),
    /// `RecordVisibilityContext (maxDescriptorPerRecord = 100)`
    Call {
        /// The name.
        name: Path,
        /// The arguments, at least one.
        arguments: Vec<WithArgument>,
    },
}

/// The value of `WITH name = value`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WithValue {
    /// A string with its escapes resolved.
    String(String),
    /// An Apex expression; only in Apex.
    Bind(Bind),
}

/// `name = value` inside the parentheses of a WITH clause.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WithArgument {
    /// The name.
    pub name: Path,
    /// A string, a whole number or a boolean.
    pub value: Literal,
}

/// `group SELECTOR category`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CategoryFilter {
    /// The category group.
    pub group: Path,
    /// Which of its categories are meant.
    pub selector: CategorySelector,
    /// The categories, at least one.
    pub categories: Vec<Path>,
}

/// How categories are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CategorySelector {
    /// `AT`
    At,
    /// `ABOVE`
    Above,
    /// `BELOW`
    Below,
    /// `ABOVE_OR_BELOW`
    AboveOrBelow,
}

impl CategorySelector {
    /// The selector as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::At => "AT",
            Self::Above => "ABOVE",
            Self::Below => "BELOW",
            Self::AboveOrBelow => "ABOVE_OR_BELOW",
        }
    }
}

/// GROUP BY with its HAVING.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GroupBy {
    /// Plain, ROLLUP or CUBE.
    pub grouping: Grouping,
    /// The fields, at least one.
    pub fields: Vec<Field>,
    /// HAVING
    pub having: Option<Condition>,
}

/// How groups are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grouping {
    /// One row for each group.
    Plain,
    /// With subtotals from right to left.
    Rollup,
    /// With subtotals for every combination.
    Cube,
}

/// One key of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OrderBy {
    /// What rows are sorted by.
    pub key: OrderKey,
    /// ASC or DESC, if written; ascending without it.
    pub direction: Option<SortDirection>,
    /// NULLS FIRST or NULLS LAST, if written.
    pub nulls: Option<NullsOrder>,
}

/// What rows are sorted by.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OrderKey {
    /// A field, perhaps inside functions.
    Field(Field),
    /// `DISTANCE(…)`
    Distance(DistanceCall),
}

/// ASC or DESC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortDirection {
    /// `ASC`
    Ascending,
    /// `DESC`
    Descending,
}

/// Where rows without a value stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NullsOrder {
    /// `NULLS FIRST`
    First,
    /// `NULLS LAST`
    Last,
}

/// The number after LIMIT or OFFSET.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum IntegerValue {
    /// A whole number; the grammar allows a sign. Saturates at the limits of its type.
    Literal {
        /// The number.
        value: i64,
        /// Its place.
        span: Span,
    },
    /// An Apex expression; only in Apex.
    Bind(Bind),
}

/// `field = value` of BIND.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LookupBinding {
    /// The field.
    pub field: Path,
    /// Its value.
    pub value: Literal,
}

/// What follows FOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForClause {
    /// `FOR VIEW`
    View,
    /// `FOR REFERENCE`
    Reference,
    /// `FOR UPDATE`; only in Apex.
    Update,
}

/// What UPDATE counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackingUpdate {
    /// `TRACKING`
    Tracking,
    /// `VIEWSTAT`
    Viewstat,
}
