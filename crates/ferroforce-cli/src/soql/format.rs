//! `ferroforce soql format`: the same queries, neatly.

use std::mem::take;
use std::process::ExitCode;

use clap::Args;
use ferroforce_soql::{Dialect, ParseError};

use super::check::described;
use super::{Source, Statement};
use crate::Out;

/// Print queries neatly, a clause on each line
///
/// Queries are separated by blank lines, or stand one on each line. The output has a blank line
/// between queries, so that formatting it again changes nothing. Invalid queries are left out and
/// go to standard error.
///
/// The exit code is 1 if any query is invalid.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  $ echo \"select Id, Name from Account where Name like 'A%' limit 5\" | ferroforce soql format
  SELECT Id, Name
  FROM Account
  WHERE Name LIKE 'A%'
  LIMIT 5")]
pub(crate) struct Format {
    #[command(flatten)]
    source: Source,
}

/// Lines without a blank one between them.
#[derive(Default)]
struct Paragraph {
    first_line: usize,
    lines: Vec<String>,
}

type Parsed = Result<Statement, (usize, ParseError)>;

impl Format {
    pub(super) fn run(&self, out: Out<'_>, err: Out<'_>) -> anyhow::Result<ExitCode> {
        let mut printer = Printer {
            out,
            err,
            is_first: true,
            all_valid: true,
        };
        let dialect = self.source.dialect();
        let mut paragraph = Paragraph::default();
        for line in self.source.lines()? {
            let (number, line) = line?;
            if line.trim().is_empty() {
                printer.print(take(&mut paragraph).parse(dialect))?;
            } else {
                if paragraph.lines.is_empty() {
                    paragraph.first_line = number;
                }
                paragraph.lines.push(line);
            }
        }
        printer.print(paragraph.parse(dialect))?;
        Ok(if printer.all_valid {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

impl Paragraph {
    /// The paragraph as one query. If it is none but one of its lines is, each line is taken for
    /// a query.
    fn parse(self, dialect: Dialect) -> Vec<Parsed> {
        if self.lines.is_empty() {
            return Vec::new();
        }
        let whole = Statement::parse(&self.lines.join("\n"), dialect);
        if whole.is_ok() || self.lines.len() == 1 {
            return vec![whole.map_err(|error| (self.first_line, error))];
        }
        let each: Vec<Parsed> = self
            .lines
            .iter()
            .zip(self.first_line..)
            .map(|(line, number)| Statement::parse(line, dialect).map_err(|error| (number, error)))
            .collect();
        if each.iter().any(Result::is_ok) {
            each
        } else {
            vec![whole.map_err(|error| (self.first_line, error))]
        }
    }
}

struct Printer<'o, 'e> {
    out: Out<'o>,
    err: Out<'e>,
    is_first: bool,
    all_valid: bool,
}

impl Printer<'_, '_> {
    fn print(&mut self, statements: Vec<Parsed>) -> anyhow::Result<()> {
        for statement in statements {
            match statement {
                Ok(statement) => {
                    let gap = if take(&mut self.is_first) { "" } else { "\n" };
                    writeln!(self.out, "{gap}{}", statement.pretty())?;
                }
                Err((line, error)) => {
                    self.all_valid = false;
                    writeln!(self.err, "{}", described(line, &error))?;
                }
            }
        }
        Ok(())
    }
}
