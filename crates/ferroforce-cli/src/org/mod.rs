//! `ferroforce org`: signing in to orgs, and an org on this machine.

mod display;
mod invitation;
mod list;
mod login;
mod logout;
mod sf;
mod start;
mod stop;

use std::future::Future;
use std::process::ExitCode;

use clap::Subcommand;

use crate::Out;
use crate::answer::{Answer, tell};

#[derive(Debug, Subcommand)]
pub(crate) enum Org {
    /// Sign in to an org, for the commands that follow
    #[command(subcommand)]
    Login(Box<login::LoginBy>),
    Logout(logout::Logout),
    List(list::List),
    Display(display::Display),
    Start(Box<start::Start>),
}

impl Org {
    pub(crate) fn run(self, out: Out<'_>, err: Out<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Self::Login(login) => login.run(out, err),
            Self::Logout(logout) => {
                let json = logout.json;
                tell(running(logout.run()), json, "org logout", out, err)
            }
            Self::List(list) => {
                let json = list.json;
                tell(running(list.run()), json, "org list", out, err)
            }
            Self::Display(display) => {
                let json = display.json;
                tell(running(display.run()), json, "org display", out, err)
            }
            Self::Start(start) => start.run(out),
        }
    }
}

/// Runs a command to its end.
fn running(command: impl Future<Output = anyhow::Result<Answer>>) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(command)
}
