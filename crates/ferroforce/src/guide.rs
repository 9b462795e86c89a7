//! The guide: one page for each thing that people set out to do.
//!
//! | to | read |
//! |---|---|
//! | sign in, and choose how | [`sign_in`] |
//! | set a flow up | [`client_credentials`], [`jwt_bearer`], [`refresh_token`], [`web_server`], [`device`], [`token_exchange`], [`username_password`], [`soap_login`], [`access_token`], [`environment`], [`custom_flow`] |
//! | know whose session it is, and end it | [`about_tokens`] |
//! | share a sign-in between processes and machines | [`token_stores`] |
//! | read and write records | [`records`] |
//! | send and read files | [`files`] |
//! | know an org's objects and fields | [`describe`] |
//! | query | [`queries`] |
//! | get any number of rows | [`bulk_extract`] |
//! | do what only Bulk API 1.0 can | [`bulk_1`] |
//! | send many operations in one request | [`composite`] |
//! | load very many records | [`bulk_load`] |
//! | search | [`search`] |
//! | call Apex, actions, GraphQL, reports and more | [`other_apis`] |
//! | know what is repeated and what an error means | [`errors_and_retries`] |
//! | see what the client does | [`events_and_tracing`] |
//! | keep many workers within an org's limits | [`many_workers`] |
//! | test without an org | [`testing`] |
//! | come from Python's aiosalesforce | [`from_aiosalesforce`] |
//! | review the crate | [`security`] |

#![cfg_attr(
    not(all(
        feature = "jwt",
        feature = "reqwest",
        feature = "redis",
        feature = "sf-cli"
    )),
    allow(
        rustdoc::broken_intra_doc_links,
        reason = "the pages tell of every feature"
    )
)]

/// Signing in: which flow, what a session is, what happens when a token ends.
pub mod sign_in {
    #![doc = ""]
    #![doc = include_str!("../docs/sign-in.md")]
}

/// Signing in with an app's id and secret.
pub mod client_credentials {
    #![doc = ""]
    #![doc = include_str!("../docs/client-credentials.md")]
}

/// Signing in with an RSA key.
#[cfg(feature = "jwt")]
pub mod jwt_bearer {
    #![doc = ""]
    #![doc = include_str!("../docs/jwt-bearer.md")]
}

/// Signing in with a refresh token.
pub mod refresh_token {
    #![doc = ""]
    #![doc = include_str!("../docs/refresh-token.md")]
}

/// Sharing a sign-in between processes and machines, and from one start to the next.
pub mod token_stores {
    #![doc = ""]
    #![doc = include_str!("../docs/token-stores.md")]
}

/// Signing in with a user name and a password.
pub mod soap_login {
    #![doc = ""]
    #![doc = include_str!("../docs/soap-login.md")]
}

/// Signing users in with their browsers.
pub mod web_server {
    #![doc = ""]
    #![doc = include_str!("../docs/web-server.md")]
}

/// Signing users in on machines without a browser.
pub mod device {
    #![doc = ""]
    #![doc = include_str!("../docs/device.md")]
}

/// Signing in with a token of an identity provider.
pub mod token_exchange {
    #![doc = ""]
    #![doc = include_str!("../docs/token-exchange.md")]
}

/// Signing in with an app and a password.
pub mod username_password {
    #![doc = ""]
    #![doc = include_str!("../docs/username-password.md")]
}

/// Going on with a token from elsewhere.
pub mod access_token {
    #![doc = ""]
    #![doc = include_str!("../docs/access-token.md")]
}

/// Signing in as the environment says.
pub mod environment {
    #![doc = ""]
    #![doc = include_str!("../docs/environment.md")]
}

/// Who has signed in, what a token is worth, and how to end it.
pub mod about_tokens {
    #![doc = ""]
    #![doc = include_str!("../docs/about-tokens.md")]
}

/// Signing in with the logins of the Salesforce CLI.
#[cfg(feature = "sf-cli")]
pub mod sf_logins {
    #![doc = ""]
    #![doc = include_str!("../docs/sf-logins.md")]
}

/// Signing in by a flow of your own.
pub mod custom_flow {
    #![doc = ""]
    #![doc = include_str!("../docs/custom-flow.md")]
}

/// Getting any number of rows: which way they come, pages, files, going on later.
pub mod bulk_extract {
    #![doc = ""]
    #![doc = include_str!("../docs/bulk-extract.md")]
}

/// What only Bulk API 1.0 can: queries in chunks, serial loads, files in batches.
pub mod bulk_1 {
    #![doc = ""]
    #![doc = include_str!("../docs/bulk-1.md")]
}

/// Creating, reading, updating, deleting and upserting records.
pub mod records {
    #![doc = ""]
    #![doc = include_str!("../docs/records.md")]
}

/// Files, up and down.
pub mod files {
    #![doc = ""]
    #![doc = include_str!("../docs/files.md")]
}

/// Objects and fields.
pub mod describe {
    #![doc = ""]
    #![doc = include_str!("../docs/describe.md")]
}

/// Queries, and how values get into them.
pub mod queries {
    #![doc = ""]
    #![doc = include_str!("../docs/queries.md")]
}

/// Many operations in one request, transactions, any number of records.
pub mod composite {
    #![doc = ""]
    #![doc = include_str!("../docs/composite.md")]
}

/// Loading very many records by the Bulk API 2.0.
pub mod bulk_load {
    #![doc = ""]
    #![doc = include_str!("../docs/bulk-load.md")]
}

/// Searching for text in many objects at once.
pub mod search {
    #![doc = ""]
    #![doc = include_str!("../docs/search.md")]
}

/// Apex, Tooling, actions, the UI API, GraphQL, reports, events.
pub mod other_apis {
    #![doc = ""]
    #![doc = include_str!("../docs/other-apis.md")]
}

/// Errors, and what is sent again.
pub mod errors_and_retries {
    #![doc = ""]
    #![doc = include_str!("../docs/errors-and-retries.md")]
}

/// Seeing what the client does.
pub mod events_and_tracing {
    #![doc = ""]
    #![doc = include_str!("../docs/events-and-tracing.md")]
}

/// One org, many workers: what they may do together.
pub mod many_workers {
    #![doc = ""]
    #![doc = include_str!("../docs/many-workers.md")]
}

/// Testing without an org of Salesforce's.
pub mod testing {
    #![doc = ""]
    #![doc = include_str!("../docs/testing.md")]
}

/// Coming from Python's aiosalesforce.
pub mod from_aiosalesforce {
    #![doc = ""]
    #![doc = include_str!("../docs/from-aiosalesforce.md")]
}

/// What a security review asks.
pub mod security {
    #![doc = ""]
    #![doc = include_str!("../docs/security.md")]
}
