//! The Tooling API: metadata as records, anonymous Apex, tests.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_tooling.meta/api_tooling/>

mod apex_tests;
mod execute;
mod object;

pub use apex_tests::{ApexTests, TestFailure, TestRun};
pub use execute::Executed;
pub use object::ToolingObject;

use crate::client::{Call, Salesforce};
use crate::query::Query;
use crate::search::{Search, Sosl};
use crate::soql::Soql;
use crate::types::RecordId;

/// The Tooling API of an org. Made by [`Salesforce::tooling`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::Record;
///
/// let tooling = salesforce.tooling();
/// let classes: Vec<Record> = tooling
///     .query("SELECT Id, Name, ApiVersion FROM ApexClass WHERE Status = 'Active'")
///     .fetch_all()
///     .await?;
/// let done = tooling.execute_anonymous("System.debug('hello');").await?;
/// assert!(done.success);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Tooling {
    client: Salesforce,
}

/// The Tooling API.
impl Salesforce {
    /// The Tooling API.
    pub fn tooling(&self) -> Tooling {
        Tooling {
            client: self.clone(),
        }
    }
}

impl Tooling {
    /// A SOQL query of metadata, with everything that a [`Query`] can do.
    pub fn query(&self, soql: impl Into<Soql>) -> Query {
        Query::tooling(self.client.clone(), soql.into())
    }

    /// A search in SOSL through the text of metadata, of Apex classes for example.
    pub fn search(&self, sosl: impl Into<Sosl>) -> Search {
        Search::new(self.client.clone(), "/tooling/search", sosl.into())
    }

    /// The records of one object of the Tooling API, `ApexClass` for example.
    pub fn sobject(&self, name: impl Into<String>) -> ToolingObject {
        ToolingObject::new(self.client.clone(), name.into())
    }

    /// Runs Apex. It is a GET that does whatever the code does, so it is never
    /// repeated when it may have been carried out; the code travels in the address,
    /// where there is room for some 16,000 bytes.
    ///
    /// Code that does not compile or throws is an answer too: see
    /// [`Executed::success`].
    ///
    /// # Errors
    /// When it is awaited.
    pub fn execute_anonymous(&self, apex: impl Into<String>) -> Call<Executed> {
        self.client.call(execute::op(apex.into()))
    }

    /// Runs tests and waits for them: tests of one class, as Salesforce has it. It is
    /// never repeated when it may have been carried out.
    ///
    /// # Errors
    /// When it is awaited. A test that fails is no error: see [`TestRun`].
    pub fn run_tests(&self, tests: &ApexTests) -> Call<TestRun> {
        self.client.call(apex_tests::synchronous(tests))
    }

    /// Has tests run in the background and gives the id of their job, to be found in
    /// `ApexTestQueueItem` and `ApexTestResult`. It is never repeated when it may
    /// have been carried out.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn run_tests_in_background(&self, tests: &ApexTests) -> Call<RecordId> {
        self.client.call(apex_tests::asynchronous(tests))
    }
}

#[cfg(test)]
mod tests;
