//! A recursive-descent parser that looks at most three tokens ahead and bounds its own depth.

mod bind;
mod condition;
mod query;
mod search;
mod value;

use crate::ast::{Field, Name, Path, Query, Search};
use crate::error::{ErrorCode, ParseError};
use crate::lexer::{Kind, Token, token_at};
use crate::span::Span;

/// How deeply parentheses and queries may be nested, both counted together.
pub const MAX_DEPTH: usize = 100;

/// Which form of the languages is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// What Salesforce's APIs accept.
    #[default]
    Rest,
    /// What stands in square brackets in Apex: also binds, `FOR UPDATE` and `ALL ROWS`; search
    /// terms are in quotes and not in braces.
    Apex,
}

/// Words that are never names, by their length. All other keywords are names wherever they make
/// no sense as keywords.
const RESERVED: [&[&str]; 9] = [
    &[],
    &[],
    &["AS", "BY", "IN", "OR"],
    &["AND", "ASC", "FOR", "NOT"],
    &[
        "BIND", "CUBE", "DESC", "ELSE", "FROM", "LAST", "LIKE", "NULL", "TRUE", "WITH",
    ],
    &["FALSE", "FIRST", "LIMIT", "NULLS", "USING", "WHERE"],
    &["HAVING", "LOOKUP", "ROLLUP", "SELECT", "UPDATE"],
    &[],
    &["EXCLUDES", "INCLUDES"],
];

/// Reads a SOQL query as Salesforce's APIs do.
///
/// ```
/// let query = ferroforce_soql::parse("select Id from Contact c where c.Account.Name = 'Acme'")?;
/// assert_eq!(query.to_string(), "SELECT Id FROM Contact c WHERE c.Account.Name = 'Acme'");
/// # Ok::<(), ferroforce_soql::ParseError>(())
/// ```
///
/// # Errors
///
/// The text is not a query; the error tells where it stops being one.
pub fn parse(source: &str) -> Result<Query, ParseError> {
    parse_with(source, Dialect::Rest)
}

/// Reads a SOQL query in this dialect.
///
/// ```
/// use ferroforce_soql::{Dialect, parse_with};
///
/// let soql = "SELECT Id FROM Contact WHERE AccountId IN :ids FOR UPDATE";
/// assert!(parse_with(soql, Dialect::Apex).is_ok());
/// assert!(parse_with(soql, Dialect::Rest).is_err());
/// ```
///
/// # Errors
///
/// The text is not a query; the error tells where it stops being one.
pub fn parse_with(source: &str, dialect: Dialect) -> Result<Query, ParseError> {
    let mut parser = Parser::new(source, dialect, ErrorCode::MalformedQuery);
    let query = parser.query()?;
    parser.end()?;
    Ok(query)
}

/// Reads a SOSL search as Salesforce's APIs do.
///
/// ```
/// let search = ferroforce_soql::parse_search("FIND {Acme*} IN NAME FIELDS RETURNING Account(Id)")?;
/// assert_eq!(search.returning[0].object.text, "Account");
/// # Ok::<(), ferroforce_soql::ParseError>(())
/// ```
///
/// # Errors
///
/// The text is not a search; the error tells where it stops being one.
pub fn parse_search(source: &str) -> Result<Search, ParseError> {
    parse_search_with(source, Dialect::Rest)
}

/// Reads a SOSL search in this dialect.
///
/// # Errors
///
/// The text is not a search; the error tells where it stops being one.
pub fn parse_search_with(source: &str, dialect: Dialect) -> Result<Search, ParseError> {
    let mut parser = Parser::new(source, dialect, ErrorCode::MalformedSearch);
    let search = parser.search()?;
    parser.end()?;
    Ok(search)
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

struct Parser<'s> {
    source: &'s str,
    dialect: Dialect,
    /// The code of this parser's errors, which also tells SOQL from SOSL.
    code: ErrorCode,
    /// The token that is read next.
    token: Token,
    /// Where the token before it ended.
    last_end: usize,
    depth: usize,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str, dialect: Dialect, code: ErrorCode) -> Self {
        Self {
            source,
            dialect,
            code,
            token: token_at(source, 0),
            last_end: 0,
            depth: 0,
        }
    }

    const fn apex(&self) -> bool {
        matches!(self.dialect, Dialect::Apex)
    }

    fn text(&self, token: Token) -> &'s str {
        &self.source[token.span.range()]
    }

    fn advance(&mut self) -> Token {
        let token = self.token;
        self.last_end = token.span.end;
        self.token = token_at(self.source, token.span.end);
        token
    }

    /// The token after the next one.
    fn peek(&self) -> Token {
        token_at(self.source, self.token.span.end)
    }

    fn token_is(&self, token: Token, word: &str) -> bool {
        token.kind == Kind::Word && self.text(token).eq_ignore_ascii_case(word)
    }

    /// Whether the next token is this keyword.
    fn at(&self, word: &str) -> bool {
        self.token_is(self.token, word)
    }

    /// Whether the next two tokens are these keywords.
    fn at_pair(&self, first: &str, second: &str) -> bool {
        self.at(first) && self.token_is(self.peek(), second)
    }

    fn at_symbol(&self, symbol: char) -> bool {
        self.token.kind == Kind::Symbol(symbol)
    }

    /// Reads this keyword if it is next.
    fn eat(&mut self, word: &str) -> bool {
        let found = self.at(word);
        if found {
            self.advance();
        }
        found
    }

    /// Reads these two keywords if they are next.
    fn eat_pair(&mut self, first: &str, second: &str) -> bool {
        let found = self.at_pair(first, second);
        if found {
            self.advance();
            self.advance();
        }
        found
    }

    fn eat_symbol(&mut self, symbol: char) -> bool {
        let found = self.at_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<()> {
        if self.eat(word) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn expect_symbol(&mut self, symbol: char) -> Result<()> {
        if self.eat_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn end(&self) -> Result<()> {
        if self.token.kind == Kind::End {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// The span from `start` to the end of the last token that was read.
    const fn since(&self, start: usize) -> Span {
        Span::new(start, self.last_end)
    }

    /// One item or more, with commas between them.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat_symbol(',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// One item or more in parentheses.
    fn parenthesized<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_symbol('(')?;
        let items = self.list(item)?;
        self.expect_symbol(')')?;
        Ok(items)
    }

    /// Runs `inner` one level deeper, unless that is too deep.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("query is nested too deeply".to_owned()));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Whether the token can be a name or a path.
    fn is_name(&self, token: Token) -> bool {
        if token.kind != Kind::Word {
            return false;
        }
        let text = self.text(token);
        !RESERVED
            .get(text.len())
            .is_some_and(|words| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
    }

    fn path(&mut self) -> Result<Path> {
        let text = self.text(self.token);
        if !self.is_name(self.token) || text.ends_with('.') || text.contains("..") {
            return Err(self.unexpected());
        }
        let span = self.advance().span;
        Ok(Path {
            text: text.to_owned(),
            span,
        })
    }

    fn name(&mut self) -> Result<Name> {
        if self.text(self.token).contains('.') {
            return Err(self.unexpected());
        }
        let Path { text, span } = self.path()?;
        Ok(Name { text, span })
    }

    /// The name that may follow an item whose list goes on with a comma, a clause or an end.
    fn alias(&mut self) -> Result<Option<Name>> {
        if self.is_name(self.token) {
            self.name().map(Some)
        } else {
            Ok(None)
        }
    }

    /// A path, perhaps inside one function or two.
    fn field(&mut self) -> Result<Field> {
        let start = self.token.span.start;
        let mut functions = Vec::new();
        while functions.len() < 2 && self.peek().kind == Kind::Symbol('(') {
            functions.push(self.name()?);
            self.advance();
        }
        let path = self.path()?;
        for _ in &functions {
            self.expect_symbol(')')?;
        }
        Ok(Field {
            functions,
            path,
            span: self.since(start),
        })
    }

    fn error(&self, message: String) -> ParseError {
        ParseError::new(self.code, self.source, self.token.span, message)
    }

    /// The error for a next token that can't stand where it does.
    fn unexpected(&self) -> ParseError {
        self.unexpected_token(self.token)
    }

    fn unexpected_token(&self, token: Token) -> ParseError {
        let span = token.span;
        let lexical = |what: &str| {
            let place = crate::frame::Place::of(self.source, span.start);
            let message = format!("line {}:{} {what}", place.row, place.column - 1);
            ParseError::unframed(self.code, self.source, span, message)
        };
        match token.kind {
            Kind::OpenString => lexical("mismatched character '<EOF>' expecting '''"),
            Kind::Symbol(':') => ParseError::new(
                self.code,
                self.source,
                span,
                "Bind variables only allowed in Apex code".to_owned(),
            ),
            Kind::Symbol(symbol) if !"()*,=<>+-/~".contains(symbol) => {
                lexical(&format!("no viable alternative at character '{symbol}'"))
            }
            Kind::End => ParseError::new(
                self.code,
                self.source,
                Span::new(self.source.trim_end().len(), span.end),
                "unexpected token: '<EOF>'".to_owned(),
            ),
            _ => {
                let message = format!("unexpected token: '{}'", self.text(token));
                ParseError::new(self.code, self.source, span, message)
            }
        }
    }
}
