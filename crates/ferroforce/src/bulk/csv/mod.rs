//! The text that records travel as.

mod format;

pub use format::{Delimiter, LineEnding};
