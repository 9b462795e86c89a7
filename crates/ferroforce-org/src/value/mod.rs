//! Values of fields: as stored, and as they are written in JSON.

pub(crate) mod time;
