//! Signing in through the browser of whoever sits at this machine.

mod loopback;
mod open;
mod page;

pub(crate) use loopback::Loopback;
pub(crate) use open::open;
pub(crate) use page::Page;
