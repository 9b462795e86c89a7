use std::ffi::OsString;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::path::{Path as FilePath, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName,
    HeaderValue,
};
use http::{HeaderMap, Method};
use tokio::io::AsyncWriteExt;
use tokio::time::{Sleep, sleep};

use super::progress::{Listener, Progress};
use crate::client::{Call, Salesforce, salesforce_headers};
use crate::error::{CallContext, Error, Result};
use crate::op::{Op, Path, Response};
use crate::pipeline::{CallSettings, Opened, Outgoing};
use crate::retry::RetryPolicy;
use crate::transport::{Body, TransportError, TransportErrorKind};

/// A file on the way down: `.await` opens it, and gives its bytes as a stream. Made
/// by [`SObject::download`](crate::sobject::SObject::download).
///
/// Until the file is open, the call is repeated as any other that reads. A stream
/// that breaks off later is an error and is not taken up again;
/// [`bytes`](Self::bytes), for what fits into memory, does it all over.
#[must_use = "a download does nothing until it is awaited"]
pub struct Download {
    client: Salesforce,
    op: Result<Op<Bytes>>,
    settings: CallSettings,
    listener: Listener,
}

pub(crate) fn download(
    client: Salesforce,
    sobject: &str,
    id: Result<String>,
    field: &str,
) -> Download {
    let whole = |response: &Response| Ok(response.body().clone());
    let op = id
        .and_then(|id| Path::fill("/sobjects/{sobject}/{id}/{blob}", &[sobject, &id, field]))
        .map(|path| {
            Op::new(Method::GET, path, whole)
                .header(ACCEPT, HeaderValue::from_static("*/*"))
                // Of what is packed for the way, the length is not known.
                .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
        });
    Download {
        client,
        op,
        settings: CallSettings::default(),
        listener: Listener::default(),
    }
}

impl Download {
    /// Calls `listener` as pieces of the file come. Keep it quick.
    pub fn progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listener);
        self
    }

    /// How long Salesforce may take to answer, and how long the file may rest between
    /// two pieces, instead of the client's setting. The whole of it may take longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// When to repeat this call, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = Some(policy);
        self
    }

    salesforce_headers!(reads);

    fn put(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        match header {
            Ok((name, value)) => {
                self.settings.headers.insert(name, value);
            }
            Err(error) => {
                if self.op.is_ok() {
                    self.op = Err(error);
                }
            }
        }
    }

    /// The whole file in memory, up to the client's limit for answers. A file that
    /// breaks off is asked for again.
    pub fn bytes(self) -> Call<Bytes> {
        Call::with_settings(self.client, self.op, self.settings)
    }

    /// Writes the file to `path`, and gives back how many bytes it has. What stood
    /// there is replaced when the file has come whole, and stays as it is otherwise.
    ///
    /// # Errors
    /// As the stream's, and what the disk says.
    pub async fn save(self, path: impl AsRef<FilePath>) -> Result<u64> {
        let path = path.as_ref().to_owned();
        self.await?.write_to(path).await
    }
}

impl IntoFuture for Download {
    type Output = Result<Downloading>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let version = self.client.api_version();
            let outgoing = Outgoing::from_op(self.op?, version, self.settings)?.opening();
            let opened = self.client.open(&outgoing).await?;
            Ok(Downloading::new(opened, self.listener))
        })
    }
}

/// A file as it comes: a stream of its bytes. Nothing of it is kept.
///
/// It ends when the whole file has come, and with an `Err` if it broke off, had
/// another length than was told, or rested longer than the time limit.
#[must_use = "a stream does nothing until it is polled"]
pub struct Downloading {
    body: Body,
    headers: HeaderMap,
    received: u64,
    length: Option<u64>,
    stall: Duration,
    resting: Option<Pin<Box<Sleep>>>,
    context: CallContext,
    listener: Listener,
    ended: bool,
}

impl Downloading {
    /// An answer that was opened, with nobody told of its progress.
    pub(crate) fn of(opened: Opened) -> Self {
        Self::new(opened, Listener::default())
    }

    fn new(opened: Opened, listener: Listener) -> Self {
        let headers = opened.head.headers().clone();
        let length = headers
            .get(CONTENT_LENGTH)
            .filter(|_| !headers.contains_key(CONTENT_ENCODING))
            .and_then(|length| length.to_str().ok()?.parse().ok());
        Self {
            body: opened.body,
            headers,
            received: 0,
            length,
            stall: opened.stall,
            resting: None,
            context: opened.context,
            listener,
            ended: false,
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

    async fn write_to(mut self, path: PathBuf) -> Result<u64> {
        let disk = |error: std::io::Error| {
            Error::invalid_input(format!("the file cannot be written: {error}")).with_source(error)
        };
        let part = Part::beside(&path);
        let mut file = tokio::fs::File::create_new(&part.0).await.map_err(disk)?;
        while let Some(piece) = self.next().await {
            file.write_all(&piece?).await.map_err(disk)?;
        }
        file.sync_all().await.map_err(disk)?;
        drop(file);
        tokio::fs::rename(&part.0, &path).await.map_err(disk)?;
        Ok(self.received)
    }

    fn end(&mut self, kind: TransportErrorKind, message: String) -> Option<Result<Bytes>> {
        self.fail(TransportError::new(kind, message))
    }

    fn fail(&mut self, error: TransportError) -> Option<Result<Bytes>> {
        self.ended = true;
        self.body = Body::empty();
        let error = Error::from_transport(error).with_context(self.context.clone());
        tracing::debug!(error = %error.redacted(), "a file broke off");
        Some(Err(error))
    }
}

impl Stream for Downloading {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(piece) = Pin::new(&mut self.body).poll_next(cx) else {
            let stall = self.stall;
            let resting = self.resting.get_or_insert_with(|| Box::pin(sleep(stall)));
            ready!(resting.as_mut().poll(cx));
            let message = format!("the file rested for {stall:?}");
            return Poll::Ready(self.end(TransportErrorKind::Timeout, message));
        };
        self.resting = None;
        let piece = match piece {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => return Poll::Ready(self.fail(error)),
            None => {
                self.ended = true;
                return Poll::Ready(match self.length {
                    Some(length) if self.received < length => {
                        let received = self.received;
                        let message = format!("the file ended after {received} of {length} bytes");
                        self.end(TransportErrorKind::Interrupted, message)
                    }
                    _ => None,
                });
            }
        };
        self.received += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if let Some(length) = self.length
            && self.received > length
        {
            let message = format!("the file has more than the {length} bytes that were told");
            return Poll::Ready(self.end(TransportErrorKind::Interrupted, message));
        }
        self.listener.tell(self.received, self.length);
        Poll::Ready(Some(Ok(piece)))
    }
}

/// A file that is not yet whole. It goes if it is never finished.
pub(crate) struct Part(PathBuf);

impl Part {
    pub(crate) fn path(&self) -> &FilePath {
        &self.0
    }

    pub(crate) fn beside(path: &FilePath) -> Self {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{:016x}.part", fastrand::u64(..)));
        Self(path.with_file_name(name))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It was renamed, or was never made, or stays behind: nobody can be told.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("op", &self.op)
            .finish_non_exhaustive()
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
