//! Queries that cannot be injected into.
//!
//! Text in the source of a program is safe, and text that is made at run time is where injection
//! comes from. So a query is a `&'static str`, and values and names from elsewhere are put into it
//! by [`Soql`], which escapes the former and checks the latter:
//!
//! ```
//! use ferroforce::Soql;
//!
//! let last_name = "O'Hara"; // from a form, say
//! let soql = Soql::new("SELECT Id FROM Contact WHERE LastName = :name AND Email != :nothing")
//!     .bind("name", last_name)
//!     .bind("nothing", None::<&str>);
//! assert_eq!(
//!     soql.render()?,
//!     r"SELECT Id FROM Contact WHERE LastName = 'O\'Hara' AND Email != null",
//! );
//! # Ok::<(), ferroforce::Error>(())
//! ```
//!
//! | value | type |
//! |---|---|
//! | text | [`str`], [`String`], [`char`], `Cow<str>` |
//! | number | the integers, [`f32`] and [`f64`], and [`Number`] for the decimals of other crates |
//! | true or false | [`bool`] |
//! | null | [`Option`] |
//! | id | [`RecordId`](crate::RecordId) |
//! | date, time | [`Date`](crate::Date), [`DateTime`](crate::DateTime), [`Time`](crate::Time), [`SystemTime`](std::time::SystemTime) |
//! | date range | [`DateLiteral`], such as `LAST_N_DAYS:5` |
//! | pattern | [`Like`] |
//! | list for `IN`, `INCLUDES` | slices, arrays, [`Vec`] and sets of the above |
//! | yours | whatever implements [`Literal`] |

mod date_literal;
mod like;
mod literal;
mod name;
mod number;
mod placeholders;
mod statement;
mod words;

pub use date_literal::DateLiteral;
pub use like::Like;
pub use literal::{Literal, LiteralWriter};
pub use number::Number;
pub use statement::Soql;

pub(crate) use placeholders::placeholders;
pub(crate) use words::{Word, words};
