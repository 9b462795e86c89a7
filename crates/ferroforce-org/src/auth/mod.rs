//! Users, connected apps, sessions, and the ways to sign in.

mod address;
mod app;
mod bearer;
mod code;
mod credentials;
mod device;
mod directory;
mod issuer;
mod jwt;
mod key;
pub(crate) mod new_password;
mod oauth;
mod origin;
mod password;
mod profile;
pub(crate) mod records;
mod refreshing;
mod secret;
mod sign_ins;
mod soap;
mod state;
mod token;
mod user;
mod visit;
mod web;

use std::sync::Arc;

use axum::Router;

pub use self::address::InvalidAddressRange;
pub use self::app::{ConnectedApp, TokenFormat};
pub(crate) use self::bearer::{
    authenticate, authenticate_session_header, expire_session_of, username_of,
};
pub use self::directory::InvalidDirectory;
pub(crate) use self::directory::Member;
pub use self::key::InvalidCertificate;
pub(crate) use self::oauth::error_response as oauth_error;
pub(crate) use self::origin::{FETCH_SITE, Origin};
pub(crate) use self::profile::{ADMINISTRATOR, Profiles};
pub use self::profile::{FieldPermission, ObjectPermission, Profile};
pub(crate) use self::secret::Secret;
pub use self::sign_ins::SignIns;
pub(crate) use self::soap::error_response as soap_error;
pub(crate) use self::state::{AuthState, Live};
pub use self::user::User;
pub(crate) use self::web::authorize_as;
use crate::id::RecordId;
use crate::org::Org;

/// What the organization is called.
pub(crate) const ORGANIZATION_NAME: &str = "Local Org";

/// Whom a request's token belongs to.
#[derive(Debug, Clone)]
pub(crate) struct CurrentUser {
    pub(crate) id: RecordId,
    /// The client id of the app that they signed in through, if it was one.
    pub(crate) app: Option<String>,
    /// Their profile; without one they may do everything.
    pub(crate) profile_id: Option<RecordId>,
}

/// The routes that sign in, and those about tokens and identity.
pub(crate) fn routes() -> Router<Arc<Org>> {
    oauth::routes().merge(soap::routes()).merge(web::routes())
}
