//! The records, in SQLite. One thread owns the connection; jobs are sent to it.

use std::fmt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::ApiError;
use crate::local::StartError;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle to the thread that owns the database. The thread ends with the last handle.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
}

impl Store {
    /// Opens a database in a file, or in memory without one, and starts its thread.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, StartError> {
        let mut connection = match file {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        }
        .map_err(|error| StartError::store(&error))?;
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("ferroforce-org-store".to_owned())
            .spawn(move || {
                for job in queue {
                    job(&mut connection);
                }
            })
            .map_err(|error| StartError::thread(&error))?;
        Ok(Self { jobs })
    }

    /// Runs a job on the database's thread and returns what it answers.
    ///
    /// Jobs run one at a time in the order in which they were sent. A caller that goes away
    /// does not stop its job.
    pub(crate) async fn run<T, F>(&self, job: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, ApiError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            let _ = answer.send(job(connection));
        });
        self.jobs
            .send(job)
            .map_err(|_| ApiError::internal("the store is closed"))?;
        answered
            .await
            .map_err(|_| ApiError::internal("the store is closed"))?
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
