use ferroforce::bulk::{CsvReader, Delimiter, JobState, LineEnding, Road};
use ferroforce::{ErrorKind, Record};
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;

use super::{Contact, ROWS, SOQL, all, numbers, pagings, poll, query, start};

#[tokio::test]
async fn every_row_comes_once_whichever_way() {
    let (_org, salesforce) = start().await;
    for paging in pagings() {
        assert_eq!(numbers(query(&salesforce, &paging)).await.unwrap(), all());

        let records: Vec<Record> = query(&salesforce, &paging)
            .records()
            .try_collect()
            .await
            .unwrap();
        let mut found: Vec<_> = records
            .iter()
            .map(|record| record.decode::<Contact>().unwrap().number())
            .collect();
        found.sort_unstable();
        assert_eq!(found, all());
        assert!(records.iter().all(|record| record.id().is_some()));

        for (delimiter, ending) in [
            (Delimiter::Comma, LineEnding::Lf),
            (Delimiter::Tab, LineEnding::Crlf),
            (Delimiter::Backquote, LineEnding::Lf),
        ] {
            let query = query(&salesforce, &paging)
                .delimiter(delimiter)
                .line_ending(ending);
            let mut text = Vec::new();
            query.csv().read_to_end(&mut text).await.unwrap();
            let mut reader = CsvReader::new();
            reader.push(&text);
            reader.finish();
            let mut found = Vec::new();
            while let Some(row) = reader.next_row::<Contact>() {
                found.push(row.unwrap().number());
            }
            found.sort_unstable();
            assert_eq!(found, all());
        }
    }
}

#[tokio::test]
async fn the_same_rows_come_by_rest_and_by_a_job() {
    let (_org, salesforce) = start().await;
    let mut found = Vec::new();
    for road in [Road::Rest, Road::Bulk] {
        let rows = salesforce
            .extract(SOQL)
            .by(road)
            .poll(poll())
            .rows::<Contact>();
        let rows: Vec<Contact> = rows.try_collect().await.unwrap();
        let mut rows: Vec<_> = rows.iter().map(|row| (row.number(), row.id)).collect();
        rows.sort_unstable();
        found.push(rows);
    }
    assert_eq!(found[0].len(), ROWS);
    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn deleted_rows_come_where_they_are_asked_for() {
    let (_org, salesforce) = start().await;
    let [paging, ..] = pagings();
    let row = query(&salesforce, &paging)
        .rows::<Contact>()
        .next()
        .await
        .unwrap()
        .unwrap();
    salesforce.sobject("Contact").delete(row.id).await.unwrap();
    let left = numbers(query(&salesforce, &paging)).await.unwrap();
    assert_eq!(left.len(), ROWS - 1);
    let with_deleted = numbers(query(&salesforce, &paging).include_deleted())
        .await
        .unwrap();
    assert_eq!(with_deleted, all());
}

#[tokio::test]
async fn a_job_can_be_taken_up_aborted_and_deleted_by_its_handle() {
    let (org, salesforce) = start().await;
    let [paging, ..] = pagings();
    let job = query(&salesforce, &paging).start().await.unwrap();
    let kept = serde_json::to_string(job.handle()).unwrap();
    let job = super::client(&org)
        .bulk()
        .resume_query(serde_json::from_str(&kept).unwrap())
        .poll(poll());
    let ended = job.wait().await.unwrap();
    assert_eq!(ended.state, JobState::JobComplete);
    assert_eq!(ended.number_records_processed, Some(450));
    let path = tempfile::tempdir().unwrap().keep().join("contacts.csv");
    assert_eq!(job.clone().save(&path).await.unwrap(), 450);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    job.delete().await.unwrap();
    let error = job
        .clone()
        .rows::<Contact>()
        .next()
        .await
        .unwrap()
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.jobs(), [job.id()]);
}

#[tokio::test]
async fn a_query_that_is_none_is_an_error_with_the_orgs_words() {
    let (_org, salesforce) = start().await;
    let mut rows = salesforce
        .bulk()
        .query("SELECT Nope FROM Contact")
        .poll(poll())
        .rows::<Contact>();
    let error = rows.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Api | ErrorKind::JobFailed),
        "{error}"
    );
    assert!(rows.next().await.is_none());
}
