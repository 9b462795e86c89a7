//! Bodies of clients that stop in the middle.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// How long a body may rest between two pieces.
const PATIENCE: Duration = Duration::from_secs(60);

/// A body that fails when nothing of it comes for a while.
pub(super) struct Patient<B> {
    body: B,
    waiting: Option<Pin<Box<Sleep>>>,
}

/// Nothing came for too long.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request rested for too long")]
pub(super) struct TooSlow;

impl<B> Patient<B> {
    pub(super) fn new(body: B) -> Self {
        Self {
            body,
            waiting: None,
        }
    }
}

impl<B: Body<Error: Error + Send + Sync + 'static> + Unpin> Body for Patient<B> {
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use http::StatusCode;
    use tokio::time::Instant;

    use super::*;
    use crate::http::read_body;

    /// Two pieces, each after a rest.
    struct Halting {
        rest: Duration,
        pieces: u8,
        sleeping: Option<Pin<Box<Sleep>>>,
    }

    impl Body for Halting {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.pieces == 0 {
                return Poll::Ready(None);
            }
            let rest = self.rest;
            let sleeping = self.sleeping.get_or_insert_with(|| Box::pin(sleep(rest)));
            ready!(sleeping.as_mut().poll(context));
            self.sleeping = None;
            self.pieces -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"ab")))))
        }
    }

    fn resting(rest: Duration) -> axum::body::Body {
        axum::body::Body::new(Patient::new(Halting {
            rest,
            pieces: 2,
            sleeping: None,
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_rest_for_so_long_and_no_longer() {
        let slow = read_body(resting(PATIENCE - Duration::from_secs(1))).await;
        assert_eq!(slow.unwrap(), "abab");
        let before = Instant::now();
        let too_slow = read_body(resting(PATIENCE * 10)).await.unwrap_err();
        assert_eq!(too_slow.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(before.elapsed().as_secs(), PATIENCE.as_secs());
    }
}
