//! The select list of a query for records.

use std::sync::Arc;

use ferroforce_soql::Span;
use ferroforce_soql::ast::{
    Field, Name, OrderBy, Path, Query, Select, SelectItem, Subquery, Typeof,
};

use super::fault::malformed;
use super::names::quoted;
use super::operand::{Kind, Operand};
use super::plan::{Child, RowsPlan};
use super::shape::{Item, Shape, TypeName};
use super::{Compiler, Window};
use crate::error::ApiError;
use crate::schema::Object;

/// How many subqueries a query may have.
const MOST_SUBQUERIES: usize = 20;

/// How deeply subqueries may be nested, the outer query not counted.
const MOST_DEPTH: usize = 4;

/// The first version of the API in which subqueries may hold subqueries.
const NESTED_SINCE: u16 = 58;

/// The first version of the API that knows FIELDS().
const FIELDS_SINCE: u16 = 51;

/// How many rows FIELDS(ALL) and FIELDS(CUSTOM) may answer.
const MOST_FIELDS_ROWS: i64 = 200;

/// The columns that a statement selects, and what is made of them.
#[derive(Default)]
pub(super) struct Selection {
    columns: Vec<String>,
    shape: Shape,
    children: Vec<Child>,
}

impl Selection {
    /// Selects a column and returns its number.
    fn column(&mut self, sql: String) -> usize {
        self.columns.push(sql);
        self.columns.len() - 1
    }
}

impl<'a> Compiler<'a> {
    /// A query that answers records.
    pub(super) fn rows(&mut self, query: &Query) -> Result<RowsPlan, ApiError> {
        self.check_clauses(query)?;
        let window = self.window(query)?;
        let mut selection = self.selection();
        if let Select::Items(items) = &query.select {
            for item in items {
                self.item(item, window, &mut selection)?;
            }
        }
        let filter = self.conditions(query)?;
        let mut plan = self.plan(selection, filter, &query.order_by, window)?;
        plan.mark = self.mark(query)?;
        Ok(plan)
    }

    /// A selection of nothing but the record's id and type.
    pub(super) fn selection(&self) -> Selection {
        let mut selection = Selection::default();
        selection.column(self.tables.get(0).id());
        selection.shape.type_name = TypeName::Always(self.tables.root().name.clone());
        selection
    }

    /// A selection of the field `Id` alone.
    pub(super) fn id_alone(&self) -> Selection {
        let mut selection = self.selection();
        selection.shape.items.push(Item::Column {
            name: "Id".to_owned(),
            kind: Kind::Id,
            column: 0,
        });
        selection
    }

    /// The statement that selects, filters and sorts the records of the queried object.
    pub(super) fn plan(
        &mut self,
        selection: Selection,
        filter: String,
        order_by: &[OrderBy],
        window: Window,
    ) -> Result<RowsPlan, ApiError> {
        let id = self.tables.get(0).id();
        let keys = self.order(order_by)?;
        let mut order: Vec<String> = keys.iter().map(ToString::to_string).collect();
        // Rows that compare alike keep one order from page to page.
        order.push(id.clone());
        Ok(RowsPlan {
            columns: selection.columns.join(", "),
            width: selection.columns.len(),
            tables: self.tables.sql(),
            id,
            filter,
            order: order.join(", "),
            window,
            params: self.take_params()?,
            shape: selection.shape,
            children: selection.children,
            mark: None,
        })
    }

    fn item(
        &mut self,
        item: &SelectItem,
        window: Window,
        selection: &mut Selection,
    ) -> Result<(), ApiError> {
        match item {
            SelectItem::Field { field, alias } => {
                self.field(field, alias.as_ref(), window, selection)
            }
            SelectItem::Subquery(subquery) => self.subquery(subquery, window, selection),
            SelectItem::Typeof { expression, alias } => {
                if alias.is_some() {
                    return Err(malformed("only aggregate expressions use field aliasing"));
                }
                self.type_of(expression, selection)
            }
            SelectItem::Distance { call, alias } => {
                let operand = self.distance(call)?;
                let name = match alias {
                    Some(alias) => alias.text.clone(),
                    None => self.unnamed(),
                };
                self.add(&operand, name, call.span, selection)
            }
            _ => Err(ApiError::unsupported("this item of a select list")),
        }
    }

    /// A field, perhaps inside functions.
    pub(super) fn field(
        &mut self,
        field: &Field,
        alias: Option<&Name>,
        window: Window,
        selection: &mut Selection,
    ) -> Result<(), ApiError> {
        if field.function().is_some_and(|f| f.is("FIELDS")) {
            return self.all_fields(field, window, selection);
        }
        if alias.is_some() && field.functions.is_empty() {
            return Err(malformed("only aggregate expressions use field aliasing"));
        }
        if let Some(function) = field.function()
            && !["toLabel", "FORMAT", "convertCurrency"]
                .iter()
                .any(|name| function.is(name))
        {
            // Parts of dates are for groups.
            self.plain_expression(field)?;
            return Err(super::aggregate::not_grouped(field));
        }
        let operand = self.expression(field)?;
        let name = match alias {
            Some(alias) => alias.text.clone(),
            None => operand.name.clone(),
        };
        self.add(&operand, name, field.span, selection)
    }

    /// FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM).
    fn all_fields(
        &mut self,
        field: &Field,
        window: Window,
        selection: &mut Selection,
    ) -> Result<(), ApiError> {
        if self.scope.version.number() < FIELDS_SINCE {
            return Err(ApiError::bad_request(
                "UNSUPPORTED_API_VERSION",
                "The SOQL FIELDS function is not supported in this version of the API",
            ));
        }
        let which = &field.path;
        let (standard, custom) = if which.is("ALL") {
            (true, true)
        } else if which.is("STANDARD") {
            (true, false)
        } else if which.is("CUSTOM") {
            (false, true)
        } else {
            let message = format!("unexpected token: '{which}'");
            return Err(self.source.at(which.span, "MALFORMED_QUERY", &message));
        };
        if custom && window.limit.is_none_or(|limit| limit > MOST_FIELDS_ROWS) {
            return Err(malformed(
                "The SOQL FIELDS function must have a LIMIT of at most 200",
            ));
        }
        let object: &'a Object = self.tables.root();
        let alias = self.tables.get(0).alias.clone();
        for each in &object.fields {
            if (each.custom && custom) || (!each.custom && standard) {
                let operand = Operand::of_field(0, &alias, each);
                self.add(&operand, each.name.clone(), field.span, selection)?;
            }
        }
        Ok(())
    }

    /// Puts a value where it belongs: below the parents on the way to it.
    fn add(
        &mut self,
        operand: &Operand<'a>,
        name: String,
        span: Span,
        selection: &mut Selection,
    ) -> Result<(), ApiError> {
        let mut shape = std::mem::take(&mut selection.shape);
        let result = self.add_to(&mut shape, 0, operand, name, span, selection);
        selection.shape = shape;
        result
    }

    /// Puts a value below the parents on the way to it from the shape of a table.
    fn add_to(
        &self,
        shape: &mut Shape,
        base: usize,
        operand: &Operand<'a>,
        name: String,
        span: Span,
        selection: &mut Selection,
    ) -> Result<(), ApiError> {
        let mut way = Vec::new();
        let mut table = operand.table;
        while let Some((from, field)) = self.tables.get(table).link
            && table != base
        {
            let relationship = field.relationship_name.clone().unwrap_or_default();
            way.push((relationship, table));
            table = from;
        }
        let item = self.value_item(operand, name, selection)?;
        let mut at = shape;
        for (relationship, table) in way.into_iter().rev() {
            let known = at.items.iter().position(
                |item| matches!(item, Item::Parent { name, .. } if *name == relationship),
            );
            let index = match known {
                Some(index) => index,
                None => {
                    if at.items.iter().any(|item| item.name() == relationship) {
                        // TYPEOF chooses its fields.
                        return Err(duplicate(&relationship));
                    }
                    let parent = self.parent_shape(table, selection);
                    at.items.push(Item::Parent {
                        name: relationship,
                        shape: parent,
                    });
                    at.items.len() - 1
                }
            };
            at = match &mut at.items[index] {
                Item::Parent { shape, .. } => shape,
                _ => return Err(ApiError::internal("a parent has no shape")),
            };
        }
        if at.items.iter().any(|known| known.name() == item.name()) {
            let written = self.source.text(span);
            // A function stands for the field, and FIELDS() for all of them.
            let is_path = !written.contains('(');
            return Err(duplicate(if is_path { written } else { item.name() }));
        }
        at.items.push(item);
        Ok(())
    }

    /// TYPEOF: a shape for each WHEN, and one of what all types have for ELSE.
    fn type_of(&mut self, expression: &Typeof, selection: &mut Selection) -> Result<(), ApiError> {
        let path = &expression.relationship;
        let unknown = || self.source.no_relationship(path.span, &path.text);
        // An alias of the object may stand before the relationship.
        let field = self.tables.root().parent(path.last()).ok_or_else(unknown)?;
        if !field.is_polymorphic() {
            let message = format!("{path} is not a polymorphic relationship");
            return Err(self.source.at(path.span, "MALFORMED_QUERY", &message));
        }
        let mut shapes = Vec::new();
        for branch in &expression.branches {
            let object = self.object(&branch.object)?;
            if !field.reference_to.contains(&object.name) {
                return Err(self.source.no_object(branch.object.span, &object.name));
            }
            let table = self.join(0, field, vec![object])?;
            shapes.push(self.branch(table, &branch.fields, selection)?);
        }
        if !expression.otherwise.is_empty() {
            let table = self
                .parent(0, path.last())?
                .ok_or_else(|| self.source.no_relationship(path.span, &path.text))?;
            shapes.push(self.branch(table, &expression.otherwise, selection)?);
        }
        let name = field.relationship_name.clone().unwrap_or_default();
        if selection.shape.items.iter().any(|item| item.name() == name) {
            return Err(duplicate(&name));
        }
        selection.shape.items.push(Item::OneOf { name, shapes });
        Ok(())
    }

    fn branch(
        &mut self,
        table: usize,
        fields: &[Path],
        selection: &mut Selection,
    ) -> Result<Shape, ApiError> {
        let mut shape = self.parent_shape(table, selection);
        for path in fields {
            let operand = self.operand_from(table, path, 0)?;
            let name = operand.name.clone();
            self.add_to(&mut shape, table, &operand, name, path.span, selection)?;
        }
        Ok(shape)
    }

    fn parent_shape(&self, table: usize, selection: &mut Selection) -> Shape {
        let source = self.tables.get(table);
        let id = selection.column(source.id());
        let type_name = match source.object() {
            Some(object) => TypeName::Always(object.name.clone()),
            None => TypeName::Column(selection.column(source.type_name())),
        };
        Shape {
            type_name,
            id,
            items: Vec::new(),
        }
    }

    fn value_item(
        &self,
        operand: &Operand<'a>,
        name: String,
        selection: &mut Selection,
    ) -> Result<Item, ApiError> {
        if !matches!(operand.kind, Kind::Address | Kind::Location) {
            // Of bytes only their presence is read: they are answered as a path.
            let sql = match operand.kind {
                Kind::Blob => format!("{} IS NOT NULL", operand.value),
                _ => operand.value.clone(),
            };
            return Ok(Item::Column {
                name,
                kind: operand.kind,
                column: selection.column(sql),
            });
        }
        let source = self.tables.get(operand.table);
        let Some(object) = source.object() else {
            return Err(ApiError::unsupported(
                "compound fields of polymorphic parents",
            ));
        };
        let mut parts: Vec<_> = object
            .fields
            .iter()
            .filter(|part| part.compound_field_name.as_deref() == Some(operand.name.as_str()))
            .map(|part| {
                let sql = format!("{}.{}", source.alias, quoted(&part.name));
                let key = part_name(&operand.name, &part.name);
                (key, Kind::of(part), selection.column(sql))
            })
            .collect();
        parts.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(Item::Compound {
            name,
            parts,
            whole: operand.kind == Kind::Location,
        })
    }

    /// A subquery of a query whose LIMIT and OFFSET are given.
    fn subquery(
        &mut self,
        subquery: &Subquery,
        window: Window,
        selection: &mut Selection,
    ) -> Result<(), ApiError> {
        let query = &*subquery.query;
        if query.offset.is_some() && window.limit != Some(1) {
            return Err(malformed(
                "OFFSET can be used in a subquery only if the parent query has LIMIT 1",
            ));
        }
        if selection.children.len() == MOST_SUBQUERIES {
            return Err(malformed("A query can have at most 20 subqueries"));
        }
        let most = if self.scope.version.number() < NESTED_SINCE {
            1
        } else {
            MOST_DEPTH
        };
        if self.depth == most {
            return Err(malformed("Subqueries are nested too deeply"));
        }
        let Some(from) = query.from.first() else {
            return Err(ApiError::unsupported("a subquery without FROM"));
        };
        let root = self.tables.root();
        let (relation, object) = self.child(root, &from.object)?;
        if query.group_by.is_some()
            || matches!(query.select, Select::Count)
            || super::aggregate::used(query)
        {
            return Err(malformed("only root queries support aggregate expressions"));
        }
        let mut compiler = Compiler::new(self.schema, self.source, self.scope);
        compiler.depth = self.depth + 1;
        compiler.enter(object, &query.from)?;
        if subquery.alias.is_some() {
            return Err(ApiError::unsupported("aliases of subqueries"));
        }
        let plan = Arc::new(compiler.rows(query)?);
        let link = format!(
            "{}.{}",
            compiler.tables.get(0).alias,
            quoted(&relation.field)
        );
        let name = relation.relationship_name.clone().unwrap_or_default();
        if selection.shape.items.iter().any(|item| item.name() == name) {
            return Err(duplicate(&name));
        }
        selection.shape.items.push(Item::Children {
            name,
            subquery: selection.children.len(),
        });
        selection.children.push(Child { plan, link });
        Ok(())
    }

    /// The relationship of a subquery's FROM, which may begin with the parent's name.
    fn child(
        &self,
        root: &'a Object,
        path: &Path,
    ) -> Result<(&'a crate::schema::ChildRelationship, &'a Object), ApiError> {
        let unknown = || self.source.no_child_relationship(path.span, path.last());
        let segments: Vec<&str> = path.segments().map(|(segment, _)| segment).collect();
        let name = match segments[..] {
            [name] => name,
            [parent, name] if parent.eq_ignore_ascii_case(&root.name) => name,
            _ => return Err(unknown()),
        };
        let relation = root.child(name).ok_or_else(unknown)?;
        let object = self
            .schema
            .object(&relation.child_object)
            .ok_or_else(unknown)?;
        Ok((relation, object))
    }
}

fn duplicate(name: &str) -> ApiError {
    let message = format!("duplicate field selected: {name}");
    ApiError::bad_request("INVALID_FIELD", message)
}

/// What a part is called inside its compound: `BillingStreet` of `BillingAddress` is `street`,
/// `Place__Latitude__s` of `Place__c` is `latitude`.
fn part_name(compound: &str, part: &str) -> String {
    let prefix = compound
        .strip_suffix("Address")
        .or_else(|| compound.strip_suffix("__c"))
        .unwrap_or(compound);
    let rest = part.strip_prefix(prefix).unwrap_or(part);
    let rest = rest.strip_prefix("__").unwrap_or(rest);
    let rest = rest.strip_suffix("__s").unwrap_or(rest);
    let mut characters = rest.chars();
    characters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(characters)
        .collect()
}
