use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;

use super::slot::{Granted, Slot};
use crate::auth::flow::DynAuth;
use crate::auth::{AccessToken, AuthContext, AuthError, AuthErrorKind};
use crate::events::{Event, TokenIssuedEvent};

/// A sign-in that has not ended by now is given up.
const DEADLINE: Duration = Duration::from_secs(60);

/// By how much longer than that its waiters wait.
const GRACE: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// The slots that the running task is signing in.
    static SIGNING_IN: Vec<u64>;
}

/// A sign-in under way, as those who wait for it see it.
#[derive(Clone)]
pub(super) struct Flight {
    id: u64,
    outcome: watch::Receiver<Option<Result<Granted, AuthError>>>,
}

impl Flight {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn is(&self, id: u64) -> bool {
        self.id == id
    }

    /// The outcome, or nothing if the runtime that ran it is gone, or is so
    /// little driven that not even the deadline ended it.
    pub(super) async fn landed(&self) -> Option<Result<Granted, AuthError>> {
        let mut outcome = self.outcome.clone();
        let landed = outcome.wait_for(Option::is_some);
        match tokio::time::timeout(DEADLINE + GRACE, landed).await {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// The runtime dropped it before it had an outcome.
    pub(super) fn is_lost(&self) -> bool {
        self.outcome.has_changed().is_err() && self.outcome.borrow().is_none()
    }
}

/// Whether this task is part of the sign-in of that slot.
pub(super) fn is_within(slot: u64) -> bool {
    SIGNING_IN
        .try_with(|slots| slots.contains(&slot))
        .unwrap_or(false)
}

/// Starts a sign-in as a task of its own. `current` is the token to replace.
pub(super) fn start(
    slot: &Arc<Slot>,
    context: &AuthContext,
    id: u64,
    current: Option<Granted>,
    after_rejection: bool,
) -> Result<Flight, AuthError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
        AuthError::new(
            AuthErrorKind::Misconfigured,
            "signing in needs a tokio runtime, and there is none",
        )
        .with_source(error)
    })?;
    let (done, outcome) = watch::channel(None);
    let context = context.clone();
    let mut within = SIGNING_IN.try_with(Vec::clone).unwrap_or_default();
    within.push(slot.id());
    let slot = Arc::clone(slot);
    runtime.spawn(SIGNING_IN.scope(within, async move {
        let flight = fly(&slot, &context, id, current, after_rejection);
        // Whatever panics, a subscriber of tracing for one, the waiters must learn of it.
        let outcome = AssertUnwindSafe(flight)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(slot.crashed(id, context.clock())));
        done.send_replace(Some(outcome));
    }));
    Ok(Flight { id, outcome })
}

async fn fly(
    slot: &Arc<Slot>,
    context: &AuthContext,
    id: u64,
    current: Option<Granted>,
    after_rejection: bool,
) -> Result<Granted, AuthError> {
    let started = context.clock().steady();
    let ask = Ask {
        auth: slot.auth(),
        context,
        current: current.as_ref(),
        after_rejection,
        origin: slot.wanted_origin(),
    };
    let outcome = sign_in(slot, &ask).await;
    let is_new = outcome.as_ref().is_ok_and(|issued| issued.is_new);
    let granted = slot.finish(id, outcome, current.as_ref(), context)?;
    if !is_new {
        tracing::debug!(
            generation = granted.generation,
            "took a token from the store"
        );
        return Ok(granted);
    }
    let elapsed = started.elapsed();
    tracing::info!(
        generation = granted.generation,
        elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "signed in"
    );
    context.emit(|| {
        Event::TokenIssued(TokenIssuedEvent {
            host: granted.token.host().to_owned(),
            generation: granted.generation,
            elapsed,
        })
    });
    Ok(granted)
}

/// What is asked of a flow.
pub(super) struct Ask<'a> {
    pub(super) auth: &'a dyn DynAuth,
    pub(super) context: &'a AuthContext,
    /// The token to replace.
    pub(super) current: Option<&'a Granted>,
    /// Salesforce has turned that one down.
    pub(super) after_rejection: bool,
    /// The org that the token must be for, where that is known.
    pub(super) origin: Option<String>,
}

/// What a sign-in gave.
pub(super) struct Issued {
    pub(super) token: AccessToken,
    /// It counts as expired from the start: a clock is wrong.
    pub(super) ignore_expiry: bool,
    /// It replaced a token that Salesforce had turned down.
    pub(super) after_rejection: bool,
    /// Its generation in the session's store, 0 without one.
    pub(super) stored: u64,
    /// Salesforce has just given it, and not a store.
    pub(super) is_new: bool,
}

impl Ask<'_> {
    /// Asks the flow, whoever else may be signing in.
    pub(super) async fn alone(&self) -> Result<Issued, AuthError> {
        let token = match self.current {
            Some(granted) => self.auth.refresh(self.context, &granted.token).await?,
            None => self.auth.acquire(self.context).await?,
        };
        Ok(self.issued(token))
    }

    /// A token that the flow gave.
    pub(super) fn issued(&self, token: AccessToken) -> Issued {
        let now = self.context.now();
        token.issued(now);
        Issued {
            ignore_expiry: self.auth.expired(&token, now),
            after_rejection: self.after_rejection,
            stored: 0,
            is_new: true,
            token,
        }
    }
}

/// Everything of the user's own runs in here, where a panic is caught.
async fn sign_in(slot: &Slot, ask: &Ask<'_>) -> Result<Issued, AuthError> {
    let attempt = async {
        match slot.vault() {
            Some(vault) => vault.token(ask).await,
            None => ask.alone().await,
        }
    };
    match tokio::time::timeout(DEADLINE, caught(attempt)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(AuthError::new(
            AuthErrorKind::Deadline,
            format!(
                "the sign-in did not end within {} seconds",
                DEADLINE.as_secs()
            ),
        )),
    }
}

async fn caught(
    attempt: impl Future<Output = Result<Issued, AuthError>>,
) -> Result<Issued, AuthError> {
    AssertUnwindSafe(attempt)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic: Box<dyn Any + Send>| {
            // The panic's own words may hold anything, a secret too.
            drop(panic);
            Err(panicked())
        })
}

pub(super) fn panicked() -> AuthError {
    AuthError::new(
        AuthErrorKind::Panicked,
        "the sign-in flow panicked; its message is in the panic's own output",
    )
}

pub(super) fn late() -> AuthError {
    AuthError::new(
        AuthErrorKind::Deadline,
        "the sign-in ended after its waiters had given it up",
    )
}
