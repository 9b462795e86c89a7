//! The records, in SQLite. One thread owns the connection; jobs are sent to it.

pub(crate) mod blobs;
pub(crate) mod deletions;
pub(crate) mod ids;
pub(crate) mod table;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::ApiError;
use crate::local::StartError;
use crate::{bulk, query};

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The thread that owns the database. It ends with this, when it has done its last job.
pub(crate) struct Store {
    /// Nothing is the end.
    jobs: mpsc::Sender<Option<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens a database in a file, or in memory without one, and starts its thread.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, StartError> {
        let mut connection = connect(file)?;
        let (jobs, queue) = mpsc::channel::<Option<Job>>();
        let thread = thread::Builder::new()
            .name("ferroforce-org-store".to_owned())
            .spawn(move || {
                while let Ok(Some(job)) = queue.recv() {
                    run(&mut connection, job);
                }
            })
            .map_err(|error| StartError::thread(&error))?;
        Ok(Self {
            jobs,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// As [`run`](Self::run), for before there is anything to wait with.
    pub(crate) fn run_now<T, F>(&self, job: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, ApiError> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        self.send(move |connection| {
            let _ = answer.send(job(connection));
        })?;
        answered.recv().map_err(|_| closed())?
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
        self.send(move |connection| {
            let _ = answer.send(job(connection));
        })?;
        answered.await.map_err(|_| closed())?
    }

    /// Runs a job on the database's thread, after those before it; nobody waits for it.
    pub(crate) fn post(&self, job: impl FnOnce(&mut Connection) + Send + 'static) {
        // Without the thread there is nothing to be done.
        let _ = self.send(job);
    }

    /// Ends the thread when it has done the jobs that it has, and waits for it: the file is free
    /// then. Nothing can be done afterwards.
    pub(crate) fn close(&self) {
        let _ = self.jobs.send(None);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = { thread }.take();
        // A job may hold the org, and be the last to do so: no thread waits for itself.
        if let Some(thread) = thread.filter(|t| t.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }

    fn send(&self, job: impl FnOnce(&mut Connection) + Send + 'static) -> Result<(), ApiError> {
        let sent = self.jobs.send(Some(Box::new(job)));
        sent.map_err(|_| closed())
    }
}

fn closed() -> ApiError {
    ApiError::internal("the store is closed")
}

/// Opens the database. A file is for its owner alone: it holds whatever the records hold.
fn connect(file: Option<&Path>) -> Result<Connection, StartError> {
    let opened = match file {
        Some(path) => {
            private_file(path).map_err(|error| {
                StartError::new(format_args!("the data file {}: {error}", path.display()))
            })?;
            Connection::open(path)
        }
        None => Connection::open_in_memory(),
    };
    let prepare = |db: &Connection| {
        db.set_prepared_statement_cache_capacity(256);
        // Two orgs on one file would give the same ids.
        db.busy_timeout(Duration::ZERO)?;
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        // A crash of the machine may lose the last changes, but not the database.
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        query::install(db)?;
        ids::create(db)?;
        deletions::create(db)?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS \"_recent\" (user TEXT NOT NULL, object TEXT NOT NULL,
                id TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (user, id));
            CREATE INDEX IF NOT EXISTS \"_recent.n\" ON \"_recent\" (user, object, n);
            CREATE TABLE IF NOT EXISTS \"_changed_user\"
                (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL)",
        )?;
        if file.is_none() {
            attach_jobs(db)?;
        }
        bulk::create(db, if file.is_none() { JOBS } else { "main" })
    };
    let db = opened.map_err(|error| StartError::store(&error))?;
    prepare(&db).map_err(|error| StartError::store(&error))?;
    Ok(db)
}

/// The database of the jobs of an org without a file.
pub(crate) const JOBS: &str = "jobs";

/// Adds a database of its own for jobs, whose data may be larger than memory: SQLite moves it to
/// a file of the owner's that is gone with the connection.
pub(crate) fn attach_jobs(db: &Connection) -> rusqlite::Result<()> {
    db.execute("ATTACH DATABASE '' AS jobs", [])?;
    Ok(())
}

/// Makes a file that only its owner can read, if there is none.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Runs a job. One that panics leaves no transaction open behind it, and its caller gets an
/// error.
fn run(connection: &mut Connection, job: Job) {
    let outcome = catch_unwind(AssertUnwindSafe(|| job(connection)));
    if outcome.is_err() || !connection.is_autocommit() {
        tracing::error!("a job of the store ended in the middle of its work");
        let _ = connection.execute_batch("ROLLBACK");
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
