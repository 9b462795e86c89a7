//! What stands between the braces of FIND: words, phrases and operators.

/// How many characters a term may have before it finds nothing.
const MOST_CHARACTERS: usize = 10_000;

/// How many it may have before its operators are words like others, and any word finds a record.
const MOST_WITH_OPERATORS: usize = 4_000;

/// How many levels of parentheses and of AND NOT are understood.
const MOST_LEVELS: usize = 20;

/// A term, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// Finds nothing.
    Nothing,
    /// A word or a phrase.
    Words(Pattern),
    /// Words that no operator joins.
    Adjacent(Vec<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    /// The first, and not the second.
    AndNot(Box<Self>, Box<Self>),
}

/// The text of a word or a phrase, character by character.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Pattern(pub(super) Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Character(char),
    /// `*`: any characters, or none.
    AnyText,
    /// `?`: one character.
    AnyCharacter,
}

/// Why a term can't be read, and at which of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TermError {
    /// A character that needs a backslash before it.
    Reserved(usize, char),
    /// A phrase without its second quote.
    OpenPhrase,
    /// An operator or a parenthesis that does not belong there; none at the end.
    Unexpected(usize, Option<String>),
    /// All that it looks for is a single character.
    TooShort,
    /// More levels than are understood.
    TooDeep,
}

impl Expression {
    /// Reads a term.
    pub(super) fn read(term: &str) -> Result<Self, TermError> {
        let tokens = tokens(term)?;
        let longest = tokens.iter().map(|token| match &token.kind {
            Kind::Words(pattern, _) => pattern.characters().count(),
            _ => 0,
        });
        if longest.max().unwrap_or(0) < 2 {
            return Err(TermError::TooShort);
        }
        let length = term.chars().count();
        if length > MOST_CHARACTERS {
            return Ok(Self::Nothing);
        }
        if length > MOST_WITH_OPERATORS {
            let words = tokens.into_iter().filter_map(|token| match token.kind {
                Kind::Words(pattern, false) if pattern.operator().is_some() => None,
                Kind::Words(pattern, _) => Some(Self::Words(pattern)),
                _ => None,
            });
            return Ok(Self::Or(words.collect()));
        }
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
            end: term.len(),
            level: 0,
        };
        let expression = parser.any()?;
        match parser.peek() {
            None => Ok(expression),
            Some(_) => Err(parser.unexpected()),
        }
    }

    /// The words and phrases without wildcards that this looks for.
    pub(super) fn literals(&self) -> Vec<String> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Words(pattern) => pattern.literal().into_iter().collect(),
            Self::Adjacent(parts) | Self::And(parts) | Self::Or(parts) => {
                parts.iter().flat_map(Self::literals).collect()
            }
            Self::AndNot(wanted, _) => wanted.literals(),
        }
    }
}

impl Pattern {
    fn characters(&self) -> impl Iterator<Item = char> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Character(character) => Some(*character),
            _ => None,
        })
    }

    /// The text, if there are no wildcards in it.
    pub(super) fn literal(&self) -> Option<String> {
        let text: String = self.characters().collect();
        (text.chars().count() == self.0.len()).then_some(text)
    }

    fn operator(&self) -> Option<Operator> {
        let word = self.literal()?;
        [
            ("AND", Operator::And),
            ("OR", Operator::Or),
            ("NOT", Operator::Not),
        ]
        .into_iter()
        .find_map(|(name, operator)| word.eq_ignore_ascii_case(name).then_some(operator))
    }

    /// A wildcard in front stands for nothing.
    fn without_wildcards_in_front(mut self) -> Self {
        let wildcards = self
            .0
            .iter()
            .take_while(|piece| !matches!(piece, Piece::Character(_)))
            .count();
        self.0.drain(..wildcards);
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    And,
    Or,
    Not,
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    /// Where it begins, in bytes of the term.
    start: usize,
}

#[derive(Debug)]
enum Kind {
    /// And whether it stands in quotes.
    Words(Pattern, bool),
    Open,
    Close,
}

impl Token {
    fn operator(&self) -> Option<Operator> {
        match &self.kind {
            Kind::Words(pattern, false) => pattern.operator(),
            _ => None,
        }
    }
}

fn tokens(term: &str) -> Result<Vec<Token>, TermError> {
    let mut tokens = Vec::new();
    let mut quoted = false;
    let mut open: Option<(usize, Pattern)> = None;
    let mut close = |open: &mut Option<(usize, Pattern)>, quoted: bool| {
        if let Some((start, pattern)) = open.take() {
            let pattern = pattern.without_wildcards_in_front();
            if !pattern.0.is_empty() {
                let kind = Kind::Words(pattern, quoted);
                tokens.push(Token { kind, start });
            }
        }
    };
    let mut parentheses = Vec::new();
    let mut characters = term.char_indices();
    while let Some((at, character)) = characters.next() {
        let piece = match character {
            '\\' => match characters.next() {
                Some((_, escaped)) => Piece::Character(escaped),
                None => return Err(TermError::Reserved(at, '\\')),
            },
            '"' => {
                close(&mut open, quoted);
                quoted = !quoted;
                continue;
            }
            '&' | '|' | '!' | '{' | '}' | '[' | ']' | '^' | '~' | ':' | '\'' | '+' | '-' => {
                return Err(TermError::Reserved(at, character));
            }
            '(' | ')' if quoted => return Err(TermError::Reserved(at, character)),
            '(' | ')' => {
                close(&mut open, quoted);
                parentheses.push((at, character));
                continue;
            }
            _ if character.is_whitespace() && !quoted => {
                close(&mut open, quoted);
                continue;
            }
            '*' => Piece::AnyText,
            '?' => Piece::AnyCharacter,
            _ => Piece::Character(character),
        };
        let (_, pattern) = open.get_or_insert_with(|| (at, Pattern::default()));
        pattern.0.push(piece);
    }
    close(&mut open, quoted);
    if quoted {
        return Err(TermError::OpenPhrase);
    }
    tokens.extend(parentheses.into_iter().map(|(start, character)| Token {
        kind: if character == '(' {
            Kind::Open
        } else {
            Kind::Close
        },
        start,
    }));
    tokens.sort_by_key(|token| token.start);
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    /// The term's length.
    end: usize,
    level: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, operator: Operator) -> bool {
        let found = self.peek().and_then(Token::operator) == Some(operator);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self) -> TermError {
        match self.peek() {
            None => TermError::Unexpected(self.end, None),
            Some(token) => {
                let text = match &token.kind {
                    Kind::Open => "(".to_owned(),
                    Kind::Close => ")".to_owned(),
                    Kind::Words(pattern, _) => pattern.characters().collect(),
                };
                TermError::Unexpected(token.start, Some(text))
            }
        }
    }

    /// Alternatives, joined by OR.
    fn any(&mut self) -> Result<Expression, TermError> {
        let mut parts = vec![self.all()?];
        while self.eat(Operator::Or) {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Expression::Or))
    }

    /// Parts joined by AND and AND NOT, of which the last is evaluated first.
    fn all(&mut self) -> Result<Expression, TermError> {
        let mut parts = vec![self.adjacent()?];
        while self.eat(Operator::And) {
            if self.eat(Operator::Not) {
                let unwanted = self.deeper(Self::all)?;
                let wanted = joined(parts, Expression::And);
                return Ok(Expression::AndNot(Box::new(wanted), Box::new(unwanted)));
            }
            parts.push(self.adjacent()?);
        }
        Ok(joined(parts, Expression::And))
    }

    fn adjacent(&mut self) -> Result<Expression, TermError> {
        let mut parts = Vec::new();
        while let Some(token) = self.peek() {
            match &token.kind {
                Kind::Words(..) if is_joining(token) => break,
                Kind::Words(pattern, _) => {
                    self.at += 1;
                    parts.push(Expression::Words(pattern.clone()));
                }
                Kind::Open => {
                    self.at += 1;
                    parts.push(self.deeper(Self::any)?);
                    match self.peek().map(|token| &token.kind) {
                        Some(Kind::Close) => self.at += 1,
                        _ => return Err(self.unexpected()),
                    }
                }
                Kind::Close => break,
            }
        }
        if parts.is_empty() {
            return Err(self.unexpected());
        }
        Ok(joined(parts, Expression::Adjacent))
    }

    fn deeper(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Expression, TermError>,
    ) -> Result<Expression, TermError> {
        if self.level == MOST_LEVELS {
            return Err(TermError::TooDeep);
        }
        self.level += 1;
        let expression = read(self)?;
        self.level -= 1;
        Ok(expression)
    }
}

/// NOT is an operator only behind AND; elsewhere it is a word.
fn is_joining(token: &Token) -> bool {
    matches!(token.operator(), Some(Operator::And | Operator::Or))
}

fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    join(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expression, with its structure in brackets.
    fn shown(expression: &Expression) -> String {
        let list = |name: &str, parts: &[Expression]| {
            let parts: Vec<String> = parts.iter().map(shown).collect();
            format!("{name}[{}]", parts.join(" "))
        };
        match expression {
            Expression::Nothing => "nothing".to_owned(),
            Expression::Words(pattern) => pattern
                .0
                .iter()
                .map(|piece| match piece {
                    Piece::Character(' ') => '_',
                    Piece::Character(character) => *character,
                    Piece::AnyText => '*',
                    Piece::AnyCharacter => '?',
                })
                .collect(),
            Expression::Adjacent(parts) => list("", parts),
            Expression::And(parts) => list("and", parts),
            Expression::Or(parts) => list("or", parts),
            Expression::AndNot(wanted, unwanted) => {
                format!("{} but not {}", shown(wanted), shown(unwanted))
            }
        }
    }

    #[test]
    fn operators_bind_as_documented() {
        for (term, expected) in [
            ("joe", "joe"),
            ("Joe Smith", "[Joe Smith]"),
            ("\"Joe Smith\"", "Joe_Smith"),
            ("joe and smith", "and[joe smith]"),
            ("aa OR bb AND cc", "or[aa and[bb cc]]"),
            ("aa AND \"bb cc\" OR dd ee", "or[and[aa bb_cc] [dd ee]]"),
            ("aa AND (bb OR cc)", "and[aa or[bb cc]]"),
            (
                "(\"Bob\") and (\"Jones\" OR \"Thomas\") and Sally Smith",
                "and[Bob or[Jones Thomas] [Sally Smith]]",
            ),
            ("aa AND NOT bb", "aa but not bb"),
            ("aa AND NOT bb AND cc", "aa but not and[bb cc]"),
            ("aa AND bb AND NOT cc OR dd", "or[and[aa bb] but not cc dd]"),
            ("\"and\" or \"or\"", "or[and or]"),
            ("not joe", "[not joe]"),
            ("joe NOT jim", "[joe NOT jim]"),
            ("jo?n", "jo?n"),
            ("mi* meyers", "[mi* meyers]"),
            ("*john*", "john*"),
            ("Why not\\?", "[Why not?]"),
            ("\\{1\\+1\\}\\:2", "{1+1}:2"),
            ("joe@acme.com", "joe@acme.com"),
            ("aa(bb)cc", "[aa bb cc]"),
        ] {
            let read = Expression::read(term).unwrap();
            assert_eq!(shown(&read), expected, "{term}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let unexpected = |at, text: &str| TermError::Unexpected(at, Some(text.to_owned()));
        for (term, expected) in [
            ("Marie-Pier", TermError::Reserved(5, '-')),
            ("\"a-b\"", TermError::Reserved(2, '-')),
            ("O'Neil", TermError::Reserved(1, '\'')),
            ("\"joe smith", TermError::OpenPhrase),
            ("joe AND", TermError::Unexpected(7, None)),
            ("OR joe", unexpected(0, "OR")),
            ("joe AND OR jim", unexpected(8, "OR")),
            ("(joe", TermError::Unexpected(4, None)),
            ("joe)", unexpected(3, ")")),
            ("joe ()", unexpected(5, ")")),
            ("", TermError::TooShort),
            ("x", TermError::TooShort),
            ("x*", TermError::TooShort),
            ("**", TermError::TooShort),
            ("\" \"", TermError::TooShort),
            ("a b", TermError::TooShort),
        ] {
            assert_eq!(Expression::read(term), Err(expected), "{term}");
        }
        let deep = |levels| format!("{}joe{}", "(".repeat(levels), ")".repeat(levels));
        assert!(Expression::read(&deep(MOST_LEVELS)).is_ok());
        assert_eq!(
            Expression::read(&deep(MOST_LEVELS + 1)),
            Err(TermError::TooDeep)
        );
    }

    #[test]
    fn long_terms_lose_their_operators_and_then_everything() {
        let filler = |length: usize| "x".repeat(length);
        let read = |term: &str| Expression::read(term).unwrap();
        let term = format!("joe AND {}", filler(3_992));
        assert!(matches!(read(&term), Expression::And(parts) if parts.len() == 2));
        let term = format!("joe AND ({})", filler(3_991));
        assert!(matches!(read(&term), Expression::Or(parts) if parts.len() == 2));
        assert!(matches!(read(&filler(10_000)), Expression::Or(_)));
        assert_eq!(read(&filler(10_001)), Expression::Nothing);
    }

    #[test]
    fn literals_are_what_must_be_there() {
        let read = Expression::read("joe AND (\"ann lee\" OR mi*) AND NOT tom").unwrap();
        assert_eq!(read.literals(), ["joe", "ann lee"]);
    }
}
