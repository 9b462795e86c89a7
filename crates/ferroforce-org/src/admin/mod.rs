//! The admin API, the faults that it injects, and the log of requests.

mod body;
mod control;
mod fault;
pub(crate) mod guard;
mod inject;
mod log;
mod pattern;
mod plain;
pub(crate) mod policies;
mod routes;
mod rules;
mod snapshot;
mod trouble;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

pub use self::control::Faults;
pub use self::fault::{Effect, Fault};
use self::log::Log;
pub use self::log::RequestRecord;
pub use self::policies::{Policies, SecurityTokenRule};
pub(crate) use self::routes::routes;
pub use self::rules::FaultStatus;
pub(crate) use self::rules::Lock;
use self::rules::Rules;
pub use self::snapshot::{Snapshot, SnapshotError};
pub(crate) use self::trouble::Trouble;
use crate::auth::{self, Secret};
use crate::http::CutConnection;
use crate::id::RecordId;
use crate::org::Org;
use crate::usage::Crowded;

/// The faults to come and the requests that were.
#[derive(Debug)]
pub(crate) struct AdminState {
    /// Opens the admin API.
    pub(crate) token: Secret,
    rules: Mutex<Rules>,
    log: Mutex<Log>,
    /// Those taken over HTTP, by name.
    snapshots: Mutex<HashMap<String, Snapshot>>,
    /// How the org was when it started.
    first: OnceLock<Snapshot>,
}

impl Default for AdminState {
    fn default() -> Self {
        Self {
            token: Secret::random(43),
            rules: Mutex::default(),
            log: Mutex::default(),
            snapshots: Mutex::default(),
            first: OnceLock::new(),
        }
    }
}

impl AdminState {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault.
    #[cfg(test)]
    pub(crate) fn add(&self, fault: Fault) -> u64 {
        self.rules().add(fault)
    }

    /// Whether somebody else holds a lock that the write of a record needs.
    pub(crate) fn lock(
        &self,
        object: &str,
        own: Option<RecordId>,
        referred: impl Fn() -> Vec<RecordId>,
    ) -> Option<Lock> {
        self.rules().lock(object, own, referred)
    }

    fn snapshots(&self) -> MutexGuard<'_, HashMap<String, Snapshot>> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Remembers how the org is, for [`reset`]. The first call counts.
pub(crate) async fn remember_start(org: &Org) -> Result<(), SnapshotError> {
    let snapshot = Snapshot::of(org).await?;
    // Only the first is kept.
    let _ = org.admin.first.set(snapshot);
    Ok(())
}

/// Goes back to how the org started. Its first session lasts from now on; faults, policies,
/// the clock and the log are as they were too. Snapshots stay.
async fn reset(org: &Org) -> Result<(), SnapshotError> {
    org.clock.run();
    if let Some(first) = org.admin.first.get() {
        first.restore(org).await?;
    }
    org.auth.reset(org.clock.now());
    *org.admin.rules() = Rules::default();
    org.admin.log().clear();
    Ok(())
}

/// Stands around every API and sign-in route, outside of compression: applies faults, writes the
/// log, and sees how many requests take long.
///
/// An answer that carries [`CutConnection`] in its extensions is not sent: the connection is
/// closed instead.
pub(crate) async fn around(
    State(org): State<Arc<Org>>,
    mut request: Request,
    next: Next,
) -> Response {
    let now = org.clock.now();
    if org.in_flight.long(now) >= org.auth.policies().long_requests {
        request.extensions_mut().insert(Crowded);
    }
    let _ticket = org.in_flight.begin(now);
    let effects = org
        .admin
        .rules()
        .strike(request.method(), request.uri().path());
    let record = RequestRecord {
        number: 0,
        at: log::system_time(now),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request
            .uri()
            .query()
            .map(|query| log::without_secrets(query).into_owned()),
        status: None,
        user: auth::username_of(&org, request.headers()),
        api_calls: 0,
        faults: effects.iter().map(|(id, _)| *id).collect(),
    };
    let number = org.admin.log().begin(record);
    let effects = effects.into_iter().map(|(_, effect)| effect).collect();
    let response = inject::suffer(&org, number, effects, request, next).await;
    let cut = response.extensions().get::<CutConnection>().is_some();
    let status = (!cut).then(|| response.status().as_u16());
    org.admin.log().end(number, status);
    response
}

#[cfg(test)]
mod tests;
