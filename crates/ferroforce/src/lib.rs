//! The Salesforce client for Rust.

pub mod auth;
pub mod client;
mod clock;
pub mod error;
pub mod events;
pub mod limits;
pub mod op;
mod pipeline;
pub mod query;
pub mod retry;
#[cfg(test)]
mod script;
#[cfg(test)]
mod secrecy;
pub mod sobject;
pub mod soql;
pub mod transport;
pub mod types;

pub use client::{ApiVersion, Call, OrgUrl, Request, Salesforce, SalesforceBuilder};
pub use error::{ApiError, Error, ErrorCode, ErrorKind, Result};
pub use op::{Op, Response};
pub use soql::Soql;
pub use types::{Date, DateTime, Record, RecordId, Time};
