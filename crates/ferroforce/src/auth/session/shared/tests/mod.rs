//! Sessions that share a store, on a scripted org.

mod credentials;
mod refresh_tokens;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;

use crate::auth::session::Session;
use crate::auth::store::{Contents, State};
use crate::auth::{
    AuthError, AuthErrorKind, ClientCredentials, MemoryStore, RefreshToken, StoreError,
    StoreErrorKind, StoreKey, StoreLock, StoredToken, TokenStore,
};
use crate::client::{Salesforce, SalesforceBuilder};
use crate::clock::Clock;
use crate::error::Error;
use crate::events::{Event, StoreFailedEvent};
use crate::script::{ORG, Reply, Script, Sent, builder};

/// An org with one app and one user. Refresh tokens rotate, and one that is used
/// again ends everything.
#[derive(Clone)]
struct Org {
    account: Arc<Mutex<Account>>,
    /// One for all clients, whenever they are built.
    clock: Clock,
}

impl Default for Org {
    fn default() -> Self {
        Self {
            account: Arc::default(),
            clock: Clock::following_tokio(),
        }
    }
}

#[derive(Default)]
struct Account {
    issued: usize,
    live: HashSet<String>,
    refresh_token: Option<String>,
    /// Refresh tokens in the order in which they were sent.
    spent: Vec<String>,
    /// What the next token requests get instead of a token.
    instead: Vec<Reply>,
    keeps_refresh_token: bool,
    /// How long a token takes.
    takes: std::time::Duration,
    /// Every token is turned down.
    turns_down: bool,
    /// Tokens in the order in which they were turned down.
    turned_down: Vec<String>,
    /// Looks at the store when a request comes.
    watch: Option<Watch>,
}

type Watch = Box<dyn Fn(&Sent) + Send>;

impl Org {
    fn with_refresh_token(token: &str) -> Self {
        let org = Self::default();
        org.account().refresh_token = Some(token.into());
        org
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap()
    }

    fn sign_ins(&self) -> usize {
        self.account().issued
    }

    fn spent(&self) -> Vec<String> {
        self.account().spent.clone()
    }

    fn turned_down(&self) -> Vec<String> {
        self.account().turned_down.clone()
    }

    /// The next token request gets this.
    fn instead(&self, reply: Reply) {
        self.account().instead.push(reply);
    }

    fn expire_all(&self) {
        self.account().live.clear();
    }

    fn script(&self) -> Script {
        let org = self.clone();
        Script::new(move |sent, _| org.account().answer(sent))
    }

    /// A client with a session of its own.
    fn client(&self, session: Session) -> Salesforce {
        self.builder(session).org_url(ORG).build().unwrap()
    }

    fn builder(&self, session: Session) -> SalesforceBuilder {
        builder(session, &self.script()).clock(self.clock, || 1.0)
    }
}

impl Account {
    fn answer(&mut self, sent: &Sent) -> Reply {
        if let Some(watch) = &self.watch {
            watch(sent);
        }
        if sent.uri.path() != "/services/oauth2/token" {
            let good = !self.turns_down && sent.token().is_some_and(|t| self.live.contains(t));
            if good {
                return Reply::json(200, "{}");
            }
            self.turned_down.extend(sent.token().map(str::to_owned));
            return Reply::expired();
        }
        let form: Vec<(String, String)> = form_urlencoded::parse(&sent.body).into_owned().collect();
        let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let refresh_token = field("refresh_token");
        self.spent.extend(refresh_token.clone());
        if !self.instead.is_empty() {
            return self.instead.remove(0);
        }
        if refresh_token.is_some() && refresh_token != self.refresh_token {
            self.refresh_token = None;
            self.live.clear();
            return refused("invalid_grant", "expired access/refresh token");
        }
        self.issued += 1;
        let token = format!("token-{}", self.issued);
        self.live.insert(token.clone());
        let mut answer = serde_json::json!({"access_token": token, "instance_url": ORG});
        if refresh_token.is_some() && !self.keeps_refresh_token {
            let next = format!("refresh-{}", self.issued);
            answer["refresh_token"] = next.clone().into();
            self.refresh_token = Some(next);
        }
        let answer = Reply::json(200, &answer.to_string());
        Reply::After(self.takes, Box::new(answer))
    }
}

fn refused(code: &str, description: &str) -> Reply {
    let body = serde_json::json!({"error": code, "error_description": description});
    Reply::json(400, &body.to_string())
}

fn credentials() -> ClientCredentials {
    ClientCredentials::new("app", "secret")
}

fn refresh_token(token: &str) -> RefreshToken {
    RefreshToken::new("app", token).user("ada")
}

fn shared(auth: impl crate::auth::Auth, store: &(impl TokenStore + Clone)) -> Session {
    Session::builder(auth).store(store.clone()).build()
}

async fn get(salesforce: &Salesforce) -> Result<(), Error> {
    salesforce
        .request(http::Method::GET, "/limits")
        .send()
        .await
        .map(drop)
}

async fn kind(salesforce: &Salesforce) -> Option<AuthErrorKind> {
    let error = get(salesforce).await.err()?;
    Some(
        error
            .auth()
            .map(AuthError::kind)
            .expect("a sign-in's error"),
    )
}

/// What the store has under its only key.
fn stored(store: &MemoryStore, key: &StoreKey) -> Option<Contents> {
    let value = store.get(key).now_or_never().unwrap().unwrap()?;
    Some(Contents::open(&value).unwrap())
}

fn key_of(flow: &str, user: &str) -> StoreKey {
    let identity = crate::auth::FlowIdentity::new(flow, ORG).client_id("app");
    let identity = match user {
        "" => identity,
        user => identity.user(user),
    };
    StoreKey::new("", &identity)
}

/// A store that can be out of order.
#[derive(Debug, Clone, Default)]
struct Fragile {
    inner: MemoryStore,
    down: Arc<AtomicBool>,
    takes_nothing: Arc<AtomicBool>,
    /// Everybody gets the lock.
    no_exclusion: bool,
}

impl Fragile {
    fn down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn takes_nothing(&self, refuses: bool) {
        self.takes_nothing.store(refuses, Ordering::SeqCst);
    }

    fn check(&self, also: bool) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) || also {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "out of order"));
        }
        Ok(())
    }
}

impl TokenStore for Fragile {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        self.check(false)?;
        self.inner.get(key).await
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        // Marks are taken: what fails is to keep what a refresh gave.
        let kept = self.takes_nothing.load(Ordering::SeqCst)
            && Contents::open(value).unwrap().state == State::Live;
        self.check(kept)?;
        self.inner.put_if_newer(key, value).await
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        self.check(false)?;
        if self.no_exclusion {
            return Ok(Some(StoreLock::new(async {})));
        }
        self.inner.try_lock(key).await
    }
}

/// A client that tells of its store's failures.
fn telling(org: &Org, session: Session) -> (Salesforce, Arc<Mutex<Vec<StoreFailedEvent>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let client = org
        .builder(session)
        .org_url(ORG)
        .observer(move |event: &Event| {
            if let Event::StoreFailed(event) = event {
                log.lock().unwrap().push(event.clone());
            }
        })
        .build()
        .unwrap();
    (client, told)
}
