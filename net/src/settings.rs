//! Timeouts and size limits of a connection.

use bareline_core::head::Limits;
use std::time::Duration;

/// Timeouts and size limits of a connection.
///
/// Every wait for the peer has a timeout. A timeout counts only the time spent waiting for the
/// peer, not the caller's own work between two reads. A slow trickle of octets does not extend the
/// timeout of a head. A body, and everything that is sent, gains time at
/// [`minimum_rate`](Self::minimum_rate): a long transfer may take long, a trickle times out.
///
/// A timeout that expires is [`PeerError::TooSlow`](crate::PeerError::TooSlow), unless its field
/// says otherwise. A [`Server`](crate::Server) then logs it and closes the connection.
///
/// ```
/// use bareline_net::Settings;
/// use std::time::Duration;
///
/// let patient = Settings { body_timeout: Duration::from_secs(600), ..Settings::default() };
/// assert_eq!(patient.body_limit, 1_048_576);
/// ```
#[doc(alias = "deadline")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Time limit for connecting to one address: 10 s by default. After that the next address of
    /// the name is tried; after the last one, connecting fails with
    /// [`Error::Connect`](crate::Error::Connect). Client only.
    pub connect_timeout: Duration,
    /// Time that a server keeps a connection alive without a request: 60 s by default. After that
    /// the server closes the connection without a response. Server only; for a client see
    /// [`ClientSettings::idle_timeout`](crate::ClientSettings::idle_timeout).
    #[doc(alias = "keep-alive")]
    pub idle_timeout: Duration,
    /// Time limit for a complete head: 10 s by default. A server counts from the first octet of a
    /// request, and responds 408 after that. A client counts from the end of its request, and
    /// fails after that. Server and client.
    #[doc(alias = "header")]
    pub head_timeout: Duration,
    /// Time that a client waits for a 100 (Continue) before it sends the body: 1 s by default.
    /// After that the client sends the body anyway, since old servers send no 100 [RFC 9110
    /// section 10.1.1]. It applies to requests with `Expect: 100-continue`. Client only.
    #[doc(alias = "100-continue")]
    pub continue_timeout: Duration,
    /// Time limit for waiting for a body, in all: 60 s by default. Each
    /// [`minimum_rate`](Self::minimum_rate) octets that arrive add one second, up to this limit.
    /// After that a server responds 408, and a client fails. Server and client.
    pub body_timeout: Duration,
    /// Minimum transfer rate in octets per second: 512 by default; 0 counts as 1. Each
    /// `minimum_rate` octets of a body that arrives extend [`body_timeout`](Self::body_timeout) by
    /// one second. Each `minimum_rate` octets that are sent extend
    /// [`write_timeout`](Self::write_timeout) likewise. The time left never exceeds the timeout
    /// itself. Server and client.
    #[doc(alias = "slowloris")]
    pub minimum_rate: u32,
    /// Time limit for the peer to accept what is sent: 30 s by default. Each
    /// [`minimum_rate`](Self::minimum_rate) octets that are sent add one second, up to this limit.
    /// After that nothing more is sent on the connection. Server and client.
    #[doc(alias = "send")]
    pub write_timeout: Duration,
    /// Time limit for one exchange, up to the end of the response's body: `Duration::MAX` by
    /// default, which means no limit. After that every wait fails. Client only.
    ///
    /// Unlike the other timeouts it counts the caller's own work too. With a
    /// [`Client`](crate::Client) it includes connecting, with a
    /// [`ClientStream`](crate::ClientStream) it begins with the request. Resolving a host name
    /// counts too, but cannot be interrupted.
    #[doc(alias = "deadline")]
    #[doc(alias = "total timeout")]
    pub exchange_timeout: Duration,
    /// Total time of a server's lingering close: 30 s by default. After that the connection is
    /// closed. Server only.
    ///
    /// When a connection ends, the server reads and discards what the client still sends.
    /// Otherwise a client that sends its complete body before it reads would lose the response
    /// to a reset [RFC 9112 section 9.6].
    pub linger_timeout: Duration,
    /// Time without octets after which the lingering close ends: 5 s by default. Server only.
    pub linger_silence_timeout: Duration,
    /// Limit in octets of what the lingering close reads: 67,108,864 by default. Beyond it the
    /// connection is closed. Server only.
    pub linger_limit: u64,
    /// Limit in octets of a received body: 1,048,576 by default. Set `u64::MAX` to stream bodies of
    /// any length. Server and client.
    ///
    /// It applies to all requests of a server, and to all responses of a client. A request whose
    /// `Content-Length` exceeds it gets a 413 before the handler runs. A chunked body beyond it is
    /// an error of the read; if the handler returns that error, the client gets a 413. A client
    /// fails with [`Error::Limit`](crate::Error::Limit) at a longer response.
    ///
    /// For a smaller limit of `n` on one path, set this field to the largest limit. In the handler
    /// read the body with `take(n + 1)`, and respond 413 if more than `n` octets arrive.
    ///
    /// The smaller of this limit and [`Limits::body`] counts: set this one, and leave the other.
    #[doc(alias = "max_body_size")]
    pub body_limit: u64,
    /// Limits of the elements of a message, each in its own unit: [`Limits::DEFAULT`] by default.
    /// Each field of [`Limits`] says the status of a request beyond it. A client fails with
    /// [`Error::Limit`](crate::Error::Limit) where a response is too large. Server and client.
    pub limits: Limits,
}

impl Settings {
    /// Returns the limits, with the smaller of the two body limits.
    pub(crate) fn limits_of_a_message(&self) -> Limits {
        Limits { body: self.limits.body.min(self.body_limit), ..self.limits }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            head_timeout: Duration::from_secs(10),
            continue_timeout: Duration::from_secs(1),
            body_timeout: Duration::from_secs(60),
            minimum_rate: 512,
            write_timeout: Duration::from_secs(30),
            exchange_timeout: Duration::MAX,
            linger_timeout: Duration::from_secs(30),
            linger_silence_timeout: Duration::from_secs(5),
            linger_limit: 64 << 20,
            body_limit: 1 << 20,
            limits: Limits::DEFAULT,
        }
    }
}
