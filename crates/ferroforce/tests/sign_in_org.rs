//! Signing in as a user, on the local org, over real sockets: what comes of it,
//! how it goes on, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::time::Duration;

use ferroforce::auth::{
    AccessToken, AuthContext, AuthErrorKind, DeviceFlow, Environment, Grant, MemoryStore, Secret,
    Session, SubjectTokenType, TokenExchange, UsernamePassword, WebServer,
};
use ferroforce::{ErrorCode, ErrorKind, Salesforce};
use ferroforce_org::{ConnectedApp, LocalOrg};

const CALLBACK: &str = "http://localhost:1717/OauthRedirect";

/// An org with a public app and one that has a secret.
async fn org() -> LocalOrg {
    LocalOrg::builder()
        .app(
            ConnectedApp::new("public")
                .callback_urls([CALLBACK])
                .scopes(["api", "id", "refresh_token"])
                .require_pkce(true),
        )
        .app(
            ConnectedApp::new("confidential")
                .client_secret("s3cret")
                .callback_urls([CALLBACK])
                .scopes(["api", "id", "refresh_token"])
                .require_pkce(true),
        )
        .start()
        .await
        .unwrap()
}

fn web(org: &LocalOrg, client_id: &str) -> WebServer {
    WebServer::new(client_id, CALLBACK).login_url(org.url())
}

/// Signs in as the org's first user.
async fn sign_in(org: &LocalOrg, app: &WebServer) -> Grant {
    let begun = app.authorize().unwrap();
    let redirect = org.authorize(begun.url.as_str(), org.username()).unwrap();
    let cx = AuthContext::new().unwrap();
    app.finish(&cx, begun.pending, &redirect).await.unwrap()
}

fn client(session: impl Into<Session>) -> Salesforce {
    Salesforce::builder(session).build().unwrap()
}

fn tokens_asked_for(org: &LocalOrg) -> usize {
    let all = org.requests();
    let asked = all
        .iter()
        .filter(|request| request.path == "/services/oauth2/token");
    asked.count()
}

#[tokio::test]
async fn a_user_signs_in_by_browser_and_stays_signed_in() {
    let org = org().await;
    for app in [
        web(&org, "public"),
        web(&org, "confidential").client_secret("s3cret"),
    ] {
        let grant = sign_in(&org, &app).await;
        assert_eq!(grant.org_and_user().unwrap().1, org.user_id());
        let salesforce = client(grant);
        let asked = tokens_asked_for(&org);
        salesforce.limits().await.unwrap();
        assert_eq!(tokens_asked_for(&org), asked, "the token at hand serves");
        for _ in 0..2 {
            org.expire_tokens();
            salesforce.limits().await.unwrap();
        }
        assert_eq!(tokens_asked_for(&org), asked + 2, "each by a new token");
    }
}

#[tokio::test]
async fn what_salesforce_checks_of_a_code_is_checked() {
    let org = org().await;
    let cx = AuthContext::new().unwrap();
    let app = web(&org, "public");
    // A verifier of another sign-in.
    let (one, other) = (app.authorize().unwrap(), app.authorize().unwrap());
    let state = |url: &url::Url| {
        let state = url.query_pairs().find(|(name, _)| name == "state");
        state.unwrap().1.into_owned()
    };
    let redirect = org.authorize(one.url.as_str(), org.username()).unwrap();
    let forged = redirect.replace(&state(&one.url), &state(&other.url));
    let error = app.finish(&cx, other.pending, &forged).await.unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Refused, "{error}");
    assert!(error.description().contains("code verifier"), "{error}");

    // A code that was used.
    let begun = app.authorize().unwrap();
    let redirect = org.authorize(begun.url.as_str(), org.username()).unwrap();
    app.finish(&cx, begun.pending.clone(), &redirect)
        .await
        .unwrap();
    let error = app.finish(&cx, begun.pending, &redirect).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_grant"));

    // The secret of the app.
    let wrong = web(&org, "confidential").client_secret("wrong");
    let begun = wrong.authorize().unwrap();
    let redirect = org.authorize(begun.url.as_str(), org.username()).unwrap();
    let error = wrong
        .finish(&cx, begun.pending, &redirect)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("invalid_client"));

    // Another port is another redirect URI, so the browser does not come back.
    let begun = WebServer::new("public", "http://localhost:1718/OauthRedirect")
        .login_url(org.url())
        .authorize()
        .unwrap();
    assert_eq!(org.authorize(begun.url.as_str(), org.username()), None);
}

#[tokio::test]
async fn a_device_is_let_in_by_the_user_s_code() {
    let org = org().await;
    let cx = AuthContext::new().unwrap();
    let flow = DeviceFlow::new("public").login_url(org.url());
    for allow in [true, false] {
        let code = flow.start(&cx).await.unwrap();
        assert!(code.verification_uri().as_str().starts_with(&org.url()));
        assert!(org.decide_device(code.user_code(), org.username(), allow));
        // Only the wait between two questions takes no real time.
        tokio::time::pause();
        let waiting = tokio::spawn({
            let cx = cx.clone();
            async move { code.wait(&cx).await }
        });
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(5)).await;
        tokio::time::resume();
        let outcome = waiting.await.unwrap();
        if allow {
            let salesforce = client(outcome.unwrap());
            salesforce.limits().await.unwrap();
            org.expire_tokens();
            salesforce.limits().await.unwrap();
        } else {
            assert_eq!(outcome.unwrap_err().code(), Some("access_denied"));
        }
    }
}

#[tokio::test]
async fn a_token_of_an_identity_provider_is_exchanged() {
    let app = ConnectedApp::new("app")
        .client_secret("s3cret")
        .token_exchange("f0reign", "admin@org.example");
    let org = LocalOrg::builder().app(app).start().await.unwrap();
    let exchange = |token: &'static str| {
        let supply = move || async move { Ok(Secret::new(token)) };
        let flow = TokenExchange::new("app", SubjectTokenType::IdToken, supply);
        let flow = flow.client_secret("s3cret");
        let builder = Salesforce::builder(flow).org_url(org.url());
        builder.build().unwrap()
    };
    let salesforce = exchange("f0reign");
    salesforce.limits().await.unwrap();
    org.expire_tokens();
    salesforce.limits().await.unwrap();
    let error = exchange("nobody's").limits().await.unwrap_err();
    assert_eq!(
        error.auth().unwrap().code(),
        Some("invalid_grant"),
        "{error}"
    );
}

#[tokio::test]
async fn a_password_signs_in_where_that_is_still_allowed() {
    let org = LocalOrg::start().await.unwrap();
    let secret = org.client_secret().unwrap();
    let flow = |password: &str| {
        UsernamePassword::new(org.client_id(), secret, org.username(), password)
            .security_token(org.security_token())
            .login_url(org.url())
    };
    client(flow(org.password())).limits().await.unwrap();
    let error = client(flow("wrong")).limits().await.unwrap_err();
    let auth = error.auth().unwrap();
    assert_eq!(
        (auth.code(), auth.description()),
        (Some("invalid_grant"), "authentication failure")
    );
}

#[tokio::test]
async fn a_ready_token_works_until_it_ends_and_then_says_so() {
    let org = LocalOrg::start().await.unwrap();
    let token = AccessToken::new(org.access_token(), &org.url()).unwrap();
    let salesforce = client(token);
    salesforce.limits().await.unwrap();
    org.expire_tokens();
    let error = salesforce.limits().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
    assert_eq!(tokens_asked_for(&org), 0);
}

#[tokio::test]
async fn the_environment_tells_how_to_sign_in() {
    let org = LocalOrg::start().await.unwrap();
    let (url, key) = (org.url(), org.private_key_pem().unwrap());
    for flow in [
        "access-token",
        "jwt",
        "client-credentials",
        "password",
        "soap",
    ] {
        let environment = Environment::read_from(|name| {
            Some(match name {
                "SALESFORCE_FLOW" => flow.to_owned(),
                "SALESFORCE_URL" => url.clone(),
                "SALESFORCE_ACCESS_TOKEN" => org.access_token().to_owned(),
                "SALESFORCE_CLIENT_ID" => org.client_id().to_owned(),
                "SALESFORCE_CLIENT_SECRET" => org.client_secret()?.to_owned(),
                "SALESFORCE_USERNAME" => org.username().to_owned(),
                "SALESFORCE_PASSWORD" => org.password().to_owned(),
                "SALESFORCE_SECURITY_TOKEN" => org.security_token().to_owned(),
                "SALESFORCE_PRIVATE_KEY" => key.to_owned(),
                _ => return None,
            })
        });
        let salesforce = environment.unwrap().client().build().unwrap();
        salesforce
            .limits()
            .await
            .unwrap_or_else(|error| panic!("{flow}: {error}"));
    }
}

#[tokio::test]
async fn who_has_signed_in_is_told_by_every_flow_s_token() {
    let org = org().await;
    let soap = ferroforce::auth::SoapLogin::new(org.username(), org.password())
        .security_token(org.security_token())
        .login_url(org.url());
    for session in [
        Session::from(sign_in(&org, &web(&org, "public")).await),
        Session::new(soap),
    ] {
        let salesforce = client(session);
        let user = salesforce.user_info().await.unwrap();
        assert_eq!(user.user_id, org.user_id());
        assert_eq!(user.organization_id, org.org_id());
        assert_eq!(user.preferred_username.as_deref(), Some(org.username()));
        let identity = salesforce.identity().await.unwrap();
        assert_eq!(identity.username.as_deref(), Some(org.username()));
        assert_eq!(identity.asserted_user, Some(true));
        assert!(identity.urls["rest"].contains("{version}"));
    }
}

#[tokio::test]
async fn an_ended_session_is_renewed_where_it_is_turned_down_with_a_word() {
    let org = org().await;
    let salesforce = client(sign_in(&org, &web(&org, "public")).await);
    org.expire_tokens();
    salesforce.user_info().await.unwrap();
    org.expire_tokens();
    salesforce.identity().await.unwrap();
    assert_eq!(tokens_asked_for(&org), 3);

    let token = AccessToken::new("00D!nobody", &org.url()).unwrap();
    let error = client(token).user_info().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
}

#[tokio::test]
async fn an_app_learns_of_its_own_tokens() {
    let org = org().await;
    let app = web(&org, "confidential").client_secret("s3cret");
    let grant = sign_in(&org, &app).await;
    let refresh_token = grant.refresh_token().unwrap().clone();
    let access_token = grant.access_token().secret().clone();
    let salesforce = client(grant);
    for (token, kind) in [
        (&access_token, "access_token"),
        (&refresh_token, "refresh_token"),
    ] {
        let about = salesforce
            .introspect(token, "confidential", "s3cret")
            .await
            .unwrap();
        assert!(about.active);
        assert_eq!(about.token_type.as_deref(), Some(kind));
        assert_eq!(about.username.as_deref(), Some(org.username()));
        assert_eq!(about.expires_at().is_some(), kind == "access_token");
    }
    let unknown = Secret::new("nothing");
    let about = salesforce
        .introspect(&unknown, "confidential", "s3cret")
        .await
        .unwrap();
    assert!(!about.active);
    let error = salesforce
        .introspect(&access_token, "confidential", "wrong")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn a_logout_ends_the_session_for_all_who_share_it() {
    let org = org().await;
    let store = MemoryStore::new();
    let flow = sign_in(&org, &web(&org, "public"))
        .await
        .refresh_flow()
        .unwrap();
    let program = || {
        let flow = flow.clone().user("ada");
        client(Session::builder(flow).store(store.clone()).build())
    };
    let (one, other) = (program(), program());
    one.limits().await.unwrap();
    other.limits().await.unwrap();
    one.log_out().await.unwrap();
    for salesforce in [&one, &other, &program()] {
        let error = salesforce.limits().await.unwrap_err();
        assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
    }
    assert_eq!(tokens_asked_for(&org), 1, "nothing dead was used");
    one.log_out().await.unwrap();
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_its_sessions_along() {
    let org = org().await;
    let grant = sign_in(&org, &web(&org, "public")).await;
    let refresh_token = grant.refresh_token().unwrap().clone();
    let bystander = client(AccessToken::new(org.access_token(), &org.url()).unwrap());
    let salesforce = client(grant.access_token().clone());
    salesforce.limits().await.unwrap();
    bystander.revoke(&refresh_token).await.unwrap();
    let error = salesforce.limits().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
    let error = bystander.revoke(&refresh_token).await.unwrap_err();
    assert!(error.auth().unwrap().code().is_some());
    assert_ne!(error.code(), Some(&ErrorCode::InvalidSessionId));
}
