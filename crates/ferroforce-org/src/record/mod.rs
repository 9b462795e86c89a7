//! Records: what a client may write, how it is checked and stored, and how it is answered.

mod coerce;
mod delete;
mod derive;
pub(crate) mod document;
mod duplicates;
mod incoming;
mod lock;
pub(crate) mod read;
pub(crate) mod recent;
pub(crate) mod row;
mod rules;
mod validate;
mod write;

pub(crate) use coerce::coerce_text;
pub(crate) use delete::delete;
pub(crate) use derive::derive;
pub(crate) use incoming::{Incoming, find_by_key, no_such_column, of_another_type};
pub(crate) use write::{Origin, check_references, create, existing, new_row, readable, update};
