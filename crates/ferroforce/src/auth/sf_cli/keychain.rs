//! Where the key lies with which `sf` encrypts.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::try_join3;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::cipher::Key;
use super::files;
use crate::auth::{AuthError, AuthErrorKind};

const SECRET_TOOL: &str = "/usr/bin/secret-tool";
const SECURITY: &str = "/usr/bin/security";

/// A keychain may ask the user for a password first.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a keyring is asked again that does not know what it says.
const REPEATS: u32 = 3;

/// What a program may say, in bytes. A key has 64 characters, and its entry in the
/// keychain some lines.
const MOST: u64 = 64 * 1024;

/// Where `sf` keeps the key of its encrypted files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keychain {
    /// Where `sf` looks if it is not told otherwise: on macOS in the system's
    /// keychain, on Linux in the one that `/usr/bin/secret-tool` opens, and where
    /// there is no such program, and on other systems, in the file.
    #[default]
    Usual,
    /// The file `~/.sfdx/key.json`: `SF_USE_GENERIC_UNIX_KEYCHAIN=true`, and Windows.
    File,
    /// The keyring that this program opens (`SFDX_SECRET_TOOL_PATH`).
    SecretTool(PathBuf),
    /// The macOS keychain, by this program.
    Security(PathBuf),
}

impl Keychain {
    /// The key. `state` is the folder `~/.sfdx`.
    pub(super) async fn key(&self, state: &Path) -> Result<Key, AuthError> {
        let text = match self.resolved() {
            Self::SecretTool(program) => secret_tool(&program).await?,
            Self::Security(program) => security(&program).await?,
            Self::Usual | Self::File => from_file(&state.join("key.json")).await?,
        };
        Key::parse(&text).ok_or_else(|| {
            refuse(
                "the key in the keychain of sf is none of its keys: it should have 32 or 64 \
                 characters",
            )
        })
    }

    fn resolved(&self) -> Self {
        match self {
            Self::Usual if cfg!(target_os = "macos") => Self::Security(SECURITY.into()),
            Self::Usual if cfg!(target_os = "linux") => {
                let program = PathBuf::from(SECRET_TOOL);
                if is_program(&program) {
                    Self::SecretTool(program)
                } else {
                    Self::File
                }
            }
            Self::Usual => Self::File,
            chosen => chosen.clone(),
        }
    }
}

fn refuse(why: impl Into<String>) -> AuthError {
    AuthError::new(AuthErrorKind::Misconfigured, why)
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

async fn from_file(path: &Path) -> Result<Zeroizing<String>, AuthError> {
    let Some(found) = files::read(path).await? else {
        return Err(refuse(format!(
            "there is no key for the logins of sf: neither a keychain of the system nor the file \
             {}. If sf works here, it keeps the key elsewhere: SF_USE_GENERIC_UNIX_KEYCHAIN and \
             SFDX_SECRET_TOOL_PATH must be set for this program as they are for sf",
            path.display()
        )));
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let about = tokio::fs::metadata(path).await;
        if about.is_ok_and(|about| about.permissions().mode() & 0o077 != 0) {
            return Err(refuse(format!(
                "others may read the key of sf, which sf refuses too: chmod 600 {}",
                path.display()
            )));
        }
    }
    let text = |name| found.members.text(name);
    match (text("service"), text("account"), text("key")) {
        (Some(service), Some(account), Some(key)) if service == "sfdx" && account == "local" => {
            Ok(key.into())
        }
        _ => Err(files::broken(path, "holds no key of sf")),
    }
}

async fn secret_tool(program: &Path) -> Result<Zeroizing<String>, AuthError> {
    let arguments = ["lookup", "user", "local", "domain", "sfdx"];
    let mut said = ask(program, &arguments).await?;
    for _ in 0..REPEATS {
        // Asked by several programs at once, it may say this of a good secret.
        if said.status.success() || !said.errors.contains("invalid or unencryptable secret") {
            break;
        }
        said = ask(program, &arguments).await?;
    }
    let key = said.output.trim();
    if !said.status.success() || key.is_empty() {
        return Err(no_key(
            program,
            "lookup user local domain sfdx",
            said.status,
            "a keyring must be running and unlocked; in a container, where there is none, sf uses \
             a file once SF_USE_GENERIC_UNIX_KEYCHAIN=true is set",
        ));
    }
    Ok(key.to_owned().into())
}

async fn security(program: &Path) -> Result<Zeroizing<String>, AuthError> {
    let arguments = ["find-generic-password", "-a", "local", "-s", "sfdx", "-g"];
    let said = ask(program, &arguments).await?;
    // It prints the entry to one place and the password to the other.
    let key = said
        .errors
        .lines()
        .filter(|line| line.contains("password"))
        .find_map(|line| Some(line.split_once('"')?.1.rsplit_once('"')?.0));
    match key {
        Some(key) if said.status.success() => Ok(key.to_owned().into()),
        _ => Err(no_key(
            program,
            "find-generic-password -a local -s sfdx -g",
            said.status,
            "the keychain must be unlocked, and this program must be allowed to read the entry",
        )),
    }
}

fn no_key(program: &Path, arguments: &str, status: ExitStatus, hint: &str) -> AuthError {
    refuse(format!(
        "the keychain gave no key of sf ({status}): {hint}. To see for yourself, run {} {arguments}",
        program.display()
    ))
}

/// What a program said and how it ended.
struct Said {
    status: ExitStatus,
    output: Zeroizing<String>,
    errors: Zeroizing<String>,
}

/// Runs a program, without a shell, and reads what it says.
async fn ask(program: &Path, arguments: &[&str]) -> Result<Said, AuthError> {
    let named = |what: &str| format!("the keychain program {} {what}", program.display());
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| refuse(named("cannot be run")).with_source(error))?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    // All at once, or it could wait for what is not read.
    let run = try_join3(read(output), read(errors), child.wait());
    match tokio::time::timeout(PATIENCE, run).await {
        Ok(Ok((output, errors, status))) => Ok(Said {
            status,
            output,
            errors,
        }),
        Ok(Err(error)) => Err(refuse(named("was not understood")).with_source(error)),
        Err(_) => Err(refuse(named(&format!(
            "gave no answer within {} seconds",
            PATIENCE.as_secs()
        )))),
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(pipe) = pipe {
        pipe.take(MOST + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("it said more than 64 KiB"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    /// A program in the place of a keychain's.
    fn program(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("keychain");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn key_file(folder: &Path, json: &str, mode: u32) {
        let path = folder.join("key.json");
        fs::write(&path, json).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    async fn refusal(keychain: Keychain, folder: &Path) -> String {
        let error = keychain.key(folder).await.unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
        assert!(!error.to_string().contains(KEY), "{error}");
        error.to_string()
    }

    #[tokio::test]
    async fn every_keychain_gives_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let lookup = format!("[ \"$*\" = 'lookup user local domain sfdx' ] || exit 7; echo {KEY}");
        let tool = Keychain::SecretTool(program(folder, &lookup));
        assert!(tool.key(folder).await.is_ok());
        // As `security` does: the entry to one place, the password to the other.
        let find = format!(
            "[ \"$*\" = 'find-generic-password -a local -s sfdx -g' ] || exit 7\n\
             echo 'keychain: \"/Users/ada/Library/Keychains/login.keychain-db\"'\n\
             echo 'password: \"{KEY}\"' >&2"
        );
        let security = Keychain::Security(program(folder, &find));
        assert!(security.key(folder).await.is_ok());
        let json = format!(r#"{{"account":"local","key":"{KEY}","service":"sfdx"}}"#);
        key_file(folder, &json, 0o600);
        assert!(Keychain::File.key(folder).await.is_ok());
    }

    #[tokio::test]
    async fn a_keyring_that_is_asked_too_fast_is_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let script = format!(
            "cd \"$(dirname \"$0\")\"; echo >> asked\n\
             [ $(wc -l < asked) = 3 ] && echo {KEY} && exit\n\
             echo 'invalid or unencryptable secret' >&2; exit 1"
        );
        let tool = Keychain::SecretTool(program(folder, &script));
        assert!(tool.key(folder).await.is_ok());
        fs::write(folder.join("asked"), "\n\n\n").unwrap();
        refusal(tool, folder).await;
        assert_eq!(
            fs::read_to_string(folder.join("asked")).unwrap().len(),
            3 + 4
        );
    }

    #[tokio::test]
    async fn a_missing_key_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let said = refusal(Keychain::File, folder).await;
        assert!(said.contains("SF_USE_GENERIC_UNIX_KEYCHAIN"), "{said}");
        let said = refusal(Keychain::SecretTool(folder.join("nowhere")), folder).await;
        assert!(said.contains("cannot be run"), "{said}");
        let tool = Keychain::SecretTool(program(folder, "exit 1"));
        let said = refusal(tool, folder).await;
        assert!(
            said.contains("unlocked") && said.contains("lookup user local"),
            "{said}"
        );
        let security = Keychain::Security(program(folder, "exit 44"));
        assert!(refusal(security, folder).await.contains("unlocked"));
        let odd = Keychain::SecretTool(program(folder, "echo odd"));
        assert!(refusal(odd, folder).await.contains("32 or 64"));
    }

    #[tokio::test]
    async fn a_key_file_that_others_may_read_or_that_is_another_s_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let json = format!(r#"{{"account":"local","key":"{KEY}","service":"sfdx"}}"#);
        key_file(folder, &json, 0o640);
        assert!(refusal(Keychain::File, folder).await.contains("chmod 600"));
        for json in [
            "{}".to_owned(),
            json.replace("local", "remote"),
            json.replace("sfdx", "other"),
            json.replace(&format!("\"{KEY}\""), "7"),
        ] {
            key_file(folder, &json, 0o600);
            let said = refusal(Keychain::File, folder).await;
            assert!(said.contains("holds no key"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_program_that_talks_without_end_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let endless = program(folder.path(), &format!("while :; do echo {KEY}; done"));
        let said = refusal(Keychain::SecretTool(endless), folder.path()).await;
        assert!(said.contains("was not understood"), "{said}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_never_ends_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let stuck = program(folder.path(), "exec tail -f /dev/null");
        let said = refusal(Keychain::SecretTool(stuck), folder.path()).await;
        assert!(said.contains("within 60 seconds"), "{said}");
    }
}
