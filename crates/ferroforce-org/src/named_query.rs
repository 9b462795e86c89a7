//! Queries that the org knows by name, with parameters that a request gives values to.

use std::collections::BTreeMap;

use ferroforce_soql::ast::Bind;
use ferroforce_soql::{Dialect, Visitor, parse_with};
use serde::Deserialize;

use crate::error::{ApiError, excerpt};
use crate::soql_value;

/// A named query of a seed file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedQuery {
    name: String,
    /// SOQL in which `:parameter` stands for a value.
    soql: String,
    /// What the parameters are, if not texts.
    #[serde(default)]
    parameters: BTreeMap<String, Kind>,
}

/// What a parameter is, which decides how its value is written into the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Text,
    /// A number, a date, a moment, `true` or `false`.
    Bare,
}

/// All of an org's, checked.
#[derive(Debug, Default)]
pub(crate) struct NamedQueries(Vec<(NamedQuery, Vec<Bind>)>);

impl NamedQueries {
    /// Checks that each can be read and that the names differ.
    pub(crate) fn new(queries: Vec<NamedQuery>) -> Result<Self, String> {
        let mut all = Self::default();
        for query in queries {
            let wrong = |why: String| format!("the named query {}: {why}", query.name);
            if all.find(&query.name).is_some() {
                return Err(wrong("the name is taken".to_owned()));
            }
            let binds = binds(&query.soql).map_err(|error| wrong(error.to_string()))?;
            let used = |name: &str| binds.iter().any(|bind| bind.expression == name);
            if let Some(unused) = query.parameters.keys().find(|name| !used(name)) {
                return Err(wrong(format!("it has no parameter :{unused}")));
            }
            all.0.push((query, binds));
        }
        Ok(all)
    }

    fn find(&self, name: &str) -> Option<&(NamedQuery, Vec<Bind>)> {
        self.0
            .iter()
            .find(|(query, _)| query.name.eq_ignore_ascii_case(name))
    }

    /// The SOQL of a query with values in the place of its parameters.
    pub(crate) fn soql<'v>(
        &self,
        name: &str,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<String, ApiError> {
        let (query, binds) = self.find(name).ok_or_else(ApiError::not_found)?;
        let mut soql = String::with_capacity(query.soql.len() + 64);
        let mut copied = 0;
        for bind in binds {
            let parameter = bind.expression.as_str();
            let value = value(parameter).ok_or_else(|| {
                ApiError::bad_request(
                    "MISSING_ARGUMENT",
                    format!("The query needs a value for the parameter {parameter}"),
                )
            })?;
            soql.push_str(&query.soql[copied..bind.span.start]);
            let kind = query.parameters.get(parameter).copied();
            write(kind.unwrap_or_default(), parameter, value, &mut soql)?;
            copied = bind.span.end;
        }
        soql.push_str(&query.soql[copied..]);
        Ok(soql)
    }
}

/// The parameters of a query in their order.
fn binds(soql: &str) -> Result<Vec<Bind>, ferroforce_soql::ParseError> {
    #[derive(Default)]
    struct Binds(Vec<Bind>);
    impl Visitor for Binds {
        fn visit_bind(&mut self, bind: &Bind) {
            self.0.push(bind.clone());
        }
    }
    let mut binds = Binds::default();
    binds.visit_query(&parse_with(soql, Dialect::Apex)?);
    binds.0.sort_by_key(|bind| bind.span.start);
    Ok(binds.0)
}

fn write(kind: Kind, name: &str, value: &str, soql: &mut String) -> Result<(), ApiError> {
    match kind {
        Kind::Text => soql.push_str(&soql_value::text(value)),
        Kind::Bare => {
            let bare = soql_value::bare(value).ok_or_else(|| {
                ApiError::bad_request(
                    "INVALID_FIELD",
                    format!("{} is no value for the parameter {name}", excerpt(value)),
                )
            })?;
            soql.push_str(bare);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(soql: &str, parameters: &[(&str, Kind)]) -> Result<NamedQueries, String> {
        NamedQueries::new(vec![NamedQuery {
            name: "Find".to_owned(),
            soql: soql.to_owned(),
            parameters: parameters
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), *kind))
                .collect(),
        }])
    }

    #[test]
    fn values_take_the_places_of_parameters_and_stay_values() {
        let queries = named(
            "SELECT Id FROM Account WHERE Name = :name AND (Name != :name OR Rating IN (:r)) \
             AND AnnualRevenue > :least",
            &[("least", Kind::Bare)],
        )
        .unwrap();
        let values = |least: &'static str| {
            queries.soql("find", move |name| match name {
                "name" => Some("O'Neil \\ 'x"),
                "r" => Some("Hot"),
                _ => Some(least),
            })
        };
        assert_eq!(
            values("1.5").unwrap(),
            r"SELECT Id FROM Account WHERE Name = 'O\'Neil \\ \'x' AND (Name != 'O\'Neil \\ \'x' OR Rating IN ('Hot')) AND AnnualRevenue > 1.5"
        );
        for wrong in ["", "1 OR Name != null", "'x'"] {
            assert_eq!(values(wrong).unwrap_err().items()[0].code, "INVALID_FIELD");
        }
        assert_eq!(
            queries.soql("find", |_| None).unwrap_err().items()[0].code,
            "MISSING_ARGUMENT"
        );
        assert!(queries.soql("other", |_| None).is_err());
    }

    #[test]
    fn a_query_that_cannot_be_read_is_refused_at_the_start() {
        for (soql, parameters, why) in [
            ("SELECT", &[] as &[_], "unexpected"),
            (
                "SELECT Id FROM Account",
                &[("x", Kind::Bare)],
                "no parameter :x",
            ),
        ] {
            let error = named(soql, parameters).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
