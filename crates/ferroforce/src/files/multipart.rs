//! A record and its file in one body.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::HeaderValue;

use crate::error::{Error, Result};
use crate::transport::Body;

/// What stands before and behind the file.
#[derive(Debug, Clone)]
pub(super) struct Multipart {
    boundary: String,
    head: Bytes,
    tail: Bytes,
}

impl Multipart {
    pub(super) fn new(
        record: &Bytes,
        field: &str,
        file_name: &str,
        content_type: &str,
    ) -> Result<Self> {
        let plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        };
        if !plain(content_type) {
            return Err(Error::invalid_input(
                "the content type of the file makes no header",
            ));
        }
        if file_name.is_empty() {
            return Err(Error::invalid_input("the file has no name"));
        }
        // So long that no file holds it by chance.
        let boundary = format!("ferroforce-{:032x}", fastrand::u128(..));
        let mut head = Vec::with_capacity(record.len() + 512);
        // Salesforce refuses a file name on the part of the record.
        head.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"entity_content\"\r\n\
                 Content-Type: application/json\r\n\r\n"
            )
            .as_bytes(),
        );
        head.extend_from_slice(record);
        head.extend_from_slice(
            format!(
                "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; \
                 filename=\"{}\"\r\nContent-Type: {content_type}\r\n\r\n",
                quoted(field),
                quoted(file_name),
            )
            .as_bytes(),
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        Ok(Self {
            boundary,
            head: head.into(),
            tail: tail.into(),
        })
    }

    pub(super) fn content_type(&self) -> Result<HeaderValue> {
        let value = format!("multipart/form-data; boundary=\"{}\"", self.boundary);
        HeaderValue::try_from(value).map_err(|error| {
            Error::invalid_input("the boundary makes no header").with_source(error)
        })
    }

    /// The body, with the file in its place.
    pub(super) fn around(&self, file: Body) -> Body {
        let frame = [&self.head, &self.tail].map(|part| u64::try_from(part.len()).unwrap_or(0));
        let length = file.length().map(|file| file + frame[0] + frame[1]);
        let part = |bytes: &Bytes| stream::iter([Ok(bytes.clone())]);
        let body = Body::stream(part(&self.head).chain(file).chain(part(&self.tail)));
        match length {
            Some(length) => body.with_length(length),
            None => body,
        }
    }
}

/// As browsers write names: what would end the name is percent-encoded.
fn quoted(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' => quoted.push_str("%22"),
            '\r' => quoted.push_str("%0D"),
            '\n' => quoted.push_str("%0A"),
            other => quoted.push(other),
        }
    }
    quoted
}
