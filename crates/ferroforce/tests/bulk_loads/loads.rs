use std::io::Cursor;

use bytes::Bytes;
use ferroforce::bulk::{CsvSource, Delimiter, JobState, LineEnding, Succeeded};
use ferroforce::types::Patch;
use ferroforce::{ErrorKind, IntoRecordStream, Record};
use ferroforce_org::Fault;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Contact, arrived, assert_all_arrived, contact, contacts, insert, quick, start, upsert,
};

#[tokio::test]
async fn rows_arrive_once_each_and_are_told_of() {
    let (_org, salesforce) = start().await;
    let loaded = insert(&salesforce).rows(contacts(2_500)).await.unwrap();
    let counts = loaded.counts();
    assert_eq!((counts.sent, counts.successful), (2_500, 2_500));
    assert_eq!(loaded.jobs().count(), 1);
    assert_eq!(loaded.jobs().next().unwrap().state, JobState::JobComplete);
    let mut rows = loaded.successful::<Contact>().fetch_all().await.unwrap();
    rows.sort_by(|a, b| a.row.key.cmp(&b.row.key));
    let sent: Vec<_> = rows.iter().map(|row| row.row.clone()).collect();
    assert_eq!(sent, contacts(2_500).collect::<Vec<_>>());
    assert!(
        rows.iter()
            .all(|row| row.created && row.id.key_prefix() == "003")
    );
    assert_all_arrived(&salesforce, 2_500).await;
}

#[tokio::test]
async fn a_load_is_cut_into_jobs_and_only_some_are_under_way() {
    let (_org, salesforce) = start().await;
    let loaded = insert(&salesforce)
        .max_job_rows(300)
        .jobs_at_once(3)
        .stream(contacts(2_000).into_stream())
        .await
        .unwrap();
    assert_eq!(loaded.jobs().count(), 7);
    assert_eq!(loaded.counts().successful, 2_000);
    assert_all_arrived(&salesforce, 2_000).await;

    let loaded = upsert(&salesforce)
        .max_job_bytes(5_000)
        .rows(contacts(2_000))
        .await
        .unwrap();
    assert!((10..20).contains(&loaded.jobs().count()));
    loaded.all_succeeded().unwrap();
    let rows = loaded.successful::<Value>().fetch_all().await.unwrap();
    assert!(rows.iter().all(|row| !row.created));
    assert_all_arrived(&salesforce, 2_000).await;
}

#[tokio::test]
async fn csv_arrives_from_a_path_bytes_a_reader_and_a_stream_however_it_is_written() {
    let (_org, salesforce) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.csv");
    for (number, (delimiter, ending)) in [(',', "\n"), (';', "\r\n"), ('\t', "\n"), ('^', "\r\n")]
        .into_iter()
        .enumerate()
    {
        let rows = contacts(100).map(|Contact { key, last_name }| {
            let quoted = last_name.replace('"', "\"\"");
            format!("{key}{delimiter}\"{quoted}\"{ending}")
        });
        let header = format!("\u{feff}External_Id__c{delimiter}LastName{ending}");
        let text: String = std::iter::once(header).chain(rows).collect();
        std::fs::write(&path, &text).unwrap();
        let source = match number {
            0 => CsvSource::path(&path),
            1 => CsvSource::bytes(text),
            2 => CsvSource::reader(Cursor::new(text)),
            _ => {
                let pieces: Vec<_> = text
                    .as_bytes()
                    .chunks(7)
                    .map(Bytes::copy_from_slice)
                    .collect();
                CsvSource::stream(stream::iter(
                    pieces.into_iter().map(Ok::<_, std::io::Error>),
                ))
            }
        };
        let loaded = upsert(&salesforce)
            .max_job_rows(30)
            .csv(source)
            .await
            .unwrap();
        assert_eq!(loaded.jobs().count(), 4);
        let job = loaded.jobs().next().unwrap();
        let told = (job.column_delimiter, job.line_ending);
        let expected = [
            (Delimiter::Comma, LineEnding::Lf),
            (Delimiter::Semicolon, LineEnding::Crlf),
            (Delimiter::Tab, LineEnding::Lf),
            (Delimiter::Caret, LineEnding::Crlf),
        ][number];
        assert_eq!(told, (Some(expected.0), Some(expected.1)));
        let rows = loaded.successful::<Contact>().fetch_all().await.unwrap();
        assert_eq!(rows.len(), 100);
        assert_all_arrived(&salesforce, 100).await;
    }
}

#[tokio::test]
async fn csv_that_says_otherwise_is_told_how_it_is_written() {
    let (_org, salesforce) = start().await;
    let text = "External_Id__c|LastName\nK-000000|\"Doe, \"\"0\"\"\"\n";
    let loaded = insert(&salesforce)
        .delimiter(Delimiter::Pipe)
        .csv(CsvSource::bytes(text))
        .await
        .unwrap();
    assert_eq!(loaded.counts().successful, 1);
    assert_all_arrived(&salesforce, 1).await;
    for header in ["", "Last Name,Email\nx,y\n", "LastName,lastname\nx,y\n"] {
        let refused = insert(&salesforce).csv(CsvSource::bytes(header)).await;
        assert_eq!(
            refused.unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{header:?}"
        );
    }
}

#[tokio::test]
async fn each_operation_does_its_own() {
    let (_org, salesforce) = start().await;
    let loaded = insert(&salesforce).rows(contacts(10)).await.unwrap();
    let rows = loaded.successful::<Contact>().fetch_all().await.unwrap();
    let bulk = salesforce.bulk();

    let changes: Vec<_> = rows
        .iter()
        .map(|row| json!({"Id": row.id, "Title": "Dr"}))
        .collect();
    let updated = bulk
        .update("Contact")
        .poll(quick())
        .rows(changes)
        .await
        .unwrap();
    assert_eq!(updated.all_succeeded().unwrap().successful, 10);
    let titles = salesforce.query("SELECT Id FROM Contact WHERE Title = 'Dr'");
    assert_eq!(titles.fetch_all::<Record>().await.unwrap().len(), 10);

    let ids: Vec<_> = rows.iter().map(|row| json!({"Id": row.id})).collect();
    let deleted = bulk
        .delete("Contact")
        .poll(quick())
        .rows(ids.clone())
        .await
        .unwrap();
    assert_eq!(deleted.all_succeeded().unwrap().successful, 10);
    assert!(arrived(&salesforce).await.is_empty());
    let gone = bulk
        .delete("Contact")
        .poll(quick())
        .rows(ids)
        .await
        .unwrap();
    assert_eq!(gone.counts().failed, 10);
    let error = gone.all_succeeded().unwrap_err();
    assert_eq!(error.jobs().len(), 1);
}

#[tokio::test]
async fn a_hard_delete_leaves_nothing_in_the_recycle_bin() {
    let (_org, salesforce) = start().await;
    let loaded = insert(&salesforce).rows(contacts(4)).await.unwrap();
    let rows = loaded.successful::<Contact>().fetch_all().await.unwrap();
    let (binned, destroyed) = rows.split_at(2);
    let ids = |rows: &[Succeeded<Contact>]| -> Vec<_> {
        rows.iter().map(|row| json!({"Id": row.id})).collect()
    };
    let bulk = salesforce.bulk();
    for ingest in [
        bulk.delete("Contact").poll(quick()).rows(ids(binned)),
        bulk.hard_delete("Contact")
            .poll(quick())
            .rows(ids(destroyed)),
    ] {
        let deleted = ingest.await.unwrap();
        assert_eq!(deleted.all_succeeded().unwrap().successful, 2);
    }
    let left = salesforce
        .query("SELECT Id FROM Contact WHERE External_Id__c LIKE 'K-%'")
        .include_deleted()
        .fetch_all::<Record>()
        .await
        .unwrap();
    assert_eq!(left.len(), 2, "those in the bin, and no other");
}

#[tokio::test]
async fn absent_empty_and_null_arrive_as_three_things() {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Change {
        #[serde(rename = "External_Id__c")]
        key: &'static str,
        last_name: &'static str,
        #[serde(skip_serializing_if = "Patch::is_absent")]
        title: Patch<&'static str>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Read {
        title: Option<String>,
    }
    let (_org, salesforce) = start().await;
    let change = |key, title| Change {
        key,
        last_name: "x",
        title,
    };
    let keys = ["K-1", "K-2", "K-3", "K-4"];
    let titled = keys.map(|key| change(key, Patch::Value("Dr")));
    let loaded = upsert(&salesforce).rows(titled).await.unwrap();
    assert_eq!(loaded.counts().successful, 4);
    let changes = [
        change("K-1", Patch::Value("Prof")),
        change("K-2", Patch::Value("")),
        change("K-3", Patch::Null),
        change("K-4", Patch::Absent),
    ];
    let loaded = upsert(&salesforce).rows(changes).await.unwrap();
    assert_eq!(loaded.counts().successful, 4);
    let rows: Vec<Read> = salesforce
        .query("SELECT Title FROM Contact WHERE LastName = 'x' ORDER BY External_Id__c")
        .fetch_all()
        .await
        .unwrap();
    let titles: Vec<_> = rows.iter().map(|row| row.title.as_deref()).collect();
    assert_eq!(titles, [Some("Prof"), Some("Dr"), None, Some("Dr")]);
}

#[tokio::test]
async fn parents_are_found_by_their_keys() {
    let (_org, salesforce) = start().await;
    let account = json!({"Name": "Acme", "External_Id__c": "A/1"});
    let account = salesforce
        .sobject("Account")
        .create(&account)
        .await
        .unwrap()
        .id;
    let rows = [
        json!({"LastName": "with", "Account": {"External_Id__c": "A/1"}}),
        json!({"LastName": "without", "Account": null}),
    ];
    let loaded = insert(&salesforce).rows(rows).await.unwrap();
    loaded.all_succeeded().unwrap();
    let found: Vec<Record> = salesforce
        .query(
            "SELECT LastName, AccountId FROM Contact WHERE LastName LIKE 'with%' ORDER BY LastName",
        )
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(
        found[0].get::<String>("AccountId").unwrap(),
        account.to_string()
    );
    assert_eq!(found[1].json("AccountId"), Some("null"));
}

#[tokio::test]
async fn records_of_a_query_are_loaded_as_they_are() {
    let (_org, salesforce) = start().await;
    insert(&salesforce)
        .rows(contacts(20))
        .await
        .unwrap()
        .all_succeeded()
        .unwrap();
    let records: Vec<Record> = salesforce
        .query("SELECT External_Id__c, LastName FROM Contact WHERE External_Id__c LIKE 'K-%'")
        .fetch_all()
        .await
        .unwrap();
    let loaded = upsert(&salesforce).rows(records).await.unwrap();
    assert_eq!(loaded.counts().successful, 20);
    assert_all_arrived(&salesforce, 20).await;
}

#[tokio::test]
async fn rows_of_other_fields_are_one_load() {
    let (_org, salesforce) = start().await;
    let rows = [
        json!({"External_Id__c": "K-1", "LastName": "a"}),
        json!({"LastName": "b", "Title": "Dr", "External_Id__c": "K-2"}),
        json!({"External_Id__c": "K-3", "Email": "c@x.example", "LastName": "c"}),
    ];
    let loaded = upsert(&salesforce).rows(rows).await.unwrap();
    assert_eq!(loaded.jobs().count(), 1);
    assert_eq!(loaded.counts().successful, 3);
    let found = salesforce.query("SELECT Title, Email FROM Contact WHERE LastName = 'b'");
    let found: Record = found.fetch_one().await.unwrap();
    assert_eq!(found.get::<Option<&str>>("Title").unwrap(), Some("Dr"));
    assert_eq!(found.json("Email"), Some("null"));
}

#[tokio::test]
async fn a_row_that_salesforce_refuses_is_told_with_its_reason() {
    let (_org, salesforce) = start().await;
    let rows = [
        json!({"External_Id__c": "K-1", "LastName": "fine"}),
        json!({"External_Id__c": "K-2", "LastName": ""}),
        json!({"External_Id__c": "K-3", "LastName": "two\nlines", "Email": "no address"}),
    ];
    let loaded = insert(&salesforce).rows(rows).await.unwrap();
    let counts = loaded.counts();
    assert_eq!((counts.successful, counts.failed), (1, 2));
    assert_eq!((counts.unprocessed, counts.unaccounted), (0, 0));
    let mut failed = loaded.failed::<Contact>().fetch_all().await.unwrap();
    failed.sort_by(|a, b| a.row.key.cmp(&b.row.key));
    assert_eq!(failed[0].error.code().as_str(), "REQUIRED_FIELD_MISSING");
    assert_eq!(failed[0].error.fields(), ["LastName"]);
    assert_eq!(failed[1].row.last_name, "two\nlines");
    assert!(loaded.all_succeeded().is_err());
}

#[tokio::test]
async fn a_row_that_cannot_be_sent_is_told_and_the_others_arrive() {
    let (_org, salesforce) = start().await;
    let mut rows: Vec<Value> = contacts(10).map(|row| json!(row)).collect();
    rows[3]["Description"] = "x".repeat(131_073).into();
    rows[7]["Description"] = json!(["a list"]);
    let loaded = insert(&salesforce).rows(rows).await.unwrap();
    let counts = loaded.counts();
    assert_eq!((counts.sent, counts.successful, counts.refused), (8, 8, 2));
    let refused: Vec<_> = loaded.refused().collect();
    assert_eq!((refused[0].0, refused[1].0), (3, 7));
    assert!(refused[0].1.to_string().contains("131073 characters"));
    assert!(loaded.all_succeeded().is_err());
    assert_eq!(arrived(&salesforce).await.len(), 8);

    // The same from a file: its jobs have what stands before and behind.
    let long = "y".repeat(131_073);
    let text = format!(
        "External_Id__c,LastName\nK-000001,a\nK-000002,{long}\nK-000003,b\nK-000004,c,d\n\
         K-000005,e\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.csv");
    std::fs::write(&path, text).unwrap();
    let loaded = upsert(&salesforce)
        .csv(CsvSource::path(&path))
        .await
        .unwrap();
    let counts = loaded.counts();
    assert_eq!((counts.sent, counts.successful, counts.refused), (3, 3, 2));
    let refused: Vec<_> = loaded.refused().map(|(row, _)| row).collect();
    assert_eq!(refused, [1, 3]);
}

/// The ancestor lost the record that crossed the limit.
#[tokio::test]
async fn no_row_is_lost_where_jobs_are_cut() {
    let (_org, salesforce) = start().await;
    let line = "K-000000,\"Doe, \"\"0\"\"\"\n".len() as u64;
    let header = "External_Id__c,LastName\n".len() as u64;
    for bytes in [
        header + line,
        header + line + 1,
        header + 3 * line - 1,
        header + 10 * line,
    ] {
        let loaded = upsert(&salesforce)
            .max_job_bytes(bytes)
            .rows(contacts(10))
            .await
            .unwrap();
        assert_eq!(loaded.counts().successful, 10, "{bytes}");
        assert_all_arrived(&salesforce, 10).await;
    }
    let loaded = upsert(&salesforce)
        .max_job_bytes(header + line - 1)
        .rows(contacts(10));
    let loaded = loaded.await.unwrap();
    assert_eq!((loaded.counts().sent, loaded.counts().refused), (0, 10));
}

#[tokio::test]
async fn nothing_is_an_answer_too() {
    let (org, salesforce) = start().await;
    let loaded = insert(&salesforce).rows(contacts(0)).await.unwrap();
    assert_eq!(loaded.counts().sent, 0);
    let loaded = insert(&salesforce)
        .csv(CsvSource::bytes("LastName\n"))
        .await
        .unwrap();
    assert_eq!(loaded.all_succeeded().unwrap().sent, 0);
    assert!(
        org.requests()
            .iter()
            .all(|request| !request.path.contains("/jobs/"))
    );
}

#[tokio::test]
async fn rows_that_met_a_lock_are_sent_again_and_no_others() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::locked_object("Contact").times(3));
    let mut rows: Vec<Value> = contacts(50).map(|row| json!(row)).collect();
    rows[40]["LastName"] = json!("");
    let loaded = insert(&salesforce).rows(rows).await.unwrap();
    assert_eq!(loaded.counts().failed, 4);
    let again = loaded.retry().jobs_at_once(1).await.unwrap();
    assert_eq!((again.counts().sent, again.counts().successful), (3, 3));
    assert_eq!(arrived(&salesforce).await.len(), 49);
    let others = loaded
        .retry()
        .codes(["REQUIRED_FIELD_MISSING"])
        .await
        .unwrap();
    assert_eq!((others.counts().sent, others.counts().failed), (1, 1));
    assert_eq!(others.retry().await.unwrap().counts().sent, 0);
}

#[tokio::test]
async fn progress_is_told_as_it_comes_and_ends() {
    let (_org, salesforce) = start().await;
    let mut events = salesforce.events();
    let mut loading = insert(&salesforce)
        .max_job_rows(100)
        .rows(contacts(1_000))
        .start();
    let mut progress = loading.progress();
    let mut last = loading.progress_now();
    while let Some(now) = progress.next().await {
        assert!(now.rows_sent >= last.rows_sent && now.jobs >= last.jobs);
        last = now;
    }
    assert_eq!((last.rows_read, last.rows_sent), (1_000, 1_000));
    assert_eq!((last.jobs, last.jobs_ended), (10, 10));
    assert!(last.read_to_the_end && last.bytes_sent > 20_000);
    assert_eq!((last.rows_processed, last.rows_failed), (1_000, 0));
    let loaded = loading.wait().await.unwrap();
    assert_eq!(loaded.counts().successful, 1_000);
    let (mut states, mut batches) = (0, 0);
    drop((salesforce, loading, loaded, progress));
    while let Some(event) = events.next().await {
        match event {
            ferroforce::events::Event::Job(job) if job.state.is_final() => states += job.processed,
            ferroforce::events::Event::BulkBatches(event) => batches += event.count,
            _ => {}
        }
    }
    assert_eq!((states, batches), (1_000, 10));
}

#[tokio::test]
async fn small_loads_that_may_be_repeated_take_one_request() {
    let (org, salesforce) = start().await;
    upsert(&salesforce)
        .rows(contacts(5))
        .await
        .unwrap()
        .all_succeeded()
        .unwrap();
    let count = |method: &str| {
        let requests = org.requests();
        let of_jobs = requests
            .iter()
            .filter(|request| request.path.contains("/jobs/"));
        of_jobs
            .filter(|request| request.method.as_str() == method)
            .count()
    };
    assert_eq!((count("POST"), count("PUT"), count("PATCH")), (1, 0, 0));
    let _ = insert(&salesforce)
        .in_one_request(true)
        .rows([contact(7)])
        .await
        .unwrap();
    assert_eq!((count("POST"), count("PUT")), (2, 0));
    let _ = insert(&salesforce).rows([contact(8)]).await.unwrap();
    assert_eq!((count("POST"), count("PUT"), count("PATCH")), (3, 1, 1));
}

#[tokio::test]
async fn a_source_that_breaks_off_is_an_error_that_names_what_was_begun() {
    let (_org, salesforce) = start().await;
    let rows = (0..250).map(|n| match n {
        249 => Err(std::io::Error::other("the cable was pulled")),
        _ => Ok(contact(n)),
    });
    let load = insert(&salesforce).max_job_rows(100);
    let error = load.try_stream(stream::iter(rows)).await.unwrap_err();
    assert!(error.to_string().contains("broke off"), "{error}");
    assert_eq!(error.jobs().len(), 2);
    for job in error.jobs() {
        salesforce.bulk().job(*job).wait(&quick()).await.unwrap();
    }
    assert_all_arrived(&salesforce, 200).await;
}
