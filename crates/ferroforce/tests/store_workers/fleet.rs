//! Workers, as those see them who give them work.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
#[cfg(feature = "redis")]
use std::time::Duration;

use ferroforce_org::LocalOrg;

/// What a worker says begins so, since its test harness says something too.
pub(crate) const SAYS: &str = "worker says: ";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Credentials,
    RefreshToken,
}

/// What a worker needs to know, as variables of its environment.
#[derive(Clone)]
pub(crate) struct Settings(Vec<(&'static str, String)>);

impl Settings {
    /// Tokens are kept in this folder.
    pub(crate) fn in_folder(org: &LocalOrg, folder: &Path, flow: Flow) -> Self {
        Self::new(org, flow, ("WORKER_FOLDER", folder.display().to_string()))
    }

    /// Tokens are kept in this Redis.
    #[cfg(feature = "redis")]
    pub(crate) fn in_redis(org: &LocalOrg, redis: &str, flow: Flow) -> Self {
        Self::new(org, flow, ("WORKER_REDIS", redis.to_owned()))
    }

    fn new(org: &LocalOrg, flow: Flow, store: (&'static str, String)) -> Self {
        let secret = org.client_secret().unwrap().to_owned();
        let mut variables = vec![
            store,
            ("WORKER_ORG", org.url()),
            ("WORKER_CLIENT_ID", org.client_id().to_owned()),
            ("WORKER_CLIENT_SECRET", secret),
        ];
        if flow == Flow::RefreshToken {
            variables.push(("WORKER_REFRESH_TOKEN", org.refresh_token().to_owned()));
        }
        Self(variables)
    }

    /// With a lease of its own for the lock.
    #[cfg(feature = "redis")]
    pub(crate) fn lease(mut self, lease: Duration) -> Self {
        self.0
            .push(("WORKER_LEASE_MS", lease.as_millis().to_string()));
        self
    }

    /// It trusts this certificate, in a PEM file, and no other.
    #[cfg(feature = "redis")]
    pub(crate) fn trust(mut self, certificate: &Path) -> Self {
        self.0
            .push(("SSL_CERT_FILE", certificate.display().to_string()));
        self
    }

    /// It says what it is about to send, and never does.
    pub(crate) fn stuck(mut self) -> Self {
        self.0.push(("WORKER_STUCK", "yes".to_owned()));
        self
    }
}

/// A process that makes a call whenever it is told to.
pub(crate) struct Worker {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(settings: &Settings) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["worker", "--exact", "--ignored", "--nocapture"])
            .envs(settings.0.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    pub(crate) fn tell(&mut self, what: &str) {
        writeln!(self.input, "{what}").unwrap();
    }

    /// What it says next.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "it ended");
            if let Some((_, said)) = line.split_once(SAYS) {
                return said.trim_end().to_owned();
            }
        }
    }

    /// Ends it in mid-work, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
