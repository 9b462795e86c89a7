//! Tokens in Redis.

use std::fs;
use std::time::Duration;

use ferroforce_org::{Fault, LocalOrg};

use super::fleet::{Flow, Settings, Worker};
use super::server::RedisServer;
use super::{all_call, fleet, org, sign_ins};

fn in_redis(org: &LocalOrg, redis: &RedisServer, flow: Flow) -> Settings {
    Settings::in_redis(org, &redis.url(), flow)
}

#[test]
#[ignore = "needs redis-server"]
fn redis_200_cold_processes_make_one_login_and_one_more_when_all_tokens_are_revoked() {
    let (org, redis) = (org(), RedisServer::start());
    let mut fleet = fleet(200, &in_redis(&org, &redis, Flow::Credentials));
    assert_eq!(all_call(&mut fleet), ["ok"]);
    assert_eq!(sign_ins(&org), 1);
    org.expire_tokens();
    assert_eq!(all_call(&mut fleet), ["ok"]);
    assert_eq!(sign_ins(&org), 2);
}

#[test]
#[ignore = "needs redis-server"]
fn redis_processes_hand_a_rotating_refresh_token_from_one_to_the_next() {
    let (org, redis) = (org(), RedisServer::start());
    // Two at once would be refused.
    let mut policies = org.policies();
    policies.refresh_milliseconds = 50;
    org.set_policies(policies);
    let mut fleet = fleet(40, &in_redis(&org, &redis, Flow::RefreshToken));
    for round in 1..=3 {
        assert_eq!(all_call(&mut fleet), ["ok"]);
        assert_eq!(sign_ins(&org), round);
        org.expire_tokens();
    }
}

#[test]
#[ignore = "needs redis-server"]
fn redis_leader_that_is_killed_before_it_sends_is_followed_by_another() {
    let (org, redis) = (org(), RedisServer::start());
    let settings = in_redis(&org, &redis, Flow::Credentials).lease(Duration::from_secs(1));
    let mut leader = Worker::start(&settings.clone().stuck());
    leader.tell("call");
    assert_eq!(leader.hear(), "about to send");
    let mut fleet = fleet(5, &settings);
    for worker in &mut fleet {
        worker.tell("call");
    }
    leader.kill();
    for worker in &mut fleet {
        assert_eq!(worker.hear(), "ok");
    }
    assert_eq!(sign_ins(&org), 1);
}

/// It may have been killed after it sent, for all that anybody knows.
#[test]
#[ignore = "needs redis-server"]
fn redis_leader_that_is_killed_with_a_refresh_token_in_its_hand_costs_a_sign_in() {
    let (org, redis) = (org(), RedisServer::start());
    let settings = in_redis(&org, &redis, Flow::RefreshToken).lease(Duration::from_secs(1));
    let mut leader = Worker::start(&settings.clone().stuck());
    leader.tell("call");
    assert_eq!(leader.hear(), "about to send");
    leader.kill();
    assert_eq!(all_call(&mut fleet(5, &settings)), ["SignInAgain"]);
    assert_eq!(sign_ins(&org), 0);
}

#[test]
#[ignore = "needs redis-server"]
fn redis_leader_that_is_killed_after_the_org_rotated_ends_in_one_clear_error() {
    let (org, redis) = (org(), RedisServer::start());
    let settings = in_redis(&org, &redis, Flow::RefreshToken).lease(Duration::from_secs(1));
    org.faults()
        .add(Fault::slow_body(1, Duration::from_secs(600)).path("/services/oauth2/token"));
    let mut leader = Worker::start(&settings);
    leader.tell("call");
    // The org has answered, and hardly any of it has come through.
    while !org
        .requests()
        .iter()
        .any(|request| request.status == Some(200))
    {
        std::thread::yield_now();
    }
    leader.kill();
    let mut fleet = fleet(10, &settings);
    for _ in 0..2 {
        assert_eq!(all_call(&mut fleet), ["SignInAgain"]);
    }
    assert_eq!(sign_ins(&org), 1, "the refresh token was not used again");
}

#[test]
#[ignore = "needs redis-server"]
fn redis_processes_whose_fresh_token_is_turned_down_all_stop() {
    let (org, redis) = (org(), RedisServer::start());
    org.faults()
        .add(Fault::expired_session().path("/services/data").always());
    let mut fleet = fleet(40, &in_redis(&org, &redis, Flow::Credentials));
    for _ in 0..3 {
        assert_eq!(all_call(&mut fleet), ["FreshTokenRejected, IP address"]);
    }
    assert_eq!(sign_ins(&org), 2);
}

#[test]
#[ignore = "needs redis-server"]
fn redis_over_tls_is_believed_only_with_a_certificate_that_is_trusted() {
    let (org, folder) = (org(), tempfile::tempdir().unwrap());
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let redis = RedisServer::start_tls(&certificate, &key);
    let settings = Settings::in_redis(&org, &redis.tls_url(), Flow::Credentials);
    let trusting = settings.trust(&certificate);
    assert_eq!(all_call(&mut fleet(2, &trusting)), ["ok"]);
    assert_eq!(sign_ins(&org), 1);
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(&certificate, other.cert.pem()).unwrap();
    assert_eq!(all_call(&mut fleet(1, &trusting)), ["ok, the store failed"]);
}

#[test]
#[ignore = "needs redis-server"]
fn redis_down_leaves_each_process_to_itself_and_each_says_so() {
    let (org, mut redis) = (org(), RedisServer::start());
    let settings = in_redis(&org, &redis, Flow::Credentials);
    let mut fleet = fleet(5, &settings);
    assert_eq!(all_call(&mut fleet), ["ok"]);
    redis.stop();
    assert_eq!(all_call(&mut fleet), ["ok"], "nobody needs it now");
    org.expire_tokens();
    assert_eq!(all_call(&mut fleet), ["ok, the store failed"]);
    assert_eq!(sign_ins(&org), 1 + 5);
    assert_eq!(
        all_call(&mut super::fleet(1, &settings)),
        ["ok, the store failed"]
    );
}

#[test]
#[ignore = "needs redis-server"]
fn redis_down_means_that_no_refresh_token_is_used() {
    let (org, mut redis) = (org(), RedisServer::start());
    let mut fleet = fleet(5, &in_redis(&org, &redis, Flow::RefreshToken));
    assert_eq!(all_call(&mut fleet), ["ok"]);
    redis.stop();
    assert_eq!(all_call(&mut fleet), ["ok"], "the token serves on");
    org.expire_tokens();
    assert_eq!(all_call(&mut fleet), ["Unavailable, the store failed"]);
    assert_eq!(sign_ins(&org), 1);
}
