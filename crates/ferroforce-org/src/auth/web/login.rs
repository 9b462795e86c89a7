//! The login page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::browser::Browser;
use super::page::{FormOfPage, Page};
use super::{Asked, CONNECT_PATH, asked, authorize, parameter, redirect};
use crate::auth::oauth::Form;
use crate::auth::password::Refused;
use crate::org::Org;

const PATH: &str = "/login";

/// Where the login page may lead to: pages of this org's.
const START_PATHS: [&str; 2] = [authorize::PATH, CONNECT_PATH];

/// The URL of the login page that leads on to another page, with a username filled in.
pub(super) fn url(start: &str, username: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("startURL", start);
    if let Some(username) = username {
        query.append_pair("un", username);
    }
    format!("{PATH}?{}", query.finish())
}

/// Shows the page, and signs in whoever sends its form.
pub(super) async fn answer(State(org): State<Arc<Org>>, request: Request) -> Response {
    match asked(&org, request).await {
        Ok(Asked::Show(parts, browser)) => {
            let [start, username] = ["startURL", "un"].map(|name| parameter(&parts, name));
            show(&org, &browser, &start, &username, None)
        }
        Ok(Asked::Submit(_, browser, form)) => sign_in(&org, browser, &form),
        Err(turned_away) => turned_away,
    }
}

fn show(
    org: &Org,
    browser: &Browser,
    start: &str,
    username: &str,
    problem: Option<&str>,
) -> Response {
    let focus = |wanted: bool| if wanted { " autofocus" } else { "" };
    let form = FormOfPage::default()
        .hidden("startURL", start)
        .field(
            "Username",
            "username",
            username,
            &format!("autocomplete=\"username\"{}", focus(username.is_empty())),
        )
        .field(
            "Password",
            "password",
            "",
            &format!(
                "type=\"password\" autocomplete=\"current-password\"{}",
                focus(!username.is_empty())
            ),
        )
        .button("Login", "action", "login", "Log in");
    let mut page = Page::new("Log in").to(browser);
    if let Some(problem) = problem {
        page = page.alert(problem).status(StatusCode::FORBIDDEN);
    }
    page.form(PATH, &browser.form_token(&org.auth), &form)
        .into_response()
}

fn sign_in(org: &Org, browser: Browser, form: &Form) -> Response {
    let get = |name| form.get(name).unwrap_or_default();
    let (username, password, start) = (get("username"), get("password"), get("startURL"));
    let now = org.clock.now();
    let member = match org.auth.check_typed_password(username, password, now) {
        Ok(member) => member,
        Err(refused) => {
            let problem = match refused {
                Refused::TooOften => "You have logged in too often. Try again in an hour.",
                Refused::LockedOut => {
                    "You are locked out after too many wrong passwords. Try again later."
                }
                Refused::Invalid | Refused::SecurityTokenMissing | Refused::Inactive => {
                    "Check your username and password."
                }
            };
            return show(org, &browser, start, username, Some(problem));
        }
    };
    if member.user.password_expired {
        let text = "Your password has expired, and the local org has no page to change it.";
        let page = Page::new("Not supported").alert(text);
        return page.status(StatusCode::NOT_IMPLEMENTED).into_response();
    }
    let cookie = browser.sign_in(&org.auth, &member, now);
    let mut response = if leads_to_a_page(start) {
        redirect(start)
    } else {
        let name = member.user.full_name();
        Page::new("Logged in")
            .text(&format!("You are logged in as {name}."))
            .into_response()
    };
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Whether a URL is a page of this org's, and so no way to lead a browser elsewhere.
fn leads_to_a_page(start: &str) -> bool {
    let path = start.split('?').next().unwrap_or_default();
    START_PATHS.contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_page_leads_only_to_pages_of_the_org() {
        for (start, expected) in [
            ("/services/oauth2/authorize?client_id=app", true),
            ("/setup/connect", true),
            ("", false),
            ("/", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example/services/oauth2/authorize", false),
            ("/services/oauth2/authorize@evil.example", false),
        ] {
            assert_eq!(leads_to_a_page(start), expected, "{start}");
        }
    }
}
