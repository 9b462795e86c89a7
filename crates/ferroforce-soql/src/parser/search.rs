//! SOSL.

use super::{Parser, Result};
use crate::ast::{
    ListView, Returning, ReturningFields, Search, SearchField, SearchGroup, SearchMode, SearchTerm,
    SearchWith,
};
use crate::error::ParseError;
use crate::lexer::{Kind, token_at};

impl Parser<'_> {
    pub(super) fn search(&mut self) -> Result<Search> {
        let start = self.token.span.start;
        self.expect("FIND")?;
        let term_start = self.token.span.start;
        let term = self.term()?;
        let term_span = self.since(term_start);
        let group = self.group()?;
        let returning = if self.eat("RETURNING") {
            self.list(Self::returning)?
        } else {
            Vec::new()
        };
        let mut with = Vec::new();
        let mut mode = None;
        loop {
            if self.eat("WITH") {
                with.push(self.search_with()?);
            } else if mode.is_none() && self.eat("USING") {
                mode = Some(self.mode()?);
            } else {
                break;
            }
        }
        let limit = self.integer_after("LIMIT")?;
        let offset = self.integer_after("OFFSET")?;
        let update = self.tracking_updates()?;
        Ok(Search {
            term,
            term_span,
            group,
            returning,
            with,
            mode,
            limit,
            offset,
            update,
            span: self.since(start),
        })
    }

    fn term(&mut self) -> Result<SearchTerm> {
        match self.token.kind {
            // In Apex braces are no more a term than quotes are for the APIs.
            Kind::Symbol('{') if self.apex() => Err(self.unexpected()),
            Kind::Symbol('{') => self.braced_term(),
            Kind::String if self.apex() => self.string().map(SearchTerm::Quoted),
            Kind::Symbol(':') if self.apex() => self.bind().map(SearchTerm::Bind),
            _ => Err(self.no_term()),
        }
    }

    fn no_term(&self) -> ParseError {
        let message = "No search term found. The search term must be enclosed in braces.";
        ParseError::unframed(self.code, self.source, self.token.span, message.to_owned())
    }

    /// Reads to the brace that ends the term. The lexer knows nothing of terms, so this looks at
    /// the source itself.
    fn braced_term(&mut self) -> Result<SearchTerm> {
        let start = self.token.span.end;
        let mut escaped = false;
        let length = self.source[start..]
            .find(|character| {
                let ends = character == '}' && !escaped;
                escaped = character == '\\' && !escaped;
                ends
            })
            .ok_or_else(|| self.no_term())?;
        let end = start + length;
        self.last_end = end + 1;
        self.token = token_at(self.source, end + 1);
        Ok(SearchTerm::Braced(self.source[start..end].to_owned()))
    }

    fn group(&mut self) -> Result<Option<SearchGroup>> {
        if !self.eat("IN") {
            return Ok(None);
        }
        let group = [
            SearchGroup::All,
            SearchGroup::Name,
            SearchGroup::Email,
            SearchGroup::Phone,
            SearchGroup::Sidebar,
        ]
        .into_iter()
        .find(|group| self.at(group.as_str()))
        .ok_or_else(|| self.unexpected())?;
        self.advance();
        self.expect("FIELDS")?;
        Ok(Some(group))
    }

    fn mode(&mut self) -> Result<SearchMode> {
        let mode = if self.eat("PHRASE") {
            SearchMode::Phrase
        } else if self.eat("ADVANCED") {
            SearchMode::Advanced
        } else {
            return Err(self.unexpected());
        };
        self.expect("SEARCH")?;
        Ok(mode)
    }

    fn returning(&mut self) -> Result<Returning> {
        let object = self.path()?;
        let fields = if self.eat_symbol('(') {
            let fields = self.returning_fields()?;
            self.expect_symbol(')')?;
            Some(fields)
        } else {
            None
        };
        Ok(Returning { object, fields })
    }

    fn returning_fields(&mut self) -> Result<ReturningFields> {
        let fields = self.list(|parser| {
            let field = parser.field()?;
            let begins_clause = (parser.at("ORDER") && parser.token_is(parser.peek(), "BY"))
                || (parser.at("OFFSET") && parser.peek().kind == Kind::Integer);
            let alias = if begins_clause { None } else { parser.alias()? };
            Ok(SearchField { field, alias })
        })?;
        let mut list_view = None;
        let mut using = Vec::new();
        if self.eat("USING") {
            if self.eat("LISTVIEW") {
                list_view = Some(self.list_view()?);
            } else {
                using = self.usings()?;
            }
        }
        let bind = self.lookup_bindings()?;
        let filter = self.filter()?;
        let order_by = self.order_by()?;
        let limit = self.integer_after("LIMIT")?;
        let offset = self.integer_after("OFFSET")?;
        Ok(ReturningFields {
            fields,
            list_view,
            using,
            bind,
            filter,
            order_by,
            limit,
            offset,
        })
    }

    fn list_view(&mut self) -> Result<ListView> {
        if self.eat_symbol('=') {
            return self.name().map(ListView::Name);
        }
        self.expect_symbol('(')?;
        self.expect("ID")?;
        self.expect_symbol('=')?;
        let id = self.name()?;
        self.expect_symbol(')')?;
        Ok(ListView::Id(id))
    }

    /// What follows WITH.
    fn search_with(&mut self) -> Result<SearchWith> {
        if self.eat_pair("DATA", "CATEGORY") {
            return self.category_filters().map(SearchWith::DataCategory);
        }
        let name = self.name()?;
        if self.eat("IN") {
            let values = self.parenthesized(Self::with_value)?;
            return Ok(SearchWith::In { name, values });
        }
        if self.at_symbol('(') {
            let arguments = self.parenthesized(Self::with_argument)?;
            return Ok(SearchWith::Call { name, arguments });
        }
        if !self.eat_symbol('=') {
            return Ok(SearchWith::Keyword(name));
        }
        if self.at("TRUE") || self.at("FALSE") {
            let value = self.at("TRUE");
            self.advance();
            return Ok(SearchWith::Flag { name, value });
        }
        let value = self.with_value()?;
        Ok(SearchWith::Equals { name, value })
    }
}
