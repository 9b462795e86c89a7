//! `ferroforce org login`: each way to sign in.

mod access_token;
mod app;
mod client_credentials;
mod device;
mod jwt;
mod keep;
mod secret_file;
mod web;

use std::process::ExitCode;

use clap::Subcommand;

use super::running;
use crate::Out;
use crate::answer::tell;

/// Where users of production and developer orgs sign in.
const PRODUCTION: &str = "https://login.salesforce.com";

#[derive(Debug, Subcommand)]
pub(crate) enum LoginBy {
    Web(web::Web),
    Device(device::Device),
    Jwt(jwt::Jwt),
    ClientCredentials(client_credentials::ClientCredentials),
    AccessToken(access_token::AccessToken),
}

impl LoginBy {
    pub(super) fn run(self, out: Out<'_>, err: Out<'_>) -> anyhow::Result<ExitCode> {
        let (json, command) = (self.keep().json, self.name());
        let outcome = match self {
            Self::Web(web) => running(web.run(err)),
            Self::Device(device) => running(device.run(err)),
            Self::Jwt(jwt) => running(jwt.run()),
            Self::ClientCredentials(credentials) => running(credentials.run()),
            Self::AccessToken(token) => running(token.run()),
        };
        tell(outcome, json, command, out, err)
    }

    fn keep(&self) -> &keep::Keep {
        match self {
            Self::Web(web) => &web.keep,
            Self::Device(device) => &device.keep,
            Self::Jwt(jwt) => &jwt.keep,
            Self::ClientCredentials(credentials) => &credentials.keep,
            Self::AccessToken(token) => &token.keep,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Web(_) => "org login web",
            Self::Device(_) => "org login device",
            Self::Jwt(_) => "org login jwt",
            Self::ClientCredentials(_) => "org login client-credentials",
            Self::AccessToken(_) => "org login access-token",
        }
    }
}
