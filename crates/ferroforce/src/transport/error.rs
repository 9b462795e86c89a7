use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::error::ErrorKind;

/// The network failed to carry a request or its answer.
#[derive(Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    message: Arc<str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// How a request failed on its way, which decides whether it may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection was made. Nothing was sent: any request may be repeated.
    Connect,
    /// The request itself cannot be sent (a bad header, a missing TLS root, a body
    /// that cannot be read to its end). Nothing was carried out, and sending it again
    /// would not help.
    Unsendable,
    /// The time limit passed. The request may have been processed.
    Timeout,
    /// The connection broke, or the body ended before its promised length. The
    /// request may have been processed.
    Interrupted,
    /// The answer is larger than the limit. The request was processed.
    TooLarge,
}

impl TransportError {
    /// An error of this kind, in your words. Leave credentials and bodies out.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into().into(),
            source: None,
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source: Box<dyn StdError + Send + Sync> = source.into();
        Self {
            source: Some(Arc::from(source)),
            ..self
        }
    }

    /// How it failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether it is certain that nothing was sent, or too little to be carried out.
    pub fn never_sent(&self) -> bool {
        matches!(
            self.kind,
            TransportErrorKind::Connect | TransportErrorKind::Unsendable
        )
    }

    /// The error of this kind that lies behind another library's, which passed it on.
    #[cfg(feature = "reqwest")]
    pub(crate) fn behind(error: &(dyn StdError + 'static)) -> Option<Self> {
        std::iter::successors(Some(error), |&error| error.source())
            .find_map(|error| error.downcast_ref::<Self>())
            .cloned()
    }
}

impl From<TransportErrorKind> for ErrorKind {
    fn from(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::Connect => Self::Connect,
            TransportErrorKind::Unsendable => Self::InvalidInput,
            TransportErrorKind::Timeout => Self::Timeout,
            TransportErrorKind::Interrupted => Self::Interrupted,
            TransportErrorKind::TooLarge => Self::TooLarge,
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .finish()
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
