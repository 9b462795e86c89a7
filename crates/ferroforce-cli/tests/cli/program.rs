//! Running the binary.

use std::io::Write;
use std::process::{Command, Stdio};

/// What a run of the program left.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with these arguments.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferroforce"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("CLICOLOR_FORCE");
    command
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Ended {
    run_with(args, "")
}

/// Runs the program to its end with this standard input.
pub(crate) fn run_with(args: &[&str], input: impl AsRef<[u8]>) -> Ended {
    let mut child = command(args).stdin(Stdio::piped()).spawn().unwrap();
    // Inputs here are shorter than a pipe is long.
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_ref())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
