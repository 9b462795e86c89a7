//! Reading the envelope of a SOAP request.

use quick_xml::NsReader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

use crate::auth::secret::Secret;

const SOAP_ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// The largest `login()` request that is read, in bytes; Salesforce's own limit.
const LOGIN_LIMIT: usize = 10 * 1024;

/// Elements may be nested this deep; `login()` needs four levels.
const DEPTH_LIMIT: usize = 32;

/// What a SOAP request asks for.
#[derive(Debug)]
pub(crate) enum Call {
    Login(Login),
    Logout(Logout),
    Password(Password),
    /// Any other operation, by its namespace and name.
    Other {
        namespace: String,
        operation: String,
    },
}

/// The arguments of `login()`.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) namespace: String,
    pub(crate) username: String,
    pub(crate) password: Secret,
    /// From the `LoginScopeHeader`.
    pub(crate) organization_id: Option<String>,
}

/// What `logout()` needs.
#[derive(Debug)]
pub(crate) struct Logout {
    pub(crate) namespace: String,
    /// From the `SessionHeader`.
    pub(crate) session_id: Secret,
}

/// The arguments of `setPassword()`, and of `resetPassword()`, which has no password.
#[derive(Debug)]
pub(crate) struct Password {
    pub(crate) namespace: String,
    /// From the `SessionHeader`.
    pub(crate) session_id: Secret,
    pub(crate) user_id: String,
    pub(crate) password: Option<Secret>,
}

/// Why a body is no SOAP request; the text goes into the fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

impl Malformed {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Reads a SOAP 1.1 envelope.
///
/// Only the five entities of XML and character references are resolved, and a document type is
/// refused, so nothing in a request can expand.
///
/// # Errors
///
/// If the text is not well-formed XML, no SOAP 1.1 envelope, or too deeply nested.
pub(crate) fn parse(body: &[u8]) -> Result<Call, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::new("the request is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut envelope = Envelope::default();
    let mut path: Vec<(String, String)> = Vec::new();
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|error| Malformed::new(error.to_string()))?;
        match event {
            Event::Start(element) => {
                let namespace = match namespace {
                    ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
                    ResolveResult::Unbound => String::new(),
                    ResolveResult::Unknown(prefix) => {
                        return Err(Malformed::new(format!(
                            "the prefix '{prefix}' is not bound"
                        )));
                    }
                };
                if path.len() == DEPTH_LIMIT {
                    return Err(Malformed::new("elements are nested too deeply"));
                }
                path.push((namespace, element.local_name().as_ref().to_owned()));
                envelope.enter(&path)?;
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(text) => envelope.text(&path, &text.xml10_content()),
            Event::CData(text) => envelope.text(&path, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref();
                match character.map_err(|error| Malformed::new(error.to_string()))? {
                    Some(character) => envelope.text(&path, character.encode_utf8(&mut [0; 4])),
                    None => match resolve_xml_entity(&reference) {
                        Some(text) => envelope.text(&path, text),
                        None => return Err(Malformed::new("the request uses an unknown entity")),
                    },
                }
            }
            Event::DocType(_) => {
                return Err(Malformed::new("a request must not have a document type"));
            }
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !path.is_empty() {
        return Err(Malformed::new(
            "the request ends in the middle of an element",
        ));
    }
    envelope.into_call(body.len())
}

/// What has been read of an envelope so far.
#[derive(Default)]
struct Envelope {
    operation: Option<(String, String)>,
    username: Option<String>,
    password: Option<String>,
    organization_id: Option<String>,
    session_id: Option<String>,
    user_id: Option<String>,
}

impl Envelope {
    fn enter(&mut self, path: &[(String, String)]) -> Result<(), Malformed> {
        match path {
            [root] if !is_soap(root, "Envelope") => {
                Err(Malformed::new("the request is not a SOAP 1.1 envelope"))
            }
            [_, part, operation] if is_soap(part, "Body") => {
                if self.operation.is_some() {
                    return Err(Malformed::new("the request holds more than one operation"));
                }
                self.operation = Some(operation.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn text(&mut self, path: &[(String, String)], text: &str) {
        let value = match path {
            [_, part, (_, operation), (_, argument)] if is_soap(part, "Body") => {
                match (operation.as_str(), argument.as_str()) {
                    ("login", "username") => &mut self.username,
                    ("login" | "setPassword", "password") => &mut self.password,
                    ("setPassword" | "resetPassword", "userId") => &mut self.user_id,
                    _ => return,
                }
            }
            [_, part, (_, header), (_, field)] if is_soap(part, "Header") => {
                match (header.as_str(), field.as_str()) {
                    ("LoginScopeHeader", "organizationId") => &mut self.organization_id,
                    ("SessionHeader", "sessionId") => &mut self.session_id,
                    _ => return,
                }
            }
            _ => return,
        };
        value.get_or_insert_default().push_str(text);
    }

    fn into_call(self, size: usize) -> Result<Call, Malformed> {
        let (namespace, operation) = self
            .operation
            .ok_or_else(|| Malformed::new("the request holds no operation"))?;
        let session_id = Secret::from(self.session_id.unwrap_or_default().trim());
        if operation == "logout" {
            return Ok(Call::Logout(Logout {
                namespace,
                session_id,
            }));
        }
        if operation == "setPassword" || operation == "resetPassword" {
            let sets = operation == "setPassword";
            return Ok(Call::Password(Password {
                namespace,
                session_id,
                user_id: self.user_id.unwrap_or_default().trim().to_owned(),
                password: sets.then(|| Secret::from(self.password.unwrap_or_default())),
            }));
        }
        if operation != "login" {
            return Ok(Call::Other {
                namespace,
                operation,
            });
        }
        if size > LOGIN_LIMIT {
            return Err(Malformed::new("a login request may have at most 10 KB"));
        }
        Ok(Call::Login(Login {
            namespace,
            username: self.username.unwrap_or_default(),
            password: Secret::from(self.password.unwrap_or_default()),
            organization_id: self.organization_id,
        }))
    }
}

fn is_soap((namespace, name): &(String, String), expected: &str) -> bool {
    namespace == SOAP_ENVELOPE && name == expected
}

#[cfg(test)]
mod tests;
