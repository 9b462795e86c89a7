//! The client and its settings.

mod api_version;

pub use api_version::ApiVersion;
