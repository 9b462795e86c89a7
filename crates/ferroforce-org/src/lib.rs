//! A local Salesforce org: an HTTP server that behaves like one, to build, test and demonstrate
//! integrations with no Salesforce account, in whatever language they are written.
//!
//! ```
//! use ferroforce_org::LocalOrg;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let org = LocalOrg::start().await?;
//!
//! // What a client needs to sign in …
//! println!("{} as {}", org.url(), org.username());
//! // … or to go without: a session that is there already.
//! let authorization = format!("Bearer {}", org.access_token());
//! # assert!(authorization.starts_with("Bearer 00D"));
//!
//! org.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The org listens on a free port of the loopback interface, has threads of its own, and is gone
//! when it is dropped. Everything about it can be chosen before it starts, with
//! [`LocalOrg::builder`]: ports, TLS, users, apps, objects, records, where they are kept. Two orgs
//! that are asked the same things in the same order give the same ids.
//!
//! # What it answers
//!
//! | | |
//! |---|---|
//! | sign-in | SOAP `login()` up to API 64.0, `logout()`, `setPassword()`, `resetPassword()`; `/services/oauth2/authorize` with login and consent pages; `/services/oauth2/token` for authorization codes, devices, client credentials, JWT bearer, token exchange, username-password and refresh tokens; userinfo, introspection, revocation, identity, discovery, `/id/keys` |
//! | `/services/data` | versions, resources, `limits`, `limits/recordCount` |
//! | `…/sobjects` | describes; page, compact and approval layouts; list views; records by id and by external id: create, read, update, upsert, delete; along relationships; blobs, also by multipart; what was deleted and updated |
//! | `…/query`, `…/queryAll` | SOQL, in pages; query plans by `explain`, as SQLite would run them |
//! | `…/search`, `…/parameterizedSearch` | SOSL and its parameters; `search/scopeOrder`, `search/layout` |
//! | `…/composite` | dependent requests, batches, graphs, trees, collections |
//! | `…/jobs` | Bulk API 2.0: `ingest` and `query`, with results by locator and in parallel |
//! | `/services/async` | Bulk API 1.0: jobs and batches in CSV, JSON, XML and archives, PK chunking |
//! | `…/analytics/reports` | the reports of the seed file: described, run at once and in the background, with other filters, columns and order |
//! | `…/tooling` | queries, records and describes of code and logs, composites |
//! | `…/ui-api/records` | records, created under an `Idempotency-Key` |
//! | `…/named/query`, `…/actions/custom/apex/Echo`, `/services/apexrest/echo` | the named queries of the seed file; an action and a class that give back what they are given |
//! | `…/recent`, `…/tabs`, `…/theme`, `…/compactLayouts`, `…/quickActions`, `…/process` | what the user had lately; what there is, be it nothing |
//!
//! API versions from 31.0 on are served. The standard objects that people use are there, with
//! `External_Id__c`, a unique external id, on Account, Contact, Lead and Opportunity;
//! [`schema_file`] says how to add objects and fields. What is written is checked as a real org
//! checks it, and refused with the same codes and words. Users may do what their [`Profile`] allows,
//! or everything. They follow their `User` records: one that is created makes a user, whose random
//! password can be replaced at `…/sobjects/User/{id}/password`. Methods such as
//! [`LocalOrg::username`] tell of the first user as they were when the org started. **It is never wrong in silence:** what a
//! real org answers and this one cannot is answered with 501 and `NOT_IMPLEMENTED`; a SOAP
//! operation other than those with the fault `FUNCTIONALITY_NOT_ENABLED`.
//!
//! Nobody has laid out a page in this org, or made a list view: each object has one layout, which shows
//! all that its user sees in the order of the describe, and the list views *All* and *My*. There are
//! no quick actions, workflow rules, approval processes and dashboards.
//!
//! Blobs may be as large as Salesforce takes them by multipart: 2 GB of a `ContentVersion`, 500 MB of
//! others. Those over 1 MB lie in files, beside the data file or in a temporary folder, and are never
//! in memory as a whole, unless a fault strikes their answer.
//!
//! Duplicate rules of accounts, contacts and leads are off unless
//! [`Policies::duplicate_rules`] says otherwise.
//!
//! Queries compare and sort texts as English locales do, by their upper case, also outside of ASCII.
//! What Salesforce's documentation leaves open about them is decided as practice has it, and
//! [`Policies`] can decide otherwise. There is one currency, and `FORMAT()` knows American
//! English only.
//!
//! The parts of a composite request are done in the order given, whether they may be collated or
//! not. What is all or none is one transaction, and so is each graph.
//!
//! The pages of a query hold the records that it found when it was asked, with the values that
//! they have when their page is fetched. Children count towards a page; one parent's that are more
//! than a page holds have pages of their own. Cursors end when the org is reset or restored. Whoever
//! revokes the refresh token that the org starts with ends the session it starts with too.
//!
//! A search looks in texts, email addresses, phone numbers and web addresses, not in picklists, and
//! without a group of fields in all of them; `SIDEBAR FIELDS` are names, email addresses and phone
//! numbers. It finds whole words, in whatever letter case, which spaces and punctuation end; it knows
//! no stems, synonyms or misspellings, and does not cut texts in languages without spaces into words.
//! What it found comes in the order in which it was created, unless it is sorted.
//!
//! # Sign-in
//!
//! The pages are `/services/oauth2/authorize`, which leads over `/login` and a consent page back to
//! the app, and `/setup/connect`, where the code of a device is entered. They answer under names of
//! this machine only, need no script and take nothing from elsewhere; their fields and buttons have
//! the ids `username`, `password`, `Login`, `oaapprove`, `oadeny`, `user_code` and `connect`. The
//! password alone is typed there: a security token is for programs. Who has consented is not
//! asked again. [`LocalOrg::authorize`] and [`LocalOrg::decide_device`] do what a person would.
//!
//! A code is good for 15 minutes and once; one that comes again ends what it gave. A challenge (PKCE)
//! is S256. A refresh token is rotated unless its app says otherwise, and one that comes again after
//! that ends all that came of it; two refreshes with one token at once are refused with `token request
//! is already being processed`. A user has as many refresh tokens per app as
//! [`Policies::refresh_tokens_per_app`] says, and one more ends the oldest. Sessions slide;
//! [`Policies::lock_sessions_to_address`] ties them to where they were issued to. What a
//! [`ConnectedApp`] may do is its own affair, and `Policies` that of the whole org:
//! [`Policies::of_new_org`] has SOAP `login()` and the username-password flow off.
//!
//! The hybrid forms, the user-agent flow, headless identity, `prompt=none` and dynamic registration
//! are not served. [`LocalOrg::sign_ins`] tells who has signed in how often.
//!
//! # Bulk jobs
//!
//! Jobs are worked on in the background, one after the other: 200 rows are written as one
//! transaction, then requests have their turn. By default a job begins at once;
//! [`Policies::bulk_queued_seconds`] and [`Policies::bulk_in_progress_seconds`] let it take time, by
//! the org's clock. What a job has done is kept in the same transaction as the rows, so an org with
//! a [data file](LocalOrgBuilder::data_file) goes on where it was, and snapshots hold jobs as well.
//! Jobs that are open for 24 hours are aborted; those that ended are forgotten after 7 days.
//!
//! A job takes one upload of at most 150 MB, counted in base64 as Salesforce does, which makes
//! 112.5 MB of CSV; one that is compressed is unpacked in memory, up to 50 MB. Rows are cut into
//! batches of 10,000, of which there are [so many](Policies::daily_bulk_batches) in 24 hours; the
//! rows of those beyond are not processed, and no result tells of them. Only profiles that
//! [say so](Profile::bulk_hard_delete) may delete for good. Assignment rules are taken and do
//! nothing.
//!
//! Where no recorded answer is known, the words of an error are the org's own; the codes are
//! Salesforce's. The times that jobs tell are those of the org's clock.
//!
//! # Seed files
//!
//! [`LocalOrgBuilder::seed_file`] takes a TOML file, or a JSON file of the same shape, with users
//! ([`User`] lists their keys), their profiles ([`Profile`]), connected apps ([`ConnectedApp`]) and
//! records. A record is
//! written as in a tree of records: its `attributes` name the type and, if others refer to it, a
//! `referenceId`. A reference is an id or `"@"` and the `referenceId` of any record in the file.
//!
//! ```
//! use ferroforce_org::LocalOrg;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("seed.toml");
//! let seed = r#"
//!     [[users]]
//!     username = "ada@example.com"
//!     password = "Analytical1"
//!     security_token = ""
//!
//!     [[records]]
//!     attributes = { type = "Contact" }
//!     LastName = "Lovelace"
//!     AccountId = "@engines"
//!
//!     [[records]]
//!     attributes = { type = "Account", referenceId = "engines" }
//!     Name = "Analytical Engines"
//! "#;
//! std::fs::write(&file, seed)?;
//! let org = LocalOrg::builder().seed_file(&file).start().await?;
//! assert_eq!(org.username(), "ada@example.com");
//! # Ok(())
//! # }
//! ```
//!
//! `[[named_queries]]` have a `name` and a `soql` in which `:parameter` stands for a value that a
//! request to `/named/query/{name}` gives. It is a text, unless `parameters` says `"bare"` of it:
//! a number, a date, a moment or a boolean.
//!
//! `[[reports]]` have a `name`, an `object` and `columns`, which are paths of fields such as
//! `Account.Name`; `filters`, each with a `column`, an `operator` and a `value` as the Reports API
//! writes them (several values with commas between); and a `sort_by` with a `column`, and `descending`
//! if it is true. They are tables; `equals`, `notEqual`, `lessThan`, `greaterThan`, `lessOrEqual`,
//! `greaterOrEqual`, `contains`, `notContain` and `startsWith` are the operators.
//!
//! ```toml
//! [[reports]]
//! name = "Large deals"
//! object = "Opportunity"
//! columns = ["Name", "Amount", "Account.Name"]
//! filters = [{ column = "Amount", operator = "greaterThan", value = "10000" }]
//! sort_by = { column = "Amount", descending = true }
//! ```
//!
//! The values of records are those of the REST API, and are checked like those; the `Id` and the
//! fields that only the platform sets may be given too.
//!
//! # Faults, clock, snapshots
//!
//! [`LocalOrg::faults`] makes requests fail on purpose, [`LocalOrg::requests`] tells which came,
//! [`LocalOrg::stop_clock`] and its neighbours set the time, [`LocalOrg::reset`],
//! [`LocalOrg::snapshot`] and [`LocalOrg::restore`] go back. The same is open to other programs
//! under `/__org/`, with [`LocalOrg::admin_token`] in the header `X-Org-Admin-Token`.
//!
//! # Safety
//!
//! Only this machine can reach the org, unless [`LocalOrgBuilder::expose`] says otherwise. Its
//! passwords, tokens and keys are random unless you choose them; files with secrets or data can
//! only be read by their owner.

mod admin;
mod auth;
mod bulk;
mod clock;
mod composite;
mod describe;
mod error;
mod http;
mod id;
mod json;
mod local;
mod named_query;
mod org;
mod query;
mod record;
mod report;
mod rest;
mod schema;
pub mod schema_file;
mod search;
mod seed;
mod settings;
mod soql_value;
mod store;
mod tls;
mod usage;
mod value;

pub use admin::{
    Effect, Fault, FaultStatus, Faults, Policies, RequestRecord, SecurityTokenRule, Snapshot,
    SnapshotError,
};
pub use auth::{
    ConnectedApp, FieldPermission, InvalidAddressRange, InvalidCertificate, InvalidDirectory,
    ObjectPermission, Profile, SignIns, TokenFormat, User,
};
pub use local::{LocalOrg, LocalOrgBuilder, StartError};
