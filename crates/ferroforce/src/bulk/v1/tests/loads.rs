//! Loads: what is sent, and what became of the rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::bulk::JobState;
use crate::error::Error;

/// The jobs of an org, and what they took.
#[derive(Default)]
pub(super) struct Jobs {
    /// Whether each is open.
    pub(super) open: Vec<bool>,
    /// Of which job each batch is, and its data.
    pub(super) batches: Vec<(usize, String)>,
    /// How often a batch was sent.
    pub(super) posts: usize,
}

fn job_id(number: usize) -> String {
    match number {
        0 => JOB.to_owned(),
        number => format!("750P0000006HoX{number}"),
    }
}

impl Jobs {
    /// The job that a request is about.
    fn job(&self, sent: &Sent) -> Option<usize> {
        let path = below(sent);
        let id = path.split('/').nth(2)?.to_owned();
        (0..self.open.len()).find(|number| job_id(*number)[..15] == id[..15])
    }

    /// Takes a batch in, if its job is open.
    fn add(&mut self, sent: &Sent) -> Reply {
        match self.job(sent) {
            Some(job) if self.open[job] => {
                let data = String::from_utf8_lossy(&sent.body).into_owned();
                self.batches.push((job, data));
                xml(201, &batch(self.batches.len() - 1, "Queued", 0))
            }
            _ => refused("InvalidJobState"),
        }
    }

    pub(super) fn answer(&mut self, sent: &Sent) -> Reply {
        let path = below(sent);
        let told = |number: usize, state| match job(state) {
            Reply::Answer(status, headers, body) => {
                let text = String::from_utf8(body.to_vec()).unwrap();
                Reply::Answer(status, headers, text.replace(JOB, &job_id(number)).into())
            }
            reply => reply,
        };
        if path == "/job" {
            self.open.push(true);
            return told(self.open.len() - 1, "Open");
        }
        let Some(job) = self.job(sent) else {
            return refused("InvalidJob");
        };
        if path.ends_with("/batch") && sent.method == Method::POST {
            self.posts += 1;
            return self.add(sent);
        }
        if path.ends_with("/batch") {
            // In no particular order.
            let batches = self.batches.iter().enumerate().rev();
            let own = batches.filter(|(_, (of, _))| *of == job);
            let own: Vec<String> = own.map(|(n, _)| batch(n, "Completed", 2)).collect();
            return list(&own);
        }
        let found = path.split("/batch/").nth(1);
        if let Some((id, what)) = found.and_then(|found| found.split_once('/')) {
            let number: usize = id[13..15].parse().unwrap();
            let data = &self.batches[number].1;
            return match what {
                "request" => Reply::Answer(StatusCode::OK, vec![], data.clone().into()),
                _ => outcomes(data),
            };
        }
        if sent.method == Method::POST {
            if !std::mem::take(&mut self.open[job]) {
                return refused("InvalidJobState");
            }
            return told(job, "Closed");
        }
        told(job, "Closed")
    }

    /// All rows that were taken, by their batches.
    pub(super) fn rows(&self) -> Vec<String> {
        let lines = |batch: &(usize, String)| {
            let lines = batch.1.lines().skip(1).map(str::to_owned);
            lines.collect::<Vec<_>>()
        };
        self.batches.iter().flat_map(lines).collect()
    }
}

fn loading(
    lose: impl Fn(usize) -> Option<Loss> + Send + Sync + 'static,
) -> (Script, Arc<Mutex<Jobs>>) {
    let jobs = Arc::new(Mutex::new(Jobs::default()));
    let kept = Arc::clone(&jobs);
    let script = Script::new(move |sent, _| {
        let mut jobs = kept.lock().unwrap();
        let is_batch = below(sent).ends_with("/batch") && sent.method == Method::POST;
        match is_batch.then(|| lose(jobs.posts)).flatten() {
            Some(Loss::Request) => {
                jobs.posts += 1;
                Reply::Fail(TransportErrorKind::Interrupted)
            }
            Some(Loss::Answer) => {
                jobs.answer(sent);
                Reply::Fail(TransportErrorKind::Timeout)
            }
            None => jobs.answer(sent),
        }
    });
    (script, jobs)
}

#[derive(Clone, Copy, PartialEq)]
enum Loss {
    Request,
    Answer,
}

/// Rows with the name `no` are refused.
fn outcomes(batch: &str) -> Reply {
    if batch.starts_with('[') {
        let rows: Vec<BTreeMap<String, String>> = serde_json::from_str(batch).unwrap();
        let results: Vec<_> = rows
            .iter()
            .map(|row| match &*row["Name"] {
                "no" => json!({"success": false, "created": false, "id": null, "errors": [{
                    "statusCode": "REQUIRED_FIELD_MISSING", "message": "words", "fields": ["X"],
                }]}),
                name => json!({"success": true, "created": true, "id": id_of(name), "errors": []}),
            })
            .collect();
        return Reply::json(200, &json!(results).to_string());
    }
    let mut text = "\"Id\",\"Success\",\"Created\",\"Error\"\n".to_owned();
    for name in batch.lines().skip(1) {
        text += &match name {
            "no" => "\"\",\"false\",\"false\",\"REQUIRED_FIELD_MISSING:words:X --\"\n".to_owned(),
            name => format!("\"{}\",\"true\",\"true\",\"\"\n", id_of(name)),
        };
    }
    Reply::Answer(StatusCode::OK, vec![], text.into())
}

pub(super) fn id_of(name: &str) -> String {
    format!("001000000000{name:0>3}AAA").replace("no", "00")
}

const NAMES: [&str; 5] = ["1", "2", "no", "4", "5"];

async fn load(script: &Script, job: NewV1Job) -> Result<Vec<V1Outcome>> {
    let rows = NAMES.map(|name| json!({"Name": name}));
    let running = salesforce(script)
        .bulk()
        .v1()
        .load(job)
        .batch_rows(2)
        .start(rows)
        .await?;
    assert_eq!(running.handle().rows(), 5);
    let kept = serde_json::to_string(running.handle()).unwrap();
    let running = salesforce(script)
        .bulk()
        .v1()
        .resume(serde_json::from_str(&kept).unwrap());
    let outcomes: Vec<_> = running.wait().await?.collect().await;
    outcomes.into_iter().collect()
}

fn check(outcomes: &[V1Outcome]) {
    assert_eq!(outcomes.len(), 5);
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.row, number as u64);
        match (&outcome.result, NAMES[number]) {
            (Err(error), "no") => {
                assert_eq!(error.code().unwrap().as_str(), "REQUIRED_FIELD_MISSING");
                assert_eq!(error.api_errors()[0].fields(), ["X"]);
            }
            (Ok((id, true)), name) => assert_eq!(id.as_str()[..15], id_of(name)[..15]),
            (other, name) => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_loaded_and_their_outcomes_come_in_their_order() {
    for job in [
        NewV1Job::insert("Account").serial(),
        NewV1Job::upsert("Account", "Key__c").json(),
    ] {
        let (script, jobs) = loading(|_| None);
        check(&load(&script, job.clone()).await.unwrap());
        assert_eq!(jobs.lock().unwrap().batches.len(), 3);
        let sent = script.sent();
        let created = String::from_utf8(sent[0].body.to_vec()).unwrap();
        let json = job == NewV1Job::upsert("Account", "Key__c").json();
        let mode = if json { "Parallel" } else { "Serial" };
        assert!(created.contains(&format!("<concurrencyMode>{mode}</concurrencyMode>")));
        assert_eq!(
            created.contains("<externalIdFieldName>Key__c</externalIdFieldName>"),
            json
        );
        let kind = sent[1].headers["content-type"].to_str().unwrap();
        assert!(kind.starts_with(if json { "application/json" } else { "text/csv" }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_may_have_arrived_is_there_once() {
    for loss in [Loss::Request, Loss::Answer] {
        for lost in 0..3 {
            let (script, jobs) = loading(move |post| (post == lost).then_some(loss));
            check(&load(&script, NewV1Job::insert("Account")).await.unwrap());
            let jobs = jobs.lock().unwrap();
            assert_eq!(jobs.rows(), NAMES);
            assert_eq!(jobs.posts, if loss == Loss::Request { 4 } else { 3 });
            // The job that may have it takes nothing any more.
            let another = loss == Loss::Request || lost < 2;
            assert_eq!(jobs.open, vec![false; 1 + usize::from(another)]);
        }
    }
    // A line that stays down ends in an error, and the jobs are named and aborted.
    let (script, jobs) = loading(|post| (post > 0).then_some(Loss::Request));
    let error = load(&script, NewV1Job::insert("Account"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(error.jobs().len(), 4);
    assert_eq!(error.jobs()[0], JOB.parse().unwrap());
    assert_eq!(jobs.lock().unwrap().open, [false; 4]);
    let aborts = script.sent().into_iter();
    let aborts = aborts.filter(|sent| String::from_utf8_lossy(&sent.body).contains("Aborted"));
    assert_eq!(aborts.count(), 4);
}

/// Batches of two jobs are worked on side by side.
#[tokio::test(start_paused = true)]
async fn a_serial_load_waits_before_it_goes_on_in_another_job() {
    let (script, _) = loading(|post| (post == 1).then_some(Loss::Request));
    let job = NewV1Job::insert("Account").serial();
    check(&load(&script, job).await.unwrap());
    let sent = script.sent();
    let created: Vec<usize> = (0..sent.len())
        .filter(|at| below(&sent[*at]) == "/job")
        .collect();
    assert_eq!(created.len(), 2);
    let waited = &sent[created[1] - 1];
    assert_eq!(waited.method, Method::GET);
    assert!(below(waited).ends_with("/batch"));
    let settled = sent[..created[1] - 1].iter().rev();
    let closed = settled.map(|sent| String::from_utf8_lossy(&sent.body).contains("Closed"));
    assert_eq!(closed.take(2).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn each_answer_about_a_load_is_an_event_of_its_job() {
    let (inner, _) = loading(|_| None);
    let asked = Mutex::new(0);
    let script = Script::new(move |sent, _| {
        if below(sent).ends_with("/batch") && sent.method == Method::GET {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            let last = if *asked == 1 {
                "InProgress"
            } else {
                "Completed"
            };
            return list(&[0, 1, 2].map(|n| batch(n, if n == 2 { last } else { "Completed" }, 2)));
        }
        inner.answer(sent)
    });
    let salesforce = salesforce(&script);
    let (told, _subscription) = json::told(&salesforce);
    let rows = NAMES.map(|name| json!({"Name": name}));
    let load = salesforce.bulk().v1().load(NewV1Job::insert("Account"));
    let running = load.batch_rows(2).start(rows).await.unwrap();
    let _ = running.wait().await.unwrap();
    assert_eq!(
        *told.lock().unwrap(),
        [(6, 0, JobState::InProgress), (6, 0, JobState::JobComplete)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_written_needs_no_job() {
    let (script, _) = loading(|_| None);
    let load = || {
        salesforce(&script)
            .bulk()
            .v1()
            .load(NewV1Job::insert("Account"))
    };
    let error = load().start([json!(5)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(script.count(), 0);
    let none: [Record; 0] = [];
    assert_eq!(load().start(none).await.unwrap().handle().rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_batch_that_failed_are_told_as_such() {
    let (inner, _) = loading(|_| None);
    let script = Script::new(move |sent, _| {
        if below(sent).ends_with("/batch") && sent.method == Method::GET {
            return list(&[
                batch(0, "Completed", 2),
                batch(1, "Failed", 0),
                batch(2, "NotProcessed", 0),
            ]);
        }
        inner.answer(sent)
    });
    let outcomes = load(&script, NewV1Job::insert("Account")).await.unwrap();
    let failed: Vec<Option<&Error>> = outcomes
        .iter()
        .map(|outcome| outcome.result.as_ref().err())
        .collect();
    assert!(failed[..2].iter().all(Option::is_none));
    for error in &failed[2..] {
        assert_eq!(error.unwrap().kind(), ErrorKind::JobFailed);
    }
    assert_eq!(failed[2].unwrap().code().unwrap().as_str(), "InvalidBatch");
}

#[tokio::test(start_paused = true)]
async fn fewer_results_than_rows_are_an_error() {
    let (inner, _) = loading(|_| None);
    let script = Script::new(move |sent, _| {
        if below(sent).ends_with("/result") {
            return outcomes("Name\n1\n");
        }
        inner.answer(sent)
    });
    let error = load(&script, NewV1Job::insert("Account"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}
