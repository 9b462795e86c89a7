use std::fmt::Debug;
use std::future::IntoFuture;

use ferroforce::query::{Cursor, Page};
use ferroforce::search::{ParameterizedSearch, SearchObject, Term};
use ferroforce::{ErrorKind, Record, Result};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::TryStreamExt;
use serde_json::json;

use super::{Contact, contacts, start};

const SOQL: &str = "SELECT Id, LastName FROM Contact ORDER BY Id";

/// What a page can meet and get over.
pub(super) fn troubles() -> Vec<Fault> {
    vec![
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(2000),
        Fault::cut_chunked_body(2000),
        Fault::expired_session(),
    ]
}

#[tokio::test]
async fn every_row_comes_once_whatever_a_page_meets() {
    let (org, salesforce) = start().await;
    contacts(&salesforce, 450, None).await;
    let all: Vec<Contact> = salesforce.query(SOQL).fetch_all().await.unwrap();
    let all: Vec<_> = all.iter().map(|contact| contact.id).collect();
    assert_eq!(all.len(), 450);
    for page in 0..3 {
        for fault in troubles() {
            let what = format!("page {page}, {fault:?}");
            let fault = fault.path("/services/data/").skip(page).times(1);
            org.faults().add(fault);
            let typed = salesforce.query(SOQL).batch_size(200).rows::<Contact>();
            let typed: Vec<_> = typed.map_ok(|row| row.id).try_collect().await.unwrap();
            assert_eq!(typed, all, "{what}");
            org.faults().clear();
        }
    }
    for fault in troubles() {
        org.faults()
            .add(fault.clone().path("/services/data/").skip(1).times(1));
        let records: Vec<Record> = salesforce
            .query(SOQL)
            .batch_size(200)
            .records()
            .try_collect()
            .await
            .unwrap();
        let ids: Vec<_> = records.iter().filter_map(Record::id).collect();
        assert_eq!(ids, all);
        org.faults().clear();

        org.faults()
            .add(fault.path("/services/data/").skip(1).times(1));
        let query = salesforce.query(SOQL).include_deleted().batch_size(200);
        let pages: Vec<Page<Contact>> = query.pages().try_collect().await.unwrap();
        let ids: Vec<_> = pages
            .iter()
            .flat_map(|page| page.records.iter().map(|contact| contact.id))
            .collect();
        assert_eq!((pages.len(), &ids), (3, &all));
        org.faults().clear();
    }
}

/// Trouble that stays ends the rows with an error, never without; and whoever goes
/// on from the cursor has every row once.
#[tokio::test]
async fn trouble_that_stays_is_an_error_and_the_cursor_goes_on_behind_it() {
    let (org, salesforce) = start().await;
    contacts(&salesforce, 450, None).await;
    for fault in troubles() {
        let what = format!("{fault:?}");
        let mut rows = salesforce.query(SOQL).batch_size(200).rows::<Contact>();
        let mut names = vec![rows.next().await.unwrap().unwrap().last_name];
        org.faults().add(fault.path("/services/data/").always());
        let mut failed = None;
        while let Some(row) = rows.next().await {
            match row {
                Ok(row) => names.push(row.last_name),
                Err(error) => failed = Some(error),
            }
        }
        let error = failed.unwrap_or_else(|| panic!("{what}: rows ended without a word"));
        assert_ne!(error.kind(), ErrorKind::Decode, "{what}: {error}");
        assert!(names.len() < 450, "{what}");
        org.faults().clear();

        let kept = serde_json::to_string(&rows.cursor()).unwrap();
        let cursor: Option<Cursor> = serde_json::from_str(&kept).unwrap();
        let rest = super::client(&org)
            .query(SOQL)
            .batch_size(200)
            .resume(cursor.unwrap())
            .fetch_all::<Contact>()
            .await
            .unwrap();
        names.extend(rest.into_iter().map(|row| row.last_name));
        let expected: Vec<_> = (0..450).map(|n| format!("C {n}")).collect();
        assert_eq!(names, expected, "{what}");
    }
}

#[tokio::test]
async fn a_cursor_is_gone_when_the_org_no_longer_knows_it() {
    let (org, salesforce) = start().await;
    contacts(&salesforce, 250, None).await;
    let query = || salesforce.query(SOQL).batch_size(200);
    let mut rows = query().prefetch(false).rows::<Contact>();
    for _ in 0..200 {
        rows.next().await.unwrap().unwrap();
    }
    let cursor = rows.cursor().unwrap();
    org.reset().await.unwrap();
    let salesforce = super::client(&org);
    let gone = salesforce
        .query(SOQL)
        .resume(cursor)
        .fetch_all::<Contact>()
        .await
        .unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Api);
    assert_eq!(gone.code().unwrap().as_str(), "INVALID_QUERY_LOCATOR");
}

#[tokio::test]
async fn children_come_whole_whatever_their_pages_meet() {
    let (org, salesforce) = start().await;
    let account = json!({"Name": "Acme"});
    let account = salesforce
        .sobject("Account")
        .create(&account)
        .await
        .unwrap();
    contacts(&salesforce, 450, Some(account.id)).await;
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Account {
        contacts: ferroforce::query::Children<Contact>,
    }
    for fault in troubles() {
        let account: Account = salesforce
            .query("SELECT Id, (SELECT Id, LastName FROM Contacts ORDER BY Id) FROM Account")
            .batch_size(200)
            .fetch_one()
            .await
            .unwrap();
        assert!(!account.contacts.is_complete());
        org.faults().add(fault.path("/services/data/").times(1));
        let children = account.contacts.fetch_all(&salesforce).await.unwrap();
        let names: Vec<_> = children.into_iter().map(|child| child.last_name).collect();
        let expected: Vec<_> = (0..450).map(|n| format!("C {n}")).collect();
        assert_eq!(names, expected);
        org.faults().clear();
    }
}

/// Does it once with each trouble.
async fn through_all<R: Debug, C: IntoFuture<Output = Result<R>>>(
    org: &LocalOrg,
    what: &str,
    mut call: impl FnMut() -> C,
    holds: impl Fn(&R) -> bool,
) {
    for fault in troubles() {
        let name = format!("{what} with {fault:?}");
        org.faults().add(fault.path("/services/data").times(1));
        let answer = call().await;
        org.faults().clear();
        match answer {
            Ok(answer) => assert!(holds(&answer), "{name}: {answer:?}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[tokio::test]
async fn every_other_read_gets_through() {
    let (org, salesforce) = start().await;
    contacts(&salesforce, 4, None).await;
    let last = salesforce.query("SELECT Id FROM Contact WHERE LastName = 'C 3'");
    let last: Record = last.fetch_one().await.unwrap();
    let id = last.id().unwrap();
    salesforce.sobject("Contact").delete(id).await.unwrap();
    let soql = || salesforce.query("SELECT Id FROM Contact");
    through_all(&org, "count", || soql().count(), |count| *count == 3).await;
    through_all(
        &org,
        "explain",
        || soql().explain().into_future(),
        |explained| !explained.plans.is_empty(),
    )
    .await;
    let deleted_too = || soql().include_deleted().fetch_all::<Record>();
    through_all(&org, "deleted too", deleted_too, |rows| rows.len() == 4).await;
    let ranges = || {
        let query = salesforce.query("SELECT Id FROM Contact WHERE :range");
        query
            .by_id_ranges("Contact")
            .rows::<Record>()
            .try_collect::<Vec<_>>()
    };
    through_all(&org, "ranges", ranges, |rows| rows.len() == 3).await;
    let long = || {
        let names: Vec<String> = (0..3_000).map(|n| format!("C {n}")).collect();
        let query = salesforce.query("SELECT Id FROM Contact WHERE LastName IN :names");
        query.bind("names", names).fetch_all::<Record>()
    };
    through_all(&org, "long query", long, |rows| rows.len() == 3).await;
    let search = || {
        let search = salesforce.search("FIND {:text} RETURNING Contact(Id)");
        search.term("text", Term::phrase("C 1")).fetch::<Record>()
    };
    through_all(&org, "search", search, |found| found.records.len() == 1).await;
    let search = ParameterizedSearch::new("\"C 1\"").object(SearchObject::new("Contact"));
    let parameterized = || salesforce.parameterized_search::<Record>(&search);
    through_all(&org, "parameterized", parameterized, |found| {
        found.records.len() == 1
    })
    .await;
    through_all(&org, "scope", || salesforce.search_scope(), |_| true).await;
    through_all(
        &org,
        "limits",
        || salesforce.limits(),
        |limits| limits.daily_api_requests().is_some(),
    )
    .await;
    let counts = || salesforce.record_counts(["Contact"]);
    through_all(&org, "counts", counts, |counts| {
        counts.get("Contact") == Some(3)
    })
    .await;
    through_all(
        &org,
        "resources",
        || salesforce.resources(),
        |all| all.get("query").is_some(),
    )
    .await;
    through_all(
        &org,
        "versions",
        || salesforce.versions(),
        |all| !all.is_empty(),
    )
    .await;
    through_all(&org, "tabs", || salesforce.tabs(), |all| !all.is_empty()).await;
    through_all(
        &org,
        "recent",
        || salesforce.recent(5),
        |all| all.len() == 3,
    )
    .await;
    let tooling = salesforce.tooling();
    let classes = || {
        tooling
            .query("SELECT Id FROM ApexClass")
            .fetch_all::<Record>()
    };
    through_all(&org, "tooling", classes, Vec::is_empty).await;
    let levels = tooling.sobject("DebugLevel");
    let described = || levels.describe();
    through_all(&org, "tooling describe", described, |described: &Record| {
        described.get::<&str>("name").unwrap() == "DebugLevel"
    })
    .await;
    let actions = salesforce.actions();
    let standard = || actions.list_standard();
    through_all(&org, "standard actions", standard, Vec::is_empty).await;
    let custom = || actions.list_custom("apex");
    through_all(&org, "actions", custom, |all| all[0].name == "Echo").await;
    let echo = actions.custom("apex", "Echo");
    through_all(
        &org,
        "action",
        || echo.describe(),
        |echo| echo.name == "Echo",
    )
    .await;
}

#[tokio::test]
async fn rows_that_are_dropped_ask_for_no_more() {
    let (org, salesforce) = start().await;
    contacts(&salesforce, 450, None).await;
    let pages = || {
        let requests = org.requests();
        let queries = requests.iter().filter(|sent| sent.path.contains("/query"));
        queries.count()
    };
    let before = pages();
    let mut rows = salesforce.query(SOQL).batch_size(200).rows::<Contact>();
    rows.next().await.unwrap().unwrap();
    drop(rows);
    // The third page would be asked for once the second is there.
    for _ in 0..20 {
        salesforce.limits().await.unwrap();
    }
    assert!(pages() - before <= 2);
}
