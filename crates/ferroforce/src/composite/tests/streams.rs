use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;

use super::*;
use crate::script::Sent;
use crate::sobject::Created;

/// The numbers of the rows that were sent, from `{"N": …}`.
fn numbers(sent: &Sent) -> Vec<u64> {
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    let records = body["records"].as_array().unwrap();
    records
        .iter()
        .map(|row| row["N"].as_u64().unwrap())
        .collect()
}

fn id(number: u64) -> String {
    format!("001{number:012}")
}

fn done(numbers: &[u64]) -> Reply {
    let rows: Vec<Value> = numbers
        .iter()
        .map(|&number| json!({"id": id(number), "success": true, "errors": []}))
        .collect();
    Reply::json(200, &Value::from(rows).to_string())
}

fn items(count: u64) -> impl Iterator<Item = Value> {
    (0..count).map(|number| json!({"N": number}))
}

fn number_of(created: &Created) -> u64 {
    created.id.short()[3..].parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn results_come_in_the_order_of_the_items_whatever_is_done_first() {
    // Early chunks take longest.
    let script = Script::new(|sent, number| {
        let wait = Duration::from_millis(1_000 - 90 * (number as u64 % 10));
        Reply::After(wait, Box::new(done(&numbers(sent))))
    });
    let salesforce = salesforce(&script);
    let created = items(4_321)
        .into_stream()
        .create_all(&salesforce, "Account")
        .in_flight(5);
    let results: Vec<_> = created.collect().await;
    assert_eq!(results.len(), 4_321);
    for (number, result) in results.iter().enumerate() {
        assert_eq!(number_of(result.as_ref().unwrap()), number as u64);
    }
    assert_eq!(script.most_at_once(), 5);
    let sizes: Vec<usize> = script
        .sent()
        .iter()
        .map(|sent| numbers(sent).len())
        .collect();
    assert_eq!(sizes.len(), 22);
    assert!(sizes[..21].iter().all(|size| *size == 200) && sizes[21] == 121);
}

#[tokio::test(start_paused = true)]
async fn the_input_is_read_only_as_far_as_there_is_room() {
    let script = Script::new(|sent, _| match numbers(sent)[0] {
        0 => Reply::Never,
        _ => done(&numbers(sent)),
    });
    let taken = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&taken);
    let endless = items(u64::MAX).inspect(move |_| *counter.lock().unwrap() += 1);
    let salesforce = salesforce(&script);
    let mut created = endless
        .into_stream()
        .create_all(&salesforce, "Account")
        .in_flight(2)
        .chunk(10)
        .timeout(Duration::from_secs(3_600));
    let wait = tokio::time::timeout(Duration::from_secs(60), created.next());
    assert!(wait.await.is_err(), "the first chunk is not answered");
    assert_eq!(*taken.lock().unwrap(), 2 * 10 * 4);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_waits_for_results_gets_them() {
    let script = Script::new(|sent, _| done(&numbers(sent)));
    let salesforce = salesforce(&script);
    let (feed, items) = tokio::sync::mpsc::unbounded_channel::<Value>();
    let items = futures_util::stream::unfold(items, |mut items| async {
        let item = items.recv().await?;
        Some((item, items))
    });
    let mut created = items.create_all(&salesforce, "Account");
    for number in 0..3 {
        feed.send(json!({"N": number})).unwrap();
        let result = created.next().await.unwrap().unwrap();
        assert_eq!(number_of(&result), number);
    }
    drop(feed);
    assert!(created.next().await.is_none() && created.next().await.is_none());
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_cannot_be_written_is_one_error() {
    let script = Script::new(|sent, _| done(&numbers(sent)));
    let salesforce = salesforce(&script);
    let rows = [json!({"N": 0}), json!("no record"), json!({"N": 2})];
    let results: Vec<_> = rows
        .into_stream()
        .create_all(&salesforce, "Account")
        .collect()
        .await;
    assert_eq!(
        results[1].as_ref().unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(number_of(results[2].as_ref().unwrap()), 2);
    assert_eq!(numbers(&script.sent()[0]), [0, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_may_have_happened_is_each_of_its_items_error() {
    let script = Script::new(|sent, number| match number {
        1 => Reply::Fail(TransportErrorKind::Interrupted),
        _ => done(&numbers(sent)),
    });
    let salesforce = salesforce(&script);
    let created = items(30).into_stream().create_all(&salesforce, "Account");
    let results: Vec<_> = created.chunk(10).in_flight(1).collect().await;
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(created) => assert_eq!(number_of(created), number as u64),
            Err(error) => {
                assert!((10..20).contains(&number));
                assert!(error.may_have_been_processed());
            }
        }
    }
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 10);
    assert_eq!(script.count(), 3, "nothing is sent twice");
}

/// An org that counts what it wrote, with a lock on some rows for a while and
/// faults on some requests.
struct Org {
    written: BTreeMap<u64, u32>,
    locks: BTreeMap<u64, u32>,
}

#[tokio::test(start_paused = true)]
async fn locked_rows_are_sent_again_alone_and_everything_is_written_once() {
    let org = Arc::new(Mutex::new(Org {
        written: BTreeMap::new(),
        // The last one is locked for longer than anyone waits.
        locks: BTreeMap::from([(3, 1), (17, 4), (25, 2), (39, 1_000)]),
    }));
    let inside = Arc::clone(&org);
    let script = Script::new(move |sent, number| {
        if number % 4 == 1 {
            // Never sent, throttled or expired: nothing was written.
            return match number % 3 {
                0 => Reply::Fail(TransportErrorKind::Connect),
                1 => Reply::json(429, ""),
                _ => Reply::expired(),
            };
        }
        let mut org = inside.lock().unwrap();
        let rows: Vec<Value> = numbers(sent)
            .into_iter()
            .map(|number| match org.locks.get_mut(&number) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    json!({"success": false, "errors": [{
                        "statusCode": "UNABLE_TO_LOCK_ROW", "message": "x", "fields": []}]})
                }
                _ => {
                    *org.written.entry(number).or_default() += 1;
                    json!({"id": id(number), "success": true, "errors": []})
                }
            })
            .collect();
        drop(org);
        Reply::json(200, &Value::from(rows).to_string())
    });
    let salesforce = salesforce(&script);
    let created = items(60).into_stream().create_all(&salesforce, "Account");
    let results: Vec<_> = created.chunk(20).lock_retries(4).collect().await;
    let org = org.lock().unwrap();
    for (number, result) in results.iter().enumerate() {
        let number = number as u64;
        match result {
            Ok(created) => {
                assert_eq!(number_of(created), number);
                assert_eq!(org.written[&number], 1);
            }
            Err(error) => {
                assert_eq!(number, 39);
                assert!(error.is_row_lock() && !error.may_have_been_processed());
                assert!(!org.written.contains_key(&39));
            }
        }
    }
    let alone = script
        .sent()
        .iter()
        .filter(|sent| numbers(sent) == [17])
        .count();
    assert!(alone >= 3, "17 was sent again without its neighbours");
}

#[tokio::test(start_paused = true)]
async fn rows_of_one_parent_are_never_in_two_requests_at_once() {
    const TAKES: Duration = Duration::from_millis(100);
    let clashes = Arc::new(Mutex::new(0));
    let clashed = Arc::clone(&clashes);
    let began = Mutex::new(BTreeMap::new());
    let script = Script::new(move |sent, _| {
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        let now = tokio::time::Instant::now();
        let records = body["records"].as_array().unwrap();
        let parents: BTreeSet<u64> = records
            .iter()
            .map(|row| row["ParentId"].as_u64().unwrap())
            .collect();
        for parent in parents {
            let before = began.lock().unwrap().insert(parent, now);
            if before.is_some_and(|before| now < before + TAKES) {
                *clashed.lock().unwrap() += 1;
            }
        }
        Reply::After(TAKES, Box::new(done(&numbers(sent))))
    });
    let salesforce = salesforce(&script);
    let items = (0..120_u64).map(|n| json!({"N": n, "ParentId": n % 7}));
    let created = items
        .into_stream()
        .create_all(&salesforce, "Contact")
        .chunk(10)
        .in_flight(4)
        .sort_by_parent("parentid");
    let results: Vec<_> = created.collect().await;
    for (number, result) in results.iter().enumerate() {
        assert_eq!(number_of(result.as_ref().unwrap()), number as u64);
    }
    assert_eq!(*clashes.lock().unwrap(), 0);
    assert!(script.most_at_once() <= 4 && script.most_at_once() > 1);
}

#[tokio::test(start_paused = true)]
async fn the_other_streams_send_their_chunks() {
    let script = Script::new(|sent, _| {
        let count = match sent.method {
            Method::DELETE => sent.uri.query().unwrap().split("%2C").count(),
            Method::PATCH => numbers(sent).len(),
            _ => {
                let body: Value = serde_json::from_slice(&sent.body).unwrap();
                let ids = body["ids"].as_array().unwrap();
                return Reply::json(200, &json!(vec![json!({"N": 1}); ids.len()]).to_string());
            }
        };
        done(&vec![0; count])
    });
    let salesforce = salesforce(&script);
    let all_ok = |results: Vec<bool>, count: usize| {
        assert_eq!(results.len(), count);
        assert!(results.into_iter().all(|ok| ok));
    };
    let updates = items(201).map(|row| (id(0), row)).into_stream();
    let updated = updates
        .update_all(&salesforce, "Account")
        .map(|r| r.is_ok());
    all_ok(updated.collect().await, 201);
    let upserted = items(201).into_stream();
    let upserted = upserted.upsert_all(&salesforce, "Account", "N");
    all_ok(upserted.map(|r| r.is_ok()).collect().await, 201);
    let deleted = (0..201).map(id).into_stream().delete_all(&salesforce);
    all_ok(deleted.map(|r| r.is_ok()).collect().await, 201);
    let ids = (0..2_001).map(id).into_stream();
    let read = ids.retrieve_all::<Value>(&salesforce, "Account", ["N"]);
    all_ok(read.map(|r| r.unwrap().is_some()).collect().await, 2_001);
    assert_eq!(script.count(), 8);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_nothing() {
    let script = Script::replies([done(&[])]);
    let salesforce = salesforce(&script);
    let mut created = items(0).into_stream().create_all(&salesforce, "Account");
    assert!(created.next().await.is_none());
    assert_eq!(script.count(), 0);
}

/// Refused items take room ahead of a record that waits to be sent with others.
#[tokio::test(start_paused = true)]
async fn items_that_are_refused_do_not_hold_up_the_one_before_them() {
    let script = Script::new(|sent, _| done(&numbers(sent)));
    let salesforce = salesforce(&script);
    let rows = items(1).chain((0..2_000).map(|_| json!("no record")));
    let created = rows.into_stream().create_all(&salesforce, "Account");
    let all = created.in_flight(2).collect::<Vec<_>>();
    let results = tokio::time::timeout(Duration::from_secs(60), all).await;
    let results = results.expect("the stream goes on");
    assert_eq!(results.len(), 2_001);
    assert_eq!(number_of(results[0].as_ref().unwrap()), 0);
    assert!(results[1..].iter().all(Result::is_err));
}

#[tokio::test(start_paused = true)]
async fn any_number_may_be_in_flight() {
    for sorted in [false, true] {
        let script = Script::new(|sent, _| done(&numbers(sent)));
        let salesforce = salesforce(&script);
        let created = items(500).into_stream().create_all(&salesforce, "Account");
        let created = match sorted {
            true => created.sort_by_parent("N"),
            false => created,
        };
        let all = created.in_flight(usize::MAX).collect::<Vec<_>>();
        let results = tokio::time::timeout(Duration::from_secs(60), all).await;
        assert_eq!(results.expect("the stream goes on").len(), 500);
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_a_parent_do_not_wait_for_each_other() {
    let script = Script::new(|sent, _| {
        Reply::After(Duration::from_millis(50), Box::new(done(&numbers(sent))))
    });
    let salesforce = salesforce(&script);
    let rows = (0..50).map(|n| match n % 2 {
        0 => json!({"N": n}),
        _ => json!({"N": n, "ParentId": null}),
    });
    let created = rows.into_stream().create_all(&salesforce, "Account");
    let created = created.chunk(10).in_flight(4).sort_by_parent("ParentId");
    let results: Vec<_> = created.collect().await;
    for (number, result) in results.iter().enumerate() {
        assert_eq!(number_of(result.as_ref().unwrap()), number as u64);
    }
    assert_eq!((results.len(), script.most_at_once()), (50, 4));
}

#[test]
fn work_can_be_moved_to_other_tasks() {
    fn movable(_: impl Send + 'static) {}
    let script = Script::replies([]);
    let salesforce = salesforce(&script);
    movable(items(1).into_stream().create_all(&salesforce, "Account"));
    movable(salesforce.batch_reads([salesforce.limits()]));
    movable(salesforce.composite().send());
    movable(salesforce.batch().send());
    movable(salesforce.graph().send());
    movable(salesforce.graphs().send());
    movable(salesforce.tree([]).send());
    movable(
        salesforce
            .query("SELECT Id FROM Account")
            .fetch_all::<Value>(),
    );
    movable(
        salesforce
            .query("SELECT Id FROM Account WHERE :range")
            .by_id_ranges("Account")
            .rows::<Value>(),
    );
}
