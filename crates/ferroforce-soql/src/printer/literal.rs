use std::fmt::{self, Display, Formatter, Write};

use crate::ast::{
    Bind, Coordinate, Currency, Date, DateTime, DistanceCall, Field, Geolocation, IntegerValue,
    LikePattern, LikeValue, Literal, Name, Number, Path, PatternPart, Time, Value, ValueKind,
    WithValue,
};

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for function in &self.functions {
            write!(f, "{function}(")?;
        }
        f.write_str(&self.path.text)?;
        for _ in &self.functions {
            f.write_char(')')?;
        }
        Ok(())
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ValueKind::Literal(literal) => literal.fmt(f),
            ValueKind::Bind(bind) => bind.fmt(f),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
            Self::Number(number) => number.fmt(f),
            Self::String(text) => quoted(text, f),
            Self::Date(date) => date.fmt(f),
            Self::DateTime(moment) => moment.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::DateLiteral(range) => range.fmt(f),
            Self::Currency(amount) => amount.fmt(f),
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Display for Currency {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.code, self.amount)
    }
}

impl Display for Date {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.millisecond > 0 {
            write!(f, ".{:03}", self.millisecond)?;
        }
        if self.offset_minutes == 0 {
            return f.write_char('Z');
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        // Minutes up to 99 can be written, and 99 hours are more than any zone has.
        let hours = (minutes / 60).min(99);
        write!(f, "{sign}{hours:02}:{:02}", minutes - hours * 60)
    }
}

impl Display for DateTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

impl Display for Bind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, ":{}", self.expression)
    }
}

impl Display for LikeValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::Literal(literal) => literal.fmt(f),
            Self::Bind(bind) => bind.fmt(f),
        }
    }
}

impl Display for LikePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        for part in &self.parts {
            match part {
                PatternPart::AnyCharacter => f.write_char('_')?,
                PatternPart::AnyText => f.write_char('%')?,
                PatternPart::Text(text) => {
                    for character in text.chars() {
                        if matches!(character, '%' | '_') {
                            f.write_char('\\')?;
                        }
                        escaped(character, f)?;
                    }
                }
            }
        }
        f.write_char('\'')
    }
}

impl Display for IntegerValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal { value, .. } => value.fmt(f),
            Self::Bind(bind) => bind.fmt(f),
        }
    }
}

impl Display for WithValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => quoted(text, f),
            Self::Bind(bind) => bind.fmt(f),
        }
    }
}

impl Display for DistanceCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The unit is kept as it was written, escapes included.
        write!(f, "DISTANCE({}, {}, '{}')", self.field, self.to, self.unit)
    }
}

impl Display for Geolocation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Point {
                latitude,
                longitude,
            } => write!(f, "GEOLOCATION({latitude}, {longitude})"),
            Self::Bind(bind) => bind.fmt(f),
        }
    }
}

impl Display for Coordinate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Bind(bind) => bind.fmt(f),
        }
    }
}

pub(super) fn quoted(text: &str, f: &mut dyn Write) -> fmt::Result {
    f.write_char('\'')?;
    for character in text.chars() {
        escaped(character, f)?;
    }
    f.write_char('\'')
}

fn escaped(character: char, f: &mut dyn Write) -> fmt::Result {
    match character {
        '\'' => f.write_str("\\'"),
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\u{8}' => f.write_str("\\b"),
        '\u{c}' => f.write_str("\\f"),
        other => f.write_char(other),
    }
}
