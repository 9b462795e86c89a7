use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;

use super::blocking;
use crate::transport::{Body, TransportError, TransportErrorKind};

/// How much is read at once.
const PIECE: u64 = 128 * 1024;

/// A stretch of a file that stays open.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) file: Arc<File>,
    pub(crate) range: Range<u64>,
}

impl Stored {
    pub(crate) fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Its bytes, read as they are sent. The last piece comes only if all of it is what
    /// `checksum` says.
    pub(crate) fn body(&self, checksum: u32) -> Body {
        let start = (self.clone(), crc32fast::Hasher::new());
        let pieces = stream::try_unfold(start, move |(mut rest, mut sum)| async move {
            if rest.range.is_empty() {
                return Ok(None);
            }
            let piece = rest.next_piece().await.map_err(unreadable)?;
            sum.update(&piece);
            if rest.range.is_empty() && sum.clone().finalize() != checksum {
                let message = "the file has changed since it was looked at";
                return Err(TransportError::new(TransportErrorKind::Unsendable, message));
            }
            Ok(Some((piece, (rest, sum))))
        });
        Body::stream(pieces).with_length(self.length())
    }

    /// The next piece, which is then no longer part of this.
    pub(crate) async fn next_piece(&mut self) -> io::Result<Bytes> {
        let length = PIECE.min(self.length());
        let (file, start) = (Arc::clone(&self.file), self.range.start);
        let piece = blocking(move || {
            let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
            read_exact_at(&file, &mut piece, start)?;
            Ok(piece)
        });
        let piece = piece.await?;
        self.range.start += length;
        Ok(piece.into())
    }
}

fn unreadable(error: io::Error) -> TransportError {
    let message = format!("the file cannot be read: {error}");
    TransportError::new(TransportErrorKind::Unsendable, message).with_source(error)
}

#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    let mut read = 0;
    while read < buffer.len() {
        let place = at + u64::try_from(read).unwrap_or(u64::MAX);
        match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[read..], place)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => read += more,
        }
    }
    Ok(())
}
