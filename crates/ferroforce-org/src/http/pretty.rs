//! JSON as Jackson prints it when it is asked for `X-PrettyPrint`.

/// Prints compact JSON prettily: two spaces per level, a space on both sides of a colon, and
/// elements of an array on one line as far as their brackets go.
pub(super) fn pretty(compact: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(compact.len() * 2);
    let mut depth = 0_usize;
    // How many of the open brackets are objects: only those indent.
    let mut open = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    for (at, &byte) in compact.iter().enumerate() {
        if in_string {
            out.push(byte);
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => {
                in_string = true;
                out.push(byte);
            }
            b'{' | b'[' => {
                open.push(byte);
                out.push(byte);
                let empty = matches!(compact.get(at + 1), Some(b'}' | b']'));
                if byte == b'[' || empty {
                    out.push(b' ');
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                open.pop();
                let empty = matches!(out.as_slice(), [.., b'{' | b'[', b' ']);
                if byte == b'}' && !empty {
                    depth = depth.saturating_sub(1);
                    new_line(&mut out, depth);
                } else if !empty {
                    out.push(b' ');
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                if open.last() == Some(&b'{') {
                    new_line(&mut out, depth);
                } else {
                    out.push(b' ');
                }
            }
            b':' => out.extend_from_slice(b" : "),
            _ => out.push(byte),
        }
    }
    out
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + depth * 2, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_jacksons() {
        for (compact, expected) in [
            ("[]", "[ ]"),
            ("{}", "{ }"),
            (r#"{"a":[],"b":{}}"#, "{\n  \"a\" : [ ],\n  \"b\" : { }\n}"),
            (
                r#"[{"id":"1","errors":[]},{"id":"2","errors":["x","y"]}]"#,
                "[ {\n  \"id\" : \"1\",\n  \"errors\" : [ ]\n}, {\n  \"id\" : \"2\",\n  \"errors\" : [ \"x\", \"y\" ]\n} ]",
            ),
            (
                r#"{"records":[{"attributes":{"type":"A"},"n":1.5}]}"#,
                "{\n  \"records\" : [ {\n    \"attributes\" : {\n      \"type\" : \"A\"\n    },\n    \"n\" : 1.5\n  } ]\n}",
            ),
            (r#""{\"a\":[\\\\,]}""#, r#""{\"a\":[\\\\,]}""#),
        ] {
            let printed = String::from_utf8(pretty(compact.as_bytes())).unwrap();
            assert_eq!(printed, expected);
        }
    }
}
