//! Cursors: stored, taken up, refused.

use super::*;
use crate::query::Cursor;

/// Pages of five rows each, by their address, of `rows` rows with an identity.
fn org(rows: usize) -> impl Fn(&Sent) -> Reply {
    move |sent| {
        let start: usize = match sent.uri.path().rsplit_once("01g-") {
            Some((_, number)) => number.parse().unwrap(),
            None => 0,
        };
        let end = (start + 5).min(rows);
        let records: Vec<Value> = (start..end).map(row).collect();
        let mut body = json!({"totalSize": rows, "done": end == rows, "records": records});
        if end < rows {
            body["nextRecordsUrl"] = json!(format!("/services/data/v66.0/query/01g-{end}"));
        }
        Reply::json(200, &body.to_string())
    }
}

fn row(number: usize) -> Value {
    let url = format!("/services/data/v66.0/sobjects/Thing__c/{number}");
    json!({"attributes": {"type": "Thing__c", "url": url}, "Number": number})
}

fn query(script: &Script) -> Query {
    salesforce(script)
        .query("SELECT Number FROM Thing__c WHERE Name = :name")
        .bind("name", "s3cret")
}

/// As another run of the program would have it.
fn stored(cursor: &Cursor) -> Cursor {
    let text = serde_json::to_string(cursor).unwrap();
    assert!(!text.contains("s3cret") && !text.contains("token") && !text.contains("SELECT"));
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_on_gets_every_row_once() {
    for rows in [0, 1, 4, 5, 6, 12, 15] {
        for prefetch in [true, false] {
            for stop in 0..=rows {
                let pages = org(rows);
                let script = Script::new(move |sent, _| pages(sent));
                let mut numbers = Vec::new();
                let mut first = query(&script).prefetch(prefetch).rows::<Row>();
                for _ in 0..stop {
                    numbers.push(first.next().await.unwrap().unwrap().number);
                }
                let cursor = stored(&first.cursor().unwrap());
                assert_eq!(cursor.rows_read(), stop as u64);
                drop(first);
                let mut second = query(&script).prefetch(prefetch).resume(cursor).records();
                while let Some(row) = second.next().await {
                    numbers.push(row.unwrap().get("Number").unwrap());
                }
                assert!(second.cursor().is_none(), "nothing is left");
                let all: Vec<_> = (0..rows as u64).collect();
                assert_eq!(numbers, all, "{rows} rows, stopped at {stop}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_error_the_cursor_points_to_where_it_broke_off() {
    let pages = org(12);
    let script = Script::new(move |sent, number| match number {
        1 => Reply::error(500, "UNKNOWN_EXCEPTION", "x"),
        _ => pages(sent),
    });
    let mut rows = query(&script)
        .retry(RetryPolicy::default().max_retries(0))
        .rows::<Row>();
    let mut numbers = Vec::new();
    let error = loop {
        match rows.next().await.unwrap() {
            Ok(row) => numbers.push(row.number),
            Err(error) => break error,
        }
    };
    assert_eq!(error.status().unwrap().as_u16(), 500);
    assert!(rows.next().await.is_none());
    let rest = query(&script).resume(stored(&rows.cursor().unwrap()));
    numbers.extend(
        rest.fetch_all::<Row>()
            .await
            .unwrap()
            .iter()
            .map(|row| row.number),
    );
    assert_eq!(numbers, (0..12).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_does_not_fit_counts_as_read() {
    let script = Script::replies([Reply::json(
        200,
        r#"{"totalSize":2,"done":true,"records":[{"Number":"x"},{"Number":1}]}"#,
    )]);
    let mut rows = query(&script).rows::<Row>();
    rows.next().await.unwrap().unwrap_err();
    let rest = query(&script).resume(stored(&rows.cursor().unwrap()));
    assert_eq!(rest.fetch_all::<Row>().await.unwrap(), [Row { number: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_cut_otherwise_the_second_time_loses_nothing() {
    // The second time pages have two rows only.
    let pages = org(12);
    let script = Script::new(move |sent, number| {
        if number == 0 {
            return pages(sent);
        }
        let start: usize = match sent.uri.path().rsplit_once("01g-") {
            Some((_, number)) => number.parse().unwrap(),
            None => 0,
        };
        let end = (start + 2).min(12);
        let records: Vec<Value> = (start..end).map(row).collect();
        let next = format!("/services/data/v66.0/query/01g-{end}");
        let body =
            json!({"totalSize": 12, "done": end == 12, "nextRecordsUrl": next, "records": records});
        Reply::json(200, &body.to_string())
    });
    let mut rows = query(&script).prefetch(false).rows::<Row>();
    for _ in 0..3 {
        rows.next().await.unwrap().unwrap();
    }
    let rest = query(&script).resume(stored(&rows.cursor().unwrap()));
    let numbers: Vec<_> = rest.fetch_all::<Row>().await.unwrap();
    assert_eq!(numbers.len(), 9);
    assert_eq!(numbers[0], Row { number: 3 });
}

#[tokio::test(start_paused = true)]
async fn a_first_page_with_other_rows_is_an_error() {
    let pages = org(3);
    let script = Script::new(move |sent, _| pages(sent));
    let mut rows = query(&script).rows::<Row>();
    for _ in 0..2 {
        rows.next().await.unwrap().unwrap();
    }
    let cursor = stored(&rows.cursor().unwrap());
    let answers = [
        // The first row is gone; all but one are; all are.
        json!([row(1), row(2), row(3)]),
        json!([row(0)]),
        json!([]),
    ];
    for records in answers {
        let body = json!({"totalSize": 3, "done": true, "records": records});
        let script = Script::replies([Reply::json(200, &body.to_string())]);
        let rest = query(&script).resume(cursor.clone());
        let error = rest.fetch_all::<Row>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StaleCursor);
    }
    // Other values in the same rows do no harm.
    let mut changed = row(1);
    changed["Number"] = json!(71);
    let body = json!({"totalSize": 3, "done": true, "records": [row(0), changed, row(2)]});
    let script = Script::replies([Reply::json(200, &body.to_string())]);
    let rest = query(&script).resume(cursor);
    assert_eq!(rest.fetch_all::<Row>().await.unwrap(), [Row { number: 2 }]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_another_query_or_host_is_refused_before_anything_is_sent() {
    let pages = org(12);
    let script = Script::new(move |sent, _| pages(sent));
    let mut rows = query(&script).prefetch(false).rows::<Row>();
    for _ in 0..6 {
        rows.next().await.unwrap().unwrap();
    }
    let cursor = rows.cursor().unwrap();
    let before = script.count();
    let soql = "SELECT Number FROM Thing__c WHERE Name = :name";
    let queries = [
        salesforce(&script).query(soql).bind("name", "other"),
        query(&script).include_deleted(),
    ];
    for query in queries {
        let error = query.resume(cursor.clone()).fetch_all::<Row>().await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let mut forged = serde_json::to_value(&cursor).unwrap();
    for address in [
        "https://evil.example/services/data/x",
        "/services/data/../x",
    ] {
        forged["page"] = json!(address);
        let forged = serde_json::from_value(forged.clone()).unwrap();
        query(&script)
            .resume(forged)
            .fetch_all::<Row>()
            .await
            .unwrap_err();
    }
    assert_eq!(script.count(), before);
}

#[tokio::test(start_paused = true)]
async fn pages_go_on_too() {
    let pages = org(12);
    let script = Script::new(move |sent, _| pages(sent));
    let mut rows = query(&script).rows::<Row>();
    for _ in 0..7 {
        rows.next().await.unwrap().unwrap();
    }
    let rest = query(&script).resume(rows.cursor().unwrap()).pages::<Row>();
    let pages: Vec<_> = rest.try_collect().await.unwrap();
    let lengths: Vec<_> = pages.iter().map(|page| page.records.len()).collect();
    assert_eq!(lengths, [3, 2]);
}
