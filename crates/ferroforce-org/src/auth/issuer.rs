//! JWTs that the org signs: access tokens of apps that want them so, and id tokens.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as JsonValue, json};

use super::key::GeneratedKey;
use super::origin::Origin;
use super::secret::Secret;
use super::token::Grant;
use crate::id::RecordId;

/// How long an id token is good for.
const ID_TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(2);

/// What the org signs with: a key that is made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Issuer(OnceLock<GeneratedKey>);

/// Access tokens that say themselves what they are good for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JwtFormat<'a> {
    key: &'a GeneratedKey,
    origin: &'a Origin,
    organization: RecordId,
    /// How long a token is good for, in seconds.
    seconds: u64,
}

impl Issuer {
    /// Access tokens of this format, which begin to be made here.
    pub(super) fn format<'a>(
        &'a self,
        origin: &'a Origin,
        organization: RecordId,
        seconds: u64,
    ) -> JwtFormat<'a> {
        JwtFormat {
            key: self.key(),
            origin,
            organization,
            seconds,
        }
    }

    /// The token by which an app knows who has signed in.
    pub(super) fn id_token(
        &self,
        origin: &Origin,
        identity_url: &str,
        client_id: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Secret {
        let mut claims = json!({
            "iss": origin.instance_url(),
            "sub": identity_url,
            "aud": client_id,
            "iat": now.as_second(),
            "exp": end(now, ID_TOKEN_LIFETIME).as_second(),
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        self.key().jwt(
            &json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}),
            &claims,
        )
    }

    /// The public key, as `/id/keys` tells it.
    pub(super) fn key_set(&self) -> JsonValue {
        let (modulus, exponent) = self.key().public().numbers();
        let [modulus, exponent] = [modulus, exponent].map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({"keys": [{
            "kty": "RSA", "n": modulus, "e": exponent, "alg": "RS256", "use": "sig", "kid": KEY_ID,
        }]})
    }

    fn key(&self) -> &GeneratedKey {
        self.0.get_or_init(GeneratedKey::new)
    }
}

/// The only key that an org has.
const KEY_ID: &str = "1";

impl JwtFormat<'_> {
    /// A token and when it ends, which no use pushes out.
    pub(super) fn issue(&self, grant: &Grant, now: Timestamp) -> (Secret, Timestamp) {
        let seconds = i64::try_from(self.seconds).unwrap_or(i64::MAX);
        let ends_at = end(now, SignedDuration::from_secs(seconds));
        let instance = self.origin.instance_url();
        let header = json!({
            "alg": "RS256",
            "kid": KEY_ID,
            "tnk": format!("core/local/{}", self.organization),
            "tty": "sfdc-core-token",
            "typ": "JWT",
            "ver": "1.0",
        });
        let claims = json!({
            "aud": [instance],
            "client_id": grant.client_id,
            "exp": ends_at.as_second(),
            "iat": now.as_second(),
            "iss": instance,
            "jti": Secret::random(22).expose(),
            "mty": "oauth",
            "nbf": now.as_second(),
            "roles": [],
            "scp": grant.scopes.join(" "),
            "sub": format!("uid:{}", grant.user_id),
        });
        (self.key.jwt(&header, &claims), ends_at)
    }
}

fn end(now: Timestamp, lifetime: SignedDuration) -> Timestamp {
    now.checked_add(lifetime).unwrap_or(Timestamp::MAX)
}
