//! Many operations in one request.
//!
//! | | requests | one transaction | references | costs |
//! |---|---|---|---|---|
//! | [`Composite`] | 25 | if you ask | yes | 1 call |
//! | [`Batch`] | 25 | no | no | 1 call each |
//! | [`Collections`] | 200 records, 2,000 to be read | if you ask | no | 1 call |
//!
//! All take what the client sends alone: add a [`Call`](crate::Call), get a
//! [`Reference`], and read the answer by it.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_overview.htm>

mod batch;
mod collections;
#[expect(clippy::module_inception, reason = "the composite of the composites")]
mod composite;
mod limits;
mod ordered;
mod outcomes;
pub(crate) mod references;
mod requests;
mod rows;
mod settings;
mod streams;

pub use batch::{Batch, Binary};
pub use collections::Collections;
pub use composite::Composite;
pub use outcomes::Outcomes;
pub use references::{FieldReference, Reference};
pub use requests::IntoOp;
pub use rows::RowResults;
pub use streams::{Chunked, IntoRecordStream, Items, RecordStream};

use crate::client::Salesforce;

impl Salesforce {
    /// Up to 25 requests in one, that can refer to each other.
    pub fn composite(&self) -> Composite {
        Composite::new(self.clone())
    }

    /// Up to 200 records in one request.
    pub fn collections(&self) -> Collections {
        Collections::new(self.clone())
    }

    /// Up to 25 requests in one, each for itself.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
