//! `ferroforce org display`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::logins::{Login, Logins};
use crate::style::FAINT;
use crate::told;

/// Show who is signed in to an org, and how
///
/// No secret is shown.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org display
  ferroforce org display -o dev --check   # asks Salesforce whether the login still works")]
pub(crate) struct Display {
    /// An alias or user name [default: the default org]
    #[arg(short = 'o', long, value_name = "ORG")]
    target_org: Option<String>,

    /// Asks Salesforce whether the login still works
    #[arg(long)]
    check: bool,

    /// Prints one line of JSON instead of text
    #[arg(long)]
    pub(super) json: bool,
}

impl Display {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let logins = Logins::of_user()?;
        let login = logins.find(self.target_org.as_deref())?;
        let mut result = described(&login);
        if self.check {
            result["connectedStatus"] = status(&logins, &login).await.into();
        }
        let mut text = String::new();
        for (name, value) in result.as_object().into_iter().flatten() {
            let value = match value {
                Value::Null => continue,
                Value::String(value) => value.clone(),
                other => other.to_string(),
            };
            writeln!(text, "{FAINT}{name:<18}{FAINT:#}{value}")?;
        }
        Ok(Answer {
            text,
            result,
            warnings: Vec::new(),
        })
    }
}

/// A login for scripts: a contract with them, and without any secret.
pub(super) fn described(login: &Login) -> Value {
    json!({
        "username": login.username,
        "alias": login.alias,
        "isDefault": login.default,
        "id": login.org_id,
        "userId": login.user_id,
        "instanceUrl": login.instance_url,
        "loginUrl": login.login_url,
        "flow": login.flow.name(),
        "clientId": login.flow.client_id(),
    })
}

/// `Connected`, or what is in the way.
async fn status(logins: &Logins, login: &Login) -> String {
    let asked = async {
        let salesforce = login.client(&logins.tokens())?.build()?;
        salesforce.limits().await?;
        anyhow::Ok(())
    };
    match asked.await {
        Ok(()) => "Connected".to_owned(),
        Err(error) => told(&error),
    }
}
