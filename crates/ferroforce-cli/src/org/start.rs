//! `ferroforce org start`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Error as UsageError};
use ferroforce_org::{LocalOrg, LocalOrgBuilder};
use serde_json::Value;

use super::invitation::Invitation;
use super::stop::Stop;
use crate::Out;
use crate::style::FAINT;

/// Start a local org and serve it until interrupted
///
/// The org is an HTTP server that answers like a Salesforce org: it signs users in, keeps their
/// records, checks them as Salesforce does and runs their queries. Any Salesforce client in any
/// language can work with it, without an account and without a network.
///
/// It stops cleanly on Ctrl-C, SIGTERM and SIGHUP, and takes the key and certificate files that it
/// wrote with it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org start
  ferroforce org start --port 8080 --data org.sqlite
  ferroforce org start --schema custom-objects.toml --seed records.toml
  ferroforce org start --callback-url http://localhost:8080/signed-in
  ferroforce org start --policy soap_login=false --policy password_flow=false   # as new orgs are
  ferroforce org start --json > org.json &   # one line, complete when the org is ready

A schema file:
  [Engine__c.fields]
  Cogs__c = { type = \"double\", scale = 0, required = true }
  Code__c = { type = \"string\", length = 20, unique = true, external_id = true }
  Owner__c = { type = \"reference\", to = \"Contact\", children = \"Engines\" }

A seed file:
  [[users]]
  username = \"ada@example.com\"
  [[apps]]
  client_id = \"billing\"
  callback_urls = [\"http://localhost:8080/signed-in\"]
  require_pkce = true
  [[records]]
  attributes = { type = \"Contact\", referenceId = \"charles\" }
  LastName = \"Babbage\"
  [[records]]
  attributes = { type = \"Engine__c\" }
  Name = \"Difference Engine\"
  Cogs__c = 8000
  Owner__c = \"@charles\"")]
pub(crate) struct Start {
    /// The port to listen on; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Listens with TLS on this port too, with a certificate of its own; 0 takes any that is free
    #[arg(long, value_name = "PORT")]
    tls_port: Option<u16>,

    /// Custom objects and fields to add to the standard ones (TOML or JSON)
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,

    /// Users, connected apps and records to begin with (TOML or JSON)
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Keeps the records in this SQLite file, which is made if it is missing [default: in memory]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,

    /// Lets the web server flow of the first app lead to this URL too; repeat it for more
    ///
    /// An app's request must name one of its callback URLs exactly, port included. Without apps in
    /// the seed file the first one has http://localhost:1717/OauthRedirect, which sf takes, and the
    /// same at the ports 1718 and 1719.
    #[arg(long, value_name = "URL")]
    callback_url: Vec<String>,

    /// Changes what the org allows; repeat it for more
    ///
    /// The names are those of /__org/policies, where the admin API tells and changes them:
    /// soap_login and password_flow, which new orgs have off, session_seconds,
    /// lock_sessions_to_address, logins_per_hour, refresh_tokens_per_app and others.
    #[arg(long = "policy", value_name = "NAME=VALUE", value_parser = policy)]
    policies: Vec<(String, Value)>,

    /// The address to listen on. Any but a loopback address needs --allow-remote
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,

    /// Lets other machines reach the org, whose credentials travel without encryption
    #[arg(long)]
    allow_remote: bool,

    /// Prints one line of JSON with addresses and credentials instead of text
    ///
    /// Its members: url, tls_url, org_id, user_id, username, password, security_token, client_id,
    /// client_secret, callback_url, private_key_file, tls_cert_file, access_token, refresh_token,
    /// admin_token. What the org does not have is null.
    #[arg(long)]
    json: bool,
}

impl Start {
    pub(super) fn run(self, out: Out<'_>) -> anyhow::Result<ExitCode> {
        if !self.host.is_loopback() && !self.allow_remote {
            let why = format!(
                "other machines can reach {}; if they may, add --allow-remote\n",
                self.host
            );
            return Err(UsageError::raw(ErrorKind::MissingRequiredArgument, why).into());
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.serve(out))
    }

    async fn serve(self, out: Out<'_>) -> anyhow::Result<ExitCode> {
        // From here on an interruption is one that ends the org well.
        let mut stop = Stop::listen()?;
        let json = self.json;
        let org = self.builder()?.start().await?;
        let invitation = Invitation::to(&org)?;
        if json {
            writeln!(out, "{}", serde_json::to_string(&invitation)?)?;
        } else {
            write!(out, "{invitation}")?;
        }
        out.flush()?;
        stop.wanted().await;
        org.shutdown().await;
        if !json {
            writeln!(out, "\n{FAINT}The org has stopped.{FAINT:#}")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn builder(self) -> Result<LocalOrgBuilder, UsageError> {
        let policies = self.policies.into_iter().collect();
        // What is not named keeps its default.
        let policies = serde_json::from_value(Value::Object(policies))
            .map_err(|error| UsageError::raw(ErrorKind::InvalidValue, format!("{error}\n")))?;
        let mut builder = LocalOrg::builder()
            .port(self.port)
            .address(self.host)
            .expose(self.allow_remote)
            .policies(policies);
        for url in self.callback_url {
            builder = builder.callback_url(url);
        }
        if let Some(port) = self.tls_port {
            builder = builder.tls_port(port);
        }
        if let Some(file) = self.schema {
            builder = builder.schema_file(file);
        }
        if let Some(file) = self.seed {
            builder = builder.seed_file(file);
        }
        if let Some(file) = self.data {
            builder = builder.data_file(file);
        }
        Ok(builder)
    }
}

/// Reads `name=value`; a value that is not JSON is a text.
fn policy(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}
