use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};

use crate::admin::{Fault, Policies};
use crate::rest::tests::Client;
use crate::settings::Settings;

fn insert(object: &str) -> Value {
    json!({"object": object, "operation": "insert", "contentType": "CSV", "lineEnding": "LF"})
}

fn of(operation: &str, object: &str) -> Value {
    json!({"object": object, "operation": operation})
}

#[tokio::test]
async fn a_load_goes_through_its_states_and_tells_of_every_row() {
    let client = Client::new();
    let made = client.post("/jobs/ingest", &insert("Contact")).await;
    let job = made.json();
    let id = job["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("750") && id.len() == 18, "{id}");
    assert_eq!(
        job["contentUrl"],
        format!("services/data/v66.0/jobs/ingest/{id}/batches")
    );
    assert!(made.text().contains("\"apiVersion\":66.0,"), "{job}");
    assert_eq!(job["state"], "Open");
    let created = job["createdDate"].as_str().unwrap();
    assert!(created.ends_with("+0000"), "{created}");

    let answer = client
        .upload(&id, "LastName,Email\nLovelace,ADA@example.com\n,x@example.com\n\"Hopper, \"\"Amazing\"\"\",\n")
        .await;
    assert_eq!((answer.status, answer.text()), (StatusCode::CREATED, ""));
    let closed = client.turn(&id, "UploadComplete").await.json();
    assert_eq!(closed["state"], "UploadComplete");
    assert_eq!(closed["contentUrl"], Value::Null);
    let info = client.ended(&id).await;
    assert_eq!(
        (&info["state"], &info["jobType"]),
        (&json!("JobComplete"), &json!("V2Ingest"))
    );
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&json!(3), &json!(1))
    );

    let found = client
        .query("SELECT Id, Email FROM Contact ORDER BY LastName DESC")
        .await
        .json();
    let (ada, grace) = (&found["records"][0], &found["records"][1]);
    assert_eq!(ada["Email"], "ada@example.com");
    let (ada, grace) = (ada["Id"].as_str().unwrap(), grace["Id"].as_str().unwrap());
    assert_eq!(
        client.result(&id, "successfulResults/").await,
        format!(
            "\"sf__Id\",\"sf__Created\",LastName,Email\n\
             \"{ada}\",\"true\",\"Lovelace\",\"ADA@example.com\"\n\
             \"{grace}\",\"true\",\"Hopper, \"\"Amazing\"\"\",\"\"\n"
        )
    );
    assert_eq!(
        client.result(&id, "FAILEDresults").await,
        "\"sf__Id\",\"sf__Error\",LastName,Email\n\
         \"\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --\",\"\",\"x@example.com\"\n"
    );
    for name in ["unprocessedrecords", "unprocessedRecords/"] {
        assert_eq!(client.result(&id, name).await, "LastName,Email\n");
    }
}

#[tokio::test]
async fn columns_that_are_not_there_fail_the_job_and_leave_its_rows_unprocessed() {
    let client = Client::new();
    for (csv, name) in [
        ("LastName,Foo__c\na,b\n", "Foo__c"),
        // A byte order mark belongs to the first name.
        ("\u{feff}LastName\na\n", "\u{feff}LastName"),
        ("LastName;Email\na;b\n", "LastName;Email"),
        ("LastName,Account.Name\na,b\n", "Account.Name"),
        ("LastName,Nobody.Email\na,b\n", "Nobody.Email"),
        (
            "LastName,Account:Account.External_Id__c\na,b\n",
            "Account:Account.External_Id__c",
        ),
    ] {
        let (id, info) = client.load(insert("Contact"), csv).await;
        assert_eq!(info["state"], "Failed", "{info}");
        assert_eq!(
            info["errorMessage"],
            format!("InvalidBatch : Field name not found : {name}")
        );
        assert_eq!(client.result(&id, "unprocessedrecords").await, csv);
        let header = csv.lines().next().unwrap();
        assert_eq!(
            client.result(&id, "failedResults").await,
            format!("\"sf__Id\",\"sf__Error\",{header}\n")
        );
    }
}

#[tokio::test]
async fn line_endings_and_delimiters_are_those_of_the_job() {
    let client = Client::new();
    let (id, info) = client.load(insert("Contact"), "LastName\r\na\r\n").await;
    assert_eq!(
        info["errorMessage"],
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF"
    );
    assert_eq!(
        client.result(&id, "unprocessedrecords").await,
        "LastName\r\na\r\n"
    );
    let crlf = json!({
        "object": "Contact", "operation": "insert",
        "lineEnding": "CRLF", "columnDelimiter": "PIPE",
    });
    let (id, info) = client.load(crlf, "LastName|Title\r\na|b\r\n").await;
    assert_eq!(info["state"], "JobComplete", "{info}");
    let rows = client.result(&id, "successfulResults").await;
    assert!(
        rows.starts_with("\"sf__Id\"|\"sf__Created\"|LastName|Title\r\n"),
        "{rows}"
    );
    assert!(rows.ends_with("|\"true\"|\"a\"|\"b\"\r\n"), "{rows}");
    for (name, byte) in [
        ("BACKQUOTE", '`'),
        ("CARET", '^'),
        ("SEMICOLON", ';'),
        ("TAB", '\t'),
    ] {
        let job = json!({"object": "Contact", "operation": "insert", "columnDelimiter": name});
        let csv = format!("LastName{byte}Title\na{byte}b\n");
        let (_, info) = client.load(job, &csv).await;
        assert_eq!(info["state"], "JobComplete", "{name}: {info}");
    }
}

#[tokio::test]
async fn empty_cells_say_nothing_and_na_says_null() {
    let client = Client::new();
    let id = client
        .create(
            "Contact",
            &json!({"LastName": "a", "Title": "t", "Email": "e@example.com"}),
        )
        .await;
    let csv = format!("Id,Title,Email\n{id},,#N/A\n");
    let (job, info) = client.load(of("update", "Contact"), &csv).await;
    assert_eq!(info["numberRecordsFailed"], 0, "{info}");
    let found = client
        .query("SELECT Title, Email FROM Contact")
        .await
        .json();
    assert_eq!(
        (&found["records"][0]["Title"], &found["records"][0]["Email"]),
        (&json!("t"), &Value::Null)
    );
    let rows = client.result(&job, "successfulResults").await;
    assert!(
        rows.contains(&format!("\"{id}\",\"false\",\"{id}\"")),
        "{rows}"
    );
}

#[tokio::test]
async fn upserts_find_records_by_their_external_id() {
    let client = Client::new();
    let id = client
        .create("Account", &json!({"Name": "a", "External_Id__c": "A-1"}))
        .await;
    let upsert = json!({
        "object": "Account", "operation": "upsert", "externalIdFieldName": "external_id__c",
    });
    let csv = "External_Id__c,Name\na-1,b\nA-2,c\n,d\nA-3,e\nA-3,f\n";
    let (job, info) = client.load(upsert, csv).await;
    assert_eq!(info["externalIdFieldName"], "External_Id__c");
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&json!(5), &json!(3))
    );
    let rows = client.result(&job, "successfulResults").await;
    assert!(
        rows.contains(&format!("\"{id}\",\"false\",\"a-1\",\"b\"\n")),
        "{rows}"
    );
    assert!(rows.contains(",\"true\",\"A-2\",\"c\"\n"), "{rows}");
    let rows = client.result(&job, "failedResults").await;
    assert!(
        rows.contains("\"MISSING_ARGUMENT:External_Id__c not specified in an upsert call:--\""),
        "{rows}"
    );
    assert_eq!(
        rows.matches("DUPLICATE_VALUE:Duplicate external id")
            .count(),
        2,
        "{rows}"
    );
}

#[tokio::test]
async fn parents_are_found_by_their_keys() {
    let client = Client::new();
    let account = client
        .create("Account", &json!({"Name": "a", "External_Id__c": "A-1"}))
        .await;
    let lead = client
        .create(
            "Lead",
            &json!({"LastName": "l", "Company": "c", "Email": "l@example.com"}),
        )
        .await;
    let csv = "LastName,Account.External_Id__c\nx,A-1\ny,A-9\nz,#N/A\n";
    let (id, info) = client.load(insert("Contact"), csv).await;
    assert_eq!(info["numberRecordsFailed"], 1, "{info}");
    let rows = client.result(&id, "failedResults").await;
    assert!(
        rows.contains("\"INVALID_FIELD:Foreign key external ID: a-9 not found for field External_Id__c in entity Account:--\""),
        "{rows}"
    );
    let found = client
        .query("SELECT AccountId FROM Contact ORDER BY LastName")
        .await
        .json();
    assert_eq!(
        (
            &found["records"][0]["AccountId"],
            &found["records"][1]["AccountId"]
        ),
        (&json!(account), &Value::Null)
    );
    // A reference to one of several objects says to which.
    let (_, info) = client
        .load(insert("Task"), "Subject,Lead:Who.Email\ns,l@example.com\n")
        .await;
    assert_eq!(info["numberRecordsFailed"], 0, "{info}");
    let found = client.query("SELECT WhoId FROM Task").await.json();
    assert_eq!(found["records"][0]["WhoId"], lead);
    let (_, info) = client
        .load(insert("Task"), "Subject,Who.Email\ns,l@example.com\n")
        .await;
    assert_eq!(
        info["errorMessage"],
        "InvalidBatch : Field name not found : Who.Email"
    );
}

#[tokio::test]
async fn values_of_other_types_fail_their_rows_alone() {
    let client = Client::new();
    let csv = "LastName,Birthdate,DoNotCall\na,tomorrow,\nb,2001-02-03,TRUE\nc,,maybe\n";
    let (id, info) = client.load(insert("Contact"), csv).await;
    assert_eq!(info["numberRecordsFailed"], 2, "{info}");
    let rows = client.result(&id, "failedResults").await;
    for expected in [
        "\"INVALID_TYPE_ON_FIELD_IN_RECORD:Birthdate: value not of required type: tomorrow:Birthdate --\"",
        "value not of required type: maybe:DoNotCall --\"",
    ] {
        assert!(rows.contains(expected), "{rows}");
    }
}

#[tokio::test]
async fn deletes_take_ids_alone() {
    let client = Client::new();
    let ids = [
        client.create("Contact", &json!({"LastName": "a"})).await,
        client.create("Contact", &json!({"LastName": "b"})).await,
    ];
    let (_, info) = client
        .load(of("delete", "Contact"), "Id,LastName\n003,b\n")
        .await;
    assert_eq!(
        info["errorMessage"],
        "InvalidBatch : The 'delete' batch must contain only ids"
    );
    let csv = format!("Id\n{}\n003000000000000\nnonsense\n", ids[0]);
    let (job, info) = client.load(of("delete", "Contact"), &csv).await;
    assert_eq!(info["numberRecordsFailed"], 2, "{info}");
    let rows = client.result(&job, "failedResults").await;
    assert!(
        rows.contains(
            "\"003000000000000AAA\",\"INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--\""
        ),
        "{rows}"
    );
    // For good means past the recycle bin.
    let csv = format!("Id\n{}\n", ids[1]);
    let (_, info) = client.load(of("hardDelete", "Contact"), &csv).await;
    assert_eq!(info["numberRecordsFailed"], 0, "{info}");
    let all = client
        .get("/queryAll?q=SELECT+Id+FROM+Contact")
        .await
        .json();
    assert_eq!(all["totalSize"], 1);
    assert_eq!(all["records"][0]["Id"], ids[0]);
}

#[tokio::test]
async fn a_job_takes_one_upload() {
    let client = Client::new();
    let id = client.job(insert("Contact")).await;
    client.upload(&id, "LastName\na\n").await;
    let (status, code, message) = client.upload(&id, "LastName\nb\n").await.error();
    assert_eq!((status, code.as_str()), (400, "INVALIDJOB"));
    assert_eq!(
        message,
        format!(
            "Found multipe contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the \
             current Job then create a new Job"
        )
    );
    client.turn(&id, "UploadComplete").await;
    assert_eq!(client.ended(&id).await["numberRecordsProcessed"], 1);
    assert_eq!(
        client.upload(&id, "LastName\nb\n").await.error().1,
        "INVALIDJOBSTATE"
    );
}

#[tokio::test]
async fn an_upload_that_breaks_off_never_happened() {
    let client = Client::new();
    let id = client.job(insert("Contact")).await;
    let broken = client
        .upload(&id, Body::new(BreaksOff(Some("LastName\na\n".into()))))
        .await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        client.upload(&id, "LastName\nb\n").await.status,
        StatusCode::CREATED
    );
    client.turn(&id, "UploadComplete").await;
    client.ended(&id).await;
    let rows = client.result(&id, "successfulResults").await;
    assert!(rows.contains("\"b\"") && !rows.contains("\"a\""), "{rows}");
}

/// A body that ends in the middle.
struct BreaksOff(Option<axum::body::Bytes>);

impl http_body::Body for BreaksOff {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, std::io::Error>>> {
        let frame = match self.0.take() {
            Some(data) => Ok(http_body::Frame::data(data)),
            None => Err(std::io::ErrorKind::UnexpectedEof.into()),
        };
        std::task::Poll::Ready(Some(frame))
    }
}

#[tokio::test]
async fn jobs_that_make_no_sense_are_not_made() {
    let client = Client::new();
    for (job, code, message) in [
        (
            insert("Nothing__c"),
            "INVALIDENTITY",
            "Entity 'Nothing__c' is not supported by the Bulk API.",
        ),
        (
            of("upsert", "Account"),
            "INVALIDJOB",
            "External ID was blank for Account. An External ID must be specified for upsert.",
        ),
        (
            json!({"object": "Account", "operation": "upsert", "externalIdFieldName": "Name"}),
            "INVALIDJOB",
            "Field name provided, Name is not an External ID or indexed field for Account",
        ),
        (
            json!({"operation": "insert"}),
            "INVALIDJOB",
            "No object provided",
        ),
    ] {
        let refused = client.post("/jobs/ingest", &job).await.error();
        assert_eq!(refused, (400, code.to_owned(), message.to_owned()));
    }
    for job in [
        of("replace", "Account"),
        json!({"object": "Account", "operation": "insert", "lineEnding": "CR"}),
        json!({"object": "Account", "operation": "insert", "contentType": "JSON"}),
        json!({"object": "Account", "operation": "insert", "surprise": 1}),
        json!({"object": "Account", "operation": "insert", "columnDelimiter": "SPACE"}),
    ] {
        assert_eq!(
            client.post("/jobs/ingest", &job).await.error().1,
            "JSON_PARSER_ERROR"
        );
    }
}

#[tokio::test]
async fn assignment_rules_are_not_taken_for_applied() {
    let client = Client::new();
    for (rule, code) in [
        ("01QLo0000000001", "INVALID_ASSIGNMENT_RULE"),
        ("mine", "MALFORMED_ID"),
    ] {
        let job = json!({"object": "Lead", "operation": "insert", "assignmentRuleId": rule});
        let refused = client.post("/jobs/ingest", &job).await.error();
        assert_eq!((refused.0, refused.1.as_str()), (400, code));
        let of_old = client
            .request("POST", "")
            .header("content-type", "application/json")
            .uri("/services/data/v48.0/jobs/ingest");
        let answer = client.raw(of_old.body(job.to_string().into()).unwrap());
        assert_eq!(answer.await.error().1, "JSON_PARSER_ERROR");
    }
}

#[tokio::test]
async fn a_header_alone_is_no_rows_and_so_is_nothing() {
    let client = Client::new();
    for (csv, header) in [
        ("LastName\n", "LastName\n"),
        ("LastName", "LastName\n"),
        ("\n", ""),
        ("", ""),
    ] {
        let (id, info) = client.load(insert("Contact"), csv).await;
        assert_eq!(info["state"], "JobComplete", "{csv:?}: {info}");
        assert_eq!(
            (
                &info["numberRecordsProcessed"],
                &info["numberRecordsFailed"]
            ),
            (&json!(0), &json!(0))
        );
        let columns = header.trim_end();
        let comma = if columns.is_empty() { "" } else { "," };
        for (name, own) in [
            ("successfulResults", "\"sf__Id\",\"sf__Created\""),
            ("failedResults", "\"sf__Id\",\"sf__Error\""),
        ] {
            let expected = format!("{own}{comma}{columns}\n");
            assert_eq!(client.result(&id, name).await, expected, "{csv:?}");
        }
        let unprocessed = client.result(&id, "unprocessedrecords").await;
        assert_eq!(unprocessed, header, "{csv:?}");
    }
}

#[tokio::test]
async fn jobs_are_aborted_listed_and_deleted() {
    let client = Client::new();
    let id = client.job(insert("Contact")).await;
    client.upload(&id, "LastName\na\n").await;
    let path = format!("/jobs/ingest/{id}");
    assert_eq!(client.delete(&path).await.error().1, "INVALIDJOBSTATE");
    assert_eq!(
        client
            .get(&format!("{path}/successfulResults"))
            .await
            .error()
            .1,
        "INVALIDJOBSTATE"
    );
    assert_eq!(client.turn(&id, "Aborted").await.json()["state"], "Aborted");
    assert_eq!(
        client.turn(&id, "Aborted").await.error(),
        (
            400,
            "INVALIDJOBSTATE".to_owned(),
            "Aborting already Aborted Job not allowed".to_owned()
        )
    );
    assert_eq!(
        client.result(&id, "unprocessedrecords").await,
        "LastName\na\n"
    );
    assert_eq!(
        client.result(&id, "successfulResults").await,
        "\"sf__Id\",\"sf__Created\"\n"
    );
    let listed = client.get("/jobs/ingest").await.json();
    assert_eq!(
        (&listed["done"], &listed["nextRecordsUrl"]),
        (&json!(true), &Value::Null)
    );
    let first = &listed["records"][0];
    assert_eq!(
        (&first["id"], &first["jobType"], &first["state"]),
        (&json!(id), &json!("V2Ingest"), &json!("Aborted"))
    );
    assert_eq!(first["numberRecordsProcessed"], Value::Null);
    assert_eq!(
        client.get("/jobs/ingest?jobType=Classic").await.json()["records"],
        json!([])
    );
    assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&path).await.error().1, "NOT_FOUND");
}

#[tokio::test]
async fn small_data_may_come_with_its_job() {
    let client = Client::new();
    let make = async |data: &str| {
        let body = format!(
            "--b\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n\
             {{\"object\":\"Contact\",\"operation\":\"insert\"}}\r\n\
             --b\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\n\
             {data}\r\n--b--\r\n"
        );
        let request = client
            .request("POST", "/jobs/ingest")
            .header("content-type", "multipart/form-data; boundary=b");
        client.raw(request.body(Body::from(body)).unwrap()).await
    };
    let made = make("LastName\na\n").await;
    assert_eq!(made.json()["state"], "UploadComplete", "{made:?}");
    let info = client.ended(&made.id()).await;
    assert_eq!(info["numberRecordsProcessed"], 1, "{info}");
    // Characters are counted, and not bytes.
    let most = format!("LastName\n{}", "ä".repeat(100_000 - 9));
    assert_eq!(make(&most).await.status, StatusCode::OK);
    let refused = make(&format!("{most}ä")).await.error();
    assert_eq!((refused.0, refused.1.as_str()), (400, "INVALIDJOB"));
}

#[tokio::test]
async fn jobs_take_the_time_that_they_are_given() {
    let client = Client::with(Settings {
        policies: Policies {
            bulk_queued_seconds: 10,
            bulk_in_progress_seconds: 20,
            ..Policies::default()
        },
        ..Settings::default()
    });
    let clock = &client.org.clock;
    clock.stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    let id = client.job(insert("Contact")).await;
    client.upload(&id, "LastName\na\n").await;
    client.turn(&id, "UploadComplete").await;
    let states = async || {
        // The work is done between two requests.
        client.info(&id).await;
        client.info(&id).await;
        client.info(&id).await["state"].clone()
    };
    assert_eq!(states().await, "UploadComplete");
    clock.advance(jiff::SignedDuration::from_secs(10));
    assert_eq!(states().await, "InProgress");
    assert_eq!(client.info(&id).await["numberRecordsProcessed"], 1);
    clock.advance(jiff::SignedDuration::from_secs(19));
    assert_eq!(states().await, "InProgress");
    clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(states().await, "JobComplete");
    assert_eq!(client.info(&id).await["totalProcessingTime"], 20_000);
}

#[tokio::test]
async fn jobs_grow_old() {
    let client = Client::new();
    let clock = &client.org.clock;
    clock.stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    client.org.auth.set_policies(Policies {
        session_seconds: 100_000_000,
        ..Policies::default()
    });
    let open = client.job(insert("Contact")).await;
    let (done, _) = client.load(insert("Contact"), "LastName\na\n").await;
    clock.advance(jiff::SignedDuration::from_hours(25));
    assert_eq!(client.info(&open).await["state"], "Aborted");
    assert_eq!(client.info(&done).await["state"], "JobComplete");
    clock.advance(jiff::SignedDuration::from_hours(6 * 24));
    assert_eq!(
        client.get(&format!("/jobs/ingest/{done}")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(client.info(&open).await["state"], "Aborted");
    clock.advance(jiff::SignedDuration::from_hours(25));
    assert_eq!(
        client.get(&format!("/jobs/ingest/{open}")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_stuck_job_can_be_aborted() {
    let client = Client::new();
    client.org.admin.add(Fault::stuck_job());
    let id = client.job(insert("Contact")).await;
    client.upload(&id, "LastName\na\n").await;
    client.turn(&id, "UploadComplete").await;
    for _ in 0..5 {
        client.info(&id).await;
    }
    assert_eq!(client.info(&id).await["state"], "InProgress");
    client.turn(&id, "Aborted").await;
    assert_eq!(
        client.result(&id, "unprocessedrecords").await,
        "LastName\na\n"
    );
}

#[tokio::test]
async fn a_job_that_fails_half_way_keeps_what_was_done() {
    let client = Client::new();
    client.org.admin.add(Fault::failed_job(2));
    let (id, info) = client
        .load(insert("Contact"), "LastName\na\nb\nc\nd\n")
        .await;
    assert_eq!(info["state"], "Failed");
    assert_eq!(info["errorMessage"], "InternalServerError : The job failed");
    assert_eq!(info["numberRecordsProcessed"], 2);
    assert_eq!(
        client
            .result(&id, "successfulResults")
            .await
            .lines()
            .count(),
        3
    );
    assert_eq!(
        client.result(&id, "unprocessedrecords").await,
        "LastName\nc\nd\n"
    );
}

#[tokio::test]
async fn a_short_file_about_rows_has_fewer_than_the_job_tells() {
    let client = Client::new();
    client.org.admin.add(Fault::failed_job(4));
    let csv = "LastName\na\n\"\"\nb\n\"\"\n\"c\nd\"\ne\n";
    let (id, info) = client.load(insert("Contact"), csv).await;
    assert_eq!(info["numberRecordsProcessed"], 4);
    for (name, whole, short) in [
        ("successfulResults", 3, 2),
        ("failedResults", 3, 2),
        ("unprocessedrecords", 4, 3),
    ] {
        let fault = Fault::short_page(1).path(format!("*/{name}"));
        client.org.admin.add(fault);
        let begin = client.result(&id, name).await;
        assert_eq!(begin.lines().count(), short, "{name}: {begin}");
        let all = client.result(&id, name).await;
        assert_eq!(all.lines().count(), whole, "{name}: {all}");
        assert!(all.starts_with(&begin), "{name}");
    }
    let (id, _) = client.load(insert("Contact"), "Nope__c\na\nb\n").await;
    client
        .org
        .admin
        .add(Fault::short_page(1).path("*/unprocessedrecords"));
    assert_eq!(
        client.result(&id, "unprocessedrecords").await,
        "Nope__c\na\n"
    );
}

#[tokio::test]
async fn rows_beyond_the_allocation_are_in_no_file() {
    let client = Client::new();
    client.org.admin.add(Fault::over_allocation(1));
    let (id, info) = client.load(insert("Contact"), "LastName\na\nb\nc\n").await;
    assert_eq!(info["state"], "JobComplete");
    assert_eq!(info["numberRecordsProcessed"], 1);
    let mut lines = 0;
    for name in ["successfulResults", "failedResults", "unprocessedrecords"] {
        lines += client.result(&id, name).await.lines().count() - 1;
    }
    assert_eq!(lines, 1);
}

#[tokio::test]
async fn batches_are_counted_and_there_are_only_so_many() {
    let client = Client::with(Settings {
        policies: Policies {
            daily_bulk_batches: 2,
            ..Policies::default()
        },
        ..Settings::default()
    });
    let left =
        async || client.get("/limits").await.json()["DailyBulkApiBatches"]["Remaining"].clone();
    assert_eq!(left().await, 2);
    client.load(insert("Contact"), "LastName\na\n").await;
    assert_eq!(left().await, 1);
    let second = client.job(insert("Contact")).await;
    client.load(insert("Contact"), "LastName\na\n").await;
    assert_eq!(left().await, 0);
    let refused = client.post("/jobs/ingest", &insert("Contact")).await;
    assert_eq!(
        refused.error(),
        (
            400,
            "EXCEEDEDQUOTA".to_owned(),
            "ApiBatchItems Limit exceeded.".to_owned()
        )
    );
    // A job that was made in time has no batch left.
    client.upload(&second, "LastName\nb\n").await;
    client.turn(&second, "UploadComplete").await;
    assert_eq!(client.ended(&second).await["numberRecordsProcessed"], 0);
}

#[tokio::test]
async fn many_rows_are_written_in_chunks_between_which_others_are_served() {
    let client = Client::new();
    let mut csv = String::from("LastName\n");
    for n in 0..650 {
        csv += &format!("Name {n}\n");
    }
    let id = client.job(insert("Contact")).await;
    client.upload(&id, csv).await;
    client.turn(&id, "UploadComplete").await;
    let mut seen = Vec::new();
    loop {
        let info = client.info(&id).await;
        seen.push(info["numberRecordsProcessed"].as_i64().unwrap());
        if info["state"] == "JobComplete" {
            break;
        }
    }
    assert!(seen.contains(&200) && seen.contains(&400), "{seen:?}");
    assert_eq!(seen.last(), Some(&650));
    assert_eq!(
        client
            .result(&id, "successfulResults")
            .await
            .lines()
            .count(),
        651
    );
}

#[tokio::test]
async fn exactly_as_many_rows_as_a_batch_has_are_one_batch() {
    let client = Client::new();
    // The rows fail at once, which is quick.
    let csv = format!("Id\n{}", "x\n".repeat(10_000));
    let (_, info) = client.load(of("delete", "Contact"), &csv).await;
    assert_eq!(info["numberRecordsFailed"], 10_000, "{info}");
    let limits = client.get("/limits").await.json();
    assert_eq!(
        limits["DailyBulkApiBatches"],
        json!({"Max": 15_000, "Remaining": 14_999})
    );
}

#[tokio::test]
async fn records_may_cross_the_pieces_that_an_upload_is_kept_in() {
    let client = Client::new();
    let mut csv = String::from("LastName,Description\n");
    for n in 0..500 {
        csv += &format!("Name {n},\"{}\n\"\"{n}\"\"\"\n", "x".repeat(3_000));
    }
    assert!(csv.len() > 1024 * 1024);
    client.org.admin.add(Fault::failed_job(450));
    let (id, info) = client.load(insert("Contact"), &csv).await;
    assert_eq!(info["numberRecordsProcessed"], 450, "{info}");
    assert_eq!(info["numberRecordsFailed"], 0, "{info}");
    let start = csv.find("Name 450,").unwrap();
    let rest = client.result(&id, "unprocessedrecords").await;
    assert!(rest == format!("LastName,Description\n{}", &csv[start..]));
    let done = client.result(&id, "successfulResults").await;
    assert!(done.contains(",\"Name 449\",\"xxx") && done.ends_with("\n\"\"449\"\"\"\n"));
}

/// A body of so many pieces of 64 KiB.
struct Long(usize);

impl http_body::Body for Long {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        const PIECE: axum::body::Bytes = axum::body::Bytes::from_static(&[b'x'; 64 * 1024]);
        if self.0 == 0 {
            return std::task::Poll::Ready(None);
        }
        self.0 -= 1;
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(PIECE))))
    }
}

#[tokio::test]
async fn an_upload_has_at_most_150_mb_in_base64() {
    let client = Client::new();
    let id = client.job(insert("Contact")).await;
    // 112.5 MiB are 1,800 pieces.
    let refused = client.upload(&id, Body::new(Long(1_801))).await;
    assert_eq!(
        refused.error(),
        (
            400,
            "CLIENTINPUTERROR".to_owned(),
            "Exceeded max file size of 150 megabytes.".to_owned()
        )
    );
    let taken = client.upload(&id, Body::new(Long(1_800))).await;
    assert_eq!(taken.status, StatusCode::CREATED);
    client.turn(&id, "UploadComplete").await;
    let info = client.ended(&id).await;
    assert_eq!(
        info["errorMessage"],
        "InvalidBatch : Failed to parse CSV. A record is longer than 400000 characters"
    );
}

#[tokio::test]
async fn a_list_of_jobs_has_pages_and_every_call_counts() {
    let client = Client::new();
    for _ in 0..1_001 {
        client.job(insert("Contact")).await;
    }
    let first = client.get("/jobs/ingest").await;
    assert_eq!(first.header("sforce-limit-info"), "api-usage=1002/5000000");
    let first = first.json();
    assert_eq!(first["done"], false);
    assert_eq!(first["records"].as_array().unwrap().len(), 1_000);
    let next = first["nextRecordsUrl"].as_str().unwrap();
    let second = client
        .get(next.strip_prefix("/services/data/v66.0").unwrap())
        .await
        .json();
    assert_eq!(
        (&second["done"], &second["nextRecordsUrl"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(second["records"].as_array().unwrap().len(), 1);
    let none = client
        .get("/jobs/ingest?isPkChunkingEnabled=true")
        .await
        .json();
    assert_eq!(none["records"], json!([]));
}
