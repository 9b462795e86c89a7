//! The `ferroforce` command as a library.
//!
//! ```
//! use std::process::ExitCode;
//!
//! let (mut out, mut err) = (Vec::new(), Vec::new());
//! let code = ferroforce_cli::run(["ferroforce", "--version"], &mut out, &mut err);
//! assert_eq!(code, ExitCode::SUCCESS);
//! assert!(out.starts_with(b"ferroforce "));
//! ```

mod answer;
mod browser;
mod demo;
mod logins;
mod org;
mod soql;
mod style;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::style::BAD;

/// Where a command writes to.
type Out<'a> = &'a mut (dyn Write + Send);

/// Something failed.
const FAILURE: u8 = 1;

/// Usage errors.
const USAGE: u8 = 2;

/// Salesforce from the terminal, and a local org to build and test against.
#[derive(Debug, Parser)]
#[command(
    name = "ferroforce",
    version,
    arg_required_else_help = true,
    after_long_help = EXAMPLES,
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  ferroforce demo                     Watch the whole client at work; needs no account
  ferroforce org login web -i ID      Sign in to an org with the browser
  ferroforce org start                Run a Salesforce org on this machine
  ferroforce soql check queries.soql  Find the queries that Salesforce would refuse

Exit codes: 0 all went well, 1 something failed, 2 the command line makes no sense.";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    /// Signing in to orgs, and a Salesforce org on this machine
    #[command(subcommand)]
    Org(org::Org),
    /// SOQL queries and SOSL searches as text
    #[command(subcommand)]
    Soql(soql::Soql),
}

/// Runs the command line `args`, whose first item is the name of the program.
///
/// What was asked for goes to `out`, and errors go to `err`. Both get ANSI styles: write to a
/// terminal through something that takes them away where they don't belong, as `anstream` does.
/// The exit code is 0 if all went well, 1 if something failed, and 2 if the arguments make no
/// sense.
pub fn run<A>(args: impl IntoIterator<Item = A>, out: Out<'_>, err: Out<'_>) -> ExitCode
where
    A: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(usage) => return explain(&usage, out, err),
    };
    let done = match cli.command {
        Command::Demo(demo) => demo.run(out),
        Command::Org(org) => org.run(out, err),
        Command::Soql(soql) => soql.run(out, err),
    };
    match done.and_then(|code| out.flush().map(|()| code).map_err(Into::into)) {
        Ok(code) => code,
        Err(error) if nobody_reads(&error) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(usage) = error.downcast_ref() {
                return explain(usage, out, err);
            }
            // If it can't be told, the exit code still says it.
            let _ = writeln!(err, "{BAD}error:{BAD:#} {}", told(&error));
            ExitCode::from(answer::exit_code(&error))
        }
    }
}

/// An error and its causes, but for those whose words it repeats itself.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Prints the help or version that was asked for, or what is wrong with the arguments.
fn explain(usage: &clap::Error, out: Out<'_>, err: Out<'_>) -> ExitCode {
    let text = usage.render().ansi().to_string();
    // If it can't be told, the exit code still says it.
    if usage.use_stderr() {
        let _ = err.write_all(text.as_bytes());
        return ExitCode::from(USAGE);
    }
    let told = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match told {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Whether the reader of the output has gone, as `head` does when it has seen enough.
fn nobody_reads(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_are_told_once() {
        let cause = anyhow!("the password is wrong");
        let repeats = cause.context("sign-in failed: the password is wrong");
        assert_eq!(told(&repeats), "sign-in failed: the password is wrong");
        let adds = anyhow!("no such file").context("a.txt can't be opened");
        assert_eq!(told(&adds), "a.txt can't be opened: no such file");
    }
}
