//! A `redis-server` of a test's own, behind a socket in a folder of its own, which ends with
//! the test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

pub(crate) struct Server {
    folder: TempDir,
    process: Option<Child>,
}

impl Server {
    /// Starts one, and waits until it is ready.
    pub(crate) fn start() -> Self {
        let mut server = Self {
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        server.start_again();
        server
    }

    pub(crate) fn start_again(&mut self) {
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket", "redis.sock"])
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("needs redis-server");
        let output = BufReader::new(process.stdout.take().unwrap());
        self.process = Some(process);
        let mut lines = output.lines();
        let ready = lines.any(|line| line.unwrap().contains("eady to accept connections"));
        assert!(ready, "redis-server ended before it was ready");
        // What it says later has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// Ends it at once, as a machine that fails.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}/redis.sock", self.folder.path().display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
