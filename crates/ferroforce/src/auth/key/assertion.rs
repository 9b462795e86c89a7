//! JSON Web Tokens that ask for an access token.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use super::PrivateKey;
use crate::Error;

/// What a JWT bearer sign-in asserts.
#[derive(Serialize)]
pub(crate) struct Claims<'a> {
    /// The client id of the app.
    pub(crate) iss: &'a str,
    /// The user's name.
    pub(crate) sub: &'a str,
    /// Whom the assertion is for.
    pub(crate) aud: &'a str,
    /// When it ends, in seconds since 1970.
    pub(crate) exp: u64,
}

impl PrivateKey {
    /// The claims, signed by RS256.
    pub(crate) fn assertion(&self, claims: &Claims<'_>) -> Result<String, Error> {
        let claims = serde_json::to_vec(claims).map_err(|error| {
            Error::invalid_input("the claims of the JWT cannot be written").with_source(error)
        })?;
        let mut token = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.sign_rs256(token.as_bytes())?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}
