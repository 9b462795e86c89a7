use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in the text of a key; `/` separates its parts.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// Whose token a flow gets: the kind of the flow, where it signs in, for which
/// app and as whom. A store files the token under it.
///
/// Two flows with the same identity get tokens that can stand in for one another.
/// It holds no secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FlowIdentity {
    flow: String,
    login_host: String,
    client_id: String,
    user: String,
}

impl FlowIdentity {
    /// A kind of flow (`jwt-bearer`, say) and the origin that it signs in at.
    pub fn new(flow: impl Into<String>, login_host: impl Into<String>) -> Self {
        Self {
            flow: flow.into(),
            login_host: login_host.into(),
            client_id: String::new(),
            user: String::new(),
        }
    }

    /// The app, by its client id.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// The user, or whatever else tells apart what the app can sign in as.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// One text, from which the parts can be told.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for part in [&self.flow, &self.login_host, &self.client_id, &self.user] {
            if !text.is_empty() {
                text.push('/');
            }
            text.extend(utf8_percent_encode(part, KEPT));
        }
        text
    }
}

impl fmt::Debug for FlowIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The user's name is nobody's business who reads a log.
        f.debug_struct("FlowIdentity")
            .field("flow", &self.flow)
            .field("login_host", &self.login_host)
            .finish_non_exhaustive()
    }
}
