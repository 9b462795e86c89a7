use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};

/// How many buffers wait to be used again.
const KEPT: usize = 2;

/// The memory of answers that were read, for answers to come: pages of a query are
/// large and of about the same size, and an allocator that hands out and takes back
/// large pieces of ever other sizes ends with more memory than is used at any time.
#[derive(Clone, Default)]
pub(crate) struct Buffers(Option<Arc<Mutex<Vec<BytesMut>>>>);

impl Buffers {
    /// None are kept by default.
    pub(crate) fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    pub(super) fn take(&self) -> BytesMut {
        let Some(kept) = &self.0 else {
            return BytesMut::new();
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    /// Keeps the memory of `body`, unless somebody still has a part of it.
    pub(crate) fn give_back(&self, body: Bytes) {
        let (Some(kept), Ok(mut buffer)) = (&self.0, body.try_into_mut()) else {
            return;
        };
        buffer.clear();
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    }
}

impl std::fmt::Debug for Buffers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Buffers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_once_nobody_has_a_part_of_it() {
        let buffers = Buffers::kept();
        assert_eq!(buffers.take().capacity(), 0);
        let mut page = BytesMut::with_capacity(1000);
        page.extend_from_slice(b"page");
        let page = page.freeze();
        let row = page.slice(1..2);
        buffers.give_back(page.clone());
        buffers.give_back(page);
        assert_eq!(buffers.take().capacity(), 0, "a row is still there");
        assert_eq!(row, "a");
        buffers.give_back(row);
        let again = buffers.take();
        assert!(
            again.is_empty() && again.capacity() >= 900,
            "{}",
            again.capacity()
        );
    }
}
