//! The built-in flows on a scripted network.

use std::time::Duration;

use http::{Method, StatusCode};

use super::*;
use crate::client::{Salesforce, SalesforceBuilder};
use crate::error::Error;
use crate::script::{ORG, Reply, Script, builder, form};

const GRANTED: &str = r#"{"access_token":"00D!token","instance_url":"https://acme.my.salesforce.com",
    "id":"https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA","token_type":"Bearer",
    "issued_at":"1728399904705","signature":"x"}"#;

fn xml(status: u16, body: &str) -> Reply {
    Reply::Answer(
        StatusCode::from_u16(status).unwrap(),
        vec![("content-type", "text/xml;charset=UTF-8".into())],
        body.to_owned().into(),
    )
}

fn fault(code: &str, message: &str) -> Reply {
    xml(
        500,
        &format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"urn:fault.partner.soap.sforce.com\">\
             <soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>\
             <detail><sf:LoginFault><sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>\
             </sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        ),
    )
}

fn session(server: &str, more: &str) -> Reply {
    xml(
        200,
        &format!(
            "<?xml version=\"1.0\"?><soapenv:Envelope xmlns=\"urn:partner.soap.sforce.com\"><soapenv:Body><loginResponse><result>\
             <passwordExpired>false</passwordExpired><serverUrl>{server}</serverUrl><sessionId>00D!a&amp;b&#33;</sessionId>{more}\
             </result></loginResponse></soapenv:Body></soapenv:Envelope>"
        ),
    )
}

async fn token(builder: SalesforceBuilder) -> Result<AccessToken, AuthError> {
    let salesforce: Salesforce = builder.build().unwrap();
    salesforce
        .access_token()
        .await
        .map_err(|error: Error| error.auth().cloned().unwrap())
}

#[tokio::test(start_paused = true)]
async fn client_credentials_ask_at_my_domain() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let auth = ClientCredentials::new("id&1", "secret=2");
    let token = token(builder(auth, &script).org_url(ORG)).await.unwrap();
    assert_eq!(token.secret().expose(), "00D!token");
    assert_eq!(
        token.org_and_user(),
        Some(("00D000000000001EAA", "005000000000001AAA"))
    );
    let sent = &script.sent()[0];
    assert_eq!(
        (&sent.method, sent.uri.to_string()),
        (&Method::POST, format!("{ORG}/services/oauth2/token"))
    );
    assert!(sent.token().is_none());
    let form = form(&script, 0);
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(
        (&*form["client_id"], &*form["client_secret"]),
        ("id&1", "secret=2")
    );
}

#[tokio::test(start_paused = true)]
async fn client_credentials_without_an_org_url_are_refused_before_sending() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let error = token(builder(ClientCredentials::new("id", "secret"), &script))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
    assert!(error.to_string().contains("My Domain"));
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn empty_credentials_are_refused_before_sending() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let builders = [
        builder(ClientCredentials::new("", "secret"), &script),
        builder(ClientCredentials::new("id", " "), &script),
        builder(SoapLogin::new("", "password"), &script),
        builder(SoapLogin::new("user", ""), &script),
    ];
    for builder in builders {
        let error = token(builder.org_url(ORG)).await.unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn credentials_do_not_travel_over_plain_http() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    for url in [
        "http://login.example.com",
        "ftp://x",
        "https://user:pw@x.example.com",
        "::",
    ] {
        let auth = ClientCredentials::new("id", "secret").login_url(url);
        let error = token(builder(auth, &script).org_url(ORG))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Misconfigured, "{url}");
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn oauth_errors_are_final_told_in_full_and_asked_for_once() {
    let cases = [
        ("invalid_grant", "authentication failure", "security token"),
        (
            "invalid_grant",
            "user hasn't approved this consumer",
            "pre-authorized",
        ),
        (
            "invalid_grant",
            "no client credentials user enabled",
            "Run As",
        ),
        (
            "invalid_grant",
            "client credentials flow not enabled",
            "policies",
        ),
        (
            "invalid_grant",
            "request not supported on this domain",
            "My Domain",
        ),
        ("invalid_grant", "ip restricted", "IP"),
        (
            "invalid_grant",
            "expired access/refresh token",
            "sign in again",
        ),
        ("invalid_grant", "login rate exceeded", "Session"),
        (
            "invalid_app_access",
            "user is not admin approved to access this app",
            "pre-authorized",
        ),
        (
            "invalid_client_id",
            "client identifier invalid",
            "client id",
        ),
        ("invalid_client", "invalid client credentials", "secret"),
        (
            "unsupported_grant_type",
            "grant type not supported",
            "switched off",
        ),
        (
            "invalid_client",
            "app must be installed into org",
            "installed",
        ),
        (
            "OAUTH_EC_APP_NOT_FOUND",
            "External client app not found",
            "External Client App",
        ),
        ("inactive_user", "user is inactive", "deactivated"),
        ("inactive_org", "organization is inactive", "closed"),
        ("invalid_grant", "ip restricted by app developer", "IP"),
        ("invalid_grant", "invalid assertion", "certificate"),
        ("something_new", "unheard of", ""),
    ];
    for (code, description, advice) in cases {
        for status in [400, 401, 500, 503] {
            let body = serde_json::json!({"error": code, "error_description": description});
            let script = Script::replies([Reply::json(status, &body.to_string())]);
            let auth = ClientCredentials::new("id", "secret");
            let error = token(builder(auth, &script).org_url(ORG))
                .await
                .unwrap_err();
            assert_eq!(script.count(), 1, "{code} with {status}");
            assert_eq!(
                (error.code(), error.description()),
                (Some(code), description)
            );
            assert!(!error.is_transient());
            assert!(error.to_string().contains(advice), "{advice} in {error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn some_refusals_pass_by_themselves() {
    for (code, description) in [
        ("invalid_grant", "token request is already being processed"),
        ("server_error", ""),
        ("temporarily_unavailable", ""),
        ("rate_limit_exceeded", "slow down"),
    ] {
        let body = serde_json::json!({"error": code, "error_description": description});
        let script = Script::replies([Reply::json(400, &body.to_string())]);
        let auth = ClientCredentials::new("id", "secret");
        let error = token(builder(auth, &script).org_url(ORG))
            .await
            .unwrap_err();
        assert!(error.is_transient(), "{code}");
    }
}

/// What answers may repeat what it was sent.
#[tokio::test(start_paused = true)]
async fn a_gateway_that_echoes_the_request_is_not_quoted() {
    let echo = Reply::Answer(
        StatusCode::FORBIDDEN,
        vec![("content-type", "text/html".into())],
        "<p>blocked: client_secret=s3cret</p>".into(),
    );
    let auth = ClientCredentials::new("id", "s3cret");
    let error = token(builder(auth, &Script::replies([echo])).org_url(ORG))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
}

/// Half a fault may be a fault, so the password is not submitted again.
#[tokio::test(start_paused = true)]
async fn a_503_whose_body_broke_is_not_taken_for_unlooked_at() {
    let cut = Reply::Cut(StatusCode::SERVICE_UNAVAILABLE, "<soapenv:Envelope".into());
    let script = Script::replies([cut, session("https://acme.my.salesforce.com/x", "")]);
    token(builder(SoapLogin::new("u", "p"), &script))
        .await
        .unwrap_err();
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_without_an_org_is_none() {
    let script = Script::replies([Reply::json(200, r#"{"access_token":"00D!x"}"#)]);
    let auth = ClientCredentials::new("id", "secret");
    let error = token(builder(auth, &script).org_url(ORG))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Unclear);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_hangs_is_tried_again_within_its_deadline() {
    let script = Script::replies([Reply::Never, Reply::json(200, GRANTED)]);
    let auth = ClientCredentials::new("id", "secret");
    token(builder(auth, &script).org_url(ORG)).await.unwrap();
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_did_not_get_through_is_transient_or_unclear() {
    use crate::transport::TransportErrorKind::{Connect, Interrupted};
    let cases = [
        (Reply::Fail(Connect), AuthErrorKind::Unavailable, 4),
        (Reply::html(503), AuthErrorKind::Unavailable, 4),
        (Reply::Fail(Interrupted), AuthErrorKind::Unavailable, 4),
        (Reply::html(404), AuthErrorKind::Misconfigured, 1),
        (Reply::json(200, "{}"), AuthErrorKind::Unclear, 1),
        (Reply::html(200), AuthErrorKind::Unclear, 1),
        (
            Reply::json(200, r#"{"access_token":"00D!half"#),
            AuthErrorKind::Unclear,
            1,
        ),
    ];
    for (reply, kind, sent) in cases {
        let script = Script::replies([reply]);
        let auth = ClientCredentials::new("id", "secret");
        let error = token(builder(auth, &script).org_url(ORG))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), script.count()), (kind, sent), "{error}");
        assert!(!format!("{error:?} {error}").contains("00D!half"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_renews_in_time() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let auth = ClientCredentials::new("id", "secret").timeout(Duration::from_secs(900));
    let token = token(builder(auth, &script).org_url(ORG)).await.unwrap();
    let left = token
        .expiry()
        .unwrap()
        .duration_since(std::time::SystemTime::now())
        .unwrap();
    assert!(
        left > Duration::from_secs(890) && left <= Duration::from_secs(901),
        "{left:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn soap_login_speaks_64_whatever_the_client_speaks() {
    let script = Script::replies([session(
        "https://acme.my.salesforce.com/services/Soap/u/64.0/00D",
        "<userInfo><sessionSecondsValid>7200</sessionSecondsValid></userInfo>",
    )]);
    let auth = SoapLogin::new("us<er&@acme.com", "p\"w<'>&").security_token("t&k");
    let token = token(builder(auth, &script).version("66")).await.unwrap();
    assert_eq!(token.secret().expose(), "00D!a&b!", "entities are read");
    assert!(token.expiry().is_some());
    let sent = &script.sent()[0];
    assert_eq!(
        sent.uri.to_string(),
        "https://login.salesforce.com/services/Soap/u/64.0"
    );
    assert_eq!(sent.headers["soapaction"], "login");
    let body = std::str::from_utf8(&sent.body).unwrap();
    assert!(body.contains("us&lt;er&amp;@acme.com"), "{body}");
    assert!(
        body.contains("p&quot;w&lt;&apos;&gt;&amp;t&amp;k"),
        "escaped, token appended: {body}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_submitted_once_also_when_the_fault_comes_as_http_500() {
    for status in [500, 503, 200, 400] {
        let Reply::Answer(_, headers, body) = fault(
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
        ) else {
            unreachable!()
        };
        let reply = Reply::Answer(StatusCode::from_u16(status).unwrap(), headers, body);
        let script = Script::replies([reply]);
        let error = token(builder(SoapLogin::new("u", "wrong"), &script))
            .await
            .unwrap_err();
        assert_eq!(script.count(), 1, "{status}");
        assert_eq!(error.code(), Some("INVALID_LOGIN"));
        assert!(!error.is_transient());
        assert!(error.to_string().contains("security token"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_submitted_again_only_where_it_was_not_looked_at() {
    use crate::transport::TransportErrorKind::{Connect, Interrupted, Timeout};
    let good = || {
        session(
            "https://acme.my.salesforce.com/services/Soap/u/64.0/00D",
            "",
        )
    };
    let cases = [
        (Reply::Fail(Connect), true),
        (Reply::html(503), true),
        (Reply::html(500), false),
        (Reply::html(502), false),
        (Reply::Fail(Timeout), false),
        (Reply::Fail(Interrupted), false),
    ];
    for (first, repeated) in cases {
        let script = Script::replies([first, good()]);
        let outcome = token(builder(SoapLogin::new("u", "p"), &script)).await;
        assert_eq!(outcome.is_ok(), repeated, "{outcome:?}");
        assert_eq!(script.count(), 1 + usize::from(repeated));
    }
}

#[tokio::test(start_paused = true)]
async fn soap_faults_say_what_to_do() {
    let cases = [
        ("LOGIN_MUST_USE_SECURITY_TOKEN", "security token"),
        ("UNSUPPORTED_API_VERSION", "ClientCredentials"),
        ("API_DISABLED_FOR_ORG", "switched off"),
        ("PASSWORD_LOCKOUT", "unlock"),
        ("LOGIN_DURING_RESTRICTED_DOMAIN", "IP address"),
        ("LOGIN_CHALLENGE_ISSUED", "confirmed"),
        ("LOGIN_DURING_RESTRICTED_TIME", "hour"),
        ("ORG_LOCKED", "locked"),
        ("TRIAL_EXPIRED", "trial"),
        ("INVALID_SSO_GATEWAY_URL", "gateway"),
        ("FUNCTIONALITY_NOT_ENABLED", "switched off"),
        ("REQUEST_LIMIT_EXCEEDED", "Session"),
        ("SOMETHING_NEW", ""),
    ];
    for (code, advice) in cases {
        let script = Script::replies([fault(code, "words")]);
        let error = token(builder(SoapLogin::new("u", "p"), &script))
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.description()), (Some(code), "words"));
        assert!(error.to_string().contains(advice), "{error}");
    }
    let plain = xml(
        500,
        "<e><faultcode>INVALID_LOGIN</faultcode><faultstring>a\nb</faultstring></e>",
    );
    let error = token(builder(SoapLogin::new("u", "p"), &Script::replies([plain])))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.description()),
        (Some("INVALID_LOGIN"), "a\nb")
    );
}

#[tokio::test(start_paused = true)]
async fn odd_soap_answers() {
    let ok = |server| {
        token(builder(
            SoapLogin::new("u", "p"),
            &Script::replies([session(server, "")]),
        ))
    };
    let old = ok("https://na12-api.salesforce.com/services/Soap/u/23.0/00D")
        .await
        .unwrap();
    assert_eq!(old.origin(), "https://na12.salesforce.com");
    // A My Domain may end so by its own choice: stripped, it is another customer's.
    let own = ok("https://acme-api.my.salesforce.com/services/Soap/u/64.0/00D")
        .await
        .unwrap();
    assert_eq!(own.origin(), "https://acme-api.my.salesforce.com");
    for server in ["", "not a url", "http://evil.example/x", "ftp://x/y"] {
        ok(server).await.unwrap_err();
    }
    let expired = session(
        "https://a.my.salesforce.com/x",
        "<passwordExpired>true</passwordExpired>",
    );
    let Reply::Answer(status, headers, body) = expired else {
        unreachable!()
    };
    let body = String::from_utf8(body.to_vec())
        .unwrap()
        .replace("<passwordExpired>false</passwordExpired>", "");
    let script = Script::replies([Reply::Answer(status, headers, body.into())]);
    let error = token(builder(SoapLogin::new("u", "p"), &script))
        .await
        .unwrap_err();
    assert_eq!(
        error.code(),
        Some("INVALID_OPERATION_WITH_EXPIRED_PASSWORD")
    );
    for body in [
        "",
        "<",
        "<a><b></a>",
        "&bogus;",
        "<sessionId>&bogus;</sessionId>",
        "\u{0}",
    ] {
        let script = Script::replies([xml(200, body)]);
        let error = token(builder(SoapLogin::new("u", "p"), &script))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unclear, "{body:?}");
    }
}

#[cfg(feature = "jwt")]
mod jwt {
    use super::*;

    fn flow() -> JwtBearer {
        let key =
            PrivateKey::from_pem_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/pkcs8.pem"));
        JwtBearer::new("client", "user@acme.com", key.unwrap())
    }

    fn claims(script: &Script, number: usize) -> serde_json::Value {
        use base64::Engine;
        let form = form(script, number);
        let assertion = form["assertion"].clone();
        let claims = assertion.split('.').nth(1).unwrap().to_owned();
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(claims)
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_assertion_names_app_user_and_audience() {
        for (org, audience) in [
            (ORG, "https://login.salesforce.com"),
            (
                "https://acme--uat.sandbox.my.salesforce.com",
                "https://test.salesforce.com",
            ),
        ] {
            let script = Script::replies([Reply::json(200, &GRANTED.replace(ORG, org))]);
            token(builder(flow(), &script).org_url(org)).await.unwrap();
            let claims = claims(&script, 0);
            assert_eq!(
                (claims["iss"].as_str(), claims["sub"].as_str()),
                (Some("client"), Some("user@acme.com"))
            );
            assert_eq!(claims["aud"].as_str(), Some(audience));
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            let ahead = claims["exp"].as_u64().unwrap() - now.as_secs();
            assert!((120..=180).contains(&ahead), "{ahead}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_audience_is_tried_once_and_the_error_names_both() {
        let refused = || {
            Reply::json(
                400,
                r#"{"error":"invalid_grant","error_description":"Audience validation failed"}"#,
            )
        };
        let script = Script::replies([refused(), Reply::json(200, GRANTED)]);
        token(builder(flow(), &script).org_url(ORG)).await.unwrap();
        assert_eq!(claims(&script, 1)["aud"], "https://test.salesforce.com");

        let script = Script::replies([refused()]);
        let error = token(builder(flow(), &script).org_url(ORG))
            .await
            .unwrap_err();
        assert_eq!(script.count(), 2);
        let text = error.to_string();
        assert!(
            text.contains("login.salesforce.com") && text.contains("test.salesforce.com"),
            "{text}"
        );

        let script = Script::replies([refused()]);
        let chosen = flow().audience("https://site.force.com/customers");
        token(builder(chosen, &script).org_url(ORG))
            .await
            .unwrap_err();
        assert_eq!(
            script.count(),
            1,
            "an audience of the user's own is not second-guessed"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn each_attempt_is_signed_anew() {
        let wait = Reply::html(503).header("retry-after", "30");
        let script = Script::replies([wait, Reply::json(200, GRANTED)]);
        token(builder(flow(), &script).org_url(ORG)).await.unwrap();
        let (first, second) = (claims(&script, 0), claims(&script, 1));
        assert_eq!(
            second["exp"].as_u64().unwrap() - first["exp"].as_u64().unwrap(),
            30
        );
    }
}

#[test]
fn tokens_in_jwt_format_tell_when_they_expire() {
    use base64::Engine;
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let jwt = format!("{}.{}.sig", part("{}"), part(r#"{"exp":4102444800}"#));
    let token = AccessToken::new(jwt, ORG).unwrap();
    let expiry = token
        .expiry()
        .unwrap()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert_eq!(expiry.as_secs(), 4_102_444_800);
    for opaque in [
        "00D!abc",
        "a.b.c",
        "a.b",
        &format!("x.{}.y", part("[]")),
        &format!("x.{}.y", part(r#"{"exp":18446744073709551615}"#)),
    ] {
        assert_eq!(
            AccessToken::new(opaque, ORG).unwrap().expiry(),
            None,
            "{opaque}"
        );
    }
}

#[test]
fn tokens_go_only_where_they_are_safe() {
    for (token, url) in [
        ("", ORG),
        ("with blank", ORG),
        ("line\nbreak", ORG),
        ("t", "http://acme.my.salesforce.com"),
        ("t", "ftp://acme.my.salesforce.com"),
        ("t", "acme"),
        ("t", "https://"),
    ] {
        AccessToken::new(token, url).unwrap_err();
    }
    for url in [
        "http://localhost:8080/",
        "http://127.0.0.1",
        "http://[::1]:80/x",
        ORG,
    ] {
        AccessToken::new("t", url).unwrap();
    }
}
