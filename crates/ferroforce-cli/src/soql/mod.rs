//! `ferroforce soql`: queries and searches as text.

mod check;
mod format;
mod input;
mod statement;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::statement::Statement;
use crate::Out;

#[derive(Debug, Subcommand)]
pub(crate) enum Soql {
    Check(check::Check),
    Format(format::Format),
}

impl Soql {
    pub(crate) fn run(self, out: Out<'_>, err: Out<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check(check) => check.run(out),
            Self::Format(format) => format.run(out, err),
        }
    }
}

/// Where the text comes from and how it is read.
#[derive(Debug, Args)]
struct Source {
    /// Reads what stands in square brackets in Apex: with binds such as `:ids`, for example
    #[arg(long)]
    apex: bool,

    /// A file, or `-` for standard input [default: standard input]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}
