//! The states of a connection.

#[doc = include_str!("SERVER_STATES.md")]
///
/// The timeouts of a server:
///
/// ```
/// use bareline_core::ServerConnection;
/// use bareline_core::connection::ServerState;
/// use std::time::Duration;
///
/// /// Returns the longest wait for octets of the client.
/// fn timeout(state: ServerState) -> Duration {
///     Duration::from_secs(match state {
///         ServerState::Idle => 60,
///         ServerState::Head => 10,
///         _ => 30,
///     })
/// }
/// assert_eq!(timeout(ServerConnection::new().state()), Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum ServerState {
    /// Between requests.
    Idle,
    /// A head has begun.
    Head,
    /// The head is parsed; neither the request's body nor the response is complete.
    Body,
    /// The request is complete; no response has begun.
    SendResponse,
    /// The response has begun and is not complete.
    SendBody,
    /// The peer broke a rule; the caller has to respond.
    Reject,
    /// The octets belong to another protocol.
    Upgraded,
    /// The transport has to be closed, after a half-close and a moment of discarding what still
    /// arrives: a reset might destroy the last response (lingering close) [RFC 9112 section 9.6].
    Close,
}

#[doc = include_str!("CLIENT_STATES.md")]
///
/// The timeouts of a client:
///
/// ```
/// use bareline_core::ClientConnection;
/// use bareline_core::connection::ClientState;
/// use std::time::Duration;
///
/// /// Returns the longest wait for octets of the server, if they are due.
/// fn timeout(state: ClientState) -> Option<Duration> {
///     match state {
///         ClientState::Continue => Some(Duration::from_secs(1)),
///         ClientState::Head | ClientState::Body => Some(Duration::from_secs(30)),
///         _ => None,
///     }
/// }
/// assert_eq!(timeout(ClientConnection::new().state()), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum ClientState {
    /// Between requests.
    Idle,
    /// The head of a request is sent, whose body waits for a 100.
    #[doc(alias = "100-continue")]
    Continue,
    /// The body of the request is not complete.
    SendBody,
    /// The request is sent; no final response has begun.
    Head,
    /// The head of the final response is parsed; its body is not complete.
    Body,
    /// The octets belong to another protocol.
    Upgraded,
    /// The transport has to be closed.
    Close,
}
