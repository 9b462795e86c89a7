//! A query and what is put into it.

use std::borrow::Cow;
use std::fmt;

use super::Literal;
use super::literal::{Written, write};
use super::name;
use crate::Error;
use crate::types::Excerpt;

/// The longest statement that Salesforce takes, in characters.
const LONGEST: usize = 100_000;

/// A SOQL query that is safe from injection: text of the program, with values and names put in.
///
/// A query without values is a `&'static str`, which becomes a `Soql` by itself. Text that is made
/// at run time does not compile:
///
/// ```compile_fail
/// let name = "x' OR Name != '";
/// let soql: ferroforce::Soql = format!("SELECT Id FROM Account WHERE Name = '{name}'").into();
/// ```
///
/// ```compile_fail
/// let name = "x' OR Name != '";
/// let text = format!("SELECT Id FROM Account WHERE Name = '{name}'");
/// let soql = ferroforce::Soql::new(&text);
/// ```
///
/// Instead a placeholder stands in the text, a colon and a name, as in Apex, and
/// [`bind`](Self::bind) tells its value. What is wrong with a query is told when it is sent or
/// [rendered](Self::render), so that it can be built without a `?` at each step.
///
/// ```
/// use ferroforce::Soql;
///
/// let soql = Soql::new("SELECT :fields FROM Contact WHERE AccountId IN :accounts LIMIT :limit")
///     .names("fields", ["Id", "Account.Name"])
///     .bind("accounts", ["001Pc00000LuBMUIA3", "001Pc00000LuBMVIA3"])
///     .bind("limit", 10);
/// assert_eq!(
///     soql.render()?,
///     "SELECT Id, Account.Name FROM Contact \
///      WHERE AccountId IN ('001Pc00000LuBMUIA3','001Pc00000LuBMVIA3') LIMIT 10",
/// );
/// # Ok::<(), ferroforce::Error>(())
/// ```
///
/// `Debug` shows the text and the names of the placeholders, and no value.
#[derive(Clone)]
pub struct Soql {
    text: Cow<'static, str>,
    binds: Vec<Bind>,
}

#[derive(Clone)]
struct Bind {
    name: Cow<'static, str>,
    value: Result<Written, String>,
}

impl Soql {
    /// A query from the text of the program.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            binds: Vec::new(),
        }
    }

    /// A query from text that was made at run time, which you vouch for: nobody else had a say in
    /// it, but for values that were escaped and names that were checked. A query that the user of
    /// a tool typed in is one; it still takes placeholders.
    #[must_use]
    pub fn assert_safe(text: impl Into<String>) -> Self {
        Self {
            text: Cow::Owned(text.into()),
            binds: Vec::new(),
        }
    }

    /// Appends text, after a blank, for parts that are there only sometimes.
    ///
    /// ```
    /// # let only_open = true;
    /// use ferroforce::Soql;
    ///
    /// let mut soql = Soql::new("SELECT Id FROM Case WHERE Origin = :origin").bind("origin", "Web");
    /// if only_open {
    ///     soql = soql.push("AND IsClosed = false");
    /// }
    /// # assert!(soql.render()?.ends_with("= 'Web' AND IsClosed = false"));
    /// # Ok::<(), ferroforce::Error>(())
    /// ```
    #[must_use]
    pub fn push(mut self, text: &'static str) -> Self {
        let whole = self.text.to_mut();
        whole.push(' ');
        whole.push_str(text);
        self
    }

    /// Gives the placeholder `:name` its value. It may stand in the text more than once.
    ///
    /// A string brings its own quotes, and a list its own parentheses; both `IN :ids` and
    /// `INCLUDES (:values)` are right. A list must not be empty, since SOQL has no empty list, and
    /// what `IN ()` should find is a matter of opinion.
    #[must_use]
    pub fn bind(self, name: impl Into<Cow<'static, str>>, value: impl Literal) -> Self {
        self.with(name.into(), write(&value))
    }

    /// Gives the placeholder `:name` the name of an object or a field, or a path such as
    /// `Account.Owner.Name`. It is checked to be one; whether the user may choose it is up to you.
    #[must_use]
    pub fn name(self, name: impl Into<Cow<'static, str>>, value: impl AsRef<str>) -> Self {
        self.names(name, [value])
    }

    /// Gives the placeholder `:name` a list of names or paths, which are checked to be such and
    /// written with commas between them.
    #[must_use]
    pub fn names(
        self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item: AsRef<str>>,
    ) -> Self {
        let mut list = String::new();
        for value in values {
            let value = value.as_ref();
            if let Err(error) = name::check(value) {
                return self.with(name.into(), Err(error));
            }
            if !list.is_empty() {
                list.push_str(", ");
            }
            list.push_str(value);
        }
        let list = if list.is_empty() {
            Err("it has no names".to_owned())
        } else {
            Ok(list)
        };
        self.with(name.into(), list.map(Written::One))
    }

    /// Gives the placeholder `:name` a text that this crate has made.
    pub(crate) fn made(
        self,
        name: impl Into<Cow<'static, str>>,
        text: Result<String, String>,
    ) -> Self {
        self.with(name.into(), text.map(Written::One))
    }

    fn with(mut self, name: Cow<'static, str>, value: Result<Written, String>) -> Self {
        self.binds.push(Bind { name, value });
        self
    }

    /// The query as it is sent, with every placeholder replaced.
    ///
    /// It is made in one pass, so that a value which itself looks like a placeholder stays what it
    /// is. Between quotes nothing is replaced.
    ///
    /// # Errors
    ///
    /// When a placeholder has no value or two, a value has no placeholder, a value cannot be
    /// expressed (an empty list, an infinite number, a name that is none), a quote is not closed,
    /// or the result is longer than the 100,000 characters that Salesforce takes.
    pub fn render(&self) -> Result<Cow<'_, str>, Error> {
        self.rendered().map_err(Error::invalid_input)
    }

    fn rendered(&self) -> Result<Cow<'_, str>, String> {
        let text = &*self.text;
        let mut used = vec![false; self.binds.len()];
        let mut out = String::new();
        let mut copied = 0;
        for place in Placeholders::new(text) {
            let Place { start, end } = place?;
            let name = &text[start + 1..end];
            let before = text[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                return Err(format!(
                    "the placeholder :{name} needs a blank before it; \
                     for LAST_N_DAYS:n and the like bind a `DateLiteral`"
                ));
            }
            out.push_str(&text[copied..start]);
            out.push_str(&self.value(name, &text[..start], &mut used)?);
            copied = end;
        }
        if let Some(unused) = used.iter().position(|used| !used) {
            return Err(self.unused(&self.binds[unused].name));
        }
        let whole = if copied == 0 {
            Cow::Borrowed(text)
        } else {
            out.push_str(&text[copied..]);
            Cow::Owned(out)
        };
        // A character has one to four bytes.
        let length = if whole.len() > LONGEST {
            whole.chars().count()
        } else {
            0
        };
        if length > LONGEST {
            return Err(format!(
                "the query has {length} characters, and Salesforce takes {LONGEST}"
            ));
        }
        Ok(whole)
    }

    /// The value of a placeholder, as it is written behind `before`.
    fn value(&self, name: &str, before: &str, used: &mut [bool]) -> Result<Cow<'_, str>, String> {
        let mut found = None;
        for (bind, used) in self.binds.iter().zip(used) {
            if bind.name == name {
                if found.is_some() {
                    return Err(format!("the placeholder :{name} has two values"));
                }
                *used = true;
                found = Some(&bind.value);
            }
        }
        match found.ok_or_else(|| format!("the placeholder :{name} has no value"))? {
            Ok(Written::One(value)) => Ok(value.into()),
            Ok(Written::List(items)) if before.trim_end().ends_with(['(', ',']) => Ok(items.into()),
            Ok(Written::List(items)) => Ok(format!("({items})").into()),
            Err(error) => Err(format!("the placeholder :{name} cannot be filled: {error}")),
        }
    }

    fn unused(&self, name: &str) -> String {
        let hint = if self.text.contains(&format!("':{name}")) {
            "; between quotes nothing is replaced, and a string brings its own quotes"
        } else {
            ""
        };
        format!(
            "there is a value for {} and no placeholder :{name}{hint}",
            Excerpt(name)
        )
    }
}

/// Where a placeholder stands, from its colon on.
struct Place {
    start: usize,
    end: usize,
}

/// Finds the placeholders outside quotes, and a quote that is not closed.
struct Placeholders<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Placeholders<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
        }
    }

    /// The end of the string that begins here.
    fn end_of_string(&self) -> Result<usize, String> {
        let mut at = self.at + 1;
        while let Some(c) = self.text.get(at) {
            match c {
                b'\'' => return Ok(at + 1),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        Err(format!("the quote at byte {} is not closed", self.at))
    }
}

impl Iterator for Placeholders<'_> {
    type Item = Result<Place, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.text.get(self.at..)? {
                [] => return None,
                [b'\'', ..] => match self.end_of_string() {
                    Ok(end) => self.at = end,
                    Err(error) => {
                        self.at = self.text.len();
                        return Some(Err(error));
                    }
                },
                [b':', name @ ..] if name.first().is_some_and(u8::is_ascii_alphabetic) => {
                    let is_part = |c: &&u8| c.is_ascii_alphanumeric() || **c == b'_';
                    let start = self.at;
                    self.at += 1 + name.iter().take_while(is_part).count();
                    return Some(Ok(Place {
                        start,
                        end: self.at,
                    }));
                }
                // In what SOSL searches for, a quote may be escaped.
                [b'\\', _, ..] => self.at += 2,
                _ => self.at += 1,
            }
        }
    }
}

impl From<&'static str> for Soql {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Soql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.binds.iter().map(|bind| &bind.name).collect();
        f.debug_struct("Soql")
            .field("text", &self.text)
            .field("placeholders", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
