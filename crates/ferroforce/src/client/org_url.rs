//! The address of an org.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use crate::Error;
use crate::auth::is_loopback_host;
use crate::types::Excerpt;

/// Hosts of the user interface, and the API host of the same org.
const API_HOSTS: [(&str, &str); 7] = [
    (".lightning.force.com", ".my.salesforce.com"),
    (".my.salesforce-setup.com", ".my.salesforce.com"),
    (".salesforce-setup.com", ".my.salesforce.com"),
    (".lightning.crmforce.mil", ".my.salesforce.mil"),
    (".lightning.force.mil", ".my.salesforce.mil"),
    (".setup.sfcrmproducts.cn", ".my.sfcrmproducts.cn"),
    (".lightning.sfcrmapps.cn", ".my.sfcrmproducts.cn"),
];

/// Domains of which every API host is known by its form.
const DOMAINS: [&str; 4] = [
    ".salesforce.com",
    ".salesforce.mil",
    ".sfcrmproducts.cn",
    ".sfcrmapps.cn",
];

/// Hosts that serve pages and files, and no API.
const PAGES: [&str; 5] = [
    ".vf.force.com",
    ".visualforce.com",
    ".file.force.com",
    ".content.force.com",
    ".documentforce.com",
];

/// The address of an org: the scheme, host and port that its API is served under.
///
/// Every form of a My Domain is read, and whatever path follows is ignored, so that a line copied
/// from a browser will do; hosts of Lightning and of Setup become the API host of the same org.
/// Other hosts are taken as they are, for proxies and local orgs; plain `http` is for this machine
/// only. Without a scheme it is `https`.
///
/// ```
/// use ferroforce::OrgUrl;
///
/// let org: OrgUrl = "https://acme--uat.sandbox.lightning.force.com/lightning/page/home".parse()?;
/// assert_eq!(org.origin(), "https://acme--uat.sandbox.my.salesforce.com");
///
/// let local: OrgUrl = "http://localhost:8080".parse()?;
/// assert!(local.is_loopback());
///
/// let login = "https://login.salesforce.com".parse::<OrgUrl>();
/// assert!(login.is_err(), "it serves only sign-in");
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OrgUrl(Url);

impl OrgUrl {
    /// Scheme, host and port, without a slash at the end. A default port is left out.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address as a URL whose path is `/`.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// Whether this is `localhost` or a loopback address, the only hosts that plain `http` is for.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback_host)
    }

    /// The audience that a JWT for this org names unless another is chosen: the login host for
    /// sandboxes and scratch orgs, or the one for all others.
    #[cfg(feature = "jwt")]
    pub(crate) fn jwt_audience(&self) -> &'static str {
        let host = self.0.host_str().unwrap_or_default();
        let sandbox = host.contains(".sandbox.")
            || host.contains(".scratch.")
            // Before enhanced domains a sandbox was told by its name alone.
            || host.split('.').next().is_some_and(|name| name.contains("--"));
        if sandbox {
            "https://test.salesforce.com"
        } else {
            "https://login.salesforce.com"
        }
    }
}

impl FromStr for OrgUrl {
    type Err = Error;

    /// Reads the address of an org.
    ///
    /// # Errors
    ///
    /// When it is none: another scheme, `http` to another machine, a user name in it, the login
    /// hosts `login` and `test`, a host of Salesforce that serves no API. The error lists the forms
    /// that are accepted; it never repeats a path, query or password.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (scheme, authority) = split(text.trim());
        let host = authority.rsplit('@').next().unwrap_or(authority);
        read(scheme, authority).map(Self).map_err(|why| {
            Error::invalid_input(format!(
                "{} is not the URL of an org: {why}. Accepted are \
                 https://MyDomain.my.salesforce.com, \
                 https://MyDomain--Sandbox.sandbox.my.salesforce.com \
                 (likewise .develop, .scratch, .trailblaze, .demo, .patch and .free), \
                 the same under my.salesforce.mil and my.sfcrmproducts.cn, \
                 a host of your own, and http://localhost:8080",
                Excerpt(host)
            ))
        })
    }
}

/// Splits scheme and authority off and drops the rest.
fn split(text: &str) -> (Option<&str>, &str) {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(PATH) => (Some(scheme), rest),
        _ => (None, text),
    };
    let end = rest.find(PATH).unwrap_or(rest.len());
    (scheme, &rest[..end])
}

/// What ends an authority. Browsers read a backslash as a slash.
const PATH: [char; 4] = ['/', '?', '#', '\\'];

fn read(scheme: Option<&str>, authority: &str) -> Result<Url, Cow<'static, str>> {
    if authority.contains('@') {
        return Err("a user name or password does not belong in it".into());
    }
    if authority.is_empty() {
        return Err("it names no host".into());
    }
    if authority.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it holds a blank".into());
    }
    let https = match scheme.map(str::to_ascii_lowercase).as_deref() {
        None | Some("https") => true,
        Some("http") => false,
        Some(_) => return Err("it must begin with https://".into()),
    };
    let parse = |https: bool, host: &str| {
        Url::parse(&format!(
            "{}://{host}/",
            if https { "https" } else { "http" }
        ))
    };
    let mut url = parse(https, authority).map_err(|why| why.to_string())?;
    let host = url.host().ok_or("it names no host")?;
    let loopback = url.host_str().is_some_and(is_loopback_host);
    if !https && !loopback {
        return Err("plain http is only for this machine, so begin with https://".into());
    }
    if scheme.is_none() && loopback {
        return Err("begin with http:// or https://".into());
    }
    if let Host::Domain(name) = host {
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.split('.').any(str::is_empty) {
            return Err("one of its parts is empty".into());
        }
        if scheme.is_none() && !name.contains('.') {
            return Err("that is a name and no host".into());
        }
        let api = api_host(name)?;
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        url = parse(https, &format!("{api}{port}")).map_err(|why| why.to_string())?;
    }
    Ok(url)
}

/// The host that serves the API of the org that `host` belongs to.
fn api_host(host: &str) -> Result<Cow<'_, str>, Cow<'static, str>> {
    let mapped = API_HOSTS
        .iter()
        .find_map(|(page, api)| Some(format!("{}{api}", host.strip_suffix(page)?)));
    let host = mapped.map_or(Cow::Borrowed(host), Cow::Owned);

    if PAGES.iter().any(|pages| host.ends_with(pages)) {
        return Err("that host serves pages and files, and no API".into());
    }
    let Some((name, domain)) = DOMAINS
        .iter()
        .find_map(|domain| Some((host.strip_suffix(domain)?, *domain)))
    else {
        let inside = |domain: &&str| host.contains(&format!("{domain}."));
        return match DOMAINS
            .iter()
            .chain(&[".force.com"])
            .find(|domain| inside(domain))
        {
            Some(domain) => Err(format!("{} must stand at its end", &domain[1..]).into()),
            None if DOMAINS.iter().any(|domain| domain[1..] == *host) => Err(NO_ORG.into()),
            None => Ok(host),
        };
    };
    if matches!(name, "login" | "test") {
        return Err(format!(
            "{name}{domain} serves only sign-in and no API; give the My Domain of the org, or no \
             URL at all, where the sign-in tells it"
        )
        .into());
    }
    if let Some(org) = name.strip_suffix(".my") {
        return if is_my_domain(org) {
            Ok(host)
        } else {
            Err(NO_ORG.into())
        };
    }
    let instance = name.strip_suffix("-api").unwrap_or(name);
    if is_instance(instance) {
        Ok(format!("{instance}{domain}").into())
    } else {
        Err(NO_ORG.into())
    }
}

const NO_ORG: &str = "no org has that host";

/// `acme`, `acme--uat`, `acme--uat.sandbox`, or with the name of an instance, as it used to be,
/// `acme--uat.cs12`.
fn is_my_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    name.split('.').count() <= 2 && name.split('.').all(is_label)
}

/// `na139`, `cs12`, `eu46`, `usa2s`: a host from before every org had a My Domain.
fn is_instance(name: &str) -> bool {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let digits = name
        .bytes()
        .skip(letters)
        .take_while(u8::is_ascii_digit)
        .count();
    let rest = &name.as_bytes()[letters + digits..];
    (2..=4).contains(&letters)
        && (1..=4).contains(&digits)
        && rest.len() <= 2
        && rest.iter().all(u8::is_ascii_alphabetic)
}

impl TryFrom<&str> for OrgUrl {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for OrgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.origin())
    }
}

impl fmt::Debug for OrgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrgUrl({self})")
    }
}

#[cfg(test)]
mod tests;
