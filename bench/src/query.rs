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
    let mut sum = 0.0;
    each(subject, records, |contact| {
        sum += size(&contact.last_name) + contact.score;
    })
    .await?;
    Ok(sum)
}

/// Reads every record into a struct, and hands it over.
pub async fn each(subject: &Subject, records: u32, mut read: impl FnMut(Contact)) -> Result<()> {
    match subject {
        Subject::Ours(client) => {
            let mut rows = client.query(soql(records)).rows::<Contact>();
            while let Some(contact) = rows.try_next().await? {
                read(contact);
            }
        }
        Subject::Bare(bare) => floor(bare, records, read).await?,
        Subject::Cirrus(cirrus) => {
            let mut rows = cirrus.query_stream_as::<Contact>(&text(records));
            while let Some(contact) = rows.try_next().await? {
                read(contact);
            }
        }
    }
    Ok(())
}

/// As [`typed`], without a type: our `Record` and serde_json's `Value`.
pub async fn dynamic(subject: &Subject, records: u32) -> Result<f64> {
    let mut sum = 0.0;
    let mut read = |record: Value| {
        let name = record["LastName"].as_str().map_or(0.0, size);
        sum += name + record["Score__c"].as_f64().unwrap_or(0.0);
    };
    match subject {
        Subject::Ours(client) => {
            let mut rows = client.query(soql(records)).records();
            while let Some(record) = rows.try_next().await? {
                let name = record.get::<&str>("LastName")?;
                sum += size(name) + record.get::<f64>("Score__c")?;
            }
        }
        Subject::Bare(bare) => floor(bare, records, read).await?,
        Subject::Cirrus(cirrus) => {
            let mut rows = cirrus.query_stream(&text(records));
            while let Some(record) = rows.try_next().await? {
                read(record);
            }
        }
    }
    Ok(sum)
}

fn soql(records: u32) -> Soql {
    Soql::from(SOQL).bind("rows", records)
}

/// The query of clients that have no binds.
fn text(records: u32) -> String {
    SOQL.replace(":rows", &records.to_string())
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
    mut read: impl FnMut(T),
) -> Result<()> {
    let soql = text(records).replace(' ', "+");
    let mut next = Some(format!("/services/data/v66.0/query?q={soql}"));
    while let Some(path) = next {
        let page: Page<T> = bare.get(format!("{}{path}", bare.url)).await?;
        page.records.into_iter().for_each(&mut read);
        next = page.next;
    }
    Ok(())
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
