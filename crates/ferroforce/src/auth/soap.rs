use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use quick_xml::escape::escape;
use url::Url;

use super::login_url::{LoginUrl, PRODUCTION};
use super::{
    AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, FlowIdentity, Repeat, Secret,
};
use crate::op::Response;
use crate::xml::text_of;

/// The last version that has `login()`, whatever version the client speaks.
const PATH: &str = "/services/Soap/u/64.0";

/// SOAP `login()`: a user name, a password and its security token, no app.
///
/// Salesforce switched it off in new orgs, offers it up to API version 64.0
/// (which this flow speaks, whatever version the client uses) and retires it in
/// Summer '27. For anything new take [`ClientCredentials`](super::ClientCredentials)
/// or `JwtBearer`.
///
/// The password is submitted once: a refusal is never repeated, so a wrong one
/// does not lock the user out.
///
/// ```
/// use ferroforce::Salesforce;
/// use ferroforce::auth::SoapLogin;
///
/// # fn main() -> ferroforce::Result<()> {
/// let auth = SoapLogin::new("user@acme.com", "password").security_token("token");
/// let salesforce = Salesforce::builder(auth).build()?;
/// # Ok(())
/// # }
/// ```
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_login.htm>
#[derive(Debug, Clone)]
pub struct SoapLogin {
    username: String,
    password: Secret,
    security_token: Secret,
    login_url: LoginUrl,
}

impl SoapLogin {
    /// A user's name and password.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            security_token: Secret::new(""),
            login_url: LoginUrl::default(),
        }
    }

    /// The token that Salesforce mails when it is reset (Settings, Reset My
    /// Security Token). Not needed from trusted IP ranges.
    #[must_use]
    pub fn security_token(mut self, token: impl Into<Secret>) -> Self {
        self.security_token = token.into();
        self
    }

    /// Where to sign in. By default the client's org URL, or
    /// `https://login.salesforce.com` without one; `https://test.salesforce.com`
    /// serves sandboxes.
    #[must_use]
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.login_url = LoginUrl::new(url);
        self
    }

    fn host(&self, cx: &AuthContext) -> Result<String, AuthError> {
        self.login_url
            .origin(cx.org_url(), || Ok(PRODUCTION.to_owned()))
    }

    fn request(&self, host: &str) -> Result<http::Request<Bytes>, AuthError> {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:p=\"urn:partner.soap.sforce.com\"><e:Body><p:login>\
             <p:username>{}</p:username><p:password>{}{}</p:password>\
             </p:login></e:Body></e:Envelope>",
            escape(&self.username),
            escape(self.password.expose()),
            escape(self.security_token.expose()),
        );
        http::Request::post(format!("{host}{PATH}"))
            .header(CONTENT_TYPE, "text/xml; charset=UTF-8")
            .header("SOAPAction", "login")
            .header(ACCEPT, "text/xml")
            .body(body.into())
            .map_err(|error| {
                AuthError::new(
                    AuthErrorKind::Misconfigured,
                    "the login host is no valid address",
                )
                .with_source(error)
            })
    }
}

impl Auth for SoapLogin {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        super::require("username", &self.username)?;
        super::require("password", self.password.expose())?;
        super::redacted::refuse(self.password.expose(), super::redacted::PASSWORD)?;
        let host = self.host(cx)?;
        let response = cx
            .send(PATH, Repeat::UnlessProcessed, || self.request(&host))
            .await?;
        let granted = Granted::read(&response)?;
        let token = AccessToken::new(granted.session_id, &granted.server_url)?;
        Ok(match granted.lifetime {
            Some(lifetime) => token.expires_after_idle(lifetime, cx.now()),
            None => token,
        })
    }

    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        Ok(FlowIdentity::new("soap-login", self.host(cx)?).user(&self.username))
    }
}

struct Granted {
    session_id: Secret,
    server_url: String,
    lifetime: Option<Duration>,
}

impl Granted {
    fn read(response: &Response) -> Result<Self, AuthError> {
        let body = response.body();
        if is_fault(body) {
            return Err(fault(body));
        }
        let unclear = |what: &str| {
            AuthError::new(
                AuthErrorKind::Unclear,
                format!(
                    "the answer to the SOAP login (HTTP {}) {what}",
                    response.status().as_u16()
                ),
            )
        };
        let session_id = text_of(body, "sessionId").ok_or_else(|| unclear("names no session"))?;
        let server_url = text_of(body, "serverUrl").ok_or_else(|| unclear("names no server"))?;
        if text_of(body, "passwordExpired").as_deref() == Some("true") {
            return Err(AuthError::coded(
                AuthErrorKind::Refused,
                "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
                "the password has expired, and the session is good only for changing it",
                Some("Change the password in Salesforce, or set it to never expire for this user"),
            ));
        }
        Ok(Self {
            session_id: Secret::new(session_id),
            server_url: api_host(&server_url)
                .ok_or_else(|| unclear("names a server that is no URL"))?,
            lifetime: text_of(body, "sessionSecondsValid")
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
        })
    }
}

/// Instances answered with a `-api` host once; its API is at the host without.
fn api_host(server_url: &str) -> Option<String> {
    let mut url = Url::parse(server_url).ok()?;
    let host = url.host_str()?;
    let (label, domain) = host.split_once('.').unwrap_or((host, ""));
    // Only instances had such hosts; a My Domain may end in -api by its own choice.
    if domain == "salesforce.com"
        && let Some(instance) = label.strip_suffix("-api")
    {
        let host = format!("{instance}.{domain}");
        url.set_host(Some(&host)).ok()?;
    }
    Some(url.origin().ascii_serialization())
}

/// Whether this is a SOAP fault: an answer of the service's own, to be believed.
pub(super) fn is_fault(body: &[u8]) -> bool {
    text_of(body, "faultcode").is_some()
}

fn fault(body: &[u8]) -> AuthError {
    let faultcode = text_of(body, "faultcode").unwrap_or_default();
    let code = text_of(body, "exceptionCode").unwrap_or_else(|| {
        let plain = faultcode.rsplit(':').next().unwrap_or_default();
        plain.to_owned()
    });
    let message = text_of(body, "exceptionMessage")
        .or_else(|| text_of(body, "faultstring"))
        .unwrap_or_default();
    let (kind, advice) = meaning(&code);
    AuthError::coded(kind, code, message, advice)
}

fn meaning(code: &str) -> (AuthErrorKind, Option<&'static str>) {
    use AuthErrorKind::{Refused, Unavailable};
    let advice = match code {
        "INVALID_LOGIN" => {
            "Check user name and password, append the security token outside of trusted IP ranges, \
             and sign in at test.salesforce.com or the My Domain URL for a sandbox. The login \
             history in Setup names the cause"
        }
        "LOGIN_MUST_USE_SECURITY_TOKEN" => {
            "This address is not trusted: give the security token, or add the address to the \
             trusted IP ranges"
        }
        "LOGIN_CHALLENGE_ISSUED" => {
            "Salesforce wants the sign-in confirmed: verify the device, or trust the IP address"
        }
        "LOGIN_DURING_RESTRICTED_DOMAIN" => "The user's profile does not allow this IP address",
        "LOGIN_DURING_RESTRICTED_TIME" => {
            "The user's profile does not allow signing in at this hour"
        }
        "PASSWORD_LOCKOUT" => {
            "Too many wrong passwords: wait until the lock is over, or let an administrator unlock \
             the user"
        }
        "UNSUPPORTED_API_VERSION" => {
            "This org no longer offers SOAP login(): use ClientCredentials or JwtBearer"
        }
        "API_DISABLED_FOR_ORG"
        | "API_CURRENTLY_DISABLED"
        | "FUNCTIONALITY_NOT_ENABLED"
        | "INVALID_OPERATION" => {
            "SOAP login() or the API is switched off for this org or user (Setup, User Interface, \
             'Enable SOAP API login()'; API Enabled on the profile): use ClientCredentials or \
             JwtBearer"
        }
        "INVALID_SSO_GATEWAY_URL" => {
            "The user signs in by delegated authentication, whose gateway is not set up"
        }
        "ORG_LOCKED" | "TRIAL_EXPIRED" => "The org is locked or its trial is over",
        "REQUEST_LIMIT_EXCEEDED" => {
            "The org's or the user's login limit is used up: share one Session"
        }
        "SERVER_UNAVAILABLE" => return (Unavailable, None),
        _ => return (Refused, None),
    };
    (Refused, Some(advice))
}
