//! What goes wrong, and that it does not matter.

use std::sync::mpsc;

use anyhow::{Context as _, ensure};
use ferroforce::events::{Event, Subscription};
use ferroforce::{Record, RecordId, Salesforce};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::TryStreamExt as _;
use serde_json::json;

use super::pages::{DEPARTMENT, PAGE_SIZE, ROWS};
use super::report::Report;

pub(super) async fn survive(
    org: &LocalOrg,
    salesforce: &Salesforce,
    contact: RecordId,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    report.chapter("Trouble on the way")?;

    // The org ends the session, which the client learns only from its next request.
    org.faults().add(Fault::expired_session());
    let (events, subscription) = listen(salesforce);
    let ada: Record = salesforce.sobject("Contact").get(contact).await?;
    drop(subscription);
    let name: String = ada.get("Name")?;
    let events: Vec<Event> = events.iter().collect();
    ensure!(
        events
            .iter()
            .filter(|event| matches!(event, Event::TokenIssued(_)))
            .count()
            == 1,
        "a session expired, and not exactly one sign-in followed"
    );
    report.step_with_events(
        "expired session",
        format!("one new sign-in, and {name} was read"),
        json!({"name": name}),
        &events,
    )?;

    // The second page of a query is not served at first.
    org.faults()
        .add(Fault::unavailable().path("/services/data/*/query/*"));
    let (events, subscription) = listen(salesforce);
    let rows: Vec<Record> = salesforce
        .query("SELECT Id FROM Contact WHERE Department = :department")
        .bind("department", DEPARTMENT)
        .batch_size(PAGE_SIZE)
        .records()
        .try_collect()
        .await?;
    drop(subscription);
    let events: Vec<Event> = events.iter().collect();
    let struck = events
        .iter()
        .find(|event| matches!(event, Event::Retry(_)))
        .and_then(Event::request)
        .context("a page was refused with 503, and no request was repeated")?;
    ensure!(rows.len() == ROWS, "{ROWS} rows became {}", rows.len());
    let of_that_page: Vec<Event> = events
        .iter()
        .filter(|event| {
            event
                .request()
                .is_some_and(|request| request.id == struck.id)
        })
        .cloned()
        .collect();
    report.step_with_events(
        "503 on a page",
        format!("page 2 was asked for again, all {ROWS} rows came"),
        json!({"rows": rows.len()}),
        &of_that_page,
    )
}

/// Takes down what happens until the subscription is dropped.
fn listen(salesforce: &Salesforce) -> (mpsc::Receiver<Event>, Subscription) {
    let (sender, events) = mpsc::channel();
    let subscription = salesforce.subscribe(move |event: &Event| {
        // Nobody listens any more once the receiver is gone.
        let _ = sender.send(event.clone());
    });
    (events, subscription)
}
