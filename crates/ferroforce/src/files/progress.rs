use std::fmt;
use std::sync::Arc;

/// How far a file has come, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the file so far. An upload that is repeated begins anew at 0.
    pub bytes: u64,
    /// Bytes of the file in all, where that is known.
    pub total: Option<u64>,
}

/// Who is told of it.
#[derive(Clone, Default)]
pub(super) struct Listener(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl Listener {
    pub(super) fn new(listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(super) fn tell(&self, bytes: u64, total: Option<u64>) {
        if let Some(listener) = &self.0 {
            listener(Progress { bytes, total });
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
