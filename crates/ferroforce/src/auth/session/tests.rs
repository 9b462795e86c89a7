use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use super::*;
use crate::auth::{AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, SoapLogin};
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind};
use crate::script::{Counting, ORG, Reply, Script, Sent, builder, client};

fn ok() -> Reply {
    Reply::json(200, "{}")
}

async fn get(salesforce: &Salesforce) -> Result<(), Error> {
    salesforce
        .request(http::Method::GET, "/limits")
        .send()
        .await
        .map(drop)
}

fn soap_answer() -> Reply {
    Reply::Answer(
        http::StatusCode::OK,
        vec![("content-type", "text/xml".into())],
        "<Envelope><Body><loginResponse><result><serverUrl>https://acme.my.salesforce.com/services/Soap/u/64.0/00D</serverUrl>\
         <sessionId>00D!session</sessionId><userInfo><sessionSecondsValid>7200</sessionSecondsValid></userInfo></result>\
         </loginResponse></Body></Envelope>"
            .into(),
    )
}

/// The hard case of single flight: one permit, one thread, and a first login
/// attempt that fails.
#[tokio::test(start_paused = true)]
async fn a_thousand_cold_callers_make_one_login_with_one_permit_and_a_503() {
    let script = Script::new(|sent: &Sent, number| match number {
        0 => Reply::html(503),
        _ if sent.uri.path().contains("/Soap/") => soap_answer(),
        _ => ok(),
    });
    let auth = SoapLogin::new("user", "password");
    let salesforce = builder(auth, &script).concurrency_limit(1).build().unwrap();
    let all = join_all((0..1000).map(|_| get(&salesforce))).await;
    assert!(all.iter().all(Result::is_ok));
    let logins = script
        .sent()
        .iter()
        .filter(|sent| sent.uri.path().contains("/Soap/"))
        .count();
    assert_eq!(logins, 2, "the 503 and the one that worked");
    assert_eq!(script.most_at_once(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_cold_callers_make_one_login() {
    let script = Script::replies([Reply::After(Duration::from_millis(10), Box::new(ok()))]);
    let auth = Counting::tokens();
    let salesforce = client(auth.clone(), &script);
    let all = join_all((0..1000).map(|_| get(&salesforce))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(auth.sign_ins(), 1);
    assert_eq!(script.most_at_once(), 100, "the concurrency limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn single_flight_holds_across_threads() {
    let script = Script::replies([ok()]);
    let auth = Counting::tokens();
    let salesforce = client(auth.clone(), &script);
    let tasks = (0..200).map(|_| {
        let salesforce = salesforce.clone();
        tokio::spawn(async move { get(&salesforce).await })
    });
    for task in join_all(tasks).await {
        task.unwrap().unwrap();
    }
    assert_eq!(auth.sign_ins(), 1);
}

/// The org turns down every token but the newest.
fn only_accepts(auth: &Counting) -> Script {
    let auth = auth.clone();
    Script::new(move |sent, _| {
        let newest = format!("token-{}", auth.sign_ins());
        let good = sent.token() == Some(&newest) && auth.sign_ins() > 1;
        let reply = if good { ok() } else { Reply::expired() };
        Reply::After(Duration::from_millis(10), Box::new(reply))
    })
}

#[tokio::test(start_paused = true)]
async fn fifty_stale_401s_make_one_refresh() {
    let auth = Counting::tokens();
    let script = only_accepts(&auth);
    let salesforce = client(auth.clone(), &script);
    let all = join_all((0..50).map(|_| get(&salesforce))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(auth.sign_ins(), 2, "the sign-in and one refresh");
}

/// In the ancestor a 401 that came in after the refresh refreshed again.
#[tokio::test(start_paused = true)]
async fn a_401_that_arrives_after_the_refresh_makes_no_other() {
    let auth = Counting::tokens();
    let first = AtomicUsize::new(0);
    let script = Script::new(move |sent, _| match sent.token() {
        // The first two requests carry the old token; one is answered much later.
        Some("token-1") if first.fetch_add(1, Ordering::SeqCst) == 0 => Reply::expired(),
        Some("token-1") => Reply::After(Duration::from_secs(5), Box::new(Reply::expired())),
        _ => ok(),
    });
    let salesforce = client(auth.clone(), &script);
    let (one, two) = tokio::join!(get(&salesforce), get(&salesforce));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(auth.sign_ins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_persistent_401_makes_exactly_one_refresh() {
    let auth = Counting::tokens();
    let script = Script::replies([Reply::expired()]);
    let salesforce = client(auth.clone(), &script);
    let error = get(&salesforce).await.unwrap_err();
    assert_eq!(auth.sign_ins(), 2, "the sign-in and one refresh");
    assert_eq!(script.count(), 2);
    assert!(error.is_auth());
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::FreshTokenRejected)
    );
    assert!(error.to_string().contains("IP address"), "{error}");

    // Nor do later calls burn logins, until a minute has passed.
    for _ in 0..10 {
        get(&salesforce).await.unwrap_err();
    }
    assert_eq!(auth.sign_ins(), 2);
    tokio::time::advance(Duration::from_secs(61)).await;
    get(&salesforce).await.unwrap_err();
    assert_eq!(auth.sign_ins(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_403_with_the_code_counts_as_expired_and_other_401s_do_not() {
    let cases = [
        (
            Reply::error(403, "INVALID_SESSION_ID", "Session expired or invalid"),
            2,
        ),
        (
            Reply::json(
                400,
                r#"{"exceptionCode":"InvalidSessionId","exceptionMessage":"x"}"#,
            ),
            2,
        ),
        (
            Reply::error(
                401,
                "INVALID_SESSION_ID",
                "This session is not valid for use with the REST API",
            ),
            1,
        ),
        (Reply::error(401, "SOME_APEX_ERROR", "mine"), 1),
        (Reply::html(401), 1),
        (
            Reply::error(
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "TotalRequests Limit exceeded.",
            ),
            1,
        ),
    ];
    for (reply, sign_ins) in cases {
        let auth = Counting::tokens();
        let script = Script::replies([reply]);
        get(&client(auth.clone(), &script)).await.unwrap_err();
        assert_eq!(auth.sign_ins(), sign_ins);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_login_is_shared_and_held_but_not_for_ever() {
    let auth = Counting::new(|number| match number {
        1 => Err(AuthError::new(AuthErrorKind::Refused, "no")),
        _ => AccessToken::new("token", ORG),
    });
    let script = Script::replies([ok()]);
    let salesforce = client(auth.clone(), &script);
    let all = join_all((0..100).map(|_| get(&salesforce))).await;
    assert!(
        all.iter()
            .all(|one| one.as_ref().is_err_and(|e| e.kind() == ErrorKind::Auth))
    );
    assert_eq!(auth.sign_ins(), 1);
    get(&salesforce).await.unwrap_err();
    assert_eq!(auth.sign_ins(), 1, "held");
    tokio::time::advance(Duration::from_millis(501)).await;
    get(&salesforce).await.unwrap();
    assert_eq!(auth.sign_ins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_cancelled_in_mid_login_loses_nothing() {
    let auth = Counting::tokens();
    let script = Script::replies([ok()]);
    let salesforce = client(auth.clone(), &script);
    let cancelled = tokio::time::timeout(Duration::from_millis(10), get(&salesforce)).await;
    assert!(cancelled.is_err());
    salesforce.session().close().await;
    get(&salesforce).await.unwrap();
    assert_eq!(auth.sign_ins(), 1, "the login went on without its caller");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn a_login_whose_runtime_died_is_taken_over() {
    let auth = Counting::tokens();
    let session = Session::new(auth.clone());
    let script = Script::replies([ok()]);
    let first = runtime();
    let salesforce = first.block_on(async { client(session.clone(), &script) });
    first.block_on(async {
        let started = tokio::time::timeout(Duration::from_millis(10), get(&salesforce)).await;
        assert!(started.is_err());
    });
    drop(first);
    assert_eq!(auth.sign_ins(), 1);
    runtime()
        .block_on(async { get(&salesforce).await })
        .unwrap();
    assert_eq!(auth.sign_ins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_flow_is_an_error_for_all() {
    let auth = Counting::new(|_| panic!("secret-in-panic"));
    let script = Script::replies([ok()]);
    let salesforce = client(auth.clone(), &script);
    for one in join_all((0..10).map(|_| get(&salesforce))).await {
        let error = one.unwrap_err();
        assert_eq!(
            error.auth().map(AuthError::kind),
            Some(AuthErrorKind::Panicked)
        );
        assert!(!format!("{error:?} {error}").contains("secret-in-panic"));
    }
    assert_eq!(auth.sign_ins(), 1);
}

#[derive(Debug)]
struct Stuck;

impl Auth for Stuck {
    async fn acquire(&self, _: &AuthContext) -> Result<AccessToken, AuthError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_never_ends_is_given_up() {
    let error = get(&client(Stuck, &Script::replies([ok()])))
        .await
        .unwrap_err();
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::Deadline)
    );
}

#[derive(Debug, Default)]
struct Recursive(Arc<std::sync::OnceLock<Salesforce>>);

impl Auth for Recursive {
    async fn acquire(&self, _: &AuthContext) -> Result<AccessToken, AuthError> {
        let salesforce = self.0.get().unwrap();
        let error = get(salesforce).await.unwrap_err();
        Err(error.auth().cloned().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_waits_for_itself_is_caught() {
    let own = Arc::default();
    let salesforce = client(Recursive(Arc::clone(&own)), &Script::replies([ok()]));
    own.set(salesforce.clone()).unwrap();
    let error = get(&salesforce).await.unwrap_err();
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::Recursive)
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_expires_and_nobody_waits_for_it() {
    let started = std::time::SystemTime::now();
    let auth = Counting::new(move |number| {
        let at = started + Duration::from_secs(600) * u32::try_from(number).unwrap();
        Ok(AccessToken::new(format!("token-{number}"), ORG)?.expires_at(at))
    });
    let script = Script::replies([ok()]);
    let salesforce = client(auth.clone(), &script);
    get(&salesforce).await.unwrap();
    tokio::time::advance(Duration::from_secs(575)).await;
    get(&salesforce).await.unwrap();
    salesforce.session().close().await;
    get(&salesforce).await.unwrap();
    assert_eq!(auth.sign_ins(), 2);
    let tokens: Vec<_> = script
        .sent()
        .iter()
        .map(|sent| sent.token().unwrap().to_owned())
        .collect();
    assert_eq!(tokens, ["token-1", "token-1", "token-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_renewal_is_no_harm_while_the_token_works() {
    let started = std::time::SystemTime::now();
    let auth = Counting::new(move |number| match number {
        1 => Ok(AccessToken::new("token-1", ORG)?.expires_at(started + Duration::from_secs(600))),
        2 => Err(AuthError::new(AuthErrorKind::Unavailable, "later")),
        _ => AccessToken::new("token-3", ORG),
    });
    let script = Script::replies([ok()]);
    let salesforce = client(auth.clone(), &script);
    get(&salesforce).await.unwrap();
    tokio::time::advance(Duration::from_secs(575)).await;
    for _ in 0..5 {
        get(&salesforce).await.unwrap();
        salesforce.session().close().await;
    }
    assert_eq!(auth.sign_ins(), 2, "not tried again at once");
    tokio::time::advance(Duration::from_secs(30)).await;
    get(&salesforce).await.unwrap();
    assert_eq!(auth.sign_ins(), 3);
}

/// Sessions live as long as they are used, so the deadline counts from the last
/// use and not from the login.
#[tokio::test(start_paused = true)]
async fn a_sliding_session_is_pushed_out_by_use() {
    let started = std::time::SystemTime::now();
    let auth = Counting::new(move |number| {
        Ok(AccessToken::new(format!("token-{number}"), ORG)?
            .expires_after_idle(Duration::from_secs(900), started))
    });
    let script = Script::replies([ok()]);
    let salesforce = client(auth.clone(), &script);
    for _ in 0..20 {
        get(&salesforce).await.unwrap();
        tokio::time::advance(Duration::from_secs(600)).await;
    }
    assert_eq!(auth.sign_ins(), 1);
    tokio::time::advance(Duration::from_secs(600)).await;
    get(&salesforce).await.unwrap();
    assert_eq!(auth.sign_ins(), 2);
}

/// A clock that is an hour ahead makes every token look expired.
#[tokio::test(start_paused = true)]
async fn an_expiry_that_makes_no_sense_is_ignored() {
    let past = std::time::SystemTime::now() - Duration::from_secs(3600);
    let auth = Counting::new(move |number| {
        Ok(AccessToken::new(format!("token-{number}"), ORG)?.expires_at(past))
    });
    let script = Script::replies([ok()]);
    let salesforce = client(auth.clone(), &script);
    for _ in 0..10 {
        get(&salesforce).await.unwrap();
    }
    assert_eq!(auth.sign_ins(), 1);
}

#[tokio::test(start_paused = true)]
async fn clients_of_one_org_share_a_login_and_two_orgs_never_mix() {
    const OTHER: &str = "https://other.my.salesforce.com";
    let auth = Counting::new(|number| AccessToken::new(format!("token-{number}"), ORG));
    let session = Session::new(auth.clone());
    let script = Script::replies([ok()]);
    let build = |url: &str| {
        builder(session.clone(), &script)
            .org_url(url)
            .build()
            .unwrap()
    };
    let (one, two, other) = (build(ORG), build(&format!("{ORG}/lightning")), build(OTHER));
    get(&one).await.unwrap();
    get(&two).await.unwrap();
    assert_eq!(auth.sign_ins(), 1);
    let error = get(&other).await.unwrap_err();
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::WrongOrg)
    );
    let text = error.to_string();
    assert!(
        text.contains(ORG) && text.contains(OTHER),
        "names both: {text}"
    );
    assert!(
        script
            .sent()
            .iter()
            .all(|sent| sent.uri.host() == Some("acme.my.salesforce.com"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_url_finds_its_org_and_later_ones_share_it() {
    let auth = Counting::tokens();
    let session = Session::new(auth.clone());
    let script = Script::replies([ok()]);
    get(&client(session.clone(), &script)).await.unwrap();
    let named = builder(session, &script).org_url(ORG).build().unwrap();
    get(&named).await.unwrap();
    assert_eq!(auth.sign_ins(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pinned_url_wins_over_the_tokens_own() {
    let script = Script::replies([ok()]);
    let salesforce = builder(Counting::tokens(), &script)
        .org_url("https://proxy.example.com")
        .pin_org_url()
        .build()
        .unwrap();
    get(&salesforce).await.unwrap();
    assert_eq!(script.sent()[0].uri.host(), Some("proxy.example.com"));
}

#[test]
fn signing_in_outside_of_a_runtime_is_an_error() {
    let salesforce =
        runtime().block_on(async { client(Counting::tokens(), &Script::replies([ok()])) });
    let mut call = Box::pin(async move { salesforce.access_token().await });
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match call.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(Err(error)) => {
            assert_eq!(
                error.auth().map(AuthError::kind),
                Some(AuthErrorKind::Misconfigured)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_does_not_print_its_flow() {
    assert!(format!("{:?}", Session::new(Counting::tokens())).contains("Session"));
    static_assertions::assert_impl_all!(Session: Send, Sync, Clone);
}

/// An expiry beyond what a clock can show once ended the sign-in's task, so that
/// each waiter in turn signed in again.
#[tokio::test(start_paused = true)]
async fn a_lifetime_without_end_is_no_loop() {
    let started = std::time::SystemTime::now();
    for limit in [
        Duration::MAX,
        Duration::from_secs(u64::MAX / 2),
        Duration::ZERO,
    ] {
        let auth = Counting::new(move |_| {
            Ok(AccessToken::new("token", ORG)?.expires_after_idle(limit, started))
        });
        let script = Script::replies([ok()]);
        let salesforce = client(auth.clone(), &script);
        for _ in 0..5 {
            get(&salesforce).await.unwrap();
        }
        assert_eq!(auth.sign_ins(), 1, "{limit:?}");
    }
}

#[derive(Debug)]
struct PanicsLater(Counting);

impl Auth for PanicsLater {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        Auth::acquire(&self.0, cx).await
    }

    fn expired(&self, _: &AccessToken, _: std::time::SystemTime) -> bool {
        panic!("in the flow's own expired")
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_panics_over_the_expiry_is_an_error_and_no_loop() {
    let auth = Counting::tokens();
    let salesforce = client(PanicsLater(auth.clone()), &Script::replies([ok()]));
    let error = get(&salesforce).await.unwrap_err();
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::Panicked)
    );
    assert_eq!(auth.sign_ins(), 1);
}

/// A token that lives for seconds is renewed in time all the same.
#[tokio::test(start_paused = true)]
async fn a_short_lived_token_is_renewed_before_it_ends() {
    let auth = Counting::new(|number| AccessToken::new(format!("token-{number}"), ORG));
    #[derive(Debug)]
    struct Short(Counting);
    impl Auth for Short {
        async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
            let token = Auth::acquire(&self.0, cx).await?;
            Ok(token.expires_at(cx.now() + Duration::from_secs(20)))
        }
    }
    let script = Script::replies([ok()]);
    let salesforce = client(Short(auth.clone()), &script);
    for _ in 0..3 {
        get(&salesforce).await.unwrap();
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    assert_eq!(auth.sign_ins(), 1);
    tokio::time::advance(Duration::from_secs(4)).await;
    get(&salesforce).await.unwrap();
    salesforce.session().close().await;
    assert_eq!(auth.sign_ins(), 2);
}

/// A page of something in between does not show that Salesforce takes the token.
#[tokio::test(start_paused = true)]
async fn an_html_page_proves_no_token() {
    let auth = Counting::tokens();
    let script = Script::new(|_, number| match number {
        0 | 1 => Reply::expired(),
        2 => Reply::html(400),
        _ => Reply::expired(),
    });
    let salesforce = client(auth.clone(), &script);
    for _ in 0..5 {
        get(&salesforce).await.unwrap_err();
    }
    assert_eq!(auth.sign_ins(), 2, "one sign-in, one refresh, and no more");
}

/// A token of another org, after the first, once reached clients that had been
/// built for the first one.
#[tokio::test(start_paused = true)]
async fn a_slot_never_moves_to_another_org() {
    let auth = Counting::new(|number| match number {
        1 => AccessToken::new("token-1", ORG),
        _ => AccessToken::new("token-2", "https://other.my.salesforce.com"),
    });
    let session = Session::new(auth);
    let script = Script::new(|sent, _| match sent.token() {
        Some("token-1") => Reply::expired(),
        _ => ok(),
    });
    let salesforce = client(session.clone(), &script);
    let error = get(&salesforce).await.unwrap_err();
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::WrongOrg)
    );
    assert!(
        script
            .sent()
            .iter()
            .all(|sent| sent.uri.host() == Some("acme.my.salesforce.com"))
    );
}

/// The runtime that began the sign-in is alive and nobody drives it.
#[test]
fn a_login_on_a_runtime_that_stands_still_is_taken_over() {
    let auth = Counting::tokens();
    let script = Script::replies([ok()]);
    let idle = runtime();
    let salesforce = idle.block_on(async { client(auth.clone(), &script) });
    idle.block_on(async {
        let begun = tokio::time::timeout(Duration::from_millis(10), get(&salesforce)).await;
        assert!(begun.is_err());
    });
    runtime()
        .block_on(async { get(&salesforce).await })
        .unwrap();
    assert_eq!(auth.sign_ins(), 2);
    // What the first one gives in the end is not taken in.
    idle.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
    idle.block_on(async { get(&salesforce).await }).unwrap();
    let tokens: Vec<_> = script
        .sent()
        .iter()
        .map(|sent| sent.token().unwrap().to_owned())
        .collect();
    assert_eq!(tokens, ["token-2", "token-2"]);
}

/// A client whose bodies are all streams once kept its dead token for ever.
#[tokio::test(start_paused = true)]
async fn a_streamed_request_renews_the_session_for_the_next_one() {
    let auth = Counting::tokens();
    let script = Script::new(|sent, _| match sent.token() {
        Some("token-1") => Reply::expired(),
        _ => ok(),
    });
    let salesforce = client(auth.clone(), &script);
    let put = || {
        let body = futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"row"))]);
        let body = crate::transport::Body::stream(body);
        salesforce
            .request(http::Method::PUT, "/x")
            .body(body)
            .send()
    };
    let error = put().await.unwrap_err();
    assert!(error.to_string().contains("new stream"), "{error}");
    put().await.unwrap();
    assert_eq!(auth.sign_ins(), 2);
}
