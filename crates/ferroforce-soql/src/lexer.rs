//! Splits a text into tokens. It never fails: what can't start a token becomes a token of its
//! own, and the parser decides what to say about it.

use crate::span::Span;

/// What a token is; its text is found through its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, name or dotted path: which one only the place in the query tells.
    Word,
    /// Digits.
    Integer,
    /// Digits around or after a point.
    Decimal,
    /// `1999-01-01`
    Date,
    /// `1999-01-01T23:01:01Z`, with an optional fraction and either `Z` or an offset.
    DateTime,
    /// `23:01:01.000Z`
    Time,
    /// A quoted string, quotes included; escapes are checked when it is read.
    String,
    /// A string whose closing quote is missing.
    OpenString,
    /// `!=` or `<>`
    NotEqual,
    /// Any other single character.
    Symbol(char),
    /// The end of the text.
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// Reads the token at or after the byte `offset`, skipping white space.
pub(crate) fn token_at(source: &str, offset: usize) -> Token {
    let bytes = source.as_bytes();
    let blank = run(&bytes[offset..], |byte| {
        matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
    });
    let start = offset + blank;
    let rest = &bytes[start..];
    let (kind, length) = match rest.first() {
        None => (Kind::End, 0),
        Some(b'A'..=b'Z' | b'a'..=b'z') => (Kind::Word, run(rest, is_word)),
        Some(b'0'..=b'9') => number_or_date(rest),
        Some(b'.') if rest.get(1).is_some_and(u8::is_ascii_digit) => {
            (Kind::Decimal, 1 + digits(&rest[1..]))
        }
        Some(b'\'') => string(rest),
        Some(b'!') if rest.get(1) == Some(&b'=') => (Kind::NotEqual, 2),
        Some(b'<') if rest.get(1) == Some(&b'>') => (Kind::NotEqual, 2),
        Some(_) => source[start..]
            .chars()
            .next()
            .map_or((Kind::End, 0), |character| {
                (Kind::Symbol(character), character.len_utf8())
            }),
    };
    Token {
        kind,
        span: Span::new(start, start + length),
    }
}

/// How many bytes from the start satisfy `accept`.
fn run(bytes: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|&byte| !accept(byte))
        .unwrap_or(bytes.len())
}

fn digits(bytes: &[u8]) -> usize {
    run(bytes, |byte| byte.is_ascii_digit())
}

/// Bytes of characters outside ASCII count as letters once a word has begun.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || !byte.is_ascii()
}

fn string(rest: &[u8]) -> (Kind, usize) {
    let mut at = 1;
    while let Some(step) = rest[at..]
        .iter()
        .position(|&byte| matches!(byte, b'\'' | b'\\'))
    {
        at += step;
        if rest[at] == b'\'' {
            return (Kind::String, at + 1);
        }
        // The byte after a backslash is never the closing quote, whatever it is.
        at = (at + 2).min(rest.len());
    }
    (Kind::OpenString, rest.len())
}

fn number_or_date(rest: &[u8]) -> (Kind, usize) {
    if fits(rest, b"dddd-dd-dd") {
        return match zoned_time(&rest[10..], true) {
            Some(length) => (Kind::DateTime, 10 + length),
            None => (Kind::Date, 10),
        };
    }
    if let Some(length) = zoned_time(rest, false) {
        return (Kind::Time, length);
    }
    let whole = digits(rest);
    let fraction = match rest.get(whole) {
        Some(b'.') => digits(&rest[whole + 1..]),
        _ => 0,
    };
    if fraction > 0 {
        (Kind::Decimal, whole + 1 + fraction)
    } else {
        (Kind::Integer, whole)
    }
}

/// The length of a time with its zone, after a `T` if one is `marked`.
fn zoned_time(rest: &[u8], marked: bool) -> Option<usize> {
    let mark = usize::from(marked);
    if marked && !matches!(rest.first(), Some(b'T' | b't')) {
        return None;
    }
    let time = &rest[mark..];
    if !fits(time, b"dd:dd:dd") {
        return None;
    }
    let mut length = 8;
    if time.get(length) == Some(&b'.') {
        let fraction = digits(&time[length + 1..]);
        if fraction > 0 {
            length += 1 + fraction;
        }
    }
    let zone = &time[length..];
    let zone_length = match zone.first() {
        Some(b'Z' | b'z') => 1,
        Some(b'+' | b'-') if fits(&zone[1..], b"dd:dd") => 6,
        Some(b'+' | b'-') if fits(&zone[1..], b"dddd") => 5,
        _ => return None,
    };
    Some(mark + length + zone_length)
}

/// Whether the text begins with `shape`, in which `d` stands for a digit.
fn fits(text: &[u8], shape: &[u8]) -> bool {
    text.len() >= shape.len()
        && shape.iter().zip(text).all(|(&want, &have)| match want {
            b'd' => have.is_ascii_digit(),
            other => have == other,
        })
}

#[cfg(test)]
mod tests {
    use super::{Kind, token_at};

    #[test]
    fn every_kind_of_token_ends_where_it_should() {
        let cases = [
            ("  Account.Name__c,", Kind::Word, "Account.Name__c"),
            ("Größe = 1", Kind::Word, "Größe"),
            ("5OFFSET", Kind::Integer, "5"),
            ("5.", Kind::Integer, "5"),
            ("5.25)", Kind::Decimal, "5.25"),
            (".5", Kind::Decimal, ".5"),
            ("2020-1-1", Kind::Integer, "2020"),
            ("2020-01-02T", Kind::Date, "2020-01-02"),
            ("2020-01-02T03:04:05", Kind::Date, "2020-01-02"),
            (
                "2020-01-02t03:04:05.123Z ",
                Kind::DateTime,
                "2020-01-02t03:04:05.123Z",
            ),
            (
                "2020-01-02T03:04:05+0130",
                Kind::DateTime,
                "2020-01-02T03:04:05+0130",
            ),
            ("03:04:05-01:30 ", Kind::Time, "03:04:05-01:30"),
            (r"'a\'b' c", Kind::String, r"'a\'b'"),
            (r"'a\'", Kind::OpenString, r"'a\'"),
            (r"'a\", Kind::OpenString, r"'a\"),
            ("!=1", Kind::NotEqual, "!="),
            ("<>1", Kind::NotEqual, "<>"),
            ("<=1", Kind::Symbol('<'), "<"),
            ("é", Kind::Symbol('é'), "é"),
            ("_a", Kind::Symbol('_'), "_"),
            (" \n", Kind::End, ""),
        ];
        for (source, kind, text) in cases {
            let token = token_at(source, 0);
            assert_eq!(
                (token.kind, &source[token.span.range()]),
                (kind, text),
                "{source}"
            );
        }
    }
}
