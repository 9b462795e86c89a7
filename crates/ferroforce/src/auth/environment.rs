use std::collections::BTreeMap;

use super::{
    AccessToken, Auth, AuthError, AuthErrorKind, ClientCredentials, Secret, Session, SoapLogin,
    UsernamePassword,
};
use crate::client::{Salesforce, SalesforceBuilder};

const ACCESS_TOKEN: &str = "SALESFORCE_ACCESS_TOKEN";
const CLIENT_ID: &str = "SALESFORCE_CLIENT_ID";
const CLIENT_SECRET: &str = "SALESFORCE_CLIENT_SECRET";
const FLOW: &str = "SALESFORCE_FLOW";
const LOGIN_URL: &str = "SALESFORCE_LOGIN_URL";
const PASSPHRASE: &str = "SALESFORCE_PRIVATE_KEY_PASSPHRASE";
const PASSWORD: &str = "SALESFORCE_PASSWORD";
const PRIVATE_KEY: &str = "SALESFORCE_PRIVATE_KEY";
const PRIVATE_KEY_FILE: &str = "SALESFORCE_PRIVATE_KEY_FILE";
const SECURITY_TOKEN: &str = "SALESFORCE_SECURITY_TOKEN";
const URL: &str = "SALESFORCE_URL";
const USERNAME: &str = "SALESFORCE_USERNAME";

/// The names that Salesforce's own command line takes for a token and its org.
const SYNONYMS: [(&str, &str); 2] = [
    ("SF_ACCESS_TOKEN", ACCESS_TOKEN),
    ("SF_ORG_INSTANCE_URL", URL),
];

/// A flow and what it reads: what it needs, and what it can do without.
struct Needs {
    flow: Flow,
    needed: &'static [&'static str],
    optional: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    AccessToken,
    JwtBearer,
    ClientCredentials,
    UsernamePassword,
    SoapLogin,
}

/// No two of them fit the same variables.
const FLOWS: [Needs; 6] = [
    Needs {
        flow: Flow::AccessToken,
        needed: &[ACCESS_TOKEN, URL],
        optional: &[],
    },
    Needs {
        flow: Flow::JwtBearer,
        needed: &[CLIENT_ID, USERNAME, PRIVATE_KEY_FILE],
        optional: &[PASSPHRASE, URL, LOGIN_URL],
    },
    Needs {
        flow: Flow::JwtBearer,
        needed: &[CLIENT_ID, USERNAME, PRIVATE_KEY],
        optional: &[PASSPHRASE, URL, LOGIN_URL],
    },
    Needs {
        flow: Flow::ClientCredentials,
        needed: &[CLIENT_ID, CLIENT_SECRET, URL],
        optional: &[LOGIN_URL],
    },
    Needs {
        flow: Flow::UsernamePassword,
        needed: &[CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD],
        optional: &[SECURITY_TOKEN, URL, LOGIN_URL],
    },
    Needs {
        flow: Flow::SoapLogin,
        needed: &[USERNAME, PASSWORD],
        optional: &[SECURITY_TOKEN, URL, LOGIN_URL],
    },
];

/// Credentials in environment variables: which are set says which flow it is.
///
/// | flow | its name | variables | and if you like |
/// |---|---|---|---|
/// | a ready [`AccessToken`] | `access-token` | `SALESFORCE_ACCESS_TOKEN`, `SALESFORCE_URL` | |
/// | `JwtBearer` | `jwt` | `SALESFORCE_CLIENT_ID`, `SALESFORCE_USERNAME`, and `SALESFORCE_PRIVATE_KEY_FILE` or the PEM itself in `SALESFORCE_PRIVATE_KEY` | `SALESFORCE_PRIVATE_KEY_PASSPHRASE`, `SALESFORCE_URL`, `SALESFORCE_LOGIN_URL` |
/// | [`ClientCredentials`] | `client-credentials` | `SALESFORCE_CLIENT_ID`, `SALESFORCE_CLIENT_SECRET`, `SALESFORCE_URL` | `SALESFORCE_LOGIN_URL` |
/// | [`UsernamePassword`] | `password` | `SALESFORCE_CLIENT_ID`, `SALESFORCE_CLIENT_SECRET`, `SALESFORCE_USERNAME`, `SALESFORCE_PASSWORD` | `SALESFORCE_SECURITY_TOKEN`, `SALESFORCE_URL`, `SALESFORCE_LOGIN_URL` |
/// | [`SoapLogin`] | `soap` | `SALESFORCE_USERNAME`, `SALESFORCE_PASSWORD` | `SALESFORCE_SECURITY_TOKEN`, `SALESFORCE_URL`, `SALESFORCE_LOGIN_URL` |
///
/// Exactly these: where one too many is set, that is an error and no guess, unless
/// `SALESFORCE_FLOW` names the flow. An empty variable counts as not set. Where
/// none of them is set, `SF_ACCESS_TOKEN` and `SF_ORG_INSTANCE_URL` are taken for
/// token and URL.
///
/// A refresh token is not among them: it works once, and nobody could put the next
/// one into the environment. Give [`RefreshToken`](super::RefreshToken) a store.
///
/// Nothing reads the environment unless it is told to by this type.
///
/// ```no_run
/// use ferroforce::auth::Environment;
///
/// # fn main() -> ferroforce::Result<()> {
/// let salesforce = Environment::read()?.client().build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Environment {
    session: Session,
    org_url: Option<String>,
}

impl Environment {
    /// Reads the variables of this process.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if they make up no flow, or one that this
    /// build does not have, or if the private key cannot be read. No value is in
    /// the text.
    pub fn read() -> Result<Self, AuthError> {
        Self::read_from(|name| std::env::var(name).ok())
    }

    /// Reads the variables of the same names from somewhere else: a file of
    /// settings, a vault, or the environment under other names.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_from(variable: impl Fn(&str) -> Option<String>) -> Result<Self, AuthError> {
        let mut set = Variables::found(FLOWS.iter().flat_map(Needs::all), &variable);
        if set.0.is_empty() {
            set = Variables::found(SYNONYMS.iter().map(|(name, _)| *name), &variable);
            set.0 = SYNONYMS
                .iter()
                .filter_map(|(name, ours)| Some((*ours, set.0.remove(name)?)))
                .collect();
        }
        let named = variable(FLOW).filter(|name| !name.trim().is_empty());
        let needs = match &named {
            Some(name) => set.keep_only(name.trim())?,
            None => set.only_flow()?,
        };
        Ok(Self {
            org_url: set.0.get(URL).map(|url| url.expose().to_owned()),
            session: session(needs.flow, &mut set)?,
        })
    }

    /// A client that signs in so, at the org of `SALESFORCE_URL` if that is set.
    pub fn client(&self) -> SalesforceBuilder {
        let builder = Salesforce::builder(self.session.clone());
        match &self.org_url {
            Some(url) => builder.org_url(url),
            None => builder,
        }
    }

    /// What `SALESFORCE_URL` says.
    pub fn org_url(&self) -> Option<&str> {
        self.org_url.as_deref()
    }

    /// The session, for a client that is built in another way.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl Needs {
    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.needed.iter().chain(self.optional).copied()
    }

    fn lacks(&self, set: &Variables) -> Vec<&'static str> {
        let missing = |name: &&str| !set.0.contains_key(name);
        self.needed.iter().copied().filter(missing).collect()
    }

    fn excess(&self, set: &Variables) -> Vec<&'static str> {
        let foreign = |name: &&str| !self.all().any(|own| own == *name);
        set.0.keys().copied().filter(foreign).collect()
    }
}

/// The variables that are set and not empty.
struct Variables(BTreeMap<&'static str, Secret>);

impl Variables {
    fn found(
        names: impl Iterator<Item = &'static str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = names.filter_map(|name| Some((name, Secret::new(variable(name)?))));
        Self(
            set.filter(|(_, value)| !value.expose().trim().is_empty())
                .collect(),
        )
    }

    fn take(&mut self, name: &str) -> Option<Secret> {
        self.0.remove(name)
    }

    fn text(&mut self, name: &str) -> String {
        self.take(name)
            .map_or_else(String::new, |value| value.expose().to_owned())
    }

    /// Leaves what the flow of this name reads.
    fn keep_only(&mut self, name: &str) -> Result<&'static Needs, AuthError> {
        let named: Vec<_> = FLOWS
            .iter()
            .filter(|needs| needs.flow.name() == name)
            .collect();
        let complete = |needs: &Needs| needs.needed.iter().all(|name| self.0.contains_key(name));
        match named.iter().find(|needs| complete(needs)) {
            Some(needs) => {
                self.0.retain(|name, _| needs.all().any(|own| own == *name));
                Ok(needs)
            }
            None if named.is_empty() => Err(misconfigured(format!(
                "{FLOW} names no flow; it may be access-token, jwt, client-credentials, password \
                 or soap"
            ))),
            None => Err(misconfigured(format!(
                "the environment names the flow {name}: set {}",
                named[0].lacks(self).join(", ")
            ))),
        }
    }

    /// The flow that these make up.
    fn only_flow(&self) -> Result<&'static Needs, AuthError> {
        if self.0.is_empty() {
            return Err(misconfigured(
                "no environment variable says how to sign in; SALESFORCE_CLIENT_ID, \
                 SALESFORCE_CLIENT_SECRET and SALESFORCE_URL would, for example",
            ));
        }
        let distance = |needs: &&Needs| needs.lacks(self).len() + needs.excess(self).len();
        let [first, others @ ..] = &FLOWS;
        let nearest = others.iter().fold(first, |nearest, needs| {
            if distance(&needs) < distance(&nearest) {
                needs
            } else {
                nearest
            }
        });
        let (lacks, excess) = (nearest.lacks(self), nearest.excess(self));
        let changes = [("set", lacks), ("do not set", excess)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what} {}", names.join(", ")))
            .collect::<Vec<_>>();
        if changes.is_empty() {
            return Ok(nearest);
        }
        let set: Vec<_> = self.0.keys().copied().collect();
        Err(misconfigured(format!(
            "the environment variables {} make up no flow; for the flow {}, {}",
            set.join(", "),
            nearest.flow.name(),
            changes.join(" and ")
        )))
    }
}

impl Flow {
    fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access-token",
            Self::JwtBearer => "jwt",
            Self::ClientCredentials => "client-credentials",
            Self::UsernamePassword => "password",
            Self::SoapLogin => "soap",
        }
    }
}

fn session(flow: Flow, set: &mut Variables) -> Result<Session, AuthError> {
    let login_url = set.take(LOGIN_URL);
    let login_url = login_url.as_ref().map(Secret::expose);
    let secret = |set: &mut Variables, name| set.take(name).unwrap_or_else(|| Secret::new(""));
    Ok(match flow {
        Flow::AccessToken => {
            let token = secret(set, ACCESS_TOKEN);
            Session::new(AccessToken::new(token, &set.text(URL))?)
        }
        Flow::JwtBearer => at(jwt_bearer(set)?, login_url, |flow, url| flow.login_url(url)),
        Flow::ClientCredentials => {
            let flow = ClientCredentials::new(set.text(CLIENT_ID), secret(set, CLIENT_SECRET));
            at(flow, login_url, |flow, url| flow.login_url(url))
        }
        Flow::UsernamePassword => {
            let (id, client_secret) = (set.text(CLIENT_ID), secret(set, CLIENT_SECRET));
            let (username, password) = (set.text(USERNAME), secret(set, PASSWORD));
            let flow = UsernamePassword::new(id, client_secret, username, password)
                .security_token(secret(set, SECURITY_TOKEN));
            at(flow, login_url, |flow, url| flow.login_url(url))
        }
        Flow::SoapLogin => {
            let flow = SoapLogin::new(set.text(USERNAME), secret(set, PASSWORD))
                .security_token(secret(set, SECURITY_TOKEN));
            at(flow, login_url, |flow, url| flow.login_url(url))
        }
    })
}

/// A session of a flow that is told where to sign in, if that was said.
fn at<A: Auth>(flow: A, login_url: Option<&str>, tell: fn(A, &str) -> A) -> Session {
    Session::new(match login_url {
        Some(url) => tell(flow, url),
        None => flow,
    })
}

#[cfg(feature = "jwt")]
fn jwt_bearer(set: &mut Variables) -> Result<super::JwtBearer, AuthError> {
    use super::PrivateKey;

    let passphrase = set.take(PASSPHRASE);
    let key = match (set.take(PRIVATE_KEY), passphrase) {
        (Some(pem), None) => PrivateKey::from_pem(pem.expose()),
        (Some(pem), Some(passphrase)) => {
            PrivateKey::from_encrypted_pem(pem.expose(), passphrase.expose())
        }
        (None, None) => PrivateKey::from_pem_file(set.text(PRIVATE_KEY_FILE)),
        (None, Some(passphrase)) => {
            PrivateKey::from_encrypted_pem_file(set.text(PRIVATE_KEY_FILE), passphrase.expose())
        }
    }
    .map_err(|error| misconfigured(error.to_string()))?;
    Ok(super::JwtBearer::new(
        set.text(CLIENT_ID),
        set.text(USERNAME),
        key,
    ))
}

/// A stand-in of the same form, since the flow is not there.
#[cfg(not(feature = "jwt"))]
fn jwt_bearer(_: &mut Variables) -> Result<SoapLogin, AuthError> {
    Err(misconfigured(
        "the environment asks for the JWT bearer flow, which needs ferroforce's feature `jwt`",
    ))
}

fn misconfigured(what: impl Into<String>) -> AuthError {
    AuthError::new(AuthErrorKind::Misconfigured, what)
}

#[cfg(test)]
mod tests;
