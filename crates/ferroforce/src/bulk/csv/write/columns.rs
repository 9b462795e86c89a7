use std::collections::HashMap;

use super::limits;
use super::refusal::Refusal;

/// The columns of a sheet, in their order.
///
/// Names do not tell capitals from small letters, as everywhere in Salesforce. The
/// field of a parent is called `Account.Key__c`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
    /// Whether no others can come.
    declared: bool,
    /// Columns of which nothing but null was seen: what they are called may turn out
    /// to be a parent.
    only_null: Vec<usize>,
    /// Whether the rows may be larger than what Salesforce takes.
    unlimited: bool,
}

impl Columns {
    /// Those that the user says, and no others.
    pub(crate) fn declared(names: impl IntoIterator<Item = String>) -> Result<Self, Refusal> {
        let mut columns = Self::default();
        for name in names {
            if columns.places.contains_key(&name.to_ascii_lowercase()) {
                return Err(Refusal::new(format!("the column {name} is declared twice")));
            }
            columns.add(name)?;
        }
        columns.declared = true;
        Ok(columns)
    }

    /// Those that are known, and others as they come, for rows that are not sent: with
    /// what became of them they may be larger than Salesforce takes.
    pub(crate) fn known(names: impl IntoIterator<Item = String>) -> Self {
        let mut columns = Self {
            unlimited: true,
            ..Self::default()
        };
        for name in names {
            let key = name.to_ascii_lowercase();
            columns.places.insert(key, columns.names.len());
            columns.names.push(name);
        }
        columns
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The place of `parent.field`, or of `field` where there is no parent. The one
    /// at `likely` is looked at first.
    #[inline]
    pub(super) fn find(&self, parent: &str, field: &str, likely: usize) -> Option<usize> {
        match self.names.get(likely) {
            Some(name) if is(name, parent, field) => Some(likely),
            _ => self.look_up(parent, field),
        }
    }

    #[cold]
    fn look_up(&self, parent: &str, field: &str) -> Option<usize> {
        let mut full = String::with_capacity(parent.len() + field.len() + 1);
        push(&mut full, parent, field);
        full.make_ascii_lowercase();
        self.places.get(&full).copied()
    }

    /// A column that was not there, or was there and not yet known to be this one.
    pub(super) fn find_or_add(&mut self, parent: &str, field: &str) -> Result<usize, Refusal> {
        let mut full = String::new();
        push(&mut full, parent, field);
        if self.declared {
            return Err(Refusal::new(format!(
                "it has the field {full}, which is not among the declared columns"
            )));
        }
        let undecided = self.only_null.iter().position(|place| {
            !parent.is_empty() && self.names[*place].eq_ignore_ascii_case(parent)
        });
        if let Some(found) = undecided {
            let place = self.only_null.swap_remove(found);
            self.places.remove(&parent.to_ascii_lowercase());
            self.places.insert(full.to_ascii_lowercase(), place);
            self.names[place] = full;
            return Ok(place);
        }
        self.add(full)
    }

    fn add(&mut self, name: String) -> Result<usize, Refusal> {
        if !is_column(&name) {
            return Err(Refusal::new(format!(
                "{name:?} is no name of a column: a field (Email), a field of a parent \
                 (Account.Key__c), or that of a parent of several types (Lead:Who.Email)"
            )));
        }
        let place = self.names.len();
        let characters: usize = self.names.iter().map(|name| name.len() + 1).sum();
        let full = place == limits::COLUMNS || characters + name.len() > limits::HEADER;
        if full && !self.unlimited {
            return Err(Refusal::new(format!(
                "with {name} there would be {} columns of {} characters; Salesforce takes {} and {}",
                place + 1,
                characters + name.len(),
                limits::COLUMNS,
                limits::HEADER
            )));
        }
        self.places.insert(name.to_ascii_lowercase(), place);
        self.names.push(name);
        Ok(place)
    }

    /// The places of the fields of a parent.
    pub(super) fn of_parent(&self, parent: &str) -> Vec<usize> {
        let names = self.names.iter().enumerate();
        names
            .filter(|(_, name)| {
                name.split_once('.')
                    .is_some_and(|(of, _)| of.eq_ignore_ascii_case(parent))
            })
            .map(|(place, _)| place)
            .collect()
    }

    pub(super) fn is_unlimited(&self) -> bool {
        self.unlimited
    }

    pub(super) fn seen_null(&mut self, place: usize) {
        self.only_null.push(place);
    }

    #[inline]
    pub(super) fn seen_value(&mut self, place: usize) {
        if !self.only_null.contains(&place) {
            return;
        }
        self.only_null.retain(|known| *known != place);
    }

    #[inline]
    pub(super) fn has_undecided(&self) -> bool {
        !self.only_null.is_empty()
    }

    /// Forgets the columns from this one on.
    pub(super) fn truncate(&mut self, length: usize) {
        for name in self.names.drain(length..) {
            self.places.remove(&name.to_ascii_lowercase());
        }
        self.only_null.retain(|place| *place < length);
    }
}

#[inline]
fn is(name: &str, parent: &str, field: &str) -> bool {
    if parent.is_empty() {
        return name == field;
    }
    name.strip_prefix(parent)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|rest| rest == field)
}

fn push(full: &mut String, parent: &str, field: &str) {
    if !parent.is_empty() {
        full.push_str(parent);
        full.push('.');
    }
    full.push_str(field);
}

/// Such names need no quotes, whatever the delimiter.
fn is_column(name: &str) -> bool {
    let path = name.split_once(':').map_or(Some(name), |(sobject, path)| {
        is_name(sobject).then_some(path)
    });
    path.is_some_and(|path| {
        let mut parts = path.split('.');
        let first = parts.next().is_some_and(is_name);
        first && parts.next().is_none_or(is_name) && parts.next().is_none()
    })
}

fn is_name(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic())
        && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}
