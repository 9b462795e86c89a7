//! `ferroforce org`: a Salesforce org on this machine.

mod invitation;
mod start;
mod stop;

use std::process::ExitCode;

use clap::Subcommand;

use crate::Out;

#[derive(Debug, Subcommand)]
pub(crate) enum Org {
    Start(Box<start::Start>),
}

impl Org {
    pub(crate) fn run(self, out: Out<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Self::Start(start) => start.run(out),
        }
    }
}
