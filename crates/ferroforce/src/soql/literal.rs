//! Values as SOQL writes them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use crate::types::{Date, DateTime, RecordId, Time};

/// A value that can be put into a query. [The module](super) lists the types.
///
/// A type of yours is one when it hands on to a type that is:
///
/// ```
/// use ferroforce::Soql;
/// use ferroforce::soql::{Literal, LiteralWriter};
///
/// enum Stage {
///     Won,
///     Lost,
/// }
///
/// impl Literal for Stage {
///     fn write(&self, out: &mut LiteralWriter) {
///         match self {
///             Stage::Won => "Closed Won".write(out),
///             Stage::Lost => "Closed Lost".write(out),
///         }
///     }
/// }
///
/// let soql = Soql::new("SELECT Id FROM Opportunity WHERE StageName IN :stages")
///     .bind("stages", [Stage::Won, Stage::Lost]);
/// assert_eq!(
///     soql.render()?,
///     "SELECT Id FROM Opportunity WHERE StageName IN ('Closed Won','Closed Lost')",
/// );
/// # Ok::<(), ferroforce::Error>(())
/// ```
pub trait Literal {
    /// Writes the value, by way of exactly one other.
    fn write(&self, out: &mut LiteralWriter);
}

/// Where a [`Literal`] is written. It takes values of the types that are listed in
/// [the module](super) and no text, so that nothing gets past the escaping.
#[derive(Debug)]
pub struct LiteralWriter {
    text: String,
    /// How many values were written; in a list, in its current item.
    values: usize,
    in_list: bool,
    is_list: bool,
    error: Option<String>,
}

/// A value as it stands in a query.
#[derive(Clone)]
pub(super) enum Written {
    One(String),
    /// The items with commas between them.
    List(String),
}

/// Writes `value`, or says why it cannot be written.
pub(super) fn write(value: &(impl Literal + ?Sized)) -> Result<Written, String> {
    let mut out = LiteralWriter {
        text: String::new(),
        values: 0,
        in_list: false,
        is_list: false,
        error: None,
    };
    value.write(&mut out);
    out.check_single();
    match out.error {
        Some(error) => Err(error),
        None if out.is_list => Ok(Written::List(out.text)),
        None => Ok(Written::One(out.text)),
    }
}

impl LiteralWriter {
    /// Writes what needs no escaping.
    pub(super) fn raw(&mut self, text: &str) {
        self.values += 1;
        self.text.push_str(text);
    }

    /// Writes a string whose contents `write` escapes.
    pub(super) fn quoted(&mut self, write: impl FnOnce(&mut String)) {
        self.values += 1;
        self.text.push('\'');
        write(&mut self.text);
        self.text.push('\'');
    }

    fn list<T: Literal>(&mut self, items: impl IntoIterator<Item = T>) {
        if self.in_list {
            return self.fail("a list cannot stand in a list");
        }
        self.in_list = true;
        let outer = self.values;
        let mut empty = true;
        for item in items {
            if !empty {
                self.text.push(',');
            }
            empty = false;
            self.values = 0;
            item.write(self);
            self.check_single();
        }
        if empty {
            self.fail(
                "the list is empty, and SOQL has no empty list: leave the condition out, or do \
                 not ask at all",
            );
        }
        self.in_list = false;
        self.is_list = true;
        self.values = outer + 1;
    }

    fn check_single(&mut self) {
        if self.values != 1 {
            self.fail(&format!(
                "its `Literal` wrote {} values and must write one",
                self.values
            ));
        }
    }

    /// Keeps the first error.
    fn fail(&mut self, error: &str) {
        self.error.get_or_insert_with(|| error.to_owned());
        self.values = 1;
    }
}

/// Writes a character of a string.
pub(super) fn escape(c: char, out: &mut String) {
    match c {
        '\\' | '\'' | '"' => out.extend(['\\', c]),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        c if c.is_ascii_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        c => out.push(c),
    }
}

impl Literal for str {
    fn write(&self, out: &mut LiteralWriter) {
        out.quoted(|out| self.chars().for_each(|c| escape(c, out)));
    }
}

impl Literal for char {
    fn write(&self, out: &mut LiteralWriter) {
        out.quoted(|out| escape(*self, out));
    }
}

impl Literal for String {
    fn write(&self, out: &mut LiteralWriter) {
        self.as_str().write(out);
    }
}

impl Literal for RecordId {
    fn write(&self, out: &mut LiteralWriter) {
        self.as_str().write(out);
    }
}

impl Literal for bool {
    fn write(&self, out: &mut LiteralWriter) {
        out.raw(if *self { "true" } else { "false" });
    }
}

/// `None` is `null`, which only `=` and `!=` compare with.
impl<T: Literal> Literal for Option<T> {
    fn write(&self, out: &mut LiteralWriter) {
        match self {
            Some(value) => value.write(out),
            None => out.raw("null"),
        }
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Literal for $integer {
            fn write(&self, out: &mut LiteralWriter) {
                out.raw(&self.to_string());
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

macro_rules! floats {
    ($($float:ty)*) => {$(
        /// Written without an exponent. Infinities and NaN are errors.
        impl Literal for $float {
            fn write(&self, out: &mut LiteralWriter) {
                if self.is_finite() {
                    // Adding zero makes a negative zero positive.
                    out.raw(&(self + 0.0).to_string());
                } else {
                    out.fail(&format!("SOQL cannot express {self}"));
                }
            }
        }
    )*};
}

floats!(f32 f64);

impl Literal for Date {
    fn write(&self, out: &mut LiteralWriter) {
        out.raw(&self.to_string());
    }
}

impl Literal for DateTime {
    fn write(&self, out: &mut LiteralWriter) {
        out.raw(&self.to_rfc3339());
    }
}

impl Literal for Time {
    fn write(&self, out: &mut LiteralWriter) {
        out.raw(&self.to_string());
    }
}

/// Written to the millisecond. A year beyond 9999 is an error.
impl Literal for SystemTime {
    fn write(&self, out: &mut LiteralWriter) {
        match DateTime::try_from(*self) {
            Ok(time) => time.write(out),
            Err(error) => out.fail(error.message()),
        }
    }
}

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<T: Literal + ?Sized> Literal for $pointer {
            fn write(&self, out: &mut LiteralWriter) {
                (**self).write(out);
            }
        }
    )*};
}

pointers!(&T Box<T> Rc<T> Arc<T>);

impl<T: Literal + ToOwned + ?Sized> Literal for Cow<'_, T> {
    fn write(&self, out: &mut LiteralWriter) {
        (**self).write(out);
    }
}

impl<T: Literal> Literal for [T] {
    fn write(&self, out: &mut LiteralWriter) {
        out.list(self);
    }
}

impl<T: Literal, const N: usize> Literal for [T; N] {
    fn write(&self, out: &mut LiteralWriter) {
        out.list(self);
    }
}

impl<T: Literal> Literal for Vec<T> {
    fn write(&self, out: &mut LiteralWriter) {
        out.list(self);
    }
}

impl<T: Literal, S> Literal for HashSet<T, S> {
    fn write(&self, out: &mut LiteralWriter) {
        out.list(self);
    }
}

impl<T: Literal> Literal for BTreeSet<T> {
    fn write(&self, out: &mut LiteralWriter) {
        out.list(self);
    }
}

#[cfg(test)]
mod tests;
