//! Many records at once, and a query of several pages.

use std::collections::BTreeSet;
use std::future::IntoFuture as _;

use anyhow::ensure;
use ferroforce::query::Page;
use ferroforce::{RecordId, Salesforce};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde_json::json;

use super::report::Report;

/// How many records there are.
pub(super) const ROWS: usize = 450;

/// The department that they are all in.
pub(super) const DEPARTMENT: &str = "Difference Engines";

/// The smallest page that Salesforce makes.
pub(super) const PAGE_SIZE: u32 = 200;

const AT_ONCE: usize = 25;

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Id")]
    id: RecordId,
}

pub(super) async fn turn(salesforce: &Salesforce, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.chapter("Many records")?;
    let contacts = salesforce.sobject("Contact");

    let created: BTreeSet<RecordId> = stream::iter(1..=ROWS)
        .map(|number| {
            let record = json!({"LastName": format!("Engine {number}"), "Department": DEPARTMENT});
            contacts.create(&record).into_future()
        })
        .buffer_unordered(AT_ONCE)
        .map_ok(|created| created.id)
        .try_collect()
        .await?;
    ensure!(
        created.len() == ROWS,
        "{ROWS} creates made {} records",
        created.len()
    );
    report.step(
        "many creates",
        format!("{ROWS} contacts, {AT_ONCE} requests at a time"),
        json!({"created": created.len()}),
    )?;

    let pages: Vec<Page<Row>> = salesforce
        .query("SELECT Id FROM Contact WHERE Department = :department ORDER BY LastName")
        .bind("department", DEPARTMENT)
        .batch_size(PAGE_SIZE)
        .pages()
        .try_collect()
        .await?;
    let sizes: Vec<usize> = pages.iter().map(|page| page.records.len()).collect();
    let found: Vec<RecordId> = pages
        .iter()
        .flat_map(|page| &page.records)
        .map(|row| row.id)
        .collect();
    ensure!(
        found.len() == ROWS && found.into_iter().collect::<BTreeSet<_>>() == created,
        "{ROWS} records were created, and pages of {sizes:?} rows do not hold each of them once"
    );
    ensure!(pages.len() > 1, "{ROWS} rows came on one page");
    report.step(
        "query",
        format!("all {ROWS} of them, on pages of {}", listed(&sizes)),
        json!({"rows": ROWS, "pages": sizes}),
    )
}

/// `200, 200 and 50`
fn listed(numbers: &[usize]) -> String {
    let texts: Vec<String> = numbers.iter().map(usize::to_string).collect();
    match texts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
