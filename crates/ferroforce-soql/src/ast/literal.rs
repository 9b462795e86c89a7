use crate::date_literal::DateLiteral;
use crate::span::Span;

/// The right-hand side of a comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Value {
    /// The value.
    pub kind: ValueKind,
    /// Its place.
    pub span: Span,
}

/// A literal, or in Apex a bind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueKind {
    /// A value that stands in the query itself.
    Literal(Literal),
    /// An Apex expression; only in Apex.
    Bind(Bind),
}

/// A value written in the query.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Literal {
    /// `NULL`
    Null,
    /// `TRUE` or `FALSE`
    Boolean(bool),
    /// A number with its sign.
    Number(Number),
    /// A string with its escapes resolved.
    String(String),
    /// A day, such as `1999-01-01`.
    Date(Date),
    /// A moment, such as `1999-01-01T23:01:01Z`.
    DateTime(DateTime),
    /// A time of day, such as `23:01:01.000Z`.
    Time(Time),
    /// A range relative to now, such as `LAST_N_DAYS:30`.
    DateLiteral(DateLiteral),
    /// An amount in a currency, such as `USD5000`.
    Currency(Currency),
}

/// A number as it was written, so that no digit is lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Number {
    /// An optional `-`, digits, and perhaps a point and more digits. A `+` is dropped.
    pub text: String,
}

impl Number {
    /// The number if it is written without a point and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.text.parse().ok()
    }

    /// The nearest double; infinite when the number is far too large.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        // Every number the parser accepts is one that Rust's parser accepts.
        self.text.parse().unwrap_or(f64::NAN)
    }
}

/// An ISO currency code with an amount.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Currency {
    /// The three letters of the currency, in upper case.
    pub code: String,
    /// The amount, which has no sign.
    pub amount: Number,
}

/// A day as it was written; the parser does not check that it exists in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Date {
    /// The year, 0 to 9999.
    pub year: u16,
    /// The month, 1 to 12 if it exists.
    pub month: u8,
    /// The day of the month.
    pub day: u8,
}

/// A time of day as it was written, with its distance from UTC; ranges are not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Time {
    /// The hour.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The second.
    pub second: u8,
    /// The first three digits of the fraction: milliseconds.
    pub millisecond: u16,
    /// Minutes east of UTC; 0 for `Z`.
    pub offset_minutes: i16,
}

/// A day and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The time of that day and its zone.
    pub time: Time,
}

/// An Apex expression after a colon.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Bind {
    /// The expression without its colon, as it was written.
    pub expression: String,
    /// From the colon to the expression's end.
    pub span: Span,
}
