//! The text that records travel as.

mod format;
pub(crate) mod write;

pub use format::{Delimiter, LineEnding};
