//! The seam between this crate and the network.
//!
//! [`HttpService`] is all that the client needs of an HTTP library. The default
//! is built on reqwest (feature `reqwest`); tests and unusual networks bring
//! their own.

mod body;
mod error;
#[cfg(feature = "reqwest")]
mod over_reqwest;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub use body::Body;
pub use error::{TransportError, TransportErrorKind};
#[cfg(feature = "reqwest_0_13")]
pub use over_reqwest::reqwest_0_13;
#[cfg(feature = "reqwest")]
pub(crate) use over_reqwest::{Options, ReqwestService};

/// A future in a box, as [`HttpService::call`] returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one HTTP request and gives back the answer.
///
/// An implementation does nothing else: it does not follow redirects, does not
/// repeat, adds no credentials, and reports a body that ended early as an error.
///
/// ```
/// use ferroforce::transport::{Body, BoxFuture, HttpService, TransportError};
///
/// #[derive(Debug)]
/// struct AlwaysEmpty;
///
/// impl HttpService for AlwaysEmpty {
///     fn call(
///         &self,
///         _request: http::Request<Body>,
///     ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
///         Box::pin(async { Ok(http::Response::new(Body::empty())) })
///     }
/// }
/// ```
pub trait HttpService: fmt::Debug + Send + Sync + 'static {
    /// Sends `request`; the answer's body may still be on its way.
    ///
    /// # Errors
    /// [`TransportErrorKind::Connect`] promises that nothing was sent. Every
    /// other kind leaves open whether the request was processed.
    fn call(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;
}
