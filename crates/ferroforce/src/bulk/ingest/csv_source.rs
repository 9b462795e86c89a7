use std::error::Error as StdError;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};

use crate::bulk::spool::blocking;
use crate::error::{Error, Result};

/// How much is read at once.
const PIECE: usize = 256 * 1024;

pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// CSV to be loaded: a file, bytes, or what comes in pieces.
///
/// How it is written is found out from its header: the delimiter, LF or CRLF, and
/// whether there is a byte order mark, which is left out. A file is read in pieces, and
/// read again where a part of it has to be sent anew, so it must stay as it is until the
/// load has ended. What comes in pieces is put to disk while its results are waited for.
///
/// ```
/// use ferroforce::bulk::CsvSource;
///
/// let file = CsvSource::path("contacts.csv");
/// let text = CsvSource::bytes("LastName\nLovelace\n");
/// ```
pub struct CsvSource(pub(crate) Source);

pub(crate) enum Source {
    Path(PathBuf),
    Bytes(Bytes),
    Pieces(Pieces),
}

impl CsvSource {
    /// A file.
    pub fn path(path: impl AsRef<Path>) -> Self {
        Self(Source::Path(path.as_ref().to_owned()))
    }

    /// Text that is at hand, in UTF-8.
    pub fn bytes(text: impl Into<Bytes>) -> Self {
        Self(Source::Bytes(text.into()))
    }

    /// Whatever can be read. It is read where waiting stops nobody.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        let pieces = stream::try_unfold(reader, |mut reader| async move {
            let read = blocking(move || {
                let mut piece = vec![0; PIECE];
                let length = loop {
                    match reader.read(&mut piece) {
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        read => break read?,
                    }
                };
                piece.truncate(length);
                Ok((piece, reader))
            });
            let failed = |error| Error::disk("the CSV text cannot be read", error);
            let (piece, reader) = read.await.map_err(failed)?;
            Ok((!piece.is_empty()).then(|| (Bytes::from(piece), reader)))
        });
        Self(Source::Pieces(Box::pin(pieces)))
    }

    /// Text that comes in pieces. An `Err` among them ends the load.
    pub fn stream<E: Into<Box<dyn StdError + Send + Sync>> + 'static>(
        pieces: impl Stream<Item = std::result::Result<Bytes, E>> + Send + 'static,
    ) -> Self {
        let pieces = pieces.map(|piece| {
            let broken = |error| {
                Error::invalid_input("the stream of the CSV text broke off").with_source(error)
            };
            piece.map_err(broken)
        });
        Self(Source::Pieces(Box::pin(pieces)))
    }
}

impl fmt::Debug for CsvSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file's name may tell what is in it.
        let what = match &self.0 {
            Source::Path(_) => "path",
            Source::Bytes(_) => "bytes",
            Source::Pieces(_) => "stream",
        };
        f.debug_tuple("CsvSource").field(&what).finish()
    }
}
