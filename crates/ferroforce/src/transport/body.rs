use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::{TransportError, TransportErrorKind};

/// How much memory is set aside because a `Content-Length` says so, in bytes.
const MOST_RESERVED: usize = 8 * 1024 * 1024;

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// The body of a request or an answer: bytes at hand, or a stream of them.
///
/// A body of bytes can be sent again; a stream cannot, so a request that has
/// one is never repeated.
#[derive(Default)]
pub struct Body(Repr);

enum Repr {
    Bytes(Bytes),
    Stream { chunks: Chunks, length: Option<u64> },
}

impl Default for Repr {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A body that arrives in pieces.
    pub fn stream(
        chunks: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Repr::Stream {
            chunks: Box::pin(chunks),
            length: None,
        })
    }

    /// The same stream with its length told, in bytes: a request that has one says
    /// so in `Content-Length`. The stream must hold exactly as many.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        if let Repr::Stream { length, .. } = &mut self.0 {
            *length = Some(bytes);
        }
        self
    }

    /// How many bytes it has, where that is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Repr::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Repr::Stream { length, .. } => *length,
        }
    }

    /// The bytes, unless the body is a stream.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Bytes(bytes) => Some(bytes),
            Repr::Stream { .. } => None,
        }
    }

    /// Reads the whole body, which may be at most `limit` bytes.
    ///
    /// # Errors
    /// [`TransportErrorKind::TooLarge`] when it is larger, and whatever the
    /// stream ends with.
    pub async fn collect(self, limit: usize) -> Result<Bytes, TransportError> {
        self.collect_into(BytesMut::new(), limit).await
    }

    /// As [`collect`](Self::collect), into the memory of `buffer`, which is empty.
    pub(crate) async fn collect_into(
        self,
        buffer: BytesMut,
        limit: usize,
    ) -> Result<Bytes, TransportError> {
        let (bytes, complete) = self.collect_some_into(buffer, limit).await?;
        if complete {
            Ok(bytes)
        } else {
            Err(TransportError::new(
                TransportErrorKind::TooLarge,
                format!("the answer is larger than {limit} bytes"),
            ))
        }
    }

    /// Reads at most `limit` bytes and tells whether that was all of it.
    pub(crate) async fn collect_some(self, limit: usize) -> Result<(Bytes, bool), TransportError> {
        self.collect_some_into(BytesMut::new(), limit).await
    }

    async fn collect_some_into(
        self,
        buffer: BytesMut,
        limit: usize,
    ) -> Result<(Bytes, bool), TransportError> {
        let (mut chunks, length) = match self.0 {
            Repr::Bytes(mut bytes) => {
                let complete = bytes.len() <= limit;
                bytes.truncate(limit);
                return Ok((bytes, complete));
            }
            Repr::Stream { chunks, length } => (chunks, length),
        };
        let mut next = async || std::future::poll_fn(|cx| chunks.as_mut().poll_next(cx)).await;
        let Some(mut first) = next().await.transpose()? else {
            return Ok((Bytes::new(), true));
        };
        let stated = length.and_then(|length| usize::try_from(length).ok());
        let mut following = None;
        // One chunk is the usual case and needs no copy.
        if stated.is_none_or(|stated| first.len() >= stated) {
            following = next().await.transpose()?;
            if following.is_none() {
                let complete = first.len() <= limit;
                first.truncate(limit);
                return Ok((first, complete));
            }
        }
        let mut all = buffer;
        // What is stated is believed up to a bound: it need not come. A little more, so
        // that the memory does for a next body that is a little longer.
        let expected = stated.unwrap_or(0).min(limit).min(MOST_RESERVED);
        if all.capacity() < expected {
            all.reserve(expected + expected / 16);
        }
        all.extend_from_slice(&first);
        drop(first);
        while all.len() <= limit {
            let chunk = match following.take() {
                Some(chunk) => chunk,
                None => match next().await.transpose()? {
                    Some(chunk) => chunk,
                    None => return Ok((all.freeze(), true)),
                },
            };
            // One byte too many tells that there is more. The chunk is let go before the
            // next one is asked for: it lies in the memory into which the connection reads.
            let room = (limit - all.len()).saturating_add(1);
            all.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        all.truncate(limit);
        Ok((all.freeze(), false))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Repr::Stream { chunks, .. } => chunks.as_mut().poll_next(cx),
            Repr::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Repr::Bytes(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Repr::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body is data of the org: its size is all that is shown.
        match &self.0 {
            Repr::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Repr::Stream { .. } => f.write_str("Body(stream)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    /// It lies in the memory into which a connection reads, which could not be used for
    /// what comes next.
    #[tokio::test]
    async fn a_chunk_is_let_go_before_the_next_one_is_asked_for() {
        let pieces: Vec<Bytes> = (0..4).map(|n| Bytes::from(vec![n; 100])).collect();
        let mut given: Vec<Bytes> = Vec::new();
        let chunks = futures_util::stream::iter(pieces).map(move |piece| {
            assert!(given.iter().all(Bytes::is_unique));
            given.push(piece.clone());
            Ok::<_, TransportError>(piece)
        });
        let body = Body::stream(chunks).with_length(400);
        assert_eq!(body.collect(1000).await.unwrap().len(), 400);
    }
}
