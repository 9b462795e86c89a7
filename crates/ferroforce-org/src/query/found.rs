//! The records that a query found, by their ids: what its pages hold, whatever is written later.

use std::ops::Range;

use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, Rows, params_from_iter};

use super::Window;
use super::plan::{Child, RowsPlan};
use crate::error::ApiError;
use crate::id::RecordId;

/// The ids of records in their order, and those of their children.
#[derive(Debug, Default)]
pub(crate) struct Found {
    ids: Vec<RecordId>,
    /// The children that each subquery found; empty without subqueries.
    children: Vec<Children>,
}

/// What a subquery found for all of its parents, one parent's children after the other's.
#[derive(Debug, Default)]
struct Children {
    /// Where the children of each parent end.
    ends: Vec<usize>,
    found: Found,
}

impl Children {
    /// Where the children of these parents are.
    fn of(&self, parents: &Range<usize>) -> Range<usize> {
        let end = |parents: usize| parents.checked_sub(1).map_or(0, |last| self.ends[last]);
        end(parents.start)..end(parents.end)
    }
}

impl Found {
    /// Asks for the records of a plan and all that is below them.
    pub(super) fn of(plan: &RowsPlan, db: &Connection, window: Window) -> Result<Self, ApiError> {
        let sql = plan.sql(&plan.id, window);
        let mut statement = db.prepare_cached(&sql)?;
        let ids = ids(&mut statement.query(params_from_iter(&plan.params))?, 0)?;
        Self::with_children(plan, db, ids)
    }

    /// These records, without children.
    pub(super) fn without_children(ids: Vec<RecordId>) -> Self {
        Self {
            ids,
            children: Vec::new(),
        }
    }

    fn with_children(
        plan: &RowsPlan,
        db: &Connection,
        ids: Vec<RecordId>,
    ) -> Result<Self, ApiError> {
        let parents = id_list(&ids);
        let below = |child| children(child, db, &parents, ids.len());
        Ok(Self {
            children: plan.children.iter().map(below).collect::<Result<_, _>>()?,
            ids,
        })
    }

    pub(super) fn ids(&self) -> &[RecordId] {
        &self.ids
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many ids it holds, those of children included.
    pub(crate) fn size(&self) -> usize {
        self.weight(0..self.len())
    }

    /// How many records these are together with their children.
    fn weight(&self, records: Range<usize>) -> usize {
        let below = self.children.iter();
        records.len()
            + below
                .map(|below| below.found.weight(below.of(&records)))
                .sum::<usize>()
    }

    /// How many of these records go on a page of so many, at least one: children count too, and
    /// a record whose children do not fit goes on the next page.
    pub(super) fn fitting(&self, records: Range<usize>, most: usize) -> usize {
        let (mut few, mut many) = (1, records.len() + 1);
        while few + 1 < many {
            let middle = usize::midpoint(few, many);
            if self.weight(records.start..records.start + middle) <= most {
                few = middle;
            } else {
                many = middle;
            }
        }
        few.min(records.len())
    }

    /// Whether these records fit on a page of so many with all of their children.
    pub(super) fn fits(&self, records: Range<usize>, most: usize) -> bool {
        self.weight(records) <= most
    }

    /// What the n-th subquery found for these records, and where the children of each end.
    pub(super) fn below(&self, subquery: usize, records: &Range<usize>) -> Option<Below<'_>> {
        let children = self.children.get(subquery)?;
        Some(Below {
            found: &children.found,
            all: children.of(records),
            ends: &children.ends[records.clone()],
        })
    }

    /// Some of the records alone, with their children.
    pub(super) fn part(&self, records: Range<usize>) -> Self {
        let children = self.children.iter().map(|children| {
            let range = children.of(&records);
            Children {
                ends: children.ends[records.clone()]
                    .iter()
                    .map(|end| end - range.start)
                    .collect(),
                found: children.found.part(range),
            }
        });
        Self {
            children: children.collect(),
            ids: self.ids[records].to_vec(),
        }
    }
}

/// What a subquery found for some records.
pub(super) struct Below<'f> {
    pub(super) found: &'f Found,
    /// Where in `found` the children of these records are.
    pub(super) all: Range<usize>,
    /// Where in `found` the children of each record end.
    pub(super) ends: &'f [usize],
}

/// Asks for the children of all these parents, in one statement.
fn children(
    child: &Child,
    db: &Connection,
    parents: &str,
    count: usize,
) -> Result<Children, ApiError> {
    let plan = &*child.plan;
    let mut statement = db.prepare_cached(&child.sql())?;
    let params = plan.params_with(parents);
    let mut rows = statement.query(params_from_iter(params))?;
    let mut ends = Vec::with_capacity(count);
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        let parent = place(row.get(1)?)?;
        ends.resize(parent, ids.len());
        ids.push(record_id(row.get_ref(0)?)?);
    }
    ends.resize(count, ids.len());
    Ok(Children {
        ends,
        found: Found::with_children(plan, db, ids)?,
    })
}

impl Child {
    /// Selects the children's ids with the place of their parent in a list, by parent.
    fn sql(&self) -> String {
        let plan = &*self.plan;
        let (id, order) = (&plan.id, &plan.order);
        let filter = match plan.filter.as_str() {
            "" => String::new(),
            filter => format!(" AND {filter}"),
        };
        // The list comes first, so that each parent's children are looked up by the link.
        let tables = format!(
            "FROM json_each(?{}) AS \"parent\" CROSS JOIN {} WHERE {} = \"parent\".value{filter}",
            plan.params.len() + 1,
            plan.tables,
            self.link,
        );
        let Window { limit, offset } = plan.window;
        if limit.is_none() && offset == 0 {
            return format!(
                "SELECT {id}, \"parent\".key {tables} ORDER BY \"parent\".key, {order}"
            );
        }
        let last = limit.map_or(String::new(), |limit| {
            format!(" AND \"nth\" <= {}", offset.saturating_add(limit))
        });
        format!(
            "SELECT \"id\", \"at\" FROM (SELECT {id} AS \"id\", \"parent\".key AS \"at\", \
             row_number() OVER (PARTITION BY \"parent\".key ORDER BY {order}) AS \"nth\" {tables}) \
             WHERE \"nth\" > {offset}{last} ORDER BY \"at\", \"nth\""
        )
    }
}

impl RowsPlan {
    /// The values of the parameters, with one more behind them: a list of ids.
    pub(super) fn params_with(&self, ids: &str) -> impl Iterator<Item = SqlValue> {
        let ids = SqlValue::Text(ids.to_owned());
        self.params.iter().cloned().chain([ids])
    }
}

/// Ids as a JSON array, which SQLite reads as a table.
pub(super) fn id_list(ids: &[RecordId]) -> String {
    let mut list = String::with_capacity(ids.len() * 21 + 2);
    for id in ids {
        list.push(if list.is_empty() { '[' } else { ',' });
        list.push('"');
        list.push_str(id.as_str());
        list.push('"');
    }
    if list.is_empty() {
        list.push('[');
    }
    list.push(']');
    list
}

/// A column of ids, to its end.
pub(super) fn ids(rows: &mut Rows<'_>, column: usize) -> Result<Vec<RecordId>, ApiError> {
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(record_id(row.get_ref(column)?)?);
    }
    Ok(ids)
}

/// A place in a list of ids, as SQLite counts it.
pub(super) fn place(key: i64) -> Result<usize, ApiError> {
    usize::try_from(key).map_err(|_| ApiError::internal("a place in a list is negative"))
}

fn record_id(value: ValueRef<'_>) -> Result<RecordId, ApiError> {
    value
        .as_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| ApiError::internal("a record has no id"))
}
