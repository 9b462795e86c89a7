//! Signing in and staying signed in.
//!
//! Pick a flow, hand it to [`Salesforce::builder`](crate::Salesforce::builder),
//! and forget about it: the token is fetched when it is first needed, renewed
//! before it expires, and renewed once when Salesforce turns it down. However
//! many tasks ask at the same time, one sign-in is made.
//!
//! | flow | needs | use it for |
//! |---|---|---|
//! | [`ClientCredentials`] | an app, its secret | servers |
//! | [`JwtBearer`] | an app, a private key, a user | servers, CI |
//! | [`RefreshToken`] | a refresh token | what acts for a user who signed in elsewhere |
//! | [`SoapLogin`] | a user's password and security token | what has no app yet; retires in Summer '27 |
//! | [`WebServer`] | an app, a user with a browser | web applications, programs on a user's machine |
//! | [`DeviceFlow`] | an app, a user with a browser elsewhere | programs on machines without one |
//! | [`TokenExchange`] | an app, a token of your identity provider | single sign-on without a browser |
//! | [`AccessToken`] | a token | short programs, tokens from elsewhere |
//! | [`Environment`] | variables | programs that are told how to sign in |
//! | [`UsernamePassword`] | an app, a user's password | nothing new: it is going away |
//! | `sf_cli::Login` (feature `sf-cli`) | a login of `sf` on this machine | programs that a person runs |
//! | your own [`Auth`] | whatever you like | tokens from elsewhere |
//!
//! A flow handed to several clients becomes several sessions. To share one,
//! wrap it in a [`Session`] and clone that; it may be a `static`:
//!
//! ```
//! use std::sync::LazyLock;
//! use ferroforce::Salesforce;
//! use ferroforce::auth::{ClientCredentials, Session};
//!
//! static SESSION: LazyLock<Session> =
//!     LazyLock::new(|| Session::new(ClientCredentials::new("client id", "client secret")));
//!
//! # fn main() -> ferroforce::Result<()> {
//! let one = Salesforce::builder(SESSION.clone())
//!     .org_url("https://acme.my.salesforce.com")
//!     .build()?;
//! let another = Salesforce::builder(SESSION.clone())
//!     .org_url("https://acme.my.salesforce.com")
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`TokenStore`] shares a session between processes and machines, and from one
//! start of a program to the next: [`Session::builder`].

mod app;
mod client_credentials;
mod context;
mod device;
mod environment;
mod error;
mod flow;
mod grant;
mod identity;
mod introspection;
#[cfg(feature = "jwt")]
mod jwt_bearer;
#[cfg(feature = "jwt")]
pub mod key;
mod login_url;
mod oauth;
mod origin;
mod random;
mod ready_token;
mod redacted;
mod refresh_token;
mod revocation;
mod secret;
mod session;
#[cfg(feature = "sf-cli")]
pub mod sf_cli;
mod soap;
mod store;
mod token;
mod token_exchange;
mod username_password;
mod web_server;

pub use client_credentials::ClientCredentials;
pub use context::{AuthContext, Http, Repeat};
pub use device::{DeviceCode, DeviceFlow};
pub use environment::Environment;
pub use error::{AuthError, AuthErrorKind};
pub use flow::{Auth, Renewal};
pub use grant::Grant;
pub use identity::FlowIdentity;
pub use introspection::Introspection;
#[cfg(feature = "jwt")]
pub use jwt_bearer::JwtBearer;
#[cfg(feature = "jwt")]
pub use key::PrivateKey;
pub use refresh_token::RefreshToken;
pub use secret::Secret;
pub use session::{Session, SessionBuilder};
pub use soap::SoapLogin;
#[cfg(feature = "keyring")]
pub use store::KeyringStore;
#[cfg(feature = "redis")]
pub use store::RedisStore;
#[cfg(feature = "encrypted-store")]
pub use store::{EncryptedStore, EncryptionKey};
pub use store::{
    FileStore, MemoryStore, StoreError, StoreErrorKind, StoreKey, StoreLock, StoredToken,
    TokenStore,
};
pub use token::AccessToken;
pub use token_exchange::{SubjectTokenType, TokenExchange};
pub use username_password::UsernamePassword;
pub use web_server::{Authorization, PendingSignIn, WebServer};

pub(crate) use login_url::is_loopback_host;
pub(crate) use session::{FRESH_TOKEN_REJECTED, Granted, Slot, SlotKey};

/// What a flow cannot do without.
fn require(what: &str, value: &str) -> Result<(), AuthError> {
    if value.trim().is_empty() {
        return Err(AuthError::new(
            AuthErrorKind::Misconfigured,
            format!("the {what} is empty"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
