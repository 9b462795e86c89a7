//! The org's objects and fields.

/// Every object that the org knows.
#[derive(Debug, Default)]
pub(crate) struct Schema {}
