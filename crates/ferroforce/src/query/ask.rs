//! What is asked for, as requests.

use http::Method;
use http::header::{HeaderName, HeaderValue};

use super::explain::Explanation;
use super::page::RawPage;
use crate::error::{Error, Result};
use crate::op::{Op, Path, decode_json, path};
use crate::soql::Soql;

const BATCH_SIZES: std::ops::RangeInclusive<u32> = 200..=2000;

/// A query, or one that the org has given a name.
#[derive(Clone)]
pub(super) enum Ask {
    Soql {
        soql: Soql,
        tooling: bool,
        deleted_too: bool,
    },
    Named {
        name: String,
        parameters: Vec<(String, String)>,
        /// What it was given and cannot take.
        refused: Option<&'static str>,
    },
}

impl Ask {
    /// The first page. Where its address is too long, sending it ends in
    /// [`ErrorKind::RequestTooLong`](crate::ErrorKind::RequestTooLong), and nothing
    /// has left.
    pub(super) fn first_page(&self, batch_size: Option<u32>) -> Result<Op<RawPage>> {
        let op = match self {
            Self::Soql {
                soql,
                tooling,
                deleted_too,
            } => {
                let path = match (tooling, deleted_too) {
                    (false, false) => "/query",
                    (false, true) => "/queryAll",
                    (true, false) => "/tooling/query",
                    (true, true) => {
                        return Err(Error::invalid_input(
                            "the Tooling API has no deleted rows to include",
                        ));
                    }
                };
                page_at(Path::fill(path, &[])?).query("q", soql.render()?)
            }
            Self::Named {
                name,
                parameters,
                refused,
            } => {
                if let Some(why) = refused {
                    return Err(Error::invalid_input(*why));
                }
                let mut op = page_at(Path::fill("/named/query/{name}", &[name])?);
                op.query.extend(parameters.iter().cloned());
                op
            }
        };
        with_batch_size(op, batch_size)
    }

    pub(super) fn explain(&self) -> Result<Op<Explanation>> {
        let Self::Soql { soql, tooling, .. } = self else {
            return Err(Error::invalid_input("a named query cannot be explained"));
        };
        let path = if *tooling { "/tooling/query" } else { "/query" };
        Ok(Op::new(Method::GET, Path::fill(path, &[])?, decode_json)
            .query("explain", soql.render()?))
    }

    /// Changes the text, where there is one.
    pub(super) fn edit(self, change: impl FnOnce(Soql) -> Soql) -> Self {
        match self {
            Self::Soql {
                soql,
                tooling,
                deleted_too,
            } => Self::Soql {
                soql: change(soql),
                tooling,
                deleted_too,
            },
            Self::Named {
                name, parameters, ..
            } => Self::Named {
                name,
                parameters,
                refused: Some("a named query takes its values as parameters"),
            },
        }
    }

    pub(super) fn include_deleted(&mut self) {
        match self {
            Self::Soql { deleted_too, .. } => *deleted_too = true,
            Self::Named { refused, .. } => {
                *refused = Some("a named query says itself what it includes");
            }
        }
    }
}

fn page_at(path: Path) -> Op<RawPage> {
    Op::new(Method::GET, path, RawPage::decode)
}

/// A further page, where the one before it says.
pub(super) fn next_page(url: &str, batch_size: Option<u32>) -> Result<Op<RawPage>> {
    // The server says where the next page is, and may only say where on itself:
    // the token goes with the request.
    let stays_here = url.starts_with("/services/data/") && !path::climbs(url);
    if !stays_here {
        return Err(Error::decode(
            "the answer names a next page outside of the org's own data address",
        ));
    }
    let path = Path::verbatim(url, Some("/query/{locator}".into()));
    with_batch_size(page_at(path), batch_size)
}

fn with_batch_size(op: Op<RawPage>, batch_size: Option<u32>) -> Result<Op<RawPage>> {
    let Some(rows) = batch_size else {
        return Ok(op);
    };
    if !BATCH_SIZES.contains(&rows) {
        return Err(Error::invalid_input(format!(
            "the batch size is {rows}; Salesforce takes 200 to 2,000"
        )));
    }
    let value = HeaderValue::try_from(format!("batchSize={rows}")).map_err(|error| {
        Error::invalid_input("the batch size makes no header").with_source(error)
    })?;
    Ok(op.header(HeaderName::from_static("sforce-query-options"), value))
}
