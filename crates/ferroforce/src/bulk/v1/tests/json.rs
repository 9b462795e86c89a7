//! Queries with their results in JSON.

use std::sync::Arc;

use super::*;
use crate::bulk::{BulkQuery, JobState};
use crate::events::{Event, Subscription};
use crate::{Date, DateTime};

const ORDERED: &str = "SELECT Id, Name, Owner.Name FROM Account ORDER BY Name LIMIT 20";

/// The same three chunks, in JSON.
fn in_json(sent: &Sent) -> Reply {
    let path = below(sent);
    let path: Vec<&str> = path.split('/').skip(2).collect();
    match path[..] {
        [_, "batch", id, "result"] => Reply::json(200, &format!(r#"["752{}"]"#, &id[3..])),
        [_, "batch", id, "result", _] => Reply::json(200, &list_of(id)),
        _ => chunked(sent),
    }
}

fn list_of(batch: &str) -> String {
    let number: usize = batch[13..15].parse().unwrap();
    let rows = match number {
        1 | 2 => (number - 1) * 10..number * 10,
        _ => 0..0,
    };
    let records: Vec<String> = rows.map(|row| record(row).to_string()).collect();
    format!("[ {} ]", records.join(",\n"))
}

fn record(row: usize) -> serde_json::Value {
    json!({
        "attributes": {"type": "Account"}, "Id": row, "Name": format!("n {row}"),
        "Rating": null, "CreatedDate": 1_772_366_400_000_i64, "Since__c": 86_400_000,
        "Owner": {"attributes": {"type": "User"}, "Name": "}\"],"},
    })
}

/// One batch, without chunks.
fn undivided(sent: &Sent) -> Reply {
    if below(sent).ends_with("/batch") && sent.method == Method::GET {
        return list(&[batch(2, "Completed", 10)]);
    }
    if below(sent).ends_with("/batch") {
        return xml(201, &batch(2, "Queued", 0));
    }
    in_json(sent)
}

fn query(script: &Script) -> BulkQuery {
    salesforce(script).bulk().query(SOQL).json()
}

fn divided(script: &Script) -> BulkQuery {
    query(script).pk_chunking(PkChunking::new())
}

#[tokio::test(start_paused = true)]
async fn rows_of_json_are_read_with_and_without_chunks() {
    let script = Script::new(|sent, _| in_json(sent));
    assert_eq!(read(divided(&script).rows()).await.unwrap(), all());
    let parallel = divided(&script).paging(Paging::new().parallel(3));
    assert_eq!(read(parallel.rows()).await.unwrap(), all());
    let sent = script.sent();
    let created = String::from_utf8(sent[0].body.to_vec()).unwrap();
    assert!(
        created.contains("<contentType>JSON</contentType>"),
        "{created}"
    );
    assert_eq!(
        sent[1].headers["content-type"],
        "application/json; charset=UTF-8"
    );
    let page = sent.iter().find(|sent| below(sent).contains("/result/"));
    assert_eq!(page.unwrap().headers["accept"], "application/json");

    // Clauses that cannot be divided are none of its business.
    let script = Script::new(|sent, _| undivided(sent));
    let rows = salesforce(&script).bulk().query(ORDERED).json().rows();
    assert_eq!(read(rows).await.unwrap(), (10..20).collect::<Vec<_>>());
    assert!(
        !script.sent()[0]
            .headers
            .contains_key("sforce-enable-pkchunking")
    );
    assert_eq!(script.sent()[1].body, ORDERED);
}

#[tokio::test(start_paused = true)]
async fn records_of_json_have_the_values_that_were_sent_and_need_no_description() {
    let script = Script::new(|sent, _| in_json(sent));
    let mut records = divided(&script).records();
    let mut number = 0;
    while let Some(found) = records.next().await {
        let found = found.unwrap();
        let expected: Record = serde_json::from_str(&record(number).to_string()).unwrap();
        for field in &expected {
            assert_eq!(found.json(field.name()), Some(field.json()));
        }
        assert_eq!(found.get::<usize>("Id").unwrap(), number);
        assert_eq!(
            found.get::<&str>("Owner.Name").unwrap_err().kind(),
            ErrorKind::Decode
        );
        assert_eq!(found.get::<String>("Owner.Name").unwrap(), "}\"],");
        let created: DateTime = found.get("CreatedDate").unwrap();
        assert_eq!(created, "2026-03-01T12:00:00Z".parse().unwrap());
        let since: Date = found.get("Since__c").unwrap();
        assert_eq!(since, "1970-01-02".parse().unwrap());
        number += 1;
    }
    assert_eq!(number, 20);
    let described = |sent: &Sent| sent.uri.path().contains("describe");
    assert!(!script.sent().iter().any(described));
    // A record is JSON, so rows may be records too.
    let mut rows = divided(&script).rows::<Record>();
    assert_eq!(
        rows.next().await.unwrap().unwrap().object(),
        Some("Account")
    );
}

#[tokio::test(start_paused = true)]
async fn a_row_that_does_not_fit_is_one_error_by_its_number() {
    let script = Script::new(|sent, _| {
        let reply = in_json(sent);
        match reply {
            Reply::Answer(status, headers, body) if below(sent).contains("/result/") => {
                let body = String::from_utf8(body.to_vec()).unwrap();
                Reply::Answer(status, headers, body.replace("\"n 12\"", "12").into())
            }
            reply => reply,
        }
    });
    let mut rows = divided(&script).rows::<Row>();
    let mut found = 0;
    while let Some(row) = rows.next().await {
        match row {
            Ok(_) => found += 1,
            Err(error) => assert!(error.message().contains("row 12 at Name"), "{error}"),
        }
    }
    assert_eq!(found, 19);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_is_taken_up() {
    let length = list_of(&batch_id(1)).len();
    for then in [Then::Breaks, Then::Rests, Then::Ends] {
        for cut in (0..length).step_by(61) {
            let broken = Mutex::new(false);
            let script = Script::new(move |sent, _| {
                let reply = in_json(sent);
                let is_result = below(sent).contains("/result/");
                if is_result && !std::mem::replace(&mut *broken.lock().unwrap(), true) {
                    return reply.begins(cut, then);
                }
                reply
            });
            let found = read(divided(&script).rows()).await;
            let what = format!("cut at {cut}");
            assert_eq!(
                found.unwrap_or_else(|error| panic!("{what}: {error}")),
                all(),
                "{what}"
            );
        }
    }
}

/// Without a length, an answer that was cut off ends like one that was not.
#[tokio::test(start_paused = true)]
async fn a_list_that_stays_cut_off_is_an_error() {
    for rows in 0..10 {
        let script = Script::new(move |sent, _| {
            if !below(sent).contains("/result/") {
                return in_json(sent);
            }
            let records: Vec<String> = (0..rows).map(|row| record(row).to_string()).collect();
            Reply::json(200, &format!("[{}", records.join(",")))
        });
        let error = read(divided(&script).rows()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomplete);
        assert_eq!(error.jobs(), [JOB.parse().unwrap()]);
    }
    // As is one that ends well and has fewer rows than the job says.
    let script = Script::new(|sent, _| {
        if below(sent).contains("/result/") {
            return Reply::json(200, "[]");
        }
        in_json(sent)
    });
    let error = read(divided(&script).rows()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}

#[tokio::test(start_paused = true)]
async fn json_is_taken_up_by_handle_and_cursor() {
    let script = Script::new(|sent, _| in_json(sent));
    let bulk = salesforce(&script).bulk();
    let job = divided(&script).start().await.unwrap();
    let kept = serde_json::to_string(job.handle()).unwrap();
    let job = bulk.resume_query(serde_json::from_str(&kept).unwrap());
    for read_before in 0..20 {
        let mut rows = job.clone().rows::<Row>();
        for _ in 0..read_before {
            rows.next().await.unwrap().unwrap();
        }
        let rest = match rows.cursor() {
            Some(cursor) if read_before > 0 => job.clone().resume(cursor).unwrap(),
            _ => job.clone(),
        };
        assert_eq!(
            read(rest.rows()).await.unwrap(),
            (read_before..20).collect::<Vec<_>>()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn csv_of_json_is_refused_before_anything_is_sent() {
    let script = Script::new(|sent, _| in_json(sent));
    let folder = tempfile::tempdir().unwrap();
    let [path, journal] = ["a.csv", "journal"].map(|name| folder.path().join(name));
    for error in [
        query(&script).csv().next().await.unwrap().unwrap_err(),
        query(&script).save(&path).await.unwrap_err(),
        query(&script)
            .save_resumable(&path, &journal)
            .await
            .unwrap_err(),
        query(&script)
            .delimiter(crate::bulk::Delimiter::Tab)
            .start()
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(script.count(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// It could be there twice, and so could its rows.
#[tokio::test(start_paused = true)]
async fn a_query_that_may_have_arrived_is_asked_in_another_job() {
    for lost in 1..6 {
        let posts = Mutex::new(0);
        let script = Script::new(move |sent, _| {
            if below(sent).ends_with("/batch") && sent.method == Method::POST {
                let mut posts = posts.lock().unwrap();
                *posts += 1;
                if *posts <= lost {
                    return Reply::Fail(TransportErrorKind::Timeout);
                }
            }
            in_json(sent)
        });
        let found = read(divided(&script).rows()).await;
        let bodies = |text: &str| {
            let sent = script.sent();
            let with = |sent: &&Sent| String::from_utf8_lossy(&sent.body).contains(text);
            sent.iter().filter(with).count()
        };
        let jobs = bodies("<operation>");
        assert_eq!(bodies("Aborted"), lost.min(4));
        if lost < 4 {
            assert_eq!(found.unwrap(), all());
            assert_eq!(jobs, lost + 1);
        } else {
            assert_eq!(found.unwrap_err().kind(), ErrorKind::Timeout);
            assert_eq!(jobs, 4);
        }
    }
}

/// What the events of a job said: rows, those that failed, and where the job stood.
pub(super) type Told = Arc<Mutex<Vec<(u64, u64, JobState)>>>;

pub(super) fn told(salesforce: &Salesforce) -> (Told, Subscription) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let subscription = salesforce.subscribe(move |event: &Event| {
        if let Event::Job(job) = event {
            assert_eq!(job.job, JOB.parse().unwrap());
            let told = (job.processed, job.failed, job.state.clone());
            kept.lock().unwrap().push(told);
        }
    });
    (told, subscription)
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_told_as_an_event_of_the_job() {
    let asked = Mutex::new(0);
    let script = Script::new(move |sent, _| {
        if !(below(sent).ends_with("/batch") && sent.method == Method::GET) {
            return in_json(sent);
        }
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        match *asked {
            1 => list(&[batch(0, "Queued", 0)]),
            2 => list(&[batch(0, "NotProcessed", 0), batch(1, "InProgress", 4)]),
            _ => in_json(sent),
        }
    });
    let salesforce = salesforce(&script);
    let (told, _subscription) = told(&salesforce);
    let query = salesforce.bulk().query(SOQL).json();
    let query = query.pk_chunking(PkChunking::new());
    assert_eq!(read(query.rows()).await.unwrap(), all());
    assert_eq!(
        *told.lock().unwrap(),
        [
            (0, 0, JobState::InProgress),
            (4, 0, JobState::InProgress),
            (20, 0, JobState::JobComplete),
        ]
    );
}
