//! `ferroforce org display`.

use std::fmt::Write as _;

use clap::Args;
use ferroforce::Salesforce;
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
  ferroforce org display --sf             # the default org of the Salesforce CLI
  ferroforce org display -o dev --check   # asks Salesforce whether the login still works")]
pub(crate) struct Display {
    /// An alias or user name [default: the default org]
    #[arg(short = 'o', long, value_name = "ORG")]
    target_org: Option<String>,

    /// Takes a login of the Salesforce CLI (sf) instead
    #[arg(long)]
    sf: bool,

    /// Asks Salesforce whether the login still works
    #[arg(long)]
    check: bool,

    /// Prints one line of JSON instead of text
    #[arg(long)]
    pub(super) json: bool,
}

impl Display {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let name = self.target_org.as_deref();
        let (mut result, client) = if self.sf {
            let login = super::sf::find(name).await?;
            let client = super::sf::client(&login).map_err(Into::into);
            (super::sf::described(login.info()), client)
        } else {
            let logins = Logins::of_user()?;
            let login = logins.find(name)?;
            (described(&login), client(&logins, &login))
        };
        if self.check {
            result["connectedStatus"] = status(client).await.into();
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

fn client(logins: &Logins, login: &Login) -> anyhow::Result<Salesforce> {
    Ok(login.client(&logins.tokens())?.build()?)
}

/// `Connected`, or what is in the way.
async fn status(client: anyhow::Result<Salesforce>) -> String {
    let asked = async {
        client?.limits().await?;
        anyhow::Ok(())
    };
    match asked.await {
        Ok(()) => "Connected".to_owned(),
        Err(error) => told(&error),
    }
}
