//! An export is killed again and again, at any point, and every row is in its file once
//! in the end.
//!
//! `cargo test` builds the program first; `cargo test --test bulk_extract_killed` alone takes
//! it as it is.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce_org::{LocalOrg, Policies};
use futures_util::StreamExt;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const KILLS: u32 = 50;
const ROWS: usize = 600;
const SOQL: &str = "SELECT Id, LastName, Email, Account.Name FROM Contact";

/// The folder of the examples stands beside that of the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join("bulk_extract");
    assert!(
        program.exists(),
        "the example is not built: `cargo build -p ferroforce --examples` does it"
    );
    program
}

/// Numbers that are the same in each run of the test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// Between the program and the org: tells when so many bytes have come from the org.
struct Between {
    url: String,
    left: Arc<AtomicU64>,
    enough: Arc<Notify>,
}

impl Between {
    async fn start(org: &LocalOrg) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let other = org.url().trim_start_matches("http://").to_owned();
        // Addresses in answers are exchanged in place.
        assert_eq!(own.len(), other.len(), "{own} {other}");
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let enough = Arc::new(Notify::new());
        let between = Self {
            url: format!("http://{own}"),
            left: Arc::clone(&left),
            enough: Arc::clone(&enough),
        };
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (own, other) = (own.clone(), other.clone());
                let (left, enough) = (Arc::clone(&left), Arc::clone(&enough));
                tokio::spawn(async move {
                    let far = TcpStream::connect(&other).await.unwrap();
                    let (mut from_near, mut to_near) = near.into_split();
                    let (mut from_far, mut to_far) = far.into_split();
                    tokio::spawn(async move {
                        let _ = tokio::io::copy(&mut from_near, &mut to_far).await;
                    });
                    // Small, so that it can end anywhere.
                    let mut piece = vec![0; 1500];
                    while let Ok(length @ 1..) = from_far.read(&mut piece).await {
                        let piece = &mut piece[..length];
                        exchange(piece, other.as_bytes(), own.as_bytes());
                        if to_near.write_all(piece).await.is_err() {
                            return;
                        }
                        let passed = u64::try_from(length).unwrap();
                        let before =
                            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                                Some(left.saturating_sub(passed))
                            });
                        if before.unwrap() <= passed {
                            enough.notify_one();
                        }
                    }
                });
            }
        });
        between
    }
}

fn exchange(text: &mut [u8], old: &[u8], new: &[u8]) {
    let places: Vec<_> = text
        .windows(old.len())
        .enumerate()
        .filter_map(|(place, window)| (window == old).then_some(place))
        .collect();
    for place in places {
        text[place..place + new.len()].copy_from_slice(new);
    }
}

fn start(org: &LocalOrg, between: &Between, file: &Path) -> Child {
    Command::new(program())
        .env("SALESFORCE_URL", &between.url)
        .env("SALESFORCE_CLIENT_ID", org.client_id())
        .env("SALESFORCE_CLIENT_SECRET", org.client_secret().unwrap())
        .env("EXPORT_FILE", file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits where that stops nobody.
fn wait(program: Child) -> tokio::task::JoinHandle<Output> {
    tokio::task::spawn_blocking(|| program.wait_with_output().unwrap())
}

/// Fills an org with contacts, and gives the text that an export of them has.
async fn fill(org: &LocalOrg) -> String {
    let auth = ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    let salesforce = Salesforce::builder(auth)
        .org_url(org.url())
        .build()
        .unwrap();
    for start in (0..ROWS).step_by(200) {
        let records: Vec<Value> = (start..start + 200)
            .map(|number| {
                json!({
                    "attributes": {"type": "Contact"},
                    "LastName": format!("C {number} \"of\"\nmany"),
                    "Email": format!("c{number}@example.com"),
                })
            })
            .collect();
        let _: Value = salesforce
            .request(Method::POST, "/composite/sobjects")
            .json_body(&json!({"allOrNone": true, "records": records}))
            .json()
            .await
            .unwrap();
    }
    let pieces = salesforce.bulk().query(SOQL).csv();
    let pieces: Vec<_> = pieces.map(|piece| piece.unwrap()).collect().await;
    String::from_utf8(pieces.concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_killed_at_any_point_is_whole_in_the_end() {
    let mut policies = Policies::default();
    policies.bulk_page_records = 50;
    let org = LocalOrg::builder()
        .policies(policies)
        .start()
        .await
        .unwrap();
    let expected = fill(&org).await;
    let whole = u64::try_from(expected.len()).unwrap() + 8_000;
    let between = Between::start(&org).await;
    let mut dice = Dice(4711);
    let mut kills = 0;
    while kills < KILLS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("contacts.csv");
        for _ in 0..=dice.below(4) {
            // Before its first answer, while it reads, and about when it is done.
            between.left.store(dice.below(whole), Ordering::SeqCst);
            let program = start(&org, &between, &file);
            let id = program.id().to_string();
            let mut ended = wait(program);
            let ended = tokio::select! {
                () = between.enough.notified() => {
                    // It may be done by now, which is as good a point as any.
                    let _ = Command::new("kill").args(["-KILL", &id]).output();
                    kills += 1;
                    ended.await.unwrap()
                }
                ended = &mut ended => ended.unwrap(),
            };
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.code().is_none_or(|code| code == 0), "{said}");
        }
        between.left.store(u64::MAX, Ordering::SeqCst);
        let ended = wait(start(&org, &between, &file)).await.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "after {kills} kills: {said}");
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            expected,
            "after {kills} kills"
        );
    }
}
