use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ferroforce::files::{Base64, Blob, Downloading};
use ferroforce::{ErrorKind, Record, RecordId, Salesforce};
use ferroforce_org::Fault;
use futures_util::stream;
use serde_json::json;

use super::start;

/// Bytes in which everything comes, more than one piece of them.
fn content() -> Vec<u8> {
    let bytes = (0..=255_u8).cycle().take(300_000);
    let mut content: Vec<u8> = bytes.collect();
    content.extend_from_slice(b"\r\n--ferroforce-\r\n\r\n--");
    content
}

async fn all(mut file: Downloading) -> ferroforce::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = file.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

fn pieces(content: &[u8]) -> Blob {
    let pieces: Vec<_> = content
        .chunks(1000)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    Blob::stream("data.bin", stream::iter(pieces))
}

async fn account(salesforce: &Salesforce) -> RecordId {
    let account = salesforce.sobject("Account").create(&json!({"Name": "A"}));
    account.await.unwrap().id
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down_as_it_was() {
    let (_org, salesforce) = start().await;
    let content = content();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.bin");
    std::fs::write(&path, &content).unwrap();
    let length = u64::try_from(content.len()).unwrap();
    let attachments = salesforce.sobject("Attachment");
    let record = json!({"Name": "data.bin", "ParentId": account(&salesforce).await});
    for blob in [
        Blob::bytes("data.bin", content.clone()),
        Blob::path(&path),
        pieces(&content),
        pieces(&content).length(length),
    ] {
        let sent = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&sent);
        let upload = attachments.upload(&record, blob);
        let upload = upload.progress(move |progress| seen.store(progress.bytes, Ordering::SeqCst));
        let id = upload.await.unwrap().id;
        assert_eq!(sent.load(Ordering::SeqCst), length);

        let file = attachments.download(id, "Body").await.unwrap();
        assert_eq!(file.length(), Some(length));
        assert_eq!(all(file).await.unwrap(), content);
        assert_eq!(
            attachments.download(id, "Body").bytes().await.unwrap(),
            content
        );
        let saved = folder.path().join("saved");
        let bytes = attachments.download(id, "Body").save(&saved).await.unwrap();
        assert_eq!(
            (bytes, std::fs::read(&saved).unwrap()),
            (length, content.clone())
        );
    }
    let small = json!({"Name": "a", "ParentId": account(&salesforce).await, "Body": Base64::from(&b"abc"[..])});
    let id = attachments.create(&small).await.unwrap().id;
    assert_eq!(
        attachments.download(id, "Body").bytes().await.unwrap(),
        "abc"
    );
    attachments
        .update_file(id, &json!({"Name": "b"}), Blob::bytes("b", "xyz"))
        .await
        .unwrap();
    assert_eq!(
        attachments.download(id, "Body").bytes().await.unwrap(),
        "xyz"
    );
}

#[tokio::test]
async fn a_file_of_salesforce_files() {
    let (_org, salesforce) = start().await;
    let versions = salesforce.sobject("ContentVersion");
    let upload =
        salesforce.upload_file(Blob::bytes("notes.txt", "hello").content_type("text/plain"));
    let id = upload.await.unwrap().id;
    let version: Record = versions
        .get_fields(id, ["Title", "PathOnClient"])
        .await
        .unwrap();
    assert_eq!(version.get::<String>("Title").unwrap(), "notes");
    assert_eq!(
        versions.download(id, "VersionData").bytes().await.unwrap(),
        "hello"
    );

    let empty = salesforce.upload_file(Blob::bytes("empty", "")).await;
    if let Ok(empty) = empty {
        let file = versions
            .download(empty.id, "VersionData")
            .bytes()
            .await
            .unwrap();
        assert!(file.is_empty());
    }
    let error = versions
        .download("068000000000001AAA", "VersionData")
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

/// A create is never doubled, whatever befalls it: there is one file, or none, and
/// the error says whether there may be one.
#[tokio::test]
async fn an_upload_is_never_doubled() {
    let (org, salesforce) = start().await;
    let parent = account(&salesforce).await;
    let attachments = salesforce.sobject("Attachment");
    let content = content();
    for (number, fault) in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::locked_row(),
        Fault::expired_session(),
    ]
    .into_iter()
    .enumerate()
    {
        for streamed in [false, true] {
            let what = format!("{fault:?} streamed: {streamed}");
            let name = format!("{number}-{streamed}");
            let blob = if streamed {
                pieces(&content)
            } else {
                Blob::bytes("data.bin", content.clone())
            };
            let record = json!({"Name": name, "ParentId": parent});
            org.faults()
                .add(fault.clone().path("/services/data/").times(1));
            let outcome = attachments.upload(&record, blob).await;
            org.faults().clear();
            let there = salesforce
                .query("SELECT COUNT() FROM Attachment WHERE Name = :name")
                .bind("name", name)
                .count()
                .await
                .unwrap();
            match outcome {
                Ok(made) => {
                    assert_eq!(there, 1, "{what}");
                    let file = attachments.download(made.id, "Body").bytes().await.unwrap();
                    assert_eq!(file, content, "{what}");
                }
                Err(error) => assert!(
                    there == 0 || (there == 1 && error.may_have_been_processed()),
                    "{what}: {there} files, {error}"
                ),
            }
        }
    }
}

/// A new file for a record may be sent twice, except where it is a stream. Of that the
/// error says whether it may be there.
#[tokio::test]
async fn a_file_is_replaced_whatever_goes_wrong() {
    let (org, salesforce) = start().await;
    let attachments = salesforce.sobject("Attachment");
    let record = json!({"Name": "a", "ParentId": account(&salesforce).await});
    let old = attachments.upload(&record, Blob::bytes("a", "old")).await;
    let id = old.unwrap().id;
    let troubles = [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::locked_row(),
        Fault::expired_session(),
    ];
    for (number, fault) in troubles.into_iter().enumerate() {
        for streamed in [false, true] {
            let what = format!("{fault:?} streamed: {streamed}");
            let before = attachments.download(id, "Body").bytes().await.unwrap();
            let content = format!("{number}-{streamed}").into_bytes();
            let blob = if streamed {
                pieces(&content)
            } else {
                Blob::bytes("a", content.clone())
            };
            org.faults()
                .add(fault.clone().path("/services/data/").times(1));
            let update = attachments.update_file(id, &json!({"Name": "b"}), blob);
            let outcome = update.await;
            org.faults().clear();
            let after = attachments.download(id, "Body").bytes().await.unwrap();
            match outcome {
                Ok(()) => assert_eq!(after, content, "{what}"),
                Err(error) => {
                    assert!(streamed, "{what}: {error}");
                    assert!(
                        after == before || error.may_have_been_processed(),
                        "{what}: {error}"
                    );
                }
            }
        }
    }
}

/// A stream that breaks off on this side leaves nothing behind.
#[tokio::test]
async fn an_upload_that_breaks_off_creates_nothing() {
    let (_org, salesforce) = start().await;
    let record = json!({"Name": "broken", "ParentId": account(&salesforce).await});
    let attachments = salesforce.sobject("Attachment");
    let broken = |length: Option<u64>| {
        let pieces = [
            Ok(Bytes::from(vec![7; 100_000])),
            Err(std::io::Error::other("the disk is gone")),
        ];
        let blob = Blob::stream("broken", stream::iter(pieces));
        match length {
            Some(length) => blob.length(length),
            None => blob,
        }
    };
    for blob in [
        broken(None),
        broken(Some(200_000)),
        pieces(&content()).length(300_000),
        pieces(&content()).length(400_000),
    ] {
        let error = attachments.upload(&record, blob).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(!error.may_have_been_processed(), "{error}");
    }
    let query = salesforce.query("SELECT COUNT() FROM Attachment WHERE Name = 'broken'");
    assert_eq!(query.count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_download_is_whole_or_an_error() {
    let (org, salesforce) = start().await;
    let content = content();
    let attachments = salesforce.sobject("Attachment");
    let record = json!({"Name": "a", "ParentId": account(&salesforce).await});
    let id = attachments
        .upload(&record, Blob::bytes("a", content.clone()))
        .await
        .unwrap()
        .id;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for cut in [Fault::cut_body, Fault::cut_chunked_body] {
        let trouble = |fault: Fault| org.faults().add(fault.path("/services/data/"));
        // It is taken up where it broke off, which may be at the same place again.
        for at in [70_000, 70_000, 0, 200_000] {
            trouble(cut(at).times(1));
        }
        trouble(Fault::expired_session().times(1));
        let file = attachments.download(id, "Body").await.unwrap();
        assert_eq!(all(file).await.unwrap(), content);
        org.faults().clear();
        trouble(cut(70_000).times(2));
        let bytes = attachments.download(id, "Body").bytes().await.unwrap();
        assert_eq!(bytes, content);
        org.faults().clear();
        trouble(cut(70_000).times(2));
        attachments.download(id, "Body").save(&path).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), content);
        std::fs::remove_file(&path).unwrap();
        org.faults().clear();

        // What never comes whole is an error.
        trouble(cut(70_000).always());
        let file = attachments.download(id, "Body").await.unwrap();
        let error = all(file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        let saved = attachments.download(id, "Body").save(&path).await;
        assert_eq!(saved.unwrap_err().kind(), ErrorKind::Interrupted);
        assert!(!path.exists());
        org.faults().clear();
    }
    for fault in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::expired_session(),
    ] {
        let what = format!("{fault:?}");
        org.faults().add(fault.path("/services/data/").times(1));
        let file = attachments.download(id, "Body").await;
        assert_eq!(all(file.unwrap()).await.unwrap(), content, "{what}");
        org.faults().clear();
    }
}

#[tokio::test]
async fn a_file_is_found_by_a_key_of_its_record() {
    let (_org, salesforce) = start().await;
    let attachments = salesforce.sobject("Attachment");
    let record = json!({"Name": "a", "ParentId": account(&salesforce).await});
    let upload = attachments.upload(&record, Blob::bytes("a", "content"));
    let id = upload.await.unwrap().id;
    let by_key = attachments.external_id("Id", id);
    let file = by_key.download("Body").await.unwrap();
    assert_eq!(all(file).await.unwrap(), b"content");
    assert_eq!(by_key.download("Body").bytes().await.unwrap(), "content");
    by_key.delete().await.unwrap();
    assert!(by_key.download("Body").await.unwrap_err().is_not_found());
}

/// Neither side holds a file: progress is told piece by piece.
#[tokio::test]
async fn a_file_comes_in_pieces() {
    let (_org, salesforce) = start().await;
    let attachments = salesforce.sobject("Attachment");
    let record = json!({"Name": "a", "ParentId": account(&salesforce).await});
    let content = vec![1; 4 * 1024 * 1024];
    let id = attachments
        .upload(&record, Blob::bytes("a", content))
        .await
        .unwrap()
        .id;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let download = attachments.download(id, "Body");
    let download = download.progress(move |progress| log.lock().unwrap().push(progress.bytes));
    let mut file = download.await.unwrap();
    let mut largest = 0;
    while let Some(piece) = file.next().await {
        largest = largest.max(piece.unwrap().len());
    }
    assert!(largest <= 1024 * 1024, "{largest}");
    let seen = seen.lock().unwrap();
    assert!(seen.len() >= 4 && seen.is_sorted());
    assert_eq!(seen.last(), Some(&(4 * 1024 * 1024)));
}
