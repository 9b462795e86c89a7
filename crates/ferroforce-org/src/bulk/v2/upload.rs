//! The data of a job arrives: once, and a piece at a time.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rusqlite::Connection;

use super::create::wrong_state;
use super::find;
use crate::bulk::job::{Job, JobKind, State};
use crate::bulk::table::{self, Part};
use crate::bulk::{JobError, ingest};
use crate::error::ApiError;
use crate::http::read_on;
use crate::org::Org;
use crate::store::ids;

/// How much is kept as one piece, in bytes.
const PIECE: usize = 512 * 1024;

/// How much data a job takes, in bytes: 150 MB when it is encoded as base64, as Salesforce counts.
const MOST: usize = 150 * 1024 * 1024 / 4 * 3;

/// Takes the data of a job.
pub(super) async fn take(org: &Arc<Org>, id: &str, mut body: Body) -> Result<Response, ApiError> {
    let id = id.to_owned();
    let staged = org.store.run(move |db| {
        let job = open(db, &id)?;
        let n = ids::count(db, "_bulk_upload")?;
        Ok((job.id, format!("upload {n}")))
    });
    let (owner, name) = staged.await?;
    let mut staged = Staged {
        org: Arc::clone(org),
        owner,
        name,
        kept: false,
    };
    let (mut piece, mut length) = (Vec::new(), 0);
    while let Some(bytes) = read_on(&mut body).await? {
        length += bytes.len();
        if length > MOST {
            let message = "Exceeded max file size of 150 megabytes.";
            return Err(JobError::new("ClientInputError", message).into());
        }
        piece.extend_from_slice(&bytes);
        if piece.len() >= PIECE {
            staged.append(std::mem::take(&mut piece)).await?;
        }
    }
    if !piece.is_empty() {
        staged.append(piece).await?;
    }
    staged.keep().await?;
    Ok(StatusCode::CREATED.into_response())
}

/// The job with this id, if it takes data.
fn open(db: &Connection, id: &str) -> Result<Job, ApiError> {
    let job = find(db, JobKind::Ingest, id)?;
    if job.state != State::Open {
        let state = job.state.name();
        return Err(wrong_state(format!(
            "Uploading data to a Job that is {state} not allowed"
        )));
    }
    if job.uploaded {
        // Salesforce misspells it so.
        let message = format!(
            "Found multipe contents for job: <{}>, please 'Close' / 'Abort' / 'Delete' the current \
             Job then create a new Job",
            job.id
        );
        return Err(JobError::new("InvalidJob", message).into());
    }
    Ok(job)
}

/// Data that has arrived in part. If the rest does not, it is as if nothing had.
struct Staged {
    org: Arc<Org>,
    owner: String,
    name: String,
    kept: bool,
}

impl Staged {
    async fn append(&self, bytes: Vec<u8>) -> Result<(), ApiError> {
        let (owner, name) = (self.owner.clone(), self.name.clone());
        let appended = self.org.store.run(move |db| {
            let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            let (owner, name) = (&owner, &name);
            Part { owner, name }.append(db, size, &bytes)
        });
        appended.await
    }

    /// Makes what has arrived the data of the job, all of it.
    async fn keep(&mut self) -> Result<(), ApiError> {
        let (owner, name) = (self.owner.clone(), self.name.clone());
        let kept = self.org.store.run(move |db| {
            let mut job = open(db, &owner)?;
            let (owner, name) = (&owner, &name);
            let transaction = db.unchecked_transaction()?;
            Part { owner, name }.rename(&transaction, ingest::UPLOAD)?;
            job.uploaded = true;
            table::put(&transaction, &job)?;
            transaction.commit()?;
            Ok(())
        });
        kept.await?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let (owner, name) = (self.owner.clone(), self.name.clone());
        self.org.store.post(move |db| {
            let (owner, name) = (&owner, &name);
            // What is left over goes with the job.
            let _ = Part { owner, name }.clear(db);
        });
    }
}
