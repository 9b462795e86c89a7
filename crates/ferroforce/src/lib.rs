//! The Salesforce client for Rust.
