//! Queries that no address can carry go inside of a batch, which takes as many
//! characters as SOQL may have.

use super::page::RawPage;
use super::pages::Settings;
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};
use crate::op::Op;
use crate::transport::BoxFuture;

/// Shorter texts fit into an address even where each character takes three times
/// its length, and even for what lies between and takes half of what Salesforce does.
const SHORT: usize = 2 * 1024;

/// The request once more, if it may turn out to be too long.
pub(super) fn kept(op: &Op<RawPage>) -> Option<Op<RawPage>> {
    let query = matches!(op.path(), "/query" | "/queryAll");
    let length: usize = op.query.iter().map(|(_, value)| value.len()).sum();
    (query && length > SHORT).then(|| op.clone())
}

/// The outcome of `call`, or of `op` in a batch where the call is too long.
pub(super) async fn send(
    call: BoxFuture<'static, Result<RawPage>>,
    client: Salesforce,
    mut op: Op<RawPage>,
    settings: Settings,
) -> Result<RawPage> {
    match call.await {
        Err(error) if error.kind() == ErrorKind::RequestTooLong => {}
        outcome => return outcome,
    }
    // Requests of a batch have no headers of their own. This one's asks for a size of
    // pages, which Salesforce takes as a hint anyway; the caller's go with the whole.
    op.headers.clear();
    let mut batch = client.batch();
    for (name, value) in &settings.headers {
        let value = value.to_str().map_err(|error| {
            Error::invalid_input(format!("the value of header {name} is not ASCII"))
                .with_source(error)
        })?;
        batch = batch.header(name.as_str(), value);
    }
    if let Some(timeout) = settings.timeout {
        batch = batch.timeout(timeout);
    }
    if let Some(policy) = settings.retry {
        batch = batch.retry(policy);
    }
    if settings.long {
        batch = batch.long();
    }
    let page = batch.add(op);
    batch.send().await?.get(page)
}
