use axum::body::{Body, to_bytes};
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use jiff::SignedDuration;
use serde_json::Value;

use super::*;
use crate::admin::policies::Policies;
use crate::auth::ConnectedApp;
use crate::auth::oauth::tests::{
    answer, app, assertion, bearer, encode, granted, org_with, refused, token,
};

const OWN: &str = "http://127.0.0.1:8080";
const CALLBACK: &str = "http://localhost:1717/OauthRedirect";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn org() -> Arc<Org> {
    org_with(vec![app().callback_urls([CALLBACK])])
}

/// What a browser was answered.
#[derive(Debug)]
struct Seen {
    status: u16,
    location: String,
    html: String,
}

impl Seen {
    /// A parameter of the URL that the browser is sent to.
    fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.location, name)
    }

    /// A hidden field of the page's form.
    fn field(&self, name: &str) -> String {
        let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let (_, rest) = self.html.split_once(&start).expect("the field is there");
        let value = rest.split('"').next().unwrap();
        quick_xml::escape::unescape(value).unwrap().into_owned()
    }

    /// Where the page's form is sent to.
    fn action(&self) -> String {
        let (_, rest) = self.html.split_once("action=\"").expect("a form is there");
        let action = rest.split('"').next().unwrap();
        quick_xml::escape::unescape(action).unwrap().into_owned()
    }
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    Some(pairs.find(|(given, _)| given == name)?.1.into_owned())
}

/// A browser with a jar for one cookie.
struct Client<'a> {
    org: &'a Arc<Org>,
    cookie: Option<String>,
}

impl<'a> Client<'a> {
    fn new(org: &'a Arc<Org>) -> Self {
        Self { org, cookie: None }
    }

    async fn send(&mut self, mut request: http::request::Builder, body: String) -> Seen {
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, format!("other=1; {cookie}"));
        }
        let response = answer(self.org, request.body(Body::from(body)).unwrap()).await;
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (value, attributes) = cookie.split_once("; ").unwrap();
            assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax");
            self.cookie = Some(value.to_owned());
        }
        let location = response.headers().get(LOCATION);
        let location = location.map(|location| location.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let html = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Seen {
            status,
            location: location.unwrap_or_default(),
            html: String::from_utf8(html.to_vec()).unwrap(),
        }
    }

    async fn get(&mut self, path: &str) -> Seen {
        let request = Request::get(path).header(HOST, "127.0.0.1:8080");
        self.send(request, String::new()).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Seen {
        let request = Request::post(path)
            .header(HOST, "127.0.0.1:8080")
            .header(ORIGIN, OWN)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, encode(form)).await
    }

    /// Fills in the login page.
    async fn log_in(&mut self, page: &Seen, username: &str, password: &str) -> Seen {
        let (start, proof) = (page.field("startURL"), page.field("form_token"));
        let form = [
            ("startURL", start.as_str()),
            ("form_token", &proof),
            ("username", username),
            ("password", password),
        ];
        self.post(&page.action(), &form).await
    }

    /// Answers the consent page.
    async fn decide(&mut self, page: &Seen, decision: &str) -> Seen {
        let proof = page.field("form_token");
        let form = [("form_token", proof.as_str()), ("decision", decision)];
        self.post(&page.action(), &form).await
    }

    /// Opens a URL, logs in if asked to, and returns what is seen then.
    async fn open(&mut self, url: &str) -> Seen {
        let seen = self.get(url).await;
        if !seen.location.starts_with("/login") {
            return seen;
        }
        let page = self.get(&seen.location).await;
        let back = self.log_in(&page, "ada@example.com", "secret").await;
        assert_eq!(back.status, 303, "{}", back.html);
        self.get(&back.location).await
    }
}

fn url(change: &[(&str, &str)]) -> String {
    let basic = [
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let mut query: Vec<_> = basic
        .into_iter()
        .filter(|(name, _)| change.iter().all(|(changed, _)| changed != name))
        .collect();
    query.extend_from_slice(change);
    format!("/services/oauth2/authorize?{}", encode(&query))
}

fn exchange(code: &str) -> [(&str, &str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
        ("redirect_uri", CALLBACK),
        ("code", code),
        ("code_verifier", VERIFIER),
    ]
}

#[tokio::test]
async fn from_the_login_page_over_the_consent_page_to_the_app() {
    let org = org();
    let mut browser = Client::new(&org);
    let seen = browser
        .get(&url(&[("login_hint", "ada@example.com")]))
        .await;
    assert_eq!(seen.status, 303);
    assert!(
        seen.location.starts_with("/login?startURL="),
        "{}",
        seen.location
    );
    let page = browser.get(&seen.location).await;
    assert_eq!(page.status, 200);
    assert!(
        page.html
            .contains("value=\"ada@example.com\" autocomplete=\"username\"")
    );
    let anonymous = browser.cookie.clone().unwrap();

    let wrong = browser.log_in(&page, "ada@example.com", "wrong").await;
    assert_eq!(wrong.status, 403);
    assert!(
        wrong
            .html
            .contains("role=\"alert\">Check your username and password.")
    );
    // The password alone: a security token is for programs.
    let back = browser.log_in(&wrong, "ADA@example.com", "secret").await;
    assert_eq!(back.status, 303, "{}", back.html);
    assert_ne!(browser.cookie.as_ref(), Some(&anonymous));

    let page = browser.get(&back.location).await;
    assert_eq!(page.status, 200, "{}", page.location);
    for text in [
        "The app app asks to:",
        "APIs",
        "Ada Byron",
        CALLBACK,
        "oaapprove",
        "oadeny",
    ] {
        assert!(page.html.contains(text), "{text} in {}", page.html);
    }
    let done = browser.decide(&page, "approve").await;
    assert!(done.location.starts_with(&format!("{CALLBACK}?code=aPrx")));
    assert!(
        done.location.ends_with("%3D%3D&state=xyz"),
        "{}",
        done.location
    );

    let code = done.parameter("code").unwrap();
    let (status, body) = token(&org, &exchange(&code)).await;
    assert_eq!(status, 200, "{body}");
    let given: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(given["scope"], "api web refresh_token");
    assert_eq!(given["instance_url"], OWN);
    let access = given["access_token"].as_str().unwrap();
    assert!(org.auth.is_good(access, org.clock.now()));
    let refresh = given["refresh_token"].as_str().unwrap();
    let form = crate::auth::oauth::tests::refresh_form(refresh);
    let refreshed = granted(&org, &form).await;

    // From now on the browser is asked nothing.
    let again = browser.get(&url(&[])).await;
    assert!(again.location.starts_with(CALLBACK), "{}", again.location);

    // A code that comes again ends all that came of it.
    let spent = refused("invalid_grant", "expired authorization code");
    assert_eq!(token(&org, &exchange(&code)).await, spent);
    for token in [access, refreshed["access_token"].as_str().unwrap()] {
        assert!(!org.auth.is_good(token, org.clock.now()));
    }
    let refresh = refreshed["refresh_token"].as_str().unwrap();
    let form = crate::auth::oauth::tests::refresh_form(refresh);
    let expired = refused("invalid_grant", "expired access/refresh token");
    assert_eq!(token(&org, &form).await, expired);
}

#[tokio::test]
async fn who_denies_sends_the_app_away() {
    let org = org();
    let mut browser = Client::new(&org);
    let page = browser.open(&url(&[])).await;
    for decision in ["deny", "", "whatever"] {
        let done = browser.decide(&page, decision).await;
        let expected = "error=access_denied&error_description=end-user+denied+authorization";
        assert_eq!(done.location, format!("{CALLBACK}?{expected}&state=xyz"));
    }
}

#[tokio::test]
async fn a_code_is_exchanged_with_all_that_belongs_to_it() {
    let other = ConnectedApp::new("other").client_secret("x");
    let org = org_with(vec![app().callback_urls([CALLBACK]), other]);
    let ada = org.auth.directory.by_username("ada@example.com").unwrap();
    let code = || parameter(&authorize_as(&org, &url(&[]), &ada).unwrap(), "code").unwrap();
    let table = [
        (
            "client_secret",
            "wrong",
            refused("invalid_client", "invalid client credentials"),
        ),
        (
            "client_secret",
            "",
            refused("invalid_client", "invalid client credentials"),
        ),
        (
            "client_id",
            "nobody",
            refused("invalid_client_id", "client identifier invalid"),
        ),
        (
            "redirect_uri",
            "http://localhost:1718/OauthRedirect",
            refused(
                "redirect_uri_mismatch",
                "redirect_uri must match configuration",
            ),
        ),
        (
            "redirect_uri",
            "",
            refused(
                "redirect_uri_mismatch",
                "redirect_uri must match configuration",
            ),
        ),
        (
            "code_verifier",
            "wrong",
            refused("invalid_grant", "invalid code verifier"),
        ),
        (
            "code_verifier",
            "",
            refused("invalid_grant", "invalid code verifier"),
        ),
        (
            "code",
            "aPrx",
            refused("invalid_grant", "invalid authorization code"),
        ),
        ("code", "", refused("invalid_request", "code is required")),
    ];
    let good = code();
    for (name, value, expected) in table {
        let mut form = exchange(&good);
        let (_, changed) = form.iter_mut().find(|(given, _)| *given == name).unwrap();
        *changed = value;
        assert_eq!(token(&org, &form).await, expected, "{name}={value}");
    }
    let mut form = exchange(&good);
    (form[1].1, form[2].1) = ("other", "x");
    let unknown = refused("invalid_grant", "invalid authorization code");
    assert_eq!(token(&org, &form).await, unknown);
    // No mistake has spent it.
    granted(&org, &exchange(&good)).await;

    let late = code();
    org.clock.advance(SignedDuration::from_mins(15));
    let expired = refused("invalid_grant", "expired authorization code");
    assert_eq!(token(&org, &exchange(&late)).await, expired);
}

#[tokio::test]
async fn a_session_lasts_if_it_was_asked_to() {
    let org = org();
    let ada = org.auth.directory.by_username("ada@example.com").unwrap();
    let sent_to = authorize_as(&org, &url(&[("scope", "api")]), &ada).unwrap();
    let code = parameter(&sent_to, "code").unwrap();
    let given = granted(&org, &exchange(&code)).await;
    assert_eq!(
        (given["scope"].as_str(), given.get("refresh_token")),
        (Some("api"), None)
    );
}

#[tokio::test]
async fn a_secret_may_be_left_out_where_the_app_says_so() {
    let open = app().callback_urls([CALLBACK]).secret_for_web_flow(false);
    let org = org_with(vec![open]);
    let ada = org.auth.directory.by_username("ada@example.com").unwrap();
    let sent_to = authorize_as(&org, &url(&[]), &ada).unwrap();
    let code = parameter(&sent_to, "code").unwrap();
    let mut form = exchange(&code);
    form[2].1 = "wrong";
    let expected = refused("invalid_client", "invalid client credentials");
    assert_eq!(
        token(&org, &form).await,
        expected,
        "one that is sent must be right"
    );
    form[2].1 = "";
    granted(&org, &form).await;
}

#[tokio::test]
async fn forms_of_other_pages_do_nothing() {
    let org = org();
    let mut browser = Client::new(&org);
    let page = browser.open(&url(&[])).await;
    let action = page.action();
    let good = page.field("form_token");
    let mut other = Client::new(&org);
    let theirs = other.open(&url(&[])).await.field("form_token");
    for proof in ["", "x", theirs.as_str()] {
        let form = [("form_token", proof), ("decision", "approve")];
        let seen = browser.post(&action, &form).await;
        assert_eq!(
            (seen.status, seen.location.as_str()),
            (403, ""),
            "{proof:?}"
        );
    }
    let body = encode(&[("form_token", good.as_str()), ("decision", "approve")]);
    let headers = [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:3000"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("host", "evil.example"),
    ];
    for (name, value) in headers {
        let mut request = Request::post(&action).header(name, value);
        if name != "host" {
            request = request.header(HOST, "127.0.0.1:8080");
        }
        let seen = browser.send(request, body.clone()).await;
        assert_eq!(
            (seen.status, seen.location.as_str()),
            (403, ""),
            "{name}: {value}"
        );
    }
    // A browser that lost its cookie has lost its forms.
    let mut forgetful = Client::new(&org);
    let form = [("form_token", good.as_str()), ("decision", "approve")];
    assert_eq!(forgetful.post(&action, &form).await.status, 403);
    assert!(
        browser
            .decide(&page, "approve")
            .await
            .location
            .starts_with(CALLBACK)
    );
}

#[tokio::test]
async fn pages_are_shown_under_names_of_this_machine_only() {
    let org = org();
    for (host, expected) in [
        ("127.0.0.1:8080", 303),
        ("localhost:8080", 303),
        ("[::1]:8080", 303),
        ("acme.my.salesforce.com", 403),
        ("rebound.example:8080", 403),
    ] {
        let mut browser = Client::new(&org);
        let request = Request::get(url(&[])).header(HOST, host);
        let seen = browser.send(request, String::new()).await;
        assert_eq!(seen.status, expected, "{host}");
    }
    // A link is followed from wherever it was.
    let request = Request::get(url(&[]))
        .header(HOST, "localhost:8080")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(
        Client::new(&org).send(request, String::new()).await.status,
        303
    );
    let request = Request::put("/login").header(HOST, "localhost:8080");
    assert_eq!(
        Client::new(&org).send(request, String::new()).await.status,
        405
    );
}

#[tokio::test]
async fn an_app_may_ask_for_a_login_a_consent_or_no_page() {
    let org = org();
    let mut browser = Client::new(&org);
    let immediate = browser.get(&url(&[("immediate", "true")])).await;
    let unsuccessful = Some("immediate_unsuccessful");
    assert_eq!(immediate.parameter("error").as_deref(), unsuccessful);
    let page = browser.open(&url(&[])).await;
    let immediate = browser.get(&url(&[("immediate", "true")])).await;
    assert_eq!(immediate.parameter("error").as_deref(), unsuccessful);
    browser.decide(&page, "approve").await;
    let immediate = browser.get(&url(&[("immediate", "true")])).await;
    assert!(immediate.parameter("code").is_some());

    let login = browser.get(&url(&[("prompt", "login")])).await;
    assert!(login.location.starts_with("/login"), "{}", login.location);
    let done = browser.open(&url(&[("prompt", "login")])).await;
    assert!(done.parameter("code").is_some(), "the demand is met");
    let consent = browser.get(&url(&[("prompt", "consent")])).await;
    assert!(consent.html.contains("oaapprove"));
    let unsupported = browser.get(&url(&[("prompt", "none")])).await;
    assert_eq!(unsupported.status, 501);
}

#[tokio::test]
async fn mistakes_of_an_app_are_told_to_whom_they_can_be() {
    let org = org();
    let mut browser = Client::new(&org);
    let elsewhere = [("redirect_uri", "http://localhost:1717/other")];
    let seen = browser.get(&url(&elsewhere)).await;
    assert_eq!((seen.status, seen.location.as_str()), (400, ""));
    assert!(
        seen.html.contains("error=redirect_uri_mismatch"),
        "{}",
        seen.html
    );
    let seen = browser
        .get(&url(&[("code_challenge_method", "plain")]))
        .await;
    assert_eq!(seen.parameter("error").as_deref(), Some("invalid_request"));
    let request = Request::post(url(&[]))
        .header(HOST, "127.0.0.1:8080")
        .header("auth-request-type", "Named-User");
    assert_eq!(browser.send(request, String::new()).await.status, 501);
}

#[tokio::test]
async fn administrators_approve_for_others() {
    let mut known = app().callback_urls([CALLBACK]);
    known.approved_users = Some(vec!["ada@example.com".to_owned()]);
    let org = org_with(vec![known]);
    let done = Client::new(&org).open(&url(&[])).await;
    assert!(
        done.parameter("code").is_some(),
        "there is nothing to ask: {}",
        done.html
    );

    let closed = app()
        .callback_urls([CALLBACK])
        .admin_approved(["bob@example.com"]);
    let org = org_with(vec![closed]);
    let done = Client::new(&org).open(&url(&[])).await;
    assert_eq!(
        done.parameter("error").as_deref(),
        Some("invalid_app_access")
    );
    let ada = org.auth.directory.by_username("ada@example.com").unwrap();
    let sent_to = authorize_as(&org, &url(&[]), &ada).unwrap();
    assert!(sent_to.contains("error=invalid_app_access"), "{sent_to}");
}

#[tokio::test]
async fn who_has_consented_has_approved_the_jwt_flow_too() {
    let mut open = app().callback_urls([CALLBACK]).generated_key();
    open.approved_users = Some(Vec::new());
    let org = org_with(vec![open]);
    let unapproved = refused("invalid_grant", "user hasn't approved this consumer");
    assert_eq!(bearer(&org, &assertion(&org, &[])).await, unapproved);
    let mut browser = Client::new(&org);
    let page = browser.open(&url(&[])).await;
    browser.decide(&page, "approve").await;
    assert_eq!(bearer(&org, &assertion(&org, &[])).await.0, 200);
}

#[tokio::test]
async fn a_login_in_a_browser_ends() {
    let org = org();
    let mut browser = Client::new(&org);
    let is_logged_in = |seen: &Seen| seen.status == 200;
    assert!(is_logged_in(&browser.open(&url(&[])).await));
    let lifetime = SignedDuration::from_secs(7200);
    org.clock.advance(lifetime - SignedDuration::from_secs(1));
    assert!(is_logged_in(&browser.get(&url(&[])).await));
    org.clock.advance(lifetime - SignedDuration::from_secs(1));
    assert!(
        is_logged_in(&browser.get(&url(&[])).await),
        "each page pushes the end out"
    );
    org.clock.advance(lifetime);
    assert!(!is_logged_in(&browser.get(&url(&[])).await));

    assert!(is_logged_in(&browser.open(&url(&[])).await));
    let bob = org
        .auth
        .directory
        .by_username("bob@example.com")
        .unwrap()
        .id;
    org.auth.revoke_all(Some(bob));
    assert!(is_logged_in(&browser.get(&url(&[])).await));
    org.auth.revoke_all(None);
    assert!(!is_logged_in(&browser.get(&url(&[])).await));
}

#[tokio::test]
async fn the_login_page_tells_what_is_wrong_and_no_more() {
    let org = org();
    let mut browser = Client::new(&org);
    let page = browser.get("/login").await;
    let alone = browser.log_in(&page, "ada@example.com", "secret").await;
    assert!(alone.status == 200 && alone.html.contains("You are logged in as Ada Byron."));
    let page = browser
        .get("/login?startURL=https%3A%2F%2Fevil.example")
        .await;
    let stays = browser.log_in(&page, "ada@example.com", "secret").await;
    assert_eq!((stays.status, stays.location.as_str()), (200, ""));

    for (username, password) in [
        ("ada@example.com", "wrong"),
        ("ada@example.com", "tokensecret"),
        ("nobody@example.com", "secret"),
        ("gone@example.com", "secret"),
        ("", ""),
    ] {
        let page = browser.get("/login").await;
        let seen = browser.log_in(&page, username, password).await;
        assert_eq!(seen.status, 403);
        assert!(
            seen.html.contains("Check your username and password."),
            "{username}"
        );
    }
    let policies = |change: fn(&mut Policies)| {
        let mut policies = Policies::default();
        change(&mut policies);
        policies
    };
    org.auth
        .set_policies(policies(|policies| policies.logins_per_hour = 0));
    let page = browser.get("/login").await;
    let seen = browser.log_in(&page, "ada@example.com", "secret").await;
    assert!(seen.html.contains("too often"), "{}", seen.html);
    let ada = org.auth.directory.by_username("ada@example.com").unwrap();
    org.auth.set_policies(Policies::default());
    org.auth.set_locked(ada.id, true);
    let seen = browser.log_in(&page, "ada@example.com", "secret").await;
    assert!(seen.html.contains("locked out"), "{}", seen.html);
    org.auth.set_locked(ada.id, false);
    org.auth.set_password(&ada, "secret".into(), true);
    let seen = browser.log_in(&page, "ada@example.com", "secret").await;
    assert_eq!(seen.status, 501);
}

#[tokio::test]
async fn pages_are_safe_to_show() {
    let org = org();
    let request = Request::get("/login").header(HOST, "127.0.0.1:8080");
    let response = answer(&org, request.body(Body::empty()).unwrap()).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!(header("content-type"), "text/html;charset=UTF-8");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(
        response
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );

    let local = std::net::SocketAddr::from(([127, 0, 0, 1], 8080));
    let arrival = crate::http::Arrival {
        secure: true,
        local,
        peer: local.ip(),
    };
    let request = Request::get("/login").header(HOST, "127.0.0.1:8080");
    let service = crate::http::Service::new(crate::http::app(&org));
    let request = request.body(Body::empty()).unwrap();
    let response = service.answer(arrival, request).await;
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_restart_forgets_browsers_and_consents() {
    let org = org();
    let mut browser = Client::new(&org);
    let page = browser.open(&url(&[])).await;
    browser.decide(&page, "approve").await;
    org.auth.reset(org.clock.now());
    let seen = browser.get(&url(&[])).await;
    assert!(seen.location.starts_with("/login"), "{}", seen.location);
    let page = browser.open(&url(&[])).await;
    assert!(page.html.contains("oaapprove"));
}

#[tokio::test]
async fn the_code_of_a_device_is_entered_on_a_page() {
    let org = org();
    let form = [("response_type", "device_code"), ("client_id", "app")];
    let codes = granted(&org, &form).await;
    let user_code = codes["user_code"].as_str().unwrap().to_lowercase();
    let device = [
        ("grant_type", "device"),
        ("client_id", "app"),
        ("code", codes["device_code"].as_str().unwrap()),
    ];
    let mut browser = Client::new(&org);
    let page = browser.open("/setup/connect").await;
    assert!(page.html.contains("id=\"user_code\""), "{}", page.html);
    let proof = page.field("form_token");
    let entered = |code| [("form_token", proof.as_str()), ("user_code", code)];
    let wrong = browser.post(&page.action(), &entered("WRONG")).await;
    assert_eq!(wrong.status, 403);
    assert!(wrong.html.contains("No device waits for this code."));
    let consent = browser.post(&page.action(), &entered(&user_code)).await;
    assert!(consent.html.contains("oaapprove"), "{}", consent.html);
    assert_eq!(token(&org, &device).await.0, 400, "not yet");
    let decision = |decision| {
        let [proof, code] = entered(&user_code);
        [proof, code, ("decision", decision)]
    };
    let done = browser.post(&consent.action(), &decision("approve")).await;
    assert!(
        done.html.contains("The device is connected."),
        "{}",
        done.html
    );
    granted(&org, &device).await;

    let form = [("response_type", "device_code"), ("client_id", "app")];
    let codes = granted(&org, &form).await;
    let user_code = codes["user_code"].as_str().unwrap();
    let filled = browser
        .get(&format!("/setup/connect?user_code={user_code}"))
        .await;
    assert!(filled.html.contains(&format!("value=\"{user_code}\"")));
    let device = [
        ("grant_type", "device"),
        ("client_id", "app"),
        ("code", codes["device_code"].as_str().unwrap()),
    ];
    let form = [
        ("form_token", proof.as_str()),
        ("user_code", user_code),
        ("decision", "deny"),
    ];
    let done = browser.post("/setup/connect", &form).await;
    assert!(
        done.html.contains("The device is not connected."),
        "{}",
        done.html
    );
    let denied = refused("access_denied", "end-user denied authorization");
    assert_eq!(token(&org, &device).await, denied);

    let mut stranger = Client::new(&org);
    stranger.get("/login").await;
    let seen = stranger.get("/setup/connect?user_code=X").await;
    assert_eq!(
        seen.location,
        "/login?startURL=%2Fsetup%2Fconnect%3Fuser_code%3DX"
    );
}
