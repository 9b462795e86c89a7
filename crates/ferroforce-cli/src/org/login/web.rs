//! `ferroforce org login web`.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use ferroforce::auth::{AuthContext, WebServer};

use super::app::App;
use super::keep::Keep;
use crate::Out;
use crate::answer::Answer;
use crate::browser::{Loopback, Page, open};
use crate::logins::{Flow, Hidden};
use crate::style::{FAINT, STRONG};

/// Sign in with the browser
///
/// Opens Salesforce's login page, and waits on this machine for the browser to come back. The app
/// must have the address that it comes back to among its callback URLs, letter by letter; unless
/// --port says otherwise that is http://localhost:1717/OauthRedirect.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org login web --client-id 3MVG9... --alias dev --set-default
  ferroforce org login web -i 3MVG9... -r https://test.salesforce.com -a uat
  ferroforce org login web -i 3MVG9... --port 1717,1718   # the first that is free
  ferroforce org login web -i 3MVG9... --no-browser       # prints the address

How to set an app up is in the guide, module web_server: an External Client App with the callback
URL above, the scopes api and refresh_token, and PKCE required.")]
pub(crate) struct Web {
    #[command(flatten)]
    app: App,

    /// The port that the browser comes back to; of several, the first that is free
    #[arg(
        long,
        value_name = "PORT",
        value_delimiter = ',',
        default_value = "1717"
    )]
    port: Vec<u16>,

    /// Prints the address to open, and opens nothing
    #[arg(long)]
    no_browser: bool,

    /// How long to wait for the browser to come back
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,

    #[command(flatten)]
    pub(super) keep: Keep,
}

impl Web {
    pub(super) async fn run(self, err: Out<'_>) -> anyhow::Result<Answer> {
        let secret = self.app.client_secret()?;
        let loopback = Loopback::bind(&self.port).await?;
        let mut app = WebServer::new(&self.app.client_id, loopback.redirect_uri())
            .login_url(&self.app.instance_url)
            .scopes(self.app.scopes.clone());
        if let Some(secret) = &secret {
            app = app.client_secret(secret.clone());
        }
        let begun = app.authorize()?;
        self.show(begun.url.as_str(), err)?;

        let comes_back = loopback.redirect(|query| begun.pending.is_answered_by(query));
        let wait = Duration::from_secs(self.timeout);
        let Ok(redirect) = tokio::time::timeout(wait, comes_back).await else {
            bail!(
                "the browser did not come back within {} seconds: the app must have {} among its \
                 callback URLs, letter by letter",
                self.timeout,
                loopback.redirect_uri()
            );
        };
        let redirect = redirect.context("the browser can't be waited for")?;
        let signed_in = async {
            let cx = AuthContext::new()?;
            let grant = app.finish(&cx, begun.pending, redirect.query()).await?;
            let flow = Flow::Web {
                client_id: self.app.client_id.clone(),
                client_secret: secret.map(Hidden),
            };
            self.keep.grant(&grant, &self.app.instance_url, flow).await
        };
        let outcome = signed_in.await;
        let page = match &outcome {
            Ok(answer) => Page::new(
                "Signed in",
                format!(
                    "You are signed in as {}. Close this page and go back to the terminal.",
                    answer.result["username"].as_str().unwrap_or_default()
                ),
            ),
            Err(error) => Page::failure(
                "Sign-in failed",
                format!("{}. The terminal says the same.", crate::told(error)),
            ),
        };
        redirect.answer(&page).await;
        outcome
    }

    fn show(&self, url: &str, err: Out<'_>) -> anyhow::Result<()> {
        if self.no_browser {
            writeln!(err, "Open this address in a browser on this machine:")?;
        } else if let Err(error) = open(url) {
            writeln!(
                err,
                "No browser can be opened ({error}). Open this address in one:"
            )?;
        } else {
            writeln!(err, "A browser opens. If it does not, this is the address:")?;
        }
        writeln!(err, "\n  {STRONG}{url}{STRONG:#}\n")?;
        writeln!(err, "{FAINT}Ctrl-C gives up.{FAINT:#}")?;
        err.flush()?;
        Ok(())
    }
}
