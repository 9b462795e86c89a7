//! All pages of a job, brought together: started, read at once or one after the other,
//! put in order, counted.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::super::{JobInfo, Poll as JobPoll};
use super::job::wait;
use super::kinds::kinds;
use super::ops::{PAGES_SINCE, PageAt};
use super::page::{self, BATCHES, Next, Pages, Sink};
use super::text::{Header, Piece, Rows, Written};
use super::upcoming::{Begin, Upcoming};
use super::{BulkQuery, Paging, QueryHandle, ResultCursor};
use crate::bulk::csv::read::{Columns, Dialect, Kind};
use crate::client::{ApiVersion, Salesforce};
use crate::error::{Error, ErrorKind, Result};

/// How many items wait between the pages and the reader.
const ITEMS: usize = 2;

/// What is to be done.
pub(super) struct Plan {
    pub(super) client: Salesforce,
    pub(super) start: Start,
    pub(super) poll: JobPoll,
    pub(super) paging: Paging,
    pub(super) from: Option<ResultCursor>,
}

pub(super) enum Start {
    Query(Box<BulkQuery>),
    Job(QueryHandle),
}

impl Start {
    fn is_json(&self) -> bool {
        match self {
            Self::Query(query) => query.json,
            Self::Job(handle) => matches!(handle.written(), Written::Json),
        }
    }
}

/// What is told to whoever wants CSV of a job of JSON.
pub(super) fn no_csv() -> Error {
    Error::invalid_input("the results of this query are JSON: read them as rows or records")
}

/// What comes, in this order.
pub(super) enum Item {
    Job(QueryHandle),
    Header(Described),
    Rows {
        page: Arc<PageAt>,
        /// The place of the first of these rows in the page.
        index: u64,
        rows: Rows,
    },
    /// All rows of the pages before this one have come.
    Page(Arc<PageAt>),
}

/// The header, and the kinds of the columns where they were asked for.
pub(super) struct Described {
    pub(super) columns: Arc<Columns>,
    pub(super) text: bytes::Bytes,
    pub(super) dialect: Dialect,
    pub(super) kinds: Vec<Kind>,
    pub(super) object: String,
    pub(super) version: ApiVersion,
}

/// A download, from the first time that it is asked for something.
pub(super) struct Download {
    state: State,
    ordered: bool,
    handle: Option<QueryHandle>,
    page_rows: u32,
    listed: bool,
    page: Option<Arc<PageAt>>,
    /// The next row of the page, and of all.
    index: u64,
    number: u64,
}

enum State {
    Waiting(Box<Plan>, Wanted),
    Running(Running),
    Ended,
}

/// What is made of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Rows,
    /// For which the kinds of the columns of CSV are needed.
    Records,
    /// CSV as it is written.
    Text,
}

struct Running {
    items: mpsc::Receiver<Result<Item>>,
    _task: Owned<()>,
}

/// A task that ends with its owner.
struct Owned<T>(JoinHandle<T>);

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Download {
    pub(super) fn new(plan: Plan, wanted: Wanted) -> Self {
        let from = plan.from.as_ref();
        let handle = match &plan.start {
            Start::Query(_) => None,
            Start::Job(handle) => Some(handle.clone()),
        };
        let page = from.map(|from| match &from.page {
            Some(url) if from.listed => PageAt::Url(url.clone()),
            locator => PageAt::Locator(locator.clone()),
        });
        Self {
            ordered: plan.paging.ordered || from.is_some(),
            page_rows: from.map_or(plan.paging.page_rows, |from| from.page_rows),
            listed: from.map_or(plan.paging.listed, |from| from.listed),
            page: page.map(Arc::new),
            index: from.map_or(0, |from| from.index),
            number: from.map_or(0, |from| from.number),
            handle,
            state: State::Waiting(Box::new(plan), wanted),
        }
    }

    pub(super) fn handle(&self) -> Option<&QueryHandle> {
        self.handle.as_ref()
    }

    /// How many rows were given.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// So many rows were given.
    pub(super) fn advance(&mut self, rows: u64) {
        self.index += rows;
        self.number += rows;
    }

    pub(super) fn cursor(&self) -> Option<ResultCursor> {
        if !self.ordered {
            return None;
        }
        let (page, listed) = match self.page.as_deref() {
            None => (None, self.listed),
            Some(PageAt::Locator(locator)) => (locator.clone(), false),
            Some(PageAt::Url(url)) => (Some(url.clone()), true),
        };
        Some(ResultCursor {
            job: self.handle.clone()?,
            page,
            page_rows: self.page_rows,
            listed,
            index: self.index,
            number: self.number,
        })
    }

    pub(super) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        loop {
            match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Waiting(..) => {
                    if let State::Waiting(plan, wanted) =
                        std::mem::replace(&mut self.state, State::Ended)
                    {
                        self.state = State::Running(begin(*plan, wanted));
                    }
                }
                State::Running(running) => {
                    let item = ready!(running.items.poll_recv(cx)).transpose();
                    match &item {
                        Ok(Some(Item::Job(handle))) => self.handle = Some(handle.clone()),
                        Ok(Some(Item::Rows { page, index, .. })) => {
                            self.page = Some(Arc::clone(page));
                            self.index = *index;
                        }
                        Ok(Some(Item::Page(page))) => {
                            self.page = Some(Arc::clone(page));
                            self.index = 0;
                        }
                        Ok(Some(Item::Header(_))) => {}
                        Ok(None) | Err(_) => self.state = State::Ended,
                    }
                    return Poll::Ready(item.transpose());
                }
            }
        }
    }
}

fn begin(plan: Plan, wanted: Wanted) -> Running {
    let (sender, items) = mpsc::channel(ITEMS);
    let work = async move {
        if let Err(error) = run(plan, wanted, &sender).await {
            // Nobody may be left to be told.
            let _ = sender.send(Err(error)).await;
        }
    };
    Running {
        items,
        _task: Owned(tokio::spawn(work.in_current_span())),
    }
}

type Items = mpsc::Sender<Result<Item>>;

async fn run(plan: Plan, wanted: Wanted, items: &Items) -> Result<()> {
    let Plan {
        client,
        start,
        poll,
        mut paging,
        from,
    } = plan;
    if wanted == Wanted::Text && start.is_json() {
        return Err(no_csv());
    }
    let handle = match start {
        Start::Job(handle) => handle,
        Start::Query(query) => query.start().await?.handle().clone(),
    };
    give(items, Item::Job(handle.clone())).await?;
    let complete = wait(&client, &handle, &poll).await?;
    let version = handle.version()?;
    if let Some(from) = &from {
        paging.page_rows = from.page_rows;
        paging.listed = from.listed;
        paging.ordered = true;
    }
    let listed = paging.listed && version.number() >= PAGES_SINCE;
    let pages = Arc::new(Pages {
        client,
        job: handle.id(),
        version,
        written: handle.written(),
        paging,
        counted: !handle.is_classic(),
        spare: Arc::default(),
    });
    let page = from.as_ref().and_then(|from| from.page.clone());
    let upcoming = match complete.pages {
        Some(known) => Upcoming::known(&pages, known, page.as_deref())?,
        None if listed => Upcoming::listed(&pages, page),
        None => Upcoming::by_locator(page),
    };
    let mut work = Work {
        columns: None,
        wanted,
        upcoming,
        running: VecDeque::new(),
        left_out: from.as_ref().map_or(0, |from| from.index),
        total: from
            .as_ref()
            .map_or(0, |from| from.number - from.index.min(from.number)),
        info: complete.info,
        pages,
    };
    work.forward(items)
        .await
        .map_err(|error| error.with_job(handle.id()))
}

async fn give(items: &Items, item: Item) -> Result<()> {
    items
        .send(Ok(item))
        .await
        .map_err(|_| Error::new(ErrorKind::Interrupted, "nobody waits for the rows any more"))
}

/// A page under way.
struct RunningPage {
    at: Arc<PageAt>,
    pieces: mpsc::Receiver<Piece>,
    task: Owned<Result<u64>>,
    /// How many of its rows went by.
    passed: u64,
}

struct Work {
    pages: Arc<Pages>,
    info: JobInfo,
    wanted: Wanted,
    upcoming: Upcoming,
    running: VecDeque<RunningPage>,
    columns: Option<Arc<Columns>>,
    /// How many rows are still to be left out in front.
    left_out: u64,
    /// How many rows the pages had that have ended.
    total: u64,
}

enum Event {
    Page(Result<Begin>),
    Piece(usize, Piece),
    PageEnd(usize),
    End,
}

impl Work {
    async fn forward(&mut self, items: &Items) -> Result<()> {
        loop {
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Page(page) => {
                    let (at, next) = page?;
                    self.start(at, next);
                }
                Event::Piece(index, Piece::Header(header)) => {
                    self.begin(index, items).await?;
                    self.header(header, items).await?;
                }
                Event::Piece(index, Piece::Rows(rows)) => self.rows(index, rows, items).await?,
                Event::PageEnd(index) => {
                    if let Some(mut page) = self.running.remove(index) {
                        let rows = (&mut page.task.0).await.unwrap_or_else(lost)?;
                        tracing::trace!(rows, "page of results read");
                        self.total += rows;
                    }
                }
                Event::End => return self.check_total(),
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let paging = &self.pages.paging;
        if self.running.len() < paging.at_once
            && let Poll::Ready(Some(page)) = self.upcoming.poll_next(cx)
        {
            return Poll::Ready(Event::Page(page));
        }
        if self.running.is_empty() && self.upcoming.has_ended() {
            return Poll::Ready(Event::End);
        }
        let readable = if paging.ordered { 1 } else { paging.at_once };
        for (index, page) in self.running.iter_mut().enumerate().take(readable) {
            match page.pieces.poll_recv(cx) {
                Poll::Ready(Some(piece)) => return Poll::Ready(Event::Piece(index, piece)),
                Poll::Ready(None) => return Poll::Ready(Event::PageEnd(index)),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }

    fn start(&mut self, at: PageAt, next: Option<oneshot::Sender<Next>>) {
        let (sender, pieces) = mpsc::channel(BATCHES);
        let sink = Sink {
            next,
            pieces: sender,
        };
        let read = page::read(Arc::clone(&self.pages), at.clone(), sink);
        self.running.push_back(RunningPage {
            at: Arc::new(at),
            pieces,
            task: Owned(tokio::spawn(read.in_current_span())),
            passed: 0,
        });
    }

    /// Of pages in their order, the rows before one are there when it begins, but
    /// where some of its own were read before.
    async fn begin(&mut self, index: usize, items: &Items) -> Result<()> {
        match self.running.get(index) {
            Some(page) if self.pages.paging.ordered && self.left_out == 0 => {
                give(items, Item::Page(Arc::clone(&page.at))).await
            }
            _ => Ok(()),
        }
    }

    /// The first header goes on; the others must say the same.
    async fn header(&mut self, header: Header, items: &Items) -> Result<()> {
        // JSON has none.
        let Written::Csv(dialect) = self.pages.written else {
            return Ok(());
        };
        if let Some(known) = &self.columns {
            if *known == header.columns {
                return Ok(());
            }
            return Err(Error::decode(
                "the pages of the results have different columns",
            ));
        }
        let columns = header.columns;
        self.columns = Some(Arc::clone(&columns));
        let object = self.info.object.clone().unwrap_or_default();
        let kinds = match self.wanted {
            Wanted::Records => kinds(&self.pages.client, &object, &columns).await?,
            Wanted::Rows | Wanted::Text => Vec::new(),
        };
        let described = Described {
            columns,
            text: header.text,
            dialect,
            kinds,
            object,
            version: self.pages.version,
        };
        give(items, Item::Header(described)).await
    }

    async fn rows(&mut self, index: usize, mut rows: Rows, items: &Items) -> Result<()> {
        let Some(page) = self.running.get_mut(index) else {
            return Ok(());
        };
        let count = as_u64(rows.len());
        let skipped = self.left_out.min(count);
        rows.leave_out(skipped);
        self.left_out -= skipped;
        let first = page.passed + skipped;
        page.passed += count;
        if rows.len() == 0 {
            return Ok(());
        }
        let item = Item::Rows {
            page: Arc::clone(&page.at),
            index: first,
            rows,
        };
        give(items, item).await
    }

    /// Whether as many rows came as the job says.
    fn check_total(&self) -> Result<()> {
        if self.left_out > 0 {
            return Err(Error::new(
                ErrorKind::StaleCursor,
                "the results have fewer rows than were read before",
            ));
        }
        match self.info.number_records_processed {
            Some(stated) if stated != self.total => Err(Error::new(
                ErrorKind::Incomplete,
                format!(
                    "the pages of the results have {} rows, and the job says {stated}",
                    self.total
                ),
            )),
            None if self.upcoming.is_untold() => Err(Error::new(
                ErrorKind::Incomplete,
                "the last page does not tell whether another follows, and the job does not tell \
                 how many rows there are",
            )),
            _ => Ok(()),
        }
    }
}

fn lost(error: tokio::task::JoinError) -> Result<u64> {
    let what = if error.is_panic() {
        "the task that was reading a page panicked"
    } else {
        "the runtime dropped the task that was reading a page"
    };
    Err(Error::new(ErrorKind::Interrupted, what).with_source(error))
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
