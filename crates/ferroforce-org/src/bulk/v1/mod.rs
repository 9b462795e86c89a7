//! Bulk API 1.0: jobs with batches, under `/services/async`.

mod answer;
mod batch;
mod data;
mod jobs;
mod process;
mod results;
mod xml;
mod zip;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

pub(crate) use self::answer::error_response;
use self::answer::{AsyncError, Content};
use self::batch::Batch;
pub(super) use self::batch::KIND;
pub(super) use self::process::advance;
#[cfg(test)]
pub(super) use self::zip::tests::archive;
use super::download::Download;
use super::expiry;
use super::job::{Job, JobKind};
use super::table;
use super::work::attend;
use crate::auth;
use crate::error::ApiError;
use crate::http::read_body;
use crate::org::Org;
use crate::rest::{ApiVersion, Context, limits, segments};

/// The routes.
pub(crate) fn routes() -> Router<Arc<Org>> {
    Router::new().route("/services/async/{*path}", any(serve))
}

/// What is answered.
enum Answer {
    Content(StatusCode, Content),
    File(Box<Download>),
}

/// An answer, or an error, and whether it is in JSON.
struct Told<T> {
    told: T,
    json: bool,
}

async fn serve(State(org): State<Arc<Org>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let json = is_json(&parts.headers);
    match answer(&org, parts, body, json).await {
        Err(error) => error.into_response(json),
        Ok(Told { told, json }) => match told {
            Err(error) => error.into_response(json),
            Ok(Answer::Content(status, content)) => content.into_response(status, json),
            Ok(Answer::File(file)) => file.into_response(&org),
        },
    }
}

/// Whether a request is in JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

async fn answer(
    org: &Arc<Org>,
    parts: Parts,
    body: Body,
    json: bool,
) -> Result<Told<Result<Answer, AsyncError>>, AsyncError> {
    let user = auth::authenticate_session_header(org, &parts)?;
    limits::admit(org, org.usage.count())?;
    let path = parts.uri.path().strip_prefix("/services/async/");
    let path = segments(path.unwrap_or_default())?;
    let (version, path) = path
        .split_first()
        .ok_or_else(|| AsyncError::from(ApiError::not_found()))?;
    let retired = org.settings.serve_retired_versions;
    let version = ApiVersion::from_segment(&format!("v{version}"), retired)?;
    let request = Asked {
        method: parts.method,
        path: path.to_vec(),
        headers: parts.headers,
        body: read_body(body).await?,
        json,
    };
    let worker = Arc::clone(org);
    let answer = org.store.run(move |db| {
        expiry::expire_now_and_then(&worker, db)?;
        attend(&worker);
        let context = Context::new(&worker, db, &user, version);
        let mut told = Told {
            told: Err(AsyncError::new("Unknown", "")),
            json,
        };
        // What is refused leaves nothing behind.
        let done = context.all_or_none(|| request.answer(&context, &mut told.json));
        told.told = done;
        super::wake(&worker);
        Ok(told)
    });
    Ok(answer.await?)
}

/// What is asked for.
struct Asked {
    method: Method,
    path: Vec<String>,
    headers: HeaderMap,
    body: Bytes,
    json: bool,
}

impl From<rusqlite::Error> for AsyncError {
    fn from(error: rusqlite::Error) -> Self {
        ApiError::from(error).into()
    }
}

impl Asked {
    /// Answers, and tells whether in JSON.
    fn answer(&self, context: &Context<'_>, json: &mut bool) -> Result<Answer, AsyncError> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let now = context.org.clock.now_millis();
        let (id, below) = match path.as_slice() {
            ["job"] if self.method == Method::POST => {
                let job = jobs::create(context, &self.body, self.json, &self.headers)?;
                return Ok(told_of_job(StatusCode::CREATED, context, &job, now)?);
            }
            ["job", id, below @ ..] => (*id, below),
            [first @ ("spec" | "dml"), ..] => {
                let what = format!("/services/async/…/{first}");
                return Err(ApiError::unsupported(what).into());
            }
            _ => return Err(wrong_url()),
        };
        let job: Option<Job> = table::get(context.db, id)?;
        let job = job
            .filter(|job| job.kind == JobKind::Classic)
            .ok_or_else(|| {
                let id = crate::error::excerpt(id);
                AsyncError::new("InvalidJob", format!("Unable to find object: {id}"))
            })?;
        *json = job.content_type().is_json();
        let batch = |id: &str| {
            let batch: Option<Batch> = table::get(context.db, id)?;
            batch.filter(|batch| batch.job == job.id).ok_or_else(|| {
                let id = crate::error::excerpt(id);
                AsyncError::new("InvalidBatch", format!("Unable to find batch: {id}"))
            })
        };
        let get = self.method == Method::GET || self.method == Method::HEAD;
        let content = match *below {
            [] if get => return Ok(told_of_job(StatusCode::OK, context, &job, now)?),
            [] if self.method == Method::POST => {
                let job = jobs::change(context, &self.body, self.json, job)?;
                return Ok(told_of_job(StatusCode::OK, context, &job, now)?);
            }
            ["batch"] if get => {
                let batches = table::parts::<Batch>(context.db, &job.id)?;
                Content::List(batches.iter().map(|batch| batch.info(now)).collect())
            }
            ["batch"] if self.method == Method::POST => {
                let batch = data::add(context, &job, &self.body, &self.headers)?;
                let content = Content::Info("batchInfo", batch.info(now));
                return Ok(Answer::Content(StatusCode::CREATED, content));
            }
            ["batch", id] if get => Content::Info("batchInfo", batch(id)?.info(now)),
            ["batch", id, "request"] if get => {
                let file = results::request(context.db, &batch(id)?)?;
                return Ok(Answer::File(Box::new(file)));
            }
            ["batch", id, "result"] if get && job.operation.is_query() => {
                Content::Ids(results::ids(&batch(id)?)?)
            }
            ["batch", id, "result"] if get => {
                let file = results::outcomes(context.db, &job, &batch(id)?)?;
                return Ok(Answer::File(Box::new(file)));
            }
            ["batch", id, "result", result] if get && job.operation.is_query() => {
                let file = results::found(context.db, &job, &batch(id)?, result)?;
                return Ok(Answer::File(Box::new(file)));
            }
            _ => return Err(wrong_url()),
        };
        Ok(Answer::Content(StatusCode::OK, content))
    }
}

fn told_of_job(
    status: StatusCode,
    context: &Context<'_>,
    job: &Job,
    now: i64,
) -> Result<Answer, ApiError> {
    let info = jobs::info(context.db, job, now)?;
    Ok(Answer::Content(status, Content::Info("jobInfo", info)))
}

fn wrong_url() -> AsyncError {
    AsyncError::new("InvalidUrl", "Destination URL not valid")
}
