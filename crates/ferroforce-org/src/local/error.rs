//! Why an org did not start.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::error::ApiError;

/// Why an org did not start; its text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }

    pub(crate) fn store(error: &rusqlite::Error) -> Self {
        Self(format!("the org's database could not be opened: {error}"))
    }

    pub(crate) fn seed(error: &ApiError) -> Self {
        let mistakes: Vec<&str> = error
            .items()
            .iter()
            .map(|item| item.message.as_ref())
            .collect();
        Self(mistakes.join("; "))
    }

    pub(crate) fn thread(error: &std::io::Error) -> Self {
        Self(format!("the org's thread could not be started: {error}"))
    }

    pub(crate) fn exposed(address: IpAddr) -> Self {
        Self(format!(
            "the org does not listen on {address}, where other machines can reach it, unless it \
             is told to expose itself"
        ))
    }

    pub(crate) fn bind(address: SocketAddr, error: &std::io::Error) -> Self {
        Self(format!("the org can't listen on {address}: {error}"))
    }

    pub(crate) fn ended() -> Self {
        Self("the org ended before it had started".to_owned())
    }
}
