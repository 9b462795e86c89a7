//! Records by the User Interface API, whose creates can be repeated safely.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_records.htm>

mod key;
mod record;

use std::fmt::Display;

use http::header::HeaderValue;
use http::{Method, StatusCode};
use serde::Serialize;

pub use key::IdempotencyKey;
pub use record::UiRecord;

use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::{IDEMPOTENCY_KEY, Op, Path, Repeatability, Response, decode_json};
use crate::sobject::{delete_row, record_id};

const ROW: &str = "/ui-api/records/{id}";

/// Records by the User Interface API. Made by [`Salesforce::ui_records`].
///
/// A create carries an [`IdempotencyKey`], under which Salesforce keeps its answer
/// for 30 days: however often it is sent, there is one record. It is the one create
/// that is repeated after an attempt of which nothing is known.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::ui_api::IdempotencyKey;
/// use serde_json::json;
///
/// let records = salesforce.ui_records();
/// let key = IdempotencyKey::generate(); // keep it, to go on after a crash
/// let account = records.create_with_key("Account", &json!({"Name": "Acme"}), &key).await?;
/// println!("{}: {:?}", account.id, account.value::<String>("Name")?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct UiRecords {
    client: Salesforce,
}

/// The User Interface API.
impl Salesforce {
    /// Records by the User Interface API.
    pub fn ui_records(&self) -> UiRecords {
        UiRecords {
            client: self.clone(),
        }
    }
}

impl UiRecords {
    /// Creates a record under a key that is made for it, so that it may be repeated
    /// within this call.
    ///
    /// # Errors
    /// As [`create_with_key`](Self::create_with_key).
    pub fn create(&self, object: &str, fields: &(impl Serialize + ?Sized)) -> Call<UiRecord> {
        self.create_with_key(object, fields, &IdempotencyKey::generate())
    }

    /// Creates a record under this key: sent again under the same key, also by
    /// another call or program, it gives the record that is there.
    ///
    /// # Errors
    /// When it is awaited. A 409 says that the first create under this key is still
    /// under way, after it was asked for again as often as the retry policy allows;
    /// [`Error::retry_after`] is when to ask next. A 422 says that the key was used
    /// for something else.
    pub fn create_with_key(
        &self,
        object: &str,
        fields: &(impl Serialize + ?Sized),
        key: &IdempotencyKey,
    ) -> Call<UiRecord> {
        self.client.call(create(object, fields, key))
    }

    /// Reads fields of a record, each named with its object: `Account.Name`. Fields
    /// that the user may not see are an error.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`] if there is none.
    pub fn get(
        &self,
        id: impl Display,
        fields: impl IntoIterator<Item: AsRef<str>>,
    ) -> Call<UiRecord> {
        let mut list = String::new();
        for field in fields {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(field.as_ref());
        }
        let op = row(&id).map(|path| Op::new(Method::GET, path, decode_json).query("fields", list));
        self.client.call(op)
    }

    /// Writes the given fields of a record and leaves the others.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn update(&self, id: impl Display, fields: &(impl Serialize + ?Sized)) -> Call<UiRecord> {
        let op = row(&id).and_then(|path| {
            Op::new(Method::PATCH, path, decode_json)
                .repeatability(Repeatability::Idempotent)
                .json(&Body {
                    api_name: None,
                    fields,
                })
        });
        self.client.call(op)
    }

    /// Puts a record into the recycle bin. When the request had to be repeated and the
    /// record turns out to be gone, that counts as success.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`] if there is none.
    pub fn delete(&self, id: impl Display) -> Call<()> {
        let op = record_id(&id).and_then(|id| delete_row(ROW, &[&id]));
        self.client.call(op)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a, F: ?Sized> {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_name: Option<&'a str>,
    fields: &'a F,
}

fn row(id: &dyn Display) -> Result<Path> {
    Path::fill(ROW, &[&record_id(id)?])
}

fn create(
    object: &str,
    fields: &(impl Serialize + ?Sized),
    key: &IdempotencyKey,
) -> Result<Op<UiRecord>> {
    let value = HeaderValue::try_from(key.as_str())
        .map_err(|error| Error::invalid_input("the key makes no header").with_source(error))?;
    let body = Body {
        api_name: Some(object),
        fields,
    };
    Op::new(Method::POST, Path::fill("/ui-api/records", &[])?, created)
        .repeatability(Repeatability::Idempotent)
        .accepts(&[StatusCode::UNPROCESSABLE_ENTITY])
        .header(IDEMPOTENCY_KEY.clone(), value)
        .json(&body)
}

fn created(response: &Response) -> Result<UiRecord> {
    if response.status() != StatusCode::UNPROCESSABLE_ENTITY {
        return response.json();
    }
    Err(Error::from_answer(response)
        .with_hint("This idempotency key was used for something else: make a new one"))
}

#[cfg(test)]
mod tests;
