//! A query or a search.

use ferroforce_soql::{Dialect, ParseError, Query, Search, parse_search_with, parse_with, pretty};

/// What one text says.
#[derive(Debug)]
pub(super) enum Statement {
    Query(Box<Query>),
    Search(Box<Search>),
}

impl Statement {
    /// Reads a text: as SOSL if its first word is `FIND`, and as SOQL otherwise.
    pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Self, ParseError> {
        let first = text
            .split(|c: char| !c.is_alphanumeric())
            .find(|word| !word.is_empty());
        if first.is_some_and(|word| word.eq_ignore_ascii_case("FIND")) {
            parse_search_with(text, dialect).map(|search| Self::Search(Box::new(search)))
        } else {
            parse_with(text, dialect).map(|query| Self::Query(Box::new(query)))
        }
    }

    /// The text over several lines.
    pub(super) fn pretty(&self) -> String {
        match self {
            Self::Query(query) => pretty(&**query),
            Self::Search(search) => pretty(&**search),
        }
    }
}
