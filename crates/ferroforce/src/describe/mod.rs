//! What the org's objects and fields are.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm>

mod cache;
mod field;
mod field_type;
mod global;
mod layout;
mod members;
mod object;

use http::Method;

pub use cache::DescribeCache;
pub use field::{FieldDescribe, PicklistValue};
pub use field_type::FieldType;
pub use global::{GlobalDescribe, SObjectInfo, SObjectSummary};
pub use layout::{
    CompactLayout, CompactLayoutMapping, CompactLayouts, Layout, LayoutComponent, LayoutItem,
    LayoutRow, LayoutSection, Layouts, RecordTypeMapping,
};
pub use members::MoreMembers;
pub use object::{ChildRelationship, RecordTypeInfo, SObjectDescribe, Scope};

use crate::error::Result;
use crate::op::{Op, Path, decode_json};

pub(crate) fn global() -> Result<Op<GlobalDescribe>> {
    let path = Path::fill("/sobjects", &[])?;
    Ok(Op::new(Method::GET, path, decode_json))
}

pub(crate) fn object(sobject: &str) -> Result<Op<SObjectDescribe>> {
    let path = Path::fill("/sobjects/{sobject}/describe", &[sobject])?;
    Ok(Op::new(Method::GET, path, decode_json))
}

pub(crate) fn info(sobject: &str) -> Result<Op<SObjectInfo>> {
    let path = Path::fill("/sobjects/{sobject}", &[sobject])?;
    Ok(Op::new(Method::GET, path, decode_json))
}

pub(crate) fn layouts(sobject: &str) -> Result<Op<Layouts>> {
    let path = Path::fill("/sobjects/{sobject}/describe/layouts", &[sobject])?;
    Ok(Op::new(Method::GET, path, decode_json))
}

pub(crate) fn layout(sobject: &str, record_type: &str) -> Result<Op<Layout>> {
    let path = Path::fill(
        "/sobjects/{sobject}/describe/layouts/{record_type}",
        &[sobject, record_type],
    )?;
    Ok(Op::new(Method::GET, path, decode_json))
}

pub(crate) fn compact_layouts(sobject: &str) -> Result<Op<CompactLayouts>> {
    let path = Path::fill("/sobjects/{sobject}/describe/compactLayouts", &[sobject])?;
    Ok(Op::new(Method::GET, path, decode_json))
}

#[cfg(test)]
mod tests;
