//! A local Salesforce org.

#![allow(
    dead_code,
    unused_imports,
    reason = "rooms of the org are furnished one after the other"
)]

mod admin;
mod auth;
mod clock;
mod describe;
mod error;
mod http;
mod id;
mod json;
mod local;
mod org;
mod query;
mod record;
mod rest;
mod schema;
pub mod schema_file;
mod seed;
mod settings;
mod store;
mod tls;
mod value;

pub use admin::{
    Effect, Fault, FaultStatus, Faults, Policies, RequestRecord, SecurityTokenRule, Snapshot,
    SnapshotError,
};
pub use auth::{ConnectedApp, InvalidCertificate, InvalidDirectory, User};
pub use local::{LocalOrg, LocalOrgBuilder, StartError};
