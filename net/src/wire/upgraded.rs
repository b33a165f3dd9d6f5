//! A connection after a protocol switch.

/// A connection that speaks another protocol now, after a 101 or a 2xx to CONNECT [RFC 9110
/// sections 7.8 and 9.3.6].
///
/// The octets in `received` come first: read them before the transport.
///
/// ```
/// use bareline_net::{ServerStream, Status, Untimed, Upgraded};
/// use std::io::Cursor;
///
/// let octets = b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nearly".to_vec();
/// let mut peer = ServerStream::new(Untimed(Cursor::new(octets)));
/// if let Some(exchange) = peer.next_request()? {
///     exchange.responder.begin(Status::OK, |head| head.without_body())?.finish()?;
/// }
/// let Upgraded { received, .. } = peer.into_upgraded()?;
/// assert_eq!(received, b"early");
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[doc(alias = "WebSocket")]
pub struct Upgraded<S> {
    /// The transport. It blocks without a timeout.
    pub transport: S,
    /// The octets of the other protocol that were received with the messages of HTTP.
    pub received: Vec<u8>,
}
