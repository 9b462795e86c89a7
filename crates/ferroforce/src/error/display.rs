use std::fmt;

use super::{Error, ErrorKind};

impl ErrorKind {
    const fn text(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid input",
            Self::Auth => "sign-in failed",
            Self::Connect => "no connection",
            Self::Timeout => "timed out",
            Self::Interrupted => "connection broke",
            Self::Api => "refused by Salesforce",
            Self::RolledBack => "rolled back",
            Self::MultipleMatches => "more than one record matches",
            Self::PreconditionFailed => "the record is not in the state that was asked for",
            Self::Redirect => "redirected elsewhere",
            Self::Decode => "answer not understood",
            Self::RequestTooLong => "request too long",
            Self::Quota => "stopped for the sake of the quota",
            Self::StaleCursor => "cursor no longer fits",
            Self::TooLarge => "answer too large",
            Self::NoRows => "no rows",
            Self::TooManyRows => "more than one row",
            Self::JobFailed => "bulk job failed",
            Self::StillRunning => "bulk job still running",
            Self::Incomplete => "not all rows came",
            Self::Disk => "a file on this machine failed",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

fn head(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(context) = error.context() {
        write!(f, "{} {}: ", context.method, context.path_template)?;
    }
    write!(f, "{}", error.kind())?;
    if let Some(status) = error.status() {
        write!(f, " (HTTP {})", status.as_u16())?;
    }
    Ok(())
}

/// So many jobs are named; the others are counted.
const JOBS_SHOWN: usize = 5;

fn jobs(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let jobs = error.jobs();
    if jobs.is_empty() {
        return Ok(());
    }
    let shown = &jobs[..jobs.len().min(JOBS_SHOWN)];
    let names: Vec<_> = shown.iter().map(ToString::to_string).collect();
    write!(f, " (job {}", names.join(", "))?;
    if jobs.len() > JOBS_SHOWN {
        write!(f, " and {} more", jobs.len() - JOBS_SHOWN)?;
    }
    f.write_str(")")
}

fn tail(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    jobs(error, f)?;
    let Some(context) = error.context() else {
        return Ok(());
    };
    write!(f, " [after {:.1?}", context.elapsed)?;
    if context.attempts > 1 {
        write!(f, " and {} attempts", context.attempts)?;
    }
    if let Some(id) = &context.request_id {
        write!(f, ", request id {id}")?;
    }
    f.write_str("]")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        head(self, f)?;
        let mut separator = ": ";
        for error in self.api_errors() {
            write!(f, "{separator}{error}")?;
            separator = "; ";
        }
        if !self.message().is_empty() {
            write!(f, "{separator}{}", self.message())?;
        }
        tail(self, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.kind());
        if let Some(status) = self.status() {
            out.field("status", &status.as_u16());
        }
        if !self.api_errors().is_empty() {
            out.field("api_errors", &self.api_errors());
        }
        if !self.jobs().is_empty() {
            out.field("jobs", &self.jobs());
        }
        if !self.message().is_empty() {
            out.field("message", &self.message());
        }
        if let Some(context) = self.context() {
            out.field("context", context);
        }
        out.finish()
    }
}

/// An [`Error`] printed without anything that may be data of the org.
/// Made by [`Error::redacted`].
pub struct Redacted<'a>(pub(super) &'a Error);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        head(self.0, f)?;
        let mut separator = ": ";
        for error in self.0.api_errors() {
            write!(f, "{separator}{}", error.code())?;
            separator = ", ";
        }
        if let Some(auth) = self.0.auth() {
            write!(f, "{separator}{}", auth.kind())?;
        }
        tail(self.0, f)
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
