//! Files on their way to clients: read piece by piece, as they are sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http_body::{Frame, SizeHint};
use rusqlite::Connection;

use super::csv::{Dialect, Scan};
use super::table::Part;
use crate::error::ApiError;
use crate::org::Org;
use crate::rest::ApiCalls;

/// In a request's extensions: a page has only so many records, whatever its headers tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortPage(pub(crate) usize);

/// A file to be sent.
#[derive(Debug)]
pub(super) struct Download {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) content_type: String,
    /// What is sent first.
    pub(super) head: Vec<u8>,
    /// What is sent last.
    pub(super) tail: &'static [u8],
    /// Whose data follows, under which name.
    pub(super) owner: String,
    pub(super) name: &'static str,
    pub(super) span: Span,
}

/// Some of the pieces of some data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// The numbers of the first piece and of the one behind the last.
    pieces: (i64, i64),
    /// How many bytes of the first piece are left out.
    skip: usize,
    /// How many bytes of the last piece are taken; all without it.
    take: Option<usize>,
    /// How many bytes there are together.
    length: u64,
}

impl Span {
    /// All of it.
    pub(super) fn all(db: &Connection, part: Part<'_>) -> Result<Self, ApiError> {
        let (pieces, _) = part.end(db)?;
        let length = part.length(db, 0, pieces)?;
        Ok(Self {
            pieces: (0, pieces),
            length: u64::try_from(length).unwrap_or(0),
            ..Self::default()
        })
    }

    /// Some of the pieces, whole.
    pub(super) fn of_pieces(
        db: &Connection,
        part: Part<'_>,
        pieces: (i64, i64),
    ) -> Result<Self, ApiError> {
        let length = part.length(db, pieces.0, pieces.1)?;
        Ok(Self {
            pieces,
            length: u64::try_from(length).unwrap_or(0),
            ..Self::default()
        })
    }

    /// The bytes from one on and before another.
    pub(super) fn of_bytes(
        db: &Connection,
        part: Part<'_>,
        from: i64,
        to: i64,
    ) -> Result<Self, ApiError> {
        if from >= to {
            return Ok(Self::default());
        }
        let (Some(first), Some(last)) = (part.place(db, from)?, part.place(db, to - 1)?) else {
            return Ok(Self::default());
        };
        let before = |n, at: i64| {
            let piece = part.piece(db, n)?;
            let before = piece.map_or(0, |piece| at - piece.first);
            Ok::<_, ApiError>(usize::try_from(before).unwrap_or(0))
        };
        Ok(Self {
            pieces: (first, last + 1),
            skip: before(first, from)?,
            take: Some(before(last, to)?),
            length: u64::try_from(to - from).unwrap_or(0),
        })
    }

    /// The records from one number on and before another, of pieces that are sized by records.
    pub(super) fn of_records(
        db: &Connection,
        part: Part<'_>,
        dialect: Dialect,
        from: i64,
        to: i64,
    ) -> Result<Self, ApiError> {
        if from >= to {
            return Ok(Self::default());
        }
        let begin = boundary(db, part, dialect, from)?;
        let end = boundary(db, part, dialect, to)?;
        let (Some((first, skip)), Some((last, take))) = (begin, end) else {
            return Err(ApiError::internal("a piece of a result is missing"));
        };
        let whole = part.length(db, first, last)?;
        let length = whole + length_of(take) - length_of(skip);
        Ok(Self {
            pieces: (first, last + 1),
            skip,
            take: Some(take),
            length: u64::try_from(length).unwrap_or(0),
        })
    }
}

fn length_of(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// In which piece a record begins, or the last one ends, and at which of its bytes.
fn boundary(
    db: &Connection,
    part: Part<'_>,
    dialect: Dialect,
    record: i64,
) -> Result<Option<(i64, usize)>, ApiError> {
    let Some(n) = part.place(db, record)? else {
        return Ok(None);
    };
    let Some(piece) = part.piece(db, n)? else {
        return Ok(None);
    };
    let mut at = 0;
    for _ in piece.first..record {
        // The org wrote it: it may be longer than what it would take.
        let Ok(Scan::Record { len, .. }) = dialect.record(&piece.bytes[at..], true) else {
            return Err(ApiError::internal("a piece of a result cannot be read"));
        };
        at += len;
    }
    Ok(Some((n, at)))
}

impl Download {
    /// The answer that sends the file.
    pub(super) fn into_response(self, org: &Arc<Org>) -> Response {
        let (pieces, skip, take) = (self.span.pieces, self.span.skip, self.span.take);
        let head = Bytes::from(self.head);
        let tail = Bytes::from_static(self.tail);
        let left = self.span.length + len(&head) + len(&tail);
        let body = Pieces {
            head: Some(head).filter(|head| !head.is_empty()),
            source: Source {
                org: Arc::clone(org),
                owner: self.owner,
                name: self.name,
            },
            next: pieces.0,
            end: pieces.1,
            skip,
            take,
            tail: Some(tail).filter(|tail| !tail.is_empty()),
            left,
            loading: None,
        };
        let mut response = Response::new(Body::new(body));
        let headers = response.headers_mut();
        if let Ok(content_type) = HeaderValue::try_from(self.content_type) {
            headers.insert(CONTENT_TYPE, content_type);
        }
        headers.extend(self.headers);
        response.extensions_mut().insert(ApiCalls(1));
        response
    }
}

/// Where pieces come from.
#[derive(Clone)]
struct Source {
    org: Arc<Org>,
    owner: String,
    name: &'static str,
}

impl Source {
    async fn load(self, n: i64) -> Result<Vec<u8>, ApiError> {
        let (owner, name) = (self.owner, self.name);
        let piece = self.org.store.run(move |db| {
            let owner = &owner;
            Part { owner, name }.piece(db, n)
        });
        let piece = piece.await?;
        piece
            .map(|piece| piece.bytes)
            .ok_or_else(|| ApiError::internal("a piece of a result is gone"))
    }
}

type Loading = Pin<Box<dyn Future<Output = Result<Vec<u8>, ApiError>> + Send>>;

/// A body that is loaded piece by piece.
struct Pieces {
    head: Option<Bytes>,
    source: Source,
    next: i64,
    end: i64,
    skip: usize,
    take: Option<usize>,
    tail: Option<Bytes>,
    /// How many bytes are still to come.
    left: u64,
    loading: Option<Loading>,
}

/// The data was taken away while it was sent.
#[derive(Debug, thiserror::Error)]
#[error("a piece of the body is gone")]
struct Gone;

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Gone;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Gone>>> {
        if let Some(head) = self.head.take() {
            self.left = self.left.saturating_sub(len(&head));
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        if self.next >= self.end {
            let tail = self.tail.take();
            self.left = 0;
            return Poll::Ready(tail.map(|tail| Ok(Frame::data(tail))));
        }
        let mut loading = match self.loading.take() {
            Some(loading) => loading,
            None => Box::pin(self.source.clone().load(self.next)),
        };
        let Poll::Ready(loaded) = loading.as_mut().poll(context) else {
            self.loading = Some(loading);
            return Poll::Pending;
        };
        let Ok(bytes) = loaded else {
            return Poll::Ready(Some(Err(Gone)));
        };
        self.next += 1;
        let mut bytes = Bytes::from(bytes);
        if self.next == self.end
            && let Some(take) = self.take
        {
            bytes.truncate(take);
        }
        let skip = std::mem::take(&mut self.skip).min(bytes.len());
        let bytes = bytes.split_off(skip);
        self.left = self.left.saturating_sub(len(&bytes));
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.head.is_none() && self.next >= self.end && self.tail.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn len(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
