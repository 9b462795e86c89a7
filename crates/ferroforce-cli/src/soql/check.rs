//! `ferroforce soql check`: would Salesforce read these queries?

use std::process::ExitCode;

use clap::Args;
use ferroforce_soql::ParseError;
use serde::Serialize;

use super::{Source, Statement};
use crate::Out;
use crate::style::{BAD, GOOD};

/// Check queries, one a line, and print `ok` or the error for each
///
/// Each line is a SOQL query or, if it begins with FIND, a SOSL search; blank lines are passed
/// over. Errors have Salesforce's own words. The names of objects and fields are not checked,
/// since that takes an org.
///
/// The exit code is 1 if any line is invalid.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce soql check queries.soql
  echo \"SELECT Id FROM Account WHERE\" | ferroforce soql check
  ferroforce soql check --json queries.soql | jq 'select(.valid | not)'")]
pub(crate) struct Check {
    #[command(flatten)]
    source: Source,

    /// Prints a line of JSON for each query
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict<'a> {
    line: usize,
    valid: bool,
    #[serde(flatten)]
    error: Option<Error<'a>>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
    row: usize,
    column: usize,
}

impl Check {
    pub(super) fn run(&self, out: Out<'_>) -> anyhow::Result<ExitCode> {
        let dialect = self.source.dialect();
        let mut all_valid = true;
        for line in self.source.lines()? {
            let (number, line) = line?;
            if line.trim().is_empty() {
                continue;
            }
            let error = Statement::parse(&line, dialect).err();
            all_valid &= error.is_none();
            if self.json {
                let verdict = Verdict::new(number, error.as_ref());
                writeln!(out, "{}", serde_json::to_string(&verdict)?)?;
            } else {
                match error {
                    None => writeln!(out, "{GOOD}ok{GOOD:#}")?,
                    Some(error) => writeln!(out, "{}", described(number, &error))?,
                }
            }
        }
        Ok(if all_valid {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

impl<'a> Verdict<'a> {
    fn new(line: usize, error: Option<&'a ParseError>) -> Self {
        Self {
            line,
            valid: error.is_none(),
            error: error.map(|error| Error {
                code: error.code().as_str(),
                message: error.message(),
                row: error.row(),
                column: error.column(),
            }),
        }
    }
}

/// An error with the line where its text begins.
pub(super) fn described(line: usize, error: &ParseError) -> String {
    let text = error.to_string();
    let text = text.trim_start_matches('\n');
    format!("{BAD}line {line}: {}{BAD:#}\n{text}", error.code())
}
