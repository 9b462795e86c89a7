//! Many operations in one request.
//!
//! | | requests | one transaction | references | costs |
//! |---|---|---|---|---|
//! | [`Composite`] | 25 | if you ask | yes | 1 call |
//! | [`Batch`] | 25 | no | no | 1 call each |
//! | [`Graph`], [`Graphs`] | 500 in 75 graphs | each graph | yes | 1 call |
//! | [`Tree`] | 200 new records | yes | child to parent | 1 call |
//! | [`Collections`] | 200 records, 2,000 to be read | if you ask | no | 1 call |
//!
//! All take what the client sends alone: add a [`Call`], get a
//! [`Reference`], and read the answer by it.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_overview.htm>

mod batch;
mod collections;
#[expect(clippy::module_inception, reason = "the composite of the composites")]
mod composite;
mod graph;
mod graphs;
mod limits;
mod ordered;
mod outcomes;
mod reads;
pub(crate) mod references;
mod requests;
mod rows;
mod settings;
mod streams;
mod tree;

pub use batch::{Batch, Binary};
pub use collections::Collections;
pub use composite::Composite;
pub use graph::Graph;
pub use graphs::{GraphOutcomes, Graphs};
pub use outcomes::Outcomes;
pub use reads::BatchReads;
pub use references::{FieldReference, Reference};
pub use requests::IntoOp;
pub use rows::RowResults;
pub use streams::{Chunked, IntoRecordStream, Items, RecordStream};
pub use tree::{Tree, TreeCreated, TreeRecord};

use crate::client::{Call, Salesforce};

impl Salesforce {
    /// Up to 25 requests in one, that can refer to each other.
    pub fn composite(&self) -> Composite {
        Composite::new(self.clone())
    }

    /// Up to 500 requests in one transaction, that can refer to each other.
    pub fn graph(&self) -> Graph {
        Graph::new(self.clone())
    }

    /// Any number of graphs, each a transaction of its own.
    pub fn graphs(&self) -> Graphs {
        Graphs::new(self.clone())
    }

    /// New records with their children, in one transaction.
    pub fn tree(&self, records: impl IntoIterator<Item = TreeRecord>) -> Tree {
        Tree::new(self.clone(), records.into_iter().collect())
    }

    /// Any number of small reads, 25 in a request. Each has its own result, in
    /// their order.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce, ids: Vec<ferroforce::RecordId>) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    ///
    /// let contacts = salesforce.sobject("Contact");
    /// let mut read = salesforce.batch_reads(ids.iter().map(|id| contacts.get::<Record>(id)));
    /// while let Some(contact) = read.next().await {
    ///     println!("{:?}", contact?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_reads<R, I>(&self, calls: I) -> BatchReads<Items<I::IntoIter>, R>
    where
        R: Send + 'static,
        I: IntoIterator<Item = Call<R>>,
    {
        BatchReads::new(self.clone(), calls.into_stream())
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
