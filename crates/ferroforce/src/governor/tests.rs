use std::time::Duration;

use futures_util::future::join_all;
use http::Method;

use super::*;
use crate::auth::{AccessToken, AuthError, AuthErrorKind};
use crate::client::Salesforce;
use crate::error::ErrorKind;
use crate::retry::RetryPolicy;
use crate::script::{Counting, ORG, Reply, Script, builder};
use crate::transport::TransportErrorKind;

fn ok() -> Reply {
    Reply::json(200, "{}")
}

/// An answer that takes a second.
fn slow() -> Reply {
    Reply::After(Duration::from_secs(1), Box::new(ok()))
}

fn stated(consumed: u64, limit: u64) -> Reply {
    ok().header(
        "sforce-limit-info",
        &format!("api-usage={consumed}/{limit}"),
    )
}

/// A worker of its own: with a session, a transport and a limit that nobody shares.
fn worker(script: &Script, share: impl Into<Share>) -> Salesforce {
    builder(Counting::tokens(), script)
        .governor(share)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

fn governor() -> GovernorBuilder {
    Governor::builder().clock(Clock::following_tokio())
}

async fn call(salesforce: &Salesforce) -> crate::Result<()> {
    salesforce.request(Method::GET, "/x").send().await.map(drop)
}

async fn long(salesforce: &Salesforce) -> crate::Result<()> {
    let request = salesforce.request(Method::GET, "/x").long();
    request.send().await.map(drop)
}

fn all_well(outcomes: Vec<crate::Result<()>>) {
    outcomes.into_iter().for_each(|outcome| outcome.unwrap());
}

#[tokio::test(start_paused = true)]
async fn clients_that_share_a_governor_stay_within_its_limit_together() {
    let script = Script::new(|_, _| slow());
    let governor = governor().in_flight(3).build();
    let workers: Vec<_> = (0..10).map(|_| worker(&script, governor.clone())).collect();
    let started = tokio::time::Instant::now();
    all_well(join_all(workers.iter().map(call)).await);
    assert_eq!(script.most_at_once(), 3);
    assert_eq!(started.elapsed().as_secs(), 4, "and no place is left empty");
    assert_eq!(governor.standing().await.in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn calls_that_take_long_have_a_limit_of_their_own_and_hold_up_nobody_else() {
    let script = Script::new(|_, _| slow());
    let governor = governor().in_flight(20).long(2).build();
    let workers: Vec<_> = (0..6).map(|_| worker(&script, governor.clone())).collect();
    let started = tokio::time::Instant::now();
    let long = join_all(workers.iter().map(long));
    let short = async {
        all_well(join_all(workers.iter().map(call)).await);
        started.elapsed()
    };
    let (outcomes, short) = tokio::join!(long, short);
    all_well(outcomes);
    assert!(short < Duration::from_millis(1200), "{short:?}");
    assert_eq!(started.elapsed().as_secs(), 3);
    assert_eq!(script.most_at_once(), 8);
}

/// The calls of one client that wait for the governor leave the client's own places free.
#[tokio::test(start_paused = true)]
async fn neither_place_is_held_while_the_other_is_waited_for() {
    let script = Script::new(|_, _| slow());
    let governor = governor().in_flight(9).long(1).build();
    let salesforce = builder(Counting::tokens(), &script)
        .governor(governor.clone())
        .concurrency_limit(2)
        .build()
        .unwrap();
    let started = tokio::time::Instant::now();
    let longs = join_all((0..5).map(|_| long(&salesforce)));
    let shorts = async {
        all_well(join_all((0..3).map(|_| call(&salesforce))).await);
        started.elapsed()
    };
    let (outcomes, shorts) = tokio::join!(longs, shorts);
    all_well(outcomes);
    assert!(shorts < Duration::from_secs(5), "{shorts:?}");
    // And the other way around: places of the org are not kept for a busy client.
    let other = worker(&script, governor.clone());
    let busy = join_all((0..30).map(|_| call(&salesforce)));
    let free = async {
        tokio::task::yield_now().await;
        all_well(join_all((0..7).map(|_| call(&other))).await);
        started.elapsed()
    };
    let before = started.elapsed();
    let (outcomes, free) = tokio::join!(busy, free);
    all_well(outcomes);
    assert!(free - before < Duration::from_millis(1200), "{free:?}");
    assert_eq!(governor.standing().await.in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_share_takes_no_more_than_its_part() {
    let script = Script::new(|_, _| slow());
    let governor = governor().in_flight(10).build();
    let nightly = governor.share("nightly").in_flight(2);
    // Workers of one job have the share together, wherever its name was given.
    let workers = [
        worker(&script, nightly),
        worker(&script, governor.share("nightly").in_flight(2)),
    ];
    let started = tokio::time::Instant::now();
    all_well(join_all((0..6).map(|at| call(&workers[at % 2]))).await);
    assert_eq!(script.most_at_once(), 2);
    assert_eq!(started.elapsed().as_secs(), 3);
    let other = worker(&script, governor);
    let (a, b, c) = tokio::join!(call(&workers[0]), call(&workers[1]), call(&other));
    all_well(vec![a, b, c]);
    assert_eq!(script.most_at_once(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_place_is_held_during_a_sign_in_or_a_backoff() {
    let governor = governor().in_flight(1).build();
    let fails = Script::replies([Reply::html(503), ok()]);
    let waits = builder(Counting::tokens(), &fails)
        .governor(governor.clone())
        .build()
        .unwrap();
    let script = Script::new(|_, _| ok());
    let slow_sign_in = Counting::new(|_| AccessToken::new("token", ORG));
    let signs_in = builder(slow_sign_in, &script)
        .governor(governor.clone())
        .build()
        .unwrap();
    let quick = worker(&script, governor.clone());
    call(&quick).await.unwrap();
    let started = tokio::time::Instant::now();
    let quick = async {
        for _ in 0..5 {
            call(&quick).await.unwrap();
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        started.elapsed()
    };
    let (first, second, quick) = tokio::join!(call(&waits), call(&signs_in), quick);
    first.unwrap();
    second.unwrap();
    assert!(quick < Duration::from_millis(250), "{quick:?}");
    assert_eq!(fails.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_sign_in_takes_no_place() {
    let governor = governor().in_flight(1).build();
    let script = Script::new(|_, _| ok());
    let refused = Counting::new(|_| Err(AuthError::new(AuthErrorKind::Refused, "no")));
    let salesforce = builder(refused, &script)
        .governor(governor.clone())
        .build()
        .unwrap();
    call(&salesforce).await.unwrap_err();
    assert_eq!(governor.standing().await.in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn chosen_work_stops_at_its_floor_and_other_work_goes_on() {
    // The org counts every call.
    let script = Script::new(|_, number| stated(990 + number as u64 + 1, 1000));
    let governor = governor().build();
    let nightly = worker(&script, governor.share("nightly").floor(5));
    let web = worker(&script, governor.share("web"));
    for _ in 0..5 {
        call(&nightly).await.unwrap();
    }
    let error = call(&nightly).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Quota);
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.share(), "nightly");
    assert_eq!(refusal.reason(), Reason::org_floor(5, 5));
    assert!(error.is_before_send() && error.is_limit() && !error.is_retryable());
    assert_eq!(script.count(), 5, "nothing was sent");
    assert!(error.context().is_some(), "it names the request");
    // Beyond the limit too, which is soft in production.
    for _ in 0..10 {
        call(&web).await.unwrap();
    }
    assert_eq!(governor.standing().await.left, Some(0));
    let error = call(&nightly).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().reason(), Reason::org_floor(0, 5));
}

#[tokio::test(start_paused = true)]
async fn a_floor_holds_however_many_ask_at_once() {
    for (begin, expected) in [(900, 50), (947, 3), (950, 1), (1200, 1)] {
        let script = Script::new(move |_, number| {
            let answer = stated(begin + number as u64 + 1, 1000);
            Reply::After(
                Duration::from_millis(7 * (number as u64 % 5)),
                Box::new(answer),
            )
        });
        let governor = governor().build();
        let workers: Vec<_> = (0..200)
            .map(|_| worker(&script, governor.share("load").floor(50)))
            .collect();
        let outcomes = join_all(workers.iter().map(call)).await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        // While nothing is known, one call finds out, and below the floor it is the only one.
        assert_eq!((done, script.count()), (expected, expected), "from {begin}");
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(error.kind(), ErrorKind::Quota);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_with_a_quota_of_its_own_has_a_floor_of_its_own() {
    let script = Script::new(|_, number| {
        let used = 240 + number;
        let info = format!("api-usage=18/5000; per-app-api-usage={used}/250(appName=loader)");
        ok().header("sforce-limit-info", &info)
    });
    let governor = governor().build();
    let salesforce = worker(&script, governor.share("load").app_floor(8));
    for _ in 0..3 {
        call(&salesforce).await.unwrap();
    }
    let error = call(&salesforce).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().reason(), Reason::app_floor(8, 8));
    assert!(error.to_string().contains("app's daily quota"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_job_spends_the_calls_that_it_was_given_and_no_more() {
    let script = Script::new(|_, _| ok());
    let governor = governor().build();
    let salesforce = worker(&script, governor.share("job").daily_calls(3));
    let outcomes = join_all((0..9).map(|_| call(&salesforce))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(script.count(), 3);
    let error = call(&salesforce).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.reason(), Reason::SpentShare { used: 3, budget: 3 });
    tokio::time::sleep(Duration::from_secs(24 * 60 * 60)).await;
    call(&salesforce).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_left_is_not_counted() {
    let script = Script::replies([Reply::Fail(TransportErrorKind::Connect), ok()]);
    let governor = governor().build();
    let salesforce = worker(&script, governor.share("job").daily_calls(1));
    call(&salesforce).await.unwrap_err();
    call(&salesforce).await.unwrap();
    assert_eq!(
        call(&salesforce).await.unwrap_err().kind(),
        ErrorKind::Quota
    );
}

/// `REQUEST_LIMIT_EXCEEDED` says two things.
#[tokio::test(start_paused = true)]
async fn a_daily_limit_stops_work_with_a_floor_and_too_many_long_calls_hold_long_ones() {
    let daily = || {
        Reply::error(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        )
    };
    let at_once = || {
        let words = "ConcurrentPerOrgLongTxn Limit exceeded.";
        Reply::error(403, "REQUEST_LIMIT_EXCEEDED", words)
    };
    let script = Script::replies([stated(10, 1000), daily(), ok()]);
    let governor = governor().build();
    let nightly = worker(&script, governor.share("nightly").floor(5));
    let web = worker(&script, governor.share("web"));
    call(&nightly).await.unwrap();
    call(&web).await.unwrap_err();
    assert_eq!(call(&nightly).await.unwrap_err().kind(), ErrorKind::Quota);
    call(&web).await.unwrap();

    let script = Script::replies([stated(10, 1000), at_once(), ok()]);
    let governor = self::governor().build();
    let nightly = worker(&script, governor.share("nightly").floor(5));
    let other = worker(&script, governor.clone());
    call(&nightly).await.unwrap();
    assert!(long(&other).await.unwrap_err().is_concurrency_limit());
    let started = tokio::time::Instant::now();
    call(&nightly).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(200));
    long(&other).await.unwrap();
    assert!(
        started.elapsed() >= ledger::HELD,
        "another worker's long call waits too"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_gives_its_place_back() {
    let script = Script::replies([Reply::Never, ok()]);
    let governor = governor().in_flight(1).build();
    let salesforce = worker(&script, governor.clone());
    let dropped = tokio::time::timeout(Duration::from_secs(2), call(&salesforce)).await;
    assert!(dropped.is_err());
    assert_eq!(governor.standing().await.in_flight, 0);
    // One that was dropped while it waited does not hold up the next.
    let script = Script::replies([ok(), slow(), ok()]);
    let salesforce = worker(&script, governor.clone());
    call(&salesforce).await.unwrap();
    let (first, waiting, third) = tokio::join!(
        call(&salesforce),
        tokio::time::timeout(Duration::from_millis(500), call(&salesforce)),
        call(&salesforce)
    );
    first.unwrap();
    assert!(waiting.is_err());
    third.unwrap();
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_limits_says_is_taken_in() {
    let body = r#"{"DailyApiRequests":{"Max":1000,"Remaining":5}}"#;
    let script = Script::replies([Reply::json(200, body)]);
    let governor = governor().build();
    let web = worker(&script, governor.clone());
    let limits = web.limits().await.unwrap();
    assert_eq!(governor.standing().await.left, Some(5));
    let nightly = worker(&script, governor.share("nightly").floor(10));
    assert_eq!(call(&nightly).await.unwrap_err().kind(), ErrorKind::Quota);

    let elsewhere = self::governor().build();
    elsewhere.note_limits(&limits).await;
    assert_eq!(elsewhere.standing().await.left, Some(5));
    // Where the limit is soft, less than nothing may be left.
    let body = r#"{"DailyApiRequests":{"Max":1000,"Remaining":-50}}"#;
    elsewhere
        .note_limits(&serde_json::from_str(body).unwrap())
        .await;
    assert_eq!(elsewhere.standing().await.left, Some(0));
}
