use super::condition::Condition;
use super::literal::Bind;
use super::name::{Field, Name, Path};
use super::query::{
    CategoryFilter, IntegerValue, LookupBinding, OrderBy, TrackingUpdate, Using, WithArgument,
    WithValue,
};
use crate::span::Span;

/// A SOSL search.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Search {
    /// What to find.
    pub term: SearchTerm,
    /// The term's place, braces or quotes included.
    pub term_span: Span,
    /// IN: which fields are searched; all without it.
    pub group: Option<SearchGroup>,
    /// RETURNING: which objects and fields are answered.
    pub returning: Vec<Returning>,
    /// WITH clauses in order.
    pub with: Vec<SearchWith>,
    /// USING PHRASE SEARCH or USING ADVANCED SEARCH.
    pub mode: Option<SearchMode>,
    /// LIMIT
    pub limit: Option<IntegerValue>,
    /// OFFSET
    pub offset: Option<IntegerValue>,
    /// UPDATE TRACKING and VIEWSTAT.
    pub update: Vec<TrackingUpdate>,
    /// Its place.
    pub span: Span,
}

/// What to find.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SearchTerm {
    /// The text between the braces as it was written, escapes included.
    Braced(String),
    /// A quoted string with its escapes resolved; only in Apex.
    Quoted(String),
    /// An Apex expression; only in Apex.
    Bind(Bind),
}

/// Which fields are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SearchGroup {
    /// `ALL FIELDS`
    All,
    /// `NAME FIELDS`
    Name,
    /// `EMAIL FIELDS`
    Email,
    /// `PHONE FIELDS`
    Phone,
    /// `SIDEBAR FIELDS`
    Sidebar,
}

impl SearchGroup {
    /// The group as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Name => "NAME",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Sidebar => "SIDEBAR",
        }
    }
}

/// How the term is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SearchMode {
    /// `USING PHRASE SEARCH`
    Phrase,
    /// `USING ADVANCED SEARCH`
    Advanced,
}

/// One object of RETURNING.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Returning {
    /// The object.
    pub object: Path,
    /// What is in its parentheses, if it has any.
    pub fields: Option<ReturningFields>,
}

/// What stands in the parentheses of an object of RETURNING.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReturningFields {
    /// The fields, at least one.
    pub fields: Vec<SearchField>,
    /// `USING LISTVIEW = …`
    pub list_view: Option<ListView>,
    /// `USING SCOPE` and `USING LOOKUP`
    pub using: Vec<Using>,
    /// BIND: values for the lookup.
    pub bind: Vec<LookupBinding>,
    /// WHERE
    pub filter: Option<Condition>,
    /// ORDER BY; empty without it.
    pub order_by: Vec<OrderBy>,
    /// LIMIT
    pub limit: Option<IntegerValue>,
    /// OFFSET
    pub offset: Option<IntegerValue>,
}

/// A field of RETURNING.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SearchField {
    /// The field, perhaps inside functions.
    pub field: Field,
    /// Its alias.
    pub alias: Option<Name>,
}

/// A list view that narrows what is answered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ListView {
    /// `LISTVIEW = name`
    Name(Name),
    /// `LISTVIEW (id = name)`
    Id(Name),
}

/// A WITH clause of a search.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SearchWith {
    /// `DATA CATEGORY …`, one filter or more.
    DataCategory(Vec<CategoryFilter>),
    /// `DIVISION = 'Global'`, `METADATA = 'LABELS'` and the like.
    Equals {
        /// The name.
        name: Name,
        /// The value.
        value: WithValue,
    },
    /// `NETWORK IN ('…', '…')` and the like.
    In {
        /// The name.
        name: Name,
        /// The values, at least one.
        values: Vec<WithValue>,
    },
    /// `SPELL_CORRECTION = false`
    Flag {
        /// The name.
        name: Name,
        /// The value.
        value: bool,
    },
    /// `HIGHLIGHT`, `USER_MODE`, `SNIPPET` and the like.
    Keyword(Name),
    /// `SNIPPET (target_length = 120)`
    Call {
        /// The name.
        name: Name,
        /// The arguments, at least one.
        arguments: Vec<WithArgument>,
    },
}
