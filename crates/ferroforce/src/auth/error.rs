use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A sign-in that did not work: Salesforce's code and words, whether trying
/// again can help, and what usually does.
#[derive(Clone)]
pub struct AuthError(Arc<Inner>);

struct Inner {
    kind: AuthErrorKind,
    code: Option<String>,
    description: String,
    advice: Option<&'static str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The family of an [`AuthError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthErrorKind {
    /// Salesforce refused the credentials or the app. Final: the same request
    /// would be refused again, and repeating it can lock the user out.
    Refused,
    /// The refresh token is used up or revoked, or it is not known whether it was
    /// used, which comes to the same. Final: the user must sign in again.
    SignInAgain,
    /// The session has a store, and the flow does not say whose token it gets, so
    /// there is nothing to file the token under.
    NoIdentity,
    /// Salesforce could not be reached or was not ready. Trying later may help.
    Unavailable,
    /// The login was sent and the answer was lost or made no sense. It is not
    /// known whether a token was issued.
    Unclear,
    /// The token belongs to another org than the client's.
    WrongOrg,
    /// A browser came back from a sign-in that this one did not begin.
    StateMismatch,
    /// A token that had just been issued was rejected.
    FreshTokenRejected,
    /// The sign-in flow used a client that waits for that very sign-in.
    Recursive,
    /// The flow's settings cannot work: something is missing, or what answers
    /// at the login address is not Salesforce.
    Misconfigured,
    /// The flow panicked.
    Panicked,
    /// The sign-in took longer than its deadline.
    Deadline,
}

impl fmt::Display for AuthErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::SignInAgain => "sign in again",
            Self::NoIdentity => "no identity to store a token under",
            Self::Unavailable => "Salesforce not available",
            Self::Unclear => "no clear answer",
            Self::WrongOrg => "token of another org",
            Self::StateMismatch => "answer to another sign-in",
            Self::FreshTokenRejected => "a new token was rejected",
            Self::Recursive => "sign-in waits for itself",
            Self::Misconfigured => "settings cannot work",
            Self::Panicked => "the flow panicked",
            Self::Deadline => "took too long",
        })
    }
}

impl AuthError {
    /// An error of a flow of your own. Leave secrets out of the text.
    ///
    /// [`AuthErrorKind::Unavailable`] is the one kind that counts as transient.
    pub fn new(kind: AuthErrorKind, description: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            code: None,
            description: description.into(),
            advice: None,
            source: None,
        }))
    }

    pub(crate) fn coded(
        kind: AuthErrorKind,
        code: impl Into<String>,
        description: impl Into<String>,
        advice: Option<&'static str>,
    ) -> Self {
        Self(Arc::new(Inner {
            kind,
            code: Some(code.into()),
            description: description.into(),
            advice,
            source: None,
        }))
    }

    /// The same error with the code that the other side gave.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind: self.0.kind,
            code: Some(code.into()),
            description: self.0.description.clone(),
            advice: self.0.advice,
            source: self.0.source.clone(),
        }))
    }

    /// The same error with its cause. The cause must not hold a secret.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source: Box<dyn StdError + Send + Sync> = source.into();
        Self(Arc::new(Inner {
            kind: self.0.kind,
            code: self.0.code.clone(),
            description: self.0.description.clone(),
            advice: self.0.advice,
            source: Some(Arc::from(source)),
        }))
    }

    /// The family of this error.
    pub fn kind(&self) -> AuthErrorKind {
        self.0.kind
    }

    /// Salesforce's code: `invalid_grant`, `INVALID_LOGIN`, …
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What happened, in Salesforce's words where it gave any.
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// What usually helps, for the causes that are well known.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice
    }

    /// Whether the same sign-in may succeed later without a change of settings.
    pub fn is_transient(&self) -> bool {
        self.0.kind == AuthErrorKind::Unavailable
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.0.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.0.description)?;
        if let Some(advice) = self.0.advice {
            write!(f, ". {advice}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthError")
            .field("kind", &self.0.kind)
            .field("code", &self.0.code)
            .field("description", &self.0.description)
            .finish()
    }
}

impl StdError for AuthError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
