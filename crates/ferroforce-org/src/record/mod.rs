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
pub(crate) mod target;
mod validate;
mod write;

pub(crate) use coerce::coerce_text;
pub(crate) use delete::{Bin, delete, delete_into};
pub(crate) use derive::derive;
pub(crate) use incoming::{Incoming, find_by_key, no_such_column, of_another_type, parent_by_key};
pub(crate) use write::{Origin, check_references, create, existing, new_row, readable, update};
