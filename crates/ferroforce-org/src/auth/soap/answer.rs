//! Writing the envelopes of SOAP answers.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use quick_xml::escape::partial_escape;

use crate::auth::directory::Member;
use crate::auth::origin::Origin;
use crate::id::RecordId;

/// The two flavours of the SOAP API, each with its own namespaces and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Enterprise,
    Partner,
}

impl Flavour {
    pub(crate) fn of(segment: &str) -> Option<Self> {
        [Self::Enterprise, Self::Partner]
            .into_iter()
            .find(|flavour| flavour.segment() == segment)
    }

    /// The segment after `/services/Soap/`.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::Enterprise => "c",
            Self::Partner => "u",
        }
    }

    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Enterprise => "urn:enterprise.soap.sforce.com",
            Self::Partner => "urn:partner.soap.sforce.com",
        }
    }

    fn fault_namespace(self) -> &'static str {
        match self {
            Self::Enterprise => "urn:fault.enterprise.soap.sforce.com",
            Self::Partner => "urn:fault.partner.soap.sforce.com",
        }
    }
}

/// What the answer to a successful `login()` tells.
pub(crate) struct LoggedIn<'a> {
    /// Scheme and host that the request came by.
    pub(crate) origin: &'a Origin,
    pub(crate) version: &'a str,
    pub(crate) organization_id: RecordId,
    pub(crate) organization_name: &'a str,
    pub(crate) member: &'a Member,
    pub(crate) session_id: &'a str,
    pub(crate) seconds_valid: u64,
}

impl LoggedIn<'_> {
    /// The whole envelope, its elements in the order of the WSDL.
    pub(crate) fn envelope(&self, flavour: Flavour) -> String {
        let Self {
            version, member, ..
        } = self;
        let origin = self.origin.instance_url();
        let user = &member.user;
        let short_id = self.organization_id.short();
        let mut xml = Xml::new(&format!(r#"xmlns="{}""#, flavour.namespace()));
        xml.open("loginResponse");
        xml.open("result");
        xml.element(
            "metadataServerUrl",
            &format!("{origin}/services/Soap/m/{version}/{short_id}"),
        );
        xml.flag("passwordExpired", user.password_expired);
        xml.flag("sandbox", false);
        let segment = flavour.segment();
        xml.element(
            "serverUrl",
            &format!("{origin}/services/Soap/{segment}/{version}/{short_id}"),
        );
        xml.element("sessionId", self.session_id);
        xml.element("userId", member.id.as_str());
        xml.open("userInfo");
        xml.flag("accessibilityMode", false);
        xml.element("currencySymbol", "$");
        xml.element("orgAttachmentFileSizeLimit", "5242880");
        xml.element("orgDefaultCurrencyIsoCode", "USD");
        xml.flag("orgDisallowHtmlAttachments", false);
        xml.flag("orgHasPersonAccounts", false);
        xml.element("organizationId", self.organization_id.as_str());
        xml.flag("organizationMultiCurrency", false);
        xml.element("organizationName", self.organization_name);
        xml.element("profileId", member.profile_id.as_str());
        xml.optional("roleId", user.role_id.as_deref());
        xml.element("sessionSecondsValid", &self.seconds_valid.to_string());
        xml.optional("userDefaultCurrencyIsoCode", None);
        xml.element("userEmail", user.email_address());
        xml.element("userFullName", &user.full_name());
        xml.element("userId", member.id.as_str());
        xml.element("userLanguage", &user.language);
        xml.element("userLocale", &user.locale);
        xml.element("userName", &user.username);
        xml.element("userTimeZone", &user.time_zone);
        xml.element("userType", "Standard");
        xml.element("userUiSkin", "Theme3");
        xml.close("userInfo");
        xml.close("result");
        xml.close("loginResponse");
        xml.finish()
    }
}

/// The answer to an operation that has nothing to tell.
pub(crate) fn empty_answer(flavour: Flavour, name: &str) -> String {
    let mut xml = Xml::new(&format!(r#"xmlns="{}""#, flavour.namespace()));
    xml.element(name, "");
    xml.finish()
}

/// The answer of `setPassword()` and, with the password, of `resetPassword()`.
pub(crate) fn password_answer(flavour: Flavour, chosen: Option<&str>) -> String {
    let mut xml = Xml::new(&format!(r#"xmlns="{}""#, flavour.namespace()));
    let name = match chosen {
        Some(_) => "resetPasswordResponse",
        None => "setPasswordResponse",
    };
    xml.open(name);
    xml.open("result");
    if let Some(password) = chosen {
        xml.element("password", password);
    }
    xml.close("result");
    xml.close(name);
    xml.finish()
}

/// The most characters of a message that repeats what was sent.
const MESSAGE_LIMIT: usize = 500;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    kind: FaultKind,
    code: String,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultKind {
    /// Refused by `login()`.
    Login,
    /// Refused by any operation.
    Unexpected,
    /// The message itself is wrong: a fault without detail.
    Client,
}

impl Fault {
    pub(crate) fn login(code: &str, message: &str) -> Self {
        Self {
            kind: FaultKind::Login,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// A fault that any operation may give.
    pub(crate) fn unexpected(code: &str, message: &str) -> Self {
        Self {
            kind: FaultKind::Unexpected,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// The message may repeat what was sent; what XML can't hold is left out of it.
    pub(crate) fn client(message: &str) -> Self {
        Self {
            kind: FaultKind::Client,
            code: "Client".to_owned(),
            message: message
                .chars()
                .filter(|c| !c.is_control())
                .take(MESSAGE_LIMIT)
                .collect(),
        }
    }

    /// The whole envelope.
    pub(crate) fn envelope(&self, flavour: Flavour) -> String {
        let class = match self.kind {
            FaultKind::Login => "LoginFault",
            FaultKind::Unexpected => "UnexpectedErrorFault",
            FaultKind::Client => return self.client_envelope(),
        };
        let mut xml = Xml::new(&format!(r#"xmlns:sf="{}""#, flavour.fault_namespace()));
        xml.open("soapenv:Fault");
        xml.element("faultcode", &format!("sf:{}", self.code));
        xml.element("faultstring", &format!("{}: {}", self.code, self.message));
        xml.open("detail");
        xml.raw(&format!(r#"<sf:{class} xsi:type="sf:{class}">"#));
        xml.element("sf:exceptionCode", &self.code);
        xml.element("sf:exceptionMessage", &self.message);
        xml.close(&format!("sf:{class}"));
        xml.close("detail");
        xml.close("soapenv:Fault");
        xml.finish()
    }

    fn client_envelope(&self) -> String {
        let mut xml = Xml::new("");
        xml.open("soapenv:Fault");
        xml.element("faultcode", "soapenv:Client");
        xml.element("faultstring", &self.message);
        xml.close("soapenv:Fault");
        xml.finish()
    }

    /// HTTP 500, as SOAP 1.1 asks for and Salesforce does.
    pub(crate) fn response(&self, flavour: Flavour) -> Response {
        envelope_response(StatusCode::INTERNAL_SERVER_ERROR, self.envelope(flavour))
    }
}

/// An envelope as an HTTP answer.
pub(crate) fn envelope_response(status: StatusCode, envelope: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "text/xml;charset=UTF-8")],
        envelope,
    )
        .into_response()
}

/// An envelope being written.
struct Xml(String);

impl Xml {
    fn new(namespaces: &str) -> Self {
        let gap = if namespaces.is_empty() { "" } else { " " };
        Self(format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"{gap}{namespaces} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>"#
        ))
    }

    fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn open(&mut self, name: &str) {
        // Writing to a String can't fail.
        let _ = write!(self.0, "<{name}>");
    }

    fn close(&mut self, name: &str) {
        let _ = write!(self.0, "</{name}>");
    }

    fn element(&mut self, name: &str, value: &str) {
        let _ = write!(self.0, "<{name}>{}</{name}>", partial_escape(value));
    }

    fn flag(&mut self, name: &str, value: bool) {
        self.element(name, if value { "true" } else { "false" });
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.element(name, value),
            None => self.raw(&format!(r#"<{name} xsi:nil="true"/>"#)),
        }
    }

    fn finish(mut self) -> String {
        self.raw("</soapenv:Body></soapenv:Envelope>");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    /// All text of a document, which must be well-formed.
    fn text_of(xml: &str) -> String {
        let mut reader = Reader::from_str(xml);
        let mut text = String::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Text(part) => text.push_str(&part),
                Event::GeneralRef(name) => {
                    text.push_str(quick_xml::escape::resolve_xml_entity(&name).unwrap());
                }
                Event::Eof => return text,
                _ => {}
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_was_sent_makes_a_well_formed_fault(message in any::<String>()) {
            let text = text_of(&Fault::client(&message).envelope(Flavour::Partner));
            let kept: String = message.chars().filter(|c| !c.is_control()).take(500).collect();
            prop_assert_eq!(text, format!("soapenv:Client{kept}"));
        }
    }
}
