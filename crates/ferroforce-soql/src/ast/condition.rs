use super::literal::{Bind, Literal, Number, Value};
use super::name::{Field, Path};
use super::query::{From, With};
use crate::span::Span;

/// What WHERE and HAVING hold. Parentheses are not kept: the tree's shape says where they stood.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// Two or more conditions that must all hold.
    And(Vec<Self>),
    /// Two or more conditions of which one must hold.
    Or(Vec<Self>),
    /// A condition that must not hold.
    Not(Box<Self>),
    /// `Amount > 5`
    Comparison(Comparison),
    /// `Name LIKE 'A%'`
    Like(LikeCondition),
    /// `Id IN (…)` and `NOT IN`
    In(InCondition),
    /// `Interests__c INCLUDES ('A;B', 'C')` and `EXCLUDES`
    Includes(IncludesCondition),
}

/// A left side, an operator and a value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// What is compared.
    pub left: Operand,
    /// How.
    pub operator: Operator,
    /// With what.
    pub right: Value,
    /// Its place.
    pub span: Span,
}

/// The left side of a comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operand {
    /// A field, perhaps inside functions.
    Field(Field),
    /// `DISTANCE(…)`
    Distance(DistanceCall),
    /// Two fields added or subtracted.
    Arithmetic(Arithmetic),
}

/// `A + B` or `A - B`, which the grammar knows on the left of a comparison only.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Arithmetic {
    /// The first field.
    pub left: Path,
    /// Whether the second is subtracted and not added.
    pub subtract: bool,
    /// The second field.
    pub right: Path,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`, also written `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// The operator as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// A field and a pattern.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LikeCondition {
    /// What is matched.
    pub field: Field,
    /// The pattern.
    pub value: LikeValue,
    /// The pattern's place.
    pub value_span: Span,
    /// The place of the whole condition.
    pub span: Span,
}

/// What can stand after LIKE.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LikeValue {
    /// A quoted pattern.
    Pattern(LikePattern),
    /// Any other literal, which the grammar allows; a string never stands here.
    Literal(Literal),
    /// An Apex expression; only in Apex.
    Bind(Bind),
}

/// A LIKE pattern, its escapes resolved. Two texts never stand side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LikePattern {
    /// The parts in order.
    pub parts: Vec<PatternPart>,
}

/// A part of a LIKE pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PatternPart {
    /// This text.
    Text(String),
    /// `_`: any one character.
    AnyCharacter,
    /// `%`: any number of characters, or none.
    AnyText,
}

/// `field [NOT] IN …`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InCondition {
    /// What is looked up.
    pub field: Field,
    /// Whether it is NOT IN.
    pub negated: bool,
    /// Where it is looked up.
    pub list: InList,
    /// Its place.
    pub span: Span,
}

/// What can stand after IN.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InList {
    /// One value or more.
    Values(Vec<Value>),
    /// A query: a semi-join, or an anti-join after NOT IN.
    SemiJoin(Box<SemiJoin>),
    /// An Apex expression; only in Apex.
    Bind(Bind),
}

/// The query inside IN, which knows only some clauses.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SemiJoin {
    /// The one field that is selected.
    pub field: Field,
    /// What it is selected from.
    pub from: Vec<From>,
    /// WHERE
    pub filter: Option<Condition>,
    /// WITH
    pub with: Option<With>,
    /// Its place, parentheses left out.
    pub span: Span,
}

/// A multi-select picklist and combinations of values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct IncludesCondition {
    /// The picklist.
    pub field: Field,
    /// Whether it is EXCLUDES.
    pub negated: bool,
    /// Combinations joined by `;`, of which one must hold.
    pub values: Vec<Value>,
    /// Its place.
    pub span: Span,
}

/// `DISTANCE(field, location, unit)`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DistanceCall {
    /// The location field.
    pub field: Path,
    /// The place that it is measured to.
    pub to: Geolocation,
    /// The unit: `mi` or `km`, or else Salesforce refuses the query.
    pub unit: String,
    /// Its place.
    pub span: Span,
}

/// A place on earth.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Geolocation {
    /// `GEOLOCATION(latitude, longitude)`
    Point {
        /// Degrees north.
        latitude: Coordinate,
        /// Degrees east.
        longitude: Coordinate,
    },
    /// An Apex expression; only in Apex.
    Bind(Bind),
}

/// One number of a place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Coordinate {
    /// A number.
    Number(Number),
    /// An Apex expression; only in Apex.
    Bind(Bind),
}
