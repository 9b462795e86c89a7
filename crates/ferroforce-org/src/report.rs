//! Reports: tables of the records of one object, which a seed file lists.

use serde::Deserialize;

use crate::id::RecordId;
use crate::schema::{Field, FieldType, Object, Schema};
use crate::soql_value;

/// What ids of reports begin with.
const KEY_PREFIX: [u8; 3] = *b"00O";

/// How many columns a report may have.
const MOST_COLUMNS: usize = 99;

/// How many filters a report may have.
const MOST_FILTERS: usize = 20;

/// A report of a seed file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) name: String,
    /// The object whose records it lists.
    pub(crate) object: String,
    /// The paths of the fields that it shows: `Name`, `Account.Name`.
    pub(crate) columns: Vec<String>,
    /// All of them hold for each record.
    #[serde(default)]
    pub(crate) filters: Vec<Filter>,
    #[serde(default)]
    pub(crate) sort_by: Option<SortBy>,
}

/// What holds for the records of a report, as the API writes it too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Filter {
    pub(crate) column: String,
    pub(crate) operator: String,
    /// One value, or several with commas between.
    pub(crate) value: String,
}

/// By which column a report is sorted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SortBy {
    pub(crate) column: String,
    #[serde(default)]
    pub(crate) descending: bool,
}

/// All of an org's, checked.
#[derive(Debug, Default)]
pub(crate) struct Reports(Vec<Report>);

impl Reports {
    /// Checks that each can be run.
    pub(crate) fn new(reports: Vec<Report>, schema: &Schema) -> Result<Self, String> {
        for (place, report) in reports.iter().enumerate() {
            let wrong = |why: String| format!("the report {}: {why}", report.name);
            if reports[..place]
                .iter()
                .any(|other| other.name == report.name)
            {
                return Err(wrong("the name is taken".to_owned()));
            }
            report.table(schema).map_err(wrong)?;
        }
        Ok(Self(reports))
    }

    /// Each with its id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RecordId, &Report)> {
        let numbered = (1..).zip(&self.0);
        numbered.map(|(number, report)| (RecordId::nth(KEY_PREFIX, number), report))
    }

    /// The one with this id.
    pub(crate) fn find(&self, id: RecordId) -> Option<&Report> {
        self.iter()
            .find(|(known, _)| *known == id)
            .map(|(_, report)| report)
    }
}

impl Report {
    /// What the API calls it: its name in letters, digits and underscores.
    pub(crate) fn developer_name(&self) -> String {
        self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    }

    /// The report on the objects and fields that somebody sees.
    pub(crate) fn table<'s>(&self, schema: &'s Schema) -> Result<Table<'s>, String> {
        let object = schema.object(&self.object);
        let object = object.ok_or_else(|| format!("there is no object {}", self.object))?;
        let field = |path: &str| {
            let found = schema.field_at(object, path);
            found.ok_or_else(|| format!("{} has no column {path}", object.name))
        };
        if self.columns.is_empty() || self.columns.len() > MOST_COLUMNS {
            return Err(format!("a report has 1 to {MOST_COLUMNS} columns"));
        }
        if self.filters.len() > MOST_FILTERS {
            return Err(format!("a report has at most {MOST_FILTERS} filters"));
        }
        let mut columns: Vec<Column<'s>> = Vec::new();
        for path in &self.columns {
            if columns
                .iter()
                .any(|known| known.path.eq_ignore_ascii_case(path))
            {
                return Err(format!("the column {path} is there twice"));
            }
            let (_, field) = field(path)?;
            if !field.is_stored() || field.field_type == FieldType::Base64 {
                return Err(format!("the column {path} cannot stand in a report"));
            }
            columns.push(Column {
                path: path.clone(),
                field,
            });
        }
        let filters: Result<Vec<String>, String> = self
            .filters
            .iter()
            .map(|filter| filter.soql(field(&filter.column)?.1))
            .collect();
        let order = self.sort_by.as_ref().map(|sort| {
            let (_, field) = field(&sort.column)?;
            let direction = if sort.descending { "DESC" } else { "ASC" };
            match field.sortable {
                true => Ok(format!(" ORDER BY {} {direction}", sort.column)),
                false => Err(format!("the column {} cannot be sorted by", sort.column)),
            }
        });
        Ok(Table {
            object,
            columns,
            filters: filters?,
            order: order.transpose()?.unwrap_or_default(),
        })
    }
}

impl Filter {
    /// The filter as a condition of a query. One of several values is enough, unless the filter
    /// excludes: then none of them may be there.
    fn soql(&self, field: &Field) -> Result<String, String> {
        let path = &self.column;
        let compare = |operator: &str, value: &str| {
            Some(format!("{path} {operator} {}", literal(field, value)?))
        };
        let like = |before: &str, value: &str, after: &str| {
            let text = field.field_type.is_text();
            text.then(|| format!("{path} LIKE {}", soql_value::pattern(before, value, after)))
        };
        let one = |value: &str| match self.operator.as_str() {
            "equals" => compare("=", value),
            "notEqual" => compare("!=", value),
            "lessThan" => compare("<", value),
            "greaterThan" => compare(">", value),
            "lessOrEqual" => compare("<=", value),
            "greaterOrEqual" => compare(">=", value),
            "contains" => like("%", value, "%"),
            "notContain" => Some(format!("(NOT {})", like("%", value, "%")?)),
            "startsWith" => like("", value, "%"),
            _ => None,
        };
        let values: Option<Vec<String>> = self.value.split(',').map(str::trim).map(one).collect();
        let values = values.ok_or_else(|| {
            format!(
                "the filter {path} {} {:?} makes no sense",
                self.operator, self.value
            )
        })?;
        let between = match self.operator.as_str() {
            "notEqual" | "notContain" => " AND ",
            _ => " OR ",
        };
        Ok(format!("({})", values.join(between)))
    }
}

/// A value as a query has it for a field; an empty one is null.
fn literal(field: &Field, value: &str) -> Option<String> {
    let text = matches!(field.field_type, FieldType::Id | FieldType::Reference)
        || field.field_type.is_text();
    if value.is_empty() {
        Some("null".to_owned())
    } else if text {
        Some(soql_value::text(value))
    } else {
        soql_value::bare(value).map(str::to_owned)
    }
}

/// A report with its names resolved.
#[derive(Debug)]
pub(crate) struct Table<'s> {
    pub(crate) object: &'s Object,
    pub(crate) columns: Vec<Column<'s>>,
    filters: Vec<String>,
    order: String,
}

/// A column of a report.
#[derive(Debug)]
pub(crate) struct Column<'s> {
    pub(crate) path: String,
    pub(crate) field: &'s Field,
}

impl Column<'_> {
    /// The path of the id that stands behind a name.
    pub(crate) fn id_path(&self) -> Option<String> {
        self.field
            .name_field
            .then(|| match self.path.rsplit_once('.') {
                Some((parents, _)) => format!("{parents}.Id"),
                None => "Id".to_owned(),
            })
    }

    /// Whether people read its values otherwise than programs do.
    pub(crate) fn is_formatted(&self) -> bool {
        let kind = self.field.field_type;
        let number = kind.is_decimal() || matches!(kind, FieldType::Int | FieldType::Long);
        number
            || matches!(
                kind,
                FieldType::Date | FieldType::Datetime | FieldType::Time
            )
    }

    /// What the query calls its formatted value.
    pub(crate) fn label_name(place: usize) -> String {
        format!("label{place}")
    }
}

impl Table<'_> {
    /// The query for the records, as far as a report shows them.
    pub(crate) fn soql(&self, most: usize) -> String {
        let mut selected: Vec<String> = Vec::new();
        let mut select = |path: String| {
            if !selected
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&path))
            {
                selected.push(path);
            }
        };
        for (place, column) in self.columns.iter().enumerate() {
            select(column.path.clone());
            if let Some(id) = column.id_path() {
                select(id);
            }
            if column.is_formatted() {
                let label = Column::label_name(place);
                select(format!("FORMAT({}) {label}", column.path));
            }
        }
        let (object, filter, order) = (&self.object.name, self.filter(), &self.order);
        format!(
            "SELECT {} FROM {object}{filter}{order} LIMIT {most}",
            selected.join(", ")
        )
    }

    /// The query for how many records there are.
    pub(crate) fn count_soql(&self) -> String {
        format!("SELECT COUNT() FROM {}{}", self.object.name, self.filter())
    }

    fn filter(&self) -> String {
        if self.filters.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", self.filters.join(" AND "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(columns: &[&str], filters: &[(&str, &str, &str)]) -> Report {
        let filters = filters.iter().map(|(column, operator, value)| Filter {
            column: (*column).to_owned(),
            operator: (*operator).to_owned(),
            value: (*value).to_owned(),
        });
        Report {
            name: "Big ones".to_owned(),
            object: "Opportunity".to_owned(),
            columns: columns.iter().map(|path| (*path).to_owned()).collect(),
            filters: filters.collect(),
            sort_by: Some(SortBy {
                column: "Amount".to_owned(),
                descending: true,
            }),
        }
    }

    #[test]
    fn a_report_is_a_query() {
        let schema = Schema::standard().unwrap();
        let report = report(
            &["Name", "Amount", "Account.Name"],
            &[
                ("StageName", "notEqual", "Closed Won, Closed Lost"),
                ("Amount", "greaterThan", "100"),
                ("Account.Name", "contains", "A%'"),
                ("Account.Name", "notContain", "x"),
                ("CloseDate", "equals", "THIS_YEAR,"),
            ],
        );
        let table = report.table(&schema).unwrap();
        assert_eq!(
            table.soql(10),
            "SELECT Name, Id, Amount, FORMAT(Amount) label1, Account.Name, Account.Id FROM \
             Opportunity WHERE (StageName != 'Closed Won' AND StageName != 'Closed Lost') AND \
             (Amount > 100) AND (Account.Name LIKE '%A\\%\\'%') AND \
             ((NOT Account.Name LIKE '%x%')) AND (CloseDate = THIS_YEAR OR CloseDate = null) \
             ORDER BY Amount DESC LIMIT 10"
        );
        assert!(
            table
                .count_soql()
                .starts_with("SELECT COUNT() FROM Opportunity WHERE (")
        );
    }

    #[test]
    fn what_is_no_report_is_refused_at_the_start() {
        let schema = Schema::standard().unwrap();
        for (columns, filters, why) in [
            (&[][..], &[][..], "1 to 99"),
            (&["Nothing"], &[], "no column Nothing"),
            (&["Name", "name"], &[], "twice"),
            (&["Name"], &[("Amount", "contains", "1")], "makes no sense"),
            (
                &["Name"],
                &[("Amount", "equals", "1) OR (Id != null")],
                "makes no sense",
            ),
            (&["Name"], &[("Name", "resembles", "1")], "makes no sense"),
        ] {
            let error = Reports::new(vec![report(columns, filters)], &schema).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let twice = vec![report(&["Name"], &[]), report(&["Name"], &[])];
        assert!(Reports::new(twice, &schema).unwrap_err().contains("taken"));
    }
}
