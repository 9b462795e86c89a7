//! What faults do to refreshes: before anything was done, after all was done, and slowly.

use tokio::time::Instant;

use super::*;
use crate::admin::Fault;

async fn refresh(org: &Arc<Org>, refresh_token: &str) -> Response {
    let request = request("/services/oauth2/token");
    let body = Body::from(encode(&refresh_form(refresh_token)));
    answer(org, request.body(body).unwrap()).await
}

fn strike(org: &Arc<Org>, fault: Fault) {
    org.admin.add(fault);
}

fn reuses(org: &Arc<Org>) -> u64 {
    org.auth
        .sign_ins()
        .iter()
        .map(|sign_ins| sign_ins.reuses)
        .sum()
}

#[tokio::test]
async fn a_refusal_before_anything_was_done_spends_no_refresh_token() {
    let org = org();
    let first = org.auth.refresh_token().expose().to_owned();
    let endpoint = "/services/oauth2/token";
    let faults = [
        (Fault::unavailable().path(endpoint), Some(503)),
        (Fault::html().path(endpoint), Some(502)),
        (Fault::refresh_under_way(), Some(400)),
        (Fault::cut_before().path(endpoint), None),
    ];
    for (fault, expected) in faults {
        strike(&org, fault);
        let response = refresh(&org, &first).await;
        let cut = response.extensions().get::<crate::http::CutConnection>();
        let status = cut.is_none().then(|| response.status().as_u16());
        assert_eq!(status, expected);
    }
    assert_eq!(refresh(&org, &first).await.status(), 200);
    assert_eq!(reuses(&org), 0);
}

#[tokio::test]
async fn an_answer_that_is_lost_has_spent_the_refresh_token() {
    let org = org();
    let first = org.auth.refresh_token().expose().to_owned();
    strike(&org, Fault::lost_token());
    let lost = refresh(&org, &first).await;
    assert!(
        lost.extensions()
            .get::<crate::http::CutConnection>()
            .is_some()
    );
    let expected = refused("invalid_grant", "expired access/refresh token");
    assert_eq!(read(refresh(&org, &first).await).await, expected);
    let of_app = org.auth.sign_ins();
    assert_eq!((of_app[0].refreshes, of_app[0].reuses), (1, 1));
    assert!(
        !org.auth
            .is_good(org.auth.access_token().expose(), org.clock.now())
    );
}

#[tokio::test(start_paused = true)]
async fn a_refresh_may_be_slow_before_and_after_it_is_done() {
    let pause = Duration::from_secs(30);
    for is_done in [false, true] {
        let fault = if is_done { Fault::stall } else { Fault::delay };
        let org = org();
        let first = org.auth.refresh_token().expose().to_owned();
        strike(&org, fault(pause).path("/services/oauth2/token"));
        // Whoever does not wait for the answer …
        let given_up = tokio::time::timeout(Duration::from_secs(1), refresh(&org, &first));
        assert!(given_up.await.is_err());
        // … has had the token rotated, or not.
        let again = refresh(&org, &first).await.status();
        assert_eq!(again, if is_done { 400 } else { 200 });
        let org = self::org();
        strike(&org, fault(pause).path("/services/oauth2/token"));
        let before = Instant::now();
        let first = org.auth.refresh_token().expose().to_owned();
        assert_eq!(refresh(&org, &first).await.status(), 200);
        assert_eq!(before.elapsed(), pause);
    }
}
