//! Records with blobs: `multipart/form-data` of a JSON part and binary ones. The message is read
//! as it comes, and its blobs go where they stay.

use axum::body::Body;
use bytes::{Buf, Bytes, BytesMut};

use super::request::ApiRequest;
use super::rows::json_body;
use crate::error::ApiError;
use crate::http::{MAX_BODY, read_on, too_long};
use crate::store::blobs::{Blob, Blobs, Intake};

/// How long a boundary may be.
const LONGEST_BOUNDARY: usize = 70;

/// How long the headers of a part may be.
const LONGEST_HEAD: usize = 16 * 1024;

/// JSON and any number of blobs, as they came in the body of a request.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) json: Bytes,
    /// The blobs by the names of their parts.
    pub(crate) blobs: Vec<(String, Blob)>,
}

impl Upload {
    /// Reads a body of at most so many bytes, with one part that is JSON and has no filename; all
    /// with a filename are blobs.
    pub(crate) async fn read(
        content_type: &str,
        body: Body,
        most: u64,
        blobs: &Blobs,
    ) -> Result<Self, ApiError> {
        let boundary = parameter(content_type, "boundary")
            .filter(|boundary| !boundary.is_empty() && boundary.len() <= LONGEST_BOUNDARY)
            .ok_or_else(|| {
                invalid("The content type must have a boundary of at most 70 characters")
            })?;
        let mut message = Message::new(boundary, body, most);
        // What stands before the first boundary is nothing to anybody.
        message.pass_on(&mut Sink::Nothing).await?;
        let (mut json, mut found) = (None, Vec::new());
        while let Some(part) = message.next_part().await? {
            let mut sink = if part.has_filename {
                Sink::Blob(Box::new(blobs.begin()))
            } else if part.is_json {
                Sink::Json(Vec::new())
            } else {
                Sink::Nothing
            };
            message.pass_on(&mut sink).await?;
            match sink {
                Sink::Blob(intake) => found.push((part.name, intake.end())),
                Sink::Json(_) if json.is_some() => {
                    return Err(invalid("Cannot include more than one non-binary part"));
                }
                Sink::Json(text) => json = Some(text),
                Sink::Nothing => {}
            }
        }
        let json =
            json.ok_or_else(|| invalid("Multipart message must include a non-binary part"))?;
        Ok(Self {
            json: json.into(),
            blobs: found,
        })
    }

    /// The only blob, with the name of its field.
    pub(super) fn only_blob(&self) -> Result<(&str, &Blob), ApiError> {
        match self.blobs.as_slice() {
            [(field, blob)] => Ok((field, blob)),
            [] => Err(invalid("Multipart message must include a binary part")),
            _ => Err(invalid("Cannot include more than one binary part")),
        }
    }
}

/// What a request holds: JSON, and blobs if it has any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'r> {
    pub(crate) json: &'r [u8],
    blobs: &'r [(String, Blob)],
}

impl<'r> Parts<'r> {
    pub(crate) fn of(request: &'r ApiRequest) -> Result<Self, ApiError> {
        match &request.upload {
            Some(upload) => Ok(Self {
                json: &upload.json,
                blobs: &upload.blobs,
            }),
            None => Ok(Self {
                json: json_body(request)?,
                blobs: &[],
            }),
        }
    }

    /// The blob with this name.
    pub(crate) fn blob(&self, name: &str) -> Result<&'r Blob, ApiError> {
        let blob = self.blobs.iter().find(|(known, _)| known == name);
        blob.map(|(_, blob)| blob)
            .ok_or_else(|| invalid("The multipart message has no part with the binaryPartName"))
    }
}

/// Where the contents of a part go.
enum Sink<'b> {
    Json(Vec<u8>),
    Blob(Box<Intake<'b>>),
    Nothing,
}

impl Sink<'_> {
    fn take(&mut self, piece: &[u8]) -> Result<(), ApiError> {
        match self {
            Self::Json(text) if text.len() + piece.len() > MAX_BODY => Err(too_long()),
            Self::Json(text) => {
                text.extend_from_slice(piece);
                Ok(())
            }
            Self::Blob(intake) => intake.write(piece).map_err(|error| {
                tracing::error!(%error, "a blob can't be stored");
                ApiError::internal("a blob can't be stored")
            }),
            Self::Nothing => Ok(()),
        }
    }
}

/// What the headers of a part say.
struct Part {
    name: String,
    /// A part with one is binary, whatever its content type says.
    has_filename: bool,
    is_json: bool,
}

impl Part {
    fn read(head: &[u8]) -> Result<Self, ApiError> {
        let head = std::str::from_utf8(head).map_err(|_| headless())?;
        let header = |wanted: &str| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.trim()
                    .eq_ignore_ascii_case(wanted)
                    .then_some(value.trim())
            })
        };
        let disposition = header("content-disposition").ok_or_else(headless)?;
        let content_type = header("content-type").unwrap_or_default();
        Ok(Self {
            name: parameter(disposition, "name")
                .unwrap_or_default()
                .to_owned(),
            has_filename: parameter(disposition, "filename").is_some(),
            is_json: content_type
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")),
        })
    }
}

/// A multipart message as it comes.
struct Message {
    body: Body,
    /// What has come and was not passed on.
    buffer: BytesMut,
    /// What ends the contents of a part.
    delimiter: Vec<u8>,
    /// How many bytes may still come.
    left: u64,
}

impl Message {
    fn new(boundary: &str, body: Body, most: u64) -> Self {
        Self {
            body,
            // A line end before the first boundary may be missing.
            buffer: BytesMut::from(&b"\r\n"[..]),
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            left: most,
        }
    }

    /// Takes in what comes next, which has to come.
    async fn fill(&mut self) -> Result<(), ApiError> {
        let piece = read_on(&mut self.body).await?.ok_or_else(cut_off)?;
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(length).ok_or_else(too_long)?;
        self.buffer.extend_from_slice(&piece);
        Ok(())
    }

    /// Passes the contents of a part on, up to the boundary that ends it.
    async fn pass_on(&mut self, sink: &mut Sink<'_>) -> Result<(), ApiError> {
        loop {
            if let Some(end) = find(&self.buffer, &self.delimiter) {
                sink.take(&self.buffer[..end])?;
                self.buffer.advance(end + self.delimiter.len());
                return Ok(());
            }
            // The beginning of the boundary may have come already.
            let safe = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            sink.take(&self.buffer[..safe])?;
            self.buffer.advance(safe);
            self.fill().await?;
        }
    }

    /// The headers of the next part, if there is one.
    async fn next_part(&mut self) -> Result<Option<Part>, ApiError> {
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        // White space may stand behind a boundary.
        let line = self.find_in_head(b"\r\n").await?;
        self.buffer.advance(line + 2);
        let end = self.find_in_head(b"\r\n\r\n").await?;
        if find(&self.buffer[..end], &self.delimiter).is_some() {
            return Err(headless());
        }
        let part = Part::read(&self.buffer[..end])?;
        self.buffer.advance(end + 4);
        Ok(Some(part))
    }

    async fn find_in_head(&mut self, needle: &[u8]) -> Result<usize, ApiError> {
        loop {
            if let Some(at) = find(&self.buffer, needle) {
                return Ok(at);
            }
            if self.buffer.len() > LONGEST_HEAD {
                return Err(headless());
            }
            self.fill().await?;
        }
    }
}

/// Where a needle that begins with a carriage return stands for the first time.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from
            + haystack
                .get(from..)?
                .iter()
                .position(|&byte| byte == b'\r')?;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// A parameter of a header's value, with or without quotes.
fn parameter<'h>(header: &'h str, wanted: &str) -> Option<&'h str> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, next) = quoted.split_once('"')?;
                (value, next.split_once(';').map_or("", |(_, next)| next))
            }
            None => after.split_once(';').unwrap_or((after, "")),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.trim());
        }
        rest = next;
    }
}

fn headless() -> ApiError {
    invalid("A part of the multipart message has no headers")
}

fn cut_off() -> ApiError {
    invalid("The multipart message does not end with its boundary")
}

fn invalid(message: &'static str) -> ApiError {
    ApiError::bad_request("INVALID_MULTIPART_REQUEST", message)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use super::*;

    /// A body that comes in pieces.
    struct Pieces(VecDeque<Bytes>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
            let piece = self.0.pop_front();
            Poll::Ready(piece.map(|piece| Ok(http_body::Frame::data(piece))))
        }
    }

    const TYPE: &str = "multipart/form-data; charset=x; boundary=\"b;1\"";
    const JSON: &str = "Content-Disposition: form-data; name=\"any\"\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{}";
    const BLOB: &str =
        "content-disposition: form-data; filename=\"a; name=x.txt\"; name=Body\r\n\r\n\r\n--b;\r\n";

    fn message(parts: &[&str]) -> Vec<u8> {
        let parts: String = parts
            .iter()
            .map(|part| format!("--b;1\r\n{part}\r\n"))
            .collect();
        format!("{parts}--b;1--\r\n").into_bytes()
    }

    /// Reads a message that comes in pieces of some length.
    async fn read(message: &[u8], piece: usize) -> Result<Upload, ApiError> {
        let pieces = message.chunks(piece).map(Bytes::copy_from_slice);
        let body = Body::new(Pieces(pieces.collect()));
        let upload = Upload::read(TYPE, body, 1_000_000, &Blobs::default()).await?;
        upload.only_blob()?;
        Ok(upload)
    }

    fn contents(upload: &Upload) -> (&[u8], &str, Vec<u8>) {
        let (field, blob) = upload.only_blob().unwrap();
        let blob = blob.read(usize::MAX).unwrap().unwrap();
        (&upload.json, field, blob)
    }

    #[tokio::test]
    async fn a_record_and_a_blob_come_in_any_order_and_in_any_pieces() {
        let expected = (&b"{}"[..], "Body", b"\r\n--b;\r\n".to_vec());
        let mut late = b"ignored\r\n".to_vec();
        late.extend(message(&[JSON, BLOB]));
        for message in [message(&[JSON, BLOB]), message(&[BLOB, JSON]), late] {
            for piece in [1, 2, 3, 7, 50, message.len()] {
                let upload = read(&message, piece).await.unwrap();
                assert_eq!(contents(&upload), expected, "{piece}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_not_one_of_each_is_refused() {
        let named = JSON.replace("any\"", "any\"; filename=\"a.json\"");
        let untyped = JSON.replace("application/json", "text/plain");
        let missing = "Multipart message must include a non-binary part";
        for (parts, expected) in [
            (
                vec![JSON, BLOB, BLOB],
                "Cannot include more than one binary part",
            ),
            (vec![named.as_str(), BLOB], missing),
            (vec![named.as_str()], missing),
            (vec![untyped.as_str(), BLOB], missing),
            (
                vec![JSON, JSON],
                "Cannot include more than one non-binary part",
            ),
            (vec![JSON], "Multipart message must include a binary part"),
            (
                vec!["\r\n\r\n"],
                "A part of the multipart message has no headers",
            ),
            (
                vec!["no headers", BLOB],
                "A part of the multipart message has no headers",
            ),
        ] {
            let body = message(&parts);
            let error = read(&body, body.len()).await.unwrap_err();
            assert_eq!(error.items()[0].message, expected);
            assert_eq!(error.items()[0].code, "INVALID_MULTIPART_REQUEST");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        for content_type in ["multipart/form-data", &long] {
            let body = Body::from(message(&[JSON, BLOB]));
            let blobs = Blobs::default();
            let upload = Upload::read(content_type, body, 1_000, &blobs).await;
            assert!(upload.is_err());
        }
        let body = Body::from(message(&[JSON, BLOB]));
        let upload = Upload::read(TYPE, body, 100, &Blobs::default()).await;
        assert_eq!(upload.unwrap_err().status(), 413);
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_body_is_read_or_refused(
            at in 0_usize..200,
            byte: u8,
            end in 0_usize..250,
            piece in 1_usize..80,
        ) {
            let mut body = message(&[JSON, BLOB]);
            let at = at % body.len();
            body[at] = byte;
            body.truncate(end);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let whole = runtime.block_on(read(&body, body.len().max(1)));
            let pieces = runtime.block_on(read(&body, piece));
            proptest::prop_assert_eq!(whole.is_ok(), pieces.is_ok());
            if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
                proptest::prop_assert_eq!(contents(&whole), contents(&pieces));
            }
        }
    }
}
