//! The REST API as a client meets it, without sockets.

mod blobs;
mod changes;
mod client;
mod derived;
mod describes;
mod duplicates;
mod facts;
mod layouts;
mod options;
mod other_apis;
mod profiles;
mod queries;
mod refusals;
mod related;
mod reports;
mod rows;
mod search;
mod shell;
mod tooling;
mod users;

pub(crate) use client::{Answer, Client};
