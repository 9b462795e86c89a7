use std::fmt;

/// Why a [`Governor`](super::Governor) stopped a call before it was sent. See
/// [`Error::refusal`](crate::Error::refusal).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    share: String,
    reason: Reason,
}

/// What would have been broken. See [`Refusal::reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// So little is left of the org's daily quota that this share leaves it to others.
    #[non_exhaustive]
    OrgFloor {
        /// Calls that are left; 0 when a soft limit is exceeded.
        left: u64,
        /// Calls that this share leaves.
        floor: u64,
    },
    /// The same of the quota that the connected app has of its own.
    #[non_exhaustive]
    AppFloor {
        /// Calls that are left; 0 when a soft limit is exceeded.
        left: u64,
        /// Calls that this share leaves.
        floor: u64,
    },
    /// The share has used up the calls that it was given for a day.
    #[non_exhaustive]
    SpentShare {
        /// Calls of the last 24 hours.
        used: u64,
        /// Calls that it may make in 24 hours.
        budget: u64,
    },
}

impl Reason {
    pub(super) const fn org_floor(left: u64, floor: u64) -> Self {
        Self::OrgFloor { left, floor }
    }

    pub(super) const fn app_floor(left: u64, floor: u64) -> Self {
        Self::AppFloor { left, floor }
    }
}

impl Refusal {
    pub(super) fn new(share: &str, reason: Reason) -> Self {
        Self {
            share: share.to_owned(),
            reason,
        }
    }

    /// The share that the call belonged to.
    pub fn share(&self) -> &str {
        &self.share
    }

    /// What would have been broken.
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = &self.share;
        match self.reason {
            Reason::OrgFloor { left, floor } => write!(
                f,
                "{left} calls are left of the org's daily quota, and the share {share} leaves \
                 {floor} to others"
            ),
            Reason::AppFloor { left, floor } => write!(
                f,
                "{left} calls are left of the app's daily quota, and the share {share} leaves \
                 {floor} to others"
            ),
            Reason::SpentShare { used, budget } => write!(
                f,
                "the share {share} has made {used} calls in 24 hours and was given {budget}"
            ),
        }
    }
}

impl std::error::Error for Refusal {}
