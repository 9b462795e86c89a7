use serde_json::{Value, json};

use super::Client;
use super::client::Answer;

/// A record and a blob, as `multipart/form-data`.
async fn upload(
    client: &Client,
    method: &str,
    path: &str,
    json: &Value,
    (field, blob): (&str, &[u8]),
) -> Answer {
    let mut body = format!(
        "--boundary_string\r\nContent-Disposition: form-data; name=\"entity_content\";\r\n\
         Content-Type: application/json\r\n\r\n{json}\r\n--boundary_string\r\n\
         Content-Type: application/octet-stream\r\n\
         Content-Disposition: form-data; name=\"{field}\"; filename=\"a.bin\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(blob);
    body.extend_from_slice(b"\r\n--boundary_string--");
    let request = client.request(method, path).header(
        "content-type",
        "multipart/form-data; boundary=\"boundary_string\"",
    );
    client.raw(request.body(body.into()).unwrap()).await
}

const BYTES: &[u8] = b"\x00\xff\r\n--boundary_strin\r\n\x80";

#[tokio::test]
async fn a_file_goes_up_with_its_record_and_comes_down_as_it_was() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let record = json!({"PathOnClient": "a.bin", "FirstPublishLocationId": account});
    let path = "/sobjects/ContentVersion";
    let created = upload(&client, "POST", path, &record, ("VersionData", BYTES)).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let version = format!("{path}/{}", created.id());
    let down = client.get(&format!("{version}/VersionData")).await;
    assert_eq!(down.body, BYTES);
    assert_eq!(down.header("content-type"), "application/octetstream");

    let row = client.get(&version).await.json();
    assert_eq!(row["ContentSize"], json!(BYTES.len()));
    let found = client
        .query("SELECT VersionData FROM ContentVersion")
        .await
        .json();
    let blob_path = format!("/services/data/v66.0{version}/VersionData");
    assert_eq!(found["records"][0]["VersionData"], blob_path);
    let user = client.org.auth.first_member().id.to_string();
    let document = row["ContentDocumentId"].as_str().unwrap();
    let links = format!(
        "SELECT LinkedEntityId, ShareType FROM ContentDocumentLink \
         WHERE ContentDocumentId = '{document}' ORDER BY ShareType"
    );
    let links = client.query(&links).await.json();
    let links = links["records"].as_array().unwrap().iter();
    let links: Vec<_> = links
        .map(|link| (link["LinkedEntityId"].clone(), link["ShareType"].clone()))
        .collect();
    assert_eq!(
        links,
        [(json!(account), json!("V")), (json!(user), json!("I"))]
    );
}

#[tokio::test]
async fn attachments_and_documents_have_bodies() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let attachment = json!({"ParentId": account, "Name": "a.txt", "ContentType": "text/plain", "Body": "SGVsbG8="});
    let id = client.create("Attachment", &attachment).await;
    let path = format!("/sobjects/Attachment/{id}");
    let body = client.get(&format!("{path}/Body")).await;
    assert_eq!(
        (body.text(), body.header("content-type")),
        ("Hello", "text/plain")
    );
    assert_eq!(client.get(&path).await.json()["BodyLength"], 5);
    let changed = upload(&client, "PATCH", &path, &json!({}), ("Body", BYTES)).await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    assert_eq!(client.get(&format!("{path}/body")).await.body, BYTES);
    assert_eq!(
        client.get(&path).await.json()["BodyLength"],
        json!(BYTES.len())
    );

    let folder = json!({"Name": "Papers", "AccessType": "Public", "Type": "Document"});
    let folder = client.create("Folder", &folder).await;
    let document = json!({"Name": "Paper", "FolderId": folder});
    let document = upload(
        &client,
        "POST",
        "/sobjects/Document",
        &document,
        ("Body", BYTES),
    )
    .await;
    let path = format!("/sobjects/Document/{}", document.id());
    assert_eq!(client.get(&format!("{path}/Body")).await.body, BYTES);
    assert_eq!(
        client.get(&format!("{path}/Folder")).await.json()["Name"],
        "Papers"
    );
    // A folder of its own may be a user's.
    let user = client.org.auth.first_member().id.as_str();
    client
        .create("Document", &json!({"Name": "Mine", "FolderId": user}))
        .await;
    let wrong = json!({"Name": "Paper", "FolderId": account});
    let wrong = client.post("/sobjects/Document", &wrong).await.error();
    assert_eq!(
        (wrong.1.as_str(), wrong.2),
        (
            "MALFORMED_ID",
            format!("Folder ID: id value of incorrect type: {account}")
        )
    );
}

#[tokio::test]
async fn a_blob_needs_a_field() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let attachment = json!({"ParentId": account, "Name": "a.txt"});
    for (field, expected) in [
        (
            "Bodi",
            "No such column 'Bodi' on sobject of type Attachment",
        ),
        (
            "Name",
            "No such column 'Name' on sobject of type Attachment",
        ),
    ] {
        let blob = (field, BYTES);
        let answer = upload(&client, "POST", "/sobjects/Attachment", &attachment, blob).await;
        assert_eq!(answer.error().2, expected);
    }
    let missing = client.post("/sobjects/Attachment", &attachment).await;
    assert_eq!(missing.error().2, "Required fields are missing: [Body]");
}

/// Files in the folder of an org's blobs.
fn files(client: &Client, value: &rusqlite::types::Value) -> usize {
    let (path, _) = client.org.blobs.find(value).unwrap();
    std::fs::read_dir(path.parent().unwrap()).unwrap().count()
}

async fn stored(client: &Client, id: &str) -> rusqlite::types::Value {
    let id = id.to_owned();
    let read = client.org.store.run(move |db| {
        let select = "SELECT \"Body\" FROM \"Attachment\" WHERE \"Id\" = ?1";
        Ok(db.query_row(select, [id], |row| row.get(0))?)
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_large_blob_lies_in_a_file_and_comes_from_there() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let attachment = json!({"ParentId": account, "Name": "a.bin", "ContentType": "image/png"});
    let large: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let path = "/sobjects/Attachment";
    let created = upload(&client, "POST", path, &attachment, ("Body", &large)).await;
    let id = created.id();
    let value = stored(&client, &id).await;
    assert_eq!(files(&client, &value), 1);
    let down = client.get(&format!("{path}/{id}/Body")).await;
    assert_eq!(down.body, large);
    assert_eq!(down.header("content-type"), "image/png");
    let row = client.get(&format!("{path}/{id}")).await.json();
    assert_eq!(row["BodyLength"], 3_000_000);
    assert!(row["Body"].as_str().unwrap().ends_with("/Body"));
    let found = client.query("SELECT Body FROM Attachment").await.json();
    assert_eq!(found["records"][0]["Body"], row["Body"]);

    // What is refused leaves no file behind.
    for (json, field) in [(json!({"Nothing": 1}), "Body"), (attachment, "Name")] {
        let refused = upload(&client, "POST", path, &json, (field, &large)).await;
        assert_eq!(refused.status, 400);
        assert_eq!(files(&client, &value), 1);
    }
    let small = upload(
        &client,
        "PATCH",
        &format!("{path}/{id}"),
        &json!({}),
        ("Body", b"x"),
    )
    .await;
    assert_eq!(small.status, 204);
    assert_eq!(client.get(&format!("{path}/{id}/Body")).await.body, "x");
}

/// An answer that is compressed is read before, and what can't be read is not an empty file.
#[tokio::test]
async fn a_blob_whose_file_was_cut_is_not_answered() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let attachment = json!({"ParentId": account, "Name": "a.bin"});
    let blob = ("Body", &[7; 3_000_000][..]);
    let path = "/sobjects/Attachment";
    let id = upload(&client, "POST", path, &attachment, blob).await.id();
    let value = stored(&client, &id).await;
    let (file, _) = client.org.blobs.find(&value).unwrap();
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_len(1_000_000).unwrap();
    let request = client
        .request("GET", &format!("{path}/{id}/Body"))
        .header("accept-encoding", "gzip")
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = client.raw(request).await;
    assert_eq!((answer.status.as_u16(), answer.error().0), (500, 500));
    assert_eq!(
        answer.header("cache-control"),
        "no-cache,must-revalidate,max-age=0,no-store,private"
    );
}

/// Files of an org with a data file are beside it, and those that nothing names go with
/// the next start.
#[tokio::test]
async fn large_blobs_outlive_an_org_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || crate::settings::Settings {
        data_file: Some(folder.path().join("org.db")),
        ..crate::settings::Settings::default()
    };
    let client = Client::with(settings());
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let attachment = json!({"ParentId": account, "Name": "a.bin"});
    let large = vec![7; 2_000_000];
    let path = "/sobjects/Attachment";
    let mut ids = Vec::new();
    for _ in 0..2 {
        let created = upload(&client, "POST", path, &attachment, ("Body", &large)).await;
        ids.push(created.id());
    }
    let small = upload(
        &client,
        "PATCH",
        &format!("{path}/{}", ids[0]),
        &json!({}),
        ("Body", b"x"),
    )
    .await;
    assert_eq!(small.status, 204);
    let value = stored(&client, &ids[1]).await;
    assert_eq!(files(&client, &value), 2);
    assert!(folder.path().join("org.db.blobs").is_dir());
    drop(client);
    let client = Client::with(settings());
    assert_eq!(files(&client, &value), 1);
    let down = client.get(&format!("{path}/{}/Body", ids[1])).await;
    assert_eq!(down.body, large);
}
