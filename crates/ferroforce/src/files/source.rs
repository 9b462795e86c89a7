use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt;

use crate::transport::{Body, TransportError, TransportErrorKind};

/// The type of a file that did not say otherwise.
const ANY_TYPE: &str = "application/octet-stream";

/// What a file to be sent is made of: bytes, a file on disk, or a stream.
///
/// A file on disk is read as it is sent, in pieces, and so is a stream. Bytes and
/// files on disk can be sent again where the first attempt did nothing, for example
/// after the session expired; a stream cannot, and such a call ends with an error.
///
/// ```
/// use ferroforce::files::Blob;
///
/// let notes = Blob::bytes("notes.txt", "All of it").content_type("text/plain");
/// let scan = Blob::path("scans/contract.pdf");
/// ```
pub struct Blob {
    pub(super) name: Option<String>,
    pub(super) content_type: String,
    pub(super) source: Source,
}

pub(super) enum Source {
    Bytes(Bytes),
    Path(PathBuf),
    /// The length is what its owner says.
    Stream(Body),
}

impl Blob {
    fn new(name: Option<String>, source: Source) -> Self {
        Self {
            name,
            content_type: ANY_TYPE.to_owned(),
            source,
        }
    }

    /// Bytes that are at hand, under a file name.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::new(Some(name.into()), Source::Bytes(bytes.into()))
    }

    /// A file on disk, under its own name.
    pub fn path(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path.file_name();
        let name = name.map(|name| name.to_string_lossy().into_owned());
        Self::new(name, Source::Path(path.to_owned()))
    }

    /// A stream of bytes, under a file name. An `Err` in it ends the call, and
    /// Salesforce gets nothing.
    pub fn stream<E: Into<Box<dyn StdError + Send + Sync>> + 'static>(
        name: impl Into<String>,
        chunks: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Self {
        let chunks = chunks.map_err(|error| {
            let message = "the stream of the file broke off";
            TransportError::new(TransportErrorKind::Unsendable, message).with_source(error)
        });
        Self::new(Some(name.into()), Source::Stream(Body::stream(chunks)))
    }

    /// How many bytes a stream has, if you know. Then Salesforce is told, the limits
    /// are checked before anything is sent, and a stream that has fewer or more is an
    /// error. Bytes and files on disk know it themselves.
    #[must_use]
    pub fn length(mut self, bytes: u64) -> Self {
        if let Source::Stream(body) = self.source {
            self.source = Source::Stream(body.with_length(bytes));
        }
        self
    }

    /// The name that the file has for Salesforce.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The type of the file, `application/pdf` for example. Without it Salesforce
    /// goes by the name, where it does at all.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file's name may tell what is in it.
        let source = match &self.source {
            Source::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Source::Path(_) => "path".to_owned(),
            Source::Stream(_) => "stream".to_owned(),
        };
        f.debug_struct("Blob")
            .field("source", &source)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
