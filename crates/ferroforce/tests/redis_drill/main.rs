//! Two hundred workers that share nothing but a Redis, on one org with its limits switched on
//! and with faults: each has a connection, a session, a governor and a client of its own.
//!
//! The org's clock goes ten times as fast as ours, so that its twenty seconds are two of ours.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "../../src/redis/server.rs"]
mod server;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ferroforce::auth::{ClientCredentials, EncryptionKey, RedisStore, Session};
use ferroforce::governor::{Governor, Reason, Share};
use ferroforce::redis::RedisConnection;
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce::{Error, ErrorKind, Salesforce};
use ferroforce_org::{Fault, LocalOrg, Policies};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use server::RedisServer;
use watch::Wire;

const WORKERS: usize = 200;
const IN_FLIGHT: u32 = 40;
const LONG: u32 = 20;

/// How much faster the org's clock goes.
const FASTER: u32 = 10;

/// Moves the org's clock on until it is dropped.
struct Clock(tokio::task::JoinHandle<()>);

impl Clock {
    fn faster(org: &Arc<LocalOrg>) -> Self {
        let org = Arc::clone(org);
        Self(tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(50));
            loop {
                tick.tick().await;
                org.advance_clock(tick.period() * (FASTER - 1));
            }
        }))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A worker as it would be in a process of its own.
fn worker(
    org: &LocalOrg,
    redis: &RedisServer,
    wire: &Wire,
    share: impl FnOnce(&Governor) -> Share,
) -> Salesforce {
    let connection = RedisConnection::new(&redis.url()).unwrap();
    let key = EncryptionKey::from_base64("bXkgb3duIGtleSBvZiAzMiBieXRlcywgaW4gYmFzZTY=").unwrap();
    let flow = ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    let session = Session::builder(flow)
        .store(RedisStore::new(connection.clone(), key))
        .build();
    let governor = Governor::builder()
        .in_flight(IN_FLIGHT)
        .long(LONG)
        .redis(connection, "drill")
        .build();
    let backoff = Backoff::default()
        .base(Duration::from_millis(5))
        .max(Duration::from_millis(100));
    Salesforce::builder(session)
        .org_url(org.url())
        .transport(wire.clone())
        .governor(share(&governor))
        .retry(RetryPolicy::default().backoff(backoff))
        .observer(wire.observer())
        .build()
        .unwrap()
}

/// What goes wrong now and then, for as long as the drill lasts.
fn faults(org: &LocalOrg) {
    let now_and_then = [
        Fault::unavailable(),
        Fault::locked_row(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
    ];
    org.faults().seed(7);
    for fault in now_and_then {
        let records = fault.path("/services/data/*/sobjects/*");
        org.faults().add(records.always().probability(0.02));
    }
    // Every call takes its time, and some take long.
    let takes = |path, ours| {
        Fault::delay(Duration::from_millis(ours))
            .path(path)
            .always()
    };
    org.faults().add(takes("/services/data/*/sobjects/*", 10));
    org.faults().add(takes("/services/data/*/queryAll", 2500));
}

/// Does one piece of work as a careful program does: what may have happened is looked for
/// before it is done again.
async fn create_once(salesforce: &Salesforce, name: &str) -> Result<(), Error> {
    loop {
        let record = json!({"Name": name});
        let error = match salesforce.sobject("Account").create(&record).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if error.may_have_been_processed() {
            let found = salesforce
                .query("SELECT Id FROM Account WHERE Name = :name")
                .bind("name", name)
                .fetch_optional::<Value>()
                .await?;
            if found.is_some() {
                return Ok(());
            }
        } else if !error.is_retryable() {
            return Err(error);
        }
    }
}

async fn upsert(salesforce: &Salesforce, key: &str) -> Result<(), Error> {
    let record = json!({"LastName": key});
    loop {
        let contact = salesforce
            .sobject("Contact")
            .external_id("External_Id__c", key);
        match contact.upsert(&record).await {
            Ok(_) => return Ok(()),
            // It may be repeated by anybody.
            Err(error) if error.is_retryable() => {}
            Err(error) => return Err(error),
        }
    }
}

fn sign_ins(org: &LocalOrg) -> usize {
    let requests = org.requests();
    let tokens = requests
        .iter()
        .filter(|request| request.path == "/services/oauth2/token");
    tokens.count()
}

fn calls(org: &LocalOrg) -> u64 {
    let requests = org.requests();
    requests
        .iter()
        .map(|request| u64::from(request.api_calls))
        .sum()
}

async fn counted(org: &LocalOrg, object: &str, field: &str) -> HashMap<String, usize> {
    let flow = ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    let salesforce = Salesforce::builder(flow)
        .org_url(org.url())
        .build()
        .unwrap();
    let rows: Vec<Value> = salesforce
        .query("SELECT :field FROM :object")
        .name("field", field)
        .name("object", object)
        .fetch_all()
        .await
        .unwrap();
    let mut counts = HashMap::new();
    for row in rows {
        *counts
            .entry(row[field].as_str().unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    counts
}

/// Two drills at once would need a machine twice as large.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn redis_two_hundred_workers_do_everything_once_and_stay_within_every_limit() {
    const UPSERTS: usize = 8;
    let _alone = ALONE.lock().await;
    let redis = RedisServer::start();
    let org = Arc::new(LocalOrg::start().await.unwrap());
    faults(&org);
    let clock = Clock::faster(&org);
    let began = org.now();
    let wire = Wire::default();
    let mut tasks = JoinSet::new();
    for number in 0..WORKERS {
        let salesforce = worker(&org, &redis, &wire, |governor| governor.share("load"));
        tasks.spawn(async move {
            if number % 4 == 0 {
                let all = salesforce
                    .query("SELECT Id FROM Account LIMIT 1")
                    .include_deleted()
                    .long();
                all.fetch_all::<Value>().await?;
            }
            for item in 0..UPSERTS {
                upsert(&salesforce, &format!("contact-{number}-{item}")).await?;
            }
            create_once(&salesforce, &format!("account-{number}")).await
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap().unwrap();
    }
    let took = org.now().duration_since(began).unwrap();
    drop(clock);

    assert_eq!(sign_ins(&org), 1, "one sign-in for all");
    assert_eq!(wire.limits_reached(), 0, "the org turned nobody down");
    assert!(wire.most() <= IN_FLIGHT as usize, "{}", wire.most());
    assert!(wire.most_long() <= LONG as usize, "{}", wire.most_long());
    assert_eq!(wire.most_long(), LONG as usize, "and no place stays empty");
    assert!(took >= Duration::from_secs(60), "{took:?}");

    org.faults().clear();
    let accounts = counted(&org, "Account", "Name").await;
    let contacts = counted(&org, "Contact", "External_Id__c").await;
    for number in 0..WORKERS {
        assert_eq!(accounts.get(&format!("account-{number}")), Some(&1));
        for item in 0..UPSERTS {
            assert_eq!(contacts.get(&format!("contact-{number}-{item}")), Some(&1));
        }
    }
    assert_eq!(accounts.len(), WORKERS);
    assert_eq!(contacts.len(), WORKERS * UPSERTS);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn redis_two_hundred_workers_leave_what_is_below_the_floor_also_of_a_soft_quota() {
    const LIMIT: u64 = 900;
    const FLOOR: u64 = 300;
    let _alone = ALONE.lock().await;
    let redis = RedisServer::start();
    let mut policies = Policies::default();
    policies.soft_daily_limit = true;
    let org = LocalOrg::builder()
        .daily_api_requests(LIMIT)
        .policies(policies)
        .start()
        .await;
    let org = Arc::new(org.unwrap());
    faults(&org);
    let wire = Wire::default();
    // Each works until it is stopped. Gives why.
    let load = async || {
        let mut tasks = JoinSet::new();
        for number in 0..WORKERS {
            let chosen = |governor: &Governor| governor.share("load").floor(FLOOR);
            let salesforce = worker(&org, &redis, &wire, chosen);
            tasks.spawn(async move {
                for item in 0.. {
                    if let Err(error) = upsert(&salesforce, &format!("{number}-{item}")).await {
                        return error;
                    }
                }
                unreachable!("it is stopped before")
            });
        }
        let stopped = tasks.join_all().await;
        for error in &stopped {
            assert_eq!(error.kind(), ErrorKind::Quota, "{error}");
        }
        stopped
    };
    load().await;
    let used = calls(&org);
    assert!(used <= LIMIT - FLOOR, "{used} calls: the floor is broken");
    assert!(used > LIMIT - FLOOR - 60, "{used} calls: stopped too early");
    assert_eq!(wire.limits_reached(), 0);

    // Other work goes on, and beyond the limit too.
    let web = worker(&org, &redis, &wire, |governor| governor.share("web"));
    while calls(&org) < LIMIT + 50 {
        upsert(&web, "web").await.unwrap();
    }
    assert_eq!(web.api_usage().unwrap().remaining(), 0);
    let used = calls(&org);
    for error in load().await {
        let reason = error.refusal().unwrap().reason();
        assert!(
            matches!(reason, Reason::OrgFloor { left: 0, .. }),
            "{error}"
        );
    }
    assert_eq!(calls(&org), used, "not one call more");
    assert_eq!(sign_ins(&org), 1);
}
