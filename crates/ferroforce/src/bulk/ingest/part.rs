use std::ops::Range;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::bulk::spool::Stored;
use crate::transport::Body;

/// Which part of a source a job has, so that it can be found there again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slice {
    /// The parts of a source are counted from 0.
    pub(crate) part: u64,
    /// The rows, counted from 0, those among them that were refused before they were sent.
    pub(crate) rows: Range<u64>,
    /// How many of them are sent.
    pub(crate) records: u64,
    /// Of the data, its header included.
    pub(crate) bytes: u64,
    /// CRC-32 of the data.
    pub(crate) checksum: u32,
}

/// The data of one job. It can be sent as often as needed.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) slice: Slice,
    header: Bytes,
    data: Data,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Memory(Bytes),
    Stored { stored: Stored, checksum: u32 },
}

impl Part {
    /// `checksum` is that of the data alone.
    pub(crate) fn new(
        part: u64,
        rows: Range<u64>,
        records: u64,
        header: Bytes,
        data: Data,
        checksum: &crc32fast::Hasher,
    ) -> Self {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&header);
        sum.combine(checksum);
        let length = match &data {
            Data::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Data::Stored { stored, .. } => stored.length(),
        };
        Self {
            slice: Slice {
                part,
                rows,
                records,
                bytes: length + u64::try_from(header.len()).unwrap_or(u64::MAX),
                checksum: sum.finalize(),
            },
            header,
            data,
        }
    }

    /// The whole of it in one piece, where it is in memory.
    pub(crate) fn in_memory(&self) -> Option<(&Bytes, &Bytes)> {
        match &self.data {
            Data::Memory(data) => Some((&self.header, data)),
            Data::Stored { .. } => None,
        }
    }

    pub(crate) fn body(&self) -> Body {
        let header = self.header.clone();
        let data = match &self.data {
            Data::Memory(bytes) => Body::from(bytes.clone()),
            Data::Stored { stored, checksum } => stored.body(*checksum),
        };
        let all = stream::iter([Ok(header)]).chain(data);
        Body::stream(all).with_length(self.slice.bytes)
    }
}
