//! What became of rows: the results of jobs, read, counted and put to their rows.

mod cell;
mod fetch;
mod rows;

pub use rows::{FailedRow, ResultRows, Succeeded};

pub(crate) use fetch::{Fetched, fetch};
pub(crate) use rows::{Echo, EchoedRow, Place, echoes, failed, successful, unprocessed};
