use std::sync::{Mutex, PoisonError};

use super::batch::Batch;

/// How many batches wait to be used again: more are hardly under way at a time.
const KEPT: usize = 16;

/// The memory of batches that were read, for batches to come. They are made by one task
/// and read by another, where an allocator keeps more than is used at any time.
#[derive(Debug, Default)]
pub(crate) struct Spare(Mutex<Vec<Batch>>);

impl Spare {
    /// An empty batch, with the memory of one that was read where there is one.
    pub(crate) fn take(&self) -> Batch {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, batch: Batch) {
        let batch = batch.emptied();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(batch);
        }
    }
}
