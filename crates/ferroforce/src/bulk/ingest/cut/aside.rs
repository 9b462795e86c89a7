use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Bounds, as_u64};
use crate::bulk::ingest::part::Data;
use crate::bulk::spool::{Stored, blocking, unnamed};
use crate::error::{Error, Result};

/// Bytes that are written to disk at once.
const PIECE: usize = 1024 * 1024;

/// What of a part was put to disk, because memory does not hold it.
pub(super) struct Aside {
    folder: Option<PathBuf>,
    memory: usize,
    file: Option<Arc<std::fs::File>>,
    stored: u64,
    checksum: crc32fast::Hasher,
}

/// All that a part has.
pub(super) struct Complete {
    pub(super) data: Data,
    pub(super) checksum: crc32fast::Hasher,
    /// What the data no longer needs.
    pub(super) memory: Vec<u8>,
}

/// Lets `text` go on in `memory`, if that is larger. Parts are large, and what they are
/// gathered in is best made once.
pub(super) fn reuse(memory: Vec<u8>, text: &mut Vec<u8>) {
    if memory.capacity() > text.capacity() {
        let begun = std::mem::replace(text, memory);
        text.clear();
        text.extend_from_slice(&begun);
    }
}

impl Aside {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            folder: bounds.folder.clone(),
            memory: bounds.memory,
            file: None,
            stored: 0,
            checksum: crc32fast::Hasher::new(),
        }
    }

    /// How many bytes are on disk.
    pub(super) fn stored(&self) -> u64 {
        self.stored
    }

    /// Whether so many bytes in memory are enough to be put to disk.
    pub(super) fn is_due(&self, bytes: usize) -> bool {
        let limit = match self.file {
            Some(_) => PIECE,
            None => self.memory,
        };
        bytes > 0 && bytes >= limit
    }

    /// Gives the memory of the piece back, which is empty then.
    pub(super) async fn put(&mut self, mut piece: Vec<u8>) -> Result<Vec<u8>> {
        self.checksum.update(&piece);
        self.stored += as_u64(piece.len());
        let (file, folder) = (self.file.take(), self.folder.clone());
        let written = blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(unnamed(folder.as_deref())?),
            };
            (&*file).write_all(&piece)?;
            piece.clear();
            Ok((file, piece))
        });
        let failed = |error| Error::disk("the rows cannot be put aside", error);
        let (file, piece) = written.await.map_err(failed)?;
        self.file = Some(file);
        Ok(piece)
    }

    /// All of it. `rest` is what is still in memory.
    pub(super) async fn finish(mut self, rest: Vec<u8>) -> Result<Complete> {
        if self.file.is_none() {
            self.checksum.update(&rest);
            return Ok(Complete {
                data: Data::Memory(rest.into()),
                checksum: self.checksum,
                memory: Vec::new(),
            });
        }
        let memory = self.put(rest).await?;
        let checksum = self.checksum.clone().finalize();
        let failed = || {
            Error::disk(
                "the rows were put aside",
                std::io::ErrorKind::NotFound.into(),
            )
        };
        let stored = Stored {
            file: self.file.ok_or_else(failed)?,
            range: 0..self.stored,
        };
        Ok(Complete {
            data: Data::Stored { stored, checksum },
            checksum: self.checksum,
            memory,
        })
    }
}
