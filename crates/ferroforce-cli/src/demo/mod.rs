//! `ferroforce demo`: the client's main jobs on a local org, each outcome checked.
//!
//! Each chapter is a file of its own, which can be read as an example of the library.

mod bulk;
mod pages;
mod records;
mod report;
mod sign_in;
mod trouble;
mod usage;

use std::process::ExitCode;

use clap::Args;
use ferroforce_org::LocalOrg;
use serde_json::json;

use self::report::Report;
use crate::Out;

/// Watch the client at work on a local org
///
/// Starts a Salesforce org in this process, signs in with three flows, writes and reads records,
/// runs a query of several pages, and lets the session expire and the server fail on the way. It
/// needs neither an account nor a network, leaves nothing behind, and checks every outcome: the
/// exit code is 1 if one is not as it should be.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Prints one JSON document, on one line, instead of text
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub(crate) fn run(&self, out: Out<'_>) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut report = Report::new(out, self.json);
        let outcome = runtime.block_on(perform(&mut report));
        report.finish(outcome)?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn perform(report: &mut Report<'_>) -> anyhow::Result<()> {
    report.chapter("A Salesforce org on this machine")?;
    let org = LocalOrg::start().await?;
    report.step("start", org.url(), json!({"url": org.url()}))?;

    let salesforce = sign_in::in_three_ways(&org, report).await?;
    let contact = records::live(&salesforce, report).await?;
    pages::turn(&salesforce, report).await?;
    bulk::there_and_back(&salesforce, report).await?;
    trouble::survive(&org, &salesforce, contact, report).await?;
    usage::look(&salesforce, report).await?;

    org.shutdown().await;
    Ok(())
}
