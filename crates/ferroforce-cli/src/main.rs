//! The `ferroforce` command.

fn main() {}
