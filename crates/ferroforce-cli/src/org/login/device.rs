//! `ferroforce org login device`.

use clap::Args;
use ferroforce::auth::{AuthContext, DeviceFlow};

use super::app::App;
use super::keep::Keep;
use crate::Out;
use crate::answer::Answer;
use crate::logins::{Flow, Hidden};
use crate::style::{FAINT, STRONG};

/// Sign in with a code that is entered in a browser on any machine
///
/// For machines without a browser. The app must have the device flow enabled.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org login device --client-id 3MVG9... --alias dev
  ferroforce org login device -i 3MVG9... -r https://test.salesforce.com -a uat")]
pub(crate) struct Device {
    #[command(flatten)]
    app: App,

    #[command(flatten)]
    pub(super) keep: Keep,
}

impl Device {
    pub(super) async fn run(self, err: Out<'_>) -> anyhow::Result<Answer> {
        let secret = self.app.client_secret()?;
        let mut flow = DeviceFlow::new(&self.app.client_id)
            .login_url(&self.app.instance_url)
            .scopes(self.app.scopes.clone());
        if let Some(secret) = &secret {
            flow = flow.client_secret(secret.clone());
        }
        let cx = AuthContext::new()?;
        let code = flow.start(&cx).await?;
        writeln!(
            err,
            "Open {STRONG}{}{STRONG:#} and enter {STRONG}{}{STRONG:#}\n\n\
             {FAINT}The code is good for {} minutes. Ctrl-C gives up.{FAINT:#}",
            code.verification_uri(),
            code.user_code(),
            code.time_left(&cx).as_secs() / 60
        )?;
        err.flush()?;
        let grant = code.wait(&cx).await?;
        let flow = Flow::Device {
            client_id: self.app.client_id,
            client_secret: secret.map(Hidden),
        };
        self.keep.grant(&grant, &self.app.instance_url, flow).await
    }
}
