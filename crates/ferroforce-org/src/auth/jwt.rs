//! Assertions of the JWT bearer flow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::key::PublicKey;
use super::origin::is_loopback;

/// An assertion may end this far ahead. Salesforce asks for three minutes and takes five.
const HORIZON: SignedDuration = SignedDuration::from_mins(5);

/// Numbers from here on can't be seconds (that would be the year 5138): they are milliseconds.
const MILLISECONDS_FROM: f64 = 1e11;

/// Hosts that are the audience of every org.
const LOGIN_HOSTS: [&str; 2] = ["login.salesforce.com", "test.salesforce.com"];

/// Why an assertion was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not a JWT, not RS256, a claim missing, or the signature is wrong.
    Invalid,
    /// Meant for somebody else.
    Audience,
    /// Past its time, or ahead of it.
    Expired,
}

/// An assertion that has been read, and not yet believed.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    claims: Claims,
}

/// What an assertion says.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    /// The consumer key.
    pub(crate) iss: String,
    /// The username.
    pub(crate) sub: String,
    aud: Audience,
    exp: Moment,
    nbf: Option<Moment>,
    pub(crate) jti: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Clients send seconds, milliseconds, or either as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

impl<'a> Assertion<'a> {
    /// Takes a compact JWS apart.
    pub(crate) fn read(text: &'a str) -> Result<Self, Refused> {
        let (signed, signature) = text.trim().rsplit_once('.').ok_or(Refused::Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(Refused::Invalid)?;
        let header: Header = decode(header)?;
        if header.alg != "RS256" {
            return Err(Refused::Invalid);
        }
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| Refused::Invalid)?;
        Ok(Self {
            signed,
            signature,
            claims: decode(claims)?,
        })
    }

    /// The consumer key it claims to come from, which tells the key to check it with.
    pub(crate) fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// Checks signature, audience and time. `own_host` is the host, and port if any, that the
    /// request came by; `own_ports` are those that the org listens on.
    pub(crate) fn verify(
        self,
        key: &PublicKey,
        own_host: &str,
        own_ports: &[u16],
        now: Timestamp,
    ) -> Result<Claims, Refused> {
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(Refused::Invalid);
        }
        let audiences = match &self.claims.aud {
            Audience::One(audience) => std::slice::from_ref(audience),
            Audience::Many(audiences) => audiences,
        };
        if !audiences
            .iter()
            .any(|audience| is_own(audience, own_host, own_ports))
        {
            return Err(Refused::Audience);
        }
        let ends_at = self.claims.exp.timestamp().ok_or(Refused::Invalid)?;
        if ends_at <= now || ends_at.duration_since(now) > HORIZON {
            return Err(Refused::Expired);
        }
        if let Some(begins_at) = &self.claims.nbf {
            let begins_at = begins_at.timestamp().ok_or(Refused::Invalid)?;
            if begins_at > now {
                return Err(Refused::Expired);
            }
        }
        Ok(self.claims)
    }
}

impl Claims {
    /// Until when its `jti` must be remembered.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        self.exp.timestamp()
    }
}

impl Moment {
    fn timestamp(&self) -> Option<Timestamp> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        let seconds = if number >= MILLISECONDS_FROM {
            number / 1000.0
        } else {
            number
        };
        let duration = SignedDuration::try_from_secs_f64(seconds).ok()?;
        Timestamp::from_duration(duration).ok()
    }
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Refused> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Invalid)?;
    serde_json::from_slice(&json).map_err(|_| Refused::Invalid)
}

/// Whether an audience names a login host or this org: a URL or a bare host, with or without a
/// slash at its end. The names of the loopback interface are one. A client may have the org's
/// other URL: that for TLS where it speaks plain HTTP, or the other way round.
fn is_own(audience: &str, own_host: &str, own_ports: &[u16]) -> bool {
    let host = audience
        .strip_prefix("https://")
        .or_else(|| audience.strip_prefix("http://"));
    let host = host.unwrap_or(audience);
    let host = host.strip_suffix('/').unwrap_or(host).to_ascii_lowercase();
    let own_host = own_host.to_ascii_lowercase();
    let (name, port) = split_port(&host);
    let (own_name, own_port) = split_port(&own_host);
    let same_name = name == own_name || (is_loopback(name) && is_loopback(own_name));
    let same_port = || {
        let listening = |port: &str| port.parse().is_ok_and(|port| own_ports.contains(&port));
        port.is_none_or(|port| Some(port) == own_port || listening(port))
    };
    LOGIN_HOSTS.contains(&host.as_str()) || (same_name && same_port())
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
pub(crate) mod tests;
