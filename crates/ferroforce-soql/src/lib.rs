//! SOQL and SOSL, the query languages of Salesforce: a parser with an error-position-true syntax
//! tree, a printer and a visitor. No I/O, no dependencies.
//!
//! ```
//! use ferroforce_soql::{parse, pretty};
//!
//! let query = parse("select Id, Account.Name from Contact where LastName like 'A%' limit 10")?;
//! assert_eq!(query.from[0].object.text, "Contact");
//! println!("{query}"); // on one line
//! println!("{}", pretty(&query)); // a clause on each line
//!
//! let error = parse("SELECT Id FROM Contact WHERE a = 1 AND b = 2 OR c = 3").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "
//! SELECT Id FROM Contact WHERE a = 1 AND b = 2 OR c = 3
//!                                              ^
//! ERROR at Row:1:Column:46
//! unexpected token: 'OR'",
//! );
//! # Ok::<(), ferroforce_soql::ParseError>(())
//! ```
//!
//! [`parse`] and [`parse_search`] read what Salesforce's APIs accept; [`parse_with`] and
//! [`parse_search_with`] also read what stands between square brackets in Apex. Names are neither
//! resolved nor checked: that takes a schema. [`frame`] renders the errors of whoever does so.
//!
//! Input may be hostile: time is linear in its length, and nesting is bounded by [`MAX_DEPTH`], so
//! that trees can be walked by recursion.

pub mod ast;
mod date_literal;
mod error;
mod frame;
mod lexer;
mod parser;
mod printer;
mod span;
mod visit;

pub use ast::{Query, Search};
pub use date_literal::{DateLiteral, DateUnit};
pub use error::{ErrorCode, ParseError};
pub use frame::frame;
pub use parser::{Dialect, MAX_DEPTH, parse, parse_search, parse_search_with, parse_with};
pub use printer::{Pretty, pretty};
pub use span::Span;
pub use visit::{
    Visitor, walk_condition, walk_distance, walk_from, walk_order_by, walk_query, walk_search,
    walk_select_item, walk_semi_join,
};
