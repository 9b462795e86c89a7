//! What becomes of a sign-in: an entry among the logins, and tokens beside it.

use clap::Args;
use ferroforce::auth::{AccessToken, Grant, Session};
use ferroforce::{Record, Salesforce};

use crate::answer::Answer;
use crate::logins::{Flow, Hidden, Login, Logins, stored};
use crate::org::display::described;
use crate::style::{GOOD, STRONG};

/// How a login is kept.
#[derive(Debug, Args)]
pub(super) struct Keep {
    /// A name for the org, to be used instead of the user name
    #[arg(short, long, value_name = "NAME")]
    alias: Option<String>,

    /// Takes this org wherever none is named
    #[arg(short, long)]
    set_default: bool,

    /// Prints one line of JSON instead of text
    #[arg(long)]
    pub(super) json: bool,
}

/// Who signed in where.
struct Who {
    username: String,
    user_id: String,
    org_id: String,
    instance_url: String,
}

impl Keep {
    /// Keeps what a user's sign-in gave.
    pub(super) async fn grant(
        &self,
        grant: &Grant,
        login_url: &str,
        flow: Flow,
    ) -> anyhow::Result<Answer> {
        let who = who(&client(grant.access_token().clone())?).await?;
        let logins = Logins::of_user()?;
        let mut warnings = Vec::new();
        let flow = if grant.refresh_token().is_some() {
            let tokens = grant.refresh_flow()?.user(&who.username);
            // Asking for the token puts it where the next command looks.
            client(stored(tokens, &logins.tokens()))?
                .access_token()
                .await?;
            flow
        } else {
            warnings.push(
                "Salesforce gave no refresh token, so this login ends with its access token: the app \
                 needs the scope refresh_token, and --scopes, if given, must name it"
                    .to_owned(),
            );
            Flow::AccessToken {
                token: Hidden(grant.access_token().secret().clone()),
            }
        };
        let mut answer = self.login(&logins, who, login_url, flow)?;
        answer.warnings = warnings;
        Ok(answer)
    }

    /// Keeps a way to sign in that needs nobody, after it has worked once.
    pub(super) async fn session(
        &self,
        session: Session,
        login_url: &str,
        flow: Flow,
    ) -> anyhow::Result<Answer> {
        let who = who(&client(session)?).await?;
        self.login(&Logins::of_user()?, who, login_url, flow)
    }

    fn login(
        &self,
        logins: &Logins,
        who: Who,
        login_url: &str,
        flow: Flow,
    ) -> anyhow::Result<Answer> {
        let login = Login {
            username: who.username,
            alias: self.alias.clone(),
            default: self.set_default,
            user_id: who.user_id,
            org_id: who.org_id,
            instance_url: who.instance_url,
            login_url: login_url.to_owned(),
            flow,
        };
        logins.add(&login)?;
        let alias = login
            .alias
            .as_deref()
            .map(|alias| format!(", called {alias}"));
        Ok(Answer {
            text: format!(
                "{GOOD}Signed in{GOOD:#} as {STRONG}{}{STRONG:#} at {}{}\n",
                login.username,
                login.instance_url,
                alias.unwrap_or_default()
            ),
            result: described(&login),
            warnings: Vec::new(),
        })
    }
}

fn client(session: impl Into<Session>) -> anyhow::Result<Salesforce> {
    Ok(Salesforce::builder(session).build()?)
}

async fn who(salesforce: &Salesforce) -> anyhow::Result<Who> {
    let token = salesforce.access_token().await?;
    let instance_url = token.origin().to_owned();
    match salesforce.user_info().await {
        Ok(user) => Ok(Who {
            username: user
                .preferred_username
                .unwrap_or_else(|| user.user_id.clone()),
            user_id: user.user_id,
            org_id: user.organization_id,
            instance_url,
        }),
        // A token without the scope `id` may be one of the API all the same.
        Err(error) => match token.org_and_user() {
            Some((org_id, user_id)) => Ok(Who {
                username: username(salesforce, user_id).await?,
                user_id: user_id.to_owned(),
                org_id: org_id.to_owned(),
                instance_url,
            }),
            None => Err(error.into()),
        },
    }
}

async fn username(salesforce: &Salesforce, user_id: &str) -> anyhow::Result<String> {
    let user: Record = salesforce
        .query("SELECT Username FROM User WHERE Id = :id")
        .bind("id", user_id)
        .fetch_one()
        .await?;
    Ok(user.get::<String>("Username")?)
}

/// A session of a token alone.
pub(super) fn of_token(token: AccessToken) -> Session {
    Session::new(token)
}
