use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use serde_json::{Value, json};

use super::content::Counted;
use super::*;
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind};
use crate::retry::RetryPolicy;
use crate::script::{Counting, Reply, Script, builder, client};
use crate::transport::{Body, TransportErrorKind};

const ID: &str = "00P000000000001EAA";
const MIB: u64 = 1024 * 1024;

fn salesforce(script: &Script) -> Salesforce {
    client(Counting::tokens(), script)
}

fn saved() -> Reply {
    Reply::json(
        201,
        r#"{"id":"00P000000000001EAA","success":true,"errors":[]}"#,
    )
}

fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contract.pdf");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// The parts of a multipart body as heads and contents.
fn parts(content_type: &str, body: &Bytes) -> Vec<(String, Vec<u8>)> {
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=\"")
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap();
    assert!(boundary.len() <= 70);
    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
    let text = text.strip_prefix(&format!("--{boundary}\r\n")).unwrap();
    let text = text
        .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
        .unwrap();
    text.split(&format!("\r\n--{boundary}\r\n"))
        .map(|part| {
            let (head, content) = part.split_once("\r\n\r\n").unwrap();
            let content = content.chars().map(|c| u8::try_from(c).unwrap());
            (head.to_owned(), content.collect())
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_record_and_its_file_go_in_one_body() {
    let content: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let (_folder, path) = file(&content);
    let script = Script::replies([saved()]);
    let salesforce = salesforce(&script);
    let chunks = stream::iter(
        content
            .chunks(777)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect::<Vec<_>>(),
    );
    let blobs = [
        Blob::bytes("contract.pdf", content.clone()),
        Blob::path(&path),
        Blob::stream::<std::io::Error>("contract.pdf", chunks),
    ];
    for blob in blobs {
        let record = json!({"Name": "contract.pdf", "ParentId": "001000000000001AAA"});
        let upload = salesforce.sobject("attachment").upload(&record, blob);
        assert_eq!(upload.await.unwrap().id.as_str(), ID);
    }
    for sent in script.sent() {
        assert_eq!(sent.uri.path(), "/services/data/v66.0/sobjects/attachment");
        let parts = parts(sent.headers["content-type"].to_str().unwrap(), &sent.body);
        assert_eq!(
            parts[0].0,
            "Content-Disposition: form-data; name=\"entity_content\"\r\nContent-Type: application/json"
        );
        let record: Value = serde_json::from_slice(&parts[0].1).unwrap();
        assert_eq!(record["Name"], "contract.pdf");
        assert_eq!(
            parts[1].0,
            "Content-Disposition: form-data; name=\"Body\"; filename=\"contract.pdf\"\r\n\
             Content-Type: application/octet-stream"
        );
        assert_eq!(parts[1].1, content);
        assert_eq!(parts.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn names_and_fields_are_what_they_should_be() {
    let script = Script::replies([saved()]);
    let salesforce = salesforce(&script);
    salesforce
        .upload_file(Blob::bytes("a \"b\".v2.txt", "x"))
        .await
        .unwrap();
    salesforce
        .upload_file(Blob::bytes(".env", ""))
        .await
        .unwrap();
    let own = salesforce.sobject("Own__c");
    let blob = || Blob::bytes("x", "x").content_type("text/plain; charset=utf-8");
    own.upload(&json!({}), blob())
        .field("Data__c")
        .await
        .unwrap();
    let sent = script.sent();
    let part = |index: usize, part: usize| {
        let sent = &sent[index];
        parts(sent.headers["content-type"].to_str().unwrap(), &sent.body).swap_remove(part)
    };
    let record: Value = serde_json::from_slice(&part(0, 0).1).unwrap();
    assert_eq!(
        record,
        json!({"Title": "a \"b\".v2", "PathOnClient": "a \"b\".v2.txt"})
    );
    assert!(
        part(0, 1)
            .0
            .contains("name=\"VersionData\"; filename=\"a %22b%22.v2.txt\"")
    );
    let record: Value = serde_json::from_slice(&part(1, 0).1).unwrap();
    assert_eq!(record["Title"], ".env");
    assert_eq!(part(1, 1).1, b"");
    assert!(part(2, 1).0.contains("name=\"Data__c\""));
    assert!(part(2, 1).0.ends_with("text/plain; charset=utf-8"));

    for error in [
        own.upload(&json!({}), blob()).await.unwrap_err(),
        salesforce
            .upload_file(Blob::bytes("", "x"))
            .await
            .unwrap_err(),
        salesforce
            .upload_file(Blob::bytes("x", "x").content_type("a\r\nb"))
            .await
            .unwrap_err(),
        salesforce
            .upload_file(Blob::path("/no/such/file"))
            .await
            .unwrap_err(),
        salesforce
            .upload_file(Blob::path(std::env::temp_dir()))
            .await
            .unwrap_err(),
        own.update_file("x", &json!({}), blob()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_can_be_made_anew_is_sent_again_after_the_session_ended() {
    let (_folder, path) = file("content");
    for blob in [Blob::bytes("a", "content"), Blob::path(&path)] {
        let script = Script::replies([Reply::expired(), saved()]);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        salesforce(&script)
            .sobject("Attachment")
            .upload(&json!({}), blob)
            .progress(move |progress| log.lock().unwrap().push((progress.bytes, progress.total)))
            .await
            .unwrap();
        let sent = script.sent();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].body, sent[1].body);
        assert_eq!(*seen.lock().unwrap(), [(7, Some(7)), (7, Some(7))]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_sent_once_and_the_next_call_has_a_session() {
    let script = Script::replies([Reply::expired(), saved()]);
    let salesforce = salesforce(&script);
    let upload = || {
        let chunks = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"content"))]);
        let blob = Blob::stream("a", chunks);
        salesforce.sobject("Attachment").upload(&json!({}), blob)
    };
    let error = upload().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert!(error.to_string().contains("new stream"), "{error}");
    assert_eq!(script.count(), 1);
    upload().await.unwrap();
    assert_eq!(script.sent()[1].token(), Some("token-2"));
}

#[tokio::test(start_paused = true)]
async fn a_new_file_is_never_doubled_and_a_replaced_one_may_be_sent_twice() {
    let broken = Reply::Fail(TransportErrorKind::Interrupted);
    let script = Script::replies([broken.clone()]);
    let attachments = salesforce(&script).sobject("Attachment");
    let upload = attachments.upload(&json!({}), Blob::bytes("a", "x"));
    let error = upload.await.unwrap_err();
    assert!(error.may_have_been_processed());
    assert_eq!(script.count(), 1);

    let done = Reply::Answer(StatusCode::NO_CONTENT, vec![], Bytes::new());
    let script = Script::replies([broken, done]);
    let attachments = salesforce(&script).sobject("Attachment");
    let update = attachments.update_file(ID, &json!({}), Blob::bytes("a", "x"));
    update.await.unwrap();
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_breaks_off_is_an_error_and_leaves_no_doubt() {
    let script = Script::replies([saved()]);
    let salesforce = salesforce(&script);
    let piece = || Ok(Bytes::from_static(b"content"));
    let broken = || Err(std::io::Error::other("gone"));
    for (blob, says) in [
        (
            Blob::stream("a", stream::iter([piece(), broken()])),
            "broke off",
        ),
        (
            Blob::stream("a", stream::iter([piece()])).length(8),
            "ended after 7 of 8 bytes",
        ),
        (
            Blob::stream("a", stream::iter([piece()])).length(6),
            "more than the 6 bytes",
        ),
    ] {
        let upload = salesforce.sobject("Attachment").upload(&json!({}), blob);
        let error: Error = upload.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(says), "{error}");
        assert!(!error.may_have_been_processed());
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_refused() {
    let script = Script::replies([saved()]);
    let salesforce = salesforce(&script);
    let blob = |length| Blob::stream::<Error>("a", stream::pending()).length(length);
    for (sobject, limit) in [("ContentVersion", 2048 * MIB), ("Document", 500 * MIB)] {
        let sobject = salesforce.sobject(sobject);
        let upload = sobject.upload(&json!({}), blob(limit + 1));
        let error = upload.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("larger than"), "{error}");
        // What fits is sent: this one only never comes.
        let upload = sobject
            .upload(&json!({}), blob(limit))
            .timeout(Duration::from_secs(1));
        let retry = RetryPolicy::never();
        let error = upload.retry(retry).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }
    let large = Base64::from(vec![0; usize::try_from(75 * MIB / 2 + 1).unwrap()]);
    let attachments = salesforce.sobject("Attachment");
    let error = attachments.create(&json_with(&large)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(script.count(), 0);

    // Of unknown length, it is seen on the way.
    let pieces = stream::repeat_with(|| Ok(Bytes::from_static(b"1234567")));
    let counted = Counted {
        body: Body::stream(pieces),
        length: None,
        limit: 20,
        listener: progress::Listener::default(),
        sent: 0,
    };
    let pieces: Vec<_> = counted.take(3).collect().await;
    assert!(pieces[1].is_ok() && pieces[2].is_err());
}

fn json_with(body: &Base64) -> impl serde::Serialize {
    std::collections::HashMap::from([("Body", body.clone())])
}

/// The limit is on rest, not on the whole.
#[tokio::test(start_paused = true)]
async fn an_upload_may_take_its_time_as_long_as_it_moves() {
    let slow = |pause: u64| {
        let pieces = stream::iter(0..5).then(move |_| async move {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            Ok::<_, Error>(Bytes::from_static(b"x"))
        });
        Blob::stream("a", pieces)
    };
    let script = Script::replies([saved()]);
    let attachments = salesforce(&script).sobject("Attachment");
    let upload = |pause| {
        let upload = attachments.upload(&json!({}), slow(pause));
        upload.timeout(Duration::from_secs(60))
    };
    upload(50).await.unwrap();
    let error = upload(70).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);

    // It ends with the body: an answer may not take longer.
    let late = Reply::After(Duration::from_secs(70), Box::new(saved()));
    let attachments = salesforce(&Script::replies([late])).sobject("Attachment");
    let upload = attachments
        .upload(&json!({}), slow(1))
        .timeout(Duration::from_secs(60));
    let error = upload.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

fn content(body: &'static str) -> Reply {
    let bytes = Bytes::from_static(body.as_bytes());
    Reply::Answer(
        StatusCode::OK,
        vec![("content-type", "application/pdf".into())],
        bytes,
    )
}

async fn all(mut file: Downloading) -> crate::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = file.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

#[tokio::test(start_paused = true)]
async fn a_file_comes_as_a_stream() {
    let script = Script::replies([
        Reply::html(503),
        Reply::expired(),
        content("content").header("content-length", "7"),
    ]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let attachments = salesforce(&script).sobject("Attachment");
    let file = attachments
        .download(ID, "Body")
        .progress(move |progress| log.lock().unwrap().push((progress.bytes, progress.total)))
        .await
        .unwrap();
    assert_eq!(
        (file.length(), file.content_type()),
        (Some(7), Some("application/pdf"))
    );
    assert_eq!(all(file).await.unwrap(), b"content");
    assert_eq!(*seen.lock().unwrap(), [(7, Some(7))]);
    let sent = &script.sent()[2];
    assert_eq!(
        sent.uri.path(),
        format!("/services/data/v66.0/sobjects/Attachment/{ID}/Body")
    );
    assert_eq!(sent.headers["accept-encoding"], "identity");

    let script = Script::replies([Reply::error(404, "NOT_FOUND", "no")]);
    let attachments = salesforce(&script).sobject("Attachment");
    let error = attachments.download(ID, "Body").await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_whole_is_an_error() {
    let cut = Reply::Cut(StatusCode::OK, Bytes::from_static(b"con"));
    let rests = Reply::Rests(StatusCode::OK, Bytes::from_static(b"con"));
    for (reply, kind, asked) in [
        (cut, ErrorKind::Interrupted, 4),
        (
            content("con").header("content-length", "7"),
            ErrorKind::Interrupted,
            4,
        ),
        (
            content("content").header("content-length", "3"),
            ErrorKind::Interrupted,
            1,
        ),
        (rests, ErrorKind::Timeout, 4),
    ] {
        let script = Script::replies([reply]);
        let attachments = salesforce(&script).sobject("Attachment");
        let mut file = attachments.download(ID, "Body").await.unwrap();
        let mut last = None;
        while let Some(piece) = file.next().await {
            last = Some(piece);
        }
        let error = last.unwrap().unwrap_err();
        assert_eq!(error.kind(), kind);
        let context = error.context().unwrap();
        assert_eq!(context.path_template, "/sobjects/{sobject}/{id}/{blob}");
        assert!(file.next().await.is_none());
        assert_eq!(script.count(), asked, "{kind:?}");
    }
}

/// All ways of taking a file tell of its progress, and go on where it broke off.
#[tokio::test(start_paused = true)]
async fn a_file_in_memory_tells_of_its_progress() {
    let whole = || content("content").header("content-length", "7");
    let script = Script::replies([cut_after("con"), whole()]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let attachments = salesforce(&script).sobject("Attachment");
    let download = attachments
        .download(ID, "Body")
        .progress(move |progress| log.lock().unwrap().push((progress.bytes, progress.total)));
    assert_eq!(download.bytes().await.unwrap(), "content");
    assert_eq!(*seen.lock().unwrap(), [(3, None), (7, Some(7))]);
}

#[tokio::test(start_paused = true)]
async fn a_file_in_memory_is_no_larger_than_an_answer_may_be() {
    let stated = content("content").header("content-length", "7");
    for (reply, limit, expected) in [
        (content("content"), 7, None),
        (content("content"), 6, Some(ErrorKind::TooLarge)),
        (stated.clone(), 7, None),
        (stated, 6, Some(ErrorKind::TooLarge)),
    ] {
        let script = Script::replies([reply]);
        let salesforce = builder(Counting::tokens(), &script);
        let salesforce = salesforce.max_response_bytes(limit).build().unwrap();
        let attachments = salesforce.sobject("Attachment");
        let outcome = attachments.download(ID, "Body").bytes().await;
        assert_eq!(outcome.err().map(|error| error.kind()), expected, "{limit}");
        assert_eq!(script.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_saved_file_is_whole_or_as_it_was() {
    let (folder, path) = file("old");
    let script = Script::replies([
        Reply::Cut(StatusCode::OK, Bytes::from_static(b"con")),
        content("content"),
    ]);
    let attachments = salesforce(&script).sobject("Attachment");
    let error = attachments
        .download(ID, "Body")
        .retry(RetryPolicy::never())
        .save(&path)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    let bytes = attachments.download(ID, "Body").save(&path).await.unwrap();
    assert_eq!(bytes, 7);
    assert_eq!(fs::read(&path).unwrap(), b"content");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn cut_after(body: &'static str) -> Reply {
    Reply::Cut(StatusCode::OK, Bytes::from_static(body.as_bytes()))
}

/// As often in a row as requests are repeated, and then anew after each piece that is
/// new.
#[tokio::test(start_paused = true)]
async fn a_file_that_breaks_off_is_taken_up_where_it_broke() {
    let rests = Reply::Rests(StatusCode::OK, Bytes::from_static(b"conten"));
    let script = Script::replies([
        cut_after("con"),
        cut_after("c"),
        Reply::html(503),
        cut_after(""),
        cut_after("cont"),
        cut_after("cont"),
        Reply::expired(),
        rests,
        content("content").header("content-length", "7"),
    ]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let attachments = salesforce(&script).sobject("Attachment");
    let download = attachments
        .download(ID, "Body")
        .progress(move |progress| log.lock().unwrap().push(progress.bytes));
    let mut file = download.await.unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = file.next().await {
        pieces.push(piece.unwrap());
    }
    assert_eq!(pieces, ["con", "t", "en", "t"]);
    assert_eq!(*seen.lock().unwrap(), [3, 4, 6, 7]);
    assert_eq!(file.length(), Some(7));
    assert_eq!(script.count(), 9);
}

/// What comes the second time has to be the same file.
#[tokio::test(start_paused = true)]
async fn a_file_that_became_another_meanwhile_is_an_error() {
    for (first, second, words) in [
        (cut_after("con"), content("xontent"), "another one"),
        (cut_after("con"), content("co"), "shorter"),
        (
            content("con").header("content-length", "7"),
            content("contents").header("content-length", "8"),
            "8 bytes now",
        ),
        (
            cut_after("con"),
            Reply::error(404, "NOT_FOUND", "deleted"),
            "deleted",
        ),
    ] {
        let script = Script::replies([first, second]);
        let attachments = salesforce(&script).sobject("Attachment");
        let mut file = attachments.download(ID, "Body").await.unwrap();
        assert_eq!(file.next().await.unwrap().unwrap(), "con");
        let error = file.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(file.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_found_by_an_external_id() {
    let found = format!(r#"{{"attributes":{{"type":"Scan__c"}},"Id":"{ID}"}}"#);
    let script = Script::replies([Reply::json(200, &found), content("content")]);
    let scans = salesforce(&script).sobject("Scan__c");
    let scan = scans.external_id("Number__c", "a/b");
    let file = scan.download("Image__c").await.unwrap();
    assert_eq!(all(file).await.unwrap(), b"content");
    let sent = script.sent();
    let below = "/services/data/v66.0/sobjects/Scan__c";
    assert_eq!(sent[0].uri.path(), format!("{below}/Number__c/a%2Fb"));
    assert_eq!(sent[0].uri.query(), Some("fields=Id"));
    assert_eq!(sent[1].uri.path(), format!("{below}/{ID}/Image__c"));
    assert_eq!(
        scan.download("Image__c").bytes().await.unwrap_err().kind(),
        ErrorKind::Decode
    );

    let script = Script::replies([Reply::error(404, "NOT_FOUND", "no")]);
    let scans = salesforce(&script).sobject("Scan__c");
    let nowhere = scans.external_id("Number__c", "x").download("Image__c");
    assert!(nowhere.await.unwrap_err().is_not_found());
    let refused = scans.external_id("Number__c", "..").download("Image__c");
    assert!(refused.await.unwrap_err().is_before_send());
    assert_eq!(script.count(), 1);
}

/// Who reads a file slowly stops nobody.
#[tokio::test(start_paused = true)]
async fn an_open_file_holds_no_place_among_the_requests_at_once() {
    let script = Script::new(|sent, _| {
        if sent.uri.path().ends_with("/Body") {
            return Reply::Rests(StatusCode::OK, Bytes::from_static(b"con"));
        }
        Reply::json(200, "{}")
    });
    let salesforce = builder(Counting::tokens(), &script)
        .concurrency_limit(1)
        .build()
        .unwrap();
    let attachments = salesforce.sobject("Attachment");
    let mut file = attachments.download(ID, "Body").await.unwrap();
    assert!(file.next().await.unwrap().is_ok());
    salesforce.limits().await.unwrap();
}
