//! When, whence and by which URL a request came.

use std::net::IpAddr;

use http::request::Parts;
use jiff::Timestamp;

use super::origin::Origin;
use crate::http::Arrival;
use crate::org::Org;

/// Tells an org behind a proxy, or a test, where a request comes from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What signing in needs to know of a request besides what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) now: Timestamp,
    /// Where it comes from; none if that is not known.
    pub(crate) address: Option<IpAddr>,
    pub(crate) origin: Origin,
}

impl Visit {
    pub(crate) fn of(org: &Org, request: &Parts) -> Self {
        let forwarded = || {
            let header = request.headers.get(FORWARDED_FOR)?.to_str().ok()?;
            header.split(',').next()?.trim().parse().ok()
        };
        let trusted = org.auth.policies().trust_forwarded_for;
        let arrival = request.extensions.get::<Arrival>();
        let peer = arrival.map(|arrival| arrival.peer.to_canonical());
        Self {
            now: org.clock.now(),
            address: trusted.then(forwarded).flatten().or(peer),
            origin: Origin::of(request),
        }
    }
}
