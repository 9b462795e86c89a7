//! Writes trees as text: on one line, or laid out over several.

mod literal;
mod query;
mod search;

use std::fmt::{self, Display, Formatter, Write};

use crate::ast::{Condition, Query, Search};

/// Lists that are no wider than this stay on one line.
const WIDTH: usize = 80;

/// A query or search that can be laid out over several lines; made for [`pretty`].
pub trait Pretty: sealed::Sealed {}

mod sealed {
    use std::fmt;

    use super::Printer;

    pub trait Sealed {
        fn print(&self, printer: &mut Printer<'_>) -> fmt::Result;
    }
}

impl Pretty for Query {}
impl Pretty for Search {}

impl sealed::Sealed for Query {
    fn print(&self, printer: &mut Printer<'_>) -> fmt::Result {
        printer.query(self)
    }
}

impl sealed::Sealed for Search {
    fn print(&self, printer: &mut Printer<'_>) -> fmt::Result {
        printer.search(self)
    }
}

/// Lays a query or search out with a clause on each line, and lists too wide for one line with
/// an item on each. There is no line break at the end.
///
/// ```
/// let query = ferroforce_soql::parse("select Id, (select Id from Contacts) from Account limit 5")?;
/// assert_eq!(
///     ferroforce_soql::pretty(&query),
///     "SELECT\n  Id,\n  (\n    SELECT Id\n    FROM Contacts\n  )\nFROM Account\nLIMIT 5",
/// );
/// # Ok::<(), ferroforce_soql::ParseError>(())
/// ```
#[must_use]
pub fn pretty(tree: &impl Pretty) -> String {
    let mut text = String::new();
    let mut printer = Printer {
        out: &mut text,
        indent: Some(0),
    };
    // Writing to a string can't fail.
    let _ = tree.print(&mut printer);
    text
}

impl Display for Query {
    /// The query on one line; reading it again gives an equal tree.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printer::line(f).query(self)
    }
}

impl Display for Search {
    /// The search on one line; reading it again gives an equal tree.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printer::line(f).search(self)
    }
}

impl Display for Condition {
    /// The condition on one line, without parentheses around it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printer::line(f).conditions(self)
    }
}

/// Where text goes, and whether clauses stand on lines of their own.
#[expect(
    missing_debug_implementations,
    reason = "it stands in a sealed trait only"
)]
pub struct Printer<'w> {
    out: &'w mut dyn Write,
    /// How many levels lines are indented, or `None` to stay on one line.
    indent: Option<usize>,
}

impl<'w> Printer<'w> {
    fn line(out: &'w mut dyn Write) -> Self {
        Self { out, indent: None }
    }

    fn write(&mut self, text: &str) -> fmt::Result {
        self.out.write_str(text)
    }

    /// A new line, or a space when all stays on one line.
    fn line_break(&mut self) -> fmt::Result {
        match self.indent {
            None => self.write(" "),
            Some(levels) => write!(self.out, "\n{:1$}", "", levels * 2),
        }
    }

    /// Begins a clause.
    fn clause(&mut self, keyword: &str) -> fmt::Result {
        self.line_break()?;
        self.write(keyword)
    }

    /// Writes what `inner` writes one level deeper.
    fn indented(&mut self, inner: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        let outer = self.indent;
        self.indent = outer.map(|levels| levels + 1);
        let result = inner(self);
        self.indent = outer;
        result
    }

    /// Writes the items with `separator` between them.
    fn join<T>(
        &mut self,
        items: &[T],
        separator: &str,
        mut item: impl FnMut(&mut Self, &T) -> fmt::Result,
    ) -> fmt::Result {
        for (index, each) in items.iter().enumerate() {
            if index > 0 {
                self.write(separator)?;
            }
            item(self, each)?;
        }
        Ok(())
    }

    /// Writes a clause's items after a space, or one on each line if they are too wide.
    fn list<T>(
        &mut self,
        items: &[T],
        keep_together: bool,
        mut item: impl FnMut(&mut Printer<'_>, &T) -> fmt::Result,
    ) -> fmt::Result {
        if self.indent.is_none() {
            self.write(" ")?;
            return self.join(items, ", ", |printer, each| item(printer, each));
        }
        if keep_together {
            let mut line = String::from(" ");
            Printer::line(&mut line).join(items, ", ", |printer, each| item(printer, each))?;
            if line.len() <= WIDTH {
                return self.write(&line);
            }
        }
        self.indented(|printer| {
            for (index, each) in items.iter().enumerate() {
                if index > 0 {
                    printer.write(",")?;
                }
                printer.line_break()?;
                item(printer, each)?;
            }
            Ok(())
        })
    }
}
