//! Many records created, two hundred in a request.

use std::time::Instant;

use cirrus::Cirrus;
use ferroforce::{IntoRecordStream, RecordStream};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contact::NewContact;
use crate::subject::{Bare, Subject};
use crate::{Result, cpu, memory};

/// As many records as Salesforce takes in a request.
pub const CHUNK: u32 = 200;

/// What it takes to create records.
pub struct Cost {
    pub per_second: f64,
    /// Microseconds of the processor for each record.
    pub cpu: f64,
    /// By how many MB the process grew, at its largest.
    pub memory: f64,
}

/// Creates so many records with so many requests at a time.
pub async fn cost(subject: &Subject, records: u32, in_flight: usize) -> Result<Cost> {
    // Signs in and connects.
    subject.get::<Value>().await?;
    let (idle, used, start) = (memory::now()?, cpu::used()?, Instant::now());
    let created = create(subject, records, in_flight).await?;
    let elapsed = start.elapsed();
    if created != records as usize {
        return Err("records are missing".into());
    }
    let records = f64::from(records);
    Ok(Cost {
        per_second: records / elapsed.as_secs_f64(),
        cpu: 1e6 * (cpu::used()? - used) / records,
        memory: memory::peak()? - idle,
    })
}

/// How many records were created.
async fn create(subject: &Subject, records: u32, in_flight: usize) -> Result<usize> {
    let contacts = (0..records).map(NewContact::new);
    let chunk = |first| (first..records.min(first + CHUNK)).map(NewContact::new);
    // What anybody would write first: the chunks as a stream, so many at a time.
    let chunks = stream::iter((0..records).step_by(CHUNK as usize));
    match subject {
        Subject::Ours(client) => {
            let results = contacts.into_stream().create_all(client, "Contact");
            let results = results.in_flight(in_flight);
            Ok(results.try_fold(0, async |sum, _| Ok(sum + 1)).await?)
        }
        Subject::Bare(bare) => {
            let created = chunks.map(|first| create_bare(bare, chunk(first).collect()));
            let created = created.buffer_unordered(in_flight);
            created.try_fold(0, async |sum, n| Ok(sum + n)).await
        }
        Subject::Cirrus(cirrus) => {
            let created = chunks.map(|first| create_cirrus(cirrus, chunk(first).collect()));
            let created = created.buffer_unordered(in_flight);
            created.try_fold(0, async |sum, n| Ok(sum + n)).await
        }
    }
}

async fn create_cirrus(cirrus: &Cirrus, contacts: Vec<NewContact>) -> Result<usize> {
    let collections = cirrus.composite().sobjects();
    let results = collections.create_records("Contact", &contacts, false);
    let results = results.await?.into_iter();
    Ok(results.filter(|result| result.success).count())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Collection<'a> {
    all_or_none: bool,
    records: Vec<Typed<'a>>,
}

#[derive(Serialize)]
struct Typed<'a> {
    attributes: Attributes,
    #[serde(flatten)]
    contact: &'a NewContact,
}

#[derive(Serialize)]
struct Attributes {
    r#type: &'static str,
}

#[derive(Deserialize)]
struct Saved {
    success: bool,
}

async fn create_bare(bare: &Bare, contacts: Vec<NewContact>) -> Result<usize> {
    let typed = |contact| Typed {
        attributes: Attributes { r#type: "Contact" },
        contact,
    };
    let collection = Collection {
        all_or_none: false,
        records: contacts.iter().map(typed).collect(),
    };
    let url = format!("{}/services/data/v66.0/composite/sobjects", bare.url);
    let request = bare.http.post(url).bearer_auth("token");
    let request = request.header("content-type", "application/json");
    let response = request
        .body(serde_json::to_vec(&collection)?)
        .send()
        .await?;
    let body = response.error_for_status()?.bytes().await?;
    let results: Vec<Saved> = serde_json::from_slice(&body)?;
    Ok(results.into_iter().filter(|result| result.success).count())
}
