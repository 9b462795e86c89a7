use serde::Deserialize;

/// How Salesforce would carry out a query, made by
/// [`Query::explain`](super::Query::explain). The plan that it takes comes first.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query_explain.htm>
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The plans, the cheapest first.
    pub plans: Vec<Plan>,
}

/// One way to carry out a query.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Plan {
    /// How many rows the leading operation is thought to give.
    #[serde(default)]
    pub cardinality: u64,
    /// The indexed fields that it uses.
    #[serde(default)]
    pub fields: Vec<String>,
    /// `Index`, `Other`, `Sharing` or `TableScan`.
    pub leading_operation_type: String,
    /// Why the query is not better than it is.
    #[serde(default)]
    pub notes: Vec<PlanNote>,
    /// Above 1 the query is not selective.
    pub relative_cost: f64,
    /// How many records the object is thought to have.
    #[serde(default)]
    pub sobject_cardinality: u64,
    /// The object.
    #[serde(default)]
    pub sobject_type: String,
}

/// A remark on a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlanNote {
    /// What there is to say.
    pub description: String,
    /// The fields that it is about.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The object that it is about.
    #[serde(default)]
    pub table_enum_or_id: Option<String>,
}
