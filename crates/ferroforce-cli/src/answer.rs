//! What commands say: text for people, an envelope of JSON for scripts.

use std::process::ExitCode;

use ferroforce::auth::AuthError;
use serde_json::{Value, json};

use crate::logins::UnknownOrg;
use crate::{FAILURE, Out, USAGE, told};

/// The outcome of a command that went well.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For people.
    pub(crate) text: String,
    /// For scripts, a contract with them.
    pub(crate) result: Value,
    /// What should be known besides.
    pub(crate) warnings: Vec<String>,
}

/// Writes what a command has to say.
///
/// With `json` that is one line: `{"status":0,"result":…,"warnings":[…]}`, or, of a failure,
/// `{"status":1,"name":…,"code":…,"message":…,"exitCode":1,"commandName":…,"warnings":[]}`.
pub(crate) fn tell(
    outcome: anyhow::Result<Answer>,
    json: bool,
    command: &'static str,
    out: Out<'_>,
    err: Out<'_>,
) -> anyhow::Result<ExitCode> {
    match outcome {
        Ok(answer) if json => {
            let Answer {
                result, warnings, ..
            } = answer;
            let envelope = json!({"status": 0, "result": result, "warnings": warnings});
            writeln!(out, "{envelope}")?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(answer) => {
            out.write_all(answer.text.as_bytes())?;
            for warning in answer.warnings {
                writeln!(err, "warning: {warning}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if json => {
            let status = exit_code(&error);
            let (name, code) = names(&error);
            let envelope = json!({
                "status": status, "name": name, "code": code, "message": told(&error),
                "exitCode": status, "commandName": command, "warnings": [],
            });
            writeln!(out, "{envelope}")?;
            Ok(ExitCode::from(status))
        }
        Err(error) => Err(error),
    }
}

/// What a failure makes the program end with.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<UnknownOrg>() {
        Some(_) => USAGE,
        None => FAILURE,
    }
}

/// The family of an error, and Salesforce's code if it has one.
fn names(error: &anyhow::Error) -> (&'static str, Option<String>) {
    if error.downcast_ref::<UnknownOrg>().is_some() {
        return ("NamedOrgNotFound", None);
    }
    for cause in error.chain() {
        if let Some(auth) = cause.downcast_ref::<AuthError>() {
            return ("AuthError", auth.code().map(str::to_owned));
        }
        if let Some(error) = cause.downcast_ref::<ferroforce::Error>() {
            if let Some(auth) = error.auth() {
                return ("AuthError", auth.code().map(str::to_owned));
            }
            return (
                "SalesforceError",
                error.code().map(|code| code.as_str().to_owned()),
            );
        }
    }
    ("Error", None)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use ferroforce::auth::AuthErrorKind;

    use super::*;

    fn failure(error: anyhow::Error) -> (Value, ExitCode) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = tell(Err(error), true, "org login web", &mut out, &mut err).unwrap();
        assert!(err.is_empty() && out.ends_with(b"\n"));
        (serde_json::from_slice(&out).unwrap(), code)
    }

    #[test]
    fn failures_are_told_by_family_code_and_words() {
        let refused = AuthError::new(AuthErrorKind::Refused, "no").with_code("access_denied");
        let (told, code) = failure(anyhow!(refused).context("the sign-in failed"));
        assert_eq!(code, ExitCode::FAILURE);
        assert_eq!(told["name"], "AuthError");
        assert_eq!(told["code"], "access_denied");
        assert_eq!(told["message"], "the sign-in failed: access_denied: no");
        assert_eq!((&told["status"], &told["exitCode"]), (&json!(1), &json!(1)));
        assert_eq!(told["commandName"], "org login web");

        let (told, code) = failure(UnknownOrg("who?".to_owned()).into());
        assert_eq!(code, ExitCode::from(2));
        assert_eq!(
            (&told["name"], &told["status"]),
            (&json!("NamedOrgNotFound"), &json!(2))
        );
    }

    #[test]
    fn warnings_go_beside_the_answer() {
        let answer = || Answer {
            text: "done\n".to_owned(),
            result: json!({"a": 1}),
            warnings: vec!["careful".to_owned()],
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        tell(Ok(answer()), false, "x", &mut out, &mut err).unwrap();
        assert_eq!(
            (out.as_slice(), err.as_slice()),
            (&b"done\n"[..], &b"warning: careful\n"[..])
        );
        let (mut out, mut err) = (Vec::new(), Vec::new());
        tell(Ok(answer()), true, "x", &mut out, &mut err).unwrap();
        assert!(err.is_empty());
        let told: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            told,
            json!({"status": 0, "result": {"a": 1}, "warnings": ["careful"]})
        );
    }
}
