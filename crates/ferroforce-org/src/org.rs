//! The state of one org, shared by everything that answers its requests.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::bulk::{self, Bulk};
use crate::clock::Clock;
use crate::id::RecordId;
use crate::local::StartError;
use crate::named_query::NamedQueries;
use crate::report::Reports;
use crate::rest::{Cursors, ReportRuns};
use crate::schema::Schema;
use crate::seed::SeedFile;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::blobs::Blobs;
use crate::tls::Files;
use crate::usage::{InFlight, Usage};
use crate::{admin, auth, seed};

/// The org: `Arc<Org>` is the state of every route.
pub(crate) struct Org {
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<Clock>,
    pub(crate) schema: Arc<Schema>,
    /// What the Tooling API reaches.
    pub(crate) tooling: Schema,
    pub(crate) profiles: auth::Profiles,
    pub(crate) named_queries: NamedQueries,
    pub(crate) reports: Reports,
    pub(crate) report_runs: Arc<ReportRuns>,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) usage: Usage,
    pub(crate) in_flight: InFlight,
    pub(crate) cursors: Arc<Cursors>,
    pub(crate) bulk: Bulk,
    pub(crate) auth: auth::AuthState,
    pub(crate) admin: admin::AdminState,
    pub(crate) files: Files,
    /// The id of the org, the first part of its session ids.
    pub(crate) id: RecordId,
    ports: OnceLock<Vec<u16>>,
}

impl Org {
    /// Makes an org: reads the files that the settings name and fills the store.
    pub(crate) fn new(mut settings: Settings) -> Result<Arc<Self>, StartError> {
        let seed = match &settings.seed_file {
            Some(path) => SeedFile::read(path)?,
            None => SeedFile::default(),
        };
        let mut users = std::mem::take(&mut settings.users);
        users.extend(seed.users);
        let mut apps = std::mem::take(&mut settings.apps);
        apps.extend(seed.apps);
        let schema = match &settings.schema_file {
            Some(path) => Schema::with_file(path),
            None => Schema::standard(),
        };
        let schema = schema.map_err(StartError::new)?;
        let named_queries = NamedQueries::new(seed.named_queries).map_err(StartError::new)?;
        let reports = Reports::new(seed.reports, &schema).map_err(StartError::new)?;
        let mut profiles = std::mem::take(&mut settings.profiles);
        profiles.extend(seed.profiles);
        let profiles = auth::Profiles::new(&profiles, &schema).map_err(StartError::new)?;
        profiles.assign(&mut users).map_err(StartError::new)?;
        let clock = Arc::new(Clock::default());
        let id = RecordId::nth(*b"00D", 1);
        let mut sign_in =
            auth::AuthState::new(id, users, apps, settings.policies.clone(), clock.now())
                .map_err(StartError::new)?;
        let callback_urls = std::mem::take(&mut settings.callback_urls);
        let added = sign_in.directory.add_callback_urls(callback_urls);
        added.map_err(StartError::new)?;
        let org = Arc::new(Self {
            store: Store::open(settings.data_file.as_deref())?,
            blobs: Blobs::new(settings.data_file.as_deref()),
            auth: sign_in,
            schema: Arc::new(schema),
            tooling: Schema::tooling().map_err(StartError::new)?,
            profiles,
            named_queries,
            reports,
            report_runs: Arc::default(),
            usage: Usage::new(Arc::clone(&clock)),
            in_flight: InFlight::default(),
            cursors: Arc::default(),
            bulk: Bulk::default(),
            admin: admin::AdminState::default(),
            files: Files::new(settings.key_folder.clone()),
            settings,
            clock,
            id,
            ports: OnceLock::new(),
        });
        let planted = Arc::clone(&org);
        org.store
            .run_now(move |db| {
                seed::plant(&planted, db, &seed.records)?;
                planted.blobs.sweep(db, &planted.schema)?;
                auth::records::follow(&planted, db)
            })
            .map_err(|error| StartError::seed(&error))?;
        // What was begun before the org ended goes on.
        bulk::wake(&org);
        Ok(org)
    }

    /// The ports that the org listens on, once it does.
    pub(crate) fn ports(&self) -> &[u16] {
        self.ports.get().map_or(&[], Vec::as_slice)
    }

    /// Tells the org which ports it listens on. The first call counts.
    pub(crate) fn listens_on(&self, ports: Vec<u16>) {
        // Only the first are kept.
        let _ = self.ports.set(ports);
    }
}

impl fmt::Debug for Org {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Org")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
