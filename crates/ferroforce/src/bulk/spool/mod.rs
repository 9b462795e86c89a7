//! What does not fit into memory, in files that nobody else can see: they have no name,
//! only their owner may read them, and they are gone with the program.

mod file;
mod stored;

pub(crate) use crate::files::blocking;
pub(crate) use file::unnamed;
pub(crate) use stored::{Stored, read_exact_at};

#[cfg(test)]
mod tests;
