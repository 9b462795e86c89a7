//! SOQL queries.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm>

mod page;
mod pages;
mod rows;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use futures_util::TryStreamExt;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

pub use page::Page;
pub use pages::Pages;
pub use rows::{Records, Rows};

use crate::client::{Call, Salesforce};
use crate::error::{Error, ErrorKind, Result};
use crate::op::{Op, Path, path};
use crate::retry::RetryPolicy;
use crate::soql::{Literal, Soql};
use page::RawPage;

const BATCH_SIZES: std::ops::RangeInclusive<u32> = 200..=2000;

/// A query on its way; made by [`Salesforce::query`].
///
/// One of its finishers sends it: [`fetch_all`](Self::fetch_all),
/// [`fetch_one`](Self::fetch_one), [`fetch_optional`](Self::fetch_optional),
/// [`rows`](Self::rows) and [`records`](Self::records) as streams,
/// [`pages`](Self::pages), [`count`](Self::count).
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce, name: String) -> ferroforce::Result<()> {
/// let mut records = salesforce
///     .query("SELECT Id, Name, Owner.Name FROM Account WHERE Name = :name")
///     .bind("name", name)
///     .records();
/// while let Some(record) = records.next().await {
///     println!("{}", record?.get::<String>("Owner.Name")?);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a query does nothing until one of its finishers sends it"]
pub struct Query {
    client: Salesforce,
    soql: Soql,
    deleted_too: bool,
    batch_size: Option<u32>,
    timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
}

impl Query {
    pub(crate) fn new(client: Salesforce, soql: Soql) -> Self {
        Self {
            client,
            soql,
            deleted_too: false,
            batch_size: None,
            timeout: None,
            retry: None,
        }
    }

    /// Puts `value` in the place of `:name`, written so that it stays a value
    /// whatever it holds. See [`Soql`].
    pub fn bind(mut self, name: impl Into<Cow<'static, str>>, value: impl Literal) -> Self {
        self.soql = self.soql.bind(name, value);
        self
    }

    /// Puts the name of an object or a field, or a path such as `Account.Name`, in
    /// the place of `:name`, if it is one. See [`Soql::name`].
    pub fn name(mut self, name: impl Into<Cow<'static, str>>, value: impl AsRef<str>) -> Self {
        self.soql = self.soql.name(name, value);
        self
    }

    /// Puts a list of names in the place of `:name`. See [`Soql::names`].
    pub fn names(
        mut self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        self.soql = self.soql.names(name, values);
        self
    }

    /// Also rows that are in the recycle bin or archived (`queryAll`).
    pub fn include_deleted(mut self) -> Self {
        self.deleted_too = true;
        self
    }

    /// How many rows a page should have, 200 to 2,000. Salesforce takes it as a
    /// hint: pages can be shorter. Its default is 2,000.
    pub fn batch_size(mut self, rows: u32) -> Self {
        self.batch_size = Some(rows);
        self
    }

    /// How long one attempt at a page may take, instead of the client's setting.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// When to repeat a page's request, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// The rows as a stream of `T`, page after page. The next page is fetched
    /// while this one is read; dropping the stream stops that.
    ///
    /// A row that does not fit `T` is one `Err`, and the rows behind it still
    /// come. An error that ends the query is followed by the end.
    pub fn rows<T: DeserializeOwned>(self) -> Rows<T> {
        Rows::new(self.into_pages())
    }

    /// The rows as a stream of [`Record`](crate::Record)s, for columns that are
    /// not known when the program is written. See [`rows`](Self::rows).
    pub fn records(self) -> Records {
        Records::new(self.into_pages())
    }

    /// The pages as Salesforce cuts them. A page that holds a row which does not
    /// fit `T` is one `Err`, and the pages behind it still come;
    /// [`rows`](Self::rows) loses that row only.
    pub fn pages<T: DeserializeOwned>(self) -> Pages<T> {
        Pages::new(self.into_pages())
    }

    /// The first page alone, as a [`Call`]: to be sent, or added to a
    /// [composite or batch](crate::composite). Whether there are more rows is in
    /// [`Page::done`]. A timeout and a retry policy that were set before are those
    /// of the call.
    ///
    /// # Errors
    /// When it is awaited: as [`fetch_all`](Self::fetch_all).
    pub fn page<T: DeserializeOwned>(self) -> Call<Page<T>> {
        let op = first_page(&self.soql, self.deleted_too, self.batch_size);
        let op = op.map(|op| op.read_as(|response| RawPage::decode(response)?.page(0)));
        let mut call = Call::new(self.client, op);
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        if let Some(policy) = self.retry {
            call = call.retry(policy);
        }
        call
    }

    /// All rows at once, in memory. For many, take [`rows`](Self::rows).
    ///
    /// # Errors
    /// What Salesforce says of the query, what befalls its requests, and the
    /// first row that does not fit `T`.
    pub async fn fetch_all<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        self.rows().try_collect().await
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), [`ErrorKind::NoRows`] and
    /// [`ErrorKind::TooManyRows`].
    pub async fn fetch_one<T: DeserializeOwned>(self) -> Result<T> {
        self.fetch_optional().await?.ok_or_else(|| {
            Error::new(
                ErrorKind::NoRows,
                "the query found no row where one was expected",
            )
        })
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`ErrorKind::TooManyRows`].
    pub async fn fetch_optional<T: DeserializeOwned>(self) -> Result<Option<T>> {
        let mut rows = Rows::new(self.into_pages().without_prefetch());
        let row = rows.try_next().await?;
        if row.is_some() && rows.total_size().is_some_and(|total| total > 1) {
            return Err(Error::new(
                ErrorKind::TooManyRows,
                "the query found several rows where one at most was expected; LIMIT 1 takes the \
                 first",
            ));
        }
        Ok(row)
    }

    /// How many rows the query finds: for `SELECT COUNT() FROM …`, which has no
    /// rows, and for any other query, of which only the first page is fetched.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn count(self) -> Result<u64> {
        let page = self.into_pages().without_prefetch().next_page().await;
        Ok(page.transpose()?.map_or(0, |page| page.total_size))
    }

    fn into_pages(self) -> pages::Source {
        let op = first_page(&self.soql, self.deleted_too, self.batch_size);
        pages::Source::new(self.client, op, self.batch_size, self.timeout, self.retry)
    }
}

fn first_page(soql: &Soql, deleted_too: bool, batch_size: Option<u32>) -> Result<Op<RawPage>> {
    let path = if deleted_too { "/queryAll" } else { "/query" };
    let op =
        Op::new(Method::GET, Path::fill(path, &[])?, RawPage::decode).query("q", soql.render()?);
    with_batch_size(op, batch_size)
}

/// The rows that another address than a query's answers with, in the same shape.
pub(crate) fn rows_at<T>(client: Salesforce, path: Result<Path>, fields: Option<&str>) -> Rows<T> {
    let op = path.map(|path| {
        let op = Op::new(Method::GET, path, RawPage::decode_some);
        match fields {
            Some(fields) => op.query("fields", fields),
            None => op,
        }
    });
    Rows::new(pages::Source::new(client, op, None, None, None))
}

fn next_page(url: &str, batch_size: Option<u32>) -> Result<Op<RawPage>> {
    // The server says where the next page is, and may only say where on itself:
    // the token goes with the request.
    let stays_here = url.starts_with("/services/data/") && !path::climbs(url);
    if !stays_here {
        return Err(Error::decode(
            "the answer names a next page outside of the org's own data address",
        ));
    }
    let path = Path::verbatim(url, Some("/query/{locator}".into()));
    with_batch_size(Op::new(Method::GET, path, RawPage::decode), batch_size)
}

fn with_batch_size(op: Op<RawPage>, batch_size: Option<u32>) -> Result<Op<RawPage>> {
    let Some(rows) = batch_size else {
        return Ok(op);
    };
    if !BATCH_SIZES.contains(&rows) {
        return Err(Error::invalid_input(format!(
            "the batch size is {rows}; Salesforce takes 200 to 2,000"
        )));
    }
    let value = HeaderValue::try_from(format!("batchSize={rows}")).map_err(|error| {
        Error::invalid_input("the batch size makes no header").with_source(error)
    })?;
    Ok(op.header(HeaderName::from_static("sforce-query-options"), value))
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query may hold values.
        f.debug_struct("Query")
            .field("deleted_too", &self.deleted_too)
            .field("batch_size", &self.batch_size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
