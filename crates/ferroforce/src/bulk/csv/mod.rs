//! The text that records travel as.

mod format;
pub(crate) mod read;

pub use format::{Delimiter, LineEnding};
pub use read::CsvReader;
