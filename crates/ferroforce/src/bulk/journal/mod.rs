//! What was done so far, on disk, so that a program that was killed can go on.
//!
//! A journal is a file of lines, each a checksum and a record as JSON. A line is on the
//! disk before the program does what depends on it. A line that was torn by a crash is
//! the last one, and is cut off; what was to follow it was not done.

mod file;

pub(crate) use file::{Journal, Kind};

#[cfg(test)]
mod tests;
