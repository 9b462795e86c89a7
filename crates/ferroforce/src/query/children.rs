use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::TryStreamExt;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};

use super::{Rows, next_rows};
use crate::client::Salesforce;
use crate::error::Result;

/// The rows of a child subquery: those that came with their parent, and a way to
/// the rest. Salesforce sends null where there are none, and only the first page
/// where there are many.
///
/// Children can have children: where `T` has a `Children` of its own, these page on
/// in the same way.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::query::Children;
/// use futures_util::TryStreamExt;
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Account {
///     name: String,
///     contacts: Children<Contact>,
/// }
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Contact {
///     last_name: String,
/// }
///
/// let mut accounts = salesforce
///     .query("SELECT Name, (SELECT LastName FROM Contacts) FROM Account")
///     .rows::<Account>();
/// while let Some(account) = accounts.try_next().await? {
///     let mut contacts = account.contacts.rows(&salesforce);
///     while let Some(contact) = contacts.next().await {
///         println!("{}: {}", account.name, contact?.last_name);
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Of a [`Record`](crate::Record) they are a value like any other:
/// `record.get::<Children<Record>>("Contacts")`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Children<T> {
    total_size: u64,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_records_url: Option<String>,
    records: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
struct Wire<T> {
    #[serde(default)]
    total_size: u64,
    done: bool,
    #[serde(default)]
    next_records_url: Option<String>,
    records: Vec<T>,
}

impl<T> Default for Children<T> {
    fn default() -> Self {
        Self {
            total_size: 0,
            done: true,
            next_records_url: None,
            records: Vec::new(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Children<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(wire) = Option::<Wire<T>>::deserialize(deserializer)? else {
            return Ok(Self::default());
        };
        if !wire.done && wire.next_records_url.is_none() {
            return Err(serde::de::Error::custom(
                "more children follow and it is not said where: they would be lost",
            ));
        }
        Ok(Self {
            total_size: wire.total_size,
            next_records_url: wire.next_records_url.filter(|_| !wire.done),
            done: wire.done,
            records: wire.records,
        })
    }
}

impl<T> Children<T> {
    /// How many there are in all.
    pub fn total_size(&self) -> u64 {
        self.total_size
    }

    /// Whether all of them are at hand.
    pub fn is_complete(&self) -> bool {
        self.done
    }

    /// Those that came with their parent.
    pub fn at_hand(&self) -> &[T] {
        &self.records
    }

    /// Those that came with their parent.
    pub fn into_at_hand(self) -> Vec<T> {
        self.records
    }
}

impl<T: DeserializeOwned> Children<T> {
    /// All of them as a stream: those at hand, then page after page of the rest,
    /// as [`Query::rows`](super::Query::rows) gives them.
    pub fn rows(self, salesforce: &Salesforce) -> ChildRows<T> {
        ChildRows {
            at_hand: self.records.into_iter(),
            rest: self
                .next_records_url
                .map(|url| next_rows(salesforce.clone(), &url)),
        }
    }

    /// All of them at once, in memory.
    ///
    /// # Errors
    /// As [`Query::fetch_all`](super::Query::fetch_all).
    pub async fn fetch_all(self, salesforce: &Salesforce) -> Result<Vec<T>> {
        self.rows(salesforce).try_collect().await
    }
}

/// The rows of a child subquery as a stream; made by [`Children::rows`].
#[must_use = "a stream does nothing until it is polled"]
pub struct ChildRows<T> {
    at_hand: std::vec::IntoIter<T>,
    rest: Option<Rows<T>>,
}

// The rows are values that are handed out, and never pinned.
impl<T> Unpin for ChildRows<T> {}

impl<T: DeserializeOwned> ChildRows<T> {
    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// As [`Query::rows`](super::Query::rows) says.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T: DeserializeOwned> Stream for ChildRows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let Some(row) = self.at_hand.next() {
            return Poll::Ready(Some(Ok(row)));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_next(cx),
            None => Poll::Ready(None),
        }
    }
}

impl<T> fmt::Debug for ChildRows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildRows")
            .field("at_hand", &self.at_hand.len())
            .finish_non_exhaustive()
    }
}
