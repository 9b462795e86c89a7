//! Rows that go into bulk jobs: written as CSV, and loaded by the server to the end.

use std::time::Instant;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::bulk::{CsvWriter, Poll};

use crate::bulk_extract::Cost;
use crate::contact::NewContact;
use crate::{Result, memory};

/// Rows that are made beforehand, so that making them is not measured.
const BLOCK: u32 = 10_000;

fn block() -> Vec<NewContact> {
    (0..BLOCK).map(NewContact::new).collect()
}

/// Rows per second that are written as CSV into memory.
pub fn serialized_per_second(writer: &str, rows: u32) -> Result<f64> {
    let block = block();
    let all = || block.iter().cycle().take(rows as usize);
    let start = Instant::now();
    let text = match writer {
        "ours" => {
            let mut writer = CsvWriter::new();
            for row in all() {
                writer.write(row)?;
            }
            writer.finish()
        }
        "csv" => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in all() {
                writer.serialize(row)?;
            }
            writer.into_inner()?
        }
        _ => return Err(format!("there is no writer {writer}").into()),
    };
    let elapsed = start.elapsed();
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    if lines != rows as usize + 1 {
        return Err(format!("{lines} lines were written for {rows} rows").into());
    }
    Ok(f64::from(rows) / elapsed.as_secs_f64())
}

/// What it costs to make so many rows and load them.
pub async fn cost(client: &str, url: &str, rows: u32) -> Result<Cost> {
    match client {
        "ours" => cost_of_ours(url, rows).await,
        "force" => crate::bulk_force::cost_of_load(url, rows).await,
        _ => Err(format!("there is no client {client}").into()),
    }
}

async fn cost_of_ours(url: &str, rows: u32) -> Result<Cost> {
    let auth = ClientCredentials::new("id", "secret");
    let client = Salesforce::builder(auth).org_url(url).build()?;
    client.access_token().await?;
    let before = memory::now()?;
    let start = Instant::now();
    let load = client.bulk().insert("Contact").poll(Poll::default());
    let loaded = load.rows((0..rows).map(NewContact::new)).await?;
    let elapsed = start.elapsed();
    let counts = loaded.counts();
    if counts.successful != u64::from(rows) {
        return Err(format!("of {rows} rows {} were written", counts.successful).into());
    }
    Ok(Cost {
        per_second: f64::from(rows) / elapsed.as_secs_f64(),
        memory: memory::peak()? - before,
    })
}
