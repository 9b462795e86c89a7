//! What a browser is shown when it comes back.

use std::fmt::Write as _;

/// A page of a title and a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    status: &'static str,
    title: &'static str,
    text: String,
}

impl Page {
    pub(crate) fn new(title: &'static str, text: impl Into<String>) -> Self {
        Self {
            status: "200 OK",
            title,
            text: text.into(),
        }
    }

    pub(crate) fn failure(title: &'static str, text: impl Into<String>) -> Self {
        Self {
            status: "400 Bad Request",
            ..Self::new(title, text)
        }
    }

    pub(super) fn missing() -> Self {
        Self {
            status: "404 Not Found",
            ..Self::new("Not found", "There is nothing here.")
        }
    }

    /// The whole answer. Its page runs nothing, asks for nothing and is kept nowhere.
    pub(super) fn answer(&self) -> String {
        let (title, text) = (escaped(self.title), escaped(&self.text));
        let body = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <title>{title}</title></head><body style=\"font: 1.1em sans-serif; margin: 4em auto; \
             max-width: 36em\"><h1>{title}</h1><p>{text}</p></body></html>"
        );
        format!(
            "HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; \
             frame-ancestors 'none'\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
             X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
            self.status,
            body.len()
        )
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Nothing but text is meant to be here.
            control if control.is_control() => {
                let _ = write!(out, "&#{};", u32::from('\u{fffd}'));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_text_and_nothing_else() {
        let page = Page::failure(
            "Sign-in failed",
            "<script>\"a\" & 'b'</script>\r\nSet-Cookie: x",
        );
        let answer = page.answer();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!body.contains("<script>") && !body.contains('\r'), "{body}");
        assert!(body.contains("&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;"));
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        assert!(head.starts_with("HTTP/1.1 400 ") && !head.contains("Set-Cookie"));
        assert!(head.contains("default-src 'none'"));
    }
}
