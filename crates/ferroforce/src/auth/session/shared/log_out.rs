//! The end of a session, for all who share it.

use super::{Locked, PATIENCE, Trouble, Vault, Visit, report};
use crate::auth::session::flight::Ask;
use crate::auth::store::{Contents, Ended, State};
use crate::auth::{AccessToken, AuthError};

impl Vault {
    /// Ends what the store has, and the session's own token if it is another.
    pub(in crate::auth::session) async fn log_out(&self, ask: &Ask<'_>) -> Result<(), AuthError> {
        let (key, renewal) = (self.key(ask)?, ask.auth.renewal());
        let visit = self.visit(&key, ask, &renewal);
        match visit.log_out().await {
            Ok(()) => Ok(()),
            Err(Trouble::SignIn(error)) => Err(error),
            Err(Trouble::Store(operation, error)) => {
                report(ask.context, operation, &error);
                ask.log_out().await
            }
        }
    }
}

impl Ask<'_> {
    /// Ends the session's own token.
    pub(in crate::auth::session) async fn log_out(&self) -> Result<(), AuthError> {
        match self.current {
            Some(granted) => end(self, &granted.token).await,
            None => Ok(()),
        }
    }
}

impl Visit<'_> {
    async fn log_out(&self) -> Result<(), Trouble> {
        let patience = self.ask.context.clock().steady() + PATIENCE;
        // Whoever is signing in meanwhile is waited for: it is their token that is ended.
        let lock = loop {
            if let Locked::Mine(lock) = self.lock(patience).await? {
                break lock;
            }
        };
        let ended = self.end_all().await;
        lock.release().await;
        ended
    }

    async fn end_all(&self) -> Result<(), Trouble> {
        let entry = self.read().await?;
        let generation = self.after(entry.as_ref());
        let seeds = entry.as_ref().map(|entry| entry.contents.seeds.clone());
        let stored = entry.and_then(|entry| entry.contents.token);
        let own = self.ask.current.map(|granted| &granted.token);
        let own = own.filter(|own| Some(own.secret()) != stored.as_ref().map(AccessToken::secret));
        let mut ended = false;
        for token in stored.as_ref().into_iter().chain(own) {
            end(self.ask, token).await?;
            ended = true;
        }
        if ended {
            let state = State::Ended(Ended {
                code: "logged_out".to_owned(),
                description: "the session was logged out".to_owned(),
            });
            let contents = Contents {
                seeds: seeds.unwrap_or_default(),
                ..Contents::new(None, state, self.ask.context.now())
            };
            self.note(generation, contents).await;
        }
        Ok(())
    }
}

/// With a refresh token goes all that came of it.
async fn end(ask: &Ask<'_>, token: &AccessToken) -> Result<(), AuthError> {
    let secret = token.refresh_token().unwrap_or(token.secret());
    ask.context.end(token.origin(), secret).await
}
