//! `/setup/connect`: where the code of a device is entered.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::authorize::{consent, decision};
use super::browser::Browser;
use super::page::{FormOfPage, Page};
use super::{Asked, asked, login, parameter, redirect};
use crate::auth::device::Waiting;
use crate::auth::directory::Member;
use crate::auth::oauth::OAuthError;
use crate::org::Org;

pub(in crate::auth) const PATH: &str = "/setup/connect";

const USER_CODE: &str = "user_code";

/// Shows the page, and does what its forms say: the code first, then the decision.
pub(super) async fn answer(State(org): State<Arc<Org>>, request: Request) -> Response {
    let now = org.clock.now();
    match asked(&org, request).await {
        Ok(Asked::Show(parts, browser)) => match browser.member(&org.auth, now) {
            Some(_) => {
                let code = parameter(&parts, USER_CODE);
                ask_for_code(&org, &browser, &code, None).into_response()
            }
            None => {
                let query = parts.uri.query().map(|query| format!("?{query}"));
                let start = format!("{PATH}{}", query.unwrap_or_default());
                redirect(&login::url(&start, None))
            }
        },
        Ok(Asked::Submit(_, browser, form)) => {
            let Some(member) = browser.member(&org.auth, now) else {
                return redirect(&login::url(PATH, None));
            };
            let code = form.get(USER_CODE).unwrap_or_default();
            let Some(device) = org.auth.waiting_device(code, now) else {
                let problem = "No device waits for this code. It may have waited too long.";
                return ask_for_code(&org, &browser, code, Some(problem)).into_response();
            };
            if let Err(error) = check_admission(&org, &device, &member) {
                return Page::of_error(&error).into_response();
            }
            match form.get("decision") {
                None => ask_for_consent(&org, &browser, code, &device, &member).into_response(),
                Some("approve") => {
                    org.auth.decide_device(code, Some(&member), now);
                    Page::new("Connected")
                        .text("The device is connected. You can close this page and return to it.")
                        .into_response()
                }
                Some(_) => {
                    org.auth.decide_device(code, None, now);
                    Page::new("Denied")
                        .text("The device is not connected. You can close this page.")
                        .into_response()
                }
            }
        }
        Err(turned_away) => turned_away,
    }
}

/// Whether a user may let in a device with this app at all.
fn check_admission(org: &Org, device: &Waiting, member: &Member) -> Result<(), OAuthError> {
    let app = org.auth.directory.app(&device.client_id);
    let app = app.ok_or(OAuthError::unknown_client())?;
    match app.admin_approved_only && !org.auth.has_approved(app, member) {
        true => Err(OAuthError::not_admin_approved()),
        false => Ok(()),
    }
}

fn ask_for_code(org: &Org, browser: &Browser, code: &str, problem: Option<&str>) -> Page {
    let attributes = "autocomplete=\"off\" autocapitalize=\"characters\" autofocus";
    let form = FormOfPage::default()
        .field("Code", USER_CODE, code, attributes)
        .button("connect", "action", "connect", "Connect");
    let mut page = Page::new("Connect a device").to(browser);
    if let Some(problem) = problem {
        page = page.alert(problem).status(StatusCode::FORBIDDEN);
    }
    page.text("Enter the code that the device shows.").form(
        PATH,
        &browser.form_token(&org.auth),
        &form,
    )
}

fn ask_for_consent(
    org: &Org,
    browser: &Browser,
    code: &str,
    device: &Waiting,
    member: &Member,
) -> Page {
    let form = decision(FormOfPage::default().hidden(USER_CODE, code));
    consent(&device.client_id, &device.scopes, member)
        .text("Allow it only if you have the device before you and it shows the code you entered.")
        .form(PATH, &browser.form_token(&org.auth), &form)
}
