//! What can be made to go wrong with bulk jobs.

use serde::{Deserialize, Serialize};

use super::AdminState;
use super::fault::Effect;
use super::rules::Rules;

/// What goes wrong with the work of a bulk job. It is decided when the work begins, and kept with
/// the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trouble {
    /// It never ends.
    Stuck,
    /// It fails after so many records.
    Fails { after: u64, message: String },
    /// The records after so many are not processed, and nothing tells of them.
    OverAllocation { after: u64 },
    /// Cutting a query into ranges of ids fails after so many of them, which run all the same.
    Chunking { after: u64 },
}

impl Effect {
    /// Whether it is about bulk jobs and not about requests.
    pub(super) fn is_about_jobs(&self) -> bool {
        self.trouble().is_some()
    }

    /// The object of the jobs that it is about, if only those, and what it does to them.
    fn trouble(&self) -> Option<(Option<&str>, Trouble)> {
        let (object, trouble) = match self {
            Self::StuckJob { object } => (object, Trouble::Stuck),
            Self::FailedJob {
                object,
                after,
                message,
            } => {
                let (after, message) = (*after, message.clone());
                (object, Trouble::Fails { after, message })
            }
            Self::OverAllocation { object, after } => {
                (object, Trouble::OverAllocation { after: *after })
            }
            Self::FailedChunking { object, after } => (object, Trouble::Chunking { after: *after }),
            _ => return None,
        };
        Some((object.as_deref(), trouble))
    }
}

impl AdminState {
    /// What is to go wrong with the work of a bulk job that begins now. `chunked` tells that it
    /// cuts a query into ranges of ids.
    pub(crate) fn trouble(&self, object: &str, chunked: bool) -> Option<Trouble> {
        self.rules().trouble(object, chunked)
    }
}

impl Rules {
    fn trouble(&mut self, object: &str, chunked: bool) -> Option<Trouble> {
        for rule in self.living() {
            let Some((wanted, trouble)) = rule.fault.effect.trouble() else {
                continue;
            };
            let is_for = wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(object))
                && (chunked || !matches!(trouble, Trouble::Chunking { .. }));
            if is_for && self.strikes(rule.id) {
                return Some(trouble);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Fault;

    #[test]
    fn jobs_have_the_troubles_that_are_meant_for_them() {
        let mut rules = Rules::default();
        rules.add(Fault::stuck_job().object("Contact"));
        rules.add(Fault::over_allocation(5).skip(1));
        rules.add(Fault::failed_chunking(2));
        let troubles = [
            ("Account", false),
            ("contact", false),
            ("Contact", false),
            ("Contact", true),
        ]
        .map(|(object, chunked)| rules.trouble(object, chunked));
        assert_eq!(
            troubles,
            [
                None,
                Some(Trouble::Stuck),
                Some(Trouble::OverAllocation { after: 5 }),
                Some(Trouble::Chunking { after: 2 }),
            ]
        );
    }
}
