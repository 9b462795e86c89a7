//! The `ferroforce` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ferroforce_cli::run(
        std::env::args_os(),
        &mut anstream::stdout(),
        &mut anstream::stderr(),
    )
}
