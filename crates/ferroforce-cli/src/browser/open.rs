//! Opening a browser.

use std::io;
use std::process::{Command, Stdio};

/// Opens `url` in the program that `BROWSER` names, or else in the user's browser.
pub(crate) fn open(url: &str) -> io::Result<()> {
    let named = std::env::var_os("BROWSER").filter(|program| !program.is_empty());
    let mut command = match named {
        Some(program) => Command::new(program),
        None => usual(),
    };
    command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        // It ends by itself, and mostly at once.
        .map(drop)
}

#[cfg(target_os = "macos")]
fn usual() -> Command {
    Command::new("open")
}

#[cfg(windows)]
fn usual() -> Command {
    let mut command = Command::new("rundll32");
    command.arg("url.dll,FileProtocolHandler");
    command
}

#[cfg(not(any(target_os = "macos", windows)))]
fn usual() -> Command {
    Command::new("xdg-open")
}
