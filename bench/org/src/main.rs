//! Measures the local org: a query beside SQLite alone, and memory while pages are fetched.
//! `bench/run-org` runs it all; `../README.md` says what is measured.

mod http;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ferroforce_org::LocalOrg;
use http::Client;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: ferroforce-bench-org fill FOLDER CONTACTS
       ferroforce-bench-org first-page FOLDER ROUNDS
       ferroforce-bench-org memory FOLDER";

const ACCOUNTS: usize = 1_000;

const INDUSTRIES: [&str; 4] = ["Banking", "Energy", "Media", "Retail"];

const SOQL: &str = include_str!("query.soql").trim_ascii_end();

/// What the org makes of it; a test of the org holds it to that.
const SQL: &str = include_str!("query.sql");

/// How many records a page has.
const PAGE: usize = 2_000;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["fill", folder, contacts] => fill(Path::new(folder), contacts.parse()?),
        ["first-page", folder, rounds] => first_page(Path::new(folder), rounds.parse()?),
        ["memory", folder] => memory(Path::new(folder)),
        _ => Err(USAGE.into()),
    }
}

/// An org on a folder's data, and a client of it.
fn start(folder: &Path) -> Result<(LocalOrg, Client)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let seed = seed_file(folder);
    let builder = LocalOrg::builder().data_file(folder.join("org.sqlite"));
    let builder = if seed.exists() {
        builder.seed_file(seed)
    } else {
        builder
    };
    let org = runtime.block_on(builder.start())?;
    let client = Client::new(&org.url().to_string(), &org.access_token())?;
    Ok((org, client))
}

fn seed_file(folder: &Path) -> PathBuf {
    folder.join("seed.json")
}

/// Makes the data: contacts with names in no order, spread over accounts.
fn fill(folder: &Path, contacts: usize) -> Result<()> {
    let accounts = (0..ACCOUNTS).map(|n| {
        json!({
            "attributes": {"type": "Account", "referenceId": format!("a{n}")},
            "Name": format!("Account {n:04}"),
            "Industry": INDUSTRIES[n % INDUSTRIES.len()],
        })
    });
    let contacts = (0..contacts).map(|n| {
        // A step that shares no factor with 26 to the third power visits all names.
        let mixed = n * 7_919 % 17_576;
        let letter = |by: usize| char::from(b'a' + u8::try_from(mixed / by % 26).unwrap_or(0));
        let name: String = [letter(676), letter(26), letter(1)].into_iter().collect();
        json!({
            "attributes": {"type": "Contact"},
            "FirstName": format!("First {}", n % 977),
            "LastName": format!("{name}son"),
            "Email": format!("{name}.{n}@example.com"),
            "Phone": format!("+41 31 {n:07}"),
            "AccountId": format!("@a{}", n % ACCOUNTS),
        })
    });
    let records: Vec<Value> = accounts.chain(contacts).collect();
    fs::create_dir_all(folder)?;
    fs::write(seed_file(folder), json!({"records": records}).to_string())?;
    let (org, _) = start(folder)?;
    drop(org);
    // What is there is not planted again.
    fs::remove_file(seed_file(folder))?;
    fs::copy(folder.join("org.sqlite"), folder.join("alone.sqlite"))?;
    Ok(())
}

/// The first page of the query, over HTTP, and the whole of its statement in SQLite alone.
fn first_page(folder: &Path, rounds: usize) -> Result<()> {
    let (_org, mut client) = start(folder)?;
    let alone = Connection::open(folder.join("alone.sqlite"))?;
    let path = format!("/services/data/v66.0/query?q={}", encoded(SOQL));
    let answer: Value = serde_json::from_slice(&client.get(&path)?)?;
    let found = rows(&alone)?;
    assert_eq!(answer["totalSize"], found, "both find the same");
    println!("found\t{found}");
    let mut ours = Vec::new();
    let mut sqlite = Vec::new();
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        rows(&alone)?;
        let alone = start.elapsed();
        let start = Instant::now();
        client.get(&path)?;
        let org = start.elapsed();
        ratios.push(org.as_secs_f64() / alone.as_secs_f64());
        ours.push(millis(org));
        sqlite.push(millis(alone));
    }
    println!("org, first page\t{:.1} ms", median(ours));
    println!("SQLite alone\t{:.1} ms", median(sqlite));
    println!("org / SQLite\t{:.2}", median(ratios));
    Ok(())
}

/// Runs the statement and looks at every value.
fn rows(db: &Connection) -> Result<usize> {
    let mut statement = db.prepare_cached(SQL)?;
    let columns = statement.column_count();
    let mut rows = statement.query(["M", "ENERGY"].map(|text| &text[..]))?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            if let ValueRef::Text(text) = row.get_ref(column)? {
                bytes += text.len();
            }
        }
        count += 1;
    }
    assert!(bytes > 0 || count == 0);
    Ok(count)
}

/// The process's memory while all contacts are paged, twice.
fn memory(folder: &Path) -> Result<()> {
    let (_org, mut client) = start(folder)?;
    println!("at the start\t{:.1} MB", resident()?);
    for pass in ["first", "second"] {
        let query = encoded("SELECT Id, FirstName, LastName, Email, Account.Name FROM Contact");
        let mut path = Some(format!("/services/data/v66.0/query?q={query}"));
        let mut seen = 0;
        while let Some(next) = path {
            let page = client.get(&next)?;
            path = next_page(&page)?;
            seen += PAGE;
            if seen == 20_000 || path.is_none() {
                println!("{pass} pass, {seen} records\t{:.1} MB", resident()?);
            }
        }
    }
    Ok(())
}

/// The path of the next page, which stands before the records.
fn next_page(page: &[u8]) -> Result<Option<String>> {
    let head = std::str::from_utf8(&page[..page.len().min(200)])?;
    let next = head.split_once("\"nextRecordsUrl\":\"");
    Ok(next.and_then(|(_, next)| Some(next.split_once('"')?.0.to_owned())))
}

/// What the process has, in MB, as Linux counts it.
fn resident() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .ok_or("the system does not tell the memory of a process")?
        .parse()?;
    Ok(kilobytes / 1024.0)
}

fn encoded(soql: &str) -> String {
    soql.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn millis(duration: Duration) -> f64 {
    1_000.0 * duration.as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
