//! How long the `ferroforce` command takes to be of use.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde::Deserialize;

use crate::{Result, report};

#[derive(Deserialize)]
struct Started {
    url: String,
}

/// Prints the milliseconds of `ferroforce --version` and, where the command
/// has a local org, of `ferroforce org start` to its first answer.
pub fn run(ferroforce: &Path) -> Result<()> {
    let start = Instant::now();
    let version = Command::new(ferroforce).arg("--version").output()?;
    let elapsed = start.elapsed();
    if version.stdout.is_empty() {
        eprintln!("the command does not tell its version yet");
    } else {
        report("start-version", "ours", 1000.0 * elapsed.as_secs_f64());
    }

    let start = Instant::now();
    let mut org = Org(Command::new(ferroforce)
        .args(["org", "start", "--port", "0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?);
    let output = org.0.stdout.take().ok_or("there is no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let Ok(started) = serde_json::from_str::<Started>(&line) else {
        eprintln!("the command does not start an org yet");
        return Ok(());
    };
    first_answer(&started.url)?;
    report("start-org", "ours", 1000.0 * start.elapsed().as_secs_f64());
    Ok(())
}

fn first_answer(url: &str) -> Result<()> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "GET /services/data HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if !status.ends_with(b" 200") {
        return Err("the org's first answer is no success".into());
    }
    Ok(())
}

/// An org that ends with the measurement.
struct Org(Child);

impl Drop for Org {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
