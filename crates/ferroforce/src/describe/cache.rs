use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::SObjectDescribe;
use crate::client::{Conditional, Salesforce, Validators};
use crate::error::Result;

/// Keeps descriptions of objects and asks anew whether they still hold: an answer
/// that nothing changed is small and quick. Cheap to clone; clones share what they
/// keep. Made by [`Salesforce::describe_cache`](crate::Salesforce::describe_cache).
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use std::time::Duration;
///
/// let described = salesforce.describe_cache().trust_for(Duration::from_secs(300));
/// let contact = described.get("Contact").await?;
/// assert!(contact.field("LastName").is_some_and(|field| field.is_required()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DescribeCache {
    client: Salesforce,
    trust: Duration,
    kept: Arc<Mutex<HashMap<String, Kept>>>,
}

#[derive(Clone)]
struct Kept {
    described: Arc<SObjectDescribe>,
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
        // Names do not tell capitals from small letters.
        let name = sobject.to_ascii_lowercase();
        let kept = self.lock().get(&name).cloned();
        let now = self.client.clock().steady();
        if let Some(kept) = &kept
            && now.duration_since(kept.checked) < self.trust
        {
            return Ok(Arc::clone(&kept.described));
        }
        let known = kept.as_ref().map(|kept| kept.validators.clone());
        let call = self.client.sobject(sobject).describe();
        let answer = call.if_changed(&known.unwrap_or_default()).await?;
        let kept = match (answer, kept) {
            (Conditional::Modified(new), _) => Kept {
                described: Arc::new(new.value),
                validators: new.validators,
                checked: now,
            },
            (Conditional::NotModified, Some(kept)) => Kept {
                checked: now,
                ..kept
            },
            // It was not asked for by a condition.
            (Conditional::NotModified, None) => {
                return Err(crate::Error::decode(
                    "the answer says that nothing changed where nothing was known",
                ));
            }
        };
        let described = Arc::clone(&kept.described);
        self.lock().insert(name, kept);
        Ok(described)
    }

    /// Forgets what was kept.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DescribeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DescribeCache")
            .field("trust", &self.trust)
            .field("kept", &self.lock().len())
            .finish_non_exhaustive()
    }
}
