//! Results of query jobs: read from pages at hand, and from the server to the last row.

use std::time::Instant;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::bulk::{CsvReader, Poll};

use crate::contact::{self, Contact};
use crate::{Result, memory};

/// As many rows as a page has by default.
pub const PAGE: u32 = 50_000;

/// Bytes that a socket gives at a time.
const PIECE: usize = 64 * 1024;

/// What an extract costs.
pub struct Cost {
    pub per_second: f64,
    /// In MB.
    pub memory: f64,
}

/// Rows per second that are read from pages in memory.
pub fn parsed_per_second(reader: &str, rows: u32) -> Result<f64> {
    let mut page = contact::CSV_HEADER.to_owned();
    (0..PAGE).for_each(|i| contact::write_csv(i, &mut page));
    let read = match reader {
        "ours" => ours,
        "csv" => with_csv,
        _ => return Err(format!("there is no reader {reader}").into()),
    };
    let pages = rows.div_ceil(PAGE);
    let start = Instant::now();
    let mut seen = Seen::default();
    for _ in 0..pages {
        read(page.as_bytes(), &mut seen)?;
    }
    let elapsed = start.elapsed();
    seen.check(pages * PAGE)?;
    Ok(f64::from(pages * PAGE) / elapsed.as_secs_f64())
}

/// As it comes from a socket, in pieces.
fn ours(page: &[u8], seen: &mut Seen) -> Result<()> {
    let mut reader = CsvReader::new();
    for piece in page.chunks(PIECE) {
        reader.push(piece);
        while let Some(row) = reader.next_row() {
            seen.add(&row?);
        }
    }
    reader.finish();
    while let Some(row) = reader.next_row() {
        seen.add(&row?);
    }
    Ok(())
}

fn with_csv(page: &[u8], seen: &mut Seen) -> Result<()> {
    for row in csv::Reader::from_reader(page).deserialize() {
        seen.add(&row?);
    }
    Ok(())
}

/// Every row is looked at.
#[derive(Default)]
pub struct Seen {
    rows: u32,
    total: f64,
}

impl Seen {
    pub fn add(&mut self, contact: &Contact) {
        self.rows += 1;
        self.total += contact.last_name.len() as f64 + contact.score;
    }

    pub fn check(&self, rows: u32) -> Result<()> {
        if self.rows != rows || self.total <= 0.0 {
            return Err(format!("{} rows of {rows} came", self.rows).into());
        }
        Ok(())
    }
}

/// What it costs to get all rows of a query job, typed.
pub async fn cost(client: &str, url: &str, rows: u32) -> Result<Cost> {
    match client {
        "ours" => cost_of_ours(url, rows).await,
        "force" => crate::bulk_force::cost(url, rows).await,
        _ => Err(format!("there is no client {client}").into()),
    }
}

async fn cost_of_ours(url: &str, rows: u32) -> Result<Cost> {
    let auth = ClientCredentials::new("id", "secret");
    let client = Salesforce::builder(auth).org_url(url).build()?;
    client.access_token().await?;
    let before = memory::now()?;
    let start = Instant::now();
    let mut seen = Seen::default();
    let mut contacts = client
        .bulk()
        .query(contact::SOQL)
        .bind("rows", rows)
        // The job is complete when it is asked for the first time.
        .poll(Poll::default())
        .rows::<Contact>();
    while let Some(contact) = contacts.next().await {
        seen.add(&contact?);
    }
    let elapsed = start.elapsed();
    seen.check(rows)?;
    Ok(Cost {
        per_second: f64::from(rows) / elapsed.as_secs_f64(),
        memory: memory::peak()? - before,
    })
}
