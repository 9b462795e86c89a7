//! Refresh tokens and token stores, as the local org sees them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::time::Duration;

use ferroforce::auth::{
    Auth, AuthError, AuthErrorKind, ClientCredentials, FileStore, MemoryStore, RefreshToken,
    Session,
};
use ferroforce::{Error, Salesforce};
use ferroforce_org::{Fault, LocalOrg};

fn refresh_token(org: &LocalOrg) -> RefreshToken {
    RefreshToken::new(org.client_id(), org.refresh_token())
        .client_secret(org.client_secret().unwrap())
        .user("ada")
}

fn client(org: &LocalOrg, session: Session) -> Salesforce {
    Salesforce::builder(session)
        .org_url(org.url())
        .build()
        .unwrap()
}

fn in_folder(org: &LocalOrg, auth: impl Auth, folder: &tempfile::TempDir) -> Salesforce {
    let store = FileStore::new(folder.path());
    client(org, Session::builder(auth).store(store).build())
}

fn token_requests(org: &LocalOrg) -> usize {
    let requests = org.requests();
    let tokens = requests
        .iter()
        .filter(|request| request.path == "/services/oauth2/token");
    tokens.count()
}

fn kind(outcome: Result<impl Sized, Error>) -> Option<AuthErrorKind> {
    outcome.err()?.auth().map(AuthError::kind)
}

/// The org revokes everything when a refresh token comes a second time.
#[tokio::test]
async fn a_session_lives_on_by_refresh_tokens_that_rotate() {
    let org = LocalOrg::start().await.unwrap();
    let session = Session::new(refresh_token(&org));
    let (one, two) = (client(&org, session.clone()), client(&org, session));
    for round in 1..=5 {
        let (first, second) = tokio::join!(one.limits().into_future(), two.limits().into_future());
        first.unwrap();
        second.unwrap();
        assert_eq!(token_requests(&org), round);
        org.advance_clock(Duration::from_secs(3 * 60 * 60));
    }
}

#[tokio::test]
async fn the_next_start_goes_on_where_the_last_one_ended() {
    let org = LocalOrg::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Its settings have the first refresh token each time, used up long since.
    let start = || in_folder(&org, refresh_token(&org), &folder);
    start().limits().await.unwrap();
    assert_eq!(token_requests(&org), 1);
    org.expire_tokens();
    start().limits().await.unwrap();
    assert_eq!(token_requests(&org), 2);
    start().limits().await.unwrap();
    assert_eq!(token_requests(&org), 2);
}

#[tokio::test]
async fn a_cold_start_with_a_stored_token_asks_the_login_endpoint_for_nothing() {
    let org = LocalOrg::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let auth = || ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    in_folder(&org, auth(), &folder).limits().await.unwrap();
    assert_eq!(token_requests(&org), 1);
    org.clear_requests();
    in_folder(&org, auth(), &folder).limits().await.unwrap();
    assert_eq!(org.requests().len(), 1, "the call itself, and nothing else");
    assert_eq!(token_requests(&org), 0);
}

#[tokio::test]
async fn a_lost_answer_is_one_clear_error_and_no_reuse() {
    let org = LocalOrg::start().await.unwrap();
    let store = MemoryStore::new();
    let share = || {
        Session::builder(refresh_token(&org))
            .store(store.clone())
            .build()
    };
    let (one, two) = (client(&org, share()), client(&org, share()));
    org.faults().add(Fault::lost_token());
    for _ in 0..2 {
        for client in [&one, &two] {
            assert_eq!(
                kind(client.limits().await),
                Some(AuthErrorKind::SignInAgain)
            );
        }
    }
    assert_eq!(token_requests(&org), 1);
}

#[tokio::test]
async fn a_refresh_that_is_under_way_elsewhere_passes() {
    let org = LocalOrg::start().await.unwrap();
    org.faults().add(Fault::refresh_under_way());
    let store = MemoryStore::new();
    let share = || {
        Session::builder(refresh_token(&org))
            .store(store.clone())
            .build()
    };
    let refused = client(&org, share()).limits().await;
    assert_eq!(kind(refused), Some(AuthErrorKind::Unavailable));
    client(&org, share()).limits().await.unwrap();
}

#[tokio::test]
async fn what_an_administrator_revoked_is_one_clear_error_and_no_loop() {
    let org = LocalOrg::start().await.unwrap();
    let client = client(&org, Session::new(refresh_token(&org)));
    client.limits().await.unwrap();
    org.revoke_tokens();
    org.clear_requests();
    for _ in 0..5 {
        let error = client.limits().await.unwrap_err();
        let auth = error.auth().unwrap();
        assert_eq!(auth.kind(), AuthErrorKind::SignInAgain);
        assert_eq!(auth.code(), Some("invalid_grant"));
        assert!(
            auth.advice()
                .is_some_and(|advice| advice.contains("sign in again"))
        );
    }
    assert_eq!(token_requests(&org), 1);
}

#[tokio::test]
async fn a_client_secret_that_is_wrong_does_not_use_the_refresh_token_up() {
    let org = LocalOrg::start().await.unwrap();
    let store = MemoryStore::new();
    let share = |auth| client(&org, Session::builder(auth).store(store.clone()).build());
    let wrong = share(refresh_token(&org).client_secret("wrong"));
    assert_eq!(kind(wrong.limits().await), Some(AuthErrorKind::Refused));
    share(refresh_token(&org)).limits().await.unwrap();
}
