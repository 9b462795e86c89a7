use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Bounds, as_u64};
use crate::bulk::ingest::part::Data;
use crate::bulk::spool::{Stored, blocking, unnamed};
use crate::error::{Error, Result};

/// Bytes that are written to disk at once.
pub(super) const PIECE: usize = 1024 * 1024;

/// What of a part was put to disk, because memory does not hold it.
pub(super) struct Aside {
    folder: Option<PathBuf>,
    memory: usize,
    file: Option<Arc<std::fs::File>>,
    stored: u64,
    checksum: crc32fast::Hasher,
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

    pub(super) async fn put(&mut self, piece: Vec<u8>) -> Result<()> {
        self.checksum.update(&piece);
        self.stored += as_u64(piece.len());
        let (file, folder) = (self.file.take(), self.folder.clone());
        let written = blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(unnamed(folder.as_deref())?),
            };
            (&*file).write_all(&piece)?;
            Ok(file)
        });
        let failed = |error| Error::disk("the rows cannot be put aside", error);
        self.file = Some(written.await.map_err(failed)?);
        Ok(())
    }

    /// All of it, and its checksum. `rest` is what is still in memory.
    pub(super) async fn finish(mut self, rest: Vec<u8>) -> Result<(Data, crc32fast::Hasher)> {
        if self.file.is_some() {
            self.put(rest).await?;
        } else {
            self.checksum.update(&rest);
            return Ok((Data::Memory(rest.into()), self.checksum));
        }
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
        Ok((Data::Stored { stored, checksum }, self.checksum))
    }
}
