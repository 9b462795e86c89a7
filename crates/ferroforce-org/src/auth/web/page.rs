//! What pages look like: small, plain, without anything from elsewhere.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, StatusCode, header};
use quick_xml::escape::escape;

use super::browser::Browser;
use crate::auth::ORGANIZATION_NAME;
use crate::auth::oauth::OAuthError;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:10vh auto;padding:0 1rem}\
label{display:block;margin-top:1rem}\
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}\
button{font:inherit;margin:1.5rem .5rem 0 0;padding:.5rem 1.25rem}\
[role=alert]{border-left:.3rem solid #b3261e;padding-left:.75rem}";

/// The only style that a browser takes.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(digest(&SHA256, STYLE.as_bytes())));

/// A page that is being written. Whatever is put into it is escaped.
#[derive(Debug)]
pub(super) struct Page {
    title: String,
    body: String,
    status: StatusCode,
    /// Where its forms may lead, besides to this org: a scheme.
    leads_to: Option<String>,
    cookie: Option<HeaderValue>,
}

impl Page {
    pub(super) fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            body: String::new(),
            status: StatusCode::OK,
            leads_to: None,
            cookie: None,
        }
    }

    /// A page that tells of an error, in the words in which programs are told.
    pub(super) fn of_error(error: &OAuthError) -> Self {
        let (code, description) = error.parts();
        Self::new("Sign-in failed")
            .alert(&format!("error={code}: {description}"))
            .status(error.status())
    }

    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.body += &format!("<p>{}</p>", escape(text));
        self
    }

    /// A text that is read out at once.
    pub(super) fn alert(mut self, text: &str) -> Self {
        self.body += &format!("<p role=\"alert\">{}</p>", escape(text));
        self
    }

    pub(super) fn list<'a>(mut self, items: impl IntoIterator<Item = &'a str>) -> Self {
        self.body += "<ul>";
        for item in items {
            self.body += &format!("<li>{}</li>", escape(item));
        }
        self.body += "</ul>";
        self
    }

    /// A form that is sent to `action`, with the proof that it was on a page of this browser's.
    pub(super) fn form(mut self, action: &str, token: &str, form: &FormOfPage) -> Self {
        let hidden = hidden(super::browser::FORM_TOKEN, token);
        self.body += &format!(
            "<form method=\"post\" action=\"{}\">{hidden}{}</form>",
            escape(action),
            form.0
        );
        self
    }

    /// Lets forms lead to a URL elsewhere, by redirects.
    pub(super) fn leads_to(mut self, url: &str) -> Self {
        self.leads_to = url.split_once(':').map(|(scheme, _)| scheme.to_owned());
        self
    }

    /// Gives a browser that is new here its cookie.
    pub(super) fn to(mut self, browser: &Browser) -> Self {
        self.cookie = browser.new_cookie();
        self
    }
}

/// What is in a form.
#[derive(Debug, Default)]
pub(super) struct FormOfPage(String);

impl FormOfPage {
    pub(super) fn hidden(mut self, name: &str, value: &str) -> Self {
        self.0 += &hidden(name, value);
        self
    }

    /// A field with its label; its id is its name.
    pub(super) fn field(mut self, label: &str, name: &str, value: &str, attributes: &str) -> Self {
        let (label, value) = (escape(label), escape(value));
        self.0 += &format!(
            "<label for=\"{name}\">{label}</label>\
             <input id=\"{name}\" name=\"{name}\" value=\"{value}\" {attributes} required>"
        );
        self
    }

    /// A button that says `name=value`.
    pub(super) fn button(mut self, id: &str, name: &str, value: &str, text: &str) -> Self {
        self.0 += &format!(
            "<button id=\"{id}\" name=\"{name}\" value=\"{value}\">{}</button>",
            escape(text)
        );
        self
    }
}

fn hidden(name: &str, value: &str) -> String {
    let value = escape(value);
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let title = escape(self.title.as_str());
        let body = self.body;
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title} | {ORGANIZATION_NAME}</title><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1>{body}</main></body></html>"
        );
        // A form's redirects are held against `form-action` too.
        let elsewhere = self.leads_to.map(|scheme| format!(" {scheme}:"));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{}; \
             frame-ancestors 'none'; base-uri 'none'",
            *STYLE_HASH,
            elsewhere.unwrap_or_default()
        );
        let headers = [
            (header::CONTENT_TYPE, "text/html;charset=UTF-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_FRAME_OPTIONS, "DENY"),
            // Without an origin of its own a browser would not say where a form comes from.
            (header::REFERRER_POLICY, "same-origin"),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                "same-origin",
            ),
        ];
        let mut response = (self.status, headers, html).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let Some(cookie) = self.cookie {
            headers.insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn whatever_is_put_into_a_page_is_text() {
        let evil = "<script>'\"&";
        let form = FormOfPage::default()
            .hidden("a", evil)
            .field(evil, "b", evil, "")
            .button("c", "d", "e", evil);
        let page = Page::new(evil)
            .text(evil)
            .alert(evil)
            .list([evil])
            .form(evil, evil, &form);
        let response = page.into_response();
        let html = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let html = String::from_utf8(html.to_vec()).unwrap();
        assert!(
            !html.contains("<script>") && !html.contains("'\""),
            "{html}"
        );
        assert_eq!(html.matches("&lt;script&gt;").count(), 11, "{html}");
    }

    #[test]
    fn a_page_takes_nothing_from_elsewhere_and_leads_where_it_says() {
        let policy = |page: Page| {
            let response = page.into_response();
            let policy = &response.headers()[header::CONTENT_SECURITY_POLICY];
            policy.to_str().unwrap().to_owned()
        };
        let plain = policy(Page::new("a"));
        assert!(plain.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(plain.contains("form-action 'self'; frame-ancestors 'none'"));
        let leading = policy(Page::new("a").leads_to("myapp://done?x=;'*'"));
        assert!(leading.contains("form-action 'self' myapp:; "), "{leading}");
    }
}
