//! Any number of records, in chunks.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::ordered::{Lane, Ordered, Placed, Work};
use super::rows::{self, RowResults};
use super::settings::Settings;
use super::{collections, limits};
use crate::client::Salesforce;
use crate::error::{Error, Result};
use crate::op::Op;
use crate::retry::{Backoff, RetryPolicy};
use crate::sobject::{Created, Upserted, field_list, record_id};

const IN_FLIGHT: usize = 8;
const LOCK_RETRIES: u32 = 5;

/// Writing and reading the records of a stream, in chunks of 200 with several in
/// flight. It is there for every [`Stream`]; an iterator becomes one by
/// [`into_stream`](IntoRecordStream::into_stream).
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::{IntoRecordStream, RecordStream};
/// use serde_json::json;
///
/// let accounts = (0..10_000).map(|n| json!({"Name": format!("Account {n}")}));
/// let mut created = accounts.into_stream().create_all(&salesforce, "Account");
/// while let Some(result) = created.next().await {
///     match result {
///         Ok(created) => println!("{}", created.id),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Each item has one result, in the order of the items. A record that Salesforce
/// refuses leaves the others alone. Rows that failed because a record was locked
/// are sent again without the others. If a request as a whole fails, each of its
/// items has that error; for creates look at
/// [`Error::may_have_been_processed`], since such a request is not repeated.
///
/// Memory is bounded, whatever the number of items: the input is read as far as
/// there is room in flight. Work goes on while the results are asked for, and
/// dropping the stream of results ends it; a create that was on its way then may
/// have happened.
pub trait RecordStream: Stream + Sized {
    /// Creates each item as a record of `sobject`.
    fn create_all(self, client: &Salesforce, sobject: impl Into<String>) -> Chunked<Self, Created>
    where
        Self::Item: Serialize,
    {
        let sobject = sobject.into();
        Chunked::new(
            client,
            self,
            move |record| rows::write(&sobject, None, &record),
            |rows| collections::create(rows, false),
        )
    }

    /// Writes fields of records of `sobject`: each item is a pair of an id and the
    /// fields.
    fn update_all<I: Display, T: Serialize>(
        self,
        client: &Salesforce,
        sobject: impl Into<String>,
    ) -> Chunked<Self, ()>
    where
        Self: Stream<Item = (I, T)>,
    {
        let sobject = sobject.into();
        Chunked::new(
            client,
            self,
            move |(id, fields)| rows::write(&sobject, Some(&record_id(&id)?), &fields),
            |rows| collections::update(rows, false),
        )
    }

    /// Creates each item as a record of `sobject`, or updates the record that has
    /// the same value in the external id `field`. A request is repeated after an
    /// unclear end if each of its items has a value there.
    fn upsert_all(
        self,
        client: &Salesforce,
        sobject: impl Into<String>,
        field: impl Into<String>,
    ) -> Chunked<Self, Upserted>
    where
        Self::Item: Serialize,
    {
        let (sobject, field) = (sobject.into(), field.into());
        let (written, version) = (sobject.clone(), client.api_version());
        Chunked::new(
            client,
            self,
            move |record| rows::write(&written, None, &record),
            move |rows| {
                collections::upsert_since(version)?;
                collections::upsert(&sobject, &field, rows, false)
            },
        )
    }

    /// Puts records into the recycle bin: each item is an id.
    fn delete_all(self, client: &Salesforce) -> Chunked<Self, ()>
    where
        Self::Item: Display,
    {
        Chunked::new(
            client,
            self,
            |id| Ok(record_id(&id)?.into_bytes()),
            |rows| collections::delete(&texts(rows), false),
        )
    }

    /// Reads fields of records of `sobject`: each item is an id. What is not there
    /// is `None`. Chunks have 2,000 records.
    fn retrieve_all<T: DeserializeOwned + Send + 'static>(
        self,
        client: &Salesforce,
        sobject: impl Into<String>,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Chunked<Self, Option<T>>
    where
        Self::Item: Display,
    {
        let (sobject, fields) = (sobject.into(), field_list(fields));
        let read = Chunked::new(
            client,
            self,
            |id| Ok(record_id(&id)?.into_bytes()),
            move |rows| collections::retrieve(&sobject, &texts(rows), &fields),
        );
        read.chunk(limits::RETRIEVED)
    }
}

impl<S: Stream> RecordStream for S {}

fn texts(rows: &[Vec<u8>]) -> Vec<String> {
    let rows = rows.iter();
    rows.map(|row| String::from_utf8_lossy(row).into_owned())
        .collect()
}

/// An iterator as a stream.
pub trait IntoRecordStream: IntoIterator + Sized {
    /// A stream of the same items.
    fn into_stream(self) -> Items<Self::IntoIter> {
        Items(self.into_iter())
    }
}

impl<I: IntoIterator> IntoRecordStream for I {}

/// The items of an iterator as a stream. Made by
/// [`IntoRecordStream::into_stream`].
#[derive(Debug, Clone)]
pub struct Items<I>(I);

// Nothing is pinned by being in here.
impl<I> Unpin for Items<I> {}

impl<I: Iterator> Stream for Items<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

type Row = Vec<u8>;
type Prepare<Item> = dyn Fn(Item) -> Result<Row> + Send + Sync;
type MakeOp<R> = dyn Fn(&[Row]) -> Result<Op<RowResults<R>>> + Send + Sync;

/// The results of a stream's items, which are worked on in chunks. Made by
/// [`RecordStream`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Chunked<S: Stream, R> {
    work: Chunks<S::Item, R>,
    items: Ordered<S, Row, R>,
}

struct Chunks<Item, R> {
    sender: Arc<Sender<R>>,
    prepare: Box<Prepare<Item>>,
    chunk: usize,
    in_flight: usize,
    parent: Option<String>,
}

/// How a chunk is sent.
struct Sender<R> {
    client: Salesforce,
    op: Arc<MakeOp<R>>,
    lock_retries: u32,
    backoff: Backoff,
    settings: Settings,
}

// Not derived, since that would ask it of `R`.
impl<R> Clone for Sender<R> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            op: Arc::clone(&self.op),
            lock_retries: self.lock_retries,
            backoff: self.backoff,
            settings: self.settings.clone(),
        }
    }
}

impl<S: Stream, R: Send + 'static> Chunked<S, R> {
    fn new(
        client: &Salesforce,
        input: S,
        prepare: impl Fn(S::Item) -> Result<Row> + Send + Sync + 'static,
        op: impl Fn(&[Row]) -> Result<Op<RowResults<R>>> + Send + Sync + 'static,
    ) -> Self {
        let sender = Sender {
            client: client.clone(),
            op: Arc::new(op),
            lock_retries: LOCK_RETRIES,
            backoff: Backoff::default(),
            settings: Settings::default(),
        };
        Self {
            work: Chunks {
                sender: Arc::new(sender),
                prepare: Box::new(prepare),
                chunk: limits::RECORDS,
                in_flight: IN_FLIGHT,
                parent: None,
            },
            items: Ordered::new(input),
        }
    }

    /// How many requests are under way at once. Default 8; the client's own limit
    /// stands beside it.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.work.in_flight = requests.max(1);
        self
    }

    /// How many records a request has. Default, and most, is 200, and 2,000 for
    /// [`retrieve_all`](RecordStream::retrieve_all). Fewer make for shorter
    /// transactions.
    pub fn chunk(mut self, records: usize) -> Self {
        self.work.chunk = records.max(1);
        self
    }

    /// How often a record that failed because another transaction held a lock is
    /// sent again. Default 5. It is sent without those that succeeded.
    pub fn lock_retries(mut self, retries: u32) -> Self {
        self.sender().lock_retries = retries;
        self
    }

    /// How long to wait before locked records are sent again.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.sender().backoff = backoff;
        self
    }

    /// Keeps records with the same value in `field` together, so that requests
    /// that run at once do not wait for locks on the same parent. For contacts,
    /// `"AccountId"` is such a field.
    ///
    /// Records are sorted as far as they are read ahead, a request's worth for each
    /// one in flight, and such a part is finished before the next begins. Results
    /// keep the order of the input.
    pub fn sort_by_parent(mut self, field: impl Into<String>) -> Self {
        self.work.parent = Some(field.into());
        self
    }

    /// How long one attempt of a request may take, instead of the client's
    /// setting.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.sender().settings.timeout = Some(timeout);
        self
    }

    /// When to repeat a request as a whole, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.sender().settings.retry = Some(policy);
        self
    }

    /// Each request may take twenty seconds or more, and so is one of those of which an
    /// org has only so many at once: a [`Governor`](crate::governor::Governor) counts it.
    pub fn long(mut self) -> Self {
        self.sender().settings.long = true;
        self
    }

    /// Adds a header to each request, or replaces one.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = (name.to_owned(), value.to_owned());
        self.sender().settings.headers.push(header);
        self
    }

    fn sender(&mut self) -> &mut Sender<R> {
        Arc::make_mut(&mut self.work.sender)
    }

    /// The next result, without the help of a stream library.
    pub async fn next(&mut self) -> Option<Result<R>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

// The input is boxed, and nothing else is pinned.
impl<S: Stream, R> Unpin for Chunked<S, R> {}

impl<S: Stream, R: Send + 'static> Stream for Chunked<S, R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.items.poll_next(&this.work, cx)
    }
}

impl<Item, R: Send + 'static> Work<Item> for Chunks<Item, R> {
    type Row = Row;
    type Output = R;

    fn prepare(&self, item: Item) -> Result<Row> {
        (self.prepare)(item)
    }

    fn weight(&self, row: &Row) -> usize {
        row.len()
    }

    fn window(&self) -> usize {
        match self.parent {
            Some(_) => self.chunk.saturating_mul(self.in_flight),
            None => self.chunk,
        }
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn window_by_window(&self) -> bool {
        self.parent.is_some()
    }

    fn lanes(&self, rows: Placed<Row>) -> Vec<Lane<R>> {
        let lanes = match &self.parent {
            None => vec![vec![rows]],
            Some(field) => by_parent(rows, field, self.chunk, self.in_flight),
        };
        let lane = |chunks: Vec<Placed<Row>>| -> Lane<R> {
            let sender = Arc::clone(&self.sender);
            Box::pin(async move {
                let mut done = Vec::new();
                for rows in chunks {
                    done.extend(sender.send(rows).await);
                }
                done
            })
        };
        lanes.into_iter().map(lane).collect()
    }
}

/// Chunks in lanes, such that rows of one parent are never in two lanes.
fn by_parent(rows: Placed<Row>, field: &str, chunk: usize, lanes: usize) -> Vec<Vec<Placed<Row>>> {
    let mut groups: BTreeMap<String, Placed<Row>> = BTreeMap::new();
    let mut free = Vec::new();
    for (place, row) in rows {
        match parent_of(&row, field) {
            Some(parent) => groups.entry(parent).or_default().push((place, row)),
            None => free.push((place, row)),
        }
    }
    // Whole groups are put together as long as they fit.
    let mut filled: Vec<Placed<Row>> = Vec::new();
    for group in groups.into_values() {
        match filled.last_mut() {
            Some(last) if last.len() + group.len() <= chunk => last.extend(group),
            _ => filled.push(group),
        }
    }
    // Those without a parent are in nobody's way.
    while !free.is_empty() {
        let rest = free.split_off(chunk.min(free.len()));
        filled.push(std::mem::replace(&mut free, rest));
    }
    let mut out: Vec<Vec<Placed<Row>>> = Vec::new();
    for (number, mut rows) in filled.into_iter().enumerate() {
        if number < lanes {
            out.push(Vec::new());
        }
        let lane = &mut out[number % lanes];
        while rows.len() > chunk {
            let rest = rows.split_off(chunk);
            lane.push(std::mem::replace(&mut rows, rest));
        }
        lane.push(rows);
    }
    out
}

fn parent_of(row: &[u8], field: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(row).ok()?;
    let (_, parent) = members
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(field))?;
    (parent.get() != "null").then(|| parent.get().to_owned())
}

impl<R: Send + 'static> Sender<R> {
    /// The results of a chunk, in which rows that failed on a lock are sent again
    /// by themselves.
    async fn send(&self, rows: Placed<Row>) -> Placed<Result<R>> {
        let (mut places, mut rows): (Vec<u64>, Vec<Row>) = rows.into_iter().unzip();
        let mut done = Vec::with_capacity(rows.len());
        let mut retry = 0;
        loop {
            let results = match self.request(&rows).await {
                Ok(results) => results.into_vec(),
                Err(error) => places.iter().map(|_| Err(error.clone())).collect(),
            };
            let again = |result: &Result<R>| {
                retry < self.lock_retries && result.as_ref().is_err_and(is_locked)
            };
            let mut locked = (Vec::new(), Vec::new());
            for ((place, row), result) in places.into_iter().zip(rows).zip(results) {
                if again(&result) {
                    locked.0.push(place);
                    locked.1.push(row);
                } else {
                    done.push((place, result));
                }
            }
            if locked.0.is_empty() {
                return done;
            }
            (places, rows) = locked;
            retry += 1;
            tokio::time::sleep(self.backoff.delay(retry, self.client.random())).await;
        }
    }

    async fn request(&self, rows: &[Row]) -> Result<RowResults<R>> {
        collections::since(self.client.api_version())?;
        self.settings.send(&self.client, (self.op)(rows)).await
    }
}

/// A lock on the row itself: a request that failed as a whole has been repeated
/// already.
fn is_locked(error: &Error) -> bool {
    error.status().is_none() && error.is_row_lock()
}

impl<S: Stream, R> fmt::Debug for Chunked<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunked")
            .field("chunk", &self.work.chunk)
            .field("in_flight", &self.work.in_flight)
            .field("parent", &self.work.parent)
            .finish_non_exhaustive()
    }
}
