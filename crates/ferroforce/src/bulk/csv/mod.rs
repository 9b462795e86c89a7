//! The text that records travel as.

mod format;
pub(crate) mod read;
pub(crate) mod write;

pub use format::{Delimiter, LineEnding};
pub use read::CsvReader;
pub use write::CsvWriter;
