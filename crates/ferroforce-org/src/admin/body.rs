//! Bodies that are slow, rest, or end too early.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// A body that is sent as a fault wants it.
pub(super) struct FaultyBody {
    rest: Bytes,
    /// The length that the body claims to have; none makes it a chunked one.
    claimed: Option<u64>,
    /// At most so many bytes at once.
    piece: usize,
    pause: Duration,
    sleeping: Option<Pin<Box<Sleep>>>,
    end: End,
}

/// What comes when all bytes were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Orderly,
    /// The connection is cut, once what was sent before is on its way.
    Flush,
    Cut,
    /// Nothing, until the client goes.
    Rest,
}

/// Makes the server cut the connection.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut on purpose")]
pub(super) struct Cut;

impl FaultyBody {
    /// The whole body at once, as it is without any fault.
    pub(super) fn new(body: Bytes) -> Self {
        Self {
            claimed: u64::try_from(body.len()).ok(),
            piece: body.len(),
            rest: body,
            pause: Duration::ZERO,
            sleeping: None,
            end: End::Orderly,
        }
    }

    /// Cuts the connection after so many bytes; the last byte is never sent.
    pub(super) fn cut(mut self, after: usize, chunked: bool) -> Self {
        self.stop(after, End::Flush);
        if chunked {
            self.claimed = None;
        }
        self
    }

    /// Sends so many bytes, and never the last one.
    pub(super) fn rest(mut self, after: usize) -> Self {
        self.stop(after, End::Rest);
        self
    }

    fn stop(&mut self, after: usize, end: End) {
        let most = self.rest.len().saturating_sub(1);
        self.rest.truncate(after.min(most));
        self.end = end;
    }

    /// Sends pieces, with a pause before each.
    pub(super) fn slow(mut self, piece: usize, pause: Duration) -> Self {
        self.piece = piece;
        self.pause = pause;
        self
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether the length of the body may be told.
    pub(super) fn is_chunked(&self) -> bool {
        self.claimed.is_none()
    }
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.rest.is_empty() {
            return match self.end {
                End::Orderly => Poll::Ready(None),
                End::Flush => {
                    // A server that has to wait for more sends what it has.
                    self.end = End::Cut;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                End::Cut => Poll::Ready(Some(Err(Cut))),
                // Whoever waits for it is woken by the client alone.
                End::Rest => Poll::Pending,
            };
        }
        if !self.pause.is_zero() {
            let pause = self.pause;
            let sleeping = self.sleeping.get_or_insert_with(|| Box::pin(sleep(pause)));
            ready!(sleeping.as_mut().poll(context));
            self.sleeping = None;
        }
        let piece = self.piece.clamp(1, self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn size_hint(&self) -> SizeHint {
        self.claimed.map(SizeHint::with_exact).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::time::Instant;

    use super::*;

    /// The pieces that a body comes in, and whether it ends as it should.
    async fn pieces(mut body: FaultyBody) -> (Vec<String>, bool) {
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    let data = frame.into_data().unwrap().to_vec();
                    pieces.push(String::from_utf8(data).unwrap());
                }
                Err(Cut) => return (pieces, false),
            }
        }
        (pieces, true)
    }

    fn body() -> FaultyBody {
        FaultyBody::new(Bytes::from_static(b"abcdefg"))
    }

    #[tokio::test]
    async fn a_cut_body_promises_more_than_it_sends() {
        let cut = body().cut(3, false);
        assert_eq!(cut.size_hint().exact(), Some(7));
        assert_eq!(pieces(cut).await, (vec!["abc".to_owned()], false));
        for too_many in [7, 8, usize::MAX] {
            assert_eq!(
                pieces(body().cut(too_many, false)).await,
                (vec!["abcdef".to_owned()], false)
            );
        }
        assert_eq!(pieces(body().cut(0, false)).await, (vec![], false));
    }

    #[tokio::test]
    async fn a_chunked_body_promises_nothing() {
        let cut = body().cut(3, true);
        assert!(cut.is_chunked());
        assert_eq!(cut.size_hint().exact(), None);
        assert_eq!(pieces(cut).await, (vec!["abc".to_owned()], false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_resting_body_promises_all_and_never_ends() {
        for (after, sent) in [(3, "abc"), (7, "abcdef")] {
            let mut body = body().rest(after);
            assert_eq!(body.size_hint().exact(), Some(7));
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(first, sent);
            let rest = tokio::time::timeout(Duration::from_secs(1_000_000), body.frame());
            assert!(rest.await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_pauses_before_each_piece() {
        let before = Instant::now();
        let slow = body().slow(3, Duration::from_secs(10));
        let expected = ["abc", "def", "g"].map(str::to_owned).to_vec();
        assert_eq!(pieces(slow).await, (expected, true));
        assert_eq!(before.elapsed(), Duration::from_secs(30));
    }

    #[tokio::test]
    async fn pieces_have_at_least_a_byte() {
        let (pieces, orderly) = pieces(body().slow(0, Duration::ZERO)).await;
        assert_eq!((pieces.len(), orderly), (7, true));
    }
}
