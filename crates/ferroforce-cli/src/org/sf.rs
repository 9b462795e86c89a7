//! The logins of `sf`, which are looked at only where `--sf` asks for them.

use std::fmt::Write as _;

use ferroforce::Salesforce;
use ferroforce::auth::AuthError;
use ferroforce::auth::sf_cli::{Login, LoginInfo, LoginKind, SfCli};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::style::{FAINT, STRONG};

/// All of them.
pub(super) async fn list() -> anyhow::Result<Answer> {
    let logins = SfCli::from_env()?.logins().await?;
    let mut text = String::new();
    for login in &logins {
        let mark = if login.is_default { "*" } else { " " };
        let alias = login.aliases.first().map_or("-", String::as_str);
        writeln!(
            text,
            "{mark} {STRONG}{alias:<16}{STRONG:#} {:<40} {} {FAINT}{}{FAINT:#}",
            login.username,
            login.instance_url.as_deref().unwrap_or("-"),
            kind(login.kind)
        )?;
    }
    if logins.is_empty() {
        text.push_str("sf has no logins here.\n");
    }
    let result: Vec<Value> = logins.iter().map(described).collect();
    Ok(Answer {
        text,
        result: json!(result),
        warnings: Vec::new(),
    })
}

/// The one of this alias or user name, or the one that `sf` would take here.
pub(super) async fn find(name: Option<&str>) -> Result<Login, AuthError> {
    let sf = SfCli::from_env()?;
    match name {
        Some(name) => sf.login(name).await,
        None => sf.default_login().await,
    }
}

/// A client that signs in with it.
pub(super) fn client(login: &Login) -> ferroforce::Result<Salesforce> {
    Salesforce::builder(login.clone()).build()
}

/// What is told of one: the same as of our own, where `sf` knows it.
pub(super) fn described(login: &LoginInfo) -> Value {
    json!({
        "username": login.username,
        "alias": login.aliases.first(),
        "isDefault": login.is_default,
        "id": login.org_id,
        "userId": null,
        "instanceUrl": login.instance_url,
        "loginUrl": null,
        "flow": kind(login.kind),
        "clientId": null,
    })
}

fn kind(kind: LoginKind) -> &'static str {
    match kind {
        LoginKind::RefreshToken => "sf-refresh-token",
        LoginKind::Jwt => "sf-jwt",
        LoginKind::AccessToken => "sf-access-token",
        _ => "sf",
    }
}
