//! Pages of what a query found.

use std::ops::Range;
use std::sync::Arc;

use rusqlite::{Connection, params_from_iter};

use super::found::{Found, id_list, place};
use super::plan::RowsPlan;
use super::render::{Children, Renderer, Texts, result};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::ApiVersion;

/// What pages are read with.
pub(crate) struct Reader<'r> {
    pub(crate) db: &'r Connection,
    /// The version of the API under which records have their paths.
    pub(crate) version: ApiVersion,
    /// How many records go on a page, children included.
    pub(crate) batch: usize,
    /// Keeps what is left for later pages and tells the path of the next.
    pub(crate) keep: &'r dyn Fn(Rest) -> String,
    /// Notes that records were answered that a query was to mark.
    pub(crate) note: &'r Note<'r>,
}

/// Notes something about records, by their ids.
pub(crate) type Note<'r> = dyn Fn(&Mark, &[RecordId]) -> Result<(), ApiError> + 'r;

/// What FOR VIEW and FOR REFERENCE ask for: to note that the records were seen.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) object: String,
    /// Whether they were viewed, and not only referred to.
    pub(crate) viewed: bool,
}

/// What is left of a query, or of a subquery for one parent, after its first page.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(super) plan: Arc<RowsPlan>,
    pub(super) found: Found,
    /// How many records were on the first page.
    pub(crate) offset: usize,
    /// How many records the whole query found.
    pub(super) total: usize,
}

impl Rest {
    /// What is left of a plan for records if its first page had none of these.
    #[cfg(test)]
    pub(crate) fn of(plan: &super::Plan, ids: Vec<RecordId>) -> Self {
        let super::Plan::Rows(plan) = plan else {
            panic!("only records have pages");
        };
        Self {
            plan: Arc::clone(plan),
            total: ids.len(),
            found: Found::without_children(ids),
            offset: 0,
        }
    }

    /// How many ids it holds.
    pub(crate) fn size(&self) -> usize {
        self.found.size()
    }

    /// The page that begins at an offset from the whole query's first record; `None` if nothing
    /// is there. `next` makes the path of the page at an offset.
    pub(crate) fn page(
        &self,
        offset: usize,
        reader: &Reader<'_>,
        next: impl Fn(usize) -> String,
    ) -> Result<Option<Vec<u8>>, ApiError> {
        let all = self.found.len();
        let start = offset.checked_sub(self.offset).filter(|&start| start < all);
        let Some(start) = start else {
            return Ok(None);
        };
        let end = start + self.found.fitting(start..all, reader.batch);
        let rows = reader.render(&self.plan, &self.found, start..end)?;
        let next = (end < all).then(|| next(self.offset + end));
        let type_name = self.plan.shape.type_name.as_str();
        Ok(Some(reader.answer(
            type_name,
            self.total,
            next.as_deref(),
            &rows,
        )))
    }
}

/// A record as it is written, unless it is gone.
type Written = Option<Vec<u8>>;

impl Reader<'_> {
    /// The answer to a query for records of a type.
    pub(super) fn answer(
        &self,
        type_name: &str,
        total: usize,
        next: Option<&str>,
        rows: &Texts,
    ) -> Vec<u8> {
        let tooling_type = self.version.is_tooling().then_some(type_name);
        result(total, next, rows, tooling_type)
    }

    /// Writes records; those that are gone are left out.
    pub(super) fn render(
        &self,
        plan: &RowsPlan,
        found: &Found,
        records: Range<usize>,
    ) -> Result<Texts, ApiError> {
        if let Some(mark) = &plan.mark {
            (self.note)(mark, &found.ids()[records.clone()])?;
        }
        Ok(Texts::of(&self.written(plan, found, records, self.batch)?))
    }

    /// Writes records, and no more of their children than fit on a page of so many.
    fn written(
        &self,
        plan: &RowsPlan,
        found: &Found,
        records: Range<usize>,
        most: usize,
    ) -> Result<Vec<Written>, ApiError> {
        let whole = found.fits(records.clone(), most);
        let share = if whole {
            usize::MAX
        } else {
            share(plan, found, &records, most)
        };
        let mut children = Vec::with_capacity(plan.children.len());
        for subquery in 0..plan.children.len() {
            children.push(self.children(plan, found, &records, subquery, share)?);
        }
        let renderer = Renderer::new(self.version, children);
        let ids = &found.ids()[records];
        let sql = format!(
            "SELECT {}, \"wanted\".key FROM json_each(?{}) AS \"wanted\" CROSS JOIN {} \
             WHERE {} = \"wanted\".value",
            plan.columns,
            plan.params.len() + 1,
            plan.tables,
            plan.id,
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(plan.params_with(&id_list(ids))))?;
        let mut written = vec![None; ids.len()];
        while let Some(row) = rows.next()? {
            let mut record = Vec::new();
            renderer.record(row, &plan.shape, &mut record)?;
            written[place(row.get(plan.width)?)?] = Some(record);
        }
        Ok(written)
    }

    /// What one subquery answers below these records, by their ids.
    fn children(
        &self,
        plan: &RowsPlan,
        found: &Found,
        records: &Range<usize>,
        subquery: usize,
        share: usize,
    ) -> Result<Children, ApiError> {
        let mut children = Children::new();
        let Some(below) = found.below(subquery, records) else {
            return Ok(children);
        };
        let plan = &plan.children[subquery].plan;
        let first = below.all.start;
        let shown = first..first + below.found.fitting(below.all.clone(), share);
        let written = self.written(plan, below.found, shown.clone(), share)?;
        let mut start = first;
        for (id, &end) in found.ids()[records.clone()].iter().zip(below.ends) {
            if start == end {
                continue;
            }
            let here = start.min(shown.end)..end.min(shown.end);
            let rows = Texts::of(&written[here.start - first..here.end - first]);
            let next = (here.end < end).then(|| {
                (self.keep)(Rest {
                    plan: Arc::clone(plan),
                    found: below.found.part(here.end..end),
                    offset: here.len(),
                    total: end - start,
                })
            });
            if rows.count > 0 || next.is_some() {
                let type_name = plan.shape.type_name.as_str();
                let answer = self.answer(type_name, end - start, next.as_deref(), &rows);
                children.insert(id.as_str().to_owned(), answer);
            }
            start = end;
        }
        Ok(children)
    }
}

/// How many records each subquery may show below records that do not fit on a page whole; there
/// is only one then.
fn share(plan: &RowsPlan, found: &Found, records: &Range<usize>, most: usize) -> usize {
    let sharing = (0..plan.children.len())
        .filter_map(|subquery| found.below(subquery, records))
        .filter(|below| !below.all.is_empty())
        .count();
    (most.saturating_sub(records.len()) / sharing.max(1)).max(1)
}
