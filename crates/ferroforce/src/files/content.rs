//! The bytes of a file as they are sent: read in pieces, counted, and never more or
//! fewer than was promised.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::stream;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::progress::Listener;
use super::size;
use crate::error::{Error, Result};
use crate::transport::{Body, TransportError, TransportErrorKind};

/// How much of a file on disk is read at once.
const PIECE: usize = 64 * 1024;

/// How many bytes the file has.
pub(super) async fn length(path: &Path) -> Result<u64> {
    let found = tokio::fs::metadata(path).await;
    let unreadable = |why: String| Error::invalid_input(format!("the file cannot be read: {why}"));
    let found = found.map_err(|error| unreadable(error.to_string()).with_source(error))?;
    if found.is_dir() {
        return Err(unreadable("it is a folder".to_owned()));
    }
    Ok(found.len())
}

fn unreadable(error: std::io::Error) -> TransportError {
    let message = format!("the file cannot be read: {error}");
    TransportError::new(TransportErrorKind::Unsendable, message).with_source(error)
}

/// The file on disk, opened when its first piece is wanted.
pub(super) fn read(path: PathBuf) -> Body {
    enum At {
        Closed(PathBuf),
        Open(File),
    }
    let pieces = stream::try_unfold(At::Closed(path), |at| async {
        let mut file = match at {
            At::Closed(path) => File::open(path).await.map_err(unreadable)?,
            At::Open(file) => file,
        };
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await.map_err(unreadable)?;
        Ok((read > 0).then(|| (piece.freeze(), At::Open(file))))
    });
    Body::stream(pieces)
}

/// Counts what goes through.
pub(super) struct Counted {
    pub(super) body: Body,
    pub(super) length: Option<u64>,
    pub(super) limit: u64,
    pub(super) listener: Listener,
    pub(super) sent: u64,
}

impl Stream for Counted {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let wrong = |message: String| TransportError::new(TransportErrorKind::Unsendable, message);
        let Some(piece) = ready!(Pin::new(&mut self.body).poll_next(cx)).transpose()? else {
            return Poll::Ready(match self.length {
                Some(length) if self.sent < length => {
                    let sent = self.sent;
                    let message = format!("the file ended after {sent} of {length} bytes");
                    // Once is enough.
                    self.length = None;
                    Some(Err(wrong(message)))
                }
                _ => None,
            });
        };
        self.sent += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if let Some(length) = self.length
            && self.sent > length
        {
            let message = format!("the file has more than the {length} bytes that it promised");
            return Poll::Ready(Some(Err(wrong(message))));
        }
        if self.sent > self.limit {
            return Poll::Ready(Some(Err(wrong(size::too_large(self.limit)))));
        }
        self.listener.tell(self.sent, self.length);
        Poll::Ready(Some(Ok(piece)))
    }
}
