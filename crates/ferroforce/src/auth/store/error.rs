use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A token store that did not do what it was asked to. Its text holds no secret.
#[derive(Clone)]
pub struct StoreError(Arc<Inner>);

struct Inner {
    kind: StoreErrorKind,
    description: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The family of a [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached, or not now.
    Unavailable,
    /// What it holds makes no sense: it was changed, was written by something
    /// else, or is encrypted with another key.
    Unreadable,
    /// Its settings cannot work.
    Misconfigured,
    /// This machine has no such store.
    Missing,
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "not available",
            Self::Unreadable => "contents unreadable",
            Self::Misconfigured => "settings cannot work",
            Self::Missing => "not on this machine",
        })
    }
}

impl StoreError {
    /// An error of a store of your own. Leave secrets out of the text.
    pub fn new(kind: StoreErrorKind, description: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            description: description.into(),
            source: None,
        }))
    }

    /// The same error with its cause. The cause must not hold a secret.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source: Box<dyn StdError + Send + Sync> = source.into();
        Self(Arc::new(Inner {
            kind: self.0.kind,
            description: self.0.description.clone(),
            source: Some(Arc::from(source)),
        }))
    }

    /// The family of this error.
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.description)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("kind", &self.0.kind)
            .field("description", &self.0.description)
            .finish()
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
