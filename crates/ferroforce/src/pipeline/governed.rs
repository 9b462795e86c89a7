//! The places that a request takes: one of its client's, and one of what all callers of
//! the org have together.

use std::future::Future;
use std::pin::Pin;

use http::StatusCode;
use tokio::sync::SemaphorePermit;

use super::Pipeline;
use super::run::Exchange;
use crate::error::{ApiError, Error, ErrorCode, Result};
use crate::governor::{Answer, Ended, LimitReached, Permit, Share, Wish};
use crate::limits::ApiUsage;
use crate::op::Response;

/// What a request holds while it is under way.
pub(super) struct Places<'a> {
    own: SemaphorePermit<'a>,
    shared: Option<Permit>,
}

impl Pipeline {
    /// The places for a request, and whether it had to wait. Neither is held while the
    /// other is waited for.
    pub(super) async fn places(&self, wish: Wish) -> Result<(Places<'_>, bool)> {
        match &self.governor {
            None => {
                let (own, waited) = self.own_place().await?;
                Ok((Places { own, shared: None }, waited))
            }
            // Apart, so that requests without a governor have no room for this in them.
            Some(share) => Box::pin(self.governed_places(share, wish)).await,
        }
    }

    async fn governed_places(&self, share: &Share, wish: Wish) -> Result<(Places<'_>, bool)> {
        let mut had_to_wait = false;
        loop {
            let (own, waited) = self.own_place().await?;
            had_to_wait |= waited;
            match share.try_admit(wish, &self.hub).await {
                Answer::Granted(permit) => {
                    let shared = Some(permit);
                    return Ok((Places { own, shared }, had_to_wait));
                }
                Answer::Refused(refusal) => return Err(refusal.into()),
                Answer::Wait => drop(own),
            }
            let permit = share.admit(wish, &self.hub).await?;
            if let Ok(own) = self.permits.try_acquire() {
                let shared = Some(permit);
                return Ok((Places { own, shared }, true));
            }
            permit.settle(&Ended::unsent());
            had_to_wait = true;
        }
    }

    async fn own_place(&self) -> Result<(SemaphorePermit<'_>, bool)> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok((permit, false));
        }
        match self.permits.acquire().await {
            Ok(permit) => Ok((permit, true)),
            Err(closed) => Err(Error::invalid_input("the client was closed").with_source(closed)),
        }
    }
}

impl Places<'_> {
    /// Does what the places are for.
    pub(super) async fn during<T: Send>(
        &self,
        work: Pin<&mut (impl Future<Output = T> + Send)>,
    ) -> T {
        match &self.shared {
            Some(permit) => Box::pin(permit.during(work)).await,
            None => work.await,
        }
    }

    /// Nothing was sent.
    pub(super) fn give_back(self) {
        if let Some(permit) = self.shared {
            permit.settle(&Ended::unsent());
        }
    }

    /// What they were for has ended so.
    pub(super) fn settle(self, exchange: &Exchange, usage: fn(&Response) -> Option<ApiUsage>) {
        drop(self.own);
        if let Some(permit) = self.shared {
            permit.settle(&ended(exchange, usage));
        }
    }
}

fn ended(exchange: &Exchange, usage: fn(&Response) -> Option<ApiUsage>) -> Ended {
    match exchange {
        Exchange::Answered(response) => Ended {
            usage: usage(response),
            ..Ended::default()
        },
        Exchange::Refused {
            status,
            headers,
            errors,
            ..
        } => Ended {
            usage: ApiUsage::from_headers(headers),
            limit: limit_reached(*status, errors),
            ..Ended::default()
        },
        Exchange::Failed(error) => Ended {
            never_sent: error.never_sent(),
            ..Ended::default()
        },
    }
}

/// Which of the two limits an answer means that has one code for both.
fn limit_reached(status: StatusCode, errors: &[ApiError]) -> Option<LimitReached> {
    let mut limits = errors
        .iter()
        .filter(|error| *error.code() == ErrorCode::RequestLimitExceeded)
        .peekable();
    if status.is_success() || limits.peek().is_none() {
        return None;
    }
    Some(if limits.all(ApiError::is_concurrency_limit) {
        LimitReached::AtOnce
    } else {
        LimitReached::Daily
    })
}
