//! The query engine: SOQL compiled to SQL over the store's tables.
