use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;

use super::flight::{self, Ask, Flight, Issued};
use super::shared::Vault;
use super::{Registry, SlotKey};
use crate::auth::flow::DynAuth;
use crate::auth::{AccessToken, AuthContext, AuthError, AuthErrorKind};
use crate::clock::Clock;

/// A failed sign-in answers everybody who asks within this time.
const HOLD_FAILURE: Duration = Duration::from_millis(500);

/// When a renewal ahead of time has failed, the token at hand serves this long
/// before the next try.
const HOLD_EARLY: Duration = Duration::from_secs(10);

/// A renewed token that was turned down at once is not renewed again before
/// this has passed.
pub(super) const HOLD_REJECTED: Duration = Duration::from_secs(60);

pub(crate) const FRESH_TOKEN_REJECTED: &str = "Salesforce turned down a token that it had just \
     issued, so renewing it again would not help. Usual causes: the org locks sessions to the IP \
     address they began on and requests leave by several; API Access Control does not allow this \
     app; the token was used on another host than its own instance URL";

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A token and its place in the order of tokens of its slot.
#[derive(Debug, Clone)]
pub(crate) struct Granted {
    pub(crate) token: AccessToken,
    pub(crate) generation: u64,
    /// Its generation in the session's store, 0 without one.
    pub(super) stored: u64,
    standing: Arc<Standing>,
}

#[derive(Debug)]
struct Standing {
    /// Salesforce has accepted it at least once.
    proven: AtomicBool,
    /// It replaced a token that was turned down.
    after_rejection: bool,
    /// A sign-in of this session gave it, and no store.
    is_new: bool,
    /// Its expiry makes no sense here (a clock is wrong), so it is used until
    /// Salesforce turns it down.
    ignore_expiry: bool,
    /// Until then it counts as fresh.
    fresh_until: Instant,
}

/// The session with one org.
pub(crate) struct Slot {
    id: u64,
    auth: Arc<dyn DynAuth>,
    vault: Option<Arc<Vault>>,
    key: SlotKey,
    registry: Registry,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    granted: Option<Granted>,
    /// The org that the first token was for. A slot never moves to another.
    origin: Option<String>,
    generations: u64,
    flights: u64,
    flight: Option<Flight>,
    failure: Option<(Instant, AuthError)>,
    early_hold: Option<Instant>,
}

/// Where a token is to come from.
enum Source {
    Here(Granted),
    Flight(Flight),
}

impl Slot {
    pub(super) fn new(
        auth: Arc<dyn DynAuth>,
        vault: Option<Arc<Vault>>,
        key: SlotKey,
        registry: Registry,
    ) -> Arc<Self> {
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            auth,
            vault,
            key,
            registry,
            state: Mutex::default(),
        })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn auth(&self) -> &dyn DynAuth {
        self.auth.as_ref()
    }

    pub(super) fn vault(&self) -> Option<&Vault> {
        self.vault.as_deref()
    }

    /// The org that a token must be for, where that is known.
    pub(super) fn wanted_origin(&self) -> Option<String> {
        match &self.key {
            SlotKey::Any => self.state().origin.clone(),
            SlotKey::Origin(origin) => Some(origin.clone()),
            SlotKey::Pinned(_) => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current token, signing in or renewing it first where needed.
    pub(crate) async fn token(
        self: &Arc<Self>,
        context: &AuthContext,
    ) -> Result<Granted, AuthError> {
        loop {
            match self.source(context)? {
                Source::Here(granted) => return Ok(granted),
                // Without an outcome its runtime is gone, and this caller takes over.
                Source::Flight(flight) => {
                    if let Some(outcome) = self.outcome(flight).await {
                        return outcome;
                    }
                }
            }
        }
    }

    fn source(self: &Arc<Self>, context: &AuthContext) -> Result<Source, AuthError> {
        let clock = context.clock();
        // The usual case, which keeps the others waiting as shortly as it can.
        let granted = self.state().granted.clone();
        if let Some(granted) = granted.filter(|granted| !self.is_due(granted, clock)) {
            return Ok(Source::Here(granted));
        }
        let now = clock.steady();
        let mut state = self.state();
        if let Some(granted) = state.granted.clone() {
            if !self.is_due(&granted, clock) {
                return Ok(Source::Here(granted));
            }
            if !self.is_dead(&granted, clock) {
                // Renewed ahead of time: nobody waits, and a failure is no harm yet.
                let held = state.early_hold.is_some_and(|until| now < until);
                if !held && state.flight().is_none() && !flight::is_within(self.id) {
                    // The token still works, so it does not matter if this cannot begin.
                    drop(self.take_off(&mut state, context, false));
                }
                return Ok(Source::Here(granted));
            }
        }
        if flight::is_within(self.id) {
            return Err(recursive());
        }
        if let Some(flight) = state.flight() {
            return Ok(Source::Flight(flight));
        }
        if let Some(error) = state.held_failure(now) {
            return Err(error);
        }
        self.take_off(&mut state, context, false)
            .map(Source::Flight)
    }

    /// Replaces `stale`, which Salesforce turned down, unless that has been done.
    pub(crate) async fn renew(
        self: &Arc<Self>,
        stale: &Granted,
        context: &AuthContext,
    ) -> Result<(), AuthError> {
        loop {
            let flight = {
                let now = context.clock().steady();
                let mut state = self.state();
                let current = state.granted.as_ref().map(|granted| granted.generation);
                if current != Some(stale.generation) {
                    return Ok(());
                }
                if flight::is_within(self.id) {
                    return Err(recursive());
                }
                match state.flight() {
                    Some(flight) => flight,
                    None => {
                        if let Some(error) = state.held_failure(now) {
                            return Err(error);
                        }
                        if stale.standing.is_hopeless(now) {
                            return Err(AuthError::new(
                                AuthErrorKind::FreshTokenRejected,
                                FRESH_TOKEN_REJECTED,
                            ));
                        }
                        self.take_off(&mut state, context, true)?
                    }
                }
            };
            if let Some(outcome) = self.outcome(flight).await {
                return outcome.map(drop);
            }
        }
    }

    /// Ends the session and forgets its token.
    pub(crate) async fn log_out(&self, context: &AuthContext) -> Result<(), AuthError> {
        let current = self.state().granted.clone();
        let ask = Ask {
            auth: self.auth(),
            context,
            current: current.as_ref(),
            after_rejection: false,
            origin: self.wanted_origin(),
        };
        match self.vault() {
            Some(vault) => vault.log_out(&ask).await?,
            None => ask.log_out().await?,
        }
        let mut state = self.state();
        let generation = |granted: &Granted| granted.generation;
        if state.granted.as_ref().map(generation) == current.as_ref().map(generation) {
            state.granted = None;
        }
        Ok(())
    }

    fn take_off(
        self: &Arc<Self>,
        state: &mut State,
        context: &AuthContext,
        after_rejection: bool,
    ) -> Result<Flight, AuthError> {
        state.flights += 1;
        let current = state.granted.clone();
        let flight = flight::start(self, context, state.flights, current, after_rejection)?;
        state.flight = Some(flight.clone());
        Ok(flight)
    }

    /// Takes in the outcome of a sign-in, before anybody who waits learns of it.
    pub(super) fn finish(
        self: &Arc<Self>,
        flight: u64,
        outcome: Result<Issued, AuthError>,
        replaced: Option<&Granted>,
        context: &AuthContext,
    ) -> Result<Granted, AuthError> {
        let clock = context.clock();
        let now = clock.steady();
        let mut state = self.state();
        if !state
            .flight
            .as_ref()
            .is_some_and(|under_way| under_way.is(flight))
        {
            // It was given up, and somebody else has signed in meanwhile.
            return Err(flight::late());
        }
        state.flight = None;
        let outcome = outcome.and_then(|issued| self.check_origin(issued, state.origin.as_deref()));
        match outcome {
            Ok(Issued {
                token,
                ignore_expiry,
                after_rejection,
                stored,
                is_new,
            }) => {
                // A store may have had it for long.
                let issued = UNIX_EPOCH.checked_add(Duration::from_secs(token.issued_at()));
                let age = issued
                    .and_then(|issued| clock.wall().duration_since(issued).ok())
                    .unwrap_or_default();
                let same = replaced.is_some_and(|old| old.token.secret() == token.secret());
                state.generations += 1;
                let granted = Granted {
                    generation: state.generations,
                    stored,
                    standing: Arc::new(Standing {
                        proven: AtomicBool::new(false),
                        after_rejection,
                        is_new,
                        ignore_expiry,
                        fresh_until: now + HOLD_REJECTED.saturating_sub(age),
                    }),
                    token,
                };
                state.failure = None;
                // The same token again gains nothing by being asked for again.
                state.early_hold = same.then(|| now + HOLD_EARLY);
                state.origin = Some(granted.token.origin().to_owned());
                state.granted = Some(granted.clone());
                drop(state);
                if self.key == SlotKey::Any {
                    self.registry.found_origin(granted.token.origin(), self);
                }
                Ok(granted)
            }
            Err(error) => {
                tracing::info!(error = %error.kind(), "sign-in failed");
                state.failure = Some((now, error.clone()));
                state.early_hold = Some(now + HOLD_EARLY);
                Err(error)
            }
        }
    }

    /// A sign-in did not end in time, or its runtime is not being driven: it no
    /// longer counts, and whoever asks next starts another.
    fn give_up(&self, flight: &Flight) {
        let mut state = self.state();
        if state
            .flight
            .as_ref()
            .is_some_and(|under_way| under_way.is(flight.id()))
        {
            state.flight = None;
        }
    }

    /// The sign-in's task panicked outside of the flow.
    pub(super) fn crashed(&self, flight: u64, clock: Clock) -> AuthError {
        let error = flight::panicked();
        let mut state = self.state();
        if state
            .flight
            .as_ref()
            .is_some_and(|under_way| under_way.is(flight))
        {
            state.flight = None;
            state.failure = Some((clock.steady(), error.clone()));
        }
        error
    }

    async fn outcome(&self, flight: Flight) -> Option<Result<Granted, AuthError>> {
        let outcome = flight.landed().await;
        if outcome.is_none() {
            self.give_up(&flight);
        }
        outcome
    }

    /// Waits for the sign-in under way, if any.
    pub(super) async fn landed(&self) {
        let flight = self.state().flight();
        if let Some(flight) = flight {
            self.outcome(flight).await;
        }
    }

    fn check_origin(&self, issued: Issued, known: Option<&str>) -> Result<Issued, AuthError> {
        let token = &issued.token;
        let wanted = match &self.key {
            SlotKey::Any => known,
            SlotKey::Origin(origin) => Some(origin.as_str()),
            SlotKey::Pinned(origin) => {
                return Ok(Issued {
                    token: issued.token.at_origin(origin)?,
                    ..issued
                });
            }
        };
        match wanted {
            None => Ok(issued),
            Some(origin) if origin == token.origin() => Ok(issued),
            Some(origin) => Err(AuthError::new(
                AuthErrorKind::WrongOrg,
                format!(
                    "the client is one of {origin}, and the sign-in gave a token for {}. \
                     Give the client the org's own My Domain URL, or none; behind a proxy, pin \
                     the URL",
                    token.origin()
                ),
            )),
        }
    }

    /// Salesforce answered a request that carried this token with something
    /// else than a rejection.
    pub(crate) fn accepted(&self, granted: &Granted, clock: Clock) {
        granted.token.used(clock.wall());
        if !granted.standing.proven.load(Ordering::Relaxed) {
            granted.standing.proven.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_current(&self, granted: &Granted) -> bool {
        self.state()
            .granted
            .as_ref()
            .is_some_and(|current| current.generation == granted.generation)
    }

    fn is_due(&self, granted: &Granted, clock: Clock) -> bool {
        !granted.standing.ignore_expiry && self.auth.expired(&granted.token, clock.wall())
    }

    /// Past use, as far as is known: a flow that gives no expiry but calls a
    /// token expired is taken at its word.
    fn is_dead(&self, granted: &Granted, clock: Clock) -> bool {
        let now = clock.wall();
        !granted.standing.ignore_expiry
            && match granted.token.expiry() {
                Some(_) => granted.token.is_dead(now),
                None => self.auth.expired(&granted.token, now),
            }
    }
}

impl State {
    /// The sign-in under way, unless its runtime is gone.
    fn flight(&mut self) -> Option<Flight> {
        self.flight = self.flight.take().filter(|flight| !flight.is_lost());
        self.flight.clone()
    }

    fn held_failure(&self, now: Instant) -> Option<AuthError> {
        let (at, error) = self.failure.as_ref()?;
        (now < *at + HOLD_FAILURE).then(|| error.clone())
    }
}

impl Granted {
    /// Salesforce gave it to this session. One from a store may be of any age.
    pub(crate) fn is_new(&self) -> bool {
        self.standing.is_new
    }
}

impl Standing {
    /// It replaced a rejected token, was rejected itself, and not long ago.
    fn is_hopeless(&self, now: Instant) -> bool {
        self.after_rejection && !self.proven.load(Ordering::Relaxed) && now < self.fresh_until
    }
}

fn recursive() -> AuthError {
    AuthError::new(
        AuthErrorKind::Recursive,
        "the sign-in flow used a client that waits for this very sign-in; inside a flow, send \
         requests through the AuthContext",
    )
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("id", &self.id)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
