use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{AuthError, AuthErrorKind, Secret};

/// 256 random bits as 43 characters that a URL takes as they are.
pub(super) fn random_text() -> Result<Secret, AuthError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        AuthError::new(
            AuthErrorKind::Misconfigured,
            format!("this machine gives no random numbers: {error}"),
        )
    })?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes).into())
}
