use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use futures_util::StreamExt;

use super::feed::TryStreamed;
use super::loaded::Loaded;
use super::loading::Loading;
use super::settings::Settings;
use super::{Input, Load};
use crate::bulk::job::ops::ResultKind;
use crate::bulk::results::{Place, echoes};
use crate::client::Salesforce;
use crate::error::{ErrorCode, Result};

/// Rows of a load that are sent once more, as a load of its own. Made by
/// [`Loaded::retry`]; `.await` sends them and waits.
///
/// A row that failed wrote nothing, so it may be sent again whatever it does. The rows
/// are as they were, with the same settings.
#[must_use = "nothing is sent until it is awaited"]
pub struct RetryRows {
    client: Salesforce,
    settings: Settings,
    failed: Place,
    unprocessed: Place,
    codes: Vec<ErrorCode>,
    with_unprocessed: bool,
}

impl RetryRows {
    pub(super) fn new(loaded: &Loaded) -> Self {
        let mut settings = Settings::clone(loaded.settings());
        // Its journal is that of another source.
        settings.journal = None;
        settings.columns = None;
        Self {
            client: loaded.client().clone(),
            settings,
            failed: loaded.place(ResultKind::Failed),
            unprocessed: loaded.place(ResultKind::Unprocessed),
            codes: vec![ErrorCode::UnableToLockRow],
            with_unprocessed: false,
        }
    }

    /// The errors of the rows that are sent again. Default `UNABLE_TO_LOCK_ROW`.
    pub fn codes(mut self, codes: impl IntoIterator<Item = impl Into<ErrorCode>>) -> Self {
        self.codes = codes.into_iter().map(Into::into).collect();
        self
    }

    /// Whether rows that nobody looked at are sent too. Default false.
    pub fn unprocessed(mut self, too: bool) -> Self {
        self.with_unprocessed = too;
        self
    }

    /// How many jobs are under way at once. One after the other they do not lock each
    /// other out. Default as the load.
    pub fn jobs_at_once(mut self, jobs: usize) -> Self {
        self.settings.jobs_at_once = jobs.max(1);
        self
    }

    /// Begins, and gives what there is to wait for.
    pub fn start(self) -> Loading {
        let Self {
            client,
            settings,
            failed,
            unprocessed,
            codes,
            with_unprocessed,
        } = self;
        let failed = echoes(failed, ResultKind::Failed).filter_map(move |echo| {
            let row = match echo {
                Ok(echo) => {
                    let error = echo.error.as_ref();
                    let wanted = error.is_some_and(|error| codes.contains(error.code()));
                    wanted.then_some(Ok(echo.row))
                }
                Err(error) => Some(Err(error)),
            };
            std::future::ready(row)
        });
        let mut others = unprocessed;
        if !with_unprocessed {
            others.jobs.clear();
        }
        let others = echoes(others, ResultKind::Unprocessed).map(|echo| Ok(echo?.row));
        let rows = failed.chain(others);
        let input = Input::Rows(Box::new(TryStreamed(Box::pin(rows))));
        Loading::start(Load::new(client, settings, input))
    }
}

impl IntoFuture for RetryRows {
    type Output = Result<Loaded>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.start().wait().await })
    }
}

impl fmt::Debug for RetryRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryRows")
            .field("codes", &self.codes)
            .field("unprocessed", &self.with_unprocessed)
            .finish_non_exhaustive()
    }
}
