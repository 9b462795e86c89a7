//! The REST API as a client meets it, without sockets.

mod client;
mod facts;
mod queries;
mod rows;
mod shell;

use client::Client;
