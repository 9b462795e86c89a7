//! Records with a blob: `multipart/form-data` of a JSON part and a binary one.

use super::request::ApiRequest;
use super::rows::json_body;
use crate::error::ApiError;

/// How long a boundary may be.
const LONGEST_BOUNDARY: usize = 70;

/// A record and its blob, as they lie in the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Multipart<'b> {
    /// The fields of the record.
    pub(super) json: &'b [u8],
    /// The name of the field that holds the blob.
    pub(super) field: &'b str,
    pub(super) blob: &'b [u8],
}

/// JSON and any number of blobs, as they lie in the body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload<'b> {
    pub(crate) json: &'b [u8],
    /// The blobs by the names of their parts.
    pub(crate) blobs: Vec<(&'b str, &'b [u8])>,
}

/// One part of the body.
struct Part<'b> {
    name: &'b str,
    /// A part with one is binary, whatever its content type says.
    has_filename: bool,
    is_json: bool,
    body: &'b [u8],
}

impl<'b> Multipart<'b> {
    /// Reads a body. The JSON part may have any name, but no filename; the binary one has the
    /// name of its field, and a filename. They may come in any order.
    pub(super) fn parse(content_type: &str, body: &'b [u8]) -> Result<Self, ApiError> {
        let Upload { json, blobs } = Upload::parse(content_type, body)?;
        match *blobs.as_slice() {
            [(field, blob)] => Ok(Self { json, field, blob }),
            [] => Err(invalid("Multipart message must include a binary part")),
            _ => Err(invalid("Cannot include more than one binary part")),
        }
    }
}

impl<'b> Upload<'b> {
    /// Reads a body with one part that is JSON and has no filename; all with a filename are
    /// blobs.
    pub(crate) fn parse(content_type: &str, body: &'b [u8]) -> Result<Self, ApiError> {
        let boundary = parameter(content_type, "boundary")
            .filter(|boundary| !boundary.is_empty() && boundary.len() <= LONGEST_BOUNDARY)
            .ok_or_else(|| {
                invalid("The content type must have a boundary of at most 70 characters")
            })?;
        let (mut json, mut blobs) = (None, Vec::new());
        for part in parts(boundary, body)? {
            let part = Part::read(part)?;
            if part.has_filename {
                blobs.push((part.name, part.body));
            } else if part.is_json && json.replace(part.body).is_some() {
                return Err(invalid("Cannot include more than one non-binary part"));
            }
        }
        let json =
            json.ok_or_else(|| invalid("Multipart message must include a non-binary part"))?;
        Ok(Self { json, blobs })
    }

    /// Reads the body of a request that is JSON alone, or JSON and blobs.
    pub(crate) fn of(request: &'b ApiRequest) -> Result<Self, ApiError> {
        if request.is_multipart() {
            let content_type = request.header("content-type").unwrap_or_default();
            return Self::parse(content_type, &request.body);
        }
        Ok(Self {
            json: json_body(request)?,
            blobs: Vec::new(),
        })
    }

    /// The blob with this name.
    pub(crate) fn blob(&self, name: &str) -> Result<&'b [u8], ApiError> {
        let blob = self.blobs.iter().find(|(known, _)| *known == name);
        blob.map(|&(_, blob)| blob)
            .ok_or_else(|| invalid("The multipart message has no part with the binaryPartName"))
    }
}

impl<'b> Part<'b> {
    fn read(part: &'b [u8]) -> Result<Self, ApiError> {
        let headless = || invalid("A part of the multipart message has no headers");
        let end = find(part, b"\r\n\r\n").ok_or_else(headless)?;
        let (head, body) = (&part[..end], &part[end + 4..]);
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
            name: parameter(disposition, "name").unwrap_or_default(),
            has_filename: parameter(disposition, "filename").is_some(),
            is_json: content_type
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")),
            body,
        })
    }
}

/// What stands between the boundaries, each without the line ends around it.
fn parts<'b>(boundary: &str, body: &'b [u8]) -> Result<Vec<&'b [u8]>, ApiError> {
    let cut_off = || invalid("The multipart message does not end with its boundary");
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let start = if body.starts_with(opening.as_bytes()) {
        opening.len()
    } else {
        // What stands before the first boundary is nothing to anybody.
        find(body, between.as_bytes()).ok_or_else(cut_off)? + between.len()
    };
    let mut rest = &body[start..];
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let line_end = find(rest, b"\r\n").ok_or_else(cut_off)?;
        rest = &rest[line_end + 2..];
        let end = find(rest, between.as_bytes()).ok_or_else(cut_off)?;
        parts.push(&rest[..end]);
        rest = &rest[end + between.len()..];
    }
    Ok(parts)
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

fn invalid(message: &'static str) -> ApiError {
    ApiError::bad_request("INVALID_MULTIPART_REQUEST", message)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_record_and_a_blob_come_in_any_order() {
        let expected = Multipart {
            json: b"{}",
            field: "Body",
            blob: b"\r\n--b;\r\n",
        };
        for parts in [[JSON, BLOB], [BLOB, JSON]] {
            assert_eq!(Multipart::parse(TYPE, &message(&parts)), Ok(expected));
        }
        let mut late = b"ignored\r\n".to_vec();
        late.extend(message(&[JSON, BLOB]));
        assert_eq!(Multipart::parse(TYPE, &late), Ok(expected));
    }

    #[test]
    fn what_is_not_one_of_each_is_refused() {
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
        ] {
            let body = message(&parts);
            let error = Multipart::parse(TYPE, &body).unwrap_err();
            assert_eq!(error.items()[0].message, expected);
            assert_eq!(error.items()[0].code, "INVALID_MULTIPART_REQUEST");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        for content_type in ["multipart/form-data", &long] {
            assert!(Multipart::parse(content_type, &message(&[JSON, BLOB])).is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_body_is_read_or_refused(at in 0_usize..200, byte: u8, end in 0_usize..250) {
            let mut body = message(&[JSON, BLOB]);
            let at = at % body.len();
            body[at] = byte;
            body.truncate(end);
            let _ = Multipart::parse(TYPE, &body);
        }
    }
}
