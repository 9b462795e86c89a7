//! Jobs outlast the org, and what is done to it.

use http::StatusCode;
use serde_json::json;

use crate::admin::{Fault, Policies, Snapshot};
use crate::rest::tests::Client;
use crate::settings::Settings;

fn kept_in(folder: &tempfile::TempDir) -> Client {
    Client::with(Settings {
        data_file: Some(folder.path().join("org.db")),
        policies: Policies {
            reuse_live_sessions: true,
            ..Policies::default()
        },
        ..Settings::default()
    })
}

#[tokio::test]
async fn a_load_goes_on_where_it_was_when_the_org_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = String::from("LastName\n");
    for n in 0..900 {
        csv += &format!("Name {n}\n");
    }
    let client = kept_in(&folder);
    let id = client
        .job(json!({"object": "Contact", "operation": "insert"}))
        .await;
    client.upload(&id, csv).await;
    client.turn(&id, "UploadComplete").await;
    let info = client.info(&id).await;
    let done = info["numberRecordsProcessed"].as_i64().unwrap();
    assert!(done < 900, "{info}");
    client.org.store.close();
    drop(client);

    // Nobody has to ask for the work to go on.
    let client = kept_in(&folder);
    let info = client.ended(&id).await;
    assert_eq!(info["numberRecordsProcessed"], 900);
    let found = client
        .query("SELECT COUNT_DISTINCT(LastName) a, COUNT(Id) b FROM Contact")
        .await
        .json();
    assert_eq!(
        (&found["records"][0]["a"], &found["records"][0]["b"]),
        (&json!(900), &json!(900))
    );
    let rows = client.result(&id, "successfulResults").await;
    assert_eq!(rows.lines().count(), 901);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", file.path());
        }
    }
}

#[tokio::test]
async fn a_stuck_job_is_still_stuck_when_the_org_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let client = kept_in(&folder);
    client.org.admin.add(Fault::stuck_job());
    let id = client
        .job(json!({"object": "Contact", "operation": "insert"}))
        .await;
    client.upload(&id, "LastName\na\n").await;
    client.turn(&id, "UploadComplete").await;
    client.info(&id).await;
    assert_eq!(client.info(&id).await["state"], "InProgress");
    client.org.store.close();
    drop(client);
    let client = kept_in(&folder);
    for _ in 0..3 {
        assert_eq!(client.info(&id).await["state"], "InProgress");
    }
    client.turn(&id, "Aborted").await;
    let rows = client.result(&id, "unprocessedrecords").await;
    assert_eq!(rows, "LastName\na\n");
}

#[tokio::test]
async fn a_snapshot_holds_jobs_with_their_data() {
    let client = Client::with(Settings {
        policies: Policies {
            bulk_queued_seconds: 10,
            ..Policies::default()
        },
        ..Settings::default()
    });
    client
        .org
        .clock
        .stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    let id = client
        .job(json!({"object": "Contact", "operation": "insert"}))
        .await;
    client.upload(&id, "LastName\na\n").await;
    client.turn(&id, "UploadComplete").await;
    let snapshot = Snapshot::of(&client.org).await.unwrap();
    client
        .org
        .clock
        .advance(jiff::SignedDuration::from_secs(10));
    for _ in 0..2 {
        assert_eq!(client.ended(&id).await["numberRecordsProcessed"], 1);
        client.delete(&format!("/jobs/ingest/{id}")).await;
        let gone = client.get(&format!("/jobs/ingest/{id}")).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
        snapshot.restore(&client.org).await.unwrap();
        let found = client.query("SELECT COUNT() FROM Contact").await.json();
        assert_eq!(found["totalSize"], 0);
    }
}

#[tokio::test]
async fn writes_among_many_are_locked_one_by_one() {
    let client = Client::new();
    client
        .org
        .admin
        .add(Fault::locked_object("Contact").skip(1));
    let job = json!({"object": "Contact", "operation": "insert"});
    let (id, info) = client.load(job, "LastName\na\nb\nc\n").await;
    assert_eq!(info["numberRecordsFailed"], 1);
    let rows = client.result(&id, "failedResults").await;
    assert!(
        rows.ends_with(
            "\"\",\"UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--\",\"b\"\n"
        ),
        "{rows}"
    );
}

#[tokio::test]
async fn profiles_hide_columns_and_may_forbid_to_delete_for_good() {
    use crate::auth::{FieldPermission, Profile, User};
    let restricted = Profile::new("Restricted").field("Contact.Email", FieldPermission::Hidden);
    let mut user = User::new("restricted@example.com");
    user = user.profile("Restricted");
    let client = Client::with(Settings {
        profiles: vec![restricted],
        users: vec![user],
        ..Settings::default()
    });
    let refused = client
        .post(
            "/jobs/ingest",
            &json!({"object": "Contact", "operation": "hardDelete"}),
        )
        .await;
    assert_eq!(
        refused.error(),
        (
            400,
            "FEATURENOTENABLED".to_owned(),
            "hardDelete operation requires special user profile permission, please contact your \
             system administrator"
                .to_owned()
        )
    );
    let job = json!({"object": "Contact", "operation": "insert"});
    let (_, info) = client.load(job, "LastName,Email\na,a@example.com\n").await;
    assert_eq!(
        info["errorMessage"],
        "InvalidBatch : Field name not found : Email"
    );
}
