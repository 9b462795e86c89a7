//! Values that Salesforce deals in: records and their ids, dates and times.

mod date;
mod datetime;
mod excerpt;
mod record;
mod record_id;
mod text;
mod time;

pub use date::Date;
pub use datetime::DateTime;
pub(crate) use excerpt::Excerpt;
pub(crate) use record::Shapes;
pub use record::{Field, Fields, Record};
pub use record_id::RecordId;
pub use time::Time;
