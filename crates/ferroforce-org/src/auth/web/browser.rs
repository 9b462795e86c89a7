//! Browsers: who is signed in in them, and which forms they were given.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use crate::auth::directory::Member;
use crate::auth::origin::Origin;
use crate::auth::secret::Secret;
use crate::auth::state::AuthState;
use crate::auth::token::{Key, key_of};
use crate::id::RecordId;

/// The cookie by which a browser is known.
const COOKIE_NAME: &str = "ferroforce_org";

/// The field by which a form proves to come from a page that this browser was given.
pub(super) const FORM_TOKEN: &str = "form_token";

/// Browsers whose time has run out are cleared out when there are this many.
const SWEEP_AT: usize = 1024;

/// The browsers in which somebody is signed in.
#[derive(Clone, Debug, Default)]
pub(in crate::auth) struct Browsers(HashMap<Key, SignedIn>);

#[derive(Clone, Debug)]
struct SignedIn {
    user: RecordId,
    last_used: Timestamp,
}

impl Browsers {
    /// Ends what everybody, or one user, has signed in to.
    pub(in crate::auth) fn sign_out(&mut self, user: Option<RecordId>) {
        self.0
            .retain(|_, signed_in| user.is_some_and(|user| user != signed_in.user));
    }
}

/// The browser that made a request.
#[derive(Debug)]
pub(super) struct Browser {
    cookie: Secret,
    is_new: bool,
    is_secure: bool,
}

impl Browser {
    /// Knows the browser of a request by its cookie, or gives it one.
    pub(super) fn of(request: &Parts) -> Self {
        let known = cookie(&request.headers);
        Self {
            is_new: known.is_none(),
            cookie: known.unwrap_or_else(|| Secret::random(43)),
            is_secure: Origin::of(request).is_secure(),
        }
    }

    /// The cookie, for a browser that has none yet.
    pub(super) fn new_cookie(&self) -> Option<HeaderValue> {
        self.is_new.then(|| self.cookie()).flatten()
    }

    fn cookie(&self) -> Option<HeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie = self.cookie.expose();
        let text = format!("{COOKIE_NAME}={cookie}; Path=/; HttpOnly; SameSite=Lax{secure}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What the forms of this browser's pages carry.
    pub(super) fn form_token(&self, auth: &AuthState) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, auth.form_key.expose().as_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, self.cookie.expose().as_bytes()))
    }

    /// Whether a form with this token was on a page of this browser's.
    pub(super) fn sent(&self, auth: &AuthState, token: Option<&str>) -> bool {
        !self.is_new && Secret::from(self.form_token(auth)).matches(token.unwrap_or_default())
    }

    /// Who is signed in.
    pub(super) fn member(&self, auth: &AuthState, now: Timestamp) -> Option<Arc<Member>> {
        let lifetime = auth.policies().session_lifetime();
        let key = key_of(self.cookie.expose());
        let mut live = auth.live();
        let signed_in = live.browsers.0.get_mut(&key)?;
        if !is_live(signed_in, now, lifetime) {
            live.browsers.0.remove(&key);
            return None;
        }
        signed_in.last_used = now;
        let user = signed_in.user;
        drop(live);
        auth.directory
            .by_id(user)
            .filter(|member| member.user.active)
    }

    /// Signs a user in, and gives the browser another cookie: nobody else can know it.
    pub(super) fn sign_in(
        self,
        auth: &AuthState,
        member: &Member,
        now: Timestamp,
    ) -> Option<HeaderValue> {
        let lifetime = auth.policies().session_lifetime();
        let cookie = Secret::random(43);
        let browsers = &mut auth.live().browsers.0;
        browsers.remove(&key_of(self.cookie.expose()));
        if browsers.len() >= SWEEP_AT {
            browsers.retain(|_, signed_in| is_live(signed_in, now, lifetime));
        }
        let signed_in = SignedIn {
            user: member.id,
            last_used: now,
        };
        browsers.insert(key_of(cookie.expose()), signed_in);
        Self { cookie, ..self }.cookie()
    }
}

fn is_live(signed_in: &SignedIn, now: Timestamp, lifetime: std::time::Duration) -> bool {
    let end = signed_in.last_used.checked_add(lifetime);
    now < end.unwrap_or(Timestamp::MAX)
}

fn cookie(headers: &HeaderMap) -> Option<Secret> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE_NAME && !value.is_empty())
        // One that was made up elsewhere is not taken for one of the org's: it would not be secret.
        .filter(|(_, value)| {
            value.len() == 43 && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        .map(|(_, value)| Secret::from(value))
}
