//! What the org allows, and can be told to allow while it runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the org allows, with the defaults of a real one.
///
/// They can be changed while the org runs; what is left out of a JSON document keeps its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Policies {
    /// Whether the org's API is on. Default: true.
    pub api_enabled: bool,
    /// Whether SOAP `login()` is on, which it no longer is in new orgs. Default: true.
    pub soap_login: bool,
    /// Whether the username-password flow is on, which it no longer is in new orgs. Default: true.
    pub password_flow: bool,
    /// Whether a security token must follow the password. Default: required.
    pub security_token: SecurityTokenRule,
    /// After this many wrong passwords a user is locked out; 0 for never. Default: 10.
    pub wrong_passwords_allowed: u32,
    /// How long a lockout lasts, in seconds. Default: 900.
    pub lockout_seconds: u64,
    /// How often a user may sign in per hour; who tries once more is refused for an hour. Refreshes
    /// do not count. Default: 3,600.
    pub logins_per_hour: usize,
    /// After so many seconds without a call a session ends. Default: 7,200.
    pub session_seconds: u64,
    /// Whether signing in again gives the session that is still live. Default: false.
    pub reuse_live_sessions: bool,
    /// Whether a session is good only from the address that it was issued to; from elsewhere it is
    /// refused as if it had ended. Default: false.
    pub lock_sessions_to_address: bool,
    /// Whether the first address in an `X-Forwarded-For` header is taken for where a request comes
    /// from, so that one machine can play several. Default: false.
    pub trust_forwarded_for: bool,
    /// How many refresh tokens a user may have per app; one more ends the oldest. Default: 5.
    pub refresh_tokens_per_app: usize,
    /// How long the org takes over a refresh, in milliseconds of real time. Another request with
    /// the same refresh token is meanwhile refused with `token request is already being
    /// processed`. Default: 0.
    pub refresh_milliseconds: u64,
    /// How often a device may ask whether somebody has entered its code, in seconds, by the org's
    /// clock; sooner it is told to slow down. Default: 5.
    pub device_interval_seconds: u64,
    /// How long a device may wait for its code to be entered, in seconds. Default: 600.
    pub device_code_seconds: u64,
    /// Whether accounts, contacts and leads that look like others are refused with
    /// `DUPLICATES_DETECTED`: accounts with the same name, contacts and leads with the same name
    /// and e-mail address. New orgs of Salesforce have such rules; here they are off unless asked
    /// for, since tests like to save the same record twice. Default: false.
    pub duplicate_rules: bool,
    /// Whether calls beyond the daily limit are answered, as in paid production orgs, and only
    /// the usage tells. Default: false; they are refused with `REQUEST_LIMIT_EXCEEDED`.
    pub soft_daily_limit: bool,
    /// The daily limit of every app, which `Sforce-Limit-Info` then tells too, by client id; it
    /// is not enforced. Default: none.
    pub daily_api_requests_per_app: Option<u64>,
    /// How many requests may take longer than 20 seconds, by the org's clock, at once; while so
    /// many do, others are refused with `REQUEST_LIMIT_EXCEEDED`. Developer and trial orgs have
    /// 5. Default: 25.
    pub long_requests: usize,
    /// How long a bulk job waits before its work begins, in seconds of the org's clock: so long it
    /// stays `UploadComplete`. Default: 0.
    pub bulk_queued_seconds: u64,
    /// How long the work on a bulk job lasts at least, in seconds of the org's clock: so long it
    /// stays `InProgress`. Default: 0.
    pub bulk_in_progress_seconds: u64,
    /// How many records a page of a bulk query's result has when the client does not say, and
    /// each of those that can be fetched in parallel. Default: 50,000.
    pub bulk_page_records: u32,
    /// How many batches bulk jobs may have in 24 hours. Every 10,000 rows of a job of Bulk API 2.0
    /// are one; those beyond are not processed, and no result tells of them. Default: 15,000.
    pub daily_bulk_batches: u64,
    /// How many rows bulk jobs may write in 24 hours, as batches they may have. Default:
    /// 150,000,000.
    pub daily_bulk_records: u64,
    /// How many query jobs of Bulk API 2.0 may be made in 24 hours. Default: 10,000.
    pub daily_bulk_query_jobs: u64,
    /// Whether `ORDER BY … DESC` puts records without a value first where the query does not say.
    /// Not known for sure of Salesforce: its guide has one line that can be read so, and
    /// practice speaks for last. Default: false; they come first upwards and last downwards.
    pub nulls_first_descending: bool,
    /// Whether `!=`, `NOT IN`, `EXCLUDES` and `NOT` leave out records without a value, as SQL
    /// does. Not documented by Salesforce; practice speaks for keeping them. Default: false.
    pub negations_drop_nulls: bool,
    /// Whether `LAST_N_YEARS:n` begins n + 1 years ago, as the words of Salesforce's guide say,
    /// and not n years ago, as all other such literals do. Default: false.
    pub last_n_years_one_more: bool,
}

/// Whether a security token must follow the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SecurityTokenRule {
    /// It must; without it the login is refused like a wrong password.
    #[default]
    Required,
    /// It must; without it the refusal says so (`LOGIN_MUST_USE_SECURITY_TOKEN`).
    Explained,
    /// It may be left out, as inside an org's trusted IP ranges.
    Optional,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            api_enabled: true,
            soap_login: true,
            password_flow: true,
            security_token: SecurityTokenRule::default(),
            wrong_passwords_allowed: 10,
            lockout_seconds: 15 * 60,
            logins_per_hour: 3600,
            session_seconds: 2 * 60 * 60,
            reuse_live_sessions: false,
            lock_sessions_to_address: false,
            trust_forwarded_for: false,
            refresh_tokens_per_app: 5,
            refresh_milliseconds: 0,
            device_interval_seconds: 5,
            device_code_seconds: 10 * 60,
            duplicate_rules: false,
            soft_daily_limit: false,
            daily_api_requests_per_app: None,
            long_requests: 25,
            bulk_queued_seconds: 0,
            bulk_in_progress_seconds: 0,
            bulk_page_records: 50_000,
            daily_bulk_batches: 15_000,
            daily_bulk_records: 150_000_000,
            daily_bulk_query_jobs: 10_000,
            nulls_first_descending: false,
            negations_drop_nulls: false,
            last_n_years_one_more: false,
        }
    }
}

impl Policies {
    /// What an org allows that was made lately: SOAP `login()` and the username-password flow are
    /// off.
    #[must_use]
    pub fn of_new_org() -> Self {
        Self {
            soap_login: false,
            password_flow: false,
            ..Self::default()
        }
    }

    pub(crate) fn session_lifetime(&self) -> Duration {
        Duration::from_secs(self.session_seconds)
    }
}
