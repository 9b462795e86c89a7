//! The Salesforce client for Rust.

pub mod auth;
pub mod error;
pub mod transport;

pub use error::{ApiError, Error, ErrorCode, ErrorKind, Result};
