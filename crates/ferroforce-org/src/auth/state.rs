//! Everything that signing in has to remember.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as JsonValue;

use super::app::ConnectedApp;
use super::code::Codes;
use super::device::Devices;
use super::directory::{Directory, InvalidDirectory, Member};
use super::issuer::Issuer;
use super::origin::Origin;
use super::password::{LoginRecord, Refused};
use super::refreshing::Refreshing;
use super::secret::Secret;
use super::sign_ins::SignIns;
use super::token::{Found, Grant, Issued, RefreshRefused, Terms, TokenStore};
use super::user::User;
use super::visit::Visit;
use super::web::Browsers;
use crate::admin::policies::{Policies, SecurityTokenRule};
use crate::id::RecordId;

/// This many ids of assertions are remembered before those past their time are cleared out.
const SWEEP_AT: usize = 1024;

/// Users, apps and live sessions.
#[derive(Debug)]
pub(crate) struct AuthState {
    organization_id: RecordId,
    started_at: Timestamp,
    /// Since when all users have the profiles that they have. No snapshot knows of it: to go
    /// back is a change too.
    profiles_since: Mutex<Timestamp>,
    pub(crate) directory: Directory,
    /// What the org allowed when it started.
    first_policies: Arc<Policies>,
    policies: RwLock<Arc<Policies>>,
    live: Mutex<Live>,
    /// By which the org's pages know their own forms.
    pub(super) form_key: Secret,
    pub(super) issuer: Issuer,
    /// What is being refreshed right now; no snapshot knows of it.
    pub(super) refreshing: Refreshing,
    /// How it was when the org started.
    first: Live,
    access_token: Secret,
    refresh_token: Secret,
}

/// What changes while the org runs.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// The users; those that sign-in goes by are in the directory.
    members: Vec<Arc<Member>>,
    /// How many changes of their records the users have followed.
    followed: i64,
    pub(super) tokens: TokenStore,
    pub(super) codes: Codes,
    pub(super) devices: Devices,
    pub(super) browsers: Browsers,
    /// Which users have approved which apps on the org's pages.
    pub(super) consents: HashSet<(RecordId, String)>,
    logins: HashMap<RecordId, LoginRecord>,
    /// Ids of assertions that were used, by app, and how long they must be remembered.
    assertions: HashMap<(String, String), Timestamp>,
}

impl AuthState {
    /// Registers users and apps, and signs the first user in through the first app.
    pub(crate) fn new(
        organization_id: RecordId,
        users: Vec<User>,
        apps: Vec<ConnectedApp>,
        policies: Policies,
        now: Timestamp,
    ) -> Result<Self, InvalidDirectory> {
        let directory = Directory::new(users, apps)?;
        let mut tokens = TokenStore::new(organization_id);
        let (member, app) = (directory.first_member(), directory.first_app());
        let grant = Grant {
            user_id: member.id,
            client_id: Some(app.client_id.clone()),
            scopes: app.scopes.clone(),
        };
        let terms = Terms {
            now,
            address: None,
            locked_to_address: false,
            lifetime: policies.session_lifetime(),
            limit: policies.refresh_tokens_per_app,
            format: None,
        };
        let (access_token, refresh_token) = tokens.issue_pair(grant, &terms);
        tokens.forget_counts();
        let policies = Arc::new(policies);
        let first = Live {
            members: directory.members(),
            followed: 0,
            tokens,
            codes: Codes::default(),
            devices: Devices::default(),
            browsers: Browsers::default(),
            consents: HashSet::new(),
            logins: HashMap::new(),
            assertions: HashMap::new(),
        };
        Ok(Self {
            organization_id,
            started_at: now,
            profiles_since: Mutex::new(now),
            directory,
            policies: RwLock::new(Arc::clone(&policies)),
            first_policies: policies,
            live: Mutex::new(first.clone()),
            form_key: Secret::random(43),
            issuer: Issuer::default(),
            refreshing: Refreshing::default(),
            first,
            access_token,
            refresh_token,
        })
    }

    /// The user that the org's own tokens belong to.
    pub(crate) fn first_member(&self) -> &Member {
        self.directory.first_member()
    }

    /// The app that the org's own tokens were issued to.
    pub(crate) fn first_app(&self) -> &ConnectedApp {
        self.directory.first_app()
    }

    pub(crate) fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Since when all users see the objects and fields that they see.
    pub(crate) fn profiles_since(&self) -> Timestamp {
        *self.lock_profiles_since()
    }

    fn lock_profiles_since(&self) -> MutexGuard<'_, Timestamp> {
        let since = self.profiles_since.lock();
        since.unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a user has another profile. Clients are told in whole seconds, so that no two
    /// changes fall into the same one.
    fn profile_changed(&self, now: Timestamp) {
        let mut since = self.lock_profiles_since();
        let next = since.saturating_add(SignedDuration::from_secs(1));
        *since = next.unwrap_or(now).max(now);
    }

    /// Adds a user, or replaces the one with the same id.
    pub(super) fn put_member(&self, member: Member, now: Timestamp) {
        if self.directory.put(member) {
            self.profile_changed(now);
        }
    }

    fn set_members(&self, members: Vec<Arc<Member>>, now: Timestamp) {
        if self.directory.set_members(members) {
            self.profile_changed(now);
        }
    }

    /// The session that the org starts with.
    pub(crate) fn access_token(&self) -> &Secret {
        &self.access_token
    }

    /// The refresh token that the org starts with.
    pub(crate) fn refresh_token(&self) -> &Secret {
        &self.refresh_token
    }

    pub(crate) fn policies(&self) -> Arc<Policies> {
        Arc::clone(&self.policies.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_policies(&self, policies: Policies) {
        *self
            .policies
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(policies);
    }

    /// Checks a username and a password that has its security token at its end.
    pub(crate) fn check_password(
        &self,
        username: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Arc<Member>, Refused> {
        self.check(username, password, &self.policies(), now)
    }

    /// Checks a password that was typed into the login page, which takes it alone.
    pub(crate) fn check_typed_password(
        &self,
        username: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Arc<Member>, Refused> {
        let policies = Policies {
            security_token: SecurityTokenRule::Optional,
            ..Policies::clone(&self.policies())
        };
        self.check(username, password, &policies, now)
    }

    fn check(
        &self,
        username: &str,
        password: &str,
        policies: &Policies,
        now: Timestamp,
    ) -> Result<Arc<Member>, Refused> {
        let member = self.directory.by_username(username);
        let member = member.ok_or(Refused::Invalid)?;
        let mut live = self.live();
        let record = live.logins.entry(member.id).or_default();
        record.check_password(&member.user, password, policies, now)?;
        Ok(member)
    }

    /// Whether this user has approved an app, or an administrator has for them.
    pub(crate) fn has_approved(&self, app: &ConnectedApp, member: &Member) -> bool {
        app.names(&member.user.username) || self.has_consented(app, member)
    }

    /// Whether this user has approved an app on the consent page.
    pub(crate) fn has_consented(&self, app: &ConnectedApp, member: &Member) -> bool {
        let consent = (member.id, app.client_id.clone());
        self.live().consents.contains(&consent)
    }

    /// Remembers that this user has approved an app on the consent page.
    pub(crate) fn consent(&self, app: &ConnectedApp, member: &Member) {
        let consent = (member.id, app.client_id.clone());
        self.live().consents.insert(consent);
    }

    /// Counts a sign-in of a user who needs no password for it.
    pub(crate) fn count_login(&self, member: &Member, now: Timestamp) -> Result<(), Refused> {
        let policies = self.policies();
        let mut live = self.live();
        live.logins
            .entry(member.id)
            .or_default()
            .count_login(&member.user, &policies, now)
    }

    /// Remembers that an app has used an assertion. False if it had before.
    pub(crate) fn remember_assertion(
        &self,
        client_id: &str,
        id: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> bool {
        let used = &mut self.live().assertions;
        if used.len() >= SWEEP_AT {
            used.retain(|_, until| now < *until);
        }
        used.insert((client_id.to_owned(), id.to_owned()), until)
            .is_none_or(|until| until <= now)
    }

    /// The terms for the tokens of an app, or of none.
    pub(super) fn terms<'a>(&'a self, app: Option<&ConnectedApp>, visit: &'a Visit) -> Terms<'a> {
        let policies = self.policies();
        let seconds = app.and_then(|app| app.token_format.seconds(app.jwt_seconds));
        let format = |seconds| {
            let organization = self.organization_id;
            self.issuer.format(&visit.origin, organization, seconds)
        };
        Terms {
            now: visit.now,
            address: visit.address,
            locked_to_address: policies.lock_sessions_to_address,
            lifetime: policies.session_lifetime(),
            limit: policies.refresh_tokens_per_app,
            format: seconds.map(format),
        }
    }

    /// Starts a session, or gives the one that is still live where policy says so. `app` gives
    /// the format of its token.
    pub(crate) fn start_session(
        &self,
        grant: Grant,
        app: Option<&ConnectedApp>,
        visit: &Visit,
    ) -> Issued {
        let reuse = self.policies().reuse_live_sessions;
        let terms = self.terms(app, visit);
        let tokens = &mut self.live().tokens;
        let access_token = reuse.then(|| tokens.reuse(&grant, &terms)).flatten();
        Issued {
            access_token: access_token.unwrap_or_else(|| tokens.issue(grant.clone(), &terms)),
            refresh_token: None,
            grant,
        }
    }

    /// Starts a session that lasts, if its scopes say so.
    pub(crate) fn start_lasting(&self, grant: Grant, app: &ConnectedApp, visit: &Visit) -> Issued {
        let terms = self.terms(Some(app), visit);
        self.live().tokens.issue_granted(grant, &terms)
    }

    pub(crate) fn refresh(
        &self,
        token: &str,
        app: &ConnectedApp,
        visit: &Visit,
    ) -> Result<Issued, RefreshRefused> {
        let terms = self.terms(Some(app), visit);
        let tokens = &mut self.live().tokens;
        tokens.refresh(token, &app.client_id, app.rotate_refresh_tokens, &terms)
    }

    /// What a live session grants; using it pushes its end out.
    pub(crate) fn use_session(&self, token: &str, visit: &Visit) -> Option<Grant> {
        let terms = self.terms(None, visit);
        let mut live = self.live();
        let session = live.tokens.session(token, &terms)?;
        Some(session.grant.clone())
    }

    /// Whether a token is good.
    #[cfg(test)]
    pub(crate) fn is_good(&self, token: &str, now: Timestamp) -> bool {
        self.look_at(token, now, |_| ()).is_some()
    }

    /// The token by which an app knows who has signed in.
    pub(crate) fn id_token(
        &self,
        visit: &Visit,
        identity_url: &str,
        client_id: &str,
        nonce: Option<&str>,
    ) -> Secret {
        let Visit { origin, now, .. } = visit;
        self.issuer
            .id_token(origin, identity_url, client_id, nonce, *now)
    }

    /// What the org's own JWTs are checked with.
    pub(crate) fn key_set(&self) -> JsonValue {
        self.issuer.key_set()
    }

    /// How often users have signed in, by username and app.
    pub(crate) fn sign_ins(&self) -> Vec<SignIns> {
        let username = |user| {
            let member = self.directory.by_id(user);
            member.map(|member| member.user.username.clone())
        };
        let live = self.live();
        let counts = live.tokens.counts();
        counts
            .map(|(user, app, counts)| SignIns {
                username: username(user).unwrap_or_default(),
                client_id: app.map(str::to_owned),
                logins: counts.logins,
                refreshes: counts.refreshes,
                reuses: counts.reuses,
            })
            .collect()
    }

    /// Looks at a token without using it.
    pub(crate) fn look_at<T>(
        &self,
        token: &str,
        now: Timestamp,
        look: impl FnOnce(Found<'_>) -> T,
    ) -> Option<T> {
        let lifetime = self.policies().session_lifetime();
        self.live().tokens.find(token, now, lifetime).map(look)
    }

    /// Ends a session, or a refresh token with its sessions. False if there is none.
    pub(crate) fn revoke(&self, token: &str) -> bool {
        self.live().tokens.revoke(token)
    }

    /// Ends a session as if its time had run out. False if there is none.
    pub(crate) fn expire(&self, token: &str) -> bool {
        self.live().tokens.expire(token)
    }

    /// Ends the sessions of everyone, or of one user, and tells how many.
    pub(crate) fn expire_all(&self, user: Option<RecordId>) -> usize {
        self.live().tokens.expire_all(user)
    }

    /// Ends the sessions and refresh tokens of everyone, or of one user, and tells how many.
    pub(crate) fn revoke_all(&self, user: Option<RecordId>) -> usize {
        let mut live = self.live();
        live.browsers.sign_out(user);
        live.tokens.revoke_all(user)
    }

    /// Locks a user out, or ends their lockout.
    pub(crate) fn set_locked(&self, user: RecordId, locked: bool) {
        let mut live = self.live();
        let record = live.logins.entry(user).or_default();
        match locked {
            true => record.lock(),
            false => record.unlock(),
        }
    }

    /// Goes back to how it was when the org started, policies included. The first session lasts from now on.
    pub(crate) fn reset(&self, now: Timestamp) {
        let mut first = self.first.clone();
        first.tokens.renew(now);
        self.set_members(first.members.clone(), now);
        *self.live() = first;
        self.set_policies(Policies::clone(&self.first_policies));
    }

    /// A copy of what changes, for [`restore`](Self::restore).
    pub(crate) fn snapshot(&self) -> Live {
        let members = self.directory.members();
        Live {
            members,
            ..self.live().clone()
        }
    }

    pub(crate) fn restore(&self, snapshot: &Live, now: Timestamp) {
        self.set_members(snapshot.members.clone(), now);
        self.live().clone_from(snapshot);
    }

    /// Where a user's identity is told.
    pub(crate) fn identity_url(&self, origin: &Origin, user: RecordId) -> String {
        format!("{origin}/id/{}/{user}", self.organization_id)
    }

    /// How many changes of their records the users have followed.
    pub(super) fn followed(&self) -> i64 {
        self.live().followed
    }

    pub(super) fn set_followed(&self, changes: i64) {
        self.live().followed = changes;
    }

    /// Gives a user another password, which may have to be changed before it is good for the API.
    pub(crate) fn set_password(&self, member: &Member, password: Secret, expired: bool) {
        let mut member = member.clone();
        member.user.password = password;
        member.user.password_expired = expired;
        self.directory.put(member);
    }

    /// Gives a user the API, or takes it away.
    pub(crate) fn set_api_enabled(&self, member: &Member, enabled: bool) {
        let mut member = member.clone();
        member.user.api_enabled = enabled;
        self.directory.put(member);
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
