//! Which page is to be read next: as the page before it tells, or as they are listed.

use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::ops::{self, PageAt, PageList};
use super::page::{Next, Pages};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::BoxFuture;

/// A page to begin with, and where it is to tell the one behind it.
pub(super) type Begin = (PageAt, Option<oneshot::Sender<Next>>);

/// The pages that are not yet under way.
pub(super) enum Upcoming {
    /// This one.
    At(PageAt),
    /// The one that the page under way will tell.
    Told(oneshot::Receiver<Next>),
    Listed {
        pages: Arc<Pages>,
        known: VecDeque<String>,
        more: Option<BoxFuture<'static, Result<PageList>>>,
        /// Where to begin, until it is found.
        from: Option<String>,
    },
    /// None. A page that does not tell whether another follows may not be the last.
    None { untold: bool },
}

impl Upcoming {
    pub(super) fn by_locator(from: Option<String>) -> Self {
        Self::At(PageAt::Locator(from))
    }

    pub(super) fn listed(pages: &Arc<Pages>, from: Option<String>) -> Self {
        let first = pages.client.call(ops::pages(pages.job, pages.version));
        Self::Listed {
            pages: Arc::clone(pages),
            known: VecDeque::new(),
            more: Some(first.into_future()),
            from,
        }
    }

    /// These, from `from` on.
    pub(super) fn known(
        pages: &Arc<Pages>,
        known: Vec<String>,
        from: Option<&str>,
    ) -> Result<Self> {
        let first = match from {
            None => 0,
            Some(from) => known.iter().position(|url| url == from).ok_or_else(moved)?,
        };
        Ok(Self::Listed {
            pages: Arc::clone(pages),
            known: known.into_iter().skip(first).collect(),
            more: None,
            from: None,
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Self::None { .. })
    }

    pub(super) fn is_untold(&self) -> bool {
        matches!(self, Self::None { untold: true })
    }

    /// The next page.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Begin>>> {
        loop {
            match self {
                Self::None { .. } => return Poll::Ready(None),
                Self::At(at) => {
                    let at = at.clone();
                    let (tell, told) = oneshot::channel();
                    *self = Self::Told(told);
                    return Poll::Ready(Some(Ok((at, Some(tell)))));
                }
                Self::Told(told) => {
                    *self = match ready!(Pin::new(told).poll(cx)) {
                        Ok(Next::At(locator)) => Self::At(PageAt::Locator(Some(locator))),
                        Ok(Next::Untold) => Self::None { untold: true },
                        // A page that failed says so itself.
                        Ok(Next::End) | Err(_) => Self::None { untold: false },
                    };
                }
                Self::Listed {
                    pages,
                    known,
                    more,
                    from,
                } => {
                    if let Some(url) = known.pop_front() {
                        return Poll::Ready(Some(Ok((PageAt::Url(url), None))));
                    }
                    let Some(fetch) = more else {
                        let lost = from.is_some();
                        *self = Self::None { untold: false };
                        if lost {
                            return Poll::Ready(Some(Err(moved())));
                        }
                        continue;
                    };
                    let list = ready!(fetch.as_mut().poll(cx));
                    *more = None;
                    let (urls, next) = list?.read(pages.job)?;
                    *more = next.map(|op| pages.client.call(Ok(op)).into_future());
                    *known = urls.into();
                    if let Some(wanted) = from {
                        match known.iter().position(|url| url == wanted) {
                            Some(place) => {
                                known.drain(..place);
                                *from = None;
                            }
                            None => known.clear(),
                        }
                    }
                }
            }
        }
    }
}

fn moved() -> Error {
    Error::new(
        ErrorKind::StaleCursor,
        "the page that the cursor points to is no longer listed",
    )
}
