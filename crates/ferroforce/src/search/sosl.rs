use std::borrow::Cow;
use std::fmt;

use super::Term;
use crate::error::Result;
use crate::soql::{Literal, Soql};

/// A SOSL search that is safe from injection: text of the program, with what to
/// search for and the values of its conditions put in, as [`Soql`] does it.
///
/// ```
/// use ferroforce::search::Sosl;
///
/// let sosl = Sosl::new("FIND {:text} RETURNING Contact(Id WHERE LeadSource = :source)")
///     .term("text", "O'Hara} RETURNING User(Id)") // from a form, say
///     .bind("source", "Web");
/// assert_eq!(
///     sosl.render()?,
///     r"FIND {O\'Hara\} RETURNING User\(Id\)} RETURNING Contact(Id WHERE LeadSource = 'Web')",
/// );
/// # Ok::<(), ferroforce::Error>(())
/// ```
///
/// Text that is made at run time does not compile:
///
/// ```compile_fail
/// let name = "x} RETURNING User(Id)";
/// let sosl: ferroforce::search::Sosl = format!("FIND {{{name}}}").into();
/// ```
#[derive(Clone)]
pub struct Sosl(Soql);

impl Sosl {
    /// A search from the text of the program.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(Soql::new(text))
    }

    /// A search from text that was made at run time, which you vouch for. See
    /// [`Soql::assert_safe`].
    #[must_use]
    pub fn assert_safe(text: impl Into<String>) -> Self {
        Self(Soql::assert_safe(text))
    }

    /// What to search for, in the place of `:name`, which stands between the braces
    /// of `FIND {:name}`. A text stands for its words: see [`Term`].
    #[must_use]
    pub fn term(self, name: impl Into<Cow<'static, str>>, term: impl Into<Term>) -> Self {
        Self(self.0.made(name, term.into().into_text()))
    }

    /// A value of a condition, in the place of `:name`. See [`Soql::bind`].
    #[must_use]
    pub fn bind(self, name: impl Into<Cow<'static, str>>, value: impl Literal) -> Self {
        Self(self.0.bind(name, value))
    }

    /// A list of names of objects or fields, in the place of `:name`. See
    /// [`Soql::names`].
    #[must_use]
    pub fn names(
        self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item: AsRef<str>>,
    ) -> Self {
        Self(self.0.names(name, values))
    }

    /// The search as it is sent.
    ///
    /// # Errors
    /// As [`Soql::render`], and where there is nothing to search for.
    pub fn render(&self) -> Result<Cow<'_, str>> {
        self.0.render()
    }
}

impl From<&'static str> for Sosl {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Sosl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sosl").field(&self.0).finish()
    }
}
