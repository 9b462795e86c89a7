//! The `ferroforce` command as a library.
