//! Subrequests that are run in their order: each by itself, or all or none.

use super::outcome::Outcome;
use super::reference::Answers;
use super::subrequest::{Allowed, Subrequest};
use crate::error::ApiError;
use crate::rest::{ApiRequest, Context};

/// Runs every subrequest, whatever becomes of the others.
pub(super) fn each(
    context: &Context<'_>,
    request: &ApiRequest,
    subrequests: &[Subrequest<'_>],
    allowed: Allowed,
) -> Vec<Outcome> {
    let mut answers = Answers::new(context.version);
    subrequests
        .iter()
        .map(|subrequest| subrequest.run(context, request, &mut answers, allowed))
        .collect()
}

/// Runs subrequests until one fails, and undoes all in this case. Tells whether none did.
pub(super) fn all_or_none(
    context: &Context<'_>,
    request: &ApiRequest,
    subrequests: &[Subrequest<'_>],
    allowed: Allowed,
) -> Result<(Vec<Outcome>, bool), ApiError> {
    let mut answers = Answers::new(context.version);
    let done = context.all_or_none(|| {
        let mut outcomes = Vec::with_capacity(subrequests.len());
        for subrequest in subrequests {
            let outcome = subrequest.run(context, request, &mut answers, allowed);
            if outcome.failed {
                let at = outcomes.len();
                return Err(Halt::Failed { at, outcome });
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    });
    match done {
        Ok(outcomes) => Ok((outcomes, true)),
        Err(Halt::Failed { at, outcome }) => {
            let mut outcomes = vec![Outcome::rolled_back(); subrequests.len()];
            if let Some(slot) = outcomes.get_mut(at) {
                *slot = outcome;
            }
            Ok((outcomes, false))
        }
        Err(Halt::Store(error)) => Err(error),
    }
}

/// Why nothing was done.
enum Halt {
    /// One subrequest failed.
    Failed {
        at: usize,
        outcome: Outcome,
    },
    Store(ApiError),
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
