//! The parameters of a search without SOSL, from a query string or a body, written as SOSL.

use std::fmt::Write;

use bytes::Bytes;
use ferroforce_soql::ast::SearchTerm;
use ferroforce_soql::parse_search;
use serde::Deserialize;
use serde_json::Value as JsonValue;

use crate::error::{ApiError, excerpt};
use crate::record::document::Document;
use crate::search::MALFORMED;

/// What is searched for, and where.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Parameters {
    q: Option<String>,
    fields: Vec<String>,
    sobjects: Vec<Sobject>,
    #[serde(rename = "in")]
    group: Option<String>,
    overall_limit: Option<Number>,
    default_limit: Option<Number>,
    offset: Option<Number>,
    metadata: Option<String>,
    spell_correction: Option<Flag>,
    snippet: Option<Number>,
    data_category: Option<String>,
    data_categories: Vec<JsonValue>,
    division: Option<String>,
    net_work_ids: Option<JsonValue>,
    pricebook_id: Option<String>,
    update_tracking: Option<Flag>,
    update_view_stat: Option<Flag>,
}

/// One object that is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Sobject {
    name: String,
    fields: Vec<String>,
    limit: Option<Number>,
    #[serde(rename = "where")]
    condition: Option<String>,
    order_by: Option<String>,
}

/// A number, or a text that holds one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "JsonValue")]
struct Number(u32);

/// A boolean, or a text that holds one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "JsonValue")]
struct Flag(bool);

impl TryFrom<JsonValue> for Number {
    type Error = &'static str;

    fn try_from(value: JsonValue) -> Result<Self, Self::Error> {
        let number = match &value {
            JsonValue::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|number| number.try_into().ok()),
        };
        number.map(Self).ok_or("a limit must be a whole number")
    }
}

impl TryFrom<JsonValue> for Flag {
    type Error = &'static str;

    fn try_from(value: JsonValue) -> Result<Self, Self::Error> {
        match &value {
            JsonValue::Bool(flag) => Ok(Self(*flag)),
            JsonValue::String(text) => text
                .to_ascii_lowercase()
                .parse()
                .map(Self)
                .map_err(|_| "a switch must be true or false"),
            _ => Err("a switch must be true or false"),
        }
    }
}

impl Parameters {
    /// The parameters of a POST.
    pub(super) fn of_body(body: &Bytes) -> Result<Self, ApiError> {
        // Tells mistakes in the JSON itself.
        Document::parse(body)?;
        serde_json::from_slice(body)
            .map_err(|error| ApiError::bad_request("JSON_PARSER_ERROR", error.to_string()))
    }

    /// The parameters of a GET. Those that mean nothing are passed over.
    pub(super) fn of_query(query: &[(String, String)]) -> Result<Self, ApiError> {
        let mut parameters = Self::default();
        for (name, value) in query {
            let text = || Some(value.clone());
            match name.as_str() {
                "q" => parameters.q = text(),
                "fields" => parameters.fields = list(value),
                "sobject" => parameters.sobjects.push(Sobject {
                    name: value.clone(),
                    ..Sobject::default()
                }),
                "in" => parameters.group = text(),
                "overallLimit" => parameters.overall_limit = Some(read(name, value)?),
                "defaultLimit" => parameters.default_limit = Some(read(name, value)?),
                "offset" => parameters.offset = Some(read(name, value)?),
                "metadata" => parameters.metadata = text(),
                "spellCorrection" => parameters.spell_correction = Some(read(name, value)?),
                "snippet" => parameters.snippet = Some(read(name, value)?),
                "dataCategory" => parameters.data_category = text(),
                "division" => parameters.division = text(),
                "netWorkIds" => parameters.net_work_ids = Some(JsonValue::from(value.as_str())),
                "pricebookId" => parameters.pricebook_id = text(),
                "updateTracking" => parameters.update_tracking = Some(read(name, value)?),
                "updateViewStat" => parameters.update_view_stat = Some(read(name, value)?),
                _ => {}
            }
        }
        // Objects may be named behind what is said about them.
        for (name, value) in query {
            let Some((object, name)) = name.split_once('.') else {
                continue;
            };
            let object = parameters
                .sobjects
                .iter_mut()
                .find(|known| known.name.eq_ignore_ascii_case(object));
            let Some(object) = object else {
                continue;
            };
            match name {
                "fields" => object.fields = list(value),
                "limit" => object.limit = Some(read(name, value)?),
                "where" => object.condition = Some(value.clone()),
                "orderBy" => object.order_by = Some(value.clone()),
                _ => {}
            }
        }
        Ok(parameters)
    }

    /// The same search in SOSL.
    pub(super) fn sosl(&self) -> Result<String, ApiError> {
        let term = self.q.as_deref().filter(|term| !term.trim().is_empty());
        let term = term.ok_or_else(|| malformed("The parameter q is required".to_owned()))?;
        self.check()?;
        let mut sosl = format!("FIND {{{term}}}");
        if let Some(group) = &self.group {
            let _ = write!(sosl, " IN {group} FIELDS");
        }
        for (at, object) in self.sobjects.iter().enumerate() {
            sosl.push_str(if at == 0 { " RETURNING " } else { ", " });
            self.returning(object, &mut sosl);
        }
        if let Some(metadata) = &self.metadata {
            let _ = write!(sosl, " WITH METADATA = '{metadata}'");
        }
        if let Some(Flag(flag)) = self.spell_correction {
            let _ = write!(sosl, " WITH SPELL_CORRECTION = {flag}");
        }
        if let Some(Number(length)) = self.snippet {
            let _ = write!(sosl, " WITH SNIPPET (target_length = {length})");
        }
        if let Some(Number(limit)) = self.overall_limit {
            let _ = write!(sosl, " LIMIT {limit}");
        }
        // A parameter with braces or parentheses of its own must not become more than it is.
        let parsed = parse_search(&sosl)
            .map_err(|error| ApiError::bad_request(MALFORMED, error.to_string()))?;
        let is_whole = matches!(&parsed.term, SearchTerm::Braced(read) if read == term)
            && parsed.returning.len() == self.sobjects.len();
        if !is_whole {
            return Err(malformed(format!(
                "The parameters can't be read: {}",
                excerpt(&sosl)
            )));
        }
        Ok(sosl)
    }

    fn returning(&self, object: &Sobject, sosl: &mut String) {
        let fields = [&object.fields, &self.fields]
            .into_iter()
            .find(|fields| !fields.is_empty())
            .map_or_else(|| "Id".to_owned(), |fields| fields.join(", "));
        let _ = write!(sosl, "{}({fields}", object.name);
        if let Some(condition) = &object.condition {
            let _ = write!(sosl, " WHERE {condition}");
        }
        if let Some(order) = &object.order_by {
            let _ = write!(sosl, " ORDER BY {}", with_nulls(order));
        }
        if let Some(Number(limit)) = object.limit.or(self.default_limit) {
            let _ = write!(sosl, " LIMIT {limit}");
        }
        if let Some(Number(offset)) = self.offset {
            let _ = write!(sosl, " OFFSET {offset}");
        }
        sosl.push(')');
    }

    /// Refuses what has no meaning, or none here.
    fn check(&self) -> Result<(), ApiError> {
        let unsupported = [
            (
                self.data_category.is_some() || !self.data_categories.is_empty(),
                "data categories",
            ),
            (self.division.is_some(), "divisions"),
            (self.net_work_ids.is_some(), "networks"),
            (self.pricebook_id.is_some(), "pricebookId"),
            (
                [self.update_tracking, self.update_view_stat].contains(&Some(Flag(true))),
                "updateTracking and updateViewStat",
            ),
        ];
        for (is_asked_for, what) in unsupported {
            if is_asked_for {
                return Err(ApiError::unsupported(format_args!("{what} of a search")));
            }
        }
        let global = [
            (!self.fields.is_empty(), "fields"),
            (self.default_limit.is_some(), "defaultLimit"),
        ];
        for (is_given, name) in global {
            if is_given && self.sobjects.is_empty() {
                return Err(malformed(format!("{name} needs at least one sobject")));
            }
        }
        if self.offset.is_some() && self.sobjects.len() != 1 {
            return Err(malformed("offset needs exactly one sobject".to_owned()));
        }
        Ok(())
    }
}

fn malformed(message: String) -> ApiError {
    ApiError::bad_request(MALFORMED, message)
}

fn list(text: &str) -> Vec<String> {
    let items = text.split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn read<T: TryFrom<JsonValue, Error = &'static str>>(
    name: &str,
    value: &str,
) -> Result<T, ApiError> {
    T::try_from(JsonValue::from(value)).map_err(|mistake| malformed(format!("{name}: {mistake}")))
}

/// Parameters write `NULLS_FIRST` where SOSL writes `NULLS FIRST`.
fn with_nulls(order: &str) -> String {
    let words = order.split(' ').map(|word| {
        let (start, rest) = word.split_at_checked(6).unwrap_or((word, ""));
        if start.eq_ignore_ascii_case("NULLS_") {
            format!("NULLS {rest}")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of_query(query: &str) -> Result<String, ApiError> {
        Parameters::of_query(&crate::rest::request::parameters(Some(query)))?.sosl()
    }

    fn of_body(body: &JsonValue) -> Result<String, ApiError> {
        Parameters::of_body(&body.to_string().into())?.sosl()
    }

    #[test]
    fn query_strings_become_searches() {
        for (query, sosl) in [
            ("q=Acme", "FIND {Acme}"),
            (
                "q=Acme&sobject=Account&Account.fields=id,name&Account.limit=10",
                "FIND {Acme} RETURNING Account(id, name LIMIT 10)",
            ),
            (
                "q=Acme&Account.orderBy=Name+desc+nulls_last&defaultLimit=5&fields=Id&sobject=Account&sobject=Contact&account.where=Name='x'",
                "FIND {Acme} RETURNING Account(Id WHERE Name='x' ORDER BY Name desc NULLS last LIMIT 5), Contact(Id LIMIT 5)",
            ),
            (
                "q=a+b&in=NAME&metadata=LABELS&spellCorrection=TRUE&overallLimit=7&sobject=Lead&offset=2&unknown=x",
                "FIND {a b} IN NAME FIELDS RETURNING Lead(Id OFFSET 2) WITH METADATA = 'LABELS' WITH SPELL_CORRECTION = true LIMIT 7",
            ),
        ] {
            assert_eq!(of_query(query).as_deref(), Ok(sosl), "{query}");
        }
    }

    #[test]
    fn bodies_become_searches() {
        let body = json!({
            "q": "Acme",
            "fields": ["Id", "Name"],
            "sobjects": [
                {"name": "Account"},
                {"name": "Contact", "fields": ["LastName"], "limit": "3", "where": "LastName != 'x'"},
            ],
            "in": "ALL",
            "overallLimit": 100,
            "defaultLimit": 10,
        });
        assert_eq!(
            of_body(&body).unwrap(),
            "FIND {Acme} IN ALL FIELDS RETURNING Account(Id, Name LIMIT 10), \
             Contact(LastName WHERE LastName != 'x' LIMIT 3) LIMIT 100"
        );
    }

    #[test]
    fn parameters_stay_in_their_places() {
        for query in [
            "",
            "q=+",
            "q=x%7D+RETURNING+Account%28Id%29+%7B",
            "q=x%5C",
            "q=Acme&in=Accounts",
            "q=Acme&sobject=Account&Account.fields=Id),Contact(Id",
            "q=Acme&sobject=Account&Account.limit=many",
            "q=Acme&overallLimit=-1",
            "q=Acme&spellCorrection=perhaps",
            "q=Acme&offset=1",
            "q=Acme&offset=1&sobject=Account&sobject=Contact",
            "q=Acme&defaultLimit=1",
            "q=Acme&metadata=LABELS'+LIMIT+1+x",
        ] {
            let refused = of_query(query).unwrap_err();
            assert_eq!(refused.items()[0].code, MALFORMED, "{query}");
        }
        for query in [
            "division=x",
            "pricebookId=x",
            "dataCategory=x",
            "netWorkIds=x",
            "updateTracking=true",
        ] {
            let refused = of_query(&format!("q=Acme&{query}")).unwrap_err();
            assert_eq!(refused.items()[0].code, "NOT_IMPLEMENTED", "{query}");
        }
        assert!(of_query("q=Acme&updateTracking=false").is_ok());
    }

    #[test]
    fn bodies_are_checked() {
        for body in ["", "{", "[]", r#"{"q": 1}"#, r#"{"q": "Acme", "what": 1}"#] {
            let refused = Parameters::of_body(&Bytes::from_static(body.as_bytes())).unwrap_err();
            assert_eq!(refused.items()[0].code, "JSON_PARSER_ERROR", "{body}");
        }
    }
}
