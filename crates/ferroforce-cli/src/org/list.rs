//! `ferroforce org list`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::display::described;
use crate::answer::Answer;
use crate::logins::Logins;
use crate::style::{FAINT, STRONG};

/// List the orgs that somebody has signed in to from here
///
/// Nothing is asked of Salesforce, and no secret is shown. The logins of the Salesforce CLI
/// are others, and are left alone without --sf.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org list
  ferroforce org list --sf
  ferroforce org list --json | jq -r '.result[].username'")]
pub(crate) struct List {
    /// Lists the logins of the Salesforce CLI (sf) instead
    #[arg(long)]
    sf: bool,

    /// Prints one line of JSON instead of text
    #[arg(long)]
    pub(super) json: bool,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        if self.sf {
            return super::sf::list().await;
        }
        let logins = Logins::of_user()?.all()?;
        let mut text = String::new();
        for login in &logins {
            let mark = if login.default { "*" } else { " " };
            let alias = login.alias.as_deref().unwrap_or("-");
            writeln!(
                text,
                "{mark} {STRONG}{alias:<16}{STRONG:#} {:<40} {} {FAINT}{}{FAINT:#}",
                login.username,
                login.instance_url,
                login.flow.name()
            )?;
        }
        if logins.is_empty() {
            text.push_str("Nobody has signed in. `ferroforce org login --help` tells how.\n");
        }
        let result: Vec<Value> = logins.iter().map(described).collect();
        Ok(Answer {
            text,
            result: json!(result),
            warnings: Vec::new(),
        })
    }
}
