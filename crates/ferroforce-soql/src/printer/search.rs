use std::fmt;

use super::Printer;
use super::literal::quoted;
use crate::ast::{
    ListView, Returning, ReturningFields, Search, SearchMode, SearchTerm, SearchWith,
};

impl Printer<'_> {
    pub(super) fn search(&mut self, search: &Search) -> fmt::Result {
        self.write("FIND ")?;
        match &search.term {
            SearchTerm::Braced(text) => write!(self.out, "{{{text}}}")?,
            SearchTerm::Quoted(text) => quoted(text, self.out)?,
            SearchTerm::Bind(bind) => write!(self.out, "{bind}")?,
        }
        if let Some(group) = search.group {
            self.clause("IN ")?;
            write!(self.out, "{} FIELDS", group.as_str())?;
        }
        if !search.returning.is_empty() {
            self.clause("RETURNING")?;
            self.list(&search.returning, true, |printer, each| {
                printer.returning(each)
            })?;
        }
        for with in &search.with {
            self.clause("WITH ")?;
            self.search_with(with)?;
        }
        if let Some(mode) = search.mode {
            self.clause(match mode {
                SearchMode::Phrase => "USING PHRASE SEARCH",
                SearchMode::Advanced => "USING ADVANCED SEARCH",
            })?;
        }
        if let Some(limit) = &search.limit {
            self.clause("LIMIT ")?;
            write!(self.out, "{limit}")?;
        }
        if let Some(offset) = &search.offset {
            self.clause("OFFSET ")?;
            write!(self.out, "{offset}")?;
        }
        self.tracking_updates(&search.update)
    }

    fn returning(&mut self, returning: &Returning) -> fmt::Result {
        write!(self.out, "{}", returning.object)?;
        let Some(fields) = &returning.fields else {
            return Ok(());
        };
        // Whatever is in these parentheses stays on one line.
        let outer = self.indent.take();
        self.write("(")?;
        self.returning_fields(fields)?;
        self.indent = outer;
        self.write(")")
    }

    fn returning_fields(&mut self, fields: &ReturningFields) -> fmt::Result {
        self.join(&fields.fields, ", ", |printer, each| {
            write!(printer.out, "{}", each.field)?;
            printer.alias(each.alias.as_ref())
        })?;
        match &fields.list_view {
            None => {}
            Some(ListView::Name(name)) => write!(self.out, " USING LISTVIEW = {name}")?,
            Some(ListView::Id(id)) => write!(self.out, " USING LISTVIEW (ID = {id})")?,
        }
        if !fields.using.is_empty() {
            self.write(" USING ")?;
            self.using(&fields.using)?;
        }
        self.lookup_bindings(&fields.bind)?;
        self.filter(fields.filter.as_ref())?;
        self.order_by(&fields.order_by)?;
        if let Some(limit) = &fields.limit {
            write!(self.out, " LIMIT {limit}")?;
        }
        if let Some(offset) = &fields.offset {
            write!(self.out, " OFFSET {offset}")?;
        }
        Ok(())
    }

    fn search_with(&mut self, with: &SearchWith) -> fmt::Result {
        match with {
            SearchWith::DataCategory(filters) => {
                self.write("DATA CATEGORY ")?;
                self.category_filters(filters)
            }
            SearchWith::Equals { name, value } => write!(self.out, "{name} = {value}"),
            SearchWith::In { name, values } => {
                write!(self.out, "{name} IN (")?;
                self.join(values, ", ", |printer, value| {
                    write!(printer.out, "{value}")
                })?;
                self.write(")")
            }
            SearchWith::Flag { name, value } => {
                write!(
                    self.out,
                    "{name} = {}",
                    if *value { "TRUE" } else { "FALSE" }
                )
            }
            SearchWith::Keyword(name) => write!(self.out, "{name}"),
            SearchWith::Call { name, arguments } => {
                write!(self.out, "{name} ")?;
                self.with_arguments(arguments)
            }
        }
    }
}
