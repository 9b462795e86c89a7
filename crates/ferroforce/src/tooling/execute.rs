use http::Method;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, decode_json};

/// What became of anonymous Apex.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/executeanonymousresult.htm>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Executed {
    /// Whether the code compiled.
    pub compiled: bool,
    /// Whether it compiled and ran to its end. If not, nothing that it wrote stays.
    pub success: bool,
    /// The line of the problem, from 1; -1 where there is none.
    #[serde(default = "nowhere")]
    pub line: i64,
    /// The column of the problem, from 1; -1 where there is none.
    #[serde(default = "nowhere")]
    pub column: i64,
    /// Why it did not compile.
    #[serde(default)]
    pub compile_problem: Option<String>,
    /// What it threw.
    #[serde(default)]
    pub exception_message: Option<String>,
    /// Where it threw.
    #[serde(default)]
    pub exception_stack_trace: Option<String>,
}

fn nowhere() -> i64 {
    -1
}

pub(super) fn op(apex: String) -> Result<Op<Executed>> {
    if apex.trim().is_empty() {
        return Err(Error::invalid_input("there is no Apex to run"));
    }
    let path = Path::fill("/tooling/executeAnonymous", &[])?;
    Ok(Op::new(Method::GET, path, decode_json)
        .repeatability(Repeatability::Once)
        .query("anonymousBody", apex))
}
