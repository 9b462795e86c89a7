//! Files: up as they are read, down as they come, neither held in memory.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_sobject_insert_update_blob.htm>

mod base64_text;
mod content;
mod disk;
mod download;
mod downloading;
mod multipart;
mod progress;
mod size;
mod source;
mod upload;

pub use base64_text::Base64;
pub use download::Download;
pub use downloading::Downloading;
pub use progress::Progress;
pub use source::Blob;
pub use upload::Upload;

pub(crate) use disk::{Part, blocking, create_new, rename, sync_folder};
pub(crate) use download::{download, download_found};
pub(crate) use upload::{content_version, create, update};

#[cfg(test)]
mod tests;
