//! SOQL queries.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm>

mod ask;
mod children;
mod cursor;
mod explain;
mod long;
mod page;
mod pages;
mod ranges;
mod rows;
mod spans;

use std::fmt;
use std::time::Duration;

use futures_util::TryStreamExt;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

pub use children::{ChildRows, Children};
pub use cursor::Cursor;
pub use explain::{Explanation, Plan, PlanNote};
pub use page::Page;
pub use pages::Pages;
pub use ranges::{ByIdRanges, RangedRows};
pub use rows::{Records, Rows};

pub(crate) use cursor::Fingerprint;
pub(crate) use page::read_row;

use crate::client::{Call, Salesforce, salesforce_headers};
use crate::error::{Error, ErrorKind, Result};
use crate::op::{Op, Path};
use crate::retry::RetryPolicy;
use crate::soql::Soql;
use ask::Ask;
use page::RawPage;
use pages::{Settings, Source};

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
    ask: Ask,
    settings: Settings,
    from: Option<Cursor>,
}

/// Queries that the org has given names.
impl Salesforce {
    /// A query that the org has saved under a name (API 64.0 and later), with the
    /// values of its parameters.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    ///
    /// let accounts: Vec<Record> = salesforce
    ///     .named_query("accountsByIndustry", [("industry", "Energy")])
    ///     .fetch_all()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn named_query(
        &self,
        name: impl Into<String>,
        parameters: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Query {
        let parameters = parameters
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let ask = Ask::Named {
            name: name.into(),
            parameters,
            refused: None,
        };
        Query::asking(self.clone(), ask)
    }
}

impl Query {
    pub(crate) fn new(client: Salesforce, soql: Soql) -> Self {
        Self::soql(client, soql, false)
    }

    pub(crate) fn tooling(client: Salesforce, soql: Soql) -> Self {
        Self::soql(client, soql, true)
    }

    fn soql(client: Salesforce, soql: Soql, tooling: bool) -> Self {
        let ask = Ask::Soql {
            soql,
            tooling,
            deleted_too: false,
        };
        Self::asking(client, ask)
    }

    fn asking(client: Salesforce, ask: Ask) -> Self {
        Self {
            client,
            ask,
            settings: Settings::default(),
            from: None,
        }
    }

    crate::soql::placeholders!();

    fn edit(mut self, change: impl FnOnce(Soql) -> Soql) -> Self {
        self.ask = self.ask.edit(change);
        self
    }

    /// Also rows that are in the recycle bin or archived (`queryAll`).
    pub fn include_deleted(mut self) -> Self {
        self.ask.include_deleted();
        self
    }

    /// How many rows a page should have, 200 to 2,000. Salesforce takes it as a
    /// hint: pages can be shorter. Its default is 2,000.
    pub fn batch_size(mut self, rows: u32) -> Self {
        self.settings.batch_size = Some(rows);
        self
    }

    /// How long one attempt at a page may take, instead of the client's setting.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// A page may take twenty seconds or more, and so its request is one of those of
    /// which an org has only so many at once: a [`Governor`](crate::governor::Governor)
    /// counts it.
    pub fn long(mut self) -> Self {
        self.settings.long = true;
        self
    }

    /// When to repeat a page's request, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = Some(policy);
        self
    }

    salesforce_headers!(reads);

    fn put(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        match header {
            Ok((name, value)) => {
                self.settings.headers.insert(name, value);
            }
            Err(error) => {
                self.settings.refused.get_or_insert(error);
            }
        }
    }

    /// Whether the next page is fetched while this one is read, which is the default.
    /// Without it a page is asked for when its first row is.
    pub fn prefetch(mut self, ahead: bool) -> Self {
        self.settings.prefetch = ahead;
        self
    }

    /// Goes on behind the last row that was read when `cursor` was made, by this
    /// program or another. The query must be the same, with the same values. See
    /// [`Cursor`].
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.from = Some(cursor);
        self
    }

    /// How Salesforce would carry the query out, without doing so.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn explain(self) -> Call<Explanation> {
        let op = self.ask.explain();
        self.settings.call(self.client, op)
    }

    /// The rows as a stream of `T`, page after page. The next page is fetched
    /// while this one is read; dropping the stream stops that.
    ///
    /// A row that does not fit `T` is one `Err`, and the rows behind it still
    /// come. An error that ends the query is followed by the end.
    pub fn rows<T: DeserializeOwned>(self) -> Rows<T> {
        let (source, start) = self.into_source();
        Rows::new(source, start)
    }

    /// The rows as a stream of [`Record`](crate::Record)s, for columns that are
    /// not known when the program is written. See [`rows`](Self::rows).
    pub fn records(self) -> Records {
        let (source, start) = self.into_source();
        Records::new(source, start)
    }

    /// The pages as Salesforce cuts them. A page that holds a row which does not
    /// fit `T` is one `Err`, and the pages behind it still come;
    /// [`rows`](Self::rows) loses that row only.
    pub fn pages<T: DeserializeOwned>(self) -> Pages<T> {
        let (source, start) = self.into_source();
        Pages::new(source, start.number)
    }

    /// The first page alone, as a [`Call`]: to be sent, or added to a
    /// [composite or batch](crate::composite). Whether there are more rows is in
    /// [`Page::done`]. A timeout and a retry policy that were set before are those
    /// of the call.
    ///
    /// # Errors
    /// When it is awaited: as [`fetch_all`](Self::fetch_all).
    pub fn page<T: DeserializeOwned>(self) -> Call<Page<T>> {
        let op = match self.from {
            None => self.ask.first_page(self.settings.batch_size),
            Some(_) => Err(Error::invalid_input(
                "a cursor goes on somewhere in a query, and this asks for its first page",
            )),
        };
        let op = op.map(|op| op.read_as(|response| RawPage::decode(response)?.page(0)));
        self.settings.call(self.client, op)
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
        let mut rows = self.prefetch(false).rows();
        let row = rows.try_next().await?;
        let several = row.is_some()
            && (rows.total_size().is_some_and(|total| total > 1)
                || rows.try_next().await?.is_some());
        if several {
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
        let (mut source, _) = self.prefetch(false).into_source();
        let page = source.next_page().await.transpose()?;
        page.and_then(|page| page.total_size)
            .ok_or_else(|| Error::decode("the answer does not tell how many rows there are"))
    }

    fn into_source(self) -> (Source, Cursor) {
        let Self {
            client,
            ask,
            settings,
            from,
        } = self;
        let op = ask.first_page(settings.batch_size);
        let query = op.as_ref().map_or(0, cursor::of_query);
        let Some(cursor) = from else {
            let start = Cursor::at_start(query);
            return (Source::new(client, op, settings), start);
        };
        let op = op.and_then(|op| cursor.check(query).map(|()| op));
        (Source::resume(client, op, settings, &cursor), cursor)
    }
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
    rows_of(client, op)
}

/// The rows of a page that an answer has named, and of those behind it.
fn next_rows<T>(client: Salesforce, url: &str) -> Rows<T> {
    rows_of(client, ask::next_page(url, None))
}

fn rows_of<T>(client: Salesforce, op: Result<Op<RawPage>>) -> Rows<T> {
    let start = Cursor::at_start(op.as_ref().map_or(0, cursor::of_query));
    Rows::new(Source::new(client, op, Settings::default()), start)
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query may hold values.
        f.debug_struct("Query")
            .field("batch_size", &self.settings.batch_size)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
