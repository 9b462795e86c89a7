//! `ferroforce org logout`.

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::answer::Answer;
use crate::logins::{Flow, Login, Logins};

/// End a login, here and at Salesforce
///
/// The session ends for everybody who shares it, and with it the refresh token. The app stays
/// allowed; in Salesforce, the user's personal settings take that back.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org logout -o dev
  ferroforce org logout --all
  ferroforce org logout -o dev --local   # when Salesforce can't be reached")]
pub(crate) struct Logout {
    /// An alias or user name [default: the default org]
    #[arg(short = 'o', long, value_name = "ORG", conflicts_with = "all")]
    target_org: Option<String>,

    /// Ends all logins
    #[arg(long)]
    all: bool,

    /// Forgets the login here, and leaves the session at Salesforce as it is
    #[arg(long)]
    local: bool,

    /// Prints one line of JSON instead of text
    #[arg(long)]
    pub(super) json: bool,
}

impl Logout {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let logins = Logins::of_user()?;
        let ending = if self.all {
            logins.all()?
        } else {
            vec![logins.find(self.target_org.as_deref())?]
        };
        let mut text = String::new();
        for login in &ending {
            if !self.local {
                end(&logins, login).await.with_context(|| {
                    format!(
                        "the session of {} can't be ended at Salesforce, so its login is kept; \
                         --local forgets it all the same",
                        login.username
                    )
                })?;
            }
            logins.remove(&login.username)?;
            text.push_str(&format!("Logged out {}\n", login.username));
        }
        let names: Vec<_> = ending.iter().map(|login| &login.username).collect();
        Ok(Answer {
            text,
            result: json!(names),
            warnings: Vec::new(),
        })
    }
}

async fn end(logins: &Logins, login: &Login) -> anyhow::Result<()> {
    let salesforce = login.client(&logins.tokens())?.build()?;
    if matches!(login.flow, Flow::AccessToken { .. }) {
        // It is in no store, so the session must take it in before it can end it.
        salesforce.access_token().await?;
    }
    salesforce.log_out().await?;
    Ok(())
}
