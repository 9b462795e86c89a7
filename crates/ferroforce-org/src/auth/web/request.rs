//! What an app asks of `/services/oauth2/authorize`.

use crate::auth::app::ConnectedApp;
use crate::auth::code::Challenge;
use crate::auth::directory::Directory;
use crate::auth::oauth::OAuthError;

/// A request to be authorized that makes sense.
#[derive(Debug)]
pub(super) struct AuthorizationRequest<'a> {
    pub(super) app: &'a ConnectedApp,
    pub(super) redirect_uri: String,
    state: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) nonce: Option<String>,
    /// Whoever is signed in must do so again.
    pub(super) log_in: bool,
    /// Whoever has consented must do so again.
    pub(super) consent: bool,
    /// No page may be shown.
    pub(super) immediate: bool,
    pub(super) login_hint: Option<String>,
}

/// Why a request is not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// It does not say for certain where to; only the person at the browser is told.
    Told(OAuthError),
    /// The app is told, by this redirect.
    Sent(String),
}

impl<'a> AuthorizationRequest<'a> {
    /// Reads the query of a request.
    pub(super) fn read(directory: &'a Directory, query: &str) -> Result<Self, NotTaken> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let get = |name: &str| {
            let found = pairs.iter().find(|(given, _)| given == name);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        let app = directory
            .app(get("client_id").unwrap_or_default())
            .ok_or(NotTaken::Told(OAuthError::unknown_client()))?;
        let redirect_uri = get("redirect_uri").unwrap_or_default();
        if !app.callback_urls.iter().any(|url| url == redirect_uri) {
            return Err(NotTaken::Told(OAuthError::wrong_redirect_uri()));
        }
        let mut request = Self {
            app,
            redirect_uri: redirect_uri.to_owned(),
            state: get("state").map(str::to_owned),
            scopes: Vec::new(),
            challenge: None,
            nonce: get("nonce").map(str::to_owned),
            log_in: false,
            consent: false,
            immediate: get("immediate") == Some("true"),
            login_hint: get("login_hint").map(str::to_owned),
        };
        let unsupported = |what: &str| Err(NotTaken::Told(OAuthError::not_implemented(what)));
        match get("response_type") {
            Some("code") => {}
            Some(
                other @ ("token" | "token id_token" | "id_token" | "hybrid_token"
                | "hybrid_auth_code" | "code_credentials"),
            ) => return unsupported(&format!("the response type {other}")),
            _ => return Err(request.refusal(&OAuthError::unknown_response_type())),
        }
        for prompt in get("prompt").unwrap_or_default().split_whitespace() {
            match prompt {
                "login" | "select_account" => request.log_in = true,
                "consent" => request.consent = true,
                other => return unsupported(&format!("the prompt {other}")),
            }
        }
        match app.granted_scopes(get("scope")) {
            Some(scopes) => request.scopes = scopes,
            None => return Err(request.refusal(&OAuthError::wrong_scope())),
        }
        let invalid = |why| Err(request.refusal(&OAuthError::invalid_request(why)));
        // Salesforce knows one method, and takes it if none is named.
        if get("code_challenge_method").is_some_and(|method| method != "S256") {
            return invalid("code challenge method must be S256");
        }
        let challenge = match get("code_challenge") {
            Some(text) => match Challenge::read(text) {
                Some(challenge) => Some(challenge),
                None => return invalid("invalid code challenge"),
            },
            None if app.require_pkce => return invalid("missing required code challenge"),
            None => None,
        };
        Ok(Self {
            challenge,
            ..request
        })
    }

    /// Where the browser takes a code.
    pub(super) fn success(&self, code: &str) -> String {
        self.redirect(&[("code", code)])
    }

    /// Where the browser takes a refusal.
    pub(super) fn failure(&self, error: &OAuthError) -> String {
        let (error, description) = error.parts();
        self.redirect(&[("error", error), ("error_description", description)])
    }

    fn refusal(&self, error: &OAuthError) -> NotTaken {
        NotTaken::Sent(self.failure(error))
    }

    fn redirect(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let separator = if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{separator}{}", self.redirect_uri, query.finish())
    }
}

/// The same query without the demand to sign in: it has been met.
pub(super) fn without_login(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes()).map(|(name, value)| {
        let value = match name.as_ref() {
            "prompt" => {
                let others = value.split_whitespace();
                let others = others.filter(|prompt| !matches!(*prompt, "login" | "select_account"));
                others.collect::<Vec<_>>().join(" ")
            }
            _ => value.into_owned(),
        };
        (name, value)
    });
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLBACK: &str = "http://localhost:1717/OauthRedirect";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    /// What a request with these parameters, besides those that it must have, leads to.
    fn outcome(app: ConnectedApp, parameters: &[(&str, &str)]) -> String {
        let app = app.callback_urls([CALLBACK, "https://app.example/done?tenant=1"]);
        let directory = Directory::new(Vec::new(), vec![app]).unwrap();
        let basic = [
            ("client_id", "app"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("state", "a b&c"),
        ];
        let basic = basic
            .iter()
            .filter(|(name, _)| parameters.iter().all(|(given, _)| given != name));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(basic)
            .extend_pairs(parameters)
            .finish();
        match AuthorizationRequest::read(&directory, &query) {
            Ok(request) => request.success("aPrx=="),
            Err(NotTaken::Sent(url)) => url,
            Err(NotTaken::Told(error)) => format!("{} {:?}", error.status(), error.parts()),
        }
    }

    #[test]
    fn what_an_app_may_ask_for() {
        let app = || ConnectedApp::new("app");
        let taken = "http://localhost:1717/OauthRedirect?code=aPrx%3D%3D&state=a+b%26c";
        let refused = |error: &str| {
            format!("http://localhost:1717/OauthRedirect?error={error}&state=a+b%26c")
        };
        let mismatch =
            r#"400 Bad Request ("redirect_uri_mismatch", "redirect_uri must match configuration")"#;
        let table = [
            (app(), vec![], taken.to_owned()),
            (app(), vec![("scope", "api refresh_token")], taken.to_owned()),
            (app(), vec![("code_challenge", CHALLENGE)], taken.to_owned()),
            (
                app().require_pkce(true),
                vec![("code_challenge", CHALLENGE), ("code_challenge_method", "S256")],
                taken.to_owned(),
            ),
            (app(), vec![("prompt", "login consent"), ("login_hint", "a@b.c")], taken.to_owned()),
            (
                app(),
                vec![("redirect_uri", "https://app.example/done?tenant=1"), ("state", "")],
                "https://app.example/done?tenant=1&code=aPrx%3D%3D".to_owned(),
            ),
            (
                app(),
                vec![("client_id", "other")],
                r#"400 Bad Request ("invalid_client_id", "client identifier invalid")"#.to_owned(),
            ),
            (app(), vec![("redirect_uri", "")], mismatch.to_owned()),
            (app(), vec![("redirect_uri", "http://localhost:1718/OauthRedirect")], mismatch.to_owned()),
            (app(), vec![("redirect_uri", "http://127.0.0.1:1717/OauthRedirect")], mismatch.to_owned()),
            (app(), vec![("redirect_uri", "http://localhost:1717/OauthRedirect/")], mismatch.to_owned()),
            (
                app(),
                vec![("response_type", "token")],
                r#"501 Not Implemented ("unsupported_grant_type", "the local org does not support the response type token")"#.to_owned(),
            ),
            (
                app(),
                vec![("response_type", "magic")],
                refused("unsupported_response_type&error_description=response+type+not+supported"),
            ),
            (
                app(),
                vec![("scope", "api full")],
                refused("invalid_scope&error_description=the+requested+scope+is+not+allowed"),
            ),
            (
                app(),
                vec![("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
                refused("invalid_request&error_description=code+challenge+method+must+be+S256"),
            ),
            (
                app(),
                vec![("code_challenge", "short")],
                refused("invalid_request&error_description=invalid+code+challenge"),
            ),
            (
                app().require_pkce(true),
                vec![],
                refused("invalid_request&error_description=missing+required+code+challenge"),
            ),
        ];
        for (app, parameters, expected) in table {
            assert_eq!(outcome(app, &parameters), expected, "{parameters:?}");
        }
    }

    #[test]
    fn signing_in_meets_the_demand_to_sign_in() {
        for (query, expected) in [
            ("a=1&prompt=login&b=2", "a=1&prompt=&b=2"),
            ("prompt=login+consent", "prompt=consent"),
            ("a=%26+x", "a=%26+x"),
        ] {
            assert_eq!(without_login(query), expected);
        }
    }
}
