use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::bulk::spool::{blocking, read_exact_at, unnamed};
use crate::error::{Error, Result};

/// How many buckets there are.
pub(super) const BUCKETS: usize = 256;

/// Bytes that are kept in memory, of all buckets together.
const MEMORY: usize = 4 * 1024 * 1024;

/// Buckets of bytes, in memory and, as far as that does not hold them, in one file.
#[derive(Debug)]
pub(super) struct Buckets {
    folder: Option<PathBuf>,
    memory: usize,
    store: Store,
}

#[derive(Debug)]
struct Store {
    buckets: Vec<Bucket>,
    file: Option<File>,
    length: u64,
    in_memory: usize,
}

#[derive(Debug, Default, Clone)]
struct Bucket {
    newest: Vec<u8>,
    /// Where the file has what is older: place and length.
    older: Vec<(u64, usize)>,
}

impl Buckets {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self::with_memory(folder, MEMORY)
    }

    pub(super) fn with_memory(folder: Option<PathBuf>, memory: usize) -> Self {
        Self {
            folder,
            memory,
            store: Store {
                buckets: vec![Bucket::default(); BUCKETS],
                file: None,
                length: 0,
                in_memory: 0,
            },
        }
    }

    pub(super) fn add(&mut self, bucket: usize, record: &[u8]) {
        self.store.buckets[bucket].newest.extend_from_slice(record);
        self.store.in_memory += record.len();
    }

    /// Makes room, where it is time.
    pub(super) async fn settle(&mut self) -> Result<()> {
        if self.store.in_memory < self.memory {
            return Ok(());
        }
        let folder = self.folder.clone();
        let mut store = self.store.take();
        let stored = blocking(move || {
            store.put_aside(folder.as_deref())?;
            Ok(store)
        });
        self.store = stored.await.map_err(failed)?;
        Ok(())
    }

    /// All of a bucket, in the order in which it was added.
    pub(super) async fn take(&mut self, bucket: usize) -> Result<Vec<u8>> {
        let Bucket { newest, older } = std::mem::take(&mut self.store.buckets[bucket]);
        if older.is_empty() {
            return Ok(newest);
        }
        let store = self.store.take();
        let read = blocking(move || {
            let mut all = Vec::new();
            if let Some(file) = &store.file {
                for (place, length) in older {
                    let start = all.len();
                    all.resize(start + length, 0);
                    read_exact_at(file, &mut all[start..], place)?;
                }
            }
            all.extend_from_slice(&newest);
            Ok((all, store))
        });
        let (all, store) = read.await.map_err(failed)?;
        self.store = store;
        Ok(all)
    }
}

fn failed(error: io::Error) -> Error {
    Error::disk("the results cannot be put aside", error)
}

impl Store {
    fn take(&mut self) -> Self {
        Self {
            buckets: std::mem::take(&mut self.buckets),
            file: self.file.take(),
            ..*self
        }
    }

    fn put_aside(&mut self, folder: Option<&std::path::Path>) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(unnamed(folder)?),
        };
        let mut all = Vec::with_capacity(self.in_memory);
        for bucket in &mut self.buckets {
            if bucket.newest.is_empty() {
                continue;
            }
            let place = self.length + u64::try_from(all.len()).unwrap_or(u64::MAX);
            bucket.older.push((place, bucket.newest.len()));
            all.append(&mut bucket.newest);
        }
        file.write_all(&all)?;
        self.length += u64::try_from(all.len()).unwrap_or(u64::MAX);
        self.in_memory = 0;
        Ok(())
    }
}
