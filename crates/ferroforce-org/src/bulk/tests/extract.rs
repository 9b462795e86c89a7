use std::io::Read;

use axum::body::Body;
use flate2::read::GzDecoder;
use http::StatusCode;
use serde_json::{Value, json};

use crate::admin::{Fault, Policies};
use crate::rest::tests::{Answer, Client};
use crate::settings::Settings;

impl Client {
    /// Makes a job that queries, and returns its id.
    async fn search(&self, soql: &str) -> String {
        let job = json!({"operation": "query", "query": soql});
        let answer = self.post("/jobs/query", &job).await;
        assert_eq!(answer.json()["state"], "UploadComplete", "{answer:?}");
        answer.id()
    }

    /// What is known of a job that queries when it has ended.
    async fn found(&self, id: &str) -> Value {
        loop {
            let info = self.get(&format!("/jobs/query/{id}")).await.json();
            if let Some("JobComplete" | "Failed" | "Aborted") = info["state"].as_str() {
                return info;
            }
        }
    }

    async fn page(&self, id: &str, parameters: &str) -> Answer {
        self.get(&format!("/jobs/query/{id}/results{parameters}"))
            .await
    }

    /// All that a query finds.
    async fn extract(&self, soql: &str) -> String {
        let id = self.search(soql).await;
        let info = self.found(&id).await;
        assert_eq!(info["state"], "JobComplete", "{info}");
        self.page(&id, "").await.text().to_owned()
    }

    /// Makes so many contacts, called by their numbers.
    pub(super) async fn contacts(&self, count: usize) {
        let records: Vec<Value> = (0..count)
            .map(|n| json!({"attributes": {"type": "Contact"}, "LastName": format!("{n:05}")}))
            .collect();
        for records in records.chunks(200) {
            let body = json!({"records": records});
            let answer = self.post("/composite/sobjects", &body).await;
            assert_eq!(answer.status, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_query_goes_through_its_states_and_tells_its_rows() {
    let client = Client::new();
    client.contacts(3).await;
    let made = client
        .post(
            "/jobs/query",
            &json!({"operation": "query", "query": "select id, lastname from Contact"}),
        )
        .await;
    let job = made.json();
    assert_eq!(
        (&job["operation"], &job["object"], &job["contentType"]),
        (&json!("query"), &json!("Contact"), &json!("CSV"))
    );
    let info = client.found(&made.id()).await;
    assert_eq!(
        (&info["jobType"], &info["numberRecordsProcessed"]),
        (&json!("V2Query"), &json!(3))
    );
    assert_eq!(info["isPkChunkingSupported"], true);
    let page = client.page(&made.id(), "/").await;
    assert_eq!(page.header("content-type"), "text/csv; charset=UTF-8");
    assert_eq!(page.header("sforce-locator"), "null");
    assert_eq!(page.header("sforce-numberofrecords"), "3");
    let lines: Vec<&str> = page.text().lines().collect();
    assert_eq!(lines[0], "\"Id\",\"LastName\"");
    assert_eq!(lines.len(), 4);
    assert!(
        lines[1].starts_with("\"003") && lines[1].ends_with("\",\"00000\""),
        "{lines:?}"
    );
}

#[tokio::test]
async fn values_are_written_as_files_have_them() {
    let client = Client::new();
    let clock = &client.org.clock;
    clock.stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    let account = client
        .create(
            "Account",
            &json!({"Name": "Ünïcode \"x\",\ny", "AnnualRevenue": 1.5e7, "NumberOfEmployees": 7}),
        )
        .await;
    client
        .create(
            "Contact",
            &json!({"LastName": "a", "AccountId": account, "Birthdate": "2001-02-03", "DoNotCall": true}),
        )
        .await;
    client.create("Contact", &json!({"LastName": "b"})).await;
    // The columns stand as they are selected, whatever belongs together.
    let rows = client
        .extract(
            "SELECT c.Account.Name, c.Id, Account.AnnualRevenue, Account.NumberOfEmployees, Birthdate, \
             CreatedDate, DoNotCall, Account.IsDeleted FROM Contact c ORDER BY LastName",
        )
        .await;
    let (header, rows) = rows.split_once('\n').unwrap();
    assert_eq!(
        header,
        "\"Account.Name\",\"Id\",\"Account.AnnualRevenue\",\"Account.NumberOfEmployees\",\"Birthdate\",\
         \"CreatedDate\",\"DoNotCall\",\"Account.IsDeleted\""
    );
    assert!(
        rows.starts_with("\"Ünïcode \"\"x\"\",\ny\",\"003"),
        "{rows}"
    );
    assert!(
        rows.contains(
            "\",\"1.5E7\",\"7\",\"2001-02-03\",\"2026-03-01T12:00:00.000Z\",\"true\",\"false\"\n"
        ),
        "{rows}"
    );
    assert!(
        rows.ends_with("\",\"\",\"\",\"\",\"2026-03-01T12:00:00.000Z\",\"false\",\"\"\n"),
        "{rows}"
    );
}

#[tokio::test]
async fn pages_follow_each_other_by_locator_and_end_with_null() {
    let client = Client::new();
    client.contacts(4_500).await;
    let id = client.search("SELECT LastName FROM Contact").await;
    assert_eq!(client.found(&id).await["numberRecordsProcessed"], 4_500);
    let (mut locator, mut seen) = (String::new(), Vec::new());
    let mut sizes = Vec::new();
    loop {
        let parameters = format!("?maxRecords=1999{locator}");
        let page = client.page(&id, &parameters).await;
        // A page can be read again.
        assert_eq!(client.page(&id, &parameters).await.text(), page.text());
        let mut lines = page.text().lines();
        assert_eq!(lines.next(), Some("\"LastName\""));
        let rows: Vec<String> = lines.map(str::to_owned).collect();
        assert_eq!(
            page.header("sforce-numberofrecords"),
            rows.len().to_string()
        );
        sizes.push(rows.len());
        seen.extend(rows);
        match page.header("sforce-locator") {
            "null" => break,
            next => locator = format!("&locator={next}"),
        }
    }
    assert_eq!(sizes, [1999, 1999, 502]);
    let expected: Vec<String> = (0..4_500).map(|n| format!("\"{n:05}\"")).collect();
    assert_eq!(seen, expected);
    assert_eq!(
        client.page(&id, "?locator=&maxRecords=1").await.text(),
        "\"LastName\"\n\"00000\"\n"
    );
    for wrong in ["?locator=xyz!", "?locator=OTk5OTk5", "?maxRecords=0"] {
        assert_eq!(
            client.page(&id, wrong).await.status,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn pages_can_be_fetched_in_parallel() {
    let client = Client::with(Settings {
        policies: Policies {
            bulk_page_records: 10,
            ..Policies::default()
        },
        ..Settings::default()
    });
    client.contacts(65).await;
    let id = client.search("SELECT LastName FROM Contact").await;
    client.found(&id).await;
    let mut path = format!("/jobs/query/{id}/resultPages");
    let (mut rows, mut pages) = (Vec::new(), Vec::new());
    loop {
        let listed = client.get(&path).await.json();
        let urls = listed["resultPages"].as_array().unwrap();
        pages.push(urls.len());
        for url in urls {
            let url = url["resultUrl"].as_str().unwrap();
            let url = url.strip_prefix("/services/data/v66.0").unwrap();
            let page = client.get(url).await;
            rows.extend(page.text().lines().skip(1).map(str::to_owned));
        }
        let Some(next) = listed["nextRecordsUrl"].as_str() else {
            assert_eq!(listed["done"], true);
            break;
        };
        assert_eq!(listed["done"], false);
        path = next
            .strip_prefix("/services/data/v66.0")
            .unwrap()
            .to_owned();
    }
    assert_eq!(pages, [5, 2]);
    assert_eq!(rows.len(), 65);
    let of_old = client
        .request("GET", "")
        .uri(format!("/services/data/v57.0/jobs/query/{id}/resultPages"));
    let answer = client.raw(of_old.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_found_is_a_header() {
    let client = Client::new();
    let id = client.search("SELECT Id FROM Contact").await;
    client.found(&id).await;
    let page = client.page(&id, "").await;
    assert_eq!(page.text(), "\"Id\"\n");
    assert_eq!(
        (
            page.header("sforce-locator"),
            page.header("sforce-numberofrecords")
        ),
        ("null", "0")
    );
    let pages = client
        .get(&format!("/jobs/query/{id}/resultPages"))
        .await
        .json();
    assert_eq!(pages["resultPages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn deleted_records_order_limits_and_dialects() {
    let client = Client::new();
    client.contacts(5).await;
    let found = client.query("SELECT Id FROM Contact LIMIT 1").await.json();
    let id = found["records"][0]["Id"].as_str().unwrap();
    client.delete(&format!("/sobjects/Contact/{id}")).await;
    let job = json!({
        "operation": "queryAll", "query": "SELECT LastName, IsDeleted FROM Contact",
        "columnDelimiter": "TAB", "lineEnding": "CRLF",
    });
    let made = client.post("/jobs/query", &job).await;
    client.found(&made.id()).await;
    let rows = client.page(&made.id(), "").await;
    assert!(
        rows.text()
            .starts_with("\"LastName\"\t\"IsDeleted\"\r\n\"00000\"\t\"true\"\r\n"),
        "{}",
        rows.text()
    );
    assert_eq!(
        client
            .extract("SELECT LastName FROM Contact ORDER BY LastName DESC LIMIT 2")
            .await,
        "\"LastName\"\n\"00004\"\n\"00003\"\n"
    );
    assert_eq!(
        client.extract("SELECT LastName FROM Contact LIMIT 2").await,
        "\"LastName\"\n\"00001\"\n\"00002\"\n"
    );
    for soql in [
        "SELECT LastName FROM Contact LIMIT 2",
        "SELECT LastName FROM Contact ORDER BY Id",
    ] {
        let id = client.search(soql).await;
        assert_eq!(
            client.found(&id).await["isPkChunkingSupported"],
            false,
            "{soql}"
        );
    }
}

#[tokio::test]
async fn queries_that_bulk_jobs_do_not_run_are_refused() {
    let client = Client::new();
    for (soql, message) in [
        (
            "SELECT COUNT() FROM Contact",
            "Aggregate queries are not supported in Bulk V2 Query",
        ),
        (
            "SELECT COUNT(Id) FROM Contact",
            "Aggregate queries are not supported in Bulk V2 Query",
        ),
        (
            "SELECT LastName FROM Contact GROUP BY LastName",
            "Aggregate queries are not supported in Bulk V2 Query",
        ),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        (
            "SELECT MailingAddress FROM Contact",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT VersionData FROM ContentVersion",
            "Blob field not supported in Bulk V2 Query with CSV content type",
        ),
        (
            "SELECT Id FROM Contact LIMIT 5 OFFSET 5",
            "OFFSET is not supported in Bulk V2 Query",
        ),
        (
            "SELECT TYPEOF Who WHEN Lead THEN Company END FROM Task",
            "TYPEOF is not supported in Bulk V2 Query",
        ),
        (
            "SELECT FIELDS(CUSTOM) FROM Contact LIMIT 200",
            "FIELDS(ALL) and FIELDS(CUSTOM) are not supported in Bulk V2 Query",
        ),
    ] {
        let job = json!({"operation": "query", "query": soql});
        let refused = client.post("/jobs/query", &job).await.error();
        assert_eq!(
            refused,
            (400, "API_ERROR".to_owned(), message.to_owned()),
            "{soql}"
        );
    }
    let job = json!({"operation": "query", "query": "SELECT Nothing FROM Contact"});
    assert_eq!(
        client.post("/jobs/query", &job).await.error().1,
        "INVALID_FIELD"
    );
    let job = json!({"operation": "insert", "query": "SELECT Id FROM Contact"});
    assert_eq!(
        client.post("/jobs/query", &job).await.error().1,
        "INVALIDOPERATION"
    );
}

#[tokio::test]
async fn results_are_for_the_version_that_asked_and_for_jobs_that_are_done() {
    let client = Client::with(Settings {
        policies: Policies {
            bulk_in_progress_seconds: 10,
            ..Policies::default()
        },
        ..Settings::default()
    });
    client
        .org
        .clock
        .stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    let id = client.search("SELECT Id FROM Contact").await;
    assert_eq!(client.page(&id, "").await.error().1, "INVALIDJOBSTATE");
    client
        .org
        .clock
        .advance(jiff::SignedDuration::from_secs(10));
    client.found(&id).await;
    for path in ["results", "resultPages"] {
        let other = client
            .request("GET", "")
            .uri(format!("/services/data/v65.0/jobs/query/{id}/{path}"));
        let answer = client.raw(other.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{path}");
    }
    let aborted = client
        .patch(&format!("/jobs/query/{id}"), &json!({"state": "Aborted"}))
        .await;
    assert_eq!(
        aborted.error().2,
        "Aborting already Completed Job not allowed"
    );
    assert_eq!(
        client.get(&format!("/jobs/ingest/{id}")).await.status,
        StatusCode::NOT_FOUND
    );
    let listed = client.get("/jobs/query").await.json();
    assert_eq!(listed["records"][0]["id"], id);
    let deleted = client.delete(&format!("/jobs/query/{id}")).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn queries_are_counted_and_there_are_only_so_many() {
    let client = Client::with(Settings {
        policies: Policies {
            daily_bulk_query_jobs: 1,
            ..Policies::default()
        },
        ..Settings::default()
    });
    client.search("SELECT Id FROM Contact").await;
    let limits = client.get("/limits").await.json();
    assert_eq!(
        limits["DailyBulkV2QueryJobs"],
        json!({"Max": 1, "Remaining": 0})
    );
    let job = json!({"operation": "query", "query": "SELECT Id FROM Contact"});
    assert_eq!(
        client.post("/jobs/query", &job).await.error(),
        (
            400,
            "LIMIT_EXCEEDED".to_owned(),
            "Max bulk v2 query jobs (1) per 24 hrs has been reached (2)".to_owned()
        )
    );
}

#[tokio::test]
async fn long_pages_are_compressed_for_those_who_ask() {
    let client = Client::new();
    client.contacts(1_000).await;
    let id = client
        .search("SELECT Id, LastName, CreatedDate FROM Contact")
        .await;
    client.found(&id).await;
    let plain = client.page(&id, "").await;
    assert_eq!(plain.header("content-encoding"), "");
    let request = client
        .request("GET", &format!("/jobs/query/{id}/results"))
        .header("accept-encoding", "gzip");
    let packed = client.raw(request.body(Body::empty()).unwrap()).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = String::new();
    GzDecoder::new(packed.body.as_ref())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain.text());
}

#[tokio::test]
async fn a_short_page_has_fewer_records_than_it_tells() {
    let client = Client::new();
    client.contacts(5).await;
    let id = client.search("SELECT LastName FROM Contact").await;
    client.found(&id).await;
    client.org.admin.add(Fault::short_page(2));
    let page = client.page(&id, "").await;
    assert_eq!(page.header("sforce-numberofrecords"), "5");
    assert_eq!(page.text(), "\"LastName\"\n\"00000\"\n\"00001\"\n");
    assert_eq!(client.page(&id, "").await.text().lines().count(), 6);
}

#[tokio::test]
async fn queries_fail_and_get_stuck_on_purpose() {
    let client = Client::new();
    client.contacts(5).await;
    client.org.admin.add(Fault::failed_job(2).object("Contact"));
    let id = client.search("SELECT LastName FROM Contact").await;
    let info = client.found(&id).await;
    assert_eq!(
        (&info["state"], &info["numberRecordsProcessed"]),
        (&json!("Failed"), &json!(2))
    );
    assert_eq!(client.page(&id, "").await.error().1, "INVALIDJOBSTATE");
    client.org.admin.add(Fault::stuck_job());
    let id = client.search("SELECT LastName FROM Contact").await;
    for _ in 0..5 {
        client.get("/limits").await;
    }
    let info = client.get(&format!("/jobs/query/{id}")).await.json();
    assert_eq!(info["state"], "InProgress");
}

#[tokio::test]
async fn pages_suffer_from_the_faults_of_requests() {
    use http::{HeaderName, HeaderValue};
    let client = Client::new();
    client.contacts(5).await;
    let id = client.search("SELECT LastName FROM Contact").await;
    client.found(&id).await;
    let results = "*/jobs/query/*/results";
    let count = HeaderName::from_static("sforce-numberofrecords");
    let locator = HeaderName::from_static("sforce-locator");
    let faults = &client.org.admin;
    faults.add(Fault::unavailable().path(results).skip(1));
    assert_eq!(client.page(&id, "?maxRecords=2").await.status, 200);
    assert_eq!(
        client.page(&id, "?maxRecords=2&locator=Mg").await.status,
        503
    );
    faults.add(Fault::header(count.clone(), HeaderValue::from(7)).path(results));
    assert_eq!(client.page(&id, "").await.header(count.as_str()), "7");
    faults.add(Fault::no_header(count.clone()).path(results));
    faults.add(Fault::no_header(locator.clone()).path(results));
    let page = client.page(&id, "").await;
    assert!(!page.headers.contains_key(&count) && !page.headers.contains_key(&locator));
    assert_eq!(client.page(&id, "").await.header(locator.as_str()), "null");
}

#[tokio::test]
async fn columns_stand_by_their_names_in_old_versions() {
    let client = Client::new();
    client.contacts(1).await;
    let job =
        json!({"operation": "query", "query": "SELECT LastName, Account.Name, Email FROM Contact"});
    for (version, header) in [
        ("v50.0", "\"LastName\",\"Account.Name\",\"Email\"\n"),
        ("v49.0", "\"Account.Name\",\"Email\",\"LastName\"\n"),
    ] {
        let ask = async |method: &str, path: &str, body: String| {
            let uri = format!("/services/data/{version}/jobs/query{path}");
            let request = client
                .request(method, "")
                .header("content-type", "application/json")
                .uri(uri);
            client.raw(request.body(Body::from(body)).unwrap()).await
        };
        let id = ask("POST", "", job.to_string()).await.id();
        client.found(&id).await;
        let page = ask("GET", &format!("/{id}/results"), String::new()).await;
        let row = if version == "v50.0" {
            "\"00000\",\"\",\"\"\n"
        } else {
            "\"\",\"\",\"00000\"\n"
        };
        assert_eq!(page.text(), format!("{header}{row}"), "{version}");
    }
}

#[tokio::test]
async fn jobs_are_there_since_their_versions() {
    let client = Client::new();
    for (path, version, status) in [
        ("ingest", "v40.0", 404),
        ("ingest", "v41.0", 200),
        ("query", "v46.0", 404),
        ("query", "v47.0", 200),
    ] {
        let uri = format!("/services/data/{version}/jobs/{path}");
        let request = client.request("GET", "").uri(uri);
        let answer = client.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{path} {version}");
    }
}
