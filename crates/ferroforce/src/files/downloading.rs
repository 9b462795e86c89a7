use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::{Sleep, sleep};

use super::progress::Listener;
use crate::client::Salesforce;
use crate::error::{CallContext, Error, Result};
use crate::pipeline::{Opened, Outgoing};
use crate::transport::{Body, BoxFuture, TransportError, TransportErrorKind};

/// A file as it comes: a stream of its bytes. Nothing of it is kept.
///
/// A file that breaks off, rests longer than the time limit or ends too early is
/// asked for anew, as often in a row as the retry policy repeats a request. It then
/// comes from its beginning, since Salesforce tells of no other way; what has been
/// handed out already is compared and left out. So the stream goes on as if nothing
/// had happened, and costs time and calls.
///
/// It ends when the whole file has come, and with an `Err` if it broke off for good,
/// had another length than was told, or became another file meanwhile.
#[must_use = "a stream does nothing until it is polled"]
pub struct Downloading {
    client: Salesforce,
    outgoing: Arc<Outgoing>,
    state: State,
    headers: HeaderMap,
    received: u64,
    /// Of what was received.
    seen: Fingerprint,
    length: Option<u64>,
    stall: Duration,
    resting: Option<Pin<Box<Sleep>>>,
    context: CallContext,
    /// How often it was asked for since the last new byte.
    resumed: u32,
    listener: Listener,
}

enum State {
    Flowing(Body),
    /// What was received comes once more.
    Repeating {
        body: Body,
        left: u64,
        seen: Fingerprint,
    },
    /// It is asked for anew.
    Reopening(BoxFuture<'static, Result<Opened>>),
    Ended,
}

impl Downloading {
    /// What `outgoing` asks for, with nobody told of its progress.
    pub(crate) async fn of(client: &Salesforce, outgoing: Outgoing) -> Result<Self> {
        let opened = client.open(&outgoing).await?;
        Ok(Self::new(
            client.clone(),
            outgoing,
            opened,
            Listener::default(),
        ))
    }

    pub(super) fn new(
        client: Salesforce,
        outgoing: Outgoing,
        opened: Opened,
        listener: Listener,
    ) -> Self {
        let headers = opened.head.headers().clone();
        Self {
            client,
            outgoing: Arc::new(outgoing),
            length: length(&headers),
            headers,
            state: State::Flowing(opened.body),
            received: 0,
            seen: Fingerprint::default(),
            stall: opened.stall,
            resting: None,
            context: opened.context,
            resumed: 0,
            listener,
        }
    }

    /// How many bytes the file has, where Salesforce told.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The type of the file, where Salesforce told.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The next piece, without the help of a stream library.
    ///
    /// # Errors
    /// See [`Downloading`].
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The rest of the file, if it has no more than `limit` bytes.
    pub(super) async fn collect(mut self, limit: usize) -> Result<Bytes> {
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut all = BytesMut::new();
        loop {
            if self.received.max(self.length.unwrap_or(0)) > most {
                let message = format!("the file is larger than {limit} bytes");
                let error = TransportError::new(TransportErrorKind::TooLarge, message);
                return Err(self.ended(error));
            }
            match self.next().await {
                Some(piece) => all.extend_from_slice(&piece?),
                None => return Ok(all.freeze()),
            }
        }
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The next piece of a body, or how it ended.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, TransportError>> {
        let body = match &mut self.state {
            State::Flowing(body) | State::Repeating { body, .. } => body,
            State::Reopening(_) | State::Ended => return Poll::Ready(Ok(None)),
        };
        if let Poll::Ready(piece) = Pin::new(body).poll_next(cx) {
            self.resting = None;
            return Poll::Ready(piece.transpose());
        }
        let stall = self.stall;
        let resting = self.resting.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(resting.as_mut().poll(cx));
        self.resting = None;
        let message = format!("the file rested for {stall:?}");
        Poll::Ready(Err(TransportError::new(
            TransportErrorKind::Timeout,
            message,
        )))
    }

    /// Takes a piece of the file that was not there before.
    fn take(&mut self, piece: Bytes) -> Result<Bytes> {
        self.received += count(&piece);
        self.resumed = 0;
        if let Some(length) = self.length
            && self.received > length
        {
            let message = format!("the file has more than the {length} bytes that were told");
            return Err(self.ended(interrupted(message)));
        }
        self.seen.add(&piece);
        self.listener.tell(self.received, self.length);
        Ok(piece)
    }

    /// What is new in a piece of a file that comes once more.
    fn after_repeat(&mut self, mut piece: Bytes) -> Result<Option<Bytes>> {
        let State::Repeating { left, seen, .. } = &mut self.state else {
            return Ok(Some(piece));
        };
        let known = usize::try_from(*left).map_or(piece.len(), |left| left.min(piece.len()));
        let known = piece.split_to(known);
        seen.add(&known);
        *left -= count(&known);
        if *left > 0 {
            return Ok(None);
        }
        if *seen != self.seen {
            let message = "the file broke off, and is another one now that it comes again";
            return Err(self.ended(interrupted(message.to_owned())));
        }
        if let State::Repeating { body, .. } = std::mem::replace(&mut self.state, State::Ended) {
            self.state = State::Flowing(body);
        }
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Asks for the file anew, or ends with why it broke off.
    fn break_off(&mut self, error: TransportError) -> Result<()> {
        self.resumed += 1;
        let Some(wait) = self.client.resumption(&self.outgoing, self.resumed) else {
            return Err(self.ended(error));
        };
        tracing::warn!(
            received = self.received,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "a file broke off and is asked for anew"
        );
        let (client, outgoing) = (self.client.clone(), Arc::clone(&self.outgoing));
        self.state = State::Reopening(Box::pin(async move {
            sleep(wait).await;
            client.open(&outgoing).await
        }));
        Ok(())
    }

    /// Takes up the file where it broke off.
    fn resume(&mut self, opened: Opened) -> Result<()> {
        self.context = opened.context;
        let again = length(opened.head.headers());
        if let (Some(first), Some(again)) = (self.length, again)
            && first != again
        {
            let message = format!(
                "the file broke off, and has {again} bytes now that it comes again, not {first}"
            );
            return Err(self.ended(interrupted(message)));
        }
        self.length = self.length.or(again);
        self.state = State::Repeating {
            body: opened.body,
            left: self.received,
            seen: Fingerprint::default(),
        };
        // Of what never began nothing has to be compared.
        self.after_repeat(Bytes::new()).map(drop)
    }

    fn ended(&mut self, error: TransportError) -> Error {
        self.state = State::Ended;
        let error = Error::from_transport(error).with_context(self.context.clone());
        tracing::debug!(error = %error.redacted(), "a file broke off");
        error
    }

    /// Why a body that has ended is not the whole file.
    fn is_short(&self) -> Option<TransportError> {
        let received = self.received;
        match (self.length, &self.state) {
            (Some(length), _) if received < length => {
                let message = format!("the file ended after {received} of {length} bytes");
                Some(interrupted(message))
            }
            (_, State::Repeating { left, .. }) if *left > 0 => {
                let message = "the file broke off, and is shorter now that it comes again";
                Some(interrupted(message.to_owned()))
            }
            _ => None,
        }
    }
}

impl Stream for Downloading {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let State::Reopening(opening) = &mut this.state {
                let resumed = match ready!(opening.as_mut().poll(cx)) {
                    Ok(opened) => this.resume(opened),
                    Err(error) => {
                        this.state = State::Ended;
                        Err(error)
                    }
                };
                if let Err(error) = resumed {
                    return Poll::Ready(Some(Err(error)));
                }
            }
            if matches!(this.state, State::Ended) {
                return Poll::Ready(None);
            }
            let broken = match ready!(this.poll_piece(cx)) {
                Ok(Some(piece)) => match this.after_repeat(piece) {
                    Ok(Some(piece)) => return Poll::Ready(Some(this.take(piece))),
                    Ok(None) => continue,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                Ok(None) => this.is_short(),
                Err(error) => Some(error),
            };
            let Some(broken) = broken else {
                this.state = State::Ended;
                return Poll::Ready(None);
            };
            if let Err(error) = this.break_off(broken) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

/// How many bytes an answer promises.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(CONTENT_LENGTH)
        .filter(|_| !headers.contains_key(CONTENT_ENCODING))
        .and_then(|length| length.to_str().ok()?.parse().ok())
}

fn count(piece: &Bytes) -> u64 {
    u64::try_from(piece.len()).unwrap_or(u64::MAX)
}

fn interrupted(message: String) -> TransportError {
    TransportError::new(TransportErrorKind::Interrupted, message)
}

/// Tells bytes from other bytes of the same number: FNV-1a, which does not depend on
/// the pieces in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    }
}

impl fmt::Debug for Downloading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloading")
            .field("received", &self.received)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
