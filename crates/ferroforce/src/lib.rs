//! The Salesforce client for Rust.

pub mod auth;
pub mod client;
pub mod error;
pub mod transport;
pub mod types;

pub use client::{ApiVersion, OrgUrl};
pub use error::{ApiError, Error, ErrorCode, ErrorKind, Result};
pub use types::{Date, DateTime, RecordId, Time};
