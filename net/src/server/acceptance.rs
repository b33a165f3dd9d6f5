//! The result of an `accept`.

#[cfg(unix)]
use crate::server::connection::Connection;
use crate::wire::transport::Transport;
use std::time::Duration;
#[cfg(not(unix))]
use std::{convert::Infallible, marker::PhantomData};

/// The back-off after the first failure to accept.
pub(crate) const SOON: Duration = Duration::from_millis(10);
/// The longest back-off.
pub(crate) const LATE: Duration = Duration::from_secs(1);

/// The result of an `accept`.
pub(crate) enum Acceptance<S: Transport> {
    #[cfg(unix)]
    Connection(Box<Connection<S>>),
    #[cfg(not(unix))]
    Connection(Infallible, PhantomData<S>),
    /// A connection that is gone, or that another thread serves.
    Elsewhere,
    Nobody,
    Failed,
    /// The listener accepts no more.
    Ended,
}
