use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{GlobalDescribe, Layouts, SObjectDescribe};
use crate::client::{Call, Conditional, Salesforce, Validators};
use crate::error::{Error, Result};

/// Keeps descriptions of objects, their page layouts and the list of all objects, and
/// asks anew whether they still hold: an answer that nothing changed is small and
/// quick. Cheap to clone; clones share what they keep. Made by
/// [`Salesforce::describe_cache`](crate::Salesforce::describe_cache).
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use std::time::Duration;
///
/// let described = salesforce.describe_cache().trust_for(Duration::from_secs(300));
/// let contact = described.get("Contact").await?;
/// assert!(contact.field("LastName").is_some_and(|field| field.is_required()));
/// let all = described.global().await?;
/// assert!(all.sobjects.iter().any(|object| object.name == "Contact"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DescribeCache {
    client: Salesforce,
    trust: Duration,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    objects: Shelf<SObjectDescribe>,
    layouts: Shelf<Layouts>,
    global: Shelf<GlobalDescribe>,
}

/// Things of one kind, by name.
struct Shelf<T>(Mutex<HashMap<String, Entry<T>>>);

struct Entry<T> {
    value: Arc<T>,
    validators: Validators,
    checked: Instant,
}

impl DescribeCache {
    pub(crate) fn new(client: Salesforce) -> Self {
        Self {
            client,
            trust: Duration::ZERO,
            kept: Arc::default(),
        }
    }

    /// For how long a description is taken to hold without asking. By default it is
    /// asked every time.
    #[must_use]
    pub fn trust_for(mut self, time: Duration) -> Self {
        self.trust = time;
        self
    }

    /// The description of an object.
    ///
    /// # Errors
    /// As [`SObject::describe`](crate::sobject::SObject::describe). What was kept
    /// stays, and is not given out as if it were certain.
    pub async fn get(&self, sobject: &str) -> Result<Arc<SObjectDescribe>> {
        let call = || self.client.sobject(sobject).describe();
        self.look(&self.kept.objects, sobject, call).await
    }

    /// The page layouts of an object. They come whole each time that they are asked for
    /// if Salesforce says no date with them.
    ///
    /// # Errors
    /// As [`SObject::layouts`](crate::sobject::SObject::layouts), and as
    /// [`get`](Self::get).
    pub async fn layouts(&self, sobject: &str) -> Result<Arc<Layouts>> {
        let call = || self.client.sobject(sobject).layouts();
        self.look(&self.kept.layouts, sobject, call).await
    }

    /// All objects of the org that the user may see.
    ///
    /// # Errors
    /// As [`Salesforce::describe_global`](crate::Salesforce::describe_global), and as
    /// [`get`](Self::get).
    pub async fn global(&self) -> Result<Arc<GlobalDescribe>> {
        let call = || self.client.describe_global();
        self.look(&self.kept.global, "", call).await
    }

    async fn look<T: Send + Sync + 'static>(
        &self,
        shelf: &Shelf<T>,
        name: &str,
        call: impl FnOnce() -> Call<T> + Send,
    ) -> Result<Arc<T>> {
        // Names do not tell capitals from small letters.
        let name = name.to_ascii_lowercase();
        let kept = shelf.lock().get(&name).cloned();
        let now = self.client.clock().steady();
        if let Some(kept) = &kept
            && now.duration_since(kept.checked) < self.trust
        {
            return Ok(Arc::clone(&kept.value));
        }
        let known = kept.as_ref().map(|kept| kept.validators.clone());
        let answer = call().if_changed(&known.unwrap_or_default()).await?;
        let kept = match (answer, kept) {
            (Conditional::Modified(new), _) => Entry {
                value: Arc::new(new.value),
                validators: new.validators,
                checked: now,
            },
            (Conditional::NotModified, Some(kept)) => Entry {
                checked: now,
                ..kept
            },
            // It was not asked for by a condition.
            (Conditional::NotModified, None) => {
                return Err(Error::decode(
                    "the answer says that nothing changed where nothing was known",
                ));
            }
        };
        let value = Arc::clone(&kept.value);
        shelf.lock().insert(name, kept);
        Ok(value)
    }

    /// Forgets what was kept.
    pub fn clear(&self) {
        self.kept.objects.lock().clear();
        self.kept.layouts.lock().clear();
        self.kept.global.lock().clear();
    }
}

impl<T> Shelf<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            validators: self.validators.clone(),
            checked: self.checked,
        }
    }
}

impl fmt::Debug for DescribeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DescribeCache")
            .field("trust", &self.trust)
            .field("objects", &self.kept.objects.lock().len())
            .field("layouts", &self.kept.layouts.lock().len())
            .field("global", &!self.kept.global.lock().is_empty())
            .finish_non_exhaustive()
    }
}
