//! Authorization codes: what a browser takes from the consent page to the app.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::app::ConnectedApp;
use super::secret::Secret;
use super::state::AuthState;
use super::token::{Grant, Issued, Key, key_of};
use super::visit::Visit;

/// How long a code is good for.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// How long a code is remembered, so that its reuse is recognised.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(2);

/// Old codes are cleared out when there are this many.
const SWEEP_AT: usize = 1024;

/// What a code stands for.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) grant: Grant,
    /// Where the code was sent to, which must be named again.
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<Challenge>,
    /// What the id token is to repeat.
    pub(crate) nonce: Option<String>,
}

/// What a code was exchanged for.
#[derive(Debug)]
pub(crate) struct Redeemed {
    pub(crate) issued: Issued,
    pub(crate) nonce: Option<String>,
}

/// The S256 challenge of PKCE: whoever exchanges the code must know what it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge(Key);

impl Challenge {
    /// Reads the base64url of a SHA-256 digest.
    pub(crate) fn read(text: &str) -> Option<Self> {
        // Some clients pad it.
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        bytes.try_into().ok().map(Self)
    }

    fn is_met_by(&self, verifier: &str) -> bool {
        let digest = digest(&SHA256, verifier.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(digest.as_ref(), &self.0).is_ok()
    }
}

/// What comes with a code that is to be exchanged.
#[derive(Debug)]
pub(crate) struct Presented<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Option<&'a str>,
}

/// Why a code was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeRefused {
    /// Never issued, or issued to another app.
    Unknown,
    /// Past its time, or exchanged before: then what it gave is revoked.
    Spent,
    /// It was sent elsewhere.
    RedirectUri,
    /// The verifier is missing, wrong, or one too many.
    Verifier,
}

/// All codes that were issued lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes(HashMap<Key, Code>);

#[derive(Clone, Debug)]
struct Code {
    authorization: Authorization,
    issued_at: Timestamp,
    /// What it was exchanged for.
    given: Option<Issued>,
}

impl Codes {
    fn issue(&mut self, authorization: Authorization, now: Timestamp) -> Secret {
        if self.0.len() >= SWEEP_AT {
            self.0
                .retain(|_, code| now.duration_since(code.issued_at) < REMEMBERED);
        }
        let text = Secret::from(format!("aPrx{}==", Secret::random(72).expose()));
        let code = Code {
            authorization,
            issued_at: now,
            given: None,
        };
        self.0.insert(key_of(text.expose()), code);
        text
    }

    /// What a code was exchanged for.
    fn given(&self, code: &str) -> Option<Issued> {
        self.0.get(&key_of(code))?.given.clone()
    }

    /// The code, if it may be exchanged.
    fn find(
        &mut self,
        code: &str,
        presented: &Presented<'_>,
        now: Timestamp,
    ) -> Result<&mut Code, CodeRefused> {
        let Some(code) = self.0.get_mut(&key_of(code)) else {
            return Err(CodeRefused::Unknown);
        };
        let authorization = &code.authorization;
        if authorization.grant.client_id.as_deref() != Some(presented.client_id) {
            return Err(CodeRefused::Unknown);
        }
        if code.given.is_some() {
            return Err(CodeRefused::Spent);
        }
        if now.duration_since(code.issued_at) >= LIFETIME {
            return Err(CodeRefused::Spent);
        }
        if authorization.redirect_uri != presented.redirect_uri {
            return Err(CodeRefused::RedirectUri);
        }
        let proven = match (&authorization.challenge, presented.verifier) {
            (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
            (None, None) => true,
            // A verifier without a challenge means that somebody took the challenge away.
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !proven {
            return Err(CodeRefused::Verifier);
        }
        Ok(code)
    }
}

impl AuthState {
    /// Issues a code.
    pub(crate) fn issue_code(&self, authorization: Authorization, now: Timestamp) -> Secret {
        self.live().codes.issue(authorization, now)
    }

    /// Exchanges a code for a session, with a refresh token if it is to last. A code that comes
    /// again ends what it gave the first time.
    pub(crate) fn redeem(
        &self,
        code: &str,
        app: &ConnectedApp,
        presented: &Presented<'_>,
        visit: &Visit,
    ) -> Result<Redeemed, CodeRefused> {
        let terms = self.terms(Some(app), visit);
        let live = &mut *self.live();
        let found = live.codes.find(code, presented, visit.now);
        if found.as_ref().err() == Some(&CodeRefused::Spent) {
            let given = live.codes.given(code).into_iter();
            let tokens = given.flat_map(|given| [Some(given.access_token), given.refresh_token]);
            for token in tokens.flatten() {
                live.tokens.revoke(token.expose());
            }
            return Err(CodeRefused::Spent);
        }
        let code = found?;
        let grant = code.authorization.grant.clone();
        let issued = live.tokens.issue_granted(grant, &terms);
        code.given = Some(issued.clone());
        Ok(Redeemed {
            issued,
            nonce: code.authorization.nonce.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RecordId;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn authorization(challenge: Option<&str>) -> Authorization {
        Authorization {
            grant: Grant {
                user_id: RecordId::nth(*b"005", 1),
                client_id: Some("app".to_owned()),
                scopes: vec!["api".to_owned()],
            },
            redirect_uri: "https://app.example/callback".to_owned(),
            challenge: challenge.and_then(Challenge::read),
            nonce: None,
        }
    }

    #[test]
    fn a_code_is_taken_from_whom_it_was_given_to() {
        let good = ("app", "https://app.example/callback", Some(VERIFIER));
        let (app, uri, verifier) = good;
        let table = [
            (Some(CHALLENGE), good, 899, None),
            (Some(CHALLENGE), good, 900, Some(CodeRefused::Spent)),
            (
                Some(CHALLENGE),
                ("other", uri, verifier),
                0,
                Some(CodeRefused::Unknown),
            ),
            (
                Some(CHALLENGE),
                (app, "", verifier),
                0,
                Some(CodeRefused::RedirectUri),
            ),
            (
                Some(CHALLENGE),
                (app, "https://app.example/callback/", verifier),
                0,
                Some(CodeRefused::RedirectUri),
            ),
            (
                Some(CHALLENGE),
                (app, uri, None),
                0,
                Some(CodeRefused::Verifier),
            ),
            (
                Some(CHALLENGE),
                (app, uri, Some(CHALLENGE)),
                0,
                Some(CodeRefused::Verifier),
            ),
            (None, good, 0, Some(CodeRefused::Verifier)),
            (None, (app, uri, None), 0, None),
        ];
        for (challenge, (client_id, redirect_uri, verifier), second, expected) in table {
            let mut codes = Codes::default();
            let code = codes.issue(authorization(challenge), at(0));
            let presented = Presented {
                client_id,
                redirect_uri,
                verifier,
            };
            let outcome = codes.find(code.expose(), &presented, at(second));
            assert_eq!(
                outcome.err(),
                expected,
                "{challenge:?} {presented:?} {second}"
            );
        }
    }

    #[test]
    fn a_challenge_is_the_base64url_of_a_digest() {
        assert!(Challenge::read(CHALLENGE).unwrap().is_met_by(VERIFIER));
        assert_eq!(
            Challenge::read(&format!("{CHALLENGE}=")),
            Challenge::read(CHALLENGE)
        );
        for wrong in [
            "",
            "E9Mel",
            VERIFIER.get(..42).unwrap(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        ] {
            assert_eq!(Challenge::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn codes_look_like_codes_and_are_forgotten_in_the_end() {
        let mut codes = Codes::default();
        let code = codes.issue(authorization(None), at(0));
        assert!(code.expose().starts_with("aPrx") && code.expose().ends_with("=="));
        for _ in 0..SWEEP_AT {
            codes.issue(authorization(None), at(7200));
        }
        assert_eq!(codes.0.len(), SWEEP_AT);
    }
}
