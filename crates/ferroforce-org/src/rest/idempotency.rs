//! Requests that are done once, however often they are sent: those with an `Idempotency-Key`.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use rusqlite::{Connection, OptionalExtension};

use super::Context;
use super::request::{ApiRequest, Reply, ReplyBody};
use crate::error::ApiError;

/// How long an answer is kept, in milliseconds: 30 days.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1000;

/// Does something, unless this user did it already under the same key.
///
/// A request that failed leaves nothing behind and may be sent again with its key.
pub(super) fn once(
    context: &Context<'_>,
    request: &ApiRequest,
    work: impl FnOnce() -> Result<Reply, ApiError>,
) -> Result<Reply, ApiError> {
    let Some(key) = request.header("idempotency-key") else {
        return work();
    };
    if !is_uuid_v4(key) {
        return Err(ApiError::bad_request(
            "INVALID_IDEMPOTENCY_KEY",
            "The Idempotency-Key must be a UUID of version 4",
        ));
    }
    let sent = fingerprint(request);
    create(context.db)?;
    if let Some((earlier, status, answer)) = find(context, key)? {
        if earlier != sent {
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "IDEMPOTENCY_KEY_REUSED",
                "The Idempotency-Key was used for another request",
            ));
        }
        let mut reply = Reply::json_text(answer);
        reply.status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        return Ok(reply);
    }
    context.atomically(|| {
        let reply = work()?;
        if let ReplyBody::Json(answer) = &reply.body {
            keep(context, key, &sent, reply.status, &answer.to_string())?;
        }
        Ok(reply)
    })
}

/// What is the same in two requests that ask for the same.
fn fingerprint(request: &ApiRequest) -> String {
    let mut text = format!("{} {}\n", request.method, request.path.join("/"));
    for byte in digest(&SHA256, &request.body).as_ref() {
        // Writing to memory can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn is_uuid_v4(key: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    key.len() == 36
        && key.char_indices().all(|(at, letter)| match at {
            _ if dashes.contains(&at) => letter == '-',
            14 => letter == '4',
            19 => matches!(letter.to_ascii_lowercase(), '8' | '9' | 'a' | 'b'),
            _ => letter.is_ascii_hexdigit(),
        })
}

fn create(db: &Connection) -> Result<(), ApiError> {
    Ok(db.execute_batch(
        "CREATE TABLE IF NOT EXISTS \"_idempotency\" (user TEXT NOT NULL, key TEXT NOT NULL, \
         at INTEGER NOT NULL, request TEXT NOT NULL, status INTEGER NOT NULL, \
         answer TEXT NOT NULL, PRIMARY KEY (user, key))",
    )?)
}

fn find(context: &Context<'_>, key: &str) -> Result<Option<(String, u16, String)>, ApiError> {
    let mut select = context.db.prepare_cached(
        "SELECT request, status, answer FROM \"_idempotency\" \
         WHERE user = ?1 AND key = ?2 AND at > ?3",
    )?;
    let kept_since = context.now - KEPT;
    let found = select.query_row((context.user.id.as_str(), key, kept_since), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    });
    Ok(found.optional()?)
}

fn keep(
    context: &Context<'_>,
    key: &str,
    request: &str,
    status: StatusCode,
    answer: &str,
) -> Result<(), ApiError> {
    let mut insert = context.db.prepare_cached(
        "INSERT OR REPLACE INTO \"_idempotency\" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    insert.execute((
        context.user.id.as_str(),
        key,
        context.now,
        request,
        status.as_u16(),
        answer,
    ))?;
    Ok(())
}
