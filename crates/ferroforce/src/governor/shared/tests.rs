use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::Method;

use super::*;
use crate::client::Salesforce;
use crate::error::ErrorKind;
use crate::events::Event;
use crate::governor::ledger::{Ledger, Now};
use crate::governor::{Answer, Governor, Share};
use crate::limits::{ApiUsage, AppUsage};
use crate::redis::server::RedisServer;
use crate::retry::RetryPolicy;
use crate::script::{Counting, Reply, Script, builder};

fn connect(server: &RedisServer) -> RedisConnection {
    RedisConnection::new(&server.url()).unwrap()
}

fn usage(consumed: u64, limit: u64) -> Ended {
    Ended {
        usage: Some(ApiUsage {
            consumed,
            limit,
            app: None,
        }),
        ..Ended::default()
    }
}

fn now() -> Now {
    Now {
        steady: Clock::system().steady(),
        wall: Clock::system().wall(),
    }
}

/// A worker with a connection, a governor, a session and a client of its own.
fn worker(
    server: &RedisServer,
    script: &Script,
    choose: impl Fn(&Governor) -> Share,
) -> Salesforce {
    let governor = Governor::builder()
        .in_flight(5)
        .long(2)
        .redis(connect(server), "acme")
        .build();
    builder(Counting::tokens(), script)
        .governor(choose(&governor))
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

async fn call(salesforce: &Salesforce) -> crate::Result<()> {
    salesforce.request(Method::GET, "/x").send().await.map(drop)
}

/// The script says the same as the ledger, whatever happens before it is asked.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_decides_as_a_ledger_in_memory_does() {
    const CEILINGS: Ceilings = Ceilings {
        in_flight: 4,
        long: 2,
    };
    let server = RedisServer::start();
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let shared = Shared::new(connect(&server), format!("org {seed}"));
        let mut ledger = Ledger::default();
        let mut flying: Vec<(&str, Wish, Lease)> = Vec::new();
        let mut consumed = random.u64(0..110);
        for step in 0..60 {
            let case = format!("seed {seed}, step {step}");
            if random.bool() || flying.is_empty() {
                let share = *random.choice(&["", "a", "b c"]).unwrap();
                let wish = Wish {
                    long: random.u8(0..3) == 0,
                    calls: random.u32(1..3),
                };
                let terms = Terms {
                    in_flight: random.bool().then(|| random.u32(1..4)),
                    daily_calls: random.bool().then(|| random.u64(1..40)),
                    floor: if random.bool() { random.u64(0..60) } else { 0 },
                    app_floor: if random.bool() { random.u64(0..30) } else { 0 },
                };
                let expected = ledger.ask(CEILINGS, share, terms, wish, now());
                let lease = Lease::new(share, wish);
                let asked = shared.ask(CEILINGS, share, terms, &lease).await;
                let decision = asked.unwrap();
                assert_eq!(decision, expected, "{case}: {terms:?} {wish:?}");
                if decision == Decision::Admit {
                    flying.push((share, wish, lease));
                    consumed += u64::from(wish.calls);
                }
            } else {
                let at = random.usize(0..flying.len());
                let (share, wish, lease) = flying.swap_remove(at);
                let app = random.bool().then(|| AppUsage {
                    name: "loader (1)".into(),
                    consumed: random.u64(0..50),
                    limit: 50,
                });
                let ended = match random.u8(0..8) {
                    0 => Ended::default(),
                    1 => Ended::unsent(),
                    2 if random.u8(0..4) == 0 => Ended {
                        limit: Some(LimitReached::Daily),
                        ..Ended::default()
                    },
                    3 if random.u8(0..4) == 0 => Ended {
                        limit: Some(LimitReached::AtOnce),
                        ..usage(consumed, 100)
                    },
                    _ => Ended {
                        usage: Some(ApiUsage {
                            consumed: consumed.saturating_sub(random.u64(0..3)),
                            limit: 100,
                            app,
                        }),
                        ..Ended::default()
                    },
                };
                ledger.leave(share, wish, &ended, now());
                shared.leave(share, Some(&lease), &ended).await;
            }
            let (in_flight, long, org) = ledger.standing(now());
            let expected = (in_flight, long, org.map(|quota| quota.left()));
            assert_eq!(shared.look().await.unwrap(), expected, "{case}");
        }
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_what_is_asked_twice_is_entered_once() {
    let server = RedisServer::start();
    let shared = Shared::new(connect(&server), "acme".into());
    let wish = Wish {
        long: true,
        calls: 1,
    };
    let lease = Lease::new("a", wish);
    for _ in 0..3 {
        let mut ask = shared.prepare(&ASK, "a");
        ask.arg(&lease.0).arg(20_000);
        for limit in [1, 1, -1, 1, 0, 0] {
            ask.arg(limit);
        }
        let answer: (u8, u64, u64) = shared.run(&ask).await.unwrap();
        assert_eq!(answer.0, 0);
    }
    assert_eq!(shared.look().await.unwrap(), (1, 1, None));
    for _ in 0..2 {
        shared.leave("a", Some(&lease), &usage(7, 10)).await;
    }
    assert_eq!(shared.look().await.unwrap(), (0, 0, Some(3)));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_keeps_workers_that_share_no_memory_within_the_limits() {
    let server = RedisServer::start();
    let script = Script::new(|_, _| {
        let answer = Reply::json(200, "{}");
        Reply::After(Duration::from_millis(20), Box::new(answer))
    });
    let all = |governor: &Governor| governor.share("all");
    let workers: Vec<_> = (0..40).map(|_| worker(&server, &script, all)).collect();
    for outcome in join_all(workers.iter().map(call)).await {
        outcome.unwrap();
    }
    assert_eq!(script.count(), 40);
    assert!(script.most_at_once() <= 5, "{}", script.most_at_once());

    let long = Script::new(|_, _| {
        let answer = Reply::json(200, "{}");
        Reply::After(Duration::from_millis(20), Box::new(answer))
    });
    let workers: Vec<_> = (0..8).map(|_| worker(&server, &long, all)).collect();
    let calls = workers.iter().map(async |worker| {
        let request = worker.request(Method::GET, "/x").long();
        request.send().await.unwrap();
    });
    join_all(calls).await;
    assert!(long.most_at_once() <= 2, "{}", long.most_at_once());
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_keeps_the_floor_however_many_workers_ask_at_once() {
    for (begin, expected) in [(900, 50), (949, 1), (1200, 1)] {
        let server = RedisServer::start();
        let script = Script::new(move |_, number| {
            let info = format!("api-usage={}/1000", begin + number + 1);
            Reply::json(200, "{}").header("sforce-limit-info", &info)
        });
        let load = |governor: &Governor| governor.share("load").floor(50);
        let workers: Vec<_> = (0..80).map(|_| worker(&server, &script, load)).collect();
        let outcomes = join_all(workers.iter().map(call)).await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((done, script.count()), (expected, expected), "from {begin}");
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(error.kind(), ErrorKind::Quota);
        }
    }
}

/// A worker that was killed in the middle of a call neither leaves nor keeps its place.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_frees_the_place_of_a_worker_that_died() {
    let server = RedisServer::start();
    let governor = || {
        Governor::builder()
            .in_flight(1)
            .redis(connect(&server), "acme")
            .lease(Duration::from_millis(300))
            .build()
    };
    let wish = Wish {
        long: false,
        calls: 1,
    };
    let hub = crate::events::Hub::default();
    let dies = governor();
    let Answer::Granted(place) = dies.share("a").try_admit(wish, &hub).await else {
        panic!("there is a place");
    };
    std::mem::forget(place);
    let lives = governor();
    assert!(matches!(
        lives.share("a").try_admit(wish, &hub).await,
        Answer::Wait
    ));
    let place = lives.share("a").admit(wish, &hub).await.unwrap();
    assert_eq!(lives.standing().await.in_flight, 1);
    // One that lives keeps its place for longer than a lease.
    let other = governor();
    let waits = async {
        let place = other.share("a").admit(wish, &hub).await.unwrap();
        place.settle(&Ended::unsent());
    };
    let mut waits = std::pin::pin!(waits);
    let work = async {
        let long = tokio::time::timeout(Duration::from_secs(1), waits.as_mut());
        long.await.is_err()
    };
    assert!(place.during(work).await, "the place was given away");
    place.settle(&Ended::unsent());
    waits.await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_keeps_no_place_for_a_call_that_was_dropped_while_it_asked() {
    let server = RedisServer::start();
    let governor = Governor::builder()
        .in_flight(1)
        .redis(connect(&server), "acme")
        .build();
    let wish = Wish {
        long: false,
        calls: 1,
    };
    let hub = crate::events::Hub::default();
    let share = governor.share("a");
    let place = share.admit(wish, &hub).await.unwrap();
    place.settle(&Ended::unsent());
    for _ in 0..20 {
        let mut asks = Box::pin(share.admit(wish, &hub));
        for _ in 0..3 {
            let _ = asks.as_mut().now_or_never();
        }
        drop(asks);
        let next = share.admit(wish, &hub);
        // Much sooner than a lease ends.
        let place = tokio::time::timeout(Duration::from_secs(10), next).await;
        place.unwrap().unwrap().settle(&Ended::unsent());
    }
}

/// What one worker is told, all know.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_tells_the_others_which_limit_was_reached() {
    let server = RedisServer::start();
    let shared = || Shared::new(connect(&server), "acme".into());
    let (one, other) = (shared(), shared());
    let ceilings = Ceilings {
        in_flight: 9,
        long: 9,
    };
    let floor = Terms {
        floor: 5,
        ..Terms::default()
    };
    let ask = async |long| {
        let wish = Wish { long, calls: 1 };
        let lease = Lease::new("b", wish);
        let decision = other.ask(ceilings, "b", floor, &lease).await.unwrap();
        other.leave("b", Some(&lease), &Ended::unsent()).await;
        decision
    };
    one.leave("a", None, &usage(10, 100)).await;
    assert_eq!(ask(true).await, Decision::Admit);
    let reached = |limit| Ended {
        limit: Some(limit),
        ..Ended::default()
    };
    one.leave("a", None, &reached(LimitReached::AtOnce)).await;
    assert_eq!(
        (ask(true).await, ask(false).await),
        (Decision::Wait, Decision::Admit)
    );
    one.leave("a", None, &reached(LimitReached::Daily)).await;
    assert_eq!(ask(false).await, Decision::Stop(Reason::org_floor(0, 5)));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_out_of_reach_leaves_each_process_to_its_own_limits_and_says_so() {
    let mut server = RedisServer::start();
    let script = Script::new(|_, _| {
        let answer = Reply::json(200, "{}");
        Reply::After(Duration::from_millis(20), Box::new(answer))
    });
    let shared = Shared::new(connect(&server), "acme".into()).with_left_alone(Duration::ZERO);
    let governor = Governor::builder()
        .in_flight(8)
        .redis(connect(&server), "acme")
        .alone(2, 1)
        .build();
    let governor = Governor(Arc::new(crate::governor::Inner {
        shared: Some(shared),
        ..Arc::into_inner(governor.0).unwrap()
    }));
    let news = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&news);
    let salesforce = builder(Counting::tokens(), &script)
        .governor(governor.clone())
        .observer(move |event: &Event| {
            if let Event::Governor(event) = event {
                log.lock().unwrap().push(event.failure.clone());
            }
        })
        .build()
        .unwrap();
    let twenty = async || {
        let calls = join_all((0..20).map(|_| call(&salesforce))).await;
        calls.into_iter().for_each(|outcome| outcome.unwrap());
    };
    twenty().await;
    assert_eq!(script.most_at_once(), 8);
    assert_eq!(news.lock().unwrap().len(), 0);

    server.stop();
    script.begin_anew();
    twenty().await;
    assert_eq!(script.most_at_once(), 2);
    {
        let news = news.lock().unwrap();
        assert_eq!(news.len(), 1, "{news:?}");
        assert!(news[0].as_ref().unwrap().starts_with("Redis: "), "{news:?}");
    }
    assert_eq!(governor.0.ledger().standing(now()).0, 0);
    assert_eq!(script.count(), 20);

    server.restart();
    while news.lock().unwrap().len() < 2 {
        call(&salesforce).await.unwrap();
    }
    assert_eq!(news.lock().unwrap()[1], None);
}
