//! The syntax tree. Names keep the case in which they were written; nothing is resolved.

mod condition;
mod literal;
mod name;
mod query;
mod search;

pub use condition::{
    Arithmetic, Comparison, Condition, Coordinate, DistanceCall, Geolocation, InCondition, InList,
    IncludesCondition, LikeCondition, LikePattern, LikeValue, Operand, Operator, PatternPart,
    SemiJoin,
};
pub use literal::{Bind, Currency, Date, DateTime, Literal, Number, Time, Value, ValueKind};
pub use name::{Field, Name, Path};
pub use query::{
    CategoryFilter, CategorySelector, ForClause, From, GroupBy, Grouping, IntegerValue,
    LookupBinding, NullsOrder, OrderBy, OrderKey, Query, Select, SelectItem, SortDirection,
    Subquery, TrackingUpdate, Typeof, TypeofBranch, Using, With, WithArgument, WithValue,
};
pub use search::{
    ListView, Returning, ReturningFields, Search, SearchField, SearchGroup, SearchMode, SearchTerm,
    SearchWith,
};
