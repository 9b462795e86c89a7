//! The client and its settings.

mod api_version;
mod builder;
mod call;
mod conditional;
mod org_url;
mod request;
mod salesforce;
mod salesforce_header;

pub use api_version::ApiVersion;
pub use builder::SalesforceBuilder;
pub use call::Call;
pub use conditional::{Conditional, ConditionalCall, Validators, Versioned};
pub use org_url::OrgUrl;
pub use request::Request;
pub use salesforce::Salesforce;
pub use salesforce_header::{AssignmentRule, CallOptions, DuplicateRule};

pub(crate) use call::header as given_header;
pub(crate) use salesforce_header::{package_version, salesforce_headers, update_mru};

#[cfg(test)]
mod tests;
