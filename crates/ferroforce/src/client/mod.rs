//! The client and its settings.

mod api_version;
mod builder;
mod call;
mod org_url;
mod request;
mod salesforce;

pub use api_version::ApiVersion;
pub use builder::SalesforceBuilder;
pub use call::Call;
pub use org_url::OrgUrl;
pub use request::Request;
pub use salesforce::Salesforce;

#[cfg(test)]
mod tests;
