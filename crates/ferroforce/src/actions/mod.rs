//! Invocable actions: what flows can do, called from outside.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_action.meta/api_action/>

mod describe;
mod result;

use std::fmt;

use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use describe::{ActionDescription, ActionParameter, ActionSummary};
pub use result::ActionResult;

use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::{Decode, Op, Path, Repeatability, decode_json};

/// The most inputs of one call.
const MOST_INPUTS: usize = 200;

/// The invocable actions of an org. Made by [`Salesforce::actions`].
#[derive(Debug, Clone)]
pub struct Actions {
    client: Salesforce,
}

/// One action. Made by [`Actions::standard`] and [`Actions::custom`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::Record;
/// use serde_json::json;
///
/// let post = salesforce.actions().standard("chatterPost");
/// let inputs = [json!({"text": "Hello", "subjectNameOrId": "me"})];
/// for result in post.invoke::<Record>(&inputs).await? {
///     println!("{}", result.is_success);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Action {
    client: Salesforce,
    path: Result<Path>,
}

/// Invocable actions.
impl Salesforce {
    /// The org's invocable actions.
    pub fn actions(&self) -> Actions {
        Actions {
            client: self.clone(),
        }
    }
}

impl Actions {
    /// The actions that Salesforce brings.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn list_standard(&self) -> Call<Vec<ActionSummary>> {
        self.list(Path::fill("/actions/standard", &[]))
    }

    /// The actions of a kind that the org has made: `apex`, `flow`, `quickAction`,
    /// `emailAlert` and others.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn list_custom(&self, kind: &str) -> Call<Vec<ActionSummary>> {
        self.list(Path::fill("/actions/custom/{kind}", &[kind]))
    }

    fn list(&self, path: Result<Path>) -> Call<Vec<ActionSummary>> {
        self.client
            .call(path.map(|path| Op::new(Method::GET, path, describe::decode_list)))
    }

    /// An action that Salesforce brings, `chatterPost` for example.
    pub fn standard(&self, name: &str) -> Action {
        self.action(Path::fill("/actions/standard/{action}", &[name]))
    }

    /// An action that the org has made: its kind, such as `apex` or `flow`, and its
    /// name.
    pub fn custom(&self, kind: &str, name: &str) -> Action {
        self.action(Path::fill("/actions/custom/{kind}/{action}", &[kind, name]))
    }

    fn action(&self, path: Result<Path>) -> Action {
        Action {
            client: self.client.clone(),
            path,
        }
    }
}

impl Action {
    /// What the action takes and gives.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn describe(&self) -> Call<ActionDescription> {
        let path = self.path.clone();
        self.client
            .call(path.map(|path| Op::new(Method::GET, path, decode_json)))
    }

    /// Carries the action out, once for each input: there may be 200. The results
    /// are in the order of the inputs, and one that failed leaves the others as they
    /// are. `T` is what the outputs are read into, [`Record`](crate::Record) for any.
    ///
    /// An action may do anything, so it is never repeated when it may have been
    /// carried out. Where a locked record stopped it for every input it was not.
    ///
    /// # Errors
    /// When it is awaited. That the action failed for an input is no error: see
    /// [`ActionResult::is_success`].
    pub fn invoke<T: DeserializeOwned>(
        &self,
        inputs: &[impl Serialize],
    ) -> Call<Vec<ActionResult<T>>> {
        self.client.call(self.invocation(inputs))
    }

    fn invocation<T: DeserializeOwned>(
        &self,
        inputs: &[impl Serialize],
    ) -> Result<Op<Vec<ActionResult<T>>>> {
        if !(1..=MOST_INPUTS).contains(&inputs.len()) {
            return Err(Error::invalid_input(format!(
                "the action was given {} inputs; Salesforce takes 1 to {MOST_INPUTS}",
                inputs.len()
            )));
        }
        #[derive(Serialize)]
        struct Body<'a, I> {
            inputs: &'a [I],
        }
        let decode = Decode::Rows(result::decode, inputs.len());
        Op::with_decode(Method::POST, self.path.clone()?, decode)
            .repeatability(Repeatability::Once)
            // Where the action failed for every input, the results come with a 400.
            .accepts(&[StatusCode::BAD_REQUEST])
            .undone(result::lock_errors)
            .json(&Body { inputs })
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
