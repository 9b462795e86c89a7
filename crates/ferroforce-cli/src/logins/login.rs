use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ferroforce::auth::{
    AccessToken, Auth, ClientCredentials, FileStore, JwtBearer, PrivateKey, RefreshToken, Secret,
    Session,
};
use ferroforce::{Salesforce, SalesforceBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who signed in, where and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) alias: Option<String>,
    pub(crate) default: bool,
    pub(crate) user_id: String,
    pub(crate) org_id: String,
    pub(crate) instance_url: String,
    /// Where the user signs in, and where tokens are renewed.
    pub(crate) login_url: String,
    pub(crate) flow: Flow,
}

/// How a login goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Flow {
    /// By a refresh token, which is among the tokens.
    Web {
        client_id: String,
        client_secret: Option<Hidden>,
    },
    /// Likewise.
    Device {
        client_id: String,
        client_secret: Option<Hidden>,
    },
    Jwt {
        client_id: String,
        key_file: PathBuf,
    },
    ClientCredentials {
        client_id: String,
        client_secret: Hidden,
    },
    /// Not beyond the end of this token.
    AccessToken { token: Hidden },
}

/// A secret that may be written to the file of logins, and is shown nowhere else.
#[derive(Clone)]
pub(crate) struct Hidden(pub(crate) Secret);

impl Login {
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.alias.as_deref() == Some(name) || self.username == name
    }

    /// A client that goes on with it.
    pub(crate) fn client(&self, tokens: &Path) -> anyhow::Result<SalesforceBuilder> {
        Ok(Salesforce::builder(self.session(tokens)?))
    }

    fn session(&self, tokens: &Path) -> anyhow::Result<Session> {
        let login_url = &self.login_url;
        Ok(match &self.flow {
            Flow::Web {
                client_id,
                client_secret,
            }
            | Flow::Device {
                client_id,
                client_secret,
            } => {
                let flow = RefreshToken::stored(client_id, &self.username).login_url(login_url);
                match client_secret {
                    Some(secret) => stored(flow.client_secret(secret.0.clone()), tokens),
                    None => stored(flow, tokens),
                }
            }
            Flow::Jwt {
                client_id,
                key_file,
            } => {
                let flow = JwtBearer::new(client_id, &self.username, private_key(key_file)?);
                stored(flow.login_url(login_url), tokens)
            }
            Flow::ClientCredentials {
                client_id,
                client_secret,
            } => stored(
                ClientCredentials::new(client_id, client_secret.0.clone()).login_url(login_url),
                tokens,
            ),
            Flow::AccessToken { token } => {
                Session::new(AccessToken::new(token.0.clone(), &self.instance_url)?)
            }
        })
    }
}

impl Flow {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Web { .. } => "web",
            Self::Device { .. } => "device",
            Self::Jwt { .. } => "jwt",
            Self::ClientCredentials { .. } => "client-credentials",
            Self::AccessToken { .. } => "access-token",
        }
    }

    pub(crate) fn client_id(&self) -> Option<&str> {
        match self {
            Self::Web { client_id, .. }
            | Self::Device { client_id, .. }
            | Self::Jwt { client_id, .. }
            | Self::ClientCredentials { client_id, .. } => Some(client_id),
            Self::AccessToken { .. } => None,
        }
    }
}

/// A session whose tokens the next command finds.
pub(crate) fn stored(flow: impl Auth, tokens: &Path) -> Session {
    Session::builder(flow).store(FileStore::new(tokens)).build()
}

/// Reads a key whose passphrase, if it has one, is in the environment.
pub(crate) fn private_key(file: &Path) -> anyhow::Result<PrivateKey> {
    let passphrase = std::env::var("SALESFORCE_PRIVATE_KEY_PASSPHRASE");
    let key = match passphrase.ok().filter(|passphrase| !passphrase.is_empty()) {
        Some(passphrase) => PrivateKey::from_encrypted_pem_file(file, passphrase),
        None => PrivateKey::from_pem_file(file),
    };
    key.with_context(|| format!("the key in {} can't be used", file.display()))
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
