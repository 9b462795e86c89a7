//! One entry for rows of any number, which chooses how they come.

mod choose;
mod rows;

use std::fmt;

use serde::de::DeserializeOwned;

pub use choose::Road;
pub use rows::{ExtractCursor, ExtractedRecords, ExtractedRows};

use super::{Paging, Poll};
use crate::client::Salesforce;
use crate::error::{Error, ErrorCode, Result};
use crate::events::{ChoiceEvent, Event};
use crate::soql::Soql;
use choose::{Choice, by_rows, by_text, undivided};

impl Salesforce {
    /// The rows of a query, be they ten or a hundred million: few come by the REST API,
    /// many by a job of Bulk API 2.0. Which way it is, and why, is told by
    /// [`Event::Choice`], and can be [given](Extract::by).
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    ///
    /// let mut contacts = salesforce
    ///     .extract("SELECT Id, LastName, Account.Name FROM Contact")
    ///     .records();
    /// while let Some(contact) = contacts.next().await {
    ///     println!("{}", contact?.get::<String>("LastName")?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn extract(&self, soql: impl Into<Soql>) -> Extract {
        Extract {
            client: self.clone(),
            soql: soql.into(),
            deleted_too: false,
            by: None,
            estimate: false,
            most: MOST_BY_REST,
            poll: Poll::default(),
            paging: Paging::default(),
            from: None,
        }
    }
}

/// So many rows are five requests of the REST API.
const MOST_BY_REST: u64 = 10_000;

/// A query on its way; made by [`Salesforce::extract`].
///
/// Queries that group, count, skip rows or have subqueries go by REST, since no job can
/// do that, and so do those whose `LIMIT` is low. For others the rows are counted, by a
/// request for their first page. Above 10,000, or what [`rest_up_to`](Self::rest_up_to)
/// says, it is a job.
///
/// Rows are the same either way, with one exception: the REST API writes date/times as
/// `…000+0000` and Bulk API 2.0 as `…000Z`. Both are [`DateTime`](crate::DateTime)s.
#[must_use = "an extract does nothing until its rows are asked for"]
#[derive(Clone)]
pub struct Extract {
    client: Salesforce,
    soql: Soql,
    deleted_too: bool,
    by: Option<Road>,
    estimate: bool,
    most: u64,
    poll: Poll,
    paging: Paging,
    from: Option<ExtractCursor>,
}

impl Extract {
    crate::soql::placeholders!();

    fn edit(mut self, change: impl FnOnce(Soql) -> Soql) -> Self {
        self.soql = change(self.soql);
        self
    }

    /// Also rows that are in the recycle bin or archived (`queryAll`).
    pub fn include_deleted(mut self) -> Self {
        self.deleted_too = true;
        self
    }

    /// Goes this way, and asks for nothing.
    pub fn by(mut self, road: Road) -> Self {
        self.by = Some(road);
        self
    }

    /// Goes by Salesforce's estimate (`explain`) instead of counting: for tables so
    /// large that a count runs out of time. Estimates may be far off.
    pub fn by_estimate(mut self) -> Self {
        self.estimate = true;
        self
    }

    /// Up to how many rows come by REST. Default 10,000.
    pub fn rest_up_to(mut self, rows: u64) -> Self {
        self.most = rows;
        self
    }

    /// How a job is waited for.
    pub fn poll(mut self, poll: Poll) -> Self {
        self.poll = poll;
        self
    }

    /// How the results of a job are fetched.
    pub fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Goes on behind the last row that was read when `cursor` was made, the same way
    /// as then. The query must be the same.
    pub fn resume(mut self, cursor: ExtractCursor) -> Self {
        self.by = Some(cursor.road());
        self.from = Some(cursor);
        self
    }

    /// The rows as a stream of `T`, which may be any type but a
    /// [`Record`](crate::Record): for that there is [`records`](Self::records). See
    /// [`Query::rows`](crate::query::Query::rows) and
    /// [`BulkQuery::rows`](super::BulkQuery::rows).
    pub fn rows<T: DeserializeOwned>(self) -> ExtractedRows<T> {
        ExtractedRows::new(self)
    }

    /// The rows as a stream of [`Record`](crate::Record)s. See
    /// [`Query::records`](crate::query::Query::records) and
    /// [`BulkQuery::records`](super::BulkQuery::records).
    pub fn records(self) -> ExtractedRecords {
        ExtractedRecords::new(self)
    }

    fn query(&self) -> crate::query::Query {
        let query = self.client.query(self.soql.clone());
        if self.deleted_too {
            query.include_deleted()
        } else {
            query
        }
    }

    /// Chooses, and tells of it.
    async fn choose(self) -> Result<Road> {
        let choice = self.chosen().await?;
        let text = self.soql.render()?;
        let remark = match choice.road {
            Road::Bulk => undivided(&text),
            Road::Rest => None,
        };
        tracing::info!(
            road = choice.road.name(),
            reason = choice.reason,
            rows = choice.rows,
            remark,
            "extract has chosen"
        );
        self.client.emit(|| {
            Event::Choice(ChoiceEvent {
                operation: "extract",
                chosen: choice.road.name(),
                why: choice.reason.into(),
                rows: choice.rows,
                remark,
            })
        });
        Ok(choice.road)
    }

    async fn chosen(&self) -> Result<Choice> {
        let of_the_caller = |road| Choice {
            road,
            reason: match self.from {
                Some(_) => "it goes on as it began",
                None => "the caller said so",
            },
            rows: None,
        };
        if let Some(road) = self.by {
            return Ok(of_the_caller(road));
        }
        if let Some(choice) = by_text(&self.soql.render()?, self.most) {
            return Ok(choice);
        }
        let counted = if self.estimate {
            let explained = self.query().explain().await?;
            let best = explained.plans.first().map(|plan| plan.cardinality);
            best.ok_or_else(|| Error::decode("the explanation of the query has no plan"))
        } else {
            // The page is for its count alone.
            self.query().batch_size(200).count().await
        };
        match counted {
            Ok(rows) => Ok(by_rows(rows, self.most, self.estimate)),
            Err(error) if error.code() == Some(&ErrorCode::QueryTimeout) => Ok(Choice {
                road: Road::Bulk,
                reason: "counting its rows ran out of time",
                rows: None,
            }),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query may hold values.
        f.debug_struct("Extract")
            .field("by", &self.by)
            .field("rest_up_to", &self.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
