//! What somebody needs to know to use a running org.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use ferroforce_org::LocalOrg;
use serde::Serialize;

use crate::style::{FAINT, GOOD, HEADING, STRONG};

/// Addresses and credentials; its JSON is a contract with scripts.
#[derive(Serialize)]
pub(super) struct Invitation<'a> {
    url: String,
    tls_url: Option<String>,
    org_id: &'a str,
    user_id: &'a str,
    username: &'a str,
    password: &'a str,
    security_token: &'a str,
    client_id: &'a str,
    client_secret: Option<&'a str>,
    callback_url: Option<&'a str>,
    private_key_file: Option<PathBuf>,
    tls_cert_file: Option<PathBuf>,
    access_token: &'a str,
    refresh_token: &'a str,
    admin_token: &'a str,
}

impl<'a> Invitation<'a> {
    pub(super) fn to(org: &'a LocalOrg) -> anyhow::Result<Self> {
        let private_key_file = org
            .private_key_file()
            .context("the key that signs JWTs can't be written")?;
        Ok(Self {
            url: org.url(),
            tls_url: org.tls_url(),
            org_id: org.org_id(),
            user_id: org.user_id(),
            username: org.username(),
            password: org.password(),
            security_token: org.security_token(),
            client_id: org.client_id(),
            client_secret: org.client_secret(),
            callback_url: org.callback_url(),
            private_key_file,
            tls_cert_file: org.tls_cert_file().map(Into::into),
            access_token: org.access_token(),
            refresh_token: org.refresh_token(),
            admin_token: org.admin_token(),
        })
    }
}

impl fmt::Display for Invitation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, .. } = self;
        writeln!(
            f,
            "{GOOD}A local Salesforce org is running{GOOD:#} at {STRONG}{url}{STRONG:#}\n"
        )?;
        if let Some(tls_url) = &self.tls_url {
            line(f, "with TLS", tls_url)?;
        }
        if let Some(file) = &self.tls_cert_file {
            line(f, "certificate", &file.display())?;
        }
        line(f, "username", &self.username)?;
        line(f, "password", &self.password)?;
        line(f, "security token", &self.security_token)?;
        line(f, "client id", &self.client_id)?;
        if let Some(secret) = self.client_secret {
            line(f, "client secret", &secret)?;
        }
        if let Some(url) = self.callback_url {
            line(f, "callback URL", &url)?;
        }
        if let Some(file) = &self.private_key_file {
            line(f, "private key", &file.display())?;
        }
        line(f, "admin token", &self.admin_token)?;

        heading(f, "Ask it something")?;
        writeln!(
            f,
            "  curl '{url}/services/data/v66.0/query?q=SELECT+Id,Name+FROM+User' \\\n    \
             -H 'Authorization: Bearer {}'",
            self.access_token
        )?;

        heading(f, "Use it from Rust")?;
        let flow = match self.client_secret {
            Some(secret) => format!("ClientCredentials::new({:?}, {secret:?})", self.client_id),
            None => format!(
                "SoapLogin::new({:?}, {:?}).security_token({:?})",
                self.username, self.password, self.security_token
            ),
        };
        writeln!(f, "  let auth = {flow};")?;
        writeln!(
            f,
            "  let salesforce = Salesforce::builder(auth).org_url({url:?}).build()?;"
        )?;

        heading(
            f,
            "Let something go wrong: the next request is answered by a 503",
        )?;
        writeln!(
            f,
            "  curl {url}/__org/faults -H 'X-Org-Admin-Token: {}' \\\n    \
             -d '{{\"effect\": {{\"kind\": \"error\", \"status\": 503, \
             \"code\": \"SERVER_UNAVAILABLE\", \"message\": \"try again\"}}}}'",
            self.admin_token
        )?;
        writeln!(f, "\n{FAINT}Ctrl-C stops it.{FAINT:#}")
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display) -> fmt::Result {
    writeln!(f, "  {FAINT}{name:<16}{FAINT:#}{value}")
}

fn heading(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "\n{HEADING}{text}{HEADING:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_things_are_null_in_json_and_missing_in_text() {
        let invitation = Invitation {
            url: "http://127.0.0.1:1".to_owned(),
            tls_url: None,
            org_id: "00D",
            user_id: "005",
            username: "ada@example.com",
            password: "pass\"word",
            security_token: "token",
            client_id: "app",
            client_secret: None,
            callback_url: None,
            private_key_file: None,
            tls_cert_file: None,
            access_token: "00D!x",
            refresh_token: "5Aep",
            admin_token: "admin",
        };
        let json = serde_json::to_value(&invitation).unwrap();
        for name in [
            "tls_url",
            "client_secret",
            "callback_url",
            "private_key_file",
            "tls_cert_file",
        ] {
            assert!(json[name].is_null() && json.get(name).is_some(), "{name}");
        }
        let text = anstream::adapter::strip_str(&invitation.to_string()).to_string();
        assert!(
            text.contains(
                r#"SoapLogin::new("ada@example.com", "pass\"word").security_token("token")"#
            ),
            "{text}"
        );
        for name in [
            "with TLS",
            "certificate",
            "client secret",
            "callback URL",
            "private key",
        ] {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
}
