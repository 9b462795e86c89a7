//! Reading by ranges of ids.

use std::sync::{Arc, Mutex};

use super::*;
use crate::types::RecordId;

/// An object with these ids, in pages of two, that understands the conditions which
/// ranges are.
fn org(ids: &[RecordId]) -> impl Fn(&Sent) -> Reply + use<> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let cursors: Arc<Mutex<Vec<Vec<RecordId>>>> = Arc::default();
    move |sent| {
        let mut cursors = cursors.lock().unwrap();
        let (found, start) = match sent.uri.path().rsplit_once("01g-") {
            Some((_, at)) => {
                let (number, start) = at.split_once('-').unwrap();
                let number: usize = number.parse().unwrap();
                ((number, cursors[number].clone()), start.parse().unwrap())
            }
            None => {
                let query = form_urlencoded::parse(sent.uri.query().unwrap().as_bytes());
                let soql = query.into_iter().next().unwrap().1.into_owned();
                let bound = |operator: &str| -> Option<RecordId> {
                    let (_, value) = soql.split_once(&format!("Id {operator} '"))?;
                    Some(value[..18].parse().unwrap())
                };
                let (from, before) = (bound(">="), bound("<"));
                let mut found: Vec<_> = ids
                    .iter()
                    .copied()
                    .filter(|id| from.is_none_or(|from| *id >= from))
                    .filter(|id| before.is_none_or(|before| *id < before))
                    .collect();
                if soql.contains("DESC") {
                    found.reverse();
                }
                if soql.ends_with("LIMIT 1") {
                    found.truncate(1);
                }
                cursors.push(found.clone());
                ((cursors.len() - 1, found), 0)
            }
        };
        let ((number, found), start): ((usize, Vec<RecordId>), usize) = (found, start);
        let end = (start + 2).min(found.len());
        let rows: Vec<_> = found[start..end]
            .iter()
            .map(|id| json!({"Id": id}))
            .collect();
        let next = format!("/services/data/v66.0/query/01g-{number}-{end}");
        let body = json!({"totalSize": found.len(), "done": end == found.len(), "nextRecordsUrl": next, "records": rows});
        Reply::json(200, &body.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WithId {
    id: RecordId,
}

fn ids(texts: impl IntoIterator<Item = String>) -> Vec<RecordId> {
    texts.into_iter().map(|id| id.parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_row_comes_once_however_the_ids_lie() {
    let blocks = ids((0..50)
        .map(|n| format!("0015g00000{n:05}"))
        .chain((0..70).map(|n| format!("001Zz0000a{n:05}"))));
    for (ids, ranges, at_once) in [
        (ids([]), 16, 4),
        (ids(["001000000000001".to_owned()]), 16, 4),
        (ids((0..2).map(|n| format!("00100000000000{n}"))), 16, 4),
        (ids((0..9).map(|n| format!("00100000000000{n}"))), 4, 2),
        (blocks.clone(), 1, 1),
        (blocks.clone(), 7, 3),
        (blocks.clone(), 16, 20),
        (blocks, 200, 4),
    ] {
        let answers = org(&ids);
        let script = Script::new(move |sent, _| answers(sent));
        let query = salesforce(&script).query("SELECT Id FROM T WHERE :range");
        let rows = query.by_id_ranges("T").ranges(ranges).at_once(at_once);
        let mut found: Vec<_> = rows
            .rows::<WithId>()
            .map_ok(|row| row.id)
            .try_collect()
            .await
            .unwrap();
        found.sort_unstable();
        let mut expected = ids;
        expected.sort_unstable();
        assert_eq!(found, expected, "{ranges} ranges");
    }
}

#[tokio::test(start_paused = true)]
async fn ranges_are_read_at_once() {
    let ids = ids((0..40).map(|n| format!("0010000000000{n:02}")));
    let answers = org(&ids);
    let script = Script::new(move |sent, _| {
        Reply::After(Duration::from_millis(50), Box::new(answers(sent)))
    });
    let query = salesforce(&script).query("SELECT Id FROM T WHERE :range");
    let rows = query
        .by_id_ranges("T")
        .ranges(8)
        .at_once(3)
        .rows::<WithId>();
    assert_eq!(rows.try_collect::<Vec<_>>().await.unwrap().len(), 40);
    assert_eq!(script.most_at_once(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_range_that_fails_ends_it_all() {
    let ids = ids((0..40).map(|n| format!("0010000000000{n:02}")));
    let answers = org(&ids);
    let script = Script::new(move |sent, _| match sent.uri.path().contains("01g-20-") {
        true => Reply::error(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
        false => answers(sent),
    });
    let query = salesforce(&script).query("SELECT Id FROM T WHERE :range");
    let rows = query.by_id_ranges("T").ranges(8).rows::<WithId>();
    let rows: Vec<_> = rows.collect().await;
    assert!(rows.len() < 40);
    let (last, others) = rows.split_last().unwrap();
    assert!(others.iter().all(Result::is_ok));
    let error = last.as_ref().unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "INVALID_QUERY_LOCATOR");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_in_ranges_is_refused_before_anything_is_sent() {
    let script = Script::replies([page(0, 1)]);
    let salesforce = salesforce(&script);
    let whole = "SELECT Id FROM T WHERE :range";
    for refused in [
        salesforce.query("SELECT Id FROM T").by_id_ranges("T"),
        salesforce
            .query("SELECT Id FROM T WHERE :range LIMIT 5")
            .by_id_ranges("T"),
        salesforce
            .query("SELECT COUNT(Id) FROM T WHERE :range group by Name")
            .by_id_ranges("T"),
        salesforce
            .query("SELECT MAX(Amount__c) FROM T WHERE :range")
            .by_id_ranges("T"),
        salesforce
            .query("SELECT count () FROM T WHERE :range")
            .by_id_ranges("T"),
        salesforce.query(whole).by_id_ranges("T, User"),
        salesforce.query(whole).by_id_ranges("T").ranges(0),
        salesforce.query(whole).by_id_ranges("T").at_once(21),
        salesforce.named_query("x", [("a", "b")]).by_id_ranges("T"),
    ] {
        let mut rows = refused.rows::<WithId>();
        let error = rows.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(rows.next().await.is_none());
    }
    assert_eq!(script.count(), 0);
}

/// Each range would have the rows that the other condition finds.
#[tokio::test(start_paused = true)]
async fn a_range_that_does_not_bound_the_whole_query_is_refused() {
    let script = Script::replies([page(0, 1)]);
    let salesforce = salesforce(&script);
    for text in [
        "SELECT Id FROM T WHERE :range OR Name = 'x'",
        "SELECT Id FROM T WHERE Name = 'x' or :range",
        "SELECT Id FROM T WHERE (:range OR Name = 'x') AND Age__c = 1",
        "SELECT Id FROM T WHERE NOT :range",
        "SELECT Id FROM T WHERE A__c NOT IN (SELECT A__c FROM U WHERE :range)",
        "SELECT Id, (SELECT Id FROM Us WHERE :range) FROM T",
        "SELECT Id FROM T WHERE :range AND :range",
        "SELECT :range FROM T",
    ] {
        let mut rows = salesforce.query(text).by_id_ranges("T").rows::<WithId>();
        let error = rows.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}: {error}");
    }
    assert_eq!(script.count(), 0);

    let answers = org(&ids(["001000000000001".to_owned()]));
    let script = Script::new(move |sent, _| answers(sent));
    let text =
        "SELECT Id, Max__c FROM T WHERE (A = 1 OR B = 2) AND NOT (C = 3) AND :range ORDER BY Id";
    let rows = super::salesforce(&script).query(text).by_id_ranges("T");
    assert_eq!(
        rows.rows::<WithId>()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .len(),
        1
    );
}
