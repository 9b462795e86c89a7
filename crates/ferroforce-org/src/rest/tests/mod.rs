//! The REST API as a client meets it, without sockets.

mod blobs;
mod changes;
mod client;
mod derived;
mod describes;
mod duplicates;
mod facts;
mod options;
mod other_apis;
mod profiles;
mod queries;
mod refusals;
mod related;
mod rows;
mod search;
mod shell;
mod tooling;
mod users;

pub(crate) use client::{Answer, Client};
