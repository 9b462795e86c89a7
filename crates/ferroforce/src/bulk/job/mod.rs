//! Jobs as Salesforce knows them: what they are, and the single steps of one.

mod handle;
mod id;
mod info;
mod list;
mod new;
pub(crate) mod ops;
mod state;
mod wait;

pub use handle::Job;
pub use id::JobId;
pub use info::JobInfo;
pub use list::{JobFilter, JobList};
pub use new::NewJob;
pub use state::{JobKind, JobOperation, JobState};
pub use wait::Poll;

pub(crate) use handle::batches;
pub(crate) use wait::{Next, Pace, until_ended};

#[cfg(test)]
mod tests;
