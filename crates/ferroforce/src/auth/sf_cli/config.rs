//! Names for logins, and which one is meant where none is named.

use std::path::Path;

use super::files;
use crate::auth::AuthError;

/// The aliases and their usernames, in their order.
pub(super) async fn aliases(home: &Path) -> Result<Vec<(String, String)>, AuthError> {
    let Some(file) = files::read(&home.join(".sfdx/alias.json")).await? else {
        return Ok(Vec::new());
    };
    let orgs = file.members.object("orgs").unwrap_or_default();
    Ok(orgs
        .texts()
        .map(|(alias, username)| (alias.to_owned(), username))
        .collect())
}

/// The alias or username that the files name as default: those of the project before
/// those of the user, and in each place the newer file before the older one.
pub(super) async fn default_org(
    home: &Path,
    project: Option<&Path>,
) -> Result<Option<String>, AuthError> {
    for root in [project, Some(home)].into_iter().flatten() {
        for (path, name) in [
            (".sf/config.json", "target-org"),
            (".sfdx/sfdx-config.json", "defaultusername"),
        ] {
            let found = files::read(&root.join(path)).await?;
            if let Some(org) = found.and_then(|file| file.members.text(name)) {
                return Ok(Some(org));
            }
        }
    }
    Ok(None)
}

/// The root of the project that a folder belongs to: the nearest folder above, or
/// itself, that holds `sfdx-project.json`.
pub(super) fn project_of(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .find(|folder| folder.join("sfdx-project.json").is_file())
}
