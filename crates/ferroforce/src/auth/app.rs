use super::{AuthError, Secret};

/// The app that somebody signs in through: a public one, or one with a secret.
#[derive(Debug, Clone)]
pub(super) struct App {
    client_id: String,
    client_secret: Option<Secret>,
}

impl App {
    pub(super) fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
        }
    }

    pub(super) fn with_secret(self, secret: impl Into<Secret>) -> Self {
        Self {
            client_secret: Some(secret.into()),
            ..self
        }
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        self.client_secret.as_ref()
    }

    pub(super) fn check(&self) -> Result<(), AuthError> {
        super::require("client id", &self.client_id)?;
        match &self.client_secret {
            Some(secret) => super::require("client secret", secret.expose()),
            None => Ok(()),
        }
    }

    /// `form` and who asks.
    pub(super) fn form<const N: usize>(
        &self,
        form: [(&'static str, Secret); N],
    ) -> Vec<(&'static str, Secret)> {
        let secret = self.client_secret.clone();
        form.into_iter()
            .chain([("client_id", self.client_id.as_str().into())])
            .chain(secret.map(|secret| ("client_secret", secret)))
            .collect()
    }
}
