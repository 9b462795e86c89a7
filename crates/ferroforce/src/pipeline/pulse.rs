//! Whether a body that is streamed still moves: a large one may take longer than
//! any time limit that is fit for an answer.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::transport::Body;

/// When the last piece of a body was taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    pub(super) fn watch(&self, body: Body) -> Body {
        let length = body.length();
        let pulse = self.clone();
        let body = Body::stream(body.inspect(move |_| pulse.beat()));
        match length {
            Some(length) => body.with_length(length),
            None => body,
        }
    }

    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Clock::system().steady());
    }

    pub(super) fn last(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
