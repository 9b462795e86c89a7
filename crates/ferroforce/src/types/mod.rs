//! Values that Salesforce deals in: records and their ids, dates and times, addresses and
//! picklists, and fields that an update leaves alone.

mod compound;
mod date;
mod datetime;
mod excerpt;
mod multi_picklist;
mod patch;
mod record;
mod record_id;
mod text;
mod time;

pub use compound::{Address, Geolocation};
pub use date::Date;
pub(crate) use datetime::DATE_TIME;
pub use datetime::DateTime;
pub(crate) use excerpt::Excerpt;
pub use multi_picklist::MultiPicklist;
pub use patch::Patch;
pub(crate) use record::Shapes;
pub use record::{Field, Fields, Record};
pub use record_id::RecordId;
pub use time::Time;
