//! Very many records: in through a bulk job, out again through another, and compared.

use std::time::Duration;

use anyhow::ensure;
use ferroforce::Salesforce;
use ferroforce::bulk::{LoadProgress, Poll};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::report::Report;

const ROWS: u32 = 50_000;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Contact {
    #[serde(rename = "External_Id__c")]
    key: String,
    #[serde(rename = "LastName")]
    last_name: String,
    #[serde(rename = "Description")]
    description: Option<String>,
}

/// Every tenth has what makes CSV hard, and every third has no description at all.
fn contact(number: u32) -> Contact {
    let hard = number.is_multiple_of(10);
    let description = match number % 3 {
        0 => None,
        _ if hard => Some(format!("\"quoted\", and\nof two lines; number {number}")),
        _ => Some(format!("number {number}")),
    };
    Contact {
        key: format!("BULK-{number:05}"),
        last_name: format!("Mill {number}"),
        description,
    }
}

/// A bar that is there where somebody looks.
fn progress_bar(report: &Report<'_>, what: &'static str) -> anyhow::Result<ProgressBar> {
    if report.is_for_machines() {
        return Ok(ProgressBar::hidden());
    }
    let style =
        ProgressStyle::with_template("  {msg:20} {bar:30} {human_pos} of {human_len} rows")?;
    let bar = ProgressBar::new(ROWS.into()).with_style(style);
    Ok(bar.with_message(what))
}

fn poll() -> Poll {
    // The org is near, and nobody else is there.
    Poll::default()
        .first(Duration::from_millis(20))
        .longest(Duration::from_millis(250))
}

pub(super) async fn there_and_back(
    salesforce: &Salesforce,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    report.chapter("Very many records")?;
    let bulk = salesforce.bulk();

    let load = bulk.insert("Contact").poll(poll());
    let mut loading = load.rows((0..ROWS).map(contact)).start();
    let bar = progress_bar(report, "in, by a bulk job")?;
    let mut progress = loading.progress();
    while let Some(LoadProgress { rows_processed, .. }) = progress.next().await {
        bar.set_position(rows_processed);
    }
    bar.finish_and_clear();
    let counts = loading.wait().await?.all_succeeded()?;
    ensure!(
        counts.successful == u64::from(ROWS),
        "of {ROWS} rows {} were written",
        counts.successful
    );
    report.step(
        "bulk insert",
        format!("{} contacts, and each is accounted for", counts.successful),
        json!({"sent": counts.sent, "successful": counts.successful}),
    )?;

    let mut rows = bulk
        .query(
            "SELECT External_Id__c, LastName, Description FROM Contact \
             WHERE External_Id__c LIKE 'BULK-%'",
        )
        .poll(poll())
        .rows::<Contact>();
    let bar = progress_bar(report, "out, by another")?;
    let mut back = Vec::new();
    while let Some(row) = rows.next().await {
        back.push(row?);
        if back.len() % 1_000 == 0 {
            bar.inc(1_000);
        }
    }
    bar.finish_and_clear();
    report.step(
        "bulk query",
        format!("{} contacts came back", back.len()),
        json!({"received": back.len()}),
    )?;

    // They come in no particular order.
    back.sort_unstable();
    let differing = back
        .iter()
        .zip((0..ROWS).map(contact))
        .filter(|(back, sent)| *back != sent)
        .count();
    ensure!(
        back.len() == ROWS as usize && differing == 0,
        "{} rows came back, and {differing} differ from what was sent",
        back.len()
    );
    report.step(
        "compared",
        "every row is the one that was sent",
        json!({"differing": differing}),
    )?;
    Ok(())
}
