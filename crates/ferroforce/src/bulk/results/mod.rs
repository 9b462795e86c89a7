//! What became of rows: the results of jobs, read, counted and put to their rows.

mod cell;
mod fetch;
mod join;
mod rows;
mod save;

pub use join::{JoinBy, JoinedRow, JoinedRows, RowOutcome};
pub use rows::{FailedRow, ResultRows, Succeeded};

pub(crate) use cell::error as row_error;
pub(crate) use fetch::fetch;
pub(crate) use join::{Inputs, join};
pub(crate) use rows::{Place, ResultsOf, echoes, failed, successful, unprocessed};
pub(crate) use save::save;
