//! What answering a request takes: the org, its database, who asks, and the moment.

use rusqlite::Connection;

use super::options::Options;
use super::request::ApiRequest;
use super::version::ApiVersion;
use crate::auth::CurrentUser;
use crate::error::ApiError;
use crate::org::Org;
use crate::schema::Schema;

/// Lives on the store's thread for the time of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) org: &'a Org,
    pub(crate) db: &'a Connection,
    pub(crate) user: &'a CurrentUser,
    /// The objects and fields that the user sees; the org's own has all of them.
    pub(crate) schema: &'a Schema,
    pub(crate) version: ApiVersion,
    /// Milliseconds since 1970, in whole seconds as all stamps of records; the same for all that
    /// one request does.
    pub(crate) now: i64,
    /// What the headers of the request ask for.
    pub(crate) options: Options,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        org: &'a Org,
        db: &'a Connection,
        user: &'a CurrentUser,
        version: ApiVersion,
    ) -> Self {
        let now = org.clock.now_millis();
        Self {
            org,
            db,
            user,
            schema: user
                .profile_id
                .and_then(|profile| org.profiles.view(profile))
                .unwrap_or(&org.schema),
            version,
            now: now - now.rem_euclid(1000),
            options: Options::default(),
        }
    }

    /// For work that no request waits for. It leaves no trace among what users used recently.
    pub(crate) fn in_background(
        org: &'a Org,
        db: &'a Connection,
        user: &'a CurrentUser,
        version: ApiVersion,
    ) -> Self {
        let context = Self::new(org, db, user, version);
        let options = Options {
            update_mru: false,
            ..context.options
        };
        Self { options, ..context }
    }

    /// Whether the user may delete records for good.
    pub(crate) fn may_hard_delete(&self) -> bool {
        let profile = self.user.profile_id;
        profile.is_none_or(|profile| self.org.profiles.may_hard_delete(profile))
    }

    /// The same, with what the headers of a request ask for.
    pub(crate) fn for_request(&self, request: &ApiRequest) -> Result<Self, ApiError> {
        Ok(Self {
            options: Options::of(request)?,
            ..*self
        })
    }

    /// The same for the Tooling API, in which everybody sees everything.
    pub(super) fn tooling(&self) -> Self {
        Self {
            schema: &self.org.tooling,
            version: self.version.tooling(),
            ..*self
        }
    }

    /// The objects of the API that was asked, with all their fields.
    pub(crate) fn whole_schema(&self) -> &'a Schema {
        if self.version.is_tooling() {
            &self.org.tooling
        } else {
            &self.org.schema
        }
    }

    /// Does all of something or nothing. Can be nested.
    pub(crate) fn atomically<T>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.all_or_none(work)
    }

    /// The same for work whose failure says more than an error.
    pub(crate) fn all_or_none<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.db.execute_batch("SAVEPOINT step")?;
        let outcome = work();
        if outcome.is_err() {
            self.db.execute_batch("ROLLBACK TO step")?;
        }
        self.db.execute_batch("RELEASE step")?;
        outcome
    }
}
