use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::admin::{Fault, Policies};
use crate::bulk::v1::archive;
use crate::rest::tests::{Answer, Client};
use crate::settings::Settings;

const NAMESPACE: &str = "http://www.force.com/2009/06/asyncapi/dataload";

/// The text of the first element with this name.
fn element<'x>(xml: &'x str, name: &str) -> &'x str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let start = xml.find(&open).map_or(0, |at| at + open.len());
    xml[start..]
        .split(&close)
        .next()
        .filter(|_| start > 0)
        .unwrap_or_default()
}

impl Client {
    async fn classic(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/services/async/66.0{path}"))
            .header("host", "localhost")
            .header("x-sfdc-session", self.org.auth.access_token().expose());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.raw(request.body(body.into()).unwrap()).await
    }

    async fn xml(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let headers = [("content-type", "application/xml; charset=UTF-8")];
        self.classic(method, path, &headers, body).await
    }

    async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.classic(method, path, &headers, body.to_string()).await
    }

    /// Makes a job and returns its id.
    async fn classic_job(&self, members: &str, headers: &[(&str, &str)]) -> String {
        let mut all = vec![("content-type", "application/xml")];
        all.extend_from_slice(headers);
        let body = format!("<jobInfo xmlns=\"{NAMESPACE}\">{members}</jobInfo>");
        let answer = self.classic("POST", "/job", &all, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        element(answer.text(), "id").to_owned()
    }

    /// Adds a batch to a job and returns its id.
    async fn batch(&self, job: &str, content_type: &str, body: impl Into<Body>) -> String {
        let headers = [("content-type", content_type)];
        let path = format!("/job/{job}/batch");
        let answer = self.classic("POST", &path, &headers, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        let text = answer.text();
        match serde_json::from_str::<Value>(text) {
            Ok(info) => info["id"].as_str().unwrap().to_owned(),
            Err(_) => element(text, "id").to_owned(),
        }
    }

    /// The info of a batch when it has ended.
    async fn batch_ended(&self, job: &str, batch: &str) -> String {
        loop {
            let info = self
                .xml("GET", &format!("/job/{job}/batch/{batch}"), "")
                .await;
            let state = match serde_json::from_str::<Value>(info.text()) {
                Ok(info) => info["state"].as_str().unwrap().to_owned(),
                Err(_) => element(info.text(), "state").to_owned(),
            };
            if ["Completed", "Failed", "NotProcessed"].contains(&state.as_str()) {
                return info.text().to_owned();
            }
        }
    }

    async fn batch_result(&self, job: &str, batch: &str) -> Answer {
        self.xml("GET", &format!("/job/{job}/batch/{batch}/result"), "")
            .await
    }
}

fn members(operation: &str, object: &str, content_type: &str) -> String {
    format!(
        "<operation>{operation}</operation><object>{object}</object>\
         <contentType>{content_type}</contentType>"
    )
}

#[tokio::test]
async fn batches_of_csv_tell_their_outcomes_in_order() {
    let client = Client::new();
    let job = client
        .classic_job(&members("insert", "Contact", "CSV"), &[])
        .await;
    assert!(job.starts_with("750"));
    let list = client.xml("GET", &format!("/job/{job}/batch"), "").await;
    assert_eq!(
        list.text(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><batchInfoList\n   xmlns=\"{NAMESPACE}\" />"
        )
    );
    let csv = "LastName,Email\r\nLovelace,ada@example.com\r\n,x@example.com\r\n";
    let batch = client.batch(&job, "text/csv; charset=UTF-8", csv).await;
    assert!(batch.starts_with("751"));
    // Batches are worked on although the job is open.
    let info = client.batch_ended(&job, &batch).await;
    assert_eq!(element(&info, "state"), "Completed", "{info}");
    assert_eq!(element(&info, "numberRecordsFailed"), "1");
    let result = client.batch_result(&job, &batch).await;
    assert_eq!(result.header("content-type"), "text/csv");
    let lines: Vec<&str> = result.text().lines().collect();
    assert_eq!(lines[0], "\"Id\",\"Success\",\"Created\",\"Error\"");
    assert!(
        lines[1].starts_with("\"003") && lines[1].ends_with(",\"true\",\"true\",\"\""),
        "{lines:?}"
    );
    assert_eq!(
        lines[2],
        "\"\",\"false\",\"false\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --\""
    );
    let request = client
        .xml("GET", &format!("/job/{job}/batch/{batch}/request"), "")
        .await;
    assert_eq!(request.text(), csv);
    let close = format!("<jobInfo xmlns=\"{NAMESPACE}\"><state>Closed</state></jobInfo>");
    let closed = client
        .xml("POST", &format!("/job/{job}"), close.clone())
        .await;
    assert_eq!(closed.status, StatusCode::OK);
    let info = closed.text();
    for (name, expected) in [
        ("state", "Closed"),
        ("numberBatchesCompleted", "1"),
        ("numberBatchesTotal", "1"),
        ("numberRecordsProcessed", "2"),
        ("apiVersion", "66.0"),
        ("concurrencyMode", "Parallel"),
    ] {
        assert_eq!(element(info, name), expected, "{info}");
    }
    let again = client.xml("POST", &format!("/job/{job}"), close).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        again.text(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><error xmlns=\"{NAMESPACE}\">\
             <exceptionCode>InvalidJobState</exceptionCode>\
             <exceptionMessage>Closing already Closed Job not allowed</exceptionMessage></error>"
        )
    );
    let late = client
        .classic("POST", &format!("/job/{job}/batch"), &[], csv)
        .await;
    assert_eq!(element(late.text(), "exceptionCode"), "InvalidJobState");
}

#[tokio::test]
async fn an_unknown_column_fails_the_batch() {
    let client = Client::new();
    let job = client
        .classic_job(&members("insert", "Contact", "CSV"), &[])
        .await;
    let batch = client
        .batch(&job, "text/csv", "LastName,Foo__c\na,b\n")
        .await;
    let info = client.batch_ended(&job, &batch).await;
    assert_eq!(element(&info, "state"), "Failed");
    assert_eq!(
        element(&info, "stateMessage"),
        "InvalidBatch : Field name not found : Foo__c"
    );
}

#[tokio::test]
async fn batches_may_be_in_json_and_in_xml() {
    let client = Client::new();
    client
        .create("Account", &json!({"Name": "a", "External_Id__c": "A-1"}))
        .await;
    let job = json!({"operation": "insert", "object": "Contact", "concurrencyMode": 1, "contentType": "JSON"});
    let made = client.json("POST", "/job", &job).await.json();
    assert_eq!(
        (&made["state"], &made["concurrencyMode"]),
        (&json!("Open"), &json!("Serial"))
    );
    assert_eq!(made["externalIdFieldName"], Value::Null);
    let id = made["id"].as_str().unwrap();
    let rows = json!([
        {"LastName": "a", "Account": {"External_Id__c": "A-1"}, "DoNotCall": true},
        {"Email": "x@example.com"},
    ]);
    let batch = client.batch(id, "application/json", rows.to_string()).await;
    client.batch_ended(id, &batch).await;
    let list = client
        .json("GET", &format!("/job/{id}/batch"), &Value::Null)
        .await
        .json();
    assert_eq!(list["batchInfo"][0]["numberRecordsFailed"], 1);
    let outcomes = client.batch_result(id, &batch).await.json();
    assert_eq!(
        (&outcomes[0]["success"], &outcomes[0]["errors"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(
        outcomes[1],
        json!({"success": false, "created": false, "id": null, "errors": [{
            "message": "Required fields are missing: [LastName]",
            "fields": ["LastName"], "statusCode": "REQUIRED_FIELD_MISSING", "extendedErrorDetails": null,
        }]})
    );
    let found = client
        .query("SELECT Account.Name, DoNotCall FROM Contact")
        .await
        .json();
    assert_eq!(found["records"][0]["Account"]["Name"], "a");
    assert_eq!(found["records"][0]["DoNotCall"], true);

    let members = format!(
        "{}<externalIdFieldName>External_Id__c</externalIdFieldName>",
        members("upsert", "Account", "XML")
    );
    let id = client.classic_job(&members, &[]).await;
    let rows = format!(
        "<?xml version=\"1.0\"?><sObjects xmlns=\"{NAMESPACE}\" xmlns:xsi=\"x\">\
         <sObject><External_Id__c>A-1</External_Id__c><Name>b &amp; c</Name><Site xsi:nil=\"true\"/></sObject>\
         <sObject><Name>d</Name></sObject></sObjects>"
    );
    let batch = client.batch(&id, "application/xml", rows).await;
    client.batch_ended(&id, &batch).await;
    let result = client.batch_result(&id, &batch).await;
    let text = result.text();
    assert!(
        text.contains("<success>true</success><created>false</created></result>"),
        "{text}"
    );
    assert!(
        text.contains("<message>External_Id__c not specified in an upsert call</message><statusCode>MISSING_ARGUMENT</statusCode>"),
        "{text}"
    );
    let found = client.query("SELECT Name FROM Account").await.json();
    assert_eq!(found["records"][0]["Name"], "b & c");
}

#[tokio::test]
async fn queries_tell_the_ids_of_their_results() {
    let client = Client::with(Settings {
        policies: Policies {
            bulk_page_records: 2_000,
            ..Policies::default()
        },
        ..Settings::default()
    });
    client.contacts(4_500).await;
    let job = client
        .classic_job(&members("query", "Contact", "CSV"), &[])
        .await;
    let batch = client
        .batch(&job, "text/csv", "SELECT LastName FROM Contact")
        .await;
    let info = client.batch_ended(&job, &batch).await;
    assert_eq!(element(&info, "numberRecordsProcessed"), "4500");
    let list = client.batch_result(&job, &batch).await;
    assert_eq!(list.header("content-type"), "application/xml");
    let ids: Vec<&str> = list
        .text()
        .split("<result>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    assert_eq!(ids.len(), 3, "{}", list.text());
    let mut rows = Vec::new();
    for id in ids {
        assert!(id.starts_with("752"));
        let path = format!("/job/{job}/batch/{batch}/result/{id}");
        let file = client.xml("GET", &path, "").await;
        let mut lines = file.text().lines();
        assert_eq!(lines.next(), Some("\"LastName\""));
        rows.extend(lines.map(str::to_owned));
    }
    let expected: Vec<String> = (0..4_500).map(|n| format!("\"{n:05}\"")).collect();
    assert_eq!(rows, expected);
    let nothing = client
        .batch(
            &job,
            "text/csv",
            "SELECT Id FROM Contact WHERE LastName = 'x'",
        )
        .await;
    client.batch_ended(&job, &nothing).await;
    let list = client.batch_result(&job, &nothing).await;
    let path = format!(
        "/job/{job}/batch/{nothing}/result/{}",
        element(list.text(), "result")
    );
    assert_eq!(
        client.xml("GET", &path, "").await.text(),
        "Records not found for this query"
    );
    let wrong = client
        .batch(
            &job,
            "text/csv",
            "SELECT Id, (SELECT Id FROM Cases) FROM Contact",
        )
        .await;
    let info = client.batch_ended(&job, &wrong).await;
    assert_eq!(
        element(&info, "stateMessage"),
        "FeatureNotEnabled : Aggregate Relationships not supported in Bulk Query with CSV content type"
    );
}

#[tokio::test]
async fn queries_in_json_and_xml_tell_whole_records() {
    let client = Client::new();
    client
        .org
        .clock
        .stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    let account = client.create("Account", &json!({"Name": "a"})).await;
    client
        .create(
            "Contact",
            &json!({"LastName": "b", "AccountId": account, "Birthdate": "1970-01-02"}),
        )
        .await;
    let soql = "SELECT LastName, CreatedDate, Birthdate, Email, Account.Name FROM Contact";
    let job = json!({"operation": "query", "object": "Contact", "contentType": "JSON"});
    let made = client.json("POST", "/job", &job).await.json();
    let id = made["id"].as_str().unwrap();
    let batch = client.batch(id, "application/json", soql).await;
    client.batch_ended(id, &batch).await;
    let ids = client.batch_result(id, &batch).await.json();
    let path = format!(
        "/job/{id}/batch/{batch}/result/{}",
        ids[0].as_str().unwrap()
    );
    let found = client.xml("GET", &path, "").await.json();
    assert_eq!(found[0]["attributes"]["type"], "Contact");
    assert_eq!(found[0]["CreatedDate"], 1_772_366_400_000_i64);
    assert_eq!(found[0]["Birthdate"], 86_400_000);
    assert_eq!(found[0]["Account"]["Name"], "a");
    let job = client
        .classic_job(&members("query", "Contact", "XML"), &[])
        .await;
    let batch = client.batch(&job, "application/xml", soql).await;
    client.batch_ended(&job, &batch).await;
    let list = client.batch_result(&job, &batch).await;
    let path = format!(
        "/job/{job}/batch/{batch}/result/{}",
        element(list.text(), "result")
    );
    let found = client.xml("GET", &path, "").await;
    assert!(
        found.text().contains(
            "<records xsi:type=\"sObject\"><type>Contact</type><LastName>b</LastName>\
             <CreatedDate>2026-03-01T12:00:00.000Z</CreatedDate><Birthdate>1970-01-02</Birthdate>\
             <Email xsi:nil=\"true\"/><Account xsi:type=\"sObject\"><type>Account</type><Name>a</Name></Account></records>"
        ),
        "{}",
        found.text()
    );
}

/// Each file is a list by itself, and so is one of no records.
#[tokio::test]
async fn files_of_json_are_lists_whatever_they_hold() {
    let client = Client::new();
    for number in 0..3 {
        client
            .create("Account", &json!({"Name": number.to_string()}))
            .await;
    }
    let job = json!({"operation": "query", "object": "Account", "contentType": "JSON"});
    for (condition, names) in [("!= null", 3), ("= '1'", 1), ("= 'none'", 0)] {
        let made = client.json("POST", "/job", &job).await.json();
        let id = made["id"].as_str().unwrap();
        let soql = format!("SELECT Name FROM Account WHERE Name {condition}");
        let batch = client.batch(id, "application/json", soql).await;
        client.batch_ended(id, &batch).await;
        let info = client
            .json("GET", &format!("/job/{id}/batch"), &Value::Null)
            .await
            .json();
        assert_eq!(info["batchInfo"][0]["numberRecordsProcessed"], names);
        let ids = client.batch_result(id, &batch).await.json();
        let path = format!(
            "/job/{id}/batch/{batch}/result/{}",
            ids[0].as_str().unwrap()
        );
        let found = client.xml("GET", &path, "").await;
        assert_eq!(found.json().as_array().unwrap().len(), names);
    }
}

#[tokio::test]
async fn attachments_come_in_archives() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "a"})).await;
    for (content_type, rows) in [
        (
            "ZIP_CSV",
            format!("Name,ParentId,Body\nx,{account},#files/x.bin\n"),
        ),
        (
            "ZIP_JSON",
            json!([{"Name": "x", "ParentId": account, "Body": "#files/x.bin"}]).to_string(),
        ),
        (
            "ZIP_XML",
            format!(
                "<sObjects><sObject><Name>x</Name><ParentId>{account}</ParentId><Body>#files/x.bin</Body></sObject></sObjects>"
            ),
        ),
    ] {
        let job = client
            .classic_job(&members("insert", "Attachment", content_type), &[])
            .await;
        let zip = archive(&[
            ("request.txt", rows.as_bytes()),
            ("files/x.bin", b"\x00\x01binary"),
        ]);
        let kind = format!("zip/{}", content_type[4..].to_lowercase());
        let batch = client.batch(&job, &kind, zip).await;
        let info = client.batch_ended(&job, &batch).await;
        assert!(
            info.contains("Completed") && !info.contains("Failed>1"),
            "{content_type}: {info}"
        );
    }
    let found = client
        .query("SELECT Id, BodyLength FROM Attachment")
        .await
        .json();
    assert_eq!(found["totalSize"], 3);
    for record in found["records"].as_array().unwrap() {
        assert_eq!(record["BodyLength"], 8, "{record}");
    }
    let id = found["records"][0]["Id"].as_str().unwrap();
    let body = client.get(&format!("/sobjects/Attachment/{id}/Body")).await;
    assert_eq!(body.body.as_ref(), b"\x00\x01binary");
    // Without an archive the bytes stand in their row.
    let job = client
        .classic_job(&members("insert", "Attachment", "CSV"), &[])
        .await;
    let csv = format!(
        "Name,ParentId,Body\ny,{account},{}\n",
        STANDARD.encode(b"abc")
    );
    let batch = client.batch(&job, "text/csv", csv).await;
    assert_eq!(
        element(
            &client.batch_ended(&job, &batch).await,
            "numberRecordsFailed"
        ),
        "0"
    );
    let job = client
        .classic_job(&members("insert", "Attachment", "ZIP_CSV"), &[])
        .await;
    let batch = client.batch(&job, "zip/csv", "no archive").await;
    let info = client.batch_ended(&job, &batch).await;
    assert_eq!(
        element(&info, "stateMessage"),
        "InvalidBatch : Unable to read the zip archive"
    );
}

/// The batches of a job, by their states, and the rows that they found.
async fn chunks(client: &Client, job: &str) -> (Vec<String>, usize) {
    let mut states = Vec::new();
    let mut rows = 0;
    loop {
        let list = client.xml("GET", &format!("/job/{job}/batch"), "").await;
        let list = list.text().to_owned();
        if list.contains("Queued") || list.contains("InProgress<") {
            continue;
        }
        for info in list.split("<batchInfo>").skip(1) {
            states.push(element(info, "state").to_owned());
            rows += element(info, "numberRecordsProcessed")
                .parse::<usize>()
                .unwrap();
        }
        return (states, rows);
    }
}

#[tokio::test]
async fn queries_are_cut_into_ranges_of_ids() {
    let client = Client::new();
    client.contacts(25).await;
    let chunked = [("sforce-enable-pkchunking", "chunkSize=10")];
    let query = members("query", "Contact", "CSV");
    let job = client.classic_job(&query, &chunked).await;
    client
        .batch(
            &job,
            "text/csv",
            "SELECT Id FROM Contact WHERE LastName < '00020'",
        )
        .await;
    let (states, rows) = chunks(&client, &job).await;
    assert_eq!(
        states,
        ["NotProcessed", "Completed", "Completed", "Completed"]
    );
    assert_eq!(rows, 20);
    // What sorts, limits or is about ids is not cut.
    for soql in [
        "SELECT Id FROM Contact LIMIT 20",
        "SELECT Id FROM Contact ORDER BY LastName",
        "SELECT Id FROM Contact WHERE Id > '003000000000000'",
    ] {
        let job = client.classic_job(&query, &chunked).await;
        client.batch(&job, "text/csv", soql).await;
        assert_eq!(chunks(&client, &job).await.0, ["Completed"], "{soql}");
    }
    let found = client
        .query("SELECT Id FROM Contact ORDER BY Id LIMIT 1 OFFSET 15")
        .await
        .json();
    let start = found["records"][0]["Id"].as_str().unwrap();
    let header = format!("chunkSize=5; startRow={start}");
    let job = client
        .classic_job(&query, &[("sforce-enable-pkchunking", &header)])
        .await;
    client
        .batch(&job, "text/csv", "SELECT Id FROM Contact")
        .await;
    assert_eq!(
        chunks(&client, &job).await,
        (
            vec![
                "NotProcessed".into(),
                "Completed".into(),
                "Completed".into()
            ],
            10
        )
    );
    for wrong in ["chunkSize=250001", "chunkSize=0", "maybe", "startRow=x"] {
        let headers = [
            ("content-type", "application/xml"),
            ("sforce-enable-pkchunking", wrong),
        ];
        let body = format!("<jobInfo>{query}</jobInfo>");
        let answer = client.classic("POST", "/job", &headers, body).await;
        assert_eq!(
            element(answer.text(), "exceptionCode"),
            "InvalidJob",
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn ranges_of_ids_are_for_some_objects_only() {
    let client = Client::new();
    let headers = [
        ("content-type", "application/xml"),
        ("sforce-enable-pkchunking", "TRUE"),
    ];
    let body = format!("<jobInfo>{}</jobInfo>", members("query", "Profile", "CSV"));
    let answer = client.classic("POST", "/job", &headers, body).await;
    assert_eq!(
        element(answer.text(), "exceptionMessage"),
        "PK chunking is not supported for Profile"
    );
}

#[tokio::test]
async fn failed_chunking_leaves_the_chunks_before_it_running() {
    let client = Client::new();
    client.contacts(25).await;
    client.org.admin.add(Fault::failed_chunking(2));
    let chunked = [("sforce-enable-pkchunking", "chunkSize=10")];
    let job = client
        .classic_job(&members("query", "Contact", "CSV"), &chunked)
        .await;
    client
        .batch(&job, "text/csv", "SELECT Id FROM Contact")
        .await;
    let (states, rows) = chunks(&client, &job).await;
    assert_eq!(states, ["Failed", "Completed", "Completed"]);
    assert_eq!(rows, 20);
}

#[tokio::test]
async fn sessions_come_in_a_header_of_their_own() {
    let client = Client::new();
    for (token, kind) in [
        (None, "application/xml"),
        (Some("wrong"), "application/json"),
    ] {
        let mut request = Request::builder()
            .method("POST")
            .uri("/services/async/66.0/job")
            .header("host", "localhost")
            .header("content-type", kind);
        if let Some(token) = token {
            request = request.header("x-sfdc-session", token);
        }
        let answer = client.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        if kind.ends_with("json") {
            assert_eq!(
                answer.json(),
                json!({"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"})
            );
        } else {
            assert_eq!(element(answer.text(), "exceptionCode"), "InvalidSessionId");
        }
    }
}

#[tokio::test]
async fn mistakes_are_told_in_the_language_of_the_request() {
    let client = Client::new();
    for (body, code) in [
        ("nonsense".to_owned(), "InvalidXML"),
        ("<jobInfo><surprise/></jobInfo>".to_owned(), "InvalidJob"),
        (
            format!(
                "<jobInfo>{}</jobInfo>",
                members("insert", "Nothing__c", "CSV")
            ),
            "InvalidEntity",
        ),
        (
            format!(
                "<jobInfo>{}</jobInfo>",
                members("replace", "Account", "CSV")
            ),
            "InvalidJob",
        ),
        (
            format!("<jobInfo>{}</jobInfo>", members("upsert", "Account", "CSV")),
            "InvalidJob",
        ),
    ] {
        let answer = client.xml("POST", "/job", body.clone()).await;
        assert_eq!(element(answer.text(), "exceptionCode"), code, "{body}");
    }
    let missing = client
        .json("GET", "/job/750000000000000", &Value::Null)
        .await
        .json();
    assert_eq!(missing["exceptionCode"], "InvalidJob");
    let path = "/spec";
    assert_eq!(
        client.xml("GET", path, "").await.status,
        StatusCode::NOT_IMPLEMENTED
    );
    assert_eq!(
        element(
            client.xml("GET", "/nothing", "").await.text(),
            "exceptionCode"
        ),
        "InvalidUrl"
    );
}

#[tokio::test]
async fn aborted_jobs_leave_batches_unprocessed_and_batches_are_counted() {
    let client = Client::with(Settings {
        policies: Policies {
            bulk_queued_seconds: 10,
            daily_bulk_batches: 1,
            ..Policies::default()
        },
        ..Settings::default()
    });
    let job = client
        .classic_job(&members("insert", "Contact", "CSV"), &[])
        .await;
    let batch = client.batch(&job, "text/csv", "LastName\na\n").await;
    let result = client.batch_result(&job, &batch).await;
    assert_eq!(
        element(result.text(), "exceptionMessage"),
        "Batch not completed"
    );
    // Calls count here too.
    assert_eq!(client.org.usage.calls(), 3);
    let more = client
        .classic("POST", &format!("/job/{job}/batch"), &[], "LastName\nb\n")
        .await;
    assert_eq!(
        (
            element(more.text(), "exceptionCode"),
            element(more.text(), "exceptionMessage")
        ),
        ("ExceededQuota", "ApiBatchItems Limit exceeded.")
    );
    let abort = "<jobInfo><state>Aborted</state></jobInfo>";
    let aborted = client.xml("POST", &format!("/job/{job}"), abort).await;
    assert_eq!(element(aborted.text(), "state"), "Aborted");
    assert_eq!(
        element(&client.batch_ended(&job, &batch).await, "state"),
        "NotProcessed"
    );
    let listed = client.get("/jobs/ingest?jobType=Classic").await.json();
    assert_eq!(
        (
            &listed["records"][0]["id"],
            &listed["records"][0]["contentType"]
        ),
        (&json!(job), &json!("CSV"))
    );
}

/// A document without its texts.
fn skeleton(xml: &str) -> String {
    let mut out = String::new();
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        out += &format!("<{tag}>");
        if text.trim().is_empty() {
            out += text;
        }
    }
    out
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_infos_are_shaped_as_the_recorded_ones() {
    let folder = std::env::var("FERROFORCE_FACTS").expect("FERROFORCE_FACTS names a folder");
    let recorded = |name: &str| {
        let path = format!("{folder}/fixtures/bulk1/cumulusci/{name}_xml.tpl");
        skeleton(std::fs::read_to_string(path).unwrap().trim_end())
    };
    let client = Client::new();
    let job = client
        .classic_job(&members("insert", "Account", "CSV"), &[])
        .await;
    let info = client.xml("GET", &format!("/job/{job}"), "").await;
    assert_eq!(skeleton(info.text()), recorded("jobInfo_insert"));
    assert_eq!(info.header("content-type"), "application/xml");
    let batch = client
        .batch(&job, "text/csv", "\"Name\"\r\n\"Sitwell-Bluth\"\r\n")
        .await;
    let info = client.batch_ended(&job, &batch).await;
    assert_eq!(skeleton(&info), recorded("batchInfo"));
    let list = client.xml("GET", &format!("/job/{job}/batch"), "").await;
    assert_eq!(skeleton(list.text()), recorded("batchInfoList"));
    let upsert = format!(
        "{}<externalIdFieldName>Id</externalIdFieldName>",
        members("upsert", "Contact", "CSV")
    );
    let job = client.classic_job(&upsert, &[]).await;
    let info = client.xml("GET", &format!("/job/{job}"), "").await;
    assert_eq!(skeleton(info.text()), recorded("jobInfo_upsert"));
    // A recorded upsert by an empty id inserts.
    let rows = "\"FirstName\",\"LastName\",\"Email\",\"Id\"\r\n\"Chloe\",\"Myers\",\"Chloe.Myers@example.com\",\"\"\r\n";
    let batch = client.batch(&job, "text/csv", rows).await;
    client.batch_ended(&job, &batch).await;
    let result = client.batch_result(&job, &batch).await;
    let yaml = std::fs::read_to_string(format!(
        "{folder}/fixtures/bulk1/cumulusci/TestUpsert.test_upsert_complex_fields__bulk.yaml"
    ))
    .unwrap();
    assert!(yaml.contains("'\"Id\",\"Success\",\"Created\",\"Error\""));
    let lines: Vec<&str> = result.text().lines().collect();
    assert_eq!(lines[0], "\"Id\",\"Success\",\"Created\",\"Error\"");
    assert!(lines[1].ends_with("\",\"true\",\"true\",\"\""), "{lines:?}");
}
