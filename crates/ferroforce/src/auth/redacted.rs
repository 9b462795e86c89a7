//! What `sf` prints in the place of a secret, which is then taken for one.

use super::{AuthError, AuthErrorKind};

/// How `sf` begins what it prints instead of a secret.
const SENTINEL: &str = "[REDACTED]";

pub(super) const ACCESS_TOKEN: &str =
    "The token itself is shown by: sf org auth show-access-token -o ORG --no-prompt --json";
#[cfg(feature = "sf-cli")]
pub(super) const AUTH_URL: &str =
    "The URL itself is shown by: sf org auth show-sfdx-auth-url -o ORG --no-prompt --json";
pub(super) const PASSWORD: &str =
    "The password itself is shown by: sf org auth show-user-password -o ORG --no-prompt --json";

/// Refuses what stands for a secret and is none. `command` tells how to get it.
pub(super) fn refuse(secret: &str, command: &'static str) -> Result<(), AuthError> {
    if !secret.trim_start().starts_with(SENTINEL) {
        return Ok(());
    }
    Err(AuthError::new(
        AuthErrorKind::Misconfigured,
        format!(
            "instead of a secret there is the text {SENTINEL}, which sf prints where it hides one. \
             {command}"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{AccessToken, SoapLogin};
    use super::*;
    use crate::script::{ORG, Reply, Script, client};

    #[test]
    fn a_hidden_token_is_no_token() {
        let hidden = "[REDACTED] Use 'sf org auth show-access-token' to view";
        let error = AccessToken::new(hidden, ORG).unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
        assert!(
            error.to_string().contains("sf org auth show-access-token"),
            "{error}"
        );
        assert!(AccessToken::new("00D!REDACTED", ORG).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hidden_password_is_not_submitted() {
        let script = Script::replies([Reply::html(500)]);
        let hidden = "[REDACTED] Use 'sf org auth show-user-password' to view";
        let salesforce = client(SoapLogin::new("ada@example.com", hidden), &script);
        let error = salesforce.limits().await.unwrap_err();
        assert!(error.to_string().contains("show-user-password"), "{error}");
        assert_eq!(script.count(), 0);
    }
}
