//! Requests that depend on whether something changed.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::SystemTime;

use http::header::{
    ETAG, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};
use http::{HeaderMap, Method, StatusCode};

use super::Call;
use crate::error::{Error, Result};
use crate::op::Response;

/// What was asked for, unless it is still as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conditional<T> {
    /// It is new, or changed.
    Modified(Versioned<T>),
    /// It did not change (HTTP 304). What was read before still holds.
    NotModified,
}

impl<T> Conditional<T> {
    /// The value, where it is new or changed.
    pub fn modified(self) -> Option<T> {
        match self {
            Self::Modified(versioned) => Some(versioned.value),
            Self::NotModified => None,
        }
    }

    /// Whether what was read before still holds.
    pub fn is_not_modified(&self) -> bool {
        matches!(self, Self::NotModified)
    }
}

/// A value, and what tells its state from later ones.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// What to ask with for a newer one.
    pub validators: Validators,
}

/// What tells a state from later ones: for [`Call::if_changed`]. The default
/// knows no state, so that everything is new to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validators {
    /// The `ETag` header as it came, in its quotes.
    pub etag: Option<String>,
    /// The `Last-Modified` header, which counts in seconds.
    pub last_modified: Option<SystemTime>,
}

impl Validators {
    /// What the headers of an answer say.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            etag: text(ETAG).map(str::to_owned),
            last_modified: text(LAST_MODIFIED)
                .and_then(|date| httpdate::parse_http_date(date).ok()),
        }
    }
}

/// Salesforce's and HTTP's conditions, which most requests that read or update one
/// thing can have.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_conditionalrequest.htm>
impl<R> Call<R> {
    /// Reads only if it changed after `time`, to the second.
    pub fn if_modified_since(self, time: SystemTime) -> ConditionalCall<R> {
        self.reading([(IF_MODIFIED_SINCE, date(time))])
    }

    /// Reads only if its state is another than that of `etag`, written as it came.
    /// Salesforce gives ETags to rows of Account alone.
    pub fn if_none_match(self, etag: &str) -> ConditionalCall<R> {
        self.reading([(IF_NONE_MATCH, tag(etag))])
    }

    /// Reads only if it is in another state than the one that was read before. All
    /// that is known of that one is sent: an ETag is exact, and counts more than the
    /// date; the date, which counts in seconds, counts where Salesforce looks at no
    /// ETag.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::client::{Conditional, Validators};
    ///
    /// let mut known = Validators::default();
    /// if let Conditional::Modified(described) =
    ///     salesforce.sobject("Contact").describe().if_changed(&known).await?
    /// {
    ///     println!("{} fields", described.value.fields.len());
    ///     known = described.validators;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn if_changed(self, known: &Validators) -> ConditionalCall<R> {
        let etag = known.etag.as_deref();
        let etag = etag.map(|etag| (IF_NONE_MATCH, tag(etag)));
        let date = known
            .last_modified
            .map(|time| (IF_MODIFIED_SINCE, date(time)));
        self.reading(etag.into_iter().chain(date))
    }

    /// Writes only if it did not change after `time`, to the second. Otherwise the
    /// call ends with
    /// [`ErrorKind::PreconditionFailed`](crate::ErrorKind::PreconditionFailed).
    ///
    /// When such a call had to be repeated, the first attempt may have made the
    /// change that the second one met:
    /// [`Error::may_have_been_processed`](crate::Error::may_have_been_processed)
    /// tells.
    pub fn if_unmodified_since(mut self, time: SystemTime) -> Self {
        self.put(date(time).map(|value| (IF_UNMODIFIED_SINCE, value)));
        self
    }

    /// Writes only if its state is that of `etag`, written as it came, as
    /// [`if_unmodified_since`](Self::if_unmodified_since). Salesforce gives ETags to
    /// rows of Account alone, and takes none for a delete, which is refused here.
    pub fn if_match(mut self, etag: &str) -> Self {
        let deletes = |op: &crate::Op<R>| *op.method() == Method::DELETE;
        let header = if self.op.as_ref().is_ok_and(deletes) {
            Err(Error::invalid_input(
                "a delete cannot depend on an ETag, since Salesforce would not look at it",
            ))
        } else {
            tag(etag).map(|value| (IF_MATCH, value))
        };
        self.put(header);
        self
    }

    fn reading(
        mut self,
        conditions: impl IntoIterator<Item = (HeaderName, Result<HeaderValue>)>,
    ) -> ConditionalCall<R> {
        let reads = |op: &crate::Op<R>| [Method::GET, Method::HEAD].contains(op.method());
        if self.op.as_ref().is_ok_and(|op| !reads(op)) {
            self.put(Err(Error::invalid_input(
                "this condition is one for reading; a write takes if_unmodified_since or if_match",
            )));
        }
        for (name, value) in conditions {
            self.put(value.map(|value| (name, value)));
        }
        ConditionalCall(self)
    }
}

fn date(time: SystemTime) -> Result<HeaderValue> {
    // The formatter panics outside of these years.
    let years = 0..253_402_300_800;
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map(|since| since.as_secs());
    if !seconds.is_ok_and(|seconds| years.contains(&seconds)) {
        return Err(Error::invalid_input(
            "the time of a condition must lie in the years 1970 to 9999",
        ));
    }
    HeaderValue::try_from(httpdate::fmt_http_date(time))
        .map_err(|error| Error::invalid_input("the time makes no header").with_source(error))
}

fn tag(etag: &str) -> Result<HeaderValue> {
    if etag.trim().is_empty() {
        return Err(Error::invalid_input("the ETag is empty"));
    }
    HeaderValue::try_from(etag)
        .map_err(|error| Error::invalid_input("the ETag makes no header").with_source(error))
}

/// A [`Call`] that reads only what changed: `.await` gives a [`Conditional`]. Made
/// by [`Call::if_modified_since`], [`Call::if_none_match`] and
/// [`Call::if_changed`]; other options of the call are set before.
#[must_use = "a call does nothing until it is awaited"]
pub struct ConditionalCall<R>(Call<R>);

const NOT_MODIFIED: &[StatusCode] = &[StatusCode::NOT_MODIFIED];

impl<R: Send + 'static> IntoFuture for ConditionalCall<R> {
    type Output = Result<Conditional<R>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let ready = self.0.outgoing();
        Box::pin(async move {
            let (client, outgoing, decode) = ready?;
            let outgoing = outgoing.accepting(NOT_MODIFIED);
            let read = move |response: &Response| {
                if response.status() == StatusCode::NOT_MODIFIED {
                    return Ok(Conditional::NotModified);
                }
                Ok(Conditional::Modified(Versioned {
                    value: decode.read(response)?,
                    validators: Validators::from_headers(response.headers()),
                }))
            };
            client.send(&outgoing, read).await
        })
    }
}

impl<R> fmt::Debug for ConditionalCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConditionalCall").field(&self.0).finish()
    }
}
