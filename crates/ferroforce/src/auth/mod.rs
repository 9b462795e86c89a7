//! Signing in and staying signed in.

mod error;

pub use error::{AuthError, AuthErrorKind};
