//! Secrets come from files or standard input: arguments can be seen by everybody on a machine.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use ferroforce::auth::Secret;

/// No secret of Salesforce's is longer.
const MOST_BYTES: u64 = 64 * 1024;

/// The secret in `file`, or what standard input says if that is `-`, without the white space
/// around it.
pub(super) fn read(file: &Path) -> anyhow::Result<Secret> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin()
            .lock()
            .take(MOST_BYTES)
            .read_to_string(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("{} can't be read", file.display()))?;
    // This copy is wiped when it is dropped.
    let text = Secret::new(text);
    let secret = text.expose().trim();
    if secret.is_empty() {
        bail!("{} is empty", file.display());
    }
    Ok(Secret::new(secret))
}
