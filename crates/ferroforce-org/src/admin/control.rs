//! The admin API for those in the same process.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

use super::fault::Fault;
use super::log::{RequestRecord, system_time};
use super::policies::Policies;
use super::rules::FaultStatus;
use super::snapshot::{Snapshot, SnapshotError};
use crate::auth;
use crate::local::LocalOrg;
use crate::org::Org;

/// The faults of an org.
#[derive(Clone, Copy, Debug)]
pub struct Faults<'a>(&'a Org);

impl Faults<'_> {
    /// Adds a fault and returns the id by which it can be removed.
    ///
    /// # Panics
    ///
    /// If the fault makes no sense: its probability is not from 0 to 1, it is to strike 0 times,
    /// it sends 0 bytes at once, or it is about records or jobs and names a method, a path or what
    /// is no id.
    pub fn add(&self, fault: Fault) -> u64 {
        let flaw = fault.flaw();
        assert!(flaw.is_none(), "{}", flaw.unwrap_or_default());
        self.0.admin.rules().add(fault)
    }

    /// Removes a fault. False if there is none with this id.
    pub fn remove(&self, id: u64) -> bool {
        self.0.admin.rules().remove(id)
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.0.admin.rules().clear();
    }

    /// The faults there are, with what they have done so far.
    pub fn list(&self) -> Vec<FaultStatus> {
        self.0.admin.rules().list()
    }

    /// Starts the dice that decide over probabilities anew. Every org starts with seed 0.
    pub fn seed(&self, seed: u64) {
        self.0.admin.rules().seed(seed);
    }
}

/// What only an administrator may do, and what a test wants to know.
impl LocalOrg {
    /// What is made to go wrong.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ferroforce_org::StartError> {
    /// use ferroforce_org::{Fault, LocalOrg};
    ///
    /// let org = LocalOrg::start().await?;
    /// // The next two queries are answered by 503, one after that by a closed connection.
    /// org.faults().add(Fault::unavailable().retry_after(1).path("*/query").times(2));
    /// org.faults().add(Fault::cut_after().path("*/query"));
    /// // … let your program query …
    /// let struck: Vec<u32> = org.faults().list().iter().map(|fault| fault.struck).collect();
    /// assert_eq!(struck, [0, 0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn faults(&self) -> Faults<'_> {
        Faults(self.org())
    }

    /// The newest 10,000 requests, oldest first. Those of the admin API are not among them.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.org().admin.log().list()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.org().admin.log().clear();
    }

    /// Ends every session as if its time had run out, and tells how many there were. Refresh
    /// tokens stay good.
    pub fn expire_tokens(&self) -> usize {
        self.org().auth.expire_all(None)
    }

    /// Ends every session and refresh token, and tells how many there were.
    pub fn revoke_tokens(&self) -> usize {
        self.org().auth.revoke_all(None)
    }

    /// Ends one session, or one refresh token with its sessions. False if there is none.
    pub fn revoke_token(&self, token: &str) -> bool {
        self.org().auth.revoke(token)
    }

    /// Locks a user out, or ends their lockout. False if there is no such user.
    pub fn set_locked(&self, username: &str, locked: bool) -> bool {
        let auth = &self.org().auth;
        let member = auth.directory.by_username(username);
        if let Some(member) = &member {
            auth.set_locked(member.id, locked);
        }
        member.is_some()
    }

    /// Gives a user the API, or takes it away, as their profile would. False if there is no such
    /// user.
    pub fn set_api_enabled(&self, username: &str, enabled: bool) -> bool {
        let auth = &self.org().auth;
        let member = auth.directory.by_username(username);
        if let Some(member) = &member {
            auth.set_api_enabled(member, enabled);
        }
        member.is_some()
    }

    /// Does what a person at a browser would: signs the user with this username in and allows an
    /// app what it asks for, by the URL of `/services/oauth2/authorize` that a client would open.
    /// Returns the URL that the browser would be sent to: the app's, with a code or an error. None
    /// if there is no such user, or the browser would stay on a page that tells of an error.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ferroforce_org::StartError> {
    /// let org = ferroforce_org::LocalOrg::start().await?;
    /// let url = format!(
    ///     "{}/services/oauth2/authorize?response_type=code&client_id={}\
    ///      &redirect_uri=http%3A%2F%2Flocalhost%3A1717%2FOauthRedirect",
    ///     org.url(),
    ///     org.client_id(),
    /// );
    /// let sent_to = org.authorize(&url, org.username()).expect("it leads back to the app");
    /// assert!(sent_to.starts_with("http://localhost:1717/OauthRedirect?code=aPrx"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn authorize(&self, url: &str, username: &str) -> Option<String> {
        let member = self.org().auth.directory.by_username(username)?;
        auth::authorize_as(self.org(), url, &member).ok()
    }

    /// Does what a person would who enters the code that a device shows: signs the user with this
    /// username in and lets the device in, or not. False if there is no such user, or no device
    /// waits for this code.
    pub fn decide_device(&self, user_code: &str, username: &str, allow: bool) -> bool {
        let org = self.org();
        let Some(member) = org.auth.directory.by_username(username) else {
            return false;
        };
        let member = allow.then_some(&*member);
        org.auth.decide_device(user_code, member, org.clock.now())
    }

    /// What the org allows.
    pub fn policies(&self) -> Policies {
        Policies::clone(&self.org().auth.policies())
    }

    /// Changes what the org allows, from the next request on.
    pub fn set_policies(&self, policies: Policies) {
        self.org().auth.set_policies(policies);
    }

    /// The org's time.
    pub fn now(&self) -> SystemTime {
        system_time(self.org().clock.now())
    }

    /// Stops the org's clock at a time. Sessions, lockouts, assertions and the dates of records
    /// go by it. A time beyond the years -9999 to 9999 is taken as the end of them.
    pub fn stop_clock(&self, at: SystemTime) {
        let beyond = match at < SystemTime::UNIX_EPOCH {
            true => Timestamp::MIN,
            false => Timestamp::MAX,
        };
        self.org()
            .clock
            .stop_at(Timestamp::try_from(at).unwrap_or(beyond));
    }

    /// Moves the org's clock forward, whether it runs or not.
    pub fn advance_clock(&self, by: Duration) {
        self.org()
            .clock
            .advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }

    /// Lets the org's clock run with the machine's again.
    pub fn run_clock(&self) {
        self.org().clock.run();
    }

    /// Goes back to how the org started: records, sessions, lockouts, policies, faults, clock,
    /// log. Snapshots stay good.
    ///
    /// # Errors
    ///
    /// If the org's database fails.
    pub async fn reset(&self) -> Result<(), SnapshotError> {
        super::reset(self.org()).await
    }

    /// Copies records, sessions, lockouts and API usage, to go back to them.
    ///
    /// # Errors
    ///
    /// If the org's database fails.
    pub async fn snapshot(&self) -> Result<Snapshot, SnapshotError> {
        Snapshot::of(self.org()).await
    }

    /// Goes back to a snapshot.
    ///
    /// # Errors
    ///
    /// If the org's database fails.
    pub async fn restore(&self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        snapshot.restore(self.org()).await
    }
}
