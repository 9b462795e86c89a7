//! A program that is killed again and again, and finishes its load all the same.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ferroforce::Salesforce;
use ferroforce::bulk::CsvSource;
use ferroforce_org::LocalOrg;

use super::{assert_all_arrived, client_of, contact, insert, quick, start, upsert};

const ROWS: usize = 3_000;

/// How often a load is killed before it may finish.
const KILLS: u32 = 5;

/// What the program that is killed does.
async fn work(salesforce: &Salesforce, folder: &Path) {
    let way = std::env::var("FERROFORCE_TEST_WAY").unwrap();
    let ingest = match way.as_str() {
        "upsert" => upsert(salesforce),
        _ => insert(salesforce),
    };
    let ingest = ingest
        .max_job_rows(250)
        .jobs_at_once(3)
        .poll(quick())
        .spill_to(folder)
        .journal(folder.join("journal"));
    let load = match way.as_str() {
        "insert rows" => ingest.rows((0..ROWS).map(contact)),
        _ => ingest.csv(CsvSource::path(folder.join("contacts.csv"))),
    };
    let loaded = load.await.unwrap();
    assert_eq!(loaded.counts().successful, ROWS as u64);
}

/// Not a test: the program that the tests below start.
#[tokio::test]
#[ignore = "needs a program that starts it"]
async fn worker() {
    // `.ci/run` runs every test that is ignored by its own name only.
    let Ok(url) = std::env::var("FERROFORCE_TEST_ORG") else {
        panic!("started by hand");
    };
    let var = |name| std::env::var(name).unwrap();
    let salesforce = client_of(
        &url,
        &var("FERROFORCE_TEST_ID"),
        &var("FERROFORCE_TEST_SECRET"),
    );
    work(&salesforce, Path::new(&var("FERROFORCE_TEST_FOLDER"))).await;
}

fn spawn(org: &LocalOrg, folder: &Path, way: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::worker", "--ignored", "--nocapture"])
        .env("FERROFORCE_TEST_ORG", org.url())
        .env("FERROFORCE_TEST_ID", org.client_id())
        .env("FERROFORCE_TEST_SECRET", org.client_secret().unwrap())
        .env("FERROFORCE_TEST_FOLDER", folder)
        .env("FERROFORCE_TEST_WAY", way)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn survives(way: &str, loads: u64) {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..ROWS).map(|number| {
        let contact = contact(number);
        format!(
            "{},\"{}\"\n",
            contact.key,
            contact.last_name.replace('"', "\"\"")
        )
    });
    let header = "External_Id__c,LastName\n".to_owned();
    let text: String = std::iter::once(header).chain(lines).collect();
    std::fs::write(folder.path().join("contacts.csv"), text).unwrap();
    let mut random = fastrand::Rng::with_seed(4711);
    let mut killed = 0;
    for _ in 0..loads {
        let (org, salesforce) = start().await;
        for _ in 0..KILLS {
            let mut worker = spawn(&org, folder.path(), way);
            // About as long as the whole load takes, so that every step is met.
            let pause = Duration::from_millis(random.u64(20..400));
            tokio::time::sleep(pause).await;
            if worker.try_wait().unwrap().is_none() {
                killed += 1;
            }
            worker.kill().unwrap();
            worker.wait().unwrap();
        }
        let ended = tokio::task::spawn_blocking({
            let worker = spawn(&org, folder.path(), way);
            move || worker.wait_with_output().unwrap()
        });
        let ended = ended.await.unwrap();
        let words = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{way}: {words}");
        assert_all_arrived(&salesforce, ROWS).await;
        std::fs::remove_file(folder.path().join("journal")).unwrap();
        org.shutdown().await;
    }
    assert!(killed > loads, "only {killed} were killed at work");
}

/// Fifty times in all, over the three ways.
#[tokio::test]
#[ignore = "needs a minute"]
async fn crash_inserts_of_a_file_that_are_killed_arrive_once() {
    survives("insert file", 4).await;
}

#[tokio::test]
#[ignore = "needs a minute"]
async fn crash_inserts_of_rows_that_are_killed_arrive_once() {
    survives("insert rows", 3).await;
}

#[tokio::test]
#[ignore = "needs a minute"]
async fn crash_upserts_that_are_killed_arrive_once() {
    survives("upsert", 3).await;
}
