//! Literals.

use super::{Parser, Result};
use crate::ast::{
    Currency, Date, DateTime, IntegerValue, LikePattern, LikeValue, Literal, Number, PatternPart,
    Time, Value, ValueKind,
};
use crate::date_literal::DateLiteral;
use crate::error::{ErrorCode, ParseError};
use crate::lexer::Kind;

/// One character of a string, or a wildcard that an escape did not disarm.
enum Piece {
    Plain(char),
    /// `\%` or `\_`, which mean something only in a LIKE pattern.
    Wildcard(char),
}

impl Parser<'_> {
    /// A literal or a bind.
    pub(super) fn value(&mut self) -> Result<Value> {
        let start = self.token.span.start;
        let kind = if self.at_symbol(':') {
            ValueKind::Bind(self.bind()?)
        } else {
            ValueKind::Literal(self.literal()?)
        };
        Ok(Value {
            kind,
            span: self.since(start),
        })
    }

    pub(super) fn literal(&mut self) -> Result<Literal> {
        if self.token.kind == Kind::String {
            return self.string().map(Literal::String);
        }
        self.other_literal()
    }

    pub(super) fn like_value(&mut self) -> Result<LikeValue> {
        match self.token.kind {
            Kind::String => self.pattern().map(LikeValue::Pattern),
            Kind::Symbol(':') => self.bind().map(LikeValue::Bind),
            _ => self.other_literal().map(LikeValue::Literal),
        }
    }

    /// Any literal but a string.
    fn other_literal(&mut self) -> Result<Literal> {
        let text = self.text(self.token);
        let literal = match self.token.kind {
            Kind::Integer | Kind::Decimal | Kind::Symbol('+' | '-') => {
                return self.number().map(Literal::Number);
            }
            Kind::Date => Literal::Date(date(text)),
            Kind::DateTime => Literal::DateTime(DateTime {
                date: date(text),
                time: time(&text[11..]),
            }),
            Kind::Time => Literal::Time(time(text)),
            Kind::Word => match text.to_ascii_uppercase().as_str() {
                "NULL" => Literal::Null,
                "TRUE" => Literal::Boolean(true),
                "FALSE" => Literal::Boolean(false),
                word => {
                    if let Some(range) = DateLiteral::named(word) {
                        return self.date_literal(range).map(Literal::DateLiteral);
                    }
                    Literal::Currency(currency(word).ok_or_else(|| self.unexpected())?)
                }
            },
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(literal)
    }

    fn date_literal(&mut self, range: DateLiteral) -> Result<DateLiteral> {
        self.advance();
        if !range.takes_count() {
            return Ok(range);
        }
        self.expect_symbol(':')?;
        let text = self.text(self.token);
        if self.token.kind != Kind::Integer {
            return Err(self.unexpected());
        }
        self.advance();
        let count = text.parse().unwrap_or(u32::MAX);
        Ok(range.with_count(count).unwrap_or(range))
    }

    /// A number, perhaps with a sign, which may stand apart from it.
    pub(super) fn number(&mut self) -> Result<Number> {
        let negative = self.sign();
        let (Kind::Integer | Kind::Decimal) = self.token.kind else {
            return Err(self.unexpected());
        };
        let digits = self.advance();
        let sign = if negative { "-" } else { "" };
        Ok(Number {
            text: format!("{sign}{}", self.text(digits)),
        })
    }

    fn sign(&mut self) -> bool {
        let negative = self.eat_symbol('-');
        if !negative {
            self.eat_symbol('+');
        }
        negative
    }

    fn integer_value(&mut self) -> Result<IntegerValue> {
        if self.at_symbol(':') {
            return self.bind().map(IntegerValue::Bind);
        }
        let start = self.token.span.start;
        let negative = self.sign();
        if self.token.kind != Kind::Integer {
            return Err(self.unexpected());
        }
        let digits = self.advance();
        let size = self.text(digits).parse().unwrap_or(i64::MAX);
        Ok(IntegerValue::Literal {
            value: if negative { -size } else { size },
            span: self.since(start),
        })
    }

    /// The number after this keyword, if the keyword is next.
    pub(super) fn integer_after(&mut self, word: &str) -> Result<Option<IntegerValue>> {
        if self.eat(word) {
            self.integer_value().map(Some)
        } else {
            Ok(None)
        }
    }

    /// A quoted string with its escapes resolved.
    pub(super) fn string(&mut self) -> Result<String> {
        let wildcards = self.code == ErrorCode::MalformedSearch;
        let mut text = String::with_capacity(self.token.span.end - self.token.span.start);
        self.pieces(wildcards, |piece| match piece {
            Piece::Plain(character) => text.push(character),
            Piece::Wildcard(character) => {
                text.push('\\');
                text.push(character);
            }
        })?;
        Ok(text)
    }

    fn pattern(&mut self) -> Result<LikePattern> {
        let mut parts = Vec::new();
        let mut text = String::new();
        self.pieces(true, |piece| {
            let wildcard = match piece {
                Piece::Plain('%') => PatternPart::AnyText,
                Piece::Plain('_') => PatternPart::AnyCharacter,
                Piece::Plain(character) | Piece::Wildcard(character) => {
                    text.push(character);
                    return;
                }
            };
            if !text.is_empty() {
                parts.push(PatternPart::Text(std::mem::take(&mut text)));
            }
            parts.push(wildcard);
        })?;
        if !text.is_empty() {
            parts.push(PatternPart::Text(text));
        }
        Ok(LikePattern { parts })
    }

    /// The unit of DISTANCE: a string in which any escape goes.
    pub(super) fn unchecked_string(&mut self) -> Result<String> {
        if self.token.kind != Kind::String {
            return Err(self.unexpected());
        }
        let span = self.advance().span;
        Ok(self.source[span.start + 1..span.end - 1].to_owned())
    }

    /// Resolves the escapes of the string that is next.
    fn pieces(&mut self, wildcards: bool, mut each: impl FnMut(Piece)) -> Result<()> {
        if self.token.kind != Kind::String {
            return Err(self.unexpected());
        }
        let span = self.token.span;
        let body = &self.source[span.start + 1..span.end - 1];
        let illegal = |sequence: &str| {
            let message = format!(
                "Invalid string literal '{body}'. Illegal character sequence '{sequence}' in \
                 string literal."
            );
            Err(ParseError::new(self.code, self.source, span, message))
        };
        let mut rest = body.chars();
        while let Some(character) = rest.next() {
            match character {
                '\n' => return illegal("\n"),
                '\\' => {}
                plain => {
                    each(Piece::Plain(plain));
                    continue;
                }
            }
            let escape = rest.as_str();
            each(match rest.next() {
                Some('n' | 'N') => Piece::Plain('\n'),
                Some('r' | 'R') => Piece::Plain('\r'),
                Some('t' | 'T') => Piece::Plain('\t'),
                Some('b' | 'B') => Piece::Plain('\u{8}'),
                Some('f' | 'F') => Piece::Plain('\u{c}'),
                Some(quote @ ('"' | '\'' | '\\')) => Piece::Plain(quote),
                Some(wildcard @ ('%' | '_')) if wildcards => Piece::Wildcard(wildcard),
                Some('u' | 'U') => match unicode_escape(&escape[1..]) {
                    Some(character) => {
                        rest = escape[5..].chars();
                        Piece::Plain(character)
                    }
                    None => return illegal("\\u"),
                },
                Some(other) => return illegal(&format!("\\{other}")),
                None => return illegal("\\"),
            });
        }
        self.advance();
        Ok(())
    }
}

/// The character of four hexadecimal digits, if there are four and they name one.
fn unicode_escape(digits: &str) -> Option<char> {
    let digits = digits.get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits, 16).ok()?;
    // U+FFFF is refused by Salesforce's grammar; surrogates name no character by themselves.
    char::from_u32(code).filter(|&character| character != '\u{ffff}')
}

/// Three letters and an amount, in upper case, such as `USD5000.50`.
fn currency(word: &str) -> Option<Currency> {
    let (code, amount) = word.split_at_checked(3)?;
    let shaped = code.bytes().all(|byte| byte.is_ascii_alphabetic())
        && amount.starts_with(|first: char| first.is_ascii_digit())
        && amount
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && amount.bytes().filter(|&byte| byte == b'.').count() <= 1;
    shaped.then(|| Currency {
        code: code.to_owned(),
        amount: Number {
            text: amount.trim_end_matches('.').to_owned(),
        },
    })
}

/// Reads `1999-01-01` from the start of a text that the lexer found to begin with it.
fn date(text: &str) -> Date {
    Date {
        year: u16::from(two_digits(text, 0)) * 100 + u16::from(two_digits(text, 2)),
        month: two_digits(text, 5),
        day: two_digits(text, 8),
    }
}

/// Reads a time that the lexer found to be one.
fn time(text: &str) -> Time {
    let zone = text
        .find(['Z', 'z', '+', '-'])
        .map_or("", |start| &text[start..]);
    let minutes_at = if zone.contains(':') { 4 } else { 3 };
    let offset = if zone.len() > 1 {
        i16::from(two_digits(zone, 1)) * 60 + i16::from(two_digits(zone, minutes_at))
    } else {
        0
    };
    let fraction = text[8..].strip_prefix('.').unwrap_or("");
    let milliseconds = fraction
        .bytes()
        .take_while(u8::is_ascii_digit)
        .chain(*b"000")
        .take(3)
        .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    Time {
        hour: two_digits(text, 0),
        minute: two_digits(text, 3),
        second: two_digits(text, 6),
        millisecond: milliseconds,
        offset_minutes: if zone.starts_with('-') {
            -offset
        } else {
            offset
        },
    }
}

fn two_digits(text: &str, at: usize) -> u8 {
    text[at..at + 2]
        .bytes()
        .fold(0, |sum, digit| sum * 10 + (digit - b'0'))
}
