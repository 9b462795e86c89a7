//! The Salesforce client for Rust: sign in once, stay signed in, and move records without losing or
//! doubling any.
//!
//! ```no_run
//! use ferroforce::auth::ClientCredentials;
//! use ferroforce::{Record, Salesforce};
//! use serde_json::json;
//!
//! # async fn run() -> ferroforce::Result<()> {
//! # let auth = ClientCredentials::new("client id", "client secret");
//! let salesforce = Salesforce::builder(auth).org_url("https://acme.my.salesforce.com").build()?;
//! let ada = salesforce.sobject("Contact").create(&json!({"LastName": "Lovelace"})).await?;
//! let contacts: Vec<Record> = salesforce.query("SELECT Id, Name FROM Contact").fetch_all().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The tour
//!
//! * **[`Salesforce`]** is a client of one org: cheap to clone, without type parameters, to be shared
//!   by all of a program. Its [builder](SalesforceBuilder) has every setting, and a default for each.
//! * **[`auth`]** signs in. Choose a flow, hand it over, and think of it no more: the token is
//!   fetched when it is first needed, once for everybody, and renewed when it ends. A flow of your
//!   own is one `async fn`.
//! * **[`sobject`](Salesforce::sobject)** creates, reads, updates, deletes and upserts records, which
//!   are types of yours or a [`Record`] with whatever fields it came with.
//!   A call can be [conditional](Call::if_changed) and takes Salesforce's headers as
//!   [types](Call::duplicate_rule).
//! * **[`files`]** go [up](sobject::SObject::upload) from disk, bytes or a stream, and
//!   [down](sobject::SObject::download) as one.
//! * **[`describe`]** tells what objects and fields the org has.
//! * **[`query`](Salesforce::query)** gives rows as a stream, a list, or the only one. [`Soql`] puts
//!   values into a query so that they stay values; text made at run time does not compile.
//! * **[`composite`]** puts many operations into one request, with references between them, and
//!   cuts streams of records into requests: `records.into_stream().create_all(&salesforce, "Account")`.
//! * **[`bulk`](Salesforce::bulk)** takes any number of records in, in jobs that Salesforce works on
//!   by itself, and accounts for each; [`load`](Salesforce::load) chooses between it and collections.
//! * **[`search`](Salesforce::search)** looks for text in many objects; [`tooling`], [`actions`],
//!   [`graphql`], [`reports`], [`ui_api`] and others have [a page of the guide](guide::other_apis).
//! * **[`request`](Salesforce::request)** reaches every other endpoint.
//! * **[`retry`]** repeats what is safe to repeat and nothing else: a create that may have happened
//!   is never sent again. An [`Error`] tells what happened, to which request, and whether it
//!   [may have been processed](Error::may_have_been_processed).
//! * **[`governor`]** keeps all who work on one org within its limits: requests at once, and a
//!   daily quota of which chosen work leaves a part to others.
//! * **[`events`]** and `tracing` spans tell what the client does and what is left of the org's
//!   quota, and hold no secret and no data.
//!
//! The [`guide`] has a page for each: how to set up an app for a flow, what the common errors mean,
//! how to test without an org, what a security review asks.
//!
//! # What is expected of you
//!
//! A tokio runtime. Everything is `Send`; calls own what they need and can be moved to other tasks.
//! Dropping a call cancels it, and a create that is dropped after it was sent may have happened.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `reqwest` | yes | the HTTP transport; without it you bring a [`transport::HttpService`] |
//! | `jwt` | yes | the JWT bearer flow and private keys |
//! | `encrypted-keys` | no | private keys with a passphrase |
//! | `encrypted-store` | no | encryption of stored tokens |
//! | `keyring` | no | tokens in the system's keyring |
//! | `redis` | no | tokens and governors in Redis, for workers on several machines |
//! | `sf-cli` | no | the logins of the Salesforce CLI on this machine |
//! | `zip` | no | files in batches of Bulk API 1.0 |
//! | `webpki-roots` | no | root certificates in the binary, for machines that have none |
//! | `reqwest_0_13` | no | a transport made of a `reqwest::Client` that you configured; outside of semver |

pub mod actions;
mod apex_rest;
pub mod auth;
pub mod bulk;
pub mod client;
mod clock;
pub mod composite;
pub mod describe;
pub mod discovery;
pub mod error;
pub mod events;
pub mod files;
pub mod governor;
pub mod graphql;
pub mod guide;
pub mod identity;
pub mod limits;
pub mod op;
mod pipeline;
pub mod platform_event;
pub mod query;
#[cfg(feature = "redis")]
pub mod redis;
pub mod reports;
pub mod retry;
#[cfg(test)]
mod script;
pub mod search;
#[cfg(test)]
mod secrecy;
pub mod sobject;
pub mod soql;
pub mod tooling;
pub mod transport;
pub mod types;
pub mod ui_api;
mod xml;

pub use client::{ApiVersion, Call, OrgUrl, Request, Salesforce, SalesforceBuilder};
pub use composite::{IntoRecordStream, RecordStream};
pub use error::{ApiError, Error, ErrorCode, ErrorKind, Result};
pub use op::{Op, Response};
pub use soql::Soql;
pub use types::{Date, DateTime, Record, RecordId, Time};

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
