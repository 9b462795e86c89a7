use ferroforce::ErrorKind;
use ferroforce::bulk::{CsvReader, CsvSource, JoinBy, JoinedRows, RowOutcome};
use ferroforce_org::Fault;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Contact, contact, contacts, insert, start, upsert};

/// Every third row fails, and every tenth cannot be sent.
fn mixed(number: usize) -> Value {
    let Contact { key, last_name } = contact(number);
    let last_name = if number.is_multiple_of(3) {
        ""
    } else {
        &last_name
    };
    let mut row = json!({"External_Id__c": key, "LastName": last_name});
    if number % 10 == 9 {
        row["Title"] = json!(["a list"]);
    } else if number.is_multiple_of(7) {
        row["Title"] = "Dr".into();
    }
    row
}

fn told(number: usize, outcome: &RowOutcome) -> bool {
    match outcome {
        RowOutcome::Refused(error) => number % 10 == 9 && error.to_string().contains("a list"),
        RowOutcome::Failed { error, .. } => {
            number % 10 != 9 && number.is_multiple_of(3) && error.fields() == ["LastName"]
        }
        RowOutcome::Written { created, .. } => {
            number % 10 != 9 && !number.is_multiple_of(3) && *created
        }
        _ => false,
    }
}

async fn assert_each_is_told(mut joined: JoinedRows, rows: usize) {
    for number in 0..rows {
        let row = joined.next().await.unwrap().unwrap();
        assert_eq!(row.row, number as u64);
        assert!(told(number, &row.outcome), "{row:?}");
    }
    assert!(joined.next().await.is_none());
}

#[tokio::test]
async fn results_find_their_rows_by_a_key_and_by_their_values() {
    const ROWS: usize = 1_000;
    let (_org, salesforce) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let load = insert(&salesforce)
        .max_job_rows(150)
        .spill_to(folder.path());
    let loaded = load.rows((0..ROWS).map(mixed)).await.unwrap();
    assert_eq!(loaded.counts().refused, 100);
    for by in [JoinBy::column("external_id__C"), JoinBy::Values] {
        let joined = loaded.join(by).rows((0..ROWS).map(mixed)).await.unwrap();
        assert_each_is_told(joined, ROWS).await;
    }
    let missing = loaded
        .join(JoinBy::column("Nope__c"))
        .rows((0..ROWS).map(mixed));
    assert_eq!(missing.await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let fewer = loaded.join(JoinBy::Values).rows((0..ROWS / 2).map(mixed));
    assert_eq!(fewer.await.unwrap_err().kind(), ErrorKind::Incomplete);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn equal_rows_have_a_result_each() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::locked_object("Contact").times(3));
    let rows = || (0..10).map(|_| json!({"LastName": "same"}));
    let loaded = insert(&salesforce).rows(rows()).await.unwrap();
    let mut joined = loaded.join(JoinBy::Values).rows(rows()).await.unwrap();
    let (mut written, mut failed) = (0, 0);
    while let Some(row) = joined.next().await {
        match row.unwrap().outcome {
            RowOutcome::Written { .. } => written += 1,
            RowOutcome::Failed { error, .. } => {
                assert_eq!(error.code().as_str(), "UNABLE_TO_LOCK_ROW");
                failed += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((written, failed), (7, 3));
}

#[tokio::test]
async fn rows_of_a_csv_file_are_told_too_those_nobody_looked_at_among_them() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::failed_job(200));
    let rows = contacts(500).map(|Contact { key, last_name }| {
        format!("\"{}\";{key}\r\n", last_name.replace('"', "\"\""))
    });
    let text: String = std::iter::once("LastName;External_Id__c\r\n".to_owned())
        .chain(rows)
        .collect();
    let mut loading = upsert(&salesforce)
        .csv(CsvSource::bytes(text.clone()))
        .start();
    loading.wait().await.unwrap_err();
    let so_far = loading.so_far();
    let mut joined = so_far
        .join(JoinBy::Values)
        .csv(CsvSource::bytes(text))
        .await
        .unwrap();
    for number in 0..500 {
        let row = joined.next().await.unwrap().unwrap();
        assert_eq!(row.row, number);
        match row.outcome {
            RowOutcome::Written { .. } => assert!(number < 200),
            RowOutcome::Unprocessed => assert!(number >= 200),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn rows_beyond_the_allocation_are_told_as_unaccounted() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::over_allocation(200));
    let mut loading = insert(&salesforce).rows(contacts(300)).start();
    loading.wait().await.unwrap_err();
    let by = JoinBy::column("External_Id__c");
    let mut joined = loading.so_far().join(by).rows(contacts(300)).await.unwrap();
    let mut unaccounted = 0;
    while let Some(row) = joined.next().await {
        unaccounted += u32::from(matches!(row.unwrap().outcome, RowOutcome::Unaccounted));
    }
    assert_eq!(unaccounted, 100);
}

#[tokio::test]
async fn results_are_saved_as_three_files() {
    #[derive(Debug, Deserialize)]
    struct Saved {
        #[serde(rename = "sf__Id")]
        id: Option<String>,
        #[serde(rename = "sf__Error")]
        error: Option<String>,
        #[serde(rename = "External_Id__c")]
        key: String,
        #[serde(rename = "Title")]
        title: Option<String>,
    }
    let (_org, salesforce) = start().await;
    let folder = tempfile::tempdir().unwrap();
    // The last job has a column more.
    let loaded = insert(&salesforce)
        .max_job_rows(10)
        .rows((0..30).filter(|number| number % 10 != 9).map(mixed))
        .await
        .unwrap();
    std::fs::write(folder.path().join("failed.csv"), "what stood there").unwrap();
    let saved = loaded.save(folder.path()).await.unwrap();
    let read = |path: &std::path::Path| {
        let mut reader = CsvReader::new();
        reader.push(&std::fs::read(path).unwrap());
        reader.finish();
        let mut rows = Vec::new();
        while let Some(row) = reader.next::<Saved>() {
            rows.push(row.unwrap());
        }
        rows
    };
    let successful = read(&saved.successful);
    assert_eq!(successful.len() as u64, loaded.counts().successful);
    assert!(
        successful
            .iter()
            .all(|row| row.id.as_ref().is_some_and(|id| id.len() == 18))
    );
    assert!(
        successful
            .iter()
            .any(|row| row.title.as_deref() == Some("Dr"))
    );
    let failed = read(&saved.failed);
    assert_eq!(failed.len() as u64, loaded.counts().failed);
    let error = failed[0].error.as_deref().unwrap();
    assert!(error.starts_with("REQUIRED_FIELD_MISSING:"), "{error}");
    assert!(failed.iter().any(|row| row.key == contact(0).key));
    assert_eq!(std::fs::read_to_string(&saved.unprocessed).unwrap(), "");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&saved.failed)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}
