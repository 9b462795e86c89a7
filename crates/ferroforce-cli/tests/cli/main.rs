//! The `ferroforce` binary, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod chromium;
mod demo;
mod login;
mod org;
mod program;
mod soql;
mod usage;
