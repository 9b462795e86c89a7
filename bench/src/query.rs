//! Queries of many pages.

use std::time::Instant;

use ferroforce::Soql;
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::contact::{Contact, SOQL};
use crate::subject::{Bare, Subject};
use crate::{Result, memory};

/// Reads every record, and of each a text and a number: their sum is the proof.
pub async fn typed(subject: &Subject, records: u32) -> Result<f64> {
    let read = |contact: Contact| size(&contact.last_name) + contact.score;
    match subject {
        Subject::Ours(client) => {
            let rows = client.query(soql(records)).rows::<Contact>();
            Ok(rows
                .try_fold(0.0, |sum, contact| async move { Ok(sum + read(contact)) })
                .await?)
        }
        Subject::Bare(bare) => floor(bare, records, read).await,
    }
}

/// As [`typed`], without a type: our `Record` and serde_json's `Value`.
pub async fn dynamic(subject: &Subject, records: u32) -> Result<f64> {
    match subject {
        Subject::Ours(client) => {
            let mut sum = 0.0;
            let mut rows = client.query(soql(records)).records();
            while let Some(record) = rows.try_next().await? {
                let name = record.get::<&str>("LastName")?;
                sum += size(name) + record.get::<f64>("Score__c")?;
            }
            Ok(sum)
        }
        Subject::Bare(bare) => {
            let read = |record: Value| {
                let name = record["LastName"].as_str().map_or(0.0, size);
                name + record["Score__c"].as_f64().unwrap_or(0.0)
            };
            floor(bare, records, read).await
        }
    }
}

fn soql(records: u32) -> Soql {
    Soql::from(SOQL).bind("rows", records)
}

fn size(text: &str) -> f64 {
    f64::from(u32::try_from(text.len()).unwrap_or(0))
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(rename = "nextRecordsUrl")]
    next: Option<String>,
    records: Vec<T>,
}

/// What anybody would write first: fetch a page, parse it, read it, fetch the
/// next.
async fn floor<T: DeserializeOwned>(
    bare: &Bare,
    records: u32,
    read: impl Fn(T) -> f64,
) -> Result<f64> {
    let mut sum = 0.0;
    let soql = SOQL
        .replace(":rows", &records.to_string())
        .replace(' ', "+");
    let mut next = Some(format!("/services/data/v66.0/query?q={soql}"));
    while let Some(path) = next {
        let page: Page<T> = bare.get(format!("{}{path}", bare.url)).await?;
        sum += page.records.into_iter().map(&read).sum::<f64>();
        next = page.next;
    }
    Ok(sum)
}

/// How many records per second come out.
pub async fn per_second(
    subject: &Subject,
    query: impl AsyncFn(&Subject, u32) -> Result<f64>,
    records: u32,
) -> Result<f64> {
    subject.get::<Value>().await?;
    let start = Instant::now();
    let sum = query(subject, records).await?;
    let elapsed = start.elapsed();
    if sum < f64::from(records) {
        return Err("records are missing".into());
    }
    Ok(f64::from(records) / elapsed.as_secs_f64())
}

/// By how many MB the process grows, at its largest, above what it had when the
/// client was signed in.
pub async fn growth(
    subject: &Subject,
    query: impl AsyncFn(&Subject, u32) -> Result<f64>,
    records: u32,
) -> Result<f64> {
    subject.get::<Value>().await?;
    let idle = memory::now()?;
    query(subject, records).await?;
    Ok(memory::peak()? - idle)
}
