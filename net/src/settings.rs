//! Timeouts and size limits of a connection.

use bareline_core::head::Limits;
use std::time::Duration;

/// Timeouts and size limits of a connection.
///
/// [`new`](Self::new) returns the defaults, and each setter changes one of them. The setters that
/// say "server only" or "client only" have no effect on the other side.
///
/// Every wait for the peer has a timeout. `Duration::MAX` means no limit, and a timeout of zero
/// expires at the first wait. A timeout counts only the time spent waiting for the peer, not the
/// caller's own work between two reads. Octets that came while the process was stopped are read
/// before a timeout is judged, for 100 ms at most.
///
/// A slow trickle of octets does not extend the timeout of a head. A request's body, and everything
/// that is sent, gains time at [`minimum_rate`](Self::minimum_rate): a long transfer may take long,
/// a trickle times out. A response's body may trickle: see [`body_timeout`](Self::body_timeout).
///
/// A timeout that expires is [`PeerError::TimedOut`](crate::PeerError::TimedOut), unless its setter
/// says otherwise. A [`Server`](crate::Server) then logs it and closes the connection.
///
/// ```
/// use bareline_net::Settings;
/// use std::time::Duration;
///
/// const PATIENT: Settings =
///     Settings::new().body_timeout(Duration::from_secs(600)).body_limit(64 << 20);
/// let strict = PATIENT.limits(|limits| limits.head(8_192).target(2_048));
/// assert_ne!(strict, PATIENT);
/// ```
#[doc(alias = "deadline")]
#[must_use = "a setter returns the changed settings"]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) head_timeout: Duration,
    pub(crate) continue_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) minimum_rate: u32,
    pub(crate) write_timeout: Duration,
    pub(crate) exchange_timeout: Duration,
    pub(crate) linger_timeout: Duration,
    pub(crate) linger_silence_timeout: Duration,
    pub(crate) linger_limit: u64,
    pub(crate) limits: Limits,
}

impl Settings {
    /// Returns the defaults.
    pub const fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            response_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(10),
            continue_timeout: Duration::from_secs(1),
            body_timeout: Duration::from_secs(60),
            minimum_rate: 512,
            write_timeout: Duration::from_secs(30),
            exchange_timeout: Duration::MAX,
            linger_timeout: Duration::from_secs(30),
            linger_silence_timeout: Duration::from_secs(5),
            linger_limit: 64 << 20,
            limits: Limits::new().body(1 << 20),
        }
    }

    /// Sets the time limit for connecting to one address, with the TLS handshake of `https`: 10 s
    /// by default. After that the next address of the name is tried; after the last one, connecting
    /// fails with [`Error::Connect`](crate::Error::Connect). A handshake that takes too long fails
    /// with [`Wait::Handshake`](crate::Wait::Handshake). Client only.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time that a server keeps a connection alive without a request: 75 s by default.
    /// After that the server closes the connection without a response [RFC 9112 section 9.3].
    ///
    /// Behind a load balancer, keep it longer than the idle timeout of the balancer, which is often
    /// 60 s. A server that closes first may close while a request is on its way, and the balancer
    /// responds 502.
    ///
    /// Server only; for a client's pool see [`Client::idle_timeout`](crate::Client::idle_timeout).
    #[doc(alias = "keep-alive")]
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the time that a client waits for the first octet of a response: 30 s by default. It
    /// counts from the end of the request, and interim responses do not extend it. After that the
    /// request fails. Client only.
    #[doc(alias = "read timeout")]
    #[doc(alias = "time to first byte")]
    pub const fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Sets the time limit for a complete head, from its first octet: 10 s by default. After that a
    /// server responds 408 [RFC 9110 section 15.5.9], and a client fails. Server and client.
    #[doc(alias = "header")]
    #[doc(alias = "read timeout")]
    pub const fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// Sets the time that a client waits for a 100 (Continue) before it sends the body: 1 s by
    /// default. After that the client sends the body anyway, since old servers send no 100 [RFC
    /// 9110 section 10.1.1]. It applies to requests with `Expect: 100-continue`. Client only.
    #[doc(alias = "100-continue")]
    pub const fn continue_timeout(mut self, timeout: Duration) -> Self {
        self.continue_timeout = timeout;
        self
    }

    /// Sets the time limit for waiting for a body: 60 s by default. Server and client.
    ///
    /// On a server it is the sum of all waits for a body. Each [`minimum_rate`](Self::minimum_rate)
    /// octets that arrive add one second, up to this limit. After that the server responds 408 [RFC
    /// 9110 section 15.5.9].
    ///
    /// On a client it is the longest pause: each octet that arrives begins it anew. So a stream of
    /// events lasts as long as it has an event a minute. For a limit of the whole set
    /// [`exchange_timeout`](Self::exchange_timeout).
    #[doc(alias = "read timeout")]
    pub const fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Sets the minimum transfer rate in octets per second: 512 by default; 0 counts as 1. Each
    /// `minimum_rate` octets of a body that arrives extend [`body_timeout`](Self::body_timeout) by
    /// one second. Each `minimum_rate` octets that are sent extend
    /// [`write_timeout`](Self::write_timeout) likewise. The time left never exceeds the timeout
    /// itself. Server and client.
    #[doc(alias = "slowloris")]
    pub const fn minimum_rate(mut self, octets_per_second: u32) -> Self {
        self.minimum_rate = octets_per_second;
        self
    }

    /// Sets the time limit for the peer to accept what is sent: 30 s by default. Server and client.
    ///
    /// It is the sum of all waits in a message. Each [`minimum_rate`](Self::minimum_rate) octets
    /// that are sent add one second, up to this limit. After that nothing more is sent on the
    /// connection. The body of a client's request has longer while the response's body arrives:
    /// octets of that begin the present wait anew.
    #[doc(alias = "send")]
    pub const fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Sets the time limit for one exchange, up to the end of the response's body: no limit by
    /// default. After that every wait fails. Client only.
    ///
    /// Unlike the other timeouts it counts the caller's own work too. With a
    /// [`Client`](crate::Client) it includes connecting, with a
    /// [`ClientStream`](crate::ClientStream) it begins with the request. Resolving a host name
    /// counts too, but cannot be interrupted.
    #[doc(alias = "deadline")]
    #[doc(alias = "total timeout")]
    pub const fn exchange_timeout(mut self, timeout: Duration) -> Self {
        self.exchange_timeout = timeout;
        self
    }

    /// Sets the total time of a server's lingering close: 30 s by default. After that the
    /// connection is closed. Server only.
    ///
    /// When a connection ends, the server reads and discards what the client still sends.
    /// Otherwise a client that sends its complete body before it reads would lose the response
    /// to a reset [RFC 9112 section 9.6].
    pub const fn linger_timeout(mut self, timeout: Duration) -> Self {
        self.linger_timeout = timeout;
        self
    }

    /// Sets the time without octets after which the lingering close ends: 5 s by default. Server
    /// only.
    pub const fn linger_silence_timeout(mut self, timeout: Duration) -> Self {
        self.linger_silence_timeout = timeout;
        self
    }

    /// Sets the limit in octets of what the lingering close reads: 67,108,864 by default. Beyond
    /// the limit the connection is closed. `u64::MAX` means no limit, and 0 reads nothing. Server
    /// only.
    pub const fn linger_limit(mut self, octets: u64) -> Self {
        self.linger_limit = octets;
        self
    }

    /// Sets the limit in octets of a received body: 1,048,576 by default. `u64::MAX` means no
    /// limit, and 0 accepts no content. Server and client.
    ///
    /// The limit applies to all requests of a server, and to all responses of a client. A request
    /// whose `Content-Length` exceeds it gets a 413 before the handler runs [RFC 9110 section
    /// 15.5.14]. A chunked body beyond the limit is an error of the read; if the handler returns
    /// that error, the client gets a 413. A client fails with
    /// [`Error::Limit`](crate::Error::Limit) at a longer response.
    ///
    /// For a smaller limit of `n` on one path, set this one to the largest limit. In the handler
    /// read the body with `take(n + 1)`, and respond 413 if more than `n` octets arrive.
    ///
    /// The limit is [`Limits::body`] of [`limits`](Self::limits); only its default is another.
    #[doc(alias = "max_body_size")]
    pub const fn body_limit(mut self, octets: u64) -> Self {
        self.limits = self.limits.body(octets);
        self
    }

    /// Changes the limits of the elements of a message, each in its own unit, by this closure.
    /// Limits that the closure leaves keep their values. Server and client.
    ///
    /// The closure has to change the limits that it gets. Others replace all of them, the
    /// [`body_limit`](Self::body_limit) too: with `|_| Limits::new().head(8_192)` bodies have no
    /// limit.
    ///
    /// By default they are those of [`Limits::new`], with a [`body_limit`](Self::body_limit). Each
    /// setter of [`Limits`] says the status of a request beyond it. A client fails with
    /// [`Error::Limit`](crate::Error::Limit) where a response is too large.
    ///
    /// ```
    /// use bareline_net::Settings;
    ///
    /// let settings = Settings::new().limits(|limits| limits.head(8_192).target(2_048));
    /// ```
    pub fn limits(mut self, change: impl FnOnce(Limits) -> Limits) -> Self {
        self.limits = change(self.limits);
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setter_sets_its_own_field_and_no_other() {
        let seconds = Duration::from_secs;
        let settings = Settings::new()
            .connect_timeout(seconds(1))
            .idle_timeout(seconds(2))
            .head_timeout(seconds(3))
            .response_timeout(seconds(14))
            .continue_timeout(seconds(4))
            .body_timeout(seconds(5))
            .minimum_rate(6)
            .write_timeout(seconds(7))
            .exchange_timeout(seconds(8))
            .linger_timeout(seconds(9))
            .linger_silence_timeout(seconds(10))
            .linger_limit(11)
            .body_limit(12)
            .limits(|limits| limits.head(13));
        let shown = "Settings { connect_timeout: 1s, idle_timeout: 2s, response_timeout: 14s, \
                     head_timeout: 3s, continue_timeout: 4s, body_timeout: 5s, minimum_rate: 6, \
                     write_timeout: 7s, exchange_timeout: 8s, linger_timeout: 9s, \
                     linger_silence_timeout: 10s, linger_limit: 11, limits: ";
        let limits = format!("{:?} }}", Limits::new().body(12).head(13));
        assert_eq!(format!("{settings:?}"), shown.to_owned() + &limits);
    }
}
