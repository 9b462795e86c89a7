//! Signing in, three ways.

use anyhow::{Context as _, ensure};
use ferroforce::Salesforce;
use ferroforce::auth::{Auth, ClientCredentials, JwtBearer, PrivateKey, SoapLogin};
use ferroforce_org::LocalOrg;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::report::Report;

pub(super) async fn in_three_ways(
    org: &LocalOrg,
    report: &mut Report<'_>,
) -> anyhow::Result<Salesforce> {
    report.chapter("Sign in, three ways")?;

    let soap_login =
        SoapLogin::new(org.username(), org.password()).security_token(org.security_token());
    let salesforce = connect(org, soap_login)?;
    let user = who_am_i(&salesforce, org).await?;
    report.step(
        "soap login",
        format!("{user}, by password and security token"),
        json!({"user": user}),
    )?;

    let secret = org.client_secret().context("the org's app has no secret")?;
    let salesforce = connect(org, ClientCredentials::new(org.client_id(), secret))?;
    let user = who_am_i(&salesforce, org).await?;
    report.step(
        "client credentials",
        format!("{user}, for the app {}", org.client_id()),
        json!({"user": user}),
    )?;

    let pem = org.private_key_pem().context("the org's app has no key")?;
    let key = PrivateKey::from_pem(pem)?;
    report.step(
        "rsa key",
        "made anew; the org's app knows its public half",
        json!({}),
    )?;
    let salesforce = connect(org, JwtBearer::new(org.client_id(), org.username(), key))?;
    let user = who_am_i(&salesforce, org).await?;
    report.step(
        "jwt bearer",
        format!("{user}, by a signature of an RSA key"),
        json!({"user": user}),
    )?;

    Ok(salesforce)
}

fn connect(org: &LocalOrg, auth: impl Auth) -> ferroforce::Result<Salesforce> {
    Salesforce::builder(auth).org_url(org.url()).build()
}

#[derive(Deserialize)]
struct UserInfo {
    user_id: String,
    preferred_username: String,
}

/// The first request of a client signs in.
async fn who_am_i(salesforce: &Salesforce, org: &LocalOrg) -> anyhow::Result<String> {
    let user: UserInfo = salesforce
        .request(Method::GET, "/services/oauth2/userinfo")
        .json()
        .await?;
    ensure!(
        user.user_id == org.user_id(),
        "signed in as {}, not as {}",
        user.preferred_username,
        org.username()
    );
    Ok(user.preferred_username)
}
