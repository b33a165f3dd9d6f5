//! Connections on a transport with the `embedded-io` traits, blocking or asynchronous.
//!
//! One macro makes both, since they differ only in `async` and `.await`.

mod client;
mod client_wire;
mod link;
mod memory;
mod server;
mod server_wire;
mod wire;

use crate::error::{InvalidValue, ParseError, WriteError};
use ::embedded_io_07::{Error, ErrorKind};
use core::fmt;

/// Connections of servers and clients on the blocking traits of embedded-io 0.7.
///
/// [`ServerStream`](embedded_io_07::ServerStream) and
/// [`ClientStream`](embedded_io_07::ClientStream) have examples.
pub mod embedded_io_07 {
    use crate::embedded::client::client_stream;
    use crate::embedded::link::stream_link;
    use crate::embedded::server::server_stream;

    stream_link!(embedded_io_07, [], []);
    server_stream! {
        [], [],
        /// ```
        #[doc = include_str!("examples/blocking.rs")]
        /// ```
        ServerStream,
        /// ```
        #[doc = include_str!("examples/echo.rs")]
        /// ```
        Exchange
    }
    client_stream! {
        [], [],
        /// ```
        #[doc = include_str!("examples/get.rs")]
        /// ```
        ClientStream,
        /// ```
        #[doc = include_str!("examples/upload.rs")]
        /// ```
        RequestWriter,
        /// ```
        #[doc = include_str!("examples/download.rs")]
        /// ```
        Response
    }
}

/// Connections of servers and clients on the asynchronous traits of embedded-io-async 0.7.
///
/// [`ServerStream`](embedded_io_async_07::ServerStream) and
/// [`ClientStream`](embedded_io_async_07::ClientStream) have examples.
#[cfg(feature = "embedded-io-async-07")]
pub mod embedded_io_async_07 {
    use crate::embedded::client::client_stream;
    use crate::embedded::link::stream_link;
    use crate::embedded::server::server_stream;

    stream_link!(embedded_io_async_07, [async], [.await]);
    server_stream! {
        [async], [.await],
        /// ```
        #[doc = include_str!("examples/asynchronous.rs")]
        /// ```
        ServerStream,
        /// ```
        #[doc = include_str!("examples/count.rs")]
        /// ```
        Exchange
    }
    client_stream! {
        [async], [.await],
        /// ```
        #[doc = include_str!("examples/get_async.rs")]
        /// ```
        ClientStream,
        /// ```
        #[doc = include_str!("examples/upload_async.rs")]
        /// ```
        RequestWriter,
        /// ```
        #[doc = include_str!("examples/download_async.rs")]
        /// ```
        Response
    }
}

/// The reason why a connection has ended.
///
/// ```
/// use bareline_core::embedded_io_07::StreamError;
///
/// /// Returns whether the failure is worth a line in the log.
/// fn is_ours<E>(error: &StreamError<E>) -> bool {
///     matches!(error, StreamError::Usage(_))
/// }
/// assert!(!is_ours(&StreamError::<()>::WriteZero));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StreamError<E> {
    /// The transport failed.
    Transport(E),
    /// The transport accepts no more octets, and returns no error.
    WriteZero,
    /// The peer broke a rule or a limit. It got an error response, and nothing more is read.
    Peer(ParseError),
    /// An earlier call failed, or was dropped before its end: nothing more can be sent.
    Interrupted,
    /// The server has ended the connection of a client, after its last response or without one.
    Ended,
    /// The caller sends a message that is not valid now, or that does not fit.
    Usage(WriteError),
}

/// A transport after a switch to another protocol, which the stream lends.
///
/// ```
/// use bareline_core::embedded_io_07::{Exchange, StreamError, Upgraded};
/// use bareline_core::{FieldName, FieldValue};
/// use embedded_io_07::{Read, Write};
///
/// fn telnet<T: Read + Write>(exchange: Exchange<'_, '_, T>) -> Result<(), StreamError<T::Error>> {
///     let upgrade = (FieldName::CONNECTION, FieldValue::from_static("upgrade"));
///     let fields = [(FieldName::UPGRADE, FieldValue::from_static("telnet")), upgrade];
///     let Upgraded { transport, received, .. } = exchange.upgrade(&fields)?;
///     transport.write_all(received).map_err(StreamError::Transport)
/// }
/// ```
#[non_exhaustive]
pub struct Upgraded<'s, T> {
    /// The transport.
    pub transport: &'s mut T,
    /// The octets of the other protocol that have arrived behind the request.
    pub received: &'s [u8],
}

impl<T> fmt::Debug for Upgraded<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upgraded({} octets)", self.received.len())
    }
}

impl<E> From<ParseError> for StreamError<E> {
    fn from(error: ParseError) -> Self {
        Self::Peer(error)
    }
}

impl<E> From<InvalidValue> for StreamError<E> {
    fn from(error: InvalidValue) -> Self {
        Self::Usage(error.into())
    }
}

impl<E> From<WriteError> for StreamError<E> {
    fn from(error: WriteError) -> Self {
        Self::Usage(error)
    }
}

impl<E: fmt::Display> fmt::Display for StreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::WriteZero => f.write_str("the transport accepts no more octets"),
            Self::Interrupted => {
                f.write_str("connection closed: an earlier call ended before everything was sent")
            }
            Self::Ended => f.write_str(
                "the server has ended this connection (RFC 9112 section 9.6: open another one)",
            ),
            Self::Peer(error) => error.fmt(f),
            Self::Usage(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for StreamError<E> {}

impl<E: Error> Error for StreamError<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Transport(error) => error.kind(),
            Self::WriteZero => ErrorKind::WriteZero,
            Self::Interrupted => ErrorKind::BrokenPipe,
            Self::Ended => ErrorKind::NotConnected,
            Self::Peer(_) => ErrorKind::InvalidData,
            Self::Usage(_) => ErrorKind::InvalidInput,
        }
    }
}
