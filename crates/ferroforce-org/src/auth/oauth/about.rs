//! What is told about tokens, users and the endpoints themselves.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Method, StatusCode};
use jiff::tz::TimeZone;

use super::answer::json;
use super::error::OAuthError;
use super::form::Form;
use super::grant::check_secret;
use crate::auth::bearer::{self, NoToken};
use crate::auth::directory::Member;
use crate::auth::origin::Origin;
use crate::auth::token::TokenKind;
use crate::auth::visit::Visit;
use crate::error::ApiError;
use crate::json::Json;
use crate::org::Org;

/// Why a user's identity is not told; the body is the name alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum IdentityError {
    MissingToken,
    BadToken,
    WrongOrg,
    BadId,
}

impl IntoResponse for IdentityError {
    fn into_response(self) -> Response {
        match self {
            Self::MissingToken => (StatusCode::FORBIDDEN, "Missing_OAuth_Token"),
            Self::BadToken => (StatusCode::FORBIDDEN, "Bad_OAuth_Token"),
            Self::WrongOrg => (StatusCode::FORBIDDEN, "Wrong_Org"),
            Self::BadId => (StatusCode::NOT_FOUND, "Bad_Id"),
        }
        .into_response()
    }
}

/// `/services/oauth2/userinfo`, in the words of OpenID Connect. A POST may bring its token in a
/// form instead of the header.
pub(super) async fn user_info(State(org): State<Arc<Org>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bearer = match bearer_of(&org, &parts) {
        Err(IdentityError::MissingToken) if parts.method == Method::POST => {
            match Form::read(&parts, body).await {
                Ok(form) => match form.get("access_token") {
                    Some(token) => member_of(&org, token, &Visit::of(&org, &parts)),
                    None => Err(IdentityError::MissingToken),
                },
                Err(error) => return error.into_response(),
            }
        }
        bearer => bearer,
    };
    match bearer {
        Ok(member) => json(
            StatusCode::OK,
            &user_info_of(&org, &Origin::of(&parts), &member),
        ),
        Err(error) => error.into_response(),
    }
}

/// The identity URL of a user: `/id/{organization}/{user}`.
pub(super) async fn identity(
    State(org): State<Arc<Org>>,
    Path((organization, user)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let asserted = bearer_of(&org, &parts).and_then(|bearer| {
        if organization.parse() != Ok(org.id) {
            return Err(IdentityError::WrongOrg);
        }
        let id = user.parse().map_err(|_| IdentityError::BadId)?;
        let member = org.auth.directory.by_id(id).ok_or(IdentityError::BadId)?;
        let is_bearer = bearer.id == member.id;
        Ok((member, is_bearer))
    });
    match asserted {
        Ok((member, is_bearer)) => json(
            StatusCode::OK,
            &identity_of(&org, &Origin::of(&parts), &member, is_bearer),
        ),
        Err(error) => error.into_response(),
    }
}

fn bearer_of(org: &Org, request: &Parts) -> Result<Arc<Member>, IdentityError> {
    let token = bearer::token(&request.headers).map_err(|no_token| match no_token {
        NoToken::Missing => IdentityError::MissingToken,
        NoToken::Malformed => IdentityError::BadToken,
    })?;
    member_of(org, token, &Visit::of(org, request))
}

/// Whom a session belongs to.
fn member_of(org: &Org, token: &str, visit: &Visit) -> Result<Arc<Member>, IdentityError> {
    let grant = org
        .auth
        .use_session(token, visit)
        .ok_or(IdentityError::BadToken)?;
    let member = org
        .auth
        .directory
        .by_id(grant.user_id)
        .ok_or(IdentityError::BadToken)?;
    match member.user.active {
        true => Ok(member),
        false => Err(IdentityError::BadToken),
    }
}

/// `/services/oauth2/introspect`. An app that can prove who it is sees its own tokens, and with a
/// permission all.
pub(super) fn introspect(org: &Org, origin: &Origin, form: &Form) -> Result<Response, OAuthError> {
    let client_id = form.get("client_id").unwrap_or_default();
    let app = org
        .auth
        .directory
        .app(client_id)
        .ok_or(OAuthError::unknown_client())?;
    if app.client_secret.is_none() {
        // Anybody could say that they are a public client.
        return Err(OAuthError::wrong_secret());
    }
    check_secret(form, app)?;
    let token = form
        .get("token")
        .ok_or(OAuthError::invalid_request("token is required"))?;
    let found = org.auth.look_at(token, org.clock.now(), |found| {
        let own = found.grant.client_id.as_deref() == Some(client_id);
        if !own && !app.introspect_all {
            return None;
        }
        let member = org.auth.directory.by_id(found.grant.user_id)?;
        let kind = match found.kind {
            TokenKind::Access => "access_token",
            TokenKind::Refresh => "refresh_token",
        };
        let issued_at = found.issued_at.as_second();
        let mut members = vec![
            ("active", Json::Bool(true)),
            ("scope", found.grant.scopes.join(" ").into()),
            ("client_id", found.grant.client_id.clone().into()),
            ("username", (&member.user.username).into()),
            ("sub", org.auth.identity_url(origin, member.id).into()),
            ("token_type", kind.into()),
        ];
        members.extend(
            found
                .ends_at
                .map(|ends_at| ("exp", ends_at.as_second().into())),
        );
        members.extend([("iat", issued_at.into()), ("nbf", issued_at.into())]);
        Some(Json::object(members))
    });
    let inactive = || Json::object([("active", Json::Bool(false))]);
    Ok(json(
        StatusCode::OK,
        &found.flatten().unwrap_or_else(inactive),
    ))
}

/// `/.well-known/openid-configuration`: which endpoints and grants there are.
pub(super) async fn discovery(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return ApiError::method_not_allowed(&parts.method, &[Method::HEAD, Method::GET])
            .into_response();
    }
    let origin = Origin::of(&parts);
    let endpoint = |name: &str| Json::from(format!("{origin}/services/oauth2/{name}"));
    let list =
        |items: &[&'static str]| items.iter().map(|item| Json::from(*item)).collect::<Json>();
    let document = Json::object([
        ("issuer", Json::from(origin.to_string())),
        ("authorization_endpoint", endpoint("authorize")),
        ("token_endpoint", endpoint("token")),
        ("revocation_endpoint", endpoint("revoke")),
        ("userinfo_endpoint", endpoint("userinfo")),
        ("introspection_endpoint", endpoint("introspect")),
        ("jwks_uri", Json::from(format!("{origin}/id/keys"))),
        (
            "scopes_supported",
            list(&["api", "full", "id", "openid", "refresh_token", "web"]),
        ),
        ("response_types_supported", list(&["code"])),
        (
            "grant_types_supported",
            list(&[
                "authorization_code",
                "client_credentials",
                "device",
                "password",
                "refresh_token",
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ]),
        ),
        ("code_challenge_methods_supported", list(&["S256"])),
        ("subject_types_supported", list(&["public"])),
        ("id_token_signing_alg_values_supported", list(&["RS256"])),
        (
            "token_endpoint_auth_methods_supported",
            list(&[
                "client_secret_post",
                "client_secret_basic",
                "private_key_jwt",
            ]),
        ),
    ]);
    json(StatusCode::OK, &document)
}

/// `/id/keys`: what the org's own JWTs are checked with.
pub(super) async fn keys(State(org): State<Arc<Org>>) -> Response {
    json(StatusCode::OK, &org.auth.key_set())
}

fn user_info_of(org: &Org, origin: &Origin, member: &Member) -> Json {
    let user = &member.user;
    let photo = |name: &str| Json::from(format!("{origin}/profilephoto/005/{name}"));
    Json::object([
        ("sub", Json::from(org.auth.identity_url(origin, member.id))),
        ("user_id", member.id.as_str().into()),
        ("organization_id", org.id.as_str().into()),
        ("preferred_username", (&user.username).into()),
        ("nickname", user.family_name().into()),
        ("name", user.full_name().into()),
        ("email", user.email_address().into()),
        ("email_verified", Json::Bool(true)),
        ("given_name", user.first_name.clone().into()),
        ("family_name", user.family_name().into()),
        ("zoneinfo", (&user.time_zone).into()),
        (
            "photos",
            Json::object([("picture", photo("F")), ("thumbnail", photo("T"))]),
        ),
        ("profile", format!("{origin}/{}", member.id).into()),
        ("picture", photo("F")),
        ("address", Json::Object(Vec::new())),
        ("urls", urls(org, origin, member)),
        ("active", Json::Bool(user.active)),
        ("user_type", "STANDARD".into()),
        ("language", (&user.language).into()),
        ("locale", (&user.locale).into()),
        ("utcOffset", utc_offset(member).into()),
        ("updated_at", updated_at(org).into()),
        ("is_app_installed", Json::Bool(true)),
    ])
}

fn identity_of(org: &Org, origin: &Origin, member: &Member, is_bearer: bool) -> Json {
    let user = &member.user;
    let photo = |name: &str| Json::from(format!("{origin}/profilephoto/005/{name}"));
    Json::object([
        ("id", Json::from(org.auth.identity_url(origin, member.id))),
        ("asserted_user", Json::Bool(is_bearer)),
        ("user_id", member.id.as_str().into()),
        ("organization_id", org.id.as_str().into()),
        ("username", (&user.username).into()),
        ("nick_name", user.family_name().into()),
        ("display_name", user.full_name().into()),
        ("email", user.email_address().into()),
        ("email_verified", Json::Bool(true)),
        ("first_name", user.first_name.clone().into()),
        ("last_name", user.family_name().into()),
        ("timezone", (&user.time_zone).into()),
        (
            "photos",
            Json::object([("picture", photo("F")), ("thumbnail", photo("T"))]),
        ),
        ("urls", urls(org, origin, member)),
        ("active", Json::Bool(user.active)),
        ("user_type", "STANDARD".into()),
        ("language", (&user.language).into()),
        ("locale", (&user.locale).into()),
        ("utcOffset", utc_offset(member).into()),
        ("last_modified_date", updated_at(org).into()),
        ("is_app_installed", Json::Bool(true)),
    ])
}

/// Where the APIs are; clients put a version where it says so.
fn urls(org: &Org, origin: &Origin, member: &Member) -> Json {
    let organization = org.id.short();
    let soap = |api: &str| {
        Json::from(format!(
            "{origin}/services/Soap/{api}/{{version}}/{organization}"
        ))
    };
    let rest = |path: &str| Json::from(format!("{origin}/services/data/v{{version}}/{path}"));
    Json::object([
        ("enterprise", soap("c")),
        ("metadata", soap("m")),
        ("partner", soap("u")),
        ("rest", rest("")),
        ("sobjects", rest("sobjects/")),
        ("search", rest("search/")),
        ("query", rest("query/")),
        ("recent", rest("recent/")),
        ("profile", format!("{origin}/{}", member.id).into()),
        ("feeds", rest("chatter/feeds")),
        ("groups", rest("chatter/groups")),
        ("users", rest("chatter/users")),
        ("feed_items", rest("chatter/feed-items")),
        ("custom_domain", origin.to_string().into()),
    ])
}

/// The user's offset from UTC without daylight saving time, in milliseconds. Null for a time
/// zone that is not known.
fn utc_offset(member: &Member) -> Option<i64> {
    let zone = TimeZone::get(&member.user.time_zone).ok()?;
    // Daylight saving time moves clocks forward: the lesser of two halves of a year is without.
    let [winter, summer] = ["2026-01-01T12:00:00Z", "2026-07-01T12:00:00Z"];
    let offset = |at: &str| Some(zone.to_offset(at.parse().ok()?).seconds());
    Some(i64::from(std::cmp::min(offset(winter)?, offset(summer)?)) * 1000)
}

/// Users do not change while the org runs.
fn updated_at(org: &Org) -> String {
    org.auth
        .started_at()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}
