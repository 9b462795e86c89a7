//! The contents of a file as the body of an answer.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// A file of known length, read as it is sent. A piece of a file of this machine is read sooner
/// than it would be handed to another thread and back.
#[derive(Debug)]
pub(crate) struct FileBody {
    file: File,
    left: u64,
}

impl FileBody {
    pub(crate) fn open(path: &Path, length: u64) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            left: length,
        })
    }

    fn piece(&mut self) -> io::Result<Bytes> {
        let most = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = BytesMut::zeroed(most);
        self.file.read_exact(&mut piece)?;
        self.left -= u64::try_from(most).unwrap_or(u64::MAX);
        Ok(piece.freeze())
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(self.piece().map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
