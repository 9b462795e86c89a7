//! A Redis of a test's own.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A `redis-server` on a free port, which keeps nothing and is gone when dropped.
pub(crate) struct RedisServer {
    process: Child,
    port: u16,
    /// Kept open, since it writes there.
    _output: BufReader<ChildStdout>,
}

impl RedisServer {
    /// Starts one.
    ///
    /// # Panics
    /// If there is no `redis-server`.
    pub(crate) fn start() -> Self {
        // Somebody else may take a port that was free.
        (0..5).find_map(|_| Self::on(free_port())).unwrap()
    }

    /// Starts one that speaks TLS, with this certificate and its key, in PEM files.
    #[allow(dead_code, reason = "not every test does")]
    pub(crate) fn start_tls(certificate: &Path, key: &Path) -> Self {
        let files = [certificate, key].map(|file| file.to_str().unwrap().to_owned());
        let [certificate, key] = &files;
        let tls = |port: u16| {
            Self::run(
                port,
                &[
                    ["--port", "0"],
                    ["--tls-port", &port.to_string()],
                    ["--tls-cert-file", certificate],
                    ["--tls-key-file", key],
                    ["--tls-auth-clients", "no"],
                    ["--tls-ca-cert-file", certificate],
                ],
            )
        };
        (0..5).find_map(|_| tls(free_port())).unwrap()
    }

    fn on(port: u16) -> Option<Self> {
        Self::run(port, &[["--port", &port.to_string()]])
    }

    fn run(port: u16, options: &[[&str; 2]]) -> Option<Self> {
        let mut process = Command::new("redis-server")
            .args(options.as_flattened())
            .args(["--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server must be installed");
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|length| length > 0) {
            if line.contains("Ready to accept connections") {
                return Some(Self {
                    process,
                    port,
                    _output: output,
                });
            }
            line.clear();
        }
        let _ = process.wait();
        None
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    #[allow(dead_code, reason = "not every test does")]
    pub(crate) fn tls_url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    /// Ends it, and starts another at its place.
    #[allow(dead_code, reason = "not every test does")]
    pub(crate) fn restart(&mut self) {
        self.stop();
        *self = Self::on(self.port).expect("the port is still free");
    }

    /// Ends it. Nobody answers at its port from now on.
    #[allow(dead_code, reason = "not every test does")]
    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
