//! The client and its settings.

mod api_version;
mod org_url;

pub use api_version::ApiVersion;
pub use org_url::OrgUrl;
